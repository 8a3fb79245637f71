import type { Client } from '../../src/sdk/index.ts'

const STREAM = 'bus-positions-simulated'
const EVERY_MS = 500
const ROUTES = ['7', '40', '44', 'E']
const DOWNTOWN = { latitude: 47.608, longitude: -122.335 }

/** Opens a stream of invented bus positions, named and marked as simulated, and feeds it until the returned function is called. */
export async function startBuses (client: Client): Promise<() => void> {
  const known = await client.dataset(STREAM)
  const opened = known.ok ? known : await client.publish({
    datasetId: STREAM, title: 'Bus positions (simulated)', description: 'Invented positions, to show a live stream. No real buses.',
    theme: 'transport', keywords: ['simulated'], licence: 'CC0-1.0', spatial: null, temporal: null,
    schema: [
      { name: 'route', type: 'text', unit: null }, { name: 'latitude', type: 'latitude', unit: 'degrees' },
      { name: 'longitude', type: 'longitude', unit: 'degrees' }, { name: 'speedKmh', type: 'integer', unit: 'km/h' }
    ],
    access: 'members', simulated: true
  }, { form: 'stream', mediaType: 'application/json' })
  if (!opened.ok) throw new Error(`the stream could not be opened: ${opened.failure.reason}`)
  let turn = 0
  const timer = setInterval(() => {
    const route = ROUTES[turn % ROUTES.length] ?? '7'
    const angle = turn++ / 20
    const body = {
      simulated: true, route, latitude: DOWNTOWN.latitude + 0.02 * Math.sin(angle), longitude: DOWNTOWN.longitude + 0.03 * Math.cos(angle),
      speedKmh: 20 + Math.round(10 * Math.sin(angle * 3))
    }
    const record = { key: new TextEncoder().encode(`route/${route}`), timeMs: Date.now(), operation: 'put', mediaType: 'application/json', body: new TextEncoder().encode(JSON.stringify(body)) } as const
    // A node that is stopping refuses; the demo is over then.
    client.append(STREAM, [record], { flush: true }).catch(() => clearInterval(timer))
  }, EVERY_MS)
  return () => clearInterval(timer)
}
