import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { encodeCanonical } from '../../src/base/index.ts'
import { CANCEL, CREDIT, DATA, encodeFrame, END, ERROR, FrameReader, HEADER_SIZE_BYTES, NOTE, REQUEST } from '../../src/host/libp2p/frame.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { bodyOf, pair } from './libp2p-channel.fixture.ts'

describe('a frame reader', () => {
  const CAP = 4096

  it('reads the same frames however the bytes are cut', () => {
    const frame = fc.record({ kind: fc.constantFrom(REQUEST, DATA, CREDIT, END, NOTE), id: fc.nat(), body: fc.uint8Array({ maxLength: 300 }) })
    fc.assert(fc.property(fc.array(frame, { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ kind, id, body }) => encodeFrame(kind, id, body)))
      const found: { kind: number, id: number, body: number[] }[] = []
      const reader = new FrameReader({
        frame: (kind, id, body) => { found.push({ kind, id, body: [...body] }); return undefined },
        dataBegins: id => { found.push({ kind: DATA, id, body: [] }); return undefined },
        data: (_id, part) => { found.at(-1)?.body.push(...part) }
      }, CAP)
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = cuts[turn % cuts.length] ?? 1
        assert.equal(reader.read(bytes.subarray(at, at + size)), undefined)
        at += size
      }
      assert.deepEqual(found, frames.map(({ kind, id, body }) => ({ kind, id, body: [...body] })))
      assert.equal(reader.heldBytes, 0)
    }))
  })

  it('never throws and never holds more than its cap, on mutated frames', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const kinds = fc.constantFrom(REQUEST, DATA, CREDIT, END, ERROR, CANCEL, NOTE)
    const frame = fc.record({ kind: kinds, id: fc.constantFrom(0, 1, 2, 3, 4, 7), body: fc.uint8Array({ maxLength: 24 }) })
    const mutation = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }) })
    let count = 0
    fc.assert(fc.property(fc.array(frame, { minLength: 100, maxLength: 100 }), fc.array(mutation, { maxLength: 12 }), (frames, mutations) => {
      // A reader is dead after its first breach: each frame has its own, and one channel sees them all.
      const { asker } = pair()
      asker.channel.request(bodyOf(1000), 1000)
      for (const { kind, id, body } of frames) {
        const bytes = encodeFrame(kind, id, kind === ERROR ? encodeCanonical({ code: 'busy', reason: 'x' }) : body)
        for (const { at, to } of mutations) bytes[(at + count) % bytes.length] = to
        const reader = new FrameReader(asker.channel, CAP)
        reader.read(bytes)
        assert.ok(reader.heldBytes <= CAP + HEADER_SIZE_BYTES)
        count += 1
      }
    }), { numRuns: framesOf() / 100 })
    assert.ok(count >= framesOf())
  })
})
