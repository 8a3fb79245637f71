import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import type { City } from '../../scripts/demo/city.ts'
import { startBuses } from '../../scripts/demo/stream.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { isListed, publish } from './cities.fixture.ts'

const THEMES = ['light', 'dark'] as const
const LANGUAGES = ['en', 'de'] as const
const STOPS_MAX = 60
const WIDE = { width: 1_280, height: 900 }
const NARROW = { width: 400, height: 900 }
const PURPOSE = 'urn:hanse:purpose:1:waste.collection'

/** Each page, what is there once it has its content, and where its main action is. `about`: which of the datasets it is about. */
const PAGES: readonly { readonly name: string, readonly about?: 'own' | 'other', readonly shown: string, readonly action: string }[] = [
  { name: 'overview', shown: '.tiles', action: 'a' },
  { name: 'catalogue', shown: 'h1', action: 'a, button' },
  { name: 'dataset', about: 'own', shown: 'h2', action: 'a, button' },
  { name: 'requests', shown: 'section', action: 'a, button' },
  { name: 'request', about: 'other', shown: 'form', action: 'a, button, select' },
  { name: 'federation', shown: 'section', action: 'a, button' },
  { name: 'welcome', shown: 'nav', action: 'a, button, input' },
  { name: 'welcome/account', shown: 'h2', action: 'a, button, input' },
  { name: 'welcome/federation', shown: 'h2', action: 'a, button' },
  { name: 'welcome/data', shown: 'h2', action: 'a, button' },
  { name: 'audit', about: 'own', shown: 'h2', action: 'a, button' },
  { name: 'publish', shown: 'fieldset', action: 'a, button, input' },
  { name: 'live', shown: 'h1', action: 'a, button' },
  { name: 'connectors', shown: 'h1', action: 'a, button' },
  { name: 'ledger', shown: 'h1', action: 'a, button' },
  { name: 'verify', shown: 'h1', action: 'input, button' },
  { name: 'settings', shown: 'table', action: 'button' },
  { name: 'account', shown: 'form, p', action: 'input, a' }
]

/**
 * What axe leaves to a person, and one has looked at: the signs + and - of the map's buttons are no text to it (they have names, and the
 * colours of all buttons), names in the graph of members stand on its lines, and one digit alone is too short for it.
 */
const READ = /^((color-contrast|label-content-name-mismatch) at button\[aria-label="(Closer|Farther|Näher|Weiter weg)"\]|color-contrast at text\[x=|color-contrast .*too short to determine)/s

/** Columns of a table that is wider than a phone, to which one scrolls; wide, axe sees that they have the same colours. */
const SCROLLED_AWAY = /^color-contrast at .*partially obscured by another element/s

describe('every page of the console', function () {
  // Some sixty looks a test, each judged by axe.
  this.timeout(300_000)
  let stopBuses = (): void => {}
  const about = { own: '', other: '' }
  const incomplete = new Map<string, readonly string[]>()
  let looks = 0
  let opened: Console
  after(() => {
    stopBuses()
    console.log(`      axe judged ${looks} looks`)
    for (const [said, where] of incomplete) console.log(`      axe leaves to a person, ${where.length} times: ${said} (${where[0]})`)
  })
  const alone = withCities(['Tacoma'])
  const full = withCities(['Bellevue', 'Renton'], 'Lake Cities')

  before(async () => { await fill(full.city('Bellevue'), full.city('Renton')) })

  it('is looked at here', () => {
    const names = [...readFileSync('src/web/pages.ts', 'utf8').matchAll(/\{ name: '(\w+)'/g)].map(([, name = '']) => name)
    assert.deepEqual([...new Set(PAGES.map(({ name }) => name.split('/')[0] ?? ''))].toSorted(), names.toSorted())
  })

  for (const kind of ['alone', 'full'] as const) {
    for (const language of LANGUAGES) {
      it(`has nothing that axe finds: ${kind === 'alone' ? 'a node without a federation' : 'a member'}, in ${language}, light and dark, wide and narrow`, async () => {
        opened = await openConsole((kind === 'alone' ? alone : full).city(), { language })
        const { page } = opened
        for (const { name, about: of, shown, action } of PAGES) {
          // What a page is about does not exist on an empty node: the node's refusal would be an error of the browser's.
          if (of !== undefined && kind === 'alone') continue
          await opened.go(`#/${name}${of === undefined ? '' : `/${encodeURIComponent(about[of])}`}`)
          await page.locator(`main ${shown}`).first().waitFor()
          await page.locator('main p[role=status]').filter({ hasText: '…' }).first().waitFor({ state: 'detached' })
          await unfolded(page)
          await isRight(name, language)
          if (language === 'en') await reach(page, action, name)
        }
        await page.locator('nav > button').click()
        await isRight('menu', language, 'header')
        await page.locator('.choices button').click()
        await page.locator('main.alone form').waitFor()
        await isRight('sign-in', language)
      })
    }
  }

  /** In both themes, and in one of them as narrow as a phone: nothing that axe finds, one heading of the first rank, nothing too wide. */
  async function isRight (name: string, language: typeof LANGUAGES[number], within?: string): Promise<void> {
    const { page } = opened
    for (const theme of THEMES) {
      for (const size of theme === (language === 'en' ? 'dark' : 'light') ? [WIDE, NARROW] : [WIDE]) {
        const look = `${name}, ${theme}, in ${language}, ${size.width} px`
        await page.setViewportSize(size)
        await page.emulateMedia({ colorScheme: theme })
        await page.evaluate(() => new Promise(resolve => { requestAnimationFrame(() => { requestAnimationFrame(resolve) }) }))
        const { violations, incomplete: unsure } = await opened.judged(within)
        assert.deepEqual(violations, [], look)
        for (const said of unsure) {
          if (READ.test(said) || (size === NARROW && SCROLLED_AWAY.test(said))) continue
          const short = `${name}, ${size.width} px: ${said.replaceAll(/\s+/g, ' ').replaceAll(/ at .*?: Fix any of the following/g, '')}`
          incomplete.set(short, [...incomplete.get(short) ?? [], `${theme}: ${said.slice(0, said.indexOf(': Fix'))}`])
        }
        assert.equal(await page.locator('h1').count(), 1, `${look}: one heading of the first rank`)
        assert.equal(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)), 0, `${look}: too wide`)
        looks++
      }
    }
    await page.setViewportSize(WIDE)
  }

  /** Something on every page: data of one's own and of another, something asked, something to decide and to vote on, a program, a person, a token. */
  async function fill (bellevue: City, renton: City): Promise<void> {
    about.own = await publish(bellevue, { datasetId: 'bins', title: 'Bins', to: ['Renton'] })
    about.other = await publish(renton, { datasetId: 'lamps', title: 'Lamps', to: ['Bellevue'] })
    const later = await publish(bellevue, { datasetId: 'later', title: 'Later', to: ['Renton'], fromMs: Date.UTC(2099, 0, 1) })
    stopBuses = await startBuses(bellevue.client)
    for (const id of [about.own, later]) await isListed(renton, id)
    await isListed(bellevue, about.other)
    const agreed = await renton.client.requestAgreement(about.own, PURPOSE, 20_000)
    assert.ok(agreed.ok, JSON.stringify(agreed))
    assert.ok((await renton.client.fetch(about.own, { timeoutMs: 20_000 })).ok)
    assert.ok((await renton.client.requestAgreement(later, PURPOSE, 0)).ok)
    assert.ok((await renton.client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, 20_000)).ok)
    const connected = await bellevue.client.addConnector({
      kind: 'push', name: 'lamps', dataset: { id: 'pushed', title: 'Pushed lamps', description: 'What lamps say', theme: 'energy', licence: 'CC0-1.0', access: 'members' }
    })
    assert.ok(connected.ok, JSON.stringify(connected))
    await until(async () => (await bellevue.client.push('lamps', 'application/json', JSON.stringify([{ id: 'lamp-1', watts: 12 }, { watts: 3 }]))).ok, 'the program is connected')
    await until(async () => {
      const [asked, proposed] = await Promise.all([bellevue.client.negotiations(), bellevue.client.proposals()])
      return asked.ok && asked.value.some(({ isAsked }) => isAsked) && proposed.ok && proposed.value.length === 1
    }, 'a person of Bellevue is asked and has to vote')
  }
})

/** Opens all that is folded. */
async function unfolded (page: Page): Promise<void> {
  await page.evaluate(() => { for (const each of document.querySelectorAll('main details')) (each as HTMLDetailsElement).open = true })
}

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
