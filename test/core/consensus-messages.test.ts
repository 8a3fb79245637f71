import { strict as assert } from 'node:assert'
import { concat, equalBytes, u32 } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, joinMessages, JOINED_BYTES_MAX, MESSAGE_KINDS, splitMessages } from '../../src/core/consensus/index.ts'
import { mutated, randomBytes } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { EXAMPLES } from './consensus.examples.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const BODY_BYTES_MAX = 4_096

describe('consensus messages', () => {
  for (const kind of MESSAGE_KINDS) {
    it(`of kind ${kind} come back from their bytes as they were`, () => {
      const random = randomFrom(kind.length + 7)
      for (let round = 0; round < 100; round++) {
        const message = EXAMPLES[kind](random)
        assert.deepEqual(decodeMessage(encodeMessage(message), BODY_BYTES_MAX), { ok: true, value: message })
      }
    })
  }

  it('have one encoding each: mutated frames are refused, or mean something else', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const random = randomFrom(SEED)
    const frames = MESSAGE_KINDS.map(kind => encodeMessage(EXAMPLES[kind](random)))
    for (let round = 0; round < framesOf(); round++) {
      const mutant = mutated(frames[round % frames.length] ?? new Uint8Array(1), random)
      const decoded = decodeMessage(mutant, BODY_BYTES_MAX)
      if (decoded.ok) assert.ok(equalBytes(encodeMessage(decoded.value), mutant), `seed ${SEED}, round ${round}`)
    }
  })

  it('that are too large for their kind are refused before they are decoded', () => {
    const caps = { vote: 256, cert: 4 * 1024, status: 16 * 1024, getBlock: 32, getVotesOf: 0 } as const
    const random = randomFrom(3)
    for (const [kind, cap] of Object.entries(caps)) {
      const [code] = encodeMessage(EXAMPLES[kind as keyof typeof caps](random))
      const frame = concat([new Uint8Array([code ?? 0]), randomBytes(random, cap + 1)])
      assert.deepEqual(decodeMessage(frame, BODY_BYTES_MAX), { ok: false, failure: { code: 'too-large' } })
    }
    const body = randomBytes(random, BODY_BYTES_MAX + 1)
    const block = EXAMPLES.block(random)
    assert.ok(!decodeMessage(encodeMessage({ ...block, block: { ...block.block, body } }), BODY_BYTES_MAX).ok)
  })

  it('of a kind that does not exist are refused', () => {
    for (const code of [0, 18, 255]) assert.deepEqual(decodeMessage(new Uint8Array([code]), BODY_BYTES_MAX), { ok: false, failure: { code: 'unknown-kind' } })
    assert.ok(!decodeMessage(new Uint8Array(0), BODY_BYTES_MAX).ok)
  })
})

describe('messages in one frame', () => {
  it('come apart as they were joined', () => {
    const random = randomFrom(5)
    for (let count = 1; count < 12; count++) {
      const messages = Array.from({ length: count }, () => encodeMessage(EXAMPLES.vote(random)))
      assert.deepEqual(splitMessages(joinMessages(messages)), messages)
    }
  })

  it('are refused where lengths do not add up, one is empty, one is a frame of frames, or there is one alone', () => {
    const vote = encodeMessage(EXAMPLES.vote(randomFrom(6)))
    const joined = joinMessages([vote, vote])
    assert.equal(splitMessages(joined.slice(0, -1)), undefined)
    assert.equal(splitMessages(concat([joined, new Uint8Array(1)])), undefined)
    assert.equal(splitMessages(concat([new Uint8Array([0]), u32(0), u32(vote.length), vote])), undefined)
    assert.equal(splitMessages(concat([new Uint8Array([0]), u32(joined.length), joined, u32(vote.length), vote])), undefined)
    assert.equal(splitMessages(concat([new Uint8Array([0]), u32(vote.length), vote])), undefined)
    assert.equal(splitMessages(new Uint8Array([0])), undefined)
    assert.equal(splitMessages(new Uint8Array(JOINED_BYTES_MAX + 1)), undefined)
  })

  it('never throw, whatever the bytes', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const random = randomFrom(SEED)
    const joined = joinMessages(MESSAGE_KINDS.map(kind => encodeMessage(EXAMPLES[kind](random))))
    for (let round = 0; round < framesOf(1_000); round++) {
      for (const each of splitMessages(mutated(joined, random)) ?? []) decodeMessage(each, BODY_BYTES_MAX)
    }
  })
})
