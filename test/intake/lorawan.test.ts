import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { decodePayload, decoderNamed, DECODERS, frameOf, GapCounter, readUplink, recordsOf, uplinkIdentity, type DecoderName, type Uplink } from '../../src/intake/lorawan/index.ts'
import { validateEntity } from '../../src/sdk/models/index.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import vectors from '../vectors/lorawan.json' with { type: 'json' }

const RECEIVED_MS = Date.parse('2026-05-01T10:00:05Z')
const EUI = '24e124713b123456'

function payloadOf (hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

function read (message: unknown, receivedMs = RECEIVED_MS): Uplink {
  const uplink = readUplink(new TextEncoder().encode(JSON.stringify(message)), receivedMs)
  assert.ok(uplink.ok, JSON.stringify(uplink))
  return uplink.value
}

function bodyOf (uplink: Uplink, devices: Parameters<typeof recordsOf>[1]['devices'] = new Map(), at = 0): Record<string, unknown> {
  const record = recordsOf(uplink, { devices })[at]
  assert.ok(record !== undefined)
  return JSON.parse(new TextDecoder().decode(record.body)) as Record<string, unknown>
}

const chirpstack = {
  deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d', time: '2026-05-01T10:00:00.123456789+00:00',
  deviceInfo: { applicationId: '17c82e96', deviceProfileName: 'Milesight EM400-MUD', deviceName: 'bin 1', devEui: EUI, tags: {} },
  devAddr: '00189440', dr: 1, fCnt: 4, fPort: 85, data: Buffer.from(payloadOf('01755C 03670101 04824408 050000')).toString('base64'),
  rxInfo: [{ gatewayId: '0016c001f153a14c', gwTime: '2026-05-01T10:00:01Z', rssi: -57, snr: 10 }, { gatewayId: 'other', gwTime: '2026-05-01T09:59:59.5Z', rssi: -100 }]
}
const things = {
  end_device_ids: { device_id: 'bin-1', application_ids: { application_id: 'waste' }, dev_eui: EUI.toUpperCase(), dev_addr: '260B1234' },
  received_at: '2026-05-01T10:00:02Z',
  uplink_message: {
    session_key_id: 'AXA50==', f_port: 3, f_cnt: 7, frm_payload: Buffer.from(payloadOf('80000101 11 07D0 00 19 0000 00 00 000000 81')).toString('base64'),
    rx_metadata: [{ gateway_ids: { gateway_id: 'gw' }, rssi: -42, snr: 4.2, time: '2026-05-01T10:00:00Z' }], received_at: '2026-05-01T10:00:01Z',
    version_ids: { brand_id: 'dingtek', model_id: 'df702' }
  }
}

describe('payloads of bin sensors', () => {
  for (const { name, decoder, fPort, hex, readings, flags } of vectors.vectors) {
    it(`decode: ${name}`, () => {
      assert.deepEqual(decodePayload(decoder as DecoderName, fPort, payloadOf(hex)), { readings, flags })
    })
  }

  it('find their decoder by what the server calls the device', () => {
    assert.deepEqual(['Milesight EM400-MUD', 'em310udl 868', 'dingtek df702', 'EM400', 'RAK7201'].map(decoderNamed), ['em400-mud', 'em310-udl', 'df702', 'em400-mud', undefined])
  })

  it('decode to numbers in range or to nothing, whatever mutated bytes there are', () => {
    fc.assert(fc.property(fc.constantFrom(...DECODERS), fc.constantFrom(3, 85), fc.uint8Array({ maxLength: 64 }), (decoder, fPort, payload) => {
      const { readings: { distanceMm = 0, temperatureC = 0, longitude = 0, latitude = 0 } } = decodePayload(decoder, fPort, payload)
      assert.ok(Number.isInteger(distanceMm) && distanceMm >= 0 && distanceMm <= 65_535)
      assert.ok(Math.abs(temperatureC) < 3_277 && Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90)
    }), { numRuns: framesOf() })
  }).timeout(FRAMES_TIMEOUT_MS)
})

describe('uplinks', () => {
  it('of ChirpStack v4 are read, observed by the earliest gateway', () => {
    const uplink = read(chirpstack)
    assert.deepEqual([uplink.network, uplink.id, uplink.devEui, uplink.fCnt, uplink.fPort, uplink.session], ['chirpstack', chirpstack.deduplicationId, EUI, 4, 85, '00189440'])
    assert.equal(uplink.observedMs, Date.parse('2026-05-01T09:59:59.5Z'))
    assert.equal(uplink.serverMs, Date.parse('2026-05-01T10:00:00.123Z'))
    assert.deepEqual(uplink.gateways[1], { id: 'other', rssiDbm: -100, snrDb: 0 })
    assert.deepEqual(uplink.flags, [])
  })

  it('of The Things Stack are read, and told apart by device, session and counter', () => {
    const uplink = read(things)
    assert.deepEqual([uplink.network, uplink.id, uplink.devEui, uplink.profile], ['ttn', `${EUI}/AXA50==/7`, EUI, 'dingtek df702'])
    const body = bodyOf(uplink, new Map([[EUI, { empty_mm: 2_500, full_mm: 500, latitude: 47.6, longitude: -122.2 }]]))
    assert.deepEqual([body['type'], body['fillingLevel'], body['temperature'], body['distanceMm']], ['WasteContainer', 0.25, 25, 2_000])
  })

  it('that leave out what is zero mean zero', () => {
    const { fCnt: _fCnt, fPort: _fPort, data: _data, ...rest } = chirpstack
    const uplink = read({ ...rest, rxInfo: [{ gatewayId: 'g' }] })
    assert.deepEqual([uplink.fCnt, uplink.fPort, uplink.payload.length, uplink.gateways[0]], [0, 0, 0, { id: 'g', rssiDbm: 0, snrDb: 0 }])
    const { uplink_message: { f_cnt: _count, ...message } } = things
    assert.equal(read({ ...things, uplink_message: message }).id, `${EUI}/AXA50==/0`)
  })

  it('of ChirpStack v3 are read though their EUIs are base64 and their object is a text', () => {
    const uplink = read({
      applicationID: '1', deviceName: 'bin', devEUI: Buffer.from(EUI, 'hex').toString('base64'), devAddr: 'ABiUQA==', fCnt: 3, fPort: 85, data: '',
      objectJSON: '{"distance": 1000, "battery": 50}', rxInfo: [{ gatewayID: 'ABbAAfFToUw=', time: '2026-05-01T10:00:00Z', rssi: -1, loRaSNR: 2 }]
    })
    assert.deepEqual([uplink.devEui, uplink.session, uplink.gateways[0]?.id, uplink.gateways[0]?.snrDb], [EUI, '00189440', '0016c001f153a14c', 2])
    assert.deepEqual(uplink.flags, ['chirpstack-3', 'no-server-time'])
    assert.equal(bodyOf(uplink)['distanceMm'], 1_000)
  })

  it('are observed when the server says where the gateway\'s clock is wrong, and both times are kept', () => {
    const uplink = read({ ...chirpstack, rxInfo: [{ gatewayId: 'g', gwTime: '2026-05-01T10:10:01Z' }] })
    assert.deepEqual([uplink.observedMs, uplink.gatewayMs, uplink.flags], [uplink.serverMs, Date.parse('2026-05-01T10:10:01Z'), ['gateway-clock']])
    const near = read({ ...chirpstack, rxInfo: [{ gatewayId: 'g', gwTime: '2026-05-01T10:09:59Z' }, { gatewayId: 'h', gwTime: '1980-01-06T00:00:00Z' }] })
    assert.deepEqual([near.observedMs, near.flags], [Date.parse('2026-05-01T10:09:59Z'), []])
  })

  it('that are binary, no uplinks or from nobody are refused with what to do', () => {
    const failureOf = (bytes: Uint8Array): unknown => {
      const uplink = readUplink(bytes, RECEIVED_MS)
      return uplink.ok ? 'read' : uplink.failure.code
    }
    const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
    assert.deepEqual([
      failureOf(new Uint8Array([10, 3, 1, 2, 3])), failureOf(new Uint8Array(0)), failureOf(text({ a: 1 })), failureOf(text({ ...things, uplink_message: undefined })),
      failureOf(text({ ...chirpstack, deviceInfo: {} })), failureOf(text({ ...chirpstack, data: 'no base64!' })), failureOf(new TextEncoder().encode('{"deviceInfo":'))
    ], ['binary', 'binary', 'other', 'other', 'malformed', 'malformed', 'malformed'])
  })
})

describe('records of uplinks', () => {
  const bin = new Map([[EUI, { empty_mm: 3_000, full_mm: 200, latitude: 47.6, longitude: -122.2, id: 'plaza-1' }]])
  const at = (distanceMm: number): Record<string, unknown> =>
    bodyOf(read({ ...chirpstack, object: { distance: distanceMm } }), bin)

  it('are the container by its local id, with level, raw payload and who brought it', () => {
    const body = bodyOf(read(chirpstack), bin)
    assert.equal(body['id'], 'urn:ngsi-ld:WasteContainer:plaza-1')
    assert.deepEqual([body['fillingLevel'], body['temperature'], body['status'], body['batteryPercent'], body['qualityFlags']], [0.3157, 25.7, 'ok', 92, []])
    assert.equal((body['uplink'] as Record<string, unknown>)['payload'], chirpstack.data)
  })

  it('have no level where the distance or the calibration does not give one', () => {
    assert.deepEqual([3_000, 200, 100, 3_001, 3_300].map(mm => at(mm)['fillingLevel']), [0, 1, 1, 0, 0])
    assert.deepEqual([0, 3_301].map(mm => [at(mm)['fillingLevel'], at(mm)['qualityFlags']]), [[undefined, ['distance']], [undefined, ['distance']]])
    assert.deepEqual(bodyOf(read(chirpstack), new Map([[EUI, { latitude: 1, longitude: 1 }]]))['qualityFlags'], ['no-calibration'])
  })

  it('take numbers with units that public decoders give, and what a device calls full beside our level', () => {
    const body = bodyOf(read({ ...chirpstack, object: { level: '2000 mm', temperature: '25 ℃', alarmLevel: 1, angle: '-90 °' } }), bin)
    assert.deepEqual([body['distanceMm'], body['temperature'], body['isFull'], body['fillingLevel']], [2_000, 25, true, 0.3571])
  })

  it('tell fire by the status and by an alert', () => {
    const burning = read({ ...chirpstack, object: { distance: 500, fire: true } })
    const [state, alert] = [bodyOf(burning, bin), bodyOf(burning, bin, 1)]
    assert.deepEqual([state['status'], alert['type'], alert['alertSource'], alert['severity']], ['burning', 'Alert', state['id'], 'critical'])
    const [first, second] = recordsOf(burning, { devices: bin })
    assert.ok(first !== undefined && second !== undefined)
    assert.notEqual(uplinkIdentity(first), uplinkIdentity(second))
    assert.deepEqual([frameOf(first)?.fCnt, frameOf(second)], [4, undefined])
  })

  it('are a device where nobody knows what it is or where it stands', () => {
    const body = bodyOf(read(chirpstack))
    assert.deepEqual([body['type'], body['id'], body['distanceMm'], body['qualityFlags']], ['Device', `urn:ngsi-ld:Device:${EUI}`, 2_116, ['no-calibration', 'no-place']])
  })

  it('are valid entities that tell their uplink again, whatever mutated message they come from', () => {
    const source = JSON.stringify({ ...chirpstack, object: { distance: 1, fire: true, list: [{ a: 'b' }] } })
    const other = JSON.stringify(things)
    const mutate = fc.tuple(fc.constantFrom(source, other), fc.array(fc.tuple(fc.nat(1_000), fc.constantFrom('"', '{', '}', '0', '-1e999', 'null', '[', '__proto__', '\\u0000', 'true', '}', ',"fCnt":1e9,')), { maxLength: 4 }), fc.boolean())
    fc.assert(fc.property(mutate, ([text, edits, whole]) => {
      let message = text
      for (const [place, piece] of edits) message = message.slice(0, place) + piece + message.slice(place + (whole ? 0 : piece.length))
      const uplink = readUplink(new TextEncoder().encode(message), RECEIVED_MS)
      if (!uplink.ok) return
      for (const record of recordsOf(uplink.value, { devices: bin, decoder: 'em400-mud' })) {
        const entity = JSON.parse(new TextDecoder().decode(record.body)) as { type: string }
        assert.deepEqual(validateEntity(entity.type, entity).ok, true)
        assert.ok(uplinkIdentity(record)?.endsWith(uplink.value.id))
        assert.ok(record.timeMs >= 0)
      }
    }), { numRuns: framesOf() })
  }).timeout(FRAMES_TIMEOUT_MS)
})

describe('gaps of uplinks', () => {
  const total = (frames: readonly (readonly [string, number])[]): number => {
    const counter = new GapCounter()
    for (const [session, fCnt] of frames) counter.observe(EUI, session, fCnt)
    return counter.total
  }

  it('are jumps of the counter within one session', () => {
    assert.deepEqual([total([['a', 0], ['a', 1], ['a', 5]]), total([['a', 9], ['b', 0], ['b', 1]]), total([['a', 3]])], [3, 0, 0])
  })

  it('are taken back where one comes late, and begin anew where a counter does', () => {
    assert.equal(total([['a', 0], ['a', 3], ['a', 2]]), 1)
    assert.equal(total([['a', 5_000], ['a', 0], ['a', 1], ['a', 3]]), 1)
  })

  it('come to what never came, in whatever order within a session the others come', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.nat(100), { minLength: 1, maxLength: 60 }), fc.nat(), (counters, seed) => {
      const ordered = counters.toSorted((a, b) => a - b)
      // Neighbours change places, as they do on the way through several servers; the first stays first, and the last last.
      for (let at = 1 + seed % 2; at < ordered.length - 2; at += 2) [ordered[at], ordered[at + 1]] = [ordered[at + 1] ?? 0, ordered[at] ?? 0]
      const [least, most] = [Math.min(...counters), Math.max(...counters)]
      assert.equal(total(ordered.map(fCnt => ['a', fCnt] as const)), most - least + 1 - counters.length)
    }))
  })
})
