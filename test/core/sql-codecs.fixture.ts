import { strict as assert } from 'node:assert'
import { cidOf } from '../../src/base/index.ts'
import { didOfKey } from '../../src/core/identity/index.ts'
import { answerBody, decodeAnswerProof, decodeQuestion, encodeAnswerProof, encodeQuestion, type SentQuestion } from '../../src/core/sql/index.ts'
import { randomBytes } from '../base/mutate.fixture.ts'
import { listOf, pick, someUint, type CodecCase, type Random } from './codecs.fixture.ts'

function orNothing<T> (random: Random, value: T): T | null {
  return random() < 0.5 ? null : value
}

function someQuestion (random: Random): SentQuestion {
  return {
    text: pick(random, ['SELECT count(*) FROM "Brügge/trips"', 'SELECT 1', 'SELECT a FROM b GROUP BY a']), purpose: orNothing(random, 'urn:hanse:purpose:1:waste.collection'),
    tables: listOf(random, 3, () => ({ name: pick(random, ['Brugge/trips', 'b']), datasetId: pick(random, ['trips', 'b', 'waste-2026']) })),
    agreementId: orNothing(random, 'urn:uuid:00000000-0000-4000-8000-000000000001')
  }
}

function someAnswer (random: Random): Uint8Array {
  return answerBody({
    federation: cidOf('dagCbor', randomBytes(random, 8)), publisher: didOfKey(randomBytes(random, 32)), requester: orNothing(random, didOfKey(randomBytes(random, 32))),
    question: randomBytes(random, 32), result: randomBytes(random, 32), resultBytes: someUint(random), rows: someUint(random), timeMs: someUint(random), minGroupSize: orNothing(random, 5 + someUint(random, 20)),
    sources: listOf(random, 3, () => ({
      datasetId: pick(random, ['trips', 'a']), feed: cidOf('dagCbor', randomBytes(random, 8)), length: someUint(random), root: randomBytes(random, 32), records: someUint(random)
    }))
  })
}

function someProof (random: Random): Uint8Array {
  return encodeAnswerProof({
    charter: randomBytes(random, 40), certificates: [randomBytes(random, 30)], revocations: listOf(random, 2, () => randomBytes(random, 20)), answer: someAnswer(random),
    question: encodeQuestion(someQuestion(random)), csv: randomBytes(random, 50)
  })
}

export const sqlCodecs: Readonly<Record<string, CodecCase>> = {
  question: {
    example: random => encodeQuestion(someQuestion(random)),
    again: encoded => {
      const decoded = decodeQuestion(encoded)
      return decoded.ok ? encodeQuestion(decoded.value) : undefined
    },
    assertRoundTrip: random => {
      const question = someQuestion(random)
      assert.deepEqual(decodeQuestion(encodeQuestion(question)), { ok: true, value: question })
    }
  },
  // Read within its statement alone.
  answer: { example: someAnswer, again: null, assertRoundTrip: () => {} },
  'answer proof': {
    example: someProof,
    again: encoded => {
      const decoded = decodeAnswerProof(encoded)
      return decoded.ok ? encodeAnswerProof(decoded.value) : undefined
    },
    assertRoundTrip: random => {
      const encoded = someProof(random)
      assert.ok(decodeAnswerProof(encoded).ok)
    }
  }
}
