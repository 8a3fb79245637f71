import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { concat, utf8 } from '../../src/base/index.ts'
import {
  encodeRecord, encodeRecordsEnd, RECORD_BODY_BYTES_MAX, recordComplaint, recordOfLine, recordOfText, RecordStreamReader,
  textOfRecord, type RecordInput
} from '../../src/sdk/index.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'

const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength })

const record: fc.Arbitrary<RecordInput> = fc.record({
  key: bytes(1, 40),
  timeMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  operation: fc.constant('put' as const),
  mediaType: fc.constantFrom('text/csv', 'application/json', 'a'),
  body: bytes(0, 300)
}, { noNullPrototype: true })

function read (stream: Uint8Array, cuts: readonly number[]): ReturnType<RecordStreamReader['push']> {
  const reader = new RecordStreamReader()
  const records: RecordInput[] = []
  const at = [0, ...cuts.map(cut => Math.min(cut, stream.length)).toSorted((a, b) => a - b), stream.length]
  for (const [index, from] of at.entries()) {
    const pushed = reader.push(stream.subarray(from, at[index + 1] ?? stream.length))
    if (!pushed.ok) return pushed
    records.push(...pushed.value)
  }
  const ended = reader.end()
  return ended.ok ? { ok: true, value: records } : ended
}

describe('record stream', () => {
  it('gives back the records it was given, however the bytes are cut', () => {
    fc.assert(fc.property(fc.array(record, { maxLength: 8 }), fc.array(fc.nat(3_000), { maxLength: 12 }), (records, cuts) => {
      const stream = concat([...records.map(encodeRecord), encodeRecordsEnd(records.length)])
      assert.deepEqual(read(stream, cuts), { ok: true, value: records })
    }))
  })

  it('tells a whole stream from one that was cut anywhere', () => {
    fc.assert(fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.nat(), (records, at) => {
      const stream = concat([...records.map(encodeRecord), encodeRecordsEnd(records.length)])
      assert.equal(read(stream.subarray(0, at % stream.length), []).ok, false)
    }))
  })

  it('answers mutated streams with records or a failure, and never throws', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const valid = concat([...[1, 2, 3].map(number => encodeRecord({
      key: utf8(`key ${number}`), timeMs: number, operation: 'put', mediaType: 'text/csv', body: utf8('1,2,3\n')
    })), encodeRecordsEnd(3)])
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), changes => {
      const mutated = valid.slice()
      for (const [at, value] of changes) mutated[at] = value
      const result = read(mutated, [])
      if (result.ok) for (const each of result.value) assert.equal(recordComplaint(each), undefined)
    }), { numRuns: framesOf() })
  })

  it('refuses a frame beyond the limit before its bytes come', () => {
    const reader = new RecordStreamReader()
    const pushed = reader.push(new Uint8Array([0xff, 0xff, 0xff, 0x7f]))
    assert.equal(pushed.ok ? '' : pushed.failure.code, 'too-large')
  })

  it('refuses bytes behind the end, and an end that names another count', () => {
    assert.equal(read(concat([encodeRecordsEnd(0), encodeRecordsEnd(0)]), []).ok, false)
    assert.equal(read(encodeRecordsEnd(1), []).ok, false)
  })
})

describe('record text', () => {
  it('keeps every byte of keys and bodies, text or not', () => {
    fc.assert(fc.property(record, fc.nat(), fc.boolean(), (each, number, asText) => {
      const given = { ...each, number, ...(asText ? { body: utf8('Zürich "1"\n') } : {}) }
      assert.deepEqual(recordOfText(JSON.parse(JSON.stringify(textOfRecord(given)))), given)
    }))
  })

  it('makes a record of a line with nothing but a body', () => {
    const line = recordOfLine('{"body":{"speed":3}}', { key: 'speeds', timeMs: 7, mediaType: 'text/plain' })
    assert.deepEqual(line, {
      ok: true, value: { key: utf8('speeds'), timeMs: 7, operation: 'put', mediaType: 'application/json', body: utf8('{"speed":3}') }
    })
  })

  it('says what is wrong with a line, and changes no text that UTF-8 cannot hold', () => {
    const defaults = { key: 'k', timeMs: 1, mediaType: 'text/plain' }
    for (const line of ['', '{', '[]', '{"bodi":1}', '{"body":"\\ud800"}', '{"bodyHex":"0"}', '{"operation":"delete","body":"x"}', '{"timeMs":-1}']) {
      const record = recordOfLine(line, defaults)
      assert.ok(!record.ok && record.failure.reason.length > 5, line)
    }
    const large = recordOfLine(JSON.stringify({ body: 'x'.repeat(RECORD_BODY_BYTES_MAX + 1) }), defaults)
    assert.match(large.ok ? '' : large.failure.reason, /at most 262144 bytes/)
  })

  it('answers any line with a record or a reason', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), line => {
      const record = recordOfLine(line, { key: 'k', timeMs: 1, mediaType: 'text/plain' })
      if (record.ok) assert.equal(recordComplaint(record.value), undefined)
    }))
  })
})
