import { strict as assert } from 'node:assert'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { publish } from './cities.fixture.ts'

/** What its pages show once they have their content. */
const PAGES = {
  overview: '.tiles', catalogue: 'table', publish: 'fieldset', live: 'h1', requests: 'section', federation: 'table', connectors: 'p.panel', ledger: 'table', verify: 'form', settings: 'table', welcome: 'h2',
  dataset: 'table', audit: 'h2'
}

describe('a console that is cut off', function () {
  let dataset = ''
  let opened: Console
  const { city, again } = withCities(['Bellevue', 'Renton', 'Kirkland'], 'Lake Cities')

  before(async () => {
    dataset = await publish(city('Bellevue'), { datasetId: 'bins', title: 'Bins' })
  })

  it('from all neighbours says so on every page with what waits, and every page works', async () => {
    opened = await openConsole(city('Bellevue'))
    const { page } = opened
    await page.locator('.tiles').waitFor()
    for (const { process } of [city('Renton'), city('Kirkland')]) process.kill('SIGKILL')
    const killedMs = Date.now()
    const banner = page.locator('.banner.wait')
    await banner.getByText(/Cut off from 2 of 2 neighbours since \d/).waitFor()
    console.log(`      cut off: said after ${Date.now() - killedMs} ms`)
    await publish(city('Bellevue'), { datasetId: 'later', title: 'Later' })
    await banner.getByText('One dataset that was published since waits to travel.').waitFor()
    // Waits for the others: nothing is decided without them.
    void city('Bellevue').client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, 0)
    await banner.getByText(/\d+ entries wait for the ledger|One entry waits for the ledger/).waitFor()
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('x-cut-off')
    for (const [name, shown] of Object.entries(PAGES)) {
      await go(name)
      await page.locator(`main ${shown}`).first().waitFor()
      await page.locator('main p[role=status]').filter({ hasText: 'Asking the node' }).first().waitFor({ state: 'detached' })
      assert.ok(await banner.isVisible(), name)
      assert.equal(await page.locator('main [role=alert]').count(), 0, `${name} has a problem: ${(await page.locator('main [role=alert]').allInnerTexts()).join()}`)
    }
    await banner.getByRole('link', { name: 'Carry data by hand' }).click()
    await page.getByRole('heading', { name: 'Make a bundle to carry by hand' }).waitFor()
  })

  it('says nothing of it any more when they are back', async () => {
    opened = await openConsole(city('Bellevue'))
    const { page } = opened
    await page.locator('.banner.wait').waitFor()
    await Promise.all([again('Renton'), again('Kirkland')])
    await page.locator('.banner.wait').waitFor({ state: 'detached', timeout: 60_000 })
  })

  it('from its own node says so, does not lose what it shows, and goes on by itself; who was signed out is told why, and comes back to the page', async () => {
    opened = await openConsole(city('Bellevue'))
    const { page } = opened
    await page.locator('.tiles').waitFor()
    await go('ledger')
    await page.locator('main table').first().waitFor()
    city('Bellevue').process.kill('SIGKILL')
    await page.locator('.banner.stop').getByText('The node does not answer since').waitFor()
    assert.ok(await page.locator('main table').first().isVisible(), 'what it showed is there')
    await opened.picture('x-node-gone')
    await go('settings')
    await page.getByText('This page could not be loaded from the node.').waitFor()
    // The page that could not be loaded is loaded anew, whole: what is said before that goes with it.
    await page.evaluate(() => { Object.assign(globalThis, { isOld: true }) })
    await again('Bellevue')
    await page.waitForFunction(() => !('isOld' in globalThis))
    await page.getByText('You are signed out').waitFor()
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('x-signed-out')
    assert.match(page.url(), /#\/settings$/)
    // That nobody answers, and then that nobody is signed in, is what the browser calls errors.
    await assert.rejects(opened.close(), ({ actual }: { readonly actual: readonly string[] }) => actual.every(fault => /ERR_|status of 401|dynamically imported/.test(fault)))
  })

  async function go (name: string): Promise<void> {
    const about = name === 'dataset' || name === 'audit' ? `/${encodeURIComponent(dataset)}` : ''
    await opened.go(`#/${name}${about}`)
  }
})
