import { strict as assert } from 'node:assert'
import { openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'

const PASSPHRASE = 'seven herrings in a barrel'

describe('the first run of a node in the console', function () {
  const { city } = withCities(['Renton'])

  it('has a menu with all places that one row has no room for, which Escape closes', async () => {
    for (const [width, inRow] of [[1280, true], [400, false]] as const) {
      const opened = await openConsole(city(), { width })
      const { page } = opened
      const menu = page.getByRole('button', { name: 'Menu' })
      await menu.waitFor()
      assert.equal(await page.locator('header').evaluate(element => element.getBoundingClientRect().height < 52), true, 'the bar is one row')
      assert.equal(await page.getByRole('link', { name: 'Catalogue' }).isVisible(), inRow)
      await menu.focus()
      await page.keyboard.press('Enter')
      for (const name of ['Connectors', 'Ledger', 'Verify', 'Settings', 'Catalogue']) await page.getByRole('link', { name, exact: true }).waitFor()
      assert.equal(await menu.getAttribute('aria-expanded'), 'true')
      assert.deepEqual(await opened.violations(), [])
      await page.keyboard.press('Tab')
      await page.keyboard.press('Escape')
      assert.equal(await page.getByRole('link', { name: 'Ledger' }).isVisible(), false)
      assert.equal(await menu.evaluate(element => element === document.activeElement), true)
      await page.keyboard.press('Enter')
      await page.getByRole('link', { name: 'Verify' }).click()
      await page.getByRole('heading', { name: 'Verify', level: 1 }).waitFor()
      assert.equal(await page.getByRole('link', { name: 'Ledger' }).isVisible(), false)
      await opened.close()
    }
  })

  it('asks where it is by numbers alone, and says why, where the browser draws no map', async () => {
    const opened = await openConsole(city(), {}, () => { HTMLCanvasElement.prototype.getContext = () => null })
    const { page } = opened
    await opened.go('#/welcome/place')
    await page.getByText('This browser cannot draw a map (it has no WebGL). The page works without it.').waitFor()
    await page.getByLabel('Latitude').fill('47.48')
    await page.getByLabel('Longitude').fill('-122.2')
    await page.getByRole('button', { name: 'Continue' }).and(page.locator(':enabled')).waitFor()
    assert.deepEqual(await opened.violations(), [])
    await opened.close()
  })

  it('leads through four steps, each with one main action: where it is, an account, a federation, an example city', async () => {
    const opened = await openConsole(city())
    const { page } = opened
    await page.getByRole('link', { name: 'Set up this node' }).click()
    await page.getByRole('heading', { name: 'Where is Renton?' }).waitFor()
    await page.locator('[data-idle=true]').waitFor({ timeout: 60_000 })
    await page.getByRole('region', { name: /^Map/ }).click({ position: { x: 300, y: 160 } })
    await until(async () => {
      const clicked = Number(await page.getByLabel('Latitude').inputValue())
      return clicked > -90 && clicked < 90 && clicked !== 0
    }, 'it is where the map was clicked')
    assert.deepEqual(await opened.violations(), [])
    await page.getByLabel('Latitude').fill('47.48')
    await page.getByLabel('Longitude').fill('-122.2')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Rita')
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Make the account' }).click()
    await page.getByRole('button', { name: 'Found a federation' }).click()
    await page.getByLabel('Name of the federation').fill('Lake Cities')
    await page.getByLabel('Founders, you among them').fill('1')
    await page.getByRole('button', { name: 'Found it' }).click()
    await page.getByText('You are a member of Lake Cities').waitFor()
    await page.getByRole('link', { name: 'Continue' }).click()
    await page.getByText('shown to nobody else').waitFor()
    await page.getByRole('button', { name: 'Load the demo city' }).click()
    await page.getByText('Takes these 3 examples out').waitFor()
    const { clicks, fields } = await opened.effort()
    assert.ok(clicks <= 9 && fields <= 6, JSON.stringify({ clicks, fields }))
    assert.deepEqual(await opened.violations(), [])
    await until(async () => {
      const members = await city().client.members()
      return members.ok && members.value[0]?.place?.latitude === 47.48
    }, 'the members are told where it is')
    const listed = await city().client.datasets({})
    assert.ok(listed.ok)
    assert.deepEqual(listed.value.datasets.map(({ simulated, access, title }) => [simulated, access, title.includes('(simulated)')]), Array.from({ length: 3 }, () => [true, 'restricted', true]))
    await page.getByRole('button', { name: 'Take the examples away' }).click()
    await page.getByRole('button', { name: 'Load the demo city' }).waitFor()
    const left = await city().client.datasets({})
    assert.ok(left.ok)
    assert.deepEqual(left.value.datasets, [])
    await page.getByRole('button', { name: 'Load the demo city' }).click()
    await page.getByRole('link', { name: 'Example: bicycles counted by the hour (simulated)' }).click()
    await page.getByRole('heading', { name: 'Example: bicycles' }).waitFor()
    await page.locator('table td').first().waitFor()
  })
})
