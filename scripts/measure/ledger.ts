/**
 * Measures the ledger between processes on this machine, over libp2p and synced disks:
 *
 *   node scripts/measure/ledger.ts [towns] [seconds] [rounds]     4 towns, 20 s, 3 rounds where nothing is said
 *
 * Finality of single transactions at 10 a second, then as many singly signed ones as are taken, then 256 operations under one
 * signature: on rows that are there, and on new ones. A transaction counts when the town that made it has been told that it is final and synced. Prints one JSON document.
 */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { agreed, bear, clear, foundTowns, settle, type Order, type Town } from './town.ts'

const [TOWNS = 4, SECONDS = 20, ROUNDS = 3] = process.argv.slice(2, 5).map(Number)
const LOW_PER_SECOND = 10
const IN_FLIGHT_SINGLE = Number(process.env['HANSE_IN_FLIGHT'] ?? 256)
const IN_FLIGHT_LARGE = 4
const OPERATIONS = 256
const DATASETS = 1024
const WARM_SECONDS = 5
const AGREED_WITHIN_MS = 120_000

type Figures = { readonly cpuMsEach: number, readonly perSecond: number, readonly p50Ms: number, readonly p99Ms: number, readonly count: number, readonly failed: number, readonly blocksPerSecond: number }

const places = []
for (let at = 0; at < TOWNS; at++) places.push(await settle(`Town ${at + 1}`))
try {
  await foundTowns(places, 'lan')
  const towns = await bear(places, 'lan')
  await agreed(towns, AGREED_WITHIN_MS)
  await load(towns, { perSecond: 50, inFlight: 16, operations: 1 }, WARM_SECONDS)
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      load: loadavg()[0],
      low: await load(towns, { perSecond: LOW_PER_SECOND / TOWNS, inFlight: 64, operations: 1 }, SECONDS),
      single: await load(towns, { perSecond: 1e6, inFlight: Math.ceil(IN_FLIGHT_SINGLE * 4 / TOWNS), operations: 1 }, SECONDS),
      large: await load(towns, { perSecond: 1e6, inFlight: IN_FLIGHT_LARGE, operations: OPERATIONS, datasets: DATASETS }, SECONDS),
      largeNew: await load(towns, { perSecond: 1e6, inFlight: IN_FLIGHT_LARGE, operations: OPERATIONS }, SECONDS)
    })
    console.error(JSON.stringify(rounds.at(-1)))
  }
  const standings = await agreed(towns, AGREED_WITHIN_MS)
  console.log(JSON.stringify({
    towns: TOWNS, seconds: SECONDS, cores: availableParallelism(), processor: cpus()[0]?.model, node: process.version,
    medians: {
      lowP50Ms: median(rounds.map(({ low }) => low.p50Ms)), lowP99Ms: median(rounds.map(({ low }) => low.p99Ms)),
      singlePerSecond: median(rounds.map(({ single }) => single.perSecond)), singleP50Ms: median(rounds.map(({ single }) => single.p50Ms)),
      operationsPerSecond: median(rounds.map(({ large }) => large.perSecond * OPERATIONS)),
      operationsOnNewRowsPerSecond: median(rounds.map(({ largeNew }) => largeNew.perSecond * OPERATIONS))
    },
    rounds, residentBytes: standings.map(({ residentBytes }) => residentBytes)
  }, null, 2))
  for (const town of towns) await town.stop()
} finally {
  await clear(places)
}

async function load (towns: readonly Town[], how: Omit<Extract<Order, { order: 'load' }>, 'order'>, seconds: number): Promise<Figures> {
  const before = await Promise.all(towns.map(town => town.standing()))
  for (const town of towns) {
    town.finals.length = 0
    town.failures.length = 0
    town.tell({ order: 'load', ...how })
  }
  await new Promise(resolve => { setTimeout(resolve, seconds * 1000) })
  const latencies = towns.flatMap(town => town.finals.map(({ latencyMs }) => latencyMs)).sort((a, b) => a - b)
  const after = await Promise.all(towns.map(town => town.standing()))
  for (const town of towns) town.tell({ order: 'load', perSecond: 1, inFlight: 0, operations: 1 })
  await agreed(towns, AGREED_WITHIN_MS)
  const failures = towns.flatMap(town => town.failures)
  if (failures.length > 0) console.error(failures.slice(0, 3).join('\n'))
  const cpuMs = after.reduce((sum, { cpuMicroseconds }, at) => sum + (cpuMicroseconds - (before[at]?.cpuMicroseconds ?? 0)) / 1000, 0)
  return {
    cpuMsEach: cpuMs / latencies.length,
    perSecond: latencies.length / seconds, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99), count: latencies.length,
    failed: failures.length, blocksPerSecond: ((after[0]?.height ?? 0) - (before[0]?.height ?? 0)) / seconds
  }
}

function quantile (sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

function median (values: readonly number[]): number {
  return quantile(values.toSorted((a, b) => a - b), 0.5)
}
