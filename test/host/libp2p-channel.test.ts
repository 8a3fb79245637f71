import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { encodeCanonical, readUint, utf8 } from '../../src/base/index.ts'
import {
  CANCEL, CREDIT, DATA, DATA_BYTES_MAX, encodeFrame, END, ERROR, FrameReader, HEADER_SIZE_BYTES, NOTE, REQUEST, type Breach
} from '../../src/host/libp2p/frame.ts'
import { LIMITS, type Credit } from '../../src/host/libp2p/limits.ts'
import { bodyOf, codeOf, feed, flow, only, pair } from './libp2p-channel.fixture.ts'

describe('a channel', () => {
  it('numbers requests even on the side that opened the stream and odd on the other', () => {
    const { asker, answerer } = pair()
    asker.channel.request(bodyOf(0), 0)
    asker.channel.request(bodyOf(0), 0)
    answerer.channel.request(bodyOf(0), 0)
    assert.deepEqual(flow(asker, answerer).frames.map(({ id }) => id), [2, 4])
    assert.deepEqual(flow(answerer, asker).frames.map(({ id }) => id), [1])
  })

  it('joins small frames into one write and never more than 64 KiB of them', () => {
    const { asker } = pair()
    for (let number = 0; number < 100; number++) asker.channel.note(new Uint8Array(1000))
    const writes: number[] = []
    for (let write = asker.channel.takeWrite(); write !== undefined; write = asker.channel.takeWrite()) writes.push(write.length)
    assert.deepEqual(writes, [64 * 1009, 36 * 1009])
  })

  it('writes a large note in parts, and goes on with what waits behind it', () => {
    const limits = { ...LIMITS, noteBytesMax: 200_000 }
    const { asker, answerer } = pair(limits)
    const note = Uint8Array.from({ length: 150_000 }, (_, at) => at % 251)
    assert.equal(asker.channel.note(note), true)
    assert.equal(asker.channel.note(utf8('behind')), true)
    const reader = new FrameReader(answerer.channel, limits.controlBytesMax, limits.noteBytesMax)
    const writes: number[] = []
    for (let write = asker.channel.takeWrite(); write !== undefined; write = asker.channel.takeWrite()) {
      writes.push(write.length)
      assert.equal(reader.read(write), undefined)
    }
    assert.ok(Math.max(...writes) <= limits.writeBytesMax)
    assert.deepEqual(answerer.notes.map(({ length }) => length), [150_000, 6])
    assert.ok(Buffer.compare(answerer.notes[0] ?? new Uint8Array(0), note) === 0)
  })

  it('judges the length of a note by its own limit before its body comes', () => {
    const { answerer } = pair()
    const header = encodeFrame(NOTE, 0, new Uint8Array(200_001)).subarray(0, HEADER_SIZE_BYTES)
    const reader = new FrameReader(answerer.channel, LIMITS.controlBytesMax, 200_000)
    assert.equal(reader.read(header)?.code, 'too-large')
    assert.ok(reader.heldBytes <= HEADER_SIZE_BYTES)
    const request = encodeFrame(REQUEST, 2, new Uint8Array(LIMITS.controlBytesMax + 1)).subarray(0, HEADER_SIZE_BYTES)
    assert.equal(new FrameReader(answerer.channel, LIMITS.controlBytesMax, 200_000).read(request)?.code, 'too-large')
  })

  it('writes control frames before data', () => {
    const { asker, answerer } = pair()
    asker.channel.request(bodyOf(100_000), 100_000)
    flow(asker, answerer)
    void only(answerer).send(new Uint8Array(10))
    answerer.channel.note(utf8('first'))
    assert.deepEqual(flow(answerer, asker).frames.map(({ kind }) => kind), [NOTE, DATA])
  })

  it('cuts data to frames of 256 KiB and sends one whole chunk before the next request has its turn', () => {
    const { asker, answerer } = pair()
    asker.channel.request(bodyOf(1_000_000), 1_000_000)
    asker.channel.request(bodyOf(1_000_000), 1_000_000)
    flow(asker, answerer)
    const [first, second] = answerer.replies
    assert.ok(first !== undefined && second !== undefined)
    void first.send(new Uint8Array(300_000))
    void first.send(new Uint8Array(100_000))
    void second.send(new Uint8Array(70_000))
    const sent = flow(answerer, asker).frames.map(({ id, body }) => [id, body.length])
    assert.deepEqual(sent, [[2, DATA_BYTES_MAX], [2, 300_000 - DATA_BYTES_MAX], [4, 70_000], [2, 100_000]])
  })

  it('sends END behind the data that was sent before it', async () => {
    const { asker, answerer } = pair()
    const exchange = asker.channel.request(bodyOf(1000), 1000)
    flow(asker, answerer)
    void only(answerer).send(new Uint8Array(500))
    only(answerer).end(utf8('bye'))
    assert.deepEqual(flow(answerer, asker).frames.map(({ kind }) => kind), [DATA, END])
    assert.equal(await codeOf(exchange.outcome), 'end')
  })

  it('stops at the credit and goes on when more is granted', () => {
    const { asker, answerer } = pair()
    const exchange = asker.channel.request(bodyOf(1000), 1000)
    flow(asker, answerer)
    void only(answerer).send(new Uint8Array(1500))
    assert.deepEqual(flow(answerer, asker).frames.map(({ body }) => body.length), [1000])
    exchange.grant(200)
    assert.deepEqual(flow(asker, answerer).frames.map(({ kind }) => kind), [CREDIT])
    assert.deepEqual(flow(answerer, asker).frames.map(({ body }) => body.length), [200])
  })

  it('gathers small grants while the sender has enough', () => {
    const { asker, answerer } = pair()
    const exchange = asker.channel.request(bodyOf(100_000), 100_000)
    flow(asker, answerer)
    void only(answerer).send(new Uint8Array(20_000))
    flow(answerer, asker)
    for (let number = 0; number < 20; number++) exchange.grant(1000)
    const granted = flow(asker, answerer).frames.map(({ body }) => readUint(body, 0, 4))
    assert.deepEqual(granted, [13_000])
  })

  it('lets a reader use its whole window for one item, though a small grant was gathered', () => {
    const { asker, answerer } = pair()
    const exchange = asker.channel.request(bodyOf(1000), 1000)
    flow(asker, answerer)
    void only(answerer).send(new Uint8Array(50))
    flow(answerer, asker)
    exchange.grant(50)
    assert.equal(asker.channel.takeWrite(), undefined, 'not worth a frame yet')
    void only(answerer).send(new Uint8Array(1000))
    flow(answerer, asker)
    assert.deepEqual(flow(asker, answerer).frames.map(({ body }) => readUint(body, 0, 4)), [50])
    assert.deepEqual(flow(answerer, asker).frames.map(({ body }) => body.length), [50])
  })

  it('calls data beyond the credit a breach before it is kept', () => {
    const { asker, answerer } = pair()
    asker.channel.request(bodyOf(1000), 1000)
    flow(asker, answerer)
    const header = encodeFrame(DATA, 2, new Uint8Array(1001)).subarray(0, HEADER_SIZE_BYTES)
    assert.equal(feed(asker, header)?.code, 'credit')
  })

  it('refuses the 33rd request of the other side with busy, and its own before sending it', async () => {
    const { asker, answerer } = pair()
    const exchanges = Array.from({ length: 33 }, () => asker.channel.request(bodyOf(0), 0))
    const last = exchanges[32]
    assert.ok(last !== undefined)
    assert.equal(await codeOf(last.outcome), 'busy')
    flow(asker, answerer)
    assert.equal(answerer.replies.length, 32)
    assert.equal(feed(answerer, encodeFrame(REQUEST, 1000, bodyOf(0))), undefined)
    assert.deepEqual(flow(answerer, asker).frames.map(({ kind, id }) => [kind, id]), [[ERROR, 1000]])
  })

  it('lets a request wait while the stream has no credit left, then sends it', () => {
    const { asker, answerer } = pair()
    asker.channel.request(bodyOf(1_500_000), 1_500_000)
    asker.channel.request(bodyOf(1_000_000), 1_000_000)
    assert.deepEqual(flow(asker, answerer).frames.map(({ id }) => id), [2])
    only(answerer).end(utf8(''))
    flow(answerer, asker)
    asker.channel.admit()
    assert.deepEqual(flow(asker, answerer).frames.map(({ id }) => id), [4])
  })

  it('ends a request that found no credit in 30 s as busy', async () => {
    const { asker, clock } = pair(LIMITS, { take: () => false, give: () => {} })
    const exchange = asker.channel.request(bodyOf(1000), 1000)
    clock.nowMs = 30_000
    assert.equal(asker.channel.tick(), undefined)
    assert.equal(await codeOf(exchange.outcome), 'busy')
    assert.equal(asker.channel.takeWrite(), undefined)
  })

  it('cancels a request without progress for 30 s, and counts an empty chunk as progress', async () => {
    const { asker, answerer, clock } = pair()
    const exchange = asker.channel.request(bodyOf(1000), 1000)
    flow(asker, answerer)
    clock.nowMs = 29_000
    void only(answerer).send(new Uint8Array(0))
    assert.equal(flow(answerer, asker).frames.length, 1)
    clock.nowMs = 58_000
    asker.channel.tick()
    assert.equal(asker.channel.takeWrite(), undefined)
    clock.nowMs = 59_001
    asker.channel.tick()
    assert.equal(await codeOf(exchange.outcome), 'timeout')
    assert.deepEqual(flow(asker, answerer).frames.map(({ kind }) => kind), [CANCEL])
    assert.equal(only(answerer).signal.aborted, true)
    assert.deepEqual(flow(answerer, asker).frames.map(({ kind }) => kind), [CANCEL])
    assert.equal(asker.channel.open + answerer.channel.open, 0)
  })

  it('does not time out a sender that its own reader keeps without credit, but that sender gives up', async () => {
    const { asker, answerer, clock } = pair()
    const exchange = asker.channel.request(bodyOf(1000), 1000)
    flow(asker, answerer)
    const sent = only(answerer).send(new Uint8Array(2000))
    flow(answerer, asker)
    clock.nowMs = 40_000
    asker.channel.tick()
    assert.equal(asker.channel.takeWrite(), undefined)
    answerer.channel.tick()
    await assert.rejects(sent)
    flow(answerer, asker)
    assert.equal(await codeOf(exchange.outcome), 'cancelled')
  })

  it('takes data that crossed its cancel, within the credit, and no more after the confirmation', async () => {
    const { asker, answerer } = pair()
    const exchange = asker.channel.request(bodyOf(1000), 1000)
    flow(asker, answerer)
    void only(answerer).send(new Uint8Array(600))
    exchange.cancel()
    assert.equal(flow(answerer, asker).breach, undefined)
    flow(asker, answerer)
    assert.equal(flow(answerer, asker).breach, undefined)
    assert.equal(await codeOf(exchange.outcome), 'cancelled')
    assert.equal(feed(asker, encodeFrame(DATA, 2, new Uint8Array(1)))?.code, 'unexpected')
  })

  it('resets a stream whose other side never confirms a cancel', () => {
    const { asker, clock } = pair()
    asker.channel.request(bodyOf(0), 0).cancel()
    clock.nowMs = 30_000
    assert.equal(asker.channel.tick()?.code, 'unexpected')
  })

  it('drops notes beyond 256 queued or 4 MiB and says so', () => {
    const { asker, answerer } = pair()
    const taken = Array.from({ length: 300 }, () => asker.channel.note(new Uint8Array(10))).filter(Boolean)
    assert.equal(taken.length, 256)
    flow(asker, answerer)
    assert.equal(answerer.notes.length, 256)
    const large = Array.from({ length: 100 }, () => asker.channel.note(new Uint8Array(65_536))).filter(Boolean)
    assert.equal(large.length, 63)
    assert.equal(asker.channel.note(new Uint8Array(65_537)), false)
  })

  it('calls it a breach to ask faster than the answers are read', () => {
    const { answerer } = pair()
    let breach: Breach | undefined
    for (let id = 2; breach === undefined && id < 10_000; id += 2) breach = feed(answerer, encodeFrame(REQUEST, id, bodyOf(0)))
    assert.equal(breach?.code, 'rate')
  })

  it('calls more frames in a second than allowed a breach', () => {
    const { answerer } = pair({ ...LIMITS, controlFramesPerSecondMax: 10 })
    const notes = Array.from({ length: 11 }, () => encodeFrame(NOTE, 0, new Uint8Array(1)))
    assert.equal(feed(answerer, ...notes.slice(1)), undefined)
    assert.equal(feed(answerer, ...notes)?.code, 'rate')
  })

  it('calls every frame that has no place a breach', () => {
    const wrong: readonly (readonly [Uint8Array, string])[] = [
      [encodeFrame(REQUEST, 2, bodyOf(0)), 'unexpected'],
      [encodeFrame(REQUEST, 0, bodyOf(0)), 'unexpected'],
      [encodeFrame(REQUEST, 1, new Uint8Array([1, 2])), 'malformed'],
      [encodeFrame(REQUEST, 1, encodeCanonical({ verb: 'x' })), 'malformed'],
      [encodeFrame(DATA, 2, new Uint8Array(1)), 'unexpected'],
      [encodeFrame(END, 2, new Uint8Array(1)), 'unexpected'],
      [encodeFrame(ERROR, 2, encodeCanonical({ code: 'busy', reason: '' })), 'unexpected'],
      [encodeFrame(CREDIT, 1, new Uint8Array(3)), 'malformed'],
      [encodeFrame(NOTE, 1, new Uint8Array(1)), 'malformed'],
      [encodeFrame(8, 0, new Uint8Array(1)), 'unknown-kind'],
      [encodeFrame(NOTE, 0, new Uint8Array(64 * 1024 + 1)).subarray(0, HEADER_SIZE_BYTES), 'too-large'],
      [new Uint8Array([0, 0, 0, 4, NOTE, 0, 0, 0, 0]), 'malformed']
    ]
    for (const [frame, code] of wrong) assert.equal(feed(pair().asker, frame)?.code, code)
  })

  it('ends all that is open when it closes, and takes nothing new', async () => {
    const { asker, answerer } = pair()
    const exchange = asker.channel.request(bodyOf(10), 10)
    flow(asker, answerer)
    const sent = only(answerer).send(new Uint8Array(20))
    asker.channel.close('gone')
    answerer.channel.close('gone')
    assert.equal(await codeOf(exchange.outcome), 'closed')
    await assert.rejects(sent)
    assert.equal(await codeOf(asker.channel.request(bodyOf(0), 0).outcome), 'closed')
    assert.equal(asker.channel.note(new Uint8Array(1)), false)
  })

  it('gives back all credit however a request ends', () => {
    let held = 0
    const pool: Credit = { take: sizeBytes => { held += sizeBytes; return true }, give: sizeBytes => { held -= sizeBytes } }
    fc.assert(fc.property(fc.array(fc.constantFrom('end', 'error', 'cancel', 'grant', 'data', 'close'), { maxLength: 20 }), steps => {
      const { asker, answerer } = pair(LIMITS, pool)
      const exchange = asker.channel.request(bodyOf(1000), 1000)
      flow(asker, answerer)
      for (const step of steps) {
        if (step === 'end') only(answerer).end(utf8(''))
        if (step === 'error') only(answerer).error('gone', 'x')
        if (step === 'cancel') exchange.cancel()
        if (step === 'grant') exchange.grant(700)
        if (step === 'data') void only(answerer).send(new Uint8Array(300))
        if (step === 'close') asker.channel.close('x')
        flow(answerer, asker)
        flow(asker, answerer)
        flow(answerer, asker)
      }
      asker.channel.close('over')
      assert.equal(held, 0)
    }))
  })
})
