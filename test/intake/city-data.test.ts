/** Real files of cities, each through the connector that fits it into a real node, and out again in the standard that fits it. */
import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bindings, { type transit_realtime } from 'gtfs-realtime-bindings'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { configOf } from '../../src/cli/config/index.ts'
import { composeIntake, type RunningIntake } from '../../src/cli/start/intake.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import { declarationSchema } from '../../src/sdk/connectors/index.ts'
import { found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { zipOf } from './zip.fixture.ts'

const { FeedMessage } = bindings.transit_realtime
const FOLDER = process.env['HANSE_DATA'] ?? '../shared/data'
const NOON = '2015-09-06T12:'
const FILES = {
  bins: 'edinburgh_bin_collections_2016.csv', sites: 'edinburgh_bin_sites.geojson', streets: 'edinburgh_streets_osm.geojson', buses: 'austin_capmetro_vehicle_positions_2015-09-06.csv',
  stops: 'kingcounty_metro_gtfs_stops.txt', routes: 'kingcounty_metro_gtfs_routes.txt', austinStops: 'austin_capmetro_stops.csv', counters: 'bellevue_i90_sr520_2016_2017.csv',
  freight: 'freight_loggi_rio_cvrp_0_rj_0.json', vrp: 'freight_x115_hetero_fleet.vrp'
} as const

describe('files of real cities', function () {
  this.timeout(300_000)
  let city: City
  let web: Server
  let intake: RunningIntake
  let api: Api
  let folder: string
  const token = createToken(new Uint8Array(32).fill(9))

  before(async function () {
    const missing = Object.values(FILES).filter(file => !existsSync(join(FOLDER, file)))
    if (missing.length > 0) {
      console.error(`      ${FOLDER} has no ${missing.join(', ')}: set HANSE_DATA to a folder with these files`)
      this.skip()
    }
    folder = mkdtempSync(join(tmpdir(), 'hanse-city-data-'))
    city = await makeCity('Corridor City')
    await found([city], 'Corridor')
    web = createServer((request, response) => {
      const body = bodyAt(request.url ?? '')
      response.writeHead(body === undefined ? 404 : 200).end(body)
    })
    await new Promise<void>(resolve => { web.listen(0, '127.0.0.1', resolve) })
    const address = `127.0.0.1:${(web.address() as AddressInfo).port}`
    const config = configOf({ data: folder, config: undefined, environment: {} })
    assert.ok(config.ok, JSON.stringify(config))
    mkdirSync(join(folder, 'watched'))
    // Under another name while it is written, as the note on folders wants it.
    copyFileSync(join(FOLDER, FILES.bins), join(folder, 'watched', '.bins.csv.part'))
    renameSync(join(folder, 'watched', '.bins.csv.part'), join(folder, 'watched', 'bins.csv'))
    intake = composeIntake({
      node: city.node, config: config.value.config, declarations: declarations(`http://${address}`), folder, file: join(folder, 'hanse.toml'),
      web: createSafeFetch({ allowed: [address] }), log: () => {}, secret: new Uint8Array(32)
    })
    const started = await intake.start({ callerOf: () => undefined })
    assert.ok(started.ok, JSON.stringify(started))
    const served = await createApi({
      node: city.node, tokens: [knownToken(token, 'decide')], random: size => new Uint8Array(randomBytes(size)), listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, requestStop: () => {}
    })
    assert.ok(served.ok, JSON.stringify(served))
    api = served.value
  })

  after(async () => {
    if (city === undefined) return
    await intake.stop()
    await api.stop()
    web.close()
    await removeCities([city])
    rmSync(folder, { recursive: true })
  })

  it('bins: a table from a watched folder, and their sites as GeoJSON', async () => {
    await arrived('bins', 10_000)
    const rows = (await text('bins', 'download?format=csv')).trim().split('\r\n')
    assert.equal(rows.length, 10_001)
    const at = (rows[0] ?? '').split(',').findIndex(name => name.startsWith('fill_before_pct'))
    const fills = rows.slice(1).map(row => Number(fieldsOf(row)[at]))
    assert.equal((fills.reduce((sum, fill) => sum + fill, 0) / fills.length).toFixed(1), '76.9')
    assert.equal((fills.filter(fill => fill < 50).length / fills.length * 100).toFixed(1), '13.1')
    await arrived('bin-sites', 334)
    assertSameFeatures(await features('bin-sites'), FILES.sites)
  })

  it('streets: GeoJSON pulled from an address, and given out as GeoJSON', async () => {
    await arrived('streets', 2_002)
    assertSameFeatures(await features('streets'), FILES.streets)
  })

  it('bus positions: pulled as GTFS Realtime, and given out as GTFS Realtime', async () => {
    const sent = noonPositions()
    assert.ok(sent.length > 50, 'many buses were on their way')
    await arrived('buses', sent.length)
    const answer = await ask('buses', 'vehicle-positions.pb')
    const given = FeedMessage.decode(new Uint8Array(await answer.arrayBuffer()))
    const byId = new Map(given.entity.map(({ id, vehicle }) => [id, vehicle]))
    assert.equal(byId.size, sent.length)
    for (const { vehicle, trip, position, timestamp } of sent) {
      const back = byId.get(vehicle?.id ?? '')
      assert.deepEqual([back?.position?.latitude, back?.position?.longitude, back?.position?.speed], [position?.latitude, position?.longitude, position?.speed].map(value => Math.fround(value ?? 0)))
      assert.deepEqual([Number(back?.timestamp), back?.trip?.tripId, back?.trip?.routeId], [timestamp, trip?.tripId, trip?.routeId])
    }
    assert.match(notesOf('buses').join(' '), /stands still since 2015-09-06T1/)
    const entities = (await text('buses', 'download?format=ndjson')).trim().split('\n').map(line => JSON.parse(line) as { id: string, type: string })
    assert.ok(entities.every(({ id, type }) => type === 'Vehicle' && id.startsWith('urn:ngsi-ld:Vehicle:')))
  })

  it('stops and routes: from the zip of a timetable and as bare tables, and given out as they are and as points', async () => {
    for (const [id, file] of [['metro-stops', FILES.stops], ['metro-routes', FILES.routes], ['austin-stops', FILES.austinStops]] as const) {
      const rows = readFileSync(join(FOLDER, file), 'utf8').trim().split('\n').length
      await arrived(id, rows)
      assert.ok(Buffer.from(await (await ask(id, 'content')).arrayBuffer()).equals(readFileSync(join(FOLDER, file))), `${id} is ${file}`)
    }
    const stops = await features('metro-stops')
    assert.equal(stops.length, 7_663)
    assert.deepEqual(stops[0]?.geometry, { type: 'Point', coordinates: [-122.332138, 47.6134148] })
    assert.equal(stops[0]?.properties['stop_id'], '1000', 'ids are text')
  })

  it('bins: as entities of the model WasteContainer, in and out by NGSI-LD', async () => {
    const bins = wasteContainers()
    assert.equal(bins.length, 242)
    const headers = { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' }
    const upserted = await fetch(`${api.url}/ngsi-ld/v1/entityOperations/upsert`, { method: 'POST', headers, body: JSON.stringify(bins) })
    assert.equal(upserted.status, 201, await upserted.text())
    const full = await entities('type=WasteContainer&q=fillingLevel>=0.9')
    const expected = bins.filter(({ fillingLevel }) => fillingLevel >= 0.9)
    assert.ok(expected.length > 10 && expected.length < bins.length)
    assert.deepEqual(full.map(({ id }) => id).sort(), expected.map(({ id }) => id).sort())
    assert.deepEqual(full.find(({ id }) => id === expected[0]?.id)?.location, expected[0]?.location)
  })

  it('bus positions: as entities of the model Vehicle near a place, by NGSI-LD', async () => {
    await arrived('buses', noonPositions().length)
    const [longitude, latitude, withinM] = [-97.7431, 30.2672, 3_000]
    const near = await entities(`type=Vehicle&georel=near;maxDistance==${withinM}&geometry=Point&coordinates=[${longitude},${latitude}]`)
    const metres = (position: transit_realtime.IPosition | null | undefined): number =>
      Math.hypot(((position?.longitude ?? 0) - longitude) * 111_320 * Math.cos(latitude * Math.PI / 180), ((position?.latitude ?? 0) - latitude) * 111_132)
    const idsWithin = (limitM: number): readonly string[] => noonPositions().filter(({ position }) => metres(position) <= limitM).map(({ vehicle }) => `urn:ngsi-ld:Vehicle:${vehicle?.id}`)
    const found = new Set(near.map(({ id }) => id))
    // Plane reckoning is off by less than a hundredth.
    for (const id of idsWithin(withinM * 0.99)) assert.ok(found.has(id), `${id} is near`)
    for (const id of found) assert.ok(idsWithin(withinM * 1.01).includes(id), `${id} is not near`)
    assert.ok(found.size > 5)
  })

  it('streets: those of a box, by OGC API Features', async () => {
    await arrived('streets', 2_002)
    const [west, south, east, north] = [-3.2, 55.94, -3.18, 55.96]
    const answer = await fetch(`${api.url}/ogc/collections/${encodeURIComponent(`${city.node.status().member.did}:streets`)}/items?bbox=${west},${south},${east},${north}&limit=1000`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200, answer.status === 200 ? '' : await answer.clone().text())
    const { features: given } = await answer.json() as { features: Feature[] }
    const { features: all } = JSON.parse(readFileSync(join(FOLDER, FILES.streets), 'utf8')) as { features: (Feature & { geometry: { coordinates: unknown } })[] }
    const touches = ({ geometry: { coordinates } }: { geometry: { coordinates: unknown } }): boolean => {
      const numbers = [coordinates].flat(9) as number[]
      const [xs, ys] = [numbers.filter((_, at) => at % 2 === 0), numbers.filter((_, at) => at % 2 === 1)]
      return Math.min(...xs) <= east && Math.max(...xs) >= west && Math.min(...ys) <= north && Math.max(...ys) >= south
    }
    const expected = all.filter(touches)
    assert.ok(expected.length > 50)
    assert.deepEqual(new Set(given.map(({ geometry }) => JSON.stringify(geometry))), new Set(expected.map(({ geometry }) => JSON.stringify(geometry))))
  })

  it('counters: CSV given out as it came, and a warning where days and months change places', async () => {
    const rows = readFileSync(join(FOLDER, FILES.counters), 'utf8').trim().split('\n').length
    await arrived('counters', rows)
    assert.ok(Buffer.from(await (await ask('counters', 'content')).arrayBuffer()).equals(readFileSync(join(FOLDER, FILES.counters))))
    assert.deepEqual(notesOf('counters').filter(note => /day and month|month|order/i.test(note)), [])
    await arrived('counters-mixed', rows)
    assert.match(notesOf('counters-mixed').join(' '), /observed_at_local/)
  })

  it('freight: deliveries of JSON by a mapping as points, and an instance of a solver as the file that it is', async () => {
    const instance = JSON.parse(readFileSync(join(FOLDER, FILES.freight), 'utf8')) as { deliveries: { id: string, size: number, point: { lng: number, lat: number } }[] }
    // Two of them stand twice in the file, the same in all: what the key names is stored once.
    const deliveries = [...new Map(instance.deliveries.map(delivery => [delivery.id, delivery])).values()]
    assert.deepEqual([instance.deliveries.length, deliveries.length], [221, 219])
    await arrived('deliveries', deliveries.length)
    const lines = (await text('deliveries', 'download?format=ndjson')).trim().split('\n').map(line => JSON.parse(line) as { _key: string, size: number })
    assert.deepEqual(lines.map(({ _key, size }) => [_key, size]), deliveries.map(({ id, size }) => [id, size]))
    const points = await features('deliveries')
    assert.deepEqual(new Set(points.map(({ geometry }) => JSON.stringify(geometry))), new Set(deliveries.map(({ point }) => JSON.stringify({ type: 'Point', coordinates: [point.lng, point.lat] }))))
    await until(() => datasetOf('instance') !== undefined, 'the instance is published')
    assert.ok(Buffer.from(await (await ask('instance', 'content')).arrayBuffer()).equals(readFileSync(join(FOLDER, FILES.vrp))))
  })

  it('all of them: nothing is refused, nothing fails', async () => {
    assert.deepEqual(intake.connectors.list().filter(({ status }) => status.lastError !== null || status.counters.rejected > 0).map(({ name, status }) => [name, status.lastError, status.counters]), [])
    const letters = await intake.connectors.letters({ limit: 10 })
    assert.deepEqual(letters.ok ? letters.value : letters.failure, [])
  })

  // --- What the steps above do -----------------------------------------------------------------------------------------

  function declarations (address: string): ReturnType<typeof declarationSchema.parse>[] {
    const url = (id: string, path: string, more: object = {}): object => ({ kind: 'url', name: id, dataset: { id, title: id, access: 'public' }, url: `${address}/${path}`, ...more })
    return [
      { kind: 'folder', name: 'bins', dataset: { id: 'bins', title: 'Bins', access: 'public' }, path: join(folder, 'watched'), interval_s: 1 },
      url('bin-sites', FILES.sites, { format: 'geojson' }), url('streets', FILES.streets, { format: 'geojson' }), url('buses', 'vehicles.pb', { format: 'gtfs-realtime' }),
      url('metro', 'google_transit.zip', { format: 'gtfs' }), url('austin-stops', FILES.austinStops, { format: 'gtfs' }), url('counters', FILES.counters, { format: 'csv' }),
      url('counters-mixed', 'mixed.csv', { format: 'csv' }), url('instance', FILES.vrp, { format: 'file' }),
      url('deliveries', FILES.freight, {
        format: 'json', mode: 'stream', mapping: { items: '/deliveries', key: ['/id'], location: { longitude: '/point/lng', latitude: '/point/lat' }, columns: { size: { from: '/size', type: 'number' } } }
      })
    ].map(declaration => declarationSchema.parse(declaration))
  }

  function bodyAt (path: string): Buffer | undefined {
    const name = path.slice(1)
    switch (name) {
      case 'vehicles.pb': return Buffer.from(FeedMessage.encode({
        header: { gtfsRealtimeVersion: '2.0', incrementality: 0, timestamp: Math.max(...noonPositions().map(({ timestamp }) => Number(timestamp))) },
        entity: noonPositions().map((vehicle, at) => ({ id: String(at), vehicle }))
      }).finish())
      case 'google_transit.zip': return Buffer.from(zipOf([
        { name: 'stops.txt', content: new Uint8Array(readFileSync(join(FOLDER, FILES.stops))) }, { name: 'routes.txt', content: new Uint8Array(readFileSync(join(FOLDER, FILES.routes))) }
      ]))
      case 'mixed.csv': return mixedDates()
      default: return Object.values(FILES).some(file => file === name) ? readFileSync(join(FOLDER, name)) : undefined
    }
  }

  /** As the counter's own portal gives it: in some years the day stands first, in others the month. */
  function mixedDates (): Buffer {
    const rows = readFileSync(join(FOLDER, FILES.counters), 'utf8').trim().split('\n')
    return Buffer.from(`${rows.map((row, at) => row.replace(/^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d):\d\d/, at < rows.length / 2 ? '$3/$2/$1 $4' : '$2/$3/$1 $4')).join('\n')}\n`)
  }

  function datasetOf (id: string): { readonly records: number } | undefined {
    const dataset = city.node.dataset(`${city.node.status().member.did}/${id}`)
    return dataset.ok ? { records: dataset.value.held.records } : undefined
  }

  /** At least: a table has a header too. */
  async function arrived (id: string, records: number): Promise<void> {
    await until(() => (datasetOf(id)?.records ?? 0) >= records, `${id} has ${records} records`, 60_000).catch((cause: unknown) => {
      const states = intake.connectors.list().map(({ name, status: { state, lastError, counters, notes } }) => ({ name, state, lastError, counters, notes }))
      throw new Error(JSON.stringify(states, null, 1), { cause })
    })
  }

  function notesOf (connector: string): readonly string[] {
    const shown = intake.connectors.show(connector)
    assert.ok(shown.ok)
    return shown.value.status.notes
  }

  async function ask (id: string, path: string): Promise<Response> {
    const reference = encodeURIComponent(`${city.node.status().member.did}/${id}`)
    const answer = await fetch(`${api.url}/api/v1/datasets/${reference}/${path}`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200, answer.status === 200 ? '' : await answer.text())
    return answer
  }

  async function text (id: string, path: string): Promise<string> {
    return (await ask(id, path)).text()
  }

  async function entities (query: string): Promise<readonly Entity[]> {
    const answer = await fetch(`${api.url}/ngsi-ld/v1/entities?${encodeURI(query)}&limit=1000&options=keyValues`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200, answer.status === 200 ? '' : await answer.clone().text())
    return await answer.json() as readonly Entity[]
  }

  async function features (id: string): Promise<readonly Feature[]> {
    return (await (await ask(id, 'download?format=geojson')).json() as { features: Feature[] }).features
  }
})

type Feature = { readonly properties: Readonly<Record<string, unknown>>, readonly geometry: unknown }

type Entity = { readonly id: string, readonly type: string, readonly location?: unknown, readonly fillingLevel: number }

/** Each bin that has a place, as it was found at its last collection. */
function wasteContainers (): readonly Entity[] {
  const { features } = JSON.parse(readFileSync(join(FOLDER, FILES.sites), 'utf8')) as { features: Feature[] }
  const newest = new Map<string, readonly string[]>()
  const [names = [], ...rows] = readFileSync(join(FOLDER, FILES.bins), 'utf8').trim().split('\n').map(fieldsOf)
  const at = (name: string): number => names.indexOf(name)
  for (const row of rows) {
    const site = row[at('site_id')] ?? ''
    if ((newest.get(site)?.[at('collected_at_europe_london')] ?? '') <= (row[at('collected_at_europe_london')] ?? '')) newest.set(site, row)
  }
  return features.filter(({ geometry }) => geometry !== null).map(({ properties, geometry }) => {
    const row = newest.get(String(properties['site_id'])) ?? []
    return {
      id: `urn:ngsi-ld:WasteContainer:${String(properties['site_id'])}`, type: 'WasteContainer', location: geometry,
      fillingLevel: Math.min(1, Number(row[at('fill_before_pct')]) / 100), dateLastEmptying: `${row[at('collected_at_europe_london')] ?? ''}+01:00`
    }
  })
}

/** Geometries and properties, in order; a property that is not there may be null. */
function assertSameFeatures (given: readonly Feature[], file: string): void {
  const { features } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { features: Feature[] }
  const plain = ({ geometry, properties }: Feature): unknown => [geometry, Object.entries(properties).filter(([, value]) => value !== null && value !== '').sort(([a], [b]) => a < b ? -1 : 1)]
  assert.deepEqual(given.map(plain), features.map(plain))
}

/** Where each bus was last before noon. */
function noonPositions (): readonly transit_realtime.IVehiclePosition[] {
  const newest = new Map<string, readonly string[]>()
  for (const row of readFileSync(join(FOLDER, FILES.buses), 'utf8').trim().split('\n').slice(1)) {
    const fields = row.split(',')
    const [id = '', time = ''] = fields
    if (time < NOON && (newest.get(id)?.[1] ?? '') <= time) newest.set(id, fields)
  }
  return [...newest.values()].map(([id = '', time = '', speed = '', routeId = '', tripId = '', latitude = '', longitude = '']) => ({
    vehicle: { id }, trip: { routeId, tripId }, position: { latitude: Math.fround(Number(latitude)), longitude: Math.fround(Number(longitude)), speed: Math.fround(Number(speed)) }, timestamp: Date.parse(time) / 1000
  }))
}

function fieldsOf (row: string): readonly string[] {
  return [...row.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, field = '']) => field)
}
