import { strict as assert } from 'node:assert'
import bindings, { type transit_realtime } from 'gtfs-realtime-bindings'
import { concat, textOf } from '../../src/base/index.ts'
import { readRealtime } from '../../src/intake/gtfs/index.ts'
import type { Output, Reading } from '../../src/intake/reader/index.ts'
import { validateEntity } from '../../src/sdk/models/index.ts'

const { FeedMessage } = bindings.transit_realtime
const NOW_MS = 1_700_000_100_000

function feed (entity: transit_realtime.IFeedEntity[], header: Partial<transit_realtime.IFeedHeader> = {}): Uint8Array {
  return FeedMessage.encode({ header: { gtfsRealtimeVersion: '2.0', incrementality: 0, timestamp: 1_700_000_090, ...header }, entity }).finish()
}

async function read (bytes: Uint8Array, nowMs: number = NOW_MS): Promise<Reading> {
  const result = await readRealtime(bytes, { nowMs })
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

function things (reading: Reading, suffix: string | null): readonly { key: string, timeMs: number, body: unknown }[] {
  const output = reading.outputs.find(each => each.suffix === suffix) as Output & { form: 'records' }
  return output.records.map(({ key, timeMs, body }) => ({ key: textOf(key) ?? '', timeMs, body: JSON.parse(textOf(body) ?? '') as unknown }))
}

describe('GTFS Realtime', () => {
  it('gives positions as entities of the model Vehicle, with nothing for what was not sent', async () => {
    const reading = await read(feed([
      {
        id: 'e1', vehicle: {
          vehicle: { id: '7203', label: 'Bus 3', licensePlate: 'HH-A 1' }, trip: { tripId: 't1', routeId: 'r1', startDate: '20231114' },
          position: { latitude: 53.5511, longitude: 9.9937, bearing: 0, speed: 10 }, timestamp: 1_700_000_080, currentStatus: 0, stopId: 's1', occupancyStatus: 2
        }
      },
      { id: 'e2', vehicle: { vehicle: { id: '2' }, position: { latitude: 53.5, longitude: 10 } } }
    ]))
    const [one, two] = things(reading, null)
    assert.deepEqual(one, {
      key: '7203', timeMs: 1_700_000_080_000, body: {
        id: 'urn:ngsi-ld:Vehicle:7203', type: 'Vehicle', fleetVehicleId: '7203', name: 'Bus 3', location: { type: 'Point', coordinates: [9.9937, 53.5511] },
        speed: 36, bearing: 0, observationDateTime: '2023-11-14T22:14:40.000Z', tripId: 't1', routeId: 'r1', startDate: '20231114', stopId: 's1',
        currentStatus: 'INCOMING_AT', occupancyStatus: 'FEW_SEATS_AVAILABLE'
      }
    })
    assert.ok(validateEntity('Vehicle', one?.body).ok)
    assert.deepEqual(two?.body, {
      id: 'urn:ngsi-ld:Vehicle:2', type: 'Vehicle', fleetVehicleId: '2', location: { type: 'Point', coordinates: [10, 53.5] }, observationDateTime: '2023-11-14T22:14:50.000Z'
    })
    assert.deepEqual(reading.warnings, [])
    assert.equal(reading.updatedMs, 1_700_000_090_000)
  })

  it('gives trip updates by trip and day, delays below zero among them', async () => {
    const [update] = things(await read(feed([{
      id: 'e1', tripUpdate: {
        trip: { tripId: 't9', startDate: '20231114' }, timestamp: 1_700_000_000, delay: -30, vehicle: { id: '7' },
        stopTimeUpdate: [{ stopSequence: 0, stopId: 's1', arrival: { delay: -30 }, departure: { time: 1_700_000_300 } }, { stopId: 's2', scheduleRelationship: 1 }]
      }
    }])), 'trips')
    assert.deepEqual(update, {
      key: 't9/20231114', timeMs: 1_700_000_000_000, body: {
        id: 't9/20231114', tripId: 't9', startDate: '20231114', vehicleId: '7', timestamp: '2023-11-14T22:13:20.000Z', delay: -30,
        stopTimeUpdates: [
          { stopSequence: 0, stopId: 's1', arrival: { delay: -30 }, departure: { time: '2023-11-14T22:18:20.000Z' } }, { stopId: 's2', scheduleRelationship: 'SKIPPED' }
        ]
      }
    })
  })

  it('tells trips without an id apart by route and direction, at whatever time they start', async () => {
    const starting = (routeId: string, directionId: number): transit_realtime.ITripUpdate => ({ trip: { routeId, directionId, startDate: '20231114', startTime: '08:00:00' }, delay: 60 })
    const trips = things(await read(feed([
      { id: 'e1', tripUpdate: starting('r1', 0) }, { id: 'e2', tripUpdate: starting('r1', 1) }, { id: 'e3', tripUpdate: starting('r2', 0) },
      { id: 'e4', tripUpdate: { trip: { startDate: '20231114' }, delay: 60 } }
    ])), 'trips')
    assert.deepEqual(trips.map(({ key }) => key), ['r1/0/20231114/08:00:00', 'r1/1/20231114/08:00:00', 'r2/0/20231114/08:00:00', 'e4'])
  })

  it('goes through the languages of an alert once, however many there are', async () => {
    const translation = Array.from({ length: 7_000 }, (_, at) => ({ text: 'a', language: at.toString(36) }))
    const alerts = things(await read(feed(Array.from({ length: 24 }, (_, at) => ({ id: `${at}`, alert: { informedEntity: [], headerText: { translation } } })))), 'alerts')
    assert.equal(alerts.length, 24)
    assert.deepEqual((alerts[0]?.body as { translations: unknown[] } | undefined)?.translations.at(-1), { language: (6_999).toString(36), header: 'a' })
  })

  it('gives alerts with their periods, what they concern, and all languages', async () => {
    const [alert] = things(await read(feed([{
      id: 'a1', alert: {
        activePeriod: [{ start: 1_700_000_000 }], cause: 10, effect: 4, informedEntity: [{ routeId: 'r1' }, { stopId: 's1', trip: { tripId: 't1' } }],
        headerText: { translation: [{ text: 'Umleitung', language: 'de' }, { text: 'Detour', language: 'en' }] }
      }
    }])), 'alerts')
    assert.deepEqual(alert?.body, {
      id: 'a1', header: 'Detour', cause: 'CONSTRUCTION', effect: 'DETOUR', validFrom: '2023-11-14T22:13:20.000Z', activePeriods: [{ start: '2023-11-14T22:13:20.000Z' }],
      informedEntities: [{ routeId: 'r1' }, { stopId: 's1', tripId: 't1' }], translations: [{ language: 'de', header: 'Umleitung' }, { language: 'en', header: 'Detour' }]
    })
  })

  it('says that a feed stands still when its header is older than five minutes', async () => {
    assert.deepEqual((await read(feed([]), 1_700_000_390_000)).warnings, [])
    assert.deepEqual((await read(feed([]), 1_700_000_391_000)).warnings.map(({ code }) => code), ['stale'])
  })

  it('refuses a feed of differences, and what is no feed', async () => {
    const differential = await readRealtime(feed([], { incrementality: 1 }), { nowMs: NOW_MS })
    assert.ok(!differential.ok && differential.failure.code === 'unsupported')
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('<html>no</html>'), new TextEncoder().encode('{"header":{}}'), feed([]).subarray(0, 5)]) {
      const result = await readRealtime(bytes, { nowMs: NOW_MS })
      assert.ok(!result.ok && result.failure.code === 'malformed')
    }
  })

  it('lets one entity that cannot be read stop no other, and keeps it with the reason', async () => {
    const good = feed([{ id: 'e', vehicle: { vehicle: { id: '1' }, position: { latitude: 1, longitude: 2 } } }])
    const broken = new Uint8Array([0x12, 0x03, 0x0a, 0x7f, 0x01])
    const reading = await read(concat([good, broken, feed([{ id: 'f', vehicle: { vehicle: { id: '2' } } }])]))
    assert.deepEqual(things(reading, null).map(({ key }) => key), ['1'])
    assert.ok(reading.rejected.length >= 1)
    assert.deepEqual(reading.warnings.map(({ code }) => code), ['rejected'])
  })

  it('leaves out places and times that cannot be', async () => {
    const reading = await read(feed([
      { id: 'a', vehicle: { vehicle: { id: 'zero' }, position: { latitude: 0, longitude: 0 } } },
      { id: 'b', vehicle: { vehicle: { id: 'ahead' }, position: { latitude: 1, longitude: 2, speed: -3, bearing: 361 }, timestamp: 1_800_000_000 } }
    ]))
    assert.deepEqual(reading.rejected.map(({ reason }) => reason), ['a vehicle has no position on the earth'])
    const [ahead] = things(reading, null)
    assert.equal(ahead?.timeMs, NOW_MS)
    assert.deepEqual(reading.warnings.map(({ code }) => code).sort(), ['clock', 'rejected'])
    assert.ok(!Object.hasOwn(ahead?.body ?? {}, 'speed') && !Object.hasOwn(ahead?.body ?? {}, 'bearing'))
  })

  it('is read in turns, and refused with more fields than any feed has', async () => {
    const stops = Array.from({ length: 5_000 }, (_, at) => ({ stopSequence: at, stopId: `s${at}` }))
    const large = feed(Array.from({ length: 20 }, (_, at) => ({ id: `e${at}`, tripUpdate: { trip: { tripId: `t${at}` }, stopTimeUpdate: stops } })))
    let [turns, isReading] = [0, true]
    const turn = (): void => {
      turns++
      if (isReading) setImmediate(turn)
    }
    setImmediate(turn)
    const reading = await read(large)
    isReading = false
    assert.equal(things(reading, 'trips').length + reading.rejected.length, 20)
    assert.ok(turns >= 10, `others had ${turns} turns`)
    const many = new Uint8Array(700_000)
    for (let at = 0; at < many.length; at += 2) many[at] = 0x12
    const result = await readRealtime(concat([feed([]), many]), { nowMs: NOW_MS })
    assert.ok(!result.ok && result.failure.reason.includes('more than 300000 fields'))
  })
})
