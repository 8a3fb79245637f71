/**
 * Three cities on this machine, each a node in a process of its own: they found a federation, publish real tables and a
 * simulated stream, replicate, verify, share data under terms that hold, agree on a ledger that proves since when data existed,
 * answer a question over two cities' data, and take in and give out what tools of cities speak.
 *
 *   npm run demo                      stays up, to play with
 *   npm run demo -- --data FOLDER     keeps the cities, and goes on with them the next time
 *   npm run demo -- --exit --json     ends, prints one JSON document, exits 0 only if everything was verified
 */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Dataset } from '../../src/sdk/index.ts'
import { startArriving } from './arriving.ts'
import { hanse, startCity, stopCities, type City } from './city.ts'
import { APPLICANT, CITIES, fillConsoles } from './consoles.ts'
import { decideTogether, showLedger } from './ledger.ts'
import { compareWeather, type Answer } from './question.ts'
import { startBuses } from './stream.ts'
import { inputFiles, publishAll, PUBLISHED } from './tables.ts'
import { shareUnderTerms } from './terms.ts'
import { connectTools } from './tools.ts'

const FEDERATION = 'Demo federation'
const REPLICATED_WITHIN_MS = 60_000
const LIVE_RECORDS = 5
type Verified = { readonly city: string, readonly dataset: string, readonly records: number, readonly bytes: number, readonly verified: boolean, readonly sameBytes: boolean }

const { values: options } = parseArgs({ options: {
  exit: { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, data: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false }
} })

/** Everything but the answer goes to stderr, so that `--json` prints one document alone. */
function say (text: string): void {
  process.stderr.write(`${text}\n`)
}

const INTERRUPTED = 130
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort())
/** While the cities stay up a signal is how the demo ends; before that it is a demo that was not seen. */
const interrupted = new Promise<number>(resolve => {
  interruption.signal.addEventListener('abort', () => {
    say('\nStopping.')
    resolve(isUp ? 0 : INTERRUPTED)
  })
})
let isUp = false

async function main (): Promise<number> {
  if (options.help) {
    process.stdout.write('npm run demo -- [--exit] [--json] [--data FOLDER]\n  --exit   stop when everything is verified\n  --json   print one JSON document\n  --data   keep the cities in this folder and go on with them next time (default: a temporary one, removed at the end)\n')
    return 0
  }
  const startedMs = performance.now()
  const folder = options.data ?? await mkdtemp(join(tmpdir(), 'hanse-demo-'))
  await mkdir(folder, { recursive: true })
  const cities: City[] = []
  const senders: (() => void)[] = []
  const run = async (): Promise<number> => {
    say(`Three cities, each with a node of its own, in ${folder}`)
    const start = async ({ name, place }: typeof APPLICANT): Promise<City> => await startCity(name, join(folder, name.toLowerCase().replace(' ', '-')), place)
    for (const each of CITIES) {
      const { name } = each
      cities.push(await start(each))
      say(`  ${name} is running (process ${cities.at(-1)?.process.pid ?? '?'})`)
    }
    const [seattle, newYork, chicago] = cities
    if (seattle === undefined || newYork === undefined || chicago === undefined) throw new Error('three cities are needed')
    const federation = await found(cities)
    await decideTogether(cities, say, waitFor)
    const inputs = await inputFiles(folder)
    await publishAll(cities, inputs, say)
    senders.push(await startBuses(seattle.client))
    say('  Seattle sends a live stream of bus positions: SIMULATED, no real buses')
    const verified = await replicateAndVerify(cities, inputs)
    const live = await watchLive(chicago)
    const { answer, agrees } = await ask(chicago, inputs)
    const tools = await connectTools(seattle, chicago, answer, say, waitFor)
    const terms = await shareUnderTerms(seattle, newYork, chicago, folder, say, waitFor)
    const ledger = await showLedger(cities, PUBLISHED.map(({ city, id }) => `${city}/${id}`), folder, say, waitFor)
    const isGood = verified.every(each => each.verified && each.sameBytes) && live >= LIVE_RECORDS && agrees && tools.isGood && terms.isGood && ledger.isGood
    const seconds = (performance.now() - startedMs) / 1000
    report(verified, live, answer, isGood, seconds)
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ schemaVersion: 1, federation, cities: cities.map(({ name, folder: data }) => ({ name, data })), datasets: verified, liveRecordsSeen: live, tools, terms, ledger, question: { ...answer, agreesWithTheSource: agrees }, verified: isGood, seconds }, undefined, 2)}\n`)
    }
    if (options.exit) return isGood ? 0 : 1
    const applicant = await start(APPLICANT)
    senders.push(await startArriving(seattle, say))
    await fillConsoles({ seattle, newYork, chicago, applicant }, say, waitFor)
    await stayUp([...cities, applicant])
    return isGood ? 0 : 1
  }
  try {
    return await Promise.race([run(), interrupted])
  } finally {
    for (const end of senders) end()
    await stopCities()
    if (options.data === undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function found (cities: readonly City[]): Promise<{ readonly id: string, readonly name: string }> {
  const [convener, ...others] = cities
  if (convener === undefined) throw new Error('a convener is needed')
  const known = await convener.client.status()
  if (known.ok && known.value.federation !== null) {
    await meet(cities)
    say(`  they know each other already: "${known.value.federation.name}"`)
    return known.value.federation
  }
  const { ticket } = await hanse('invite', '--federation', FEDERATION, '--founders', String(cities.length), '--data', convener.folder)
  if (typeof ticket !== 'string') throw new Error('the invitation has no ticket')
  say(`${convener.name} invites the others to found "${FEDERATION}" with one ticket: ${ticket.slice(0, 24)}…`)
  await Promise.all(others.map(city => hanse('join', ticket, '--data', city.folder)))
  await meet(cities)
  const status = await convener.client.status()
  if (!status.ok || status.value.federation === null) throw new Error('the federation was not founded')
  say(`  founded: all ${cities.length} signed its charter ${status.value.federation.id}`)
  return status.value.federation
}

async function meet (cities: readonly City[]): Promise<void> {
  for (const city of cities) {
    await waitFor(async () => {
      const status = await city.client.status()
      return status.ok && status.value.state === 'ready' && status.value.neighbours.reachable === cities.length - 1
    }, `${city.name} sees the other founders`)
  }
}

/** Every city fetches every dataset, verifies it up to the charter, and compares its bytes with the source file. */
async function replicateAndVerify (cities: readonly City[], inputs: ReadonlyMap<string, string>): Promise<readonly Verified[]> {
  say('Every city replicates and verifies everything:')
  const results: Verified[] = []
  for (const { city: publisher, file, id } of PUBLISHED) {
    const source = createHash('sha256').update(await readFile(inputs.get(file) ?? file)).digest('hex')
    for (const city of cities) {
      const reference = `${publisher}/${id}`
      await waitFor(async () => (await city.client.dataset(reference)).ok, `${city.name} hears of ${reference}`)
      const fetched = await city.client.fetch(reference, { timeoutMs: REPLICATED_WITHIN_MS })
      const report = await city.client.verify(reference)
      if (!fetched.ok || !report.ok) throw new Error(`${city.name} could not get ${reference}: ${JSON.stringify(fetched.ok ? report : fetched)}`)
      results.push({
        city: city.name, dataset: reference, records: fetched.value.distribution.records ?? 0, bytes: fetched.value.distribution.sizeBytes ?? 0,
        verified: report.value.verified, sameBytes: await digestOf(city, fetched.value) === source
      })
    }
    say(`  ${publisher}/${id}: ${results.filter(each => each.dataset === `${publisher}/${id}` && each.verified && each.sameBytes).length} of ${cities.length} cities hold it, verified, byte for byte`)
  }
  return results
}

async function digestOf (city: City, dataset: Dataset): Promise<string> {
  const content = await city.client.content(dataset.id)
  if (!content.ok) throw new Error(`${city.name} could not read ${dataset.id}: ${content.failure.reason}`)
  const hash = createHash('sha256')
  for await (const chunk of content.value.bytes) hash.update(chunk)
  return hash.digest('hex')
}

async function watchLive (city: City): Promise<number> {
  const reference = 'Seattle/bus-positions-simulated'
  await waitFor(async () => (await city.client.dataset(reference)).ok, `${city.name} hears of the stream`)
  const stop = new AbortController()
  const followed = await city.client.follow(reference, { last: 0, signal: AbortSignal.any([stop.signal, AbortSignal.timeout(REPLICATED_WITHIN_MS)]) })
  if (!followed.ok) throw new Error(`${city.name} could not follow the stream: ${followed.failure.reason}`)
  let seen = 0
  for await (const record of followed.value) {
    if (record.body.length > 0 && ++seen === LIVE_RECORDS) stop.abort()
  }
  say(`  ${city.name} watched ${seen} live messages of Seattle's simulated stream as they came`)
  return seen
}

/** Chicago asks; neither table is its own. The same question put to the source files must give the same answer. */
async function ask (city: City, inputs: ReadonlyMap<string, string>): Promise<{ readonly answer: Answer, readonly agrees: boolean }> {
  const replicas = await Promise.all(['Seattle/weather', 'New York/weather'].map(async reference => {
    const content = await city.client.content(reference)
    if (!content.ok) throw new Error(content.failure.reason)
    const chunks: Uint8Array[] = []
    for await (const chunk of content.value.bytes) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }))
  const sources = await Promise.all(['seattle-weather.csv', 'new-york-weather.csv'].map(file => readFile(inputs.get(file) ?? file, 'utf8')))
  const answer = compareWeather(replicas[0] ?? '', replicas[1] ?? '')
  const expected = compareWeather(sources[0] ?? '', sources[1] ?? '')
  return { answer, agrees: JSON.stringify(answer) === JSON.stringify(expected) && answer.days > 1_000 }
}

function report (verified: readonly Verified[], live: number, answer: Answer, isGood: boolean, seconds: number): void {
  say('What each city now holds:')
  for (const name of new Set(verified.map(({ city }) => city))) {
    const own = verified.filter(({ city }) => city === name)
    const bytes = own.reduce((sum, each) => sum + each.bytes, 0)
    say(`  ${name.padEnd(9)} ${own.length} datasets, ${(bytes / 1e6).toFixed(1)} MB, ${own.filter(each => each.verified && each.sameBytes).length} verified up to the charter${name === 'Chicago' ? `; and watched ${live} messages of the live stream` : ''}`)
  }
  say('A question that Chicago answers from its copies of two other cities\' data:')
  say(`  Of ${answer.days} days it was wet in both Seattle and New York on ${answer.wetInBoth}; their daily high temperatures go together with r = ${answer.correlation.toFixed(3)}.`)
  say(isGood ? `Everything was verified, in ${seconds.toFixed(1)} s.` : 'NOT everything was verified: see above.')
}

async function stayUp (cities: readonly City[]): Promise<void> {
  say('\nThe cities stay up. Their consoles, each link good for one entry within ten minutes ("npm run hanse -- open --data FOLDER" makes another):')
  for (const { name, folder } of cities) say(`  ${name.padEnd(9)} ${String((await hanse('open', '--data', folder))['url'])}`)
  say('In another terminal, for instance:')
  const [one] = cities
  for (const command of ['status', 'ls', 'get Seattle/weather -o weather.csv', 'members', 'ledger show', 'tail Seattle/bus-positions-simulated', 'connector list', 'sql']) {
    say(`  npm run hanse -- ${command} --data ${one?.folder ?? ''}`)
  }
  say(options.data === undefined ? 'Ctrl-C ends the demo and removes its folder.' : 'Ctrl-C ends the demo; its folder stays, and the same command goes on with it.')
  isUp = true
  await interrupted
}

async function waitFor (holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + REPLICATED_WITHIN_MS
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`waited a minute in vain: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 100) })
  }
}

const code = await main().catch((error: unknown) => {
  say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
  return 1
})
// What an interrupted run had begun may still be waiting for a city that is gone.
process.stdout.write('', () => process.exit(code))
