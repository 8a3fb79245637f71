/**
 * Counts what a federation with nothing to decide says about its ledger: `node scripts/measure/idle.ts [towns] [minutes]`,
 * 4 towns and 5 minutes where nothing is said. Prints one JSON document; ends with 1 if anything was said.
 */
import { agreed, bear, clear, foundTowns, settle, type Standing } from './town.ts'

const [TOWNS = 4, MINUTES = 5] = process.argv.slice(2, 4).map(Number)
const AGREED_WITHIN_MS = 120_000
/** Renewals, anchors and keys of a start are over by then. */
const SETTLE_MS = 90_000

const sent = (standings: readonly Standing[], lane: string): number =>
  standings.reduce((sum, { metrics }) => sum + (metrics[`hanse_ledger_messages_sent_total{lane="${lane}"}`] ?? 0), 0)

const places = []
for (let at = 0; at < TOWNS; at++) places.push(await settle(`Town ${at + 1}`))
try {
  await foundTowns(places, 'lan')
  const towns = await bear(places, 'lan')
  await agreed(towns, AGREED_WITHIN_MS)
  await new Promise(resolve => { setTimeout(resolve, SETTLE_MS) })
  const before = await agreed(towns, AGREED_WITHIN_MS)
  await new Promise(resolve => { setTimeout(resolve, MINUTES * 60_000) })
  const after = await Promise.all(towns.map(town => town.standing()))
  const result = {
    towns: TOWNS, minutes: MINUTES,
    fast: sent(after, 'fast') - sent(before, 'fast'), bulk: sent(after, 'bulk') - sent(before, 'bulk'),
    blocks: (after[0]?.height ?? 0) - (before[0]?.height ?? 0), height: after[0]?.height, sentBefore: sent(before, 'fast'),
    cpuMillisecondsPerTownAndMinute: after.map(({ cpuMicroseconds }, at) => (cpuMicroseconds - (before[at]?.cpuMicroseconds ?? 0)) / 1000 / MINUTES)
  }
  console.log(JSON.stringify(result))
  // Nothing counted before either: then the counters are not what this program thinks they are.
  process.exitCode = result.fast + result.bulk + result.blocks === 0 && result.sentBefore > 0 ? 0 : 1
  for (const town of towns) await town.stop()
} finally {
  await clear(places)
}
