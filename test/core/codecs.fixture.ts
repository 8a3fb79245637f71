import { strict as assert } from 'node:assert'
import { cidOf, type CID, type Result } from '../../src/base/index.ts'
import {
  decodeBlock, decodeCert, decodeCheckpoint, decodeEvidence, decodeFinalityProof, decodeHeader, decodeJust, decodeVote, encodeBlock, encodeCert,
  encodeCheckpoint, encodeEvidence, encodeFinalityProof, encodeHeader, encodeJust, encodeVote, FINALIZE, FLUSH, makeBlock, NORMAL, NOTARIZE,
  NULLIFY, PROPOSE, SEAL, VALIDATORS_MAX, voteSignBytes,
  type Block, type Cert, type Checkpoint, type Evidence, type FinalityProof, type Header, type Just, type Seal, type Validator, type Vote, type VoteType
} from '../../src/core/finality/index.ts'
import { didOfKey } from '../../src/core/identity/index.ts'
import { randomBytes } from '../base/mutate.fixture.ts'

/** Numbers from 0 to below 1. */
export type Random = () => number

/** One kind of signed structure or message on the wire, for tests that go over all kinds. */
export type CodecCase = {
  /** An encoding of something that this kind can say. */
  readonly example: (random: Random) => Uint8Array
  /** What was accepted, encoded again; undefined where it is refused. Null for what is only ever written. */
  readonly again: ((encoded: Uint8Array) => Uint8Array | undefined) | null
  /** That decoding gives back what was encoded. */
  readonly assertRoundTrip: (random: Random) => void
}

export function codecCase<T> (
  encode: (value: T) => Uint8Array, decode: (encoded: Uint8Array) => Result<T, unknown>, example: (random: Random) => T
): CodecCase {
  return {
    example: random => encode(example(random)),
    again: encoded => {
      const decoded = decode(encoded)
      return decoded.ok ? encode(decoded.value) : undefined
    },
    assertRoundTrip: random => {
      const value = example(random)
      assert.deepEqual(decode(encode(value)), { ok: true, value })
    }
  }
}

/** Also of every width that the encoding of a number has, with its ends. */
export function someUint (random: Random, max = 2 ** 48): number {
  const ends = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, max].filter(each => each <= max)
  return random() < 0.5 ? pick(random, ends) : Math.floor(random() * (Math.min(max, 2 ** pick(random, [4, 8, 16, 32, 48])) + 1))
}

export function pick<T> (random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] ?? assert.fail('nothing to pick from')
}

export function listOf<T> (random: Random, max: number, make: (random: Random) => T): T[] {
  return Array.from({ length: Math.floor(random() * (max + 1)) }, () => make(random))
}

const hash = (random: Random): Uint8Array => randomBytes(random, 32)
const view = (random: Random): number => Math.max(1, someUint(random))
const someCid = (random: Random): CID => cidOf('dagCbor', randomBytes(random, 8))

function someVote (random: Random): Vote {
  const type = pick<VoteType>(random, [PROPOSE, NOTARIZE, NULLIFY, FINALIZE])
  return {
    epoch: someUint(random), view: view(random), type, digest: type === NULLIFY ? null : hash(random),
    signer: someUint(random, VALIDATORS_MAX - 1), signature: randomBytes(random, 64)
  }
}

export function someCert (random: Random): Cert {
  const type = pick(random, [NOTARIZE, NULLIFY, FINALIZE] as const)
  const bitmap = randomBytes(random, 1 + Math.floor(random() * 4))
  bitmap[bitmap.length - 1] = 0x7f & (bitmap.at(-1) ?? 0) | 1
  const count = [...bitmap].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  return {
    epoch: someUint(random), view: view(random), type, digest: type === NULLIFY ? null : hash(random), bitmap, signatures: randomBytes(random, 64 * count)
  }
}

const someValidator = (random: Random): Validator => ({ member: didOfKey(hash(random)), node: hash(random), key: hash(random) })

const someSeal = (random: Random): Seal => ({
  nextValidators: [someValidator(random), ...listOf(random, 6, someValidator)], nextValidatorsHash: hash(random), nextParamsHash: hash(random),
  nextVersion: 1 + someUint(random, 65_534), prevSeal: hash(random), prevSealHeight: someUint(random)
})

function someHeader (random: Random): Header {
  const type = pick(random, [NORMAL, FLUSH, SEAL] as const)
  return {
    federation: someCid(random), epoch: someUint(random), view: view(random), height: view(random), parent: hash(random), parentView: someUint(random),
    timeMs: someUint(random), proposer: someUint(random, VALIDATORS_MAX - 1), type, validatorsHash: hash(random), justDigest: hash(random),
    evidenceRoot: hash(random), bodyRoot: hash(random), stateRoot: hash(random), logRoot: hash(random), seal: type === SEAL ? someSeal(random) : null
  }
}

const someJust = (random: Random): Just => ({ parentCert: random() < 0.3 ? null : someCert(random), nulls: listOf(random, 3, someCert) })

function someBlock (random: Random): Block {
  const { justDigest: _justDigest, evidenceRoot: _evidenceRoot, ...header } = someHeader(random)
  return makeBlock({
    ...header, just: someJust(random), evidence: listOf(random, 3, () => randomBytes(random, 1 + someUint(random, 300))),
    body: randomBytes(random, someUint(random, 300))
  })
}

function someEvidence (random: Random): Evidence {
  if (random() < 0.3) {
    return { kind: 'bad-justification', vote: someVote(random), header: encodeHeader(someHeader(random)).bytes, just: encodeJust(someJust(random)) }
  }
  const kind = pick(random, ['double-propose', 'double-notarize', 'double-finalize', 'nullify-finalize', 'notarize-finalize'] as const)
  return { kind, first: someVote(random), second: someVote(random) }
}

const someProof = (random: Random): FinalityProof => ({
  headers: Array.from({ length: 1 + Math.floor(random() * 4) }, () => encodeHeader(someHeader(random)).bytes), cert: someCert(random)
})

const someCheckpoint = (random: Random): Checkpoint => ({
  federation: someCid(random), epoch: someUint(random), height: someUint(random), digest: hash(random), validatorsHash: hash(random),
  timeMs: someUint(random)
})

const BODY_BYTES_MAX = 1_000

/** Everything that core/finality writes. */
export const finalityCodecs: Readonly<Record<string, CodecCase>> = {
  'vote': codecCase(encodeVote, decodeVote, someVote),
  'certificate': codecCase(encodeCert, decodeCert, someCert),
  'header': codecCase(({ header }) => encodeHeader(header).bytes, decodeHeader, random => encodeHeader(someHeader(random))),
  'justification': codecCase(encodeJust, decodeJust, someJust),
  'block': codecCase(encodeBlock, encoded => decodeBlock(encoded, BODY_BYTES_MAX), someBlock),
  'finality proof': codecCase(encodeFinalityProof, decodeFinalityProof, someProof),
  'evidence': codecCase(encodeEvidence, decodeEvidence, someEvidence),
  'checkpoint': codecCase(encodeCheckpoint, decodeCheckpoint, someCheckpoint),
  'sign bytes of a vote': {
    example: random => voteSignBytes(someCid(random), someVote(random)), again: null, assertRoundTrip: () => {}
  }
}
