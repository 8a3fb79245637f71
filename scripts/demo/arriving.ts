import { utf8 } from '../../src/base/index.ts'
import type { City } from './city.ts'
import type { Say } from './ledger.ts'
import { sure } from './sharing.ts'
import { OTHER_SENSOR, uplink } from './tools.ts'

const COUNTERS = 'counters'
const EVERY_MS = 2_000
const PLACES = [
  { counter: 'fremont-bridge', latitude: 47.6479, longitude: -122.3499 }, { counter: 'spokane-street', latitude: 47.5713, longitude: -122.3453 },
  { counter: 'second-avenue', latitude: 47.6049, longitude: -122.3329 }, { counter: 'burke-gilman', latitude: 47.6655, longitude: -122.3 }
]
/** The bin is as full as 1,900 mm of air say, and fills from there. */
const [AIR_MM_MAX, AIR_MM_MIN] = [1_900, 400]

/**
 * Keeps two connectors busy: messages that come in, among them one that no reader could read. All of it invented. What they are, after
 * an earlier run with the same folder, stays. Ends when the returned function is called.
 */
export async function startArriving ({ name, client }: City, say: Say): Promise<() => void> {
  const known = sure(await client.connectors(), `${name} has no connectors`)
  if (!known.some(({ declaration }) => declaration.name === COUNTERS)) {
    sure(await client.addConnector({
      name: COUNTERS, kind: 'push', format: 'json', mapping: {
        key: ['counter'], time: 'at', location: { longitude: 'longitude', latitude: 'latitude' },
        columns: { counter: { from: 'counter', type: 'text' }, bicycles: { from: 'bicycles', type: 'number' } }
      },
      dataset: { id: 'bicycle-counters', title: 'Bicycle counters (simulated)', description: 'Invented counts, to show a connector. No real bicycles.', theme: 'transport', licence: 'CC0-1.0', access: 'members', simulated: true }
    }), 'the connector was not added')
    sure(await client.push('bins', 'application/json', utf8('{"deviceInfo":"a message that broke off')), 'the connector for bins is gone')
  }
  let turn = 0
  const push = async (): Promise<void> => {
    const at = new Date(Math.floor(Date.now() / 1_000) * 1_000)
    turn++
    const counts = PLACES.map((place, index) => ({ ...place, at: at.toISOString(), bicycles: 6 + Math.round(5 * Math.sin(turn / 8 + index)) }))
    await client.push(COUNTERS, 'application/json', utf8(JSON.stringify(counts)))
    const airMm = AIR_MM_MAX - (turn * 25) % (AIR_MM_MAX - AIR_MM_MIN)
    await client.push('bins', 'application/json', utf8(JSON.stringify(uplink(OTHER_SENSOR, turn, payloadOf(airMm), at.toISOString()))))
  }
  await push()
  // A node that is stopping refuses; the demo is over then.
  const timer = setInterval(() => { push().catch(() => clearInterval(timer)) }, EVERY_MS)
  say(`  ${name} takes counts of bicycles and levels of a bin every two seconds; one message it could not read`)
  return () => clearInterval(timer)
}

/** What the sensor sends: battery, distance to what it sees, position. */
function payloadOf (distanceMm: number): string {
  const bytes = Buffer.from('01755c03820000040001', 'hex')
  bytes.writeUInt16LE(distanceMm, 5)
  return bytes.toString('base64')
}
