import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import type { City } from '../../scripts/demo/city.ts'
import { startBuses } from '../../scripts/demo/stream.ts'
import { closeBrowser, openConsole, startCities, withoutBrowser, type Console, type Look } from '../support/browser.ts'
import { publish } from './cities.fixture.ts'

/** Themes and languages crossed: what is wrong in one of both is seen, and not twice. */
const LOOKS: readonly Look[] = [{ theme: 'light', language: 'en' }, { theme: 'dark', language: 'de' }, { theme: 'dark', language: 'en', width: 400 }, { theme: 'light', language: 'de', width: 400 }]
const STOPS_MAX = 60

/** Each page, what is there once it has its content, and where its main action is. `about`: its argument on a node that has something. */
const PAGES: readonly { readonly name: string, readonly about?: boolean, readonly shown: string, readonly action: string }[] = [
  { name: 'overview', shown: '.tiles', action: 'a' },
  { name: 'catalogue', shown: 'h1', action: 'a, button' },
  { name: 'dataset', about: true, shown: 'h1', action: 'a, button' },
  { name: 'requests', shown: 'h1', action: 'a, button' },
  { name: 'request', about: true, shown: 'h1', action: 'a, button' },
  { name: 'federation', shown: 'h1', action: 'a, button' },
  { name: 'welcome', shown: 'h2', action: 'textarea, a.button' },
  { name: 'audit', about: true, shown: 'h1', action: 'a, button' },
  { name: 'publish', shown: 'h1', action: 'a, button, input' },
  { name: 'live', shown: 'h1', action: 'a, button' },
  { name: 'connectors', shown: 'h1', action: 'a, button' },
  { name: 'ledger', shown: 'h1', action: 'a, button' },
  { name: 'verify', shown: 'h1', action: 'input, button' },
  { name: 'settings', shown: 'table', action: 'button' },
  { name: 'account', shown: 'form', action: 'input' }
]

describe('every page of the console', function () {
  const nodes: { alone?: City, full?: City } = {}
  const stops: (() => Promise<void>)[] = []
  let dataset = ''
  let opened: Console

  before(async function () {
    const reason = withoutBrowser()
    if (reason !== undefined) {
      console.log(reason)
      this.skip()
    }
    const [alone, full] = await Promise.all([startCities(['Tacoma']), startCities(['Bellevue'], 'Lake Cities')])
    stops.push(alone.stop, full.stop)
    Object.assign(nodes, { alone: alone.cities[0], full: full.cities[0] })
    assert.ok(nodes.full !== undefined)
    dataset = await publish(nodes.full, { datasetId: 'bins', title: 'Bins' })
    const stopBuses = await startBuses(nodes.full.client)
    stops.unshift(async () => { stopBuses() })
  })
  afterEach(async () => { await opened?.close() })
  after(async () => {
    await closeBrowser()
    await Promise.all(stops.map(stop => stop()))
  })

  for (const kind of ['alone', 'full'] as const) {
    for (const look of LOOKS) {
      it(`has nothing that axe finds and nothing that a keyboard does not reach: ${kind === 'alone' ? 'a node without a federation' : 'a member'}, ${look.theme}, in ${look.language}, ${look.width ?? 1280} px`, async () => {
        const city = nodes[kind]
        assert.ok(city !== undefined)
        opened = await openConsole(city, look)
        const { page } = opened
        await page.locator('header nav').waitFor()
        const names = new Set(await page.locator('header nav a').evaluateAll(links => links.map(link => link.getAttribute('href')?.slice(2) ?? '')))
        for (const { name } of PAGES) names.delete(name)
        assert.deepEqual([...names], [], 'a page of the menu is not looked at')
        for (const { name, about = false, shown, action } of PAGES) {
          // What a page is about does not exist on an empty node: the node's refusal would be an error of the browser's.
          if (about && kind === 'alone') continue
          await page.evaluate(to => { location.hash = to }, `#/${name}${about ? `/${encodeURIComponent(dataset)}` : ''}`)
          await page.locator(`main ${shown}`).first().waitFor()
          await page.locator('main p[role=status]').filter({ hasText: '…' }).waitFor({ state: 'detached' })
          assert.equal(await page.locator('h1').count(), 1, `${name} has one heading of the first rank`)
          assert.deepEqual(await opened.violations(), [], name)
          assert.equal(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)), 0, `${name} is too wide`)
          if (look === LOOKS[0]) await reach(page, action, name)
        }
      })
    }
  }
})

/** Tab, from the beginning of the content, comes to the action, and it shows that it has the focus. */
async function reach (page: Page, action: string, name: string): Promise<void> {
  await page.locator('#content').focus()
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    await page.keyboard.press('Tab')
    const is = await page.evaluate(wanted => {
      const { activeElement: focused } = document
      const isIt = focused !== null && focused.closest('main') !== null && focused.matches(wanted)
      return { isIt, isSeen: focused !== null && getComputedStyle(focused).outlineStyle !== 'none' }
    }, action)
    if (!is.isIt) continue
    assert.ok(is.isSeen, `the focus is not seen on ${name}`)
    return
  }
  assert.fail(`Tab does not come to the action of ${name}`)
}
