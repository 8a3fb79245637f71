import { strict as assert } from 'node:assert'
import { hex, textOf, utf8 } from '../../src/base/index.ts'
import { capReader } from '../../src/intake/cap/index.ts'
import { gbfsReader } from '../../src/intake/gbfs/index.ts'
import { mdsReader } from '../../src/intake/mds/index.ts'
import { changesOf, type Reader, type Reading } from '../../src/intake/reader/index.ts'
import { wzdxReader } from '../../src/intake/wzdx/index.ts'
import { validateEntity } from '../../src/sdk/models/index.ts'
import { cap, GBFS_2, GBFS_3, MDS, WZDX } from './feeds.fixture.ts'
import { NOW_MS, readPages, thingsOf, type Pages } from './reading.fixture.ts'

async function read (reader: Reader, pages: Pages | string, first = 'https://feed.example/'): Promise<Reading> {
  const result = await readPages(reader, typeof pages === 'string' ? { [first]: pages } : pages, first)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

async function refused (reader: Reader, content: string): Promise<string> {
  const result = await readPages(reader, { u: content }, 'u')
  assert.ok(!result.ok, 'it is refused')
  return result.failure.code
}

describe('city feeds', () => {
  describe('GBFS', () => {
    it('3 joins what stations are with how they stand, and zero stays zero', async () => {
      const reading = await read(gbfsReader(), GBFS_3, 'https://bikes.example/gbfs.json')
      const stations = await thingsOf(reading, 'stations')
      assert.deepEqual(stations[0], {
        key: 's1', timeMs: Date.parse('2023-11-14T22:14:20Z'), body: {
          station_id: 's1', name: 'Rathaus', lat: 53.55, lon: 9.99, capacity: 20, is_installed: true, is_renting: true, is_returning: true, last_reported: '2023-11-14T22:14:20.000Z',
          num_vehicles_available: 0, num_docks_available: 20, vehicle_types_available: [{ vehicle_type_id: 'bike', count: 0 }]
        }
      })
      assert.deepEqual(stations.map(({ key }) => key), ['s1', 's2'])
      assert.equal(reading.ttlMs, 60_000)
      assert.deepEqual(reading.warnings.map(({ code }) => code), ['unreported', 'rejected'])
      assert.equal(reading.outputs[0]?.licence, 'https://licence.example/by')
    })

    it('2 says the same in the names of 3', async () => {
      const reading = await read(gbfsReader(), GBFS_2, 'https://old.example/gbfs.json')
      const [station] = await thingsOf(reading, 'stations')
      assert.deepEqual(station?.body, {
        station_id: '1', name: 'Gare', lat: 48.1, lon: 2.1, is_installed: true, is_renting: false, is_returning: true, last_reported: '2023-11-14T22:13:10.000Z',
        num_vehicles_available: 3, num_vehicles_disabled: 1, num_docks_available: 4
      })
      assert.equal((await thingsOf(reading, 'vehicles')).length, 1)
      assert.equal(reading.ttlMs, 30_000)
    })

    it('gives vehicles ids that change with each trip and each day, and tells nowhere what they were', async () => {
      const at = async (lat: number, nowMs: number): Promise<string> => {
        const page = { ...GBFS_3, 'https://bikes.example/vehicles.json': JSON.stringify({ ttl: 60, data: { vehicles: [{ vehicle_id: 'frame-77', lat, lon: 9.991 }] } }) }
        const result = await readPages(gbfsReader(), page, 'https://bikes.example/gbfs.json', reading => reading, nowMs)
        assert.ok(result.ok)
        assert.ok(!JSON.stringify(await thingsOf(result.value, 'vehicles')).includes('frame-77'))
        return (await thingsOf(result.value, 'vehicles'))[0]?.key ?? ''
      }
      const parked = await at(53.551, NOW_MS)
      assert.match(parked, /^[0-9a-f]{32}$/)
      assert.equal(await at(53.55101, NOW_MS + 60_000), parked)
      assert.notEqual(await at(53.56, NOW_MS), parked)
      assert.notEqual(await at(53.551, NOW_MS + 86_400_000), parked)
    })

    it('takes a file without its list for broken: all that it lists would be gone', async () => {
      for (const name of ['information', 'status', 'vehicles'].map(each => `https://bikes.example/${each}.json`)) {
        assert.ok(name in GBFS_3, name)
        const result = await readPages(gbfsReader(), { ...GBFS_3, [name]: '{"ttl":60,"data":{}}' }, 'https://bikes.example/gbfs.json')
        assert.ok(!result.ok && result.failure.code === 'malformed', name)
      }
    })

    it('is refused where it names no feeds', async () => {
      assert.equal(await refused(gbfsReader(), '{"data":{"feeds":[]}}'), 'malformed')
      assert.equal(await refused(gbfsReader(), '{}'), 'malformed')
    })
  })

  describe('WZDx', () => {
    it('gives road events as they are, and keeps those that the schema refuses apart', async () => {
      const reading = await read(wzdxReader(), WZDX)
      const [event, ...others] = await thingsOf(reading, null)
      assert.equal(others.length, 0)
      assert.equal(event?.key, 'w1')
      assert.equal(event.timeMs, Date.parse('2023-11-14T21:00:00Z'))
      const feature = (JSON.parse(WZDX) as { features: { properties: object, geometry: object }[] }).features[0]
      assert.deepEqual(event.body, { ...feature?.properties, id: 'w1', geometry: feature?.geometry })
      assert.deepEqual(reading.rejected.map(({ reason }) => reason), ['a road event has no core_details.direction'])
      assert.deepEqual(reading.outputs[0]?.spatial, { west: -93.77, south: 41.61, east: -93.74, north: 41.62 })
      assert.equal(reading.ttlMs, 120_000)
    })

    it('is refused in versions before 4, and where it is something else', async () => {
      assert.equal(await refused(wzdxReader(), WZDX.replace('"4.2"', '"3.1"')), 'unsupported')
      assert.equal(await refused(wzdxReader(), '{"type":"FeatureCollection","features":[]}'), 'malformed')
      assert.equal(await refused(wzdxReader(), '{"type":"FeatureCollection","feed_info":{"version":"4.2"}}'), 'malformed')
    })
  })

  describe('CAP', () => {
    it('gives an alert as an entity with the fields of CAP, UTC written as -00:00', async () => {
      const [alert] = await thingsOf(await read(capReader(), cap()), null)
      assert.equal(alert?.key, 'KARO@CLETS.DOJ.CA.GOV,KAR0-0306112239-SW')
      assert.equal(alert.timeMs, Date.parse('2023-11-14T21:00:00Z'))
      const body = alert.body as Record<string, unknown>
      assert.ok(validateEntity('Alert', body).ok)
      assert.equal(body['description'], 'Radar indicated <hail>')
      assert.equal(body['headline'], 'Storm & hail')
      assert.deepEqual([body['severity'], body['capSeverity'], body['validFrom'], body['validTo']], ['high', 'Severe', '2023-11-14T21:00:00.000Z', '2023-11-15T00:00:00.000Z'])
      const { coordinates } = body['location'] as { coordinates: number[][][] }
      assert.deepEqual(coordinates[0]?.[0], [-120.14, 38.47])
    })

    it('draws circles, and does without a place where the polygon is none', async () => {
      const placed = async (area: string): Promise<unknown> => {
        const [alert] = await thingsOf(await read(capReader(), cap({ area })), null)
        return (alert?.body as { location?: unknown } | undefined)?.location
      }
      const circle = await placed('<circle>53.5,10.0 11.12</circle>') as { coordinates: number[][][] }
      assert.ok(Math.abs((circle.coordinates[0]?.[8]?.[1] ?? 0) - 53.6) < 0.001, 'a tenth of a degree to the north')
      assert.equal(await placed('<polygon>38.47,-120.14 38.34,-119.95 38.47,-120.15</polygon>'), undefined)
      assert.equal(await placed('<polygon>38.47,-120.14 x 38.34,-119.95 1,2 38.47,-120.14</polygon>'), undefined)
    })

    it('lets an update replace and a cancel take away what they refer to, in whatever order the feed lists them', async () => {
      const feed = (...alerts: readonly string[]): string =>
        `<feed xmlns="http://www.w3.org/2005/Atom">${alerts.map(alert => `<entry><content type="text/xml">${alert.replace(/^<\?xml.*\?>/, '')}</content></entry>`).join('')}</feed>`
      const first = cap({ identifier: 'a' })
      const update = cap({ identifier: 'b', sent: '2023-11-14T21:10:00-00:00', messageType: 'Update', references: 'KARO@CLETS.DOJ.CA.GOV,a,2023-11-14T21:00:00-00:00' })
      const cancel = cap({ identifier: 'c', sent: '2023-11-14T21:20:00-00:00', messageType: 'Cancel', references: 'KARO@CLETS.DOJ.CA.GOV,b,2023-11-14T21:10:00-00:00' })
      let known = {}
      const appended = async (content: string): Promise<readonly string[]> => {
        const [output] = (await read(capReader(), content)).outputs
        assert.ok(output?.form === 'records')
        const changes = changesOf(known, output.records, output.complete, NOW_MS)
        known = changes.known
        return changes.records.map(({ key, operation }) => `${operation} ${textOf(key)?.split(',')[1]}`)
      }
      assert.deepEqual(await appended(feed(first)), ['put a'])
      assert.deepEqual(await appended(feed(first)), [])
      assert.deepEqual(await appended(feed(update, first)), ['delete a', 'put b'])
      assert.deepEqual(await appended(feed(update, first)), [])
      assert.deepEqual(await appended(feed(cancel, update, first)), ['delete b'])
      known = {}
      const atOnce = cap({ identifier: 'd', messageType: 'Cancel', references: 'KARO@CLETS.DOJ.CA.GOV,a,2023-11-14T21:00:00-00:00' })
      assert.deepEqual(await appended(feed(first)), ['put a'])
      assert.deepEqual(await appended(feed(atOnce, first)), ['delete a'])
    })

    it('keeps exercises and tests out of the warnings, in a dataset marked as simulated', async () => {
      for (const status of ['Exercise', 'Test', 'System', 'Draft']) {
        const reading = await read(capReader(), cap({ status }))
        assert.deepEqual(await thingsOf(reading, null), [])
        const [exercise] = await thingsOf(reading, 'exercises')
        assert.equal((exercise?.body as { status?: unknown } | undefined)?.status, status)
        assert.equal(reading.outputs.find(({ suffix }) => suffix === 'exercises')?.simulated, true)
      }
    })

    it('follows the links of a feed, and one that leads nowhere stops no other', async () => {
      const feed = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/a.cap" type="application/cap+xml"/></entry><entry><link href="gone.cap"/></entry><entry><link href="b.html"/></entry></feed>'
      const reading = await read(capReader(), { 'https://warn.example/feed': feed, 'https://warn.example/a.cap': cap(), 'https://warn.example/b.html': '<html/>' }, 'https://warn.example/feed')
      assert.equal((await thingsOf(reading, null)).length, 1)
      assert.equal(reading.rejected.length, 1)
    })

    it('refuses document types, entities, and what is nested without end', async () => {
      const bomb = '<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]>'
      assert.equal(await refused(capReader(), cap().replace('<alert', `${bomb}<alert`)), 'malformed')
      assert.equal(await refused(capReader(), cap().replace('Take cover', '&y;')), 'malformed')
      assert.equal(await refused(capReader(), '<a>'.repeat(100_000)), 'malformed')
      assert.equal(await refused(capReader(), cap({ sent: '2023-11-14T21:00:00' })), 'malformed')
      assert.equal(await refused(capReader(), '<alert xmlns="urn:other"/>'), 'malformed')
    })
  })

  describe('MDS', () => {
    it('gives what providers answer as it is, and as private', async () => {
      const reading = await read(mdsReader(), MDS)
      const [output] = reading.outputs
      assert.deepEqual([output?.suffix, output?.personal], ['status', 'device_id'])
      const [status] = await thingsOf(reading, 'status')
      assert.deepEqual(status, { key: 'd-1', timeMs: 1_699_999_500_000, body: (JSON.parse(MDS) as { vehicles_status: unknown[] }).vehicles_status[0] })
      assert.deepEqual(reading.rejected.map(({ reason }) => reason), ['an item of vehicles_status has no device_id'])
      assert.equal(reading.ttlMs, 60_000)
    })

    it('follows pages', async () => {
      const page = (id: string, links: object): string => JSON.stringify({ version: '2.0.1', events: [{ event_id: id, timestamp: 1_700_000_000_000 }], links })
      const reading = await read(mdsReader(), { 'https://p.example/events': page('1', { next: '/events?page=2' }), 'https://p.example/events?page=2': page('2', { next: null }) }, 'https://p.example/events')
      assert.deepEqual((await thingsOf(reading, 'events')).map(({ key }) => key), ['1', '2'])
      assert.equal(reading.outputs[0]?.form === 'records' && reading.outputs[0].complete, false)
    })

    it('is refused in version 1', async () => {
      assert.equal(await refused(mdsReader(), '{"version":"1.2.0","data":{"vehicles":[]}}'), 'unsupported')
    })
  })

  describe('what changed', () => {
    const record = (key: string, body: string): { key: Uint8Array, timeMs: number, operation: 'put', mediaType: string, body: Uint8Array } =>
      ({ key: new TextEncoder().encode(key), timeMs: 1, operation: 'put', mediaType: 'application/json', body: new TextEncoder().encode(body) })

    it('is appended, what is gone is deleted, and nothing where nothing changed', () => {
      const first = changesOf({}, [record('a', '1'), record('b', '1')], true, 9)
      assert.equal(first.records.length, 2)
      const kept = JSON.parse(JSON.stringify(first.known)) as typeof first.known
      assert.deepEqual(changesOf(kept, [record('b', '1'), record('a', '1')], true, 9).records, [])
      const second = changesOf(kept, [record('b', '2')], true, 9)
      assert.deepEqual(second.records.map(({ key, operation, timeMs }) => [textOf(key), operation, timeMs]), [['b', 'put', 1], ['a', 'delete', 9]])
      assert.deepEqual(changesOf(second.known, [record('b', '2')], false, 9).records, [])
    })

    it('is known of the last things alone where a source names new ones without end, and of those that it names again', () => {
      const most = 262_144
      const keyOf = (at: number): string => hex(utf8(`event-${at}`))
      const known = Object.fromEntries(Array.from({ length: most }, (_, at) => [keyOf(at), 'x']))
      const later = changesOf(known, [record('event-0', '1'), record('new-1', '1'), record('new-2', '1')], false, 9).known
      assert.equal(Object.keys(later).length, most)
      assert.deepEqual([0, 1, 2, 3].map(at => keyOf(at) in later), [true, false, false, true])
      assert.deepEqual(changesOf(later, [record('event-0', '1'), record('new-2', '1')], false, 9).records, [])
    })
  })
})
