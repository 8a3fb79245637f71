import { strict as assert } from 'node:assert'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startCity, stopCity, type City } from '../../scripts/demo/city.ts'
import { closeBrowser, openConsole, startCities, withoutBrowser, type Console } from '../support/browser.ts'
import { publish } from './cities.fixture.ts'

const BANNER_WITHIN_MS = 10_000
const SPIN_MS_MAX = 5_000
/** The process that a node is, and what its pages show once they have their content. */
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const PAGES = {
  overview: '.tiles', catalogue: 'table', publish: 'fieldset', live: 'h1', requests: 'section', federation: 'table', connectors: 'p.panel', ledger: 'table', verify: 'form', settings: 'table', welcome: 'h2',
  dataset: 'table', audit: 'h2'
}

describe('a console that is cut off', function () {
  let cities: readonly City[] = []
  const again: City[] = []
  let stop = async (): Promise<void> => {}
  let dataset = ''
  let opened: Console
  let revived: ChildProcess | undefined
  const at = (index: number): City => cities[index] ?? assert.fail('no such city')

  before(async function () {
    const reason = withoutBrowser()
    if (reason !== undefined) {
      console.log(reason)
      this.skip()
    }
    const started = await startCities(['Bellevue', 'Renton', 'Kirkland'], 'Lake Cities')
    cities = started.cities
    stop = started.stop
    dataset = await publish(at(0), { datasetId: 'bins', title: 'Bins' })
  })
  after(async () => {
    await closeBrowser()
    revived?.kill('SIGKILL')
    await Promise.all(again.map(stopCity))
    await stop()
  })

  it('from all neighbours says so on every page within ten seconds, with what waits, and every page works', async () => {
    opened = await openConsole(at(0))
    const { page } = opened
    await page.locator('.tiles').waitFor()
    for (const { process } of [at(1), at(2)]) process.kill('SIGKILL')
    const banner = page.locator('.banner.wait')
    await banner.getByText(/Cut off from 2 of 2 neighbours since \d/).waitFor({ timeout: BANNER_WITHIN_MS })
    await publish(at(0), { datasetId: 'later', title: 'Later' })
    await banner.getByText('One dataset that was published since waits to travel.').waitFor({ timeout: BANNER_WITHIN_MS })
    // Waits for the others: nothing is decided without them.
    void at(0).client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, 0)
    await banner.getByText(/\d+ entries wait for the ledger|One entry waits for the ledger/).waitFor({ timeout: BANNER_WITHIN_MS })
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('x-cut-off')
    for (const [name, shown] of Object.entries(PAGES)) {
      await go(name)
      await page.locator(`main ${shown}`).first().waitFor({ timeout: SPIN_MS_MAX })
      await page.locator('main p[role=status]').filter({ hasText: 'Asking the node' }).first().waitFor({ state: 'detached', timeout: SPIN_MS_MAX })
      assert.ok(await banner.isVisible(), name)
      assert.equal(await page.locator('main [role=alert]').count(), 0, `${name} has a problem: ${(await page.locator('main [role=alert]').allInnerTexts()).join()}`)
    }
    await banner.getByRole('link', { name: 'Carry data by hand' }).click()
    await page.getByRole('heading', { name: 'Make a bundle to carry by hand' }).waitFor()
  })

  it('says nothing of it any more when they are back', async () => {
    const { page } = opened
    again.push(...await Promise.all([at(1), at(2)].map(({ name, folder }) => startCity(name, folder))))
    await page.locator('.banner.wait').waitFor({ state: 'detached', timeout: 60_000 })
    await opened.close()
  })

  it('from its own node says so, does not lose what it shows, and goes on by itself; who was signed out is told why, and comes back to the page', async () => {
    opened = await openConsole(at(0))
    const { page } = opened
    await page.locator('.tiles').waitFor()
    await go('ledger')
    await page.locator('main table').first().waitFor()
    at(0).process.kill('SIGKILL')
    await page.locator('.banner.stop').getByText('The node does not answer since').waitFor({ timeout: BANNER_WITHIN_MS })
    assert.ok(await page.locator('main table').first().isVisible(), 'what it showed is there')
    await opened.picture('x-node-gone')
    await go('settings')
    await page.getByText('This page could not be loaded from the node.').waitFor({ timeout: SPIN_MS_MAX })
    // At the same address, as a node is that somebody starts again.
    revived = spawn(process.execPath, [MAIN, 'start', '--data', at(0).folder], {
      stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, HANSE_API__LISTEN: new URL(opened.url).host, HANSE_API__METRICS_LISTEN: '127.0.0.1:0', HANSE_LEDGER__PROFILE: 'lan', HANSE_LOG__LEVEL: 'error' }
    })
    assert.ok(revived.stdout !== null)
    await once(revived.stdout, 'data')
    await page.getByText('You are signed out').waitFor({ timeout: 30_000 })
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('x-signed-out')
    assert.match(page.url(), /#\/settings$/)
    // That nobody answers, and then that nobody is signed in, is what the browser calls errors.
    await assert.rejects(opened.close(), ({ actual }: { readonly actual: readonly string[] }) => actual.every(fault => /ERR_|status of 401|dynamically imported/.test(fault)))
  })

  async function go (name: string): Promise<void> {
    const about = name === 'dataset' || name === 'audit' ? `/${encodeURIComponent(dataset)}` : ''
    await opened.page.evaluate(hash => { location.hash = hash }, `#/${name}${about}`)
  }
})
