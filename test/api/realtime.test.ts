import { strict as assert } from 'node:assert'
import bindings, { type transit_realtime } from 'gtfs-realtime-bindings'
import { utf8 } from '../../src/base/index.ts'
import { readRealtime } from '../../src/intake/gtfs/index.ts'
import type { Column, RecordInput } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

const { FeedMessage } = bindings.transit_realtime
const TIME_MS = 1_700_000_000_000

describe('vehicle positions over HTTP', () => {
  let served: Served

  before(async () => { served = await serve() })
  after(() => served.api.stop())

  async function publish (datasetId: string, schema: readonly Column[], model: string | null, mediaType: string, records: readonly RecordInput[]): Promise<void> {
    const description = { ...describeDataset(datasetId), schema, model }
    const published = await served.node.publish(description, { form: 'stream', mediaType })
    assert.ok(published.ok, JSON.stringify(published))
    const appended = await served.node.append(datasetId, records)
    assert.ok(appended.ok, JSON.stringify(appended))
  }

  async function positions (datasetId: string, status = 200): Promise<transit_realtime.FeedMessage> {
    const { did } = served.node.status().member
    const answer = await fetch(`${served.api.url}/api/v1/datasets/${encodeURIComponent(`${did}/${datasetId}`)}/vehicle-positions.pb`, { headers: { authorization: `Bearer ${served.token}` } })
    assert.equal(answer.status, status, status === 200 ? await answer.clone().text() : '')
    if (status !== 200) return FeedMessage.create({ header: { gtfsRealtimeVersion: '' } })
    assert.equal(answer.headers.get('content-type'), 'application/x-protobuf')
    return FeedMessage.decode(new Uint8Array(await answer.arrayBuffer()))
  }

  it('are what a feed said that was read before, field by field', async () => {
    const vehicles: transit_realtime.IVehiclePosition[] = Array.from({ length: 40 }, (_, at) => ({
      vehicle: { id: `bus/${at}`, ...at % 2 === 0 ? { label: `Line ${at}` } : {} }, trip: { tripId: `t${at}`, routeId: 'r', directionId: at % 2, startDate: '20231114' },
      position: { latitude: Math.fround(53.5 + at / 1_000), longitude: Math.fround(10 - at / 7_000), bearing: Math.fround(at * 8.7), ...at % 3 === 0 ? { speed: Math.fround(at / 3) } : {} },
      currentStatus: at % 3, stopId: `s${at}`, timestamp: TIME_MS / 1000 - at, occupancyStatus: at % 5
    }))
    const sent = FeedMessage.encode({
      header: { gtfsRealtimeVersion: '2.0', incrementality: 0, timestamp: TIME_MS / 1000 + 5 }, entity: vehicles.map((vehicle, at) => ({ id: `e${at}`, vehicle }))
    }).finish()
    const reading = await readRealtime(sent, { nowMs: TIME_MS + 10_000 })
    assert.ok(reading.ok)
    const [output] = reading.value.outputs
    assert.ok(output?.form === 'records')
    await publish('buses', output.columns, output.model, 'application/json', output.records)
    const given = await positions('buses')
    assert.equal(given.header.gtfsRealtimeVersion, '2.0')
    assert.equal(Number(given.header.timestamp), TIME_MS / 1000)
    const plain = (message: transit_realtime.IVehiclePosition): unknown =>
      bindings.transit_realtime.VehiclePosition.toObject(bindings.transit_realtime.VehiclePosition.fromObject(message as Record<string, unknown>), { longs: Number })
    const byId = new Map(given.entity.map(({ id, vehicle }) => [id, vehicle]))
    assert.equal(byId.size, vehicles.length)
    for (const vehicle of vehicles) assert.deepEqual(plain(byId.get(vehicle.vehicle?.id ?? '') ?? {}), plain(vehicle))
  })

  it('are of each vehicle the newest, also of rows of a table', async () => {
    const schema: readonly Column[] = [
      { name: 'vehicle_id', type: 'text', unit: null }, { name: 'timestamp', type: 'time', unit: null }, { name: 'speed', type: 'number', unit: 'mph' }, { name: 'route_id', type: 'integer', unit: null },
      { name: 'latitude', type: 'latitude', unit: null }, { name: 'longitude', type: 'longitude', unit: null }
    ]
    const rows = ['7,2015-09-06T01:17:02-05:00,10,485,30.2,-97.7\n', '7,2015-09-06T01:16:07-05:00,0,485,30.1,-97.7\n', '8,2015-09-06T01:17:02-05:00,0,1,,\n', '9,2015-09-06T01:16:00-05:00,,2,30.3,-97.8\n']
    await publish('table', schema, null, 'text/csv', rows.map((row, at): RecordInput => ({ key: utf8(`row/${at}`), timeMs: TIME_MS, operation: 'put', mediaType: 'text/csv', body: utf8(row) })))
    const { entity, header } = await positions('table')
    assert.deepEqual(entity.map(({ id }) => id).sort(), ['7', '9'])
    const seven = entity.find(({ id }) => id === '7')?.vehicle
    assert.equal(Number(seven?.timestamp), Date.parse('2015-09-06T01:17:02-05:00') / 1000)
    assert.equal(Number(header.timestamp), Number(seven?.timestamp))
    assert.deepEqual([seven?.position?.speed, seven?.position?.latitude, seven?.trip?.routeId], [Math.fround(4.4704), Math.fround(30.2), '485'])
    const nine = entity.find(({ id }) => id === '9')?.vehicle
    assert.ok(!Object.hasOwn(nine?.position ?? {}, 'speed'))
  })

  it('are refused of a dataset without vehicles, and of none', async () => {
    await publish('counts', [{ name: 'count', type: 'integer', unit: null }], null, 'text/csv', [])
    await positions('counts', 422)
    await positions('nothing', 404)
  })
})
