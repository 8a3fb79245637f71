import { strict as assert } from 'node:assert'
import { mkdir, readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { startArriving } from '../../scripts/demo/arriving.ts'
import type { City } from '../../scripts/demo/city.ts'
import { APPLICANT, CITIES, fillConsoles } from '../../scripts/demo/consoles.ts'
import { decideTogether } from '../../scripts/demo/ledger.ts'
import { compareWeather } from '../../scripts/demo/question.ts'
import { startBuses } from '../../scripts/demo/stream.ts'
import { inputFiles, publishAll } from '../../scripts/demo/tables.ts'
import { shareUnderTerms } from '../../scripts/demo/terms.ts'
import { connectTools } from '../../scripts/demo/tools.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'

const WITHIN_MS = 60_000
/** Some twenty commands beside four nodes: under a minute, and several on a machine that is busy. */
const FILL_TIMEOUT_MS = 600_000

type Shown = {
  readonly page: string
  /** Of which dataset, where the page is about one. */
  readonly about?: string
  /** Texts that stand on it. */
  readonly has: readonly RegExp[]
  /** Places in it that have something. */
  readonly draws?: readonly string[]
  readonly before?: (page: Page) => Promise<void>
}

const SEATTLE: readonly Shown[] = [
  {
    page: 'overview',
    has: [/asks for “Fill levels of waste bins/, /offers other terms for “Snow routes/, /wants to join the federation/, /proposes:/, /emergency .*flood-duwamish.* was declared/, /Data were used under the emergency/, /2 of 2 neighbours/]
  },
  { page: 'catalogue', has: [/15 datasets/, /Weather in Seattle/, /Postal codes/, /Bus positions \(simulated\)/], draws: ['[data-idle=true]'] },
  { page: 'dataset', about: 'Seattle/collection-rounds', has: [/truck-1/, /New York may use it/, /144 values/, /Data from a simulation/], draws: ['[data-idle=true]', '.u-wrap'] },
  { page: 'requests', has: [/New York asks for/, /What you asked for/, /Works on water mains/, /in force since/, /ended /] },
  { page: 'request', about: 'New York/planned-works', has: [/It is with New York now/] },
  { page: 'federation', has: [/more than 3 in 4 votes/, /2 yes, 0 no/, /Tacoma applied with a ticket/, /Four words:/, /Orders it/], draws: ['svg[role=img] circle', '[data-idle=true]'] },
  { page: 'federation', has: [/hanse1/], draws: ['figure svg path'], before: async page => { await page.getByRole('button', { name: 'Make a ticket' }).click() } },
  { page: 'audit', about: 'Seattle/collection-rounds', has: [/Got the key to it/, /New York, for this purpose: Waste collection/] },
  { page: 'live', has: [/Bicycle counters \(simulated\)/, /Waste containers/] },
  { page: 'live', about: 'Seattle/bus-positions-simulated', has: [/speedKmh/, /route\/44/] },
  { page: 'connectors', has: [/Waste containers/, /Running/, /What could not be taken \(one\)/, /the message is not JSON/] },
  { page: 'ledger', has: [/Seattle proposed/, /voted/, /anchored/] },
  { page: 'verify', about: 'Seattle/weather', has: [/existed before|is final|final/i], before: async page => { await page.getByRole('button', { name: 'Get its proofs and check them' }).click() } },
  { page: 'settings', has: [/2 of 2 neighbours are reachable/, /connector bins/, /Storage/] },
  { page: 'publish', has: [/file/i] },
  { page: 'welcome', has: [/You are a member of Demo federation/] }
]

describe('the consoles of the demonstration', function () {
  let end = (): void => {}
  after(() => { end() })
  const founders = withCities(CITIES.map(({ name }) => name), 'Demo federation')
  const applicants = withCities([APPLICANT.name])
  let opened: Console

  before(async function () {
    this.timeout(FILL_TIMEOUT_MS)
    for (const { name, place } of CITIES) {
      const [latitude, longitude] = place.split(',').map(Number)
      await founders.city(name).client.setPlace({ latitude: latitude ?? 0, longitude: longitude ?? 0 })
    }
    end = await fill(founders.all(), applicants.city(), founders.path('files'))
  })

  it('have content on every page', async () => {
    opened = await openConsole(founders.city('Seattle'))
    for (const shown of SEATTLE) await look(shown)
  })

  it('show the one that applied its four words', async () => {
    opened = await openConsole(applicants.city())
    await opened.go('#/welcome')
    await opened.page.getByText('You applied to Demo federation').waitFor()
    const applications = await founders.city('Seattle').client.applications()
    assert.equal(await opened.page.locator('.words strong').innerText(), applications.ok ? applications.value[0]?.words.join(' ') : undefined)
  })

  async function fill (cities: readonly City[], applicant: City, folder: string): Promise<() => void> {
    const say = (): void => {}
    const waitFor = (holds: () => Promise<boolean>, what: string): Promise<void> => until(holds, what, WITHIN_MS)
    const [seattle, newYork, chicago] = cities
    assert.ok(seattle !== undefined && newYork !== undefined && chicago !== undefined)
    await decideTogether(cities, say, waitFor)
    await mkdir(folder)
    const inputs = await inputFiles(folder)
    await publishAll(cities, inputs, say)
    const ended = [await startBuses(seattle.client)]
    for (const reference of ['Seattle/weather', 'New York/weather']) {
      await waitFor(async () => (await chicago.client.fetch(reference, { timeoutMs: WITHIN_MS })).ok, `Chicago has ${reference}`)
    }
    const [one, other] = await Promise.all(['seattle-weather.csv', 'new-york-weather.csv'].map(file => readFile(inputs.get(file) ?? file, 'utf8')))
    const tools = await connectTools(seattle, chicago, compareWeather(one ?? '', other ?? ''), say, waitFor)
    const terms = await shareUnderTerms(seattle, newYork, chicago, folder, say, waitFor)
    assert.ok(tools.isGood && terms.isGood)
    ended.push(await startArriving(seattle, say))
    await fillConsoles({ seattle, newYork, chicago, applicant }, say, waitFor)
    return () => { for (const end of ended) end() }
  }

  async function look ({ page: name, about, has, draws = [], before }: Shown): Promise<void> {
    const { page } = opened
    const dataset = about === undefined ? undefined : await founders.city('Seattle').client.dataset(about)
    const hash = `#/${name}${dataset === undefined ? '' : `/${encodeURIComponent(dataset.ok ? dataset.value.id : assert.fail(about))}`}`
    await opened.go(hash)
    await page.locator('main h1').waitFor()
    await before?.(page)
    for (const text of has) {
      await page.locator('main').getByText(text).first().waitFor().catch(() => assert.fail(`${hash} does not say ${text}`))
    }
    for (const drawn of draws) {
      await page.locator(`main ${drawn}`).first().waitFor({ state: 'attached' }).catch(() => assert.fail(`${hash} does not draw ${drawn}`))
    }
    await opened.picture(`demo-${name}${about === undefined ? '' : `-${about.split('/')[1]}`}${before === undefined ? '' : '-done'}`)
  }
})
