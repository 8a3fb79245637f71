/**
 * Pictures of every page of the console, for people to look at: three cities with real and simulated content, every page in both
 * themes, on a desk and on a telephone, in English and, for some, in German; and a node that has nothing yet. Written to `artefacts/`.
 *
 *   npm run pictures                     all of them
 *   npm run pictures -- 'live|ledger'    only those whose name fits
 */
import { strict as assert } from 'node:assert'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import { closeBrowser, openConsole, openPage, startCities, withoutBrowser, type Console, type Look } from '../test/support/browser.ts'
import { isListed, publish } from '../test/e2e/cities.fixture.ts'
import { hanse, type City } from './demo/city.ts'
import { compareWeather } from './demo/question.ts'
import { startBuses } from './demo/stream.ts'
import { shareUnderTerms } from './demo/terms.ts'
import { connectTools } from './demo/tools.ts'

const NAMES = ['Seattle', 'New York', 'Chicago']
const PURPOSE = 'urn:hanse:purpose:1:waste.collection'
const WITHIN_MS = 60_000
const LOOKS: readonly Look[] = [
  { theme: 'light', language: 'en' }, { theme: 'dark', language: 'en' }, { theme: 'light', language: 'de' },
  { theme: 'light', language: 'en', width: 400 }, { theme: 'dark', language: 'en', width: 400 }, { theme: 'dark', language: 'de', width: 400 }
]
const TABLES = [
  { city: 'Seattle', file: 'seattle-weather.csv', id: 'weather', title: 'Weather in Seattle, daily, 2012 to 2015', theme: 'environment', licence: 'CC0-1.0' },
  { city: 'New York', file: 'weather.csv', id: 'weather', title: 'Weather in New York, daily, 2012 to 2015', theme: 'environment', licence: 'CC0-1.0' },
  { city: 'Chicago', file: 'airports.csv', id: 'airports', title: 'Airports of the United States', theme: 'transport', licence: 'CC0-1.0' }
] as const

type Shot = {
  readonly name: string
  readonly hash: string
  /** What is there once the page has its content. */
  readonly shown: (page: Page) => Locator
  readonly before?: (page: Page) => Promise<void>
}

function say (text: string): void {
  process.stderr.write(`${text}\n`)
}

async function waitFor (holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + WITHIN_MS
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`waited a minute in vain: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 100) })
  }
}

/** What a city has after some weeks. Returns the ids of the datasets that the pages are about. */
async function fill (cities: readonly City[], folder: string): Promise<{ readonly weather: string, readonly airports: string, readonly bins: string, readonly shared: string, readonly later: string, readonly buses: string }> {
  const [seattle, newYork, chicago] = cities
  assert.ok(seattle !== undefined && newYork !== undefined && chicago !== undefined)
  for (const [city, latitude, longitude] of [[seattle, 47.61, -122.33], [newYork, 40.71, -74.01], [chicago, 41.88, -87.63]] as const) await city.client.setPlace({ latitude, longitude })
  const tables = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '../data')
  const source = await readFile(join(tables, 'weather.csv'), 'utf8')
  const [seattleRows, newYorkRows] = ['Seattle', 'New York'].map(name => source.split(/(?<=\n)/).filter((line, at) => at === 0 || line.startsWith(`${name},`)).join(''))
  const newYorkFile = join(folder, 'new-york-weather.csv')
  await writeFile(newYorkFile, newYorkRows ?? '')
  for (const { city, file, id, title, theme, licence } of TABLES) {
    const publisher = cities.find(({ name }) => name === city)
    assert.ok(publisher !== undefined)
    await hanse('publish', file === 'weather.csv' ? newYorkFile : join(tables, file), '--id', id, '--title', title, '--theme', theme, '--licence', licence, '--yes', '--data', publisher.folder)
  }
  await waitFor(async () => {
    const listed = await Promise.all(['Seattle/weather', 'New York/weather'].map(reference => chicago.client.fetch(reference, { timeoutMs: WITHIN_MS })))
    return listed.every(({ ok }) => ok)
  }, 'Chicago has both tables')
  await connectTools(seattle, chicago, compareWeather(seattleRows ?? '', newYorkRows ?? ''), say, waitFor)
  await seattle.client.push('bins', 'application/json', new TextEncoder().encode('{"data": "no uplink"}'))
  await shareUnderTerms(seattle, newYork, chicago, folder, say, waitFor)
  // In force, and one that a person has to decide.
  const shared = await publish(seattle, { datasetId: 'container-routes', title: 'Routes of waste collection', to: ['New York'] })
  const later = await publish(seattle, { datasetId: 'works-2099', title: 'Works planned for 2099', to: ['New York'], fromMs: Date.UTC(2099, 0, 1) })
  for (const id of [shared, later]) await isListed(newYork, id)
  const agreed = await newYork.client.requestAgreement(shared, PURPOSE, 20_000)
  assert.ok(agreed.ok && agreed.value.agreementId !== null, JSON.stringify(agreed))
  await newYork.client.fetch(shared, { timeoutMs: WITHIN_MS })
  const asked = await newYork.client.requestAgreement(later, PURPOSE, 0)
  assert.ok(asked.ok, JSON.stringify(asked))
  const proposed = await newYork.client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, 20_000)
  assert.ok(proposed.ok, JSON.stringify(proposed))
  await waitFor(async () => {
    const [negotiations, proposals] = await Promise.all([seattle.client.negotiations(), seattle.client.proposals()])
    return negotiations.ok && negotiations.value.some(({ isAsked }) => isAsked) && proposals.ok && proposals.value.length > 0
  }, 'Seattle has to decide')
  const idOf = async (reference: string): Promise<string> => {
    await waitFor(async () => (await seattle.client.dataset(reference)).ok, `Seattle knows ${reference}`)
    const known = await seattle.client.dataset(reference)
    assert.ok(known.ok)
    return known.value.id
  }
  return { weather: await idOf('Seattle/weather'), airports: await idOf('Chicago/airports'), bins: await idOf('Seattle/bins'), shared, later, buses: await idOf('Seattle/bus-positions-simulated') }
}

const inMain = (selector: string) => (page: Page): Locator => page.locator(`main ${selector}`).first()

function shotsOf (ids: Awaited<ReturnType<typeof fill>>, file: string): readonly Shot[] {
  const about = (page: string, id: string): string => `#/${page}/${encodeURIComponent(id)}`
  return [
    { name: 'overview', hash: '#/overview', shown: inMain('.inbox a') },
    { name: 'catalogue', hash: '#/catalogue', shown: inMain('[data-idle=true]') },
    { name: 'dataset', hash: about('dataset', ids.weather), shown: inMain('table') },
    { name: 'dataset-place', hash: about('dataset', ids.airports), shown: inMain('[data-idle=true]:not([data-drawn="0"])') },
    { name: 'dataset-terms', hash: about('dataset', ids.bins), shown: inMain('.sentences') },
    { name: 'requests', hash: '#/requests', shown: inMain('.ways button') },
    { name: 'requests-decide', hash: '#/requests', shown: inMain('.effect'), before: async page => { await page.locator('.ways button').nth(1).click() } },
    { name: 'request', hash: about('request', ids.airports), shown: inMain('h1') },
    { name: 'federation', hash: '#/federation', shown: inMain('[data-idle=true]') },
    { name: 'audit', hash: about('audit', ids.shared), shown: inMain('table') },
    { name: 'publish', hash: '#/publish', shown: inMain('fieldset') },
    { name: 'publish-file', hash: '#/publish', shown: inMain('table'), before: async page => { await page.locator('input[type=file]').first().setInputFiles(file) } },
    { name: 'live', hash: '#/live', shown: inMain('a') },
    { name: 'live-stream', hash: about('live', ids.buses), shown: inMain('tbody tr') },
    { name: 'connectors', hash: '#/connectors', shown: inMain('h2') },
    { name: 'ledger', hash: '#/ledger', shown: inMain('details') },
    { name: 'verify', hash: about('verify', ids.weather), shown: inMain('button') },
    { name: 'settings', hash: '#/settings', shown: inMain('table') },
    { name: 'welcome', hash: '#/welcome', shown: inMain('h2') },
    { name: 'welcome-data', hash: '#/welcome/data', shown: inMain('section') },
    { name: 'menu', hash: '#/overview', shown: inMain('.tiles'), before: async page => { await page.locator('header nav > button').click() } },
    { name: 'account', hash: '#/account', shown: inMain('form') }
  ]
}

const EMPTY: readonly Shot[] = ['overview', 'catalogue', 'requests', 'federation', 'publish', 'live', 'connectors', 'ledger', 'welcome', 'settings', 'verify']
  .map(name => ({ name: `empty-${name}`, hash: `#/${name}`, shown: inMain(name === 'welcome' ? '[data-idle=true]' : 'h1') }))
  .concat(['place', 'account', 'federation', 'data'].map(step => ({ name: `empty-welcome-${step}`, hash: `#/welcome/${step}`, shown: inMain(step === 'place' ? '[data-idle=true]' : 'form, .ways') })))

async function shoot (opened: Console, { name, hash, shown, before }: Shot): Promise<void> {
  const { page } = opened
  await page.keyboard.press('Escape')
  await page.evaluate(to => { location.hash = to }, '#/none')
  await page.evaluate(to => { location.hash = to }, hash)
  try {
    await before?.(page)
    await shown(page).waitFor({ timeout: 15_000 })
    for (const map of await page.locator('main [data-idle]').all()) await map.and(page.locator('[data-idle=true]')).waitFor({ timeout: 15_000 })
  } catch (error) {
    say(`  ${name} is not what it should be: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
  }
  // What comes after the first content (previews, checks, tiles) has its time: these are pictures, no test.
  await new Promise(resolve => { setTimeout(resolve, 700) })
  await opened.picture(`page-${name}`)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  if (overflow > 0) say(`  ${name} is ${overflow} pixels too wide`)
}

async function album (city: City, shots: readonly Shot[], looks: readonly Look[]): Promise<void> {
  for (const look of looks) {
    const opened = await openConsole(city, look)
    await opened.page.locator('header nav').waitFor()
    for (const shot of shots) await shoot(opened, shot)
    await opened.close().catch((error: unknown) => { say(`  ${JSON.stringify(look)}: ${error instanceof Error ? error.message : String(error)}`) })
    const entry = await openPage(opened.url, look)
    await entry.page.locator('form').waitFor()
    await entry.picture('page-entry')
    await entry.close().catch(() => {})
  }
}

async function main (): Promise<void> {
  withoutBrowser()
  const wanted = new RegExp(process.argv[2] ?? '')
  const folder = await mkdtemp(join(tmpdir(), 'hanse-pictures-'))
  const [full, alone] = await Promise.all([startCities(NAMES, 'Demo federation'), startCities(['Tacoma'])])
  let stopBuses = (): void => {}
  try {
    const [seattle] = full.cities
    const [tacoma] = alone.cities
    assert.ok(seattle !== undefined && tacoma !== undefined)
    stopBuses = await startBuses(seattle.client)
    const ids = await fill(full.cities, folder)
    const file = join(folder, 'counters.csv')
    await writeFile(file, `plate,when,fill,latitude,longitude\n${Array.from({ length: 300 }, (_, at) => `KA-AB ${1_000 + at},2026-01-0${1 + at % 9}T10:00:00Z,${at % 100},${47.6 + at / 1e4},${-122.2 + at / 1e4}\n`).join('')}`)
    await album(seattle, shotsOf(ids, file).filter(({ name }) => wanted.test(name)), LOOKS)
    await album(tacoma, EMPTY.filter(({ name }) => wanted.test(name)), [{ theme: 'light', language: 'en' }, { theme: 'dark', language: 'de', width: 400 }])
    say('The pictures are in artefacts/: page-NAME-THEME-LANGUAGE-WIDTH.png')
  } finally {
    stopBuses()
    await closeBrowser()
    await Promise.all([full.stop(), alone.stop()])
    await rm(folder, { recursive: true, force: true })
  }
}

await main()
