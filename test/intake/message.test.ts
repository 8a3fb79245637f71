import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { utf8 } from '../../src/base/index.ts'
import { createReader, type Batch, type ReaderSettings } from '../../src/intake/message/index.ts'
import { declarationSchema, type RecordInput } from '../../src/sdk/index.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'

const RECEIVED_MS = Date.parse('2026-05-01T10:00:00Z')

function settingsOf (given: Readonly<Record<string, unknown>>, model: string | null = null): ReaderSettings {
  const declaration = declarationSchema.parse({ name: 'a', kind: 'push', dataset: { id: 'a', title: 'A', model }, ...given })
  assert.ok(declaration.kind === 'push')
  return declaration
}

async function readAll (settings: ReaderSettings, text: string | Uint8Array, mediaType = '', origin = 'test'): Promise<{ readonly records: readonly RecordInput[], readonly reasons: readonly string[] }> {
  const bytes = typeof text === 'string' ? utf8(text) : text
  // In small pieces, as a network brings them.
  const chunks = [...Array(Math.ceil(bytes.length / 7)).keys()].map(at => bytes.subarray(at * 7, at * 7 + 7))
  const batches: Batch[] = []
  for await (const batch of createReader(settings).read({ chunks, mediaType, origin, receivedMs: RECEIVED_MS })) batches.push(batch)
  return { records: batches.flatMap(({ records }) => records), reasons: batches.flatMap(({ rejected }) => rejected.map(({ reason }) => reason)) }
}

function shown ({ key, timeMs, body }: RecordInput): readonly [string, string, unknown] {
  return [new TextDecoder().decode(key), new Date(timeMs).toISOString(), JSON.parse(new TextDecoder().decode(body))]
}

describe('messages of JSON', () => {
  const mapping = {
    items: '/data', key: ['meta.id', '/sensor~1no'], time: 'at', time_format: 's', location: { longitude: 'pos.0', latitude: 'pos.1' },
    columns: {
      temperature: { from: 't', type: 'number', scale: 0.1, offset: -40, unit: 'Cel' }, source: { constant: 'roof' }, ok: { from: 'ok', type: 'boolean' },
      seen: { from: 'seen', type: 'time', format: 'ms' }, note: { from: 'note', type: 'text', required: true }
    }
  }
  const item = { 'meta': { id: 'a' }, 'sensor/no': 7, 'at': 1_777_629_600, 't': '653', 'ok': 1, 'seen': 1_777_629_600_123, 'note': 'n', 'pos': [10.5, 53.5] }

  it('become records by a mapping, with units, constants and places', async () => {
    const { records, reasons } = await readAll(settingsOf({ mapping }), JSON.stringify({ data: [item] }))
    assert.deepEqual(records.map(shown), [['a/7', '2026-05-01T10:00:00.000Z', {
      temperature: 25.3, source: 'roof', ok: true, seen: '2026-05-01T10:00:00.123Z', note: 'n', location: { type: 'Point', coordinates: [10.5, 53.5] }
    }]])
    assert.deepEqual(reasons, [])
    assert.deepEqual(createReader(settingsOf({ mapping })).columns.find(({ name }) => name === 'temperature'), { name: 'temperature', type: 'number', unit: 'Cel' })
  })

  it('give what can be read, and say of the rest why not', async () => {
    const bad = [{ ...item, note: undefined }, { ...item, at: 'yesterday' }, { ...item, meta: {} }, 7]
    const { records, reasons } = await readAll(settingsOf({ mapping }), JSON.stringify({ data: [...bad, item] }))
    assert.deepEqual([records.length, reasons], [1, ['the item has no note', '"yesterday" is no time written as s', 'the item has no key at meta.id', 'the item is no JSON object']])
    assert.deepEqual((await readAll(settingsOf({ mapping }), '{"other":1}')).reasons, ['there are no items where the mapping looks for them'])
    assert.deepEqual((await readAll(settingsOf({ mapping }), '{"data":')).reasons, ['the message is not JSON'])
  })

  it('with a day that there is not are refused, and not taken for the day after', async () => {
    const days = ['2024-02-29', '2024-02-30', '2023-02-29T10:00:00+01:00', '2024-04-31 10:00', '2024-12-31T23:30:00-02:00', '2024-13-01']
    const { records, reasons } = await readAll(settingsOf({ mapping: { key: ['at'], time: 'at' } }), JSON.stringify(days.map(at => ({ at }))))
    assert.deepEqual(records.map(({ timeMs }) => new Date(timeMs).toISOString()), ['2024-02-29T00:00:00.000Z', '2025-01-01T01:30:00.000Z'])
    assert.equal(reasons.length, 4)
  })

  it('are entities of the data model that the dataset has, or are refused', async () => {
    const settings = settingsOf({ mapping: { key: ['n'], columns: { fillingLevel: { from: 'f', type: 'number', scale: 0.01 } }, location: { longitude: 'x', latitude: 'y' } } }, 'WasteContainer')
    const { records, reasons } = await readAll(settings, '[{"n":1,"f":70,"x":1,"y":2},{"n":2,"f":700,"x":1,"y":2},{"n":3,"f":7}]')
    assert.deepEqual(records.map(shown), [['urn:ngsi-ld:WasteContainer:1', '2026-05-01T10:00:00.000Z', {
      fillingLevel: 0.7, location: { type: 'Point', coordinates: [1, 2] }, id: 'urn:ngsi-ld:WasteContainer:1', type: 'WasteContainer'
    }]])
    assert.deepEqual(reasons.map(reason => reason.slice(0, 33)), ['no WasteContainer: /fillingLevel ', 'no WasteContainer: /location a Wa'])
  })

  it('never reach into what an object has from its prototype', async () => {
    const settings = settingsOf({ mapping: { key: ['constructor.name'], columns: { a: { from: '__proto__.toString' } } } })
    assert.deepEqual((await readAll(settings, '[{"id":1}]')).reasons, ['the item has no key at constructor.name'])
  })

  it('in lines, and rows of CSV, are read one by one, also where their bringer alone says so', async () => {
    const settings = settingsOf({ mapping: { key: ['id'], time: 'at', columns: { v: { from: 'v', type: 'number' }, text: { from: 'text' } } } })
    const lines = await readAll(settings, '{"id":"a","at":"2026-01-01T00:00:00Z","v":1}\nno json\n\n{"id":"b","at":"2026-01-01","v":2}', 'application/x-ndjson')
    assert.deepEqual([lines.records.length, lines.reasons], [2, ['the line is not JSON']])
    const rows = await readAll(settings, '\uFEFFid;at;v;text\r\na;2026-01-01T01:00:00+01:00;1.5;"x;""y""\nz"\r\nb;2026-01-01\r\n', 'text/csv; charset=utf-8')
    assert.deepEqual(rows.records.map(shown), [['a', '2026-01-01T00:00:00.000Z', { v: 1.5, text: 'x;"y"\nz' }]])
    assert.deepEqual(rows.reasons, ['the row has 2 fields, the header 4'])
  })
})

describe('rows that no record can hold', () => {
  it('are refused, and those behind them are taken all the same', async () => {
    const large = 'x'.repeat(300_000)
    const lines = await readAll(settingsOf({ format: 'ndjson' }), ['{"id":"a"}', `{"id":"b","x":"${large}"}`, '{"id":"c"}', `{"id":"d","x":"${large}"}`].join('\n'))
    assert.deepEqual(lines.records.map(({ key }) => new TextDecoder().decode(key)), ['a', 'c'])
    assert.deepEqual(lines.reasons.map(reason => /^part (\d) of the table is larger/.exec(reason)?.[1]), ['2', '4'])
    const rows = await readAll(settingsOf({ format: 'csv' }), `id,x\na,1\nb,${large}\nc,3\n`)
    assert.deepEqual(rows.records.map(({ key }) => new TextDecoder().decode(key)), ['a', 'c'])
  })

  it('name no columns: a table whose header is too large gives nothing', async () => {
    const { records, reasons } = await readAll(settingsOf({ format: 'csv' }), `id,${'x'.repeat(300_000)}\na,1\nid,2\n`)
    assert.deepEqual([records.length, reasons.length], [0, 1])
  })
})

describe('SenML', () => {
  const settings = settingsOf({ format: 'senml' })

  it('is resolved as the examples of RFC 8428 say', async () => {
    const { records, reasons } = await readAll(settings, JSON.stringify([
      { bn: 'urn:dev:ow:10e2073a0108006:', bt: 1.276020076001e+09, bu: 'A', bver: 5, n: 'voltage', u: 'V', v: 120.1 },
      { n: 'current', t: -5, v: 1.2 }, { n: 'current', t: -4, v: 1.3 }, { n: 'open', vb: false }, { n: 'label', vs: 'Machine' }
    ]), 'application/senml+json')
    assert.deepEqual(reasons, [])
    assert.deepEqual(records.map(shown).map(([key, time, body]) => [key.slice(27), time, body]), [
      ['voltage', '2010-06-08T18:01:16.001Z', { name: 'urn:dev:ow:10e2073a0108006:voltage', value: 120.1, unit: 'V', time: '2010-06-08T18:01:16.001Z' }],
      ['current', '2010-06-08T18:01:11.001Z', { name: 'urn:dev:ow:10e2073a0108006:current', value: 1.2, unit: 'A', time: '2010-06-08T18:01:11.001Z' }],
      ['current', '2010-06-08T18:01:12.001Z', { name: 'urn:dev:ow:10e2073a0108006:current', value: 1.3, unit: 'A', time: '2010-06-08T18:01:12.001Z' }],
      ['open', '2010-06-08T18:01:16.001Z', { name: 'urn:dev:ow:10e2073a0108006:open', flag: false, unit: 'A', time: '2010-06-08T18:01:16.001Z' }],
      ['label', '2010-06-08T18:01:16.001Z', { name: 'urn:dev:ow:10e2073a0108006:label', text: 'Machine', unit: 'A', time: '2010-06-08T18:01:16.001Z' }]
    ])
  })

  it('counts small times from now, base values onto values, and refuses what it must not guess', async () => {
    const { records, reasons } = await readAll(settings, JSON.stringify([
      { bn: 'a/', bv: 20, n: 'x', t: -60, v: 1 }, { n: 'y', must_: 1, v: 1 }, { n: 'bad name', v: 1 }, { n: 'z' }, { bver: 99, n: 'v', v: 1 }, 5
    ]))
    assert.deepEqual(records.map(shown), [['a/x', '2026-05-01T09:59:00.000Z', { name: 'a/x', value: 21, time: '2026-05-01T09:59:00.000Z' }]])
    assert.equal(reasons.length, 5)
  })
})

describe('observations of SensorThings', () => {
  const settings = settingsOf({ format: 'sensorthings' })

  it('are read one by one, in lists, as data arrays, and by their topic', async () => {
    const observation = { phenomenonTime: '2026-05-01T09:00:00Z/2026-05-01T10:00:00Z', result: 21.5 }
    const one = await readAll(settings, JSON.stringify({ ...observation, Datastream: { '@iot.id': 4 } }))
    assert.deepEqual(one.records.map(shown), [['4', '2026-05-01T09:00:00.000Z', { ...observation, datastream: '4' }]])
    const byTopic = await readAll(settings, JSON.stringify(observation), '', "v1.1/Datastreams('abc')/Observations")
    assert.equal(byTopic.records.map(shown)[0]?.[0], 'abc')
    const array = await readAll(settings, JSON.stringify([{ Datastream: { '@iot.id': 1 }, components: ['phenomenonTime', 'result'], dataArray: [['2026-05-01T09:00:00Z', 1], ['2026-05-01T09:01:00Z', 2]] }]))
    assert.deepEqual(array.records.map(shown).map(([key, time]) => [key, time]), [['1', '2026-05-01T09:00:00.000Z'], ['1', '2026-05-01T09:01:00.000Z']])
  })

  it('without a result, a datastream or a time that can be read are refused', async () => {
    const { reasons } = await readAll(settings, '[{"Datastream":{"@iot.id":1}},{"result":1},{"result":1,"Datastream":{"@iot.id":1},"phenomenonTime":"soon"}]')
    assert.deepEqual(reasons.map(reason => reason.slice(0, 30)), ['the observation has no result', 'the observation names no datas', '"soon" is no time written as i'])
  })
})

describe('readers of messages', () => {
  it('refuse with a reason what is nested so deeply that nobody could write it again', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const values = `${'{"value":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const messages: Readonly<Record<string, readonly string[]>> = {
      'json': [`{"id":"a","x":${deep}}`, deep], 'ndjson': [`{"id":"a","x":${deep}}`], 'senml': [`[{"n":"a","v":1,"x_":${deep}}]`],
      'sensorthings': [`{"Datastream":{"@iot.id":1},"result":${deep}}`], 'chirpstack': [`{"deviceInfo":{"devEui":"24e124713b123456"},"object":{"distance":${values}}}`]
    }
    for (const [format, texts] of Object.entries(messages)) {
      for (const text of texts) assert.deepEqual(await readAll(settingsOf({ format }), text), { records: [], reasons: [text.startsWith('{"id"') && format === 'ndjson' ? 'the line is nested too deeply' : 'the message is nested too deeply'] }, format)
    }
  })

  it('give records or reasons for any mutated bytes, and throw nothing', async () => {
    const formats = ['json', 'ndjson', 'csv', 'senml', 'sensorthings', 'auto-lorawan'] as const
    const piece = fc.oneof(fc.json(), fc.string(), fc.constantFrom('[', ']', '{"id":1}', '\n', '"', ',', '{"bn":"a","n":"b","v":1}', '{"result":1}', '{"deviceInfo":{"devEui":"24e124713b123456"}}'))
    await fc.assert(fc.asyncProperty(fc.constantFrom(...formats), fc.array(piece, { maxLength: 6 }), async (format, pieces) => {
      const { records } = await readAll(settingsOf({ format }), pieces.join(''))
      for (const { key, timeMs, body } of records) {
        assert.ok(key.length > 0 && Number.isSafeInteger(timeMs) && timeMs >= 0)
        JSON.parse(new TextDecoder().decode(body))
      }
    }), { numRuns: Math.min(framesOf(1_000), 100_000) })
  }).timeout(FRAMES_TIMEOUT_MS)
})
