import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { bytesOfHex, cidOfBytes, hex } from '../../src/base/index.ts'
import {
  decodeBlock, decodeCert, decodeCheckpoint, decodeEvidence, decodeFinalityProof, decodeHeader, decodeJust, decodeVote, encodeBlock, encodeCert,
  encodeCheckpoint, encodeEvidence, encodeFinalityProof, encodeHeader, encodeJust, encodeVote, leaderOf, nextAnchor, realScheme, validatorSet,
  verifyEvidence, verifyFinality, voteSignBytes,
  type Anchor, type VoteType
} from '../../src/core/finality/index.ts'
import { codeOf, valueOf } from './identity.fixture.ts'

type Kind = 'vote' | 'certificate' | 'header' | 'justification' | 'block' | 'finality proof' | 'evidence' | 'checkpoint'
type Named = { readonly name: string, readonly hex: string, readonly reason?: string }
/** `ok` or the code of the failure. */
type Case = Named & { readonly kind: Kind, readonly expect: string, readonly digest?: string }
type Next = { readonly epoch: number, readonly base: string, readonly baseHeight: number, readonly timeMs: number, readonly validatorsHash: string }

type Vectors = {
  readonly anchor: {
    readonly federation: string, readonly epoch: number, readonly base: string, readonly baseHeight: number, readonly timeMs: number
    readonly validators: readonly { readonly member: string, readonly node: string, readonly key: string }[]
  }
  readonly validatorsHash: string
  readonly leaders: readonly { readonly base: string, readonly order: readonly number[] }[]
  readonly signBytes: readonly { readonly epoch: number, readonly view: number, readonly type: VoteType, readonly digest: string | null, readonly hex: string }[]
  readonly bodyBytesMax: number
  readonly cases: readonly Case[]
  readonly proofs: readonly (Named & { readonly expect: string, readonly digest?: string })[]
  readonly seals: readonly (Named & { readonly expect: string, readonly next?: Next })[]
  readonly evidence: readonly (Named & { readonly proves: boolean })[]
}

const vectors = JSON.parse(readFileSync('test/vectors/finality.json', 'utf8')) as Vectors

function bytesOf (text: string): Uint8Array {
  return bytesOfHex(text) ?? assert.fail('a vector is not in hex')
}

const anchor: Anchor = {
  ...vectors.anchor, federation: cidOfBytes(bytesOf(vectors.anchor.federation)) ?? assert.fail('a federation'), base: bytesOf(vectors.anchor.base),
  validators: vectors.anchor.validators.map(({ member, node, key }) => ({ member, node: bytesOf(node), key: bytesOf(key) }))
}
const set = valueOf(validatorSet(anchor.validators, realScheme))

/** The code; and, of what was accepted, its bytes written again and its digest if it has one. */
function judge ({ kind, hex: text }: Case): readonly [code: string, again?: Uint8Array, digest?: Uint8Array] {
  const bytes = bytesOf(text)
  switch (kind) {
    case 'vote': {
      const read = decodeVote(bytes)
      return read.ok ? ['ok', encodeVote(read.value)] : [read.failure.code]
    }
    case 'certificate': {
      const read = decodeCert(bytes)
      return read.ok ? ['ok', encodeCert(read.value)] : [read.failure.code]
    }
    case 'header': {
      const read = decodeHeader(bytes)
      return read.ok ? ['ok', encodeHeader(read.value.header).bytes, read.value.digest] : [read.failure.code]
    }
    case 'justification': {
      const read = decodeJust(bytes)
      return read.ok ? ['ok', encodeJust(read.value)] : [read.failure.code]
    }
    case 'block': {
      const read = decodeBlock(bytes, vectors.bodyBytesMax)
      return read.ok ? ['ok', encodeBlock(read.value), read.value.digest] : [read.failure.code]
    }
    case 'finality proof': {
      const read = decodeFinalityProof(bytes)
      return read.ok ? ['ok', encodeFinalityProof(read.value)] : [read.failure.code]
    }
    case 'evidence': {
      const read = decodeEvidence(bytes)
      return read.ok ? ['ok', encodeEvidence(read.value)] : [read.failure.code]
    }
    case 'checkpoint': {
      const read = decodeCheckpoint(bytes)
      return read.ok ? ['ok', encodeCheckpoint(read.value)] : [read.failure.code]
    }
  }
}

describe('finality: frozen vectors', () => {
  it('names the validators as ever, and their turns', () => {
    assert.equal(hex(set.hash), vectors.validatorsHash)
    for (const { base, order } of vectors.leaders) {
      assert.deepEqual(Array.from({ length: 4 }, (_, at) => leaderOf(set, bytesOf(base), 100 + at)), order, 'view 100 is the first in turn')
    }
  })

  for (const { epoch, view, type, digest, hex: expected } of vectors.signBytes) {
    it(`signs type ${type} of epoch ${epoch}, view ${view}`, () => {
      const fields = { epoch, view, type, digest: digest === null ? null : bytesOf(digest) }
      assert.equal(hex(voteSignBytes(anchor.federation, fields)), expected)
    })
  }

  for (const each of vectors.cases) {
    it(`${each.kind}, ${each.name}: ${each.expect}${each.reason === undefined ? '' : `, because ${each.reason}`}`, () => {
      const [code, again, digest] = judge(each)
      assert.equal(code, each.expect)
      if (again !== undefined) assert.equal(hex(again), each.hex)
      if (each.digest !== undefined) assert.equal(hex(digest ?? new Uint8Array(0)), each.digest)
    })
  }

  for (const each of vectors.proofs) {
    it(`proof ${each.name}: ${each.expect}${each.reason === undefined ? '' : `, because ${each.reason}`}`, () => {
      const verified = verifyFinality(anchor, realScheme, valueOf(decodeFinalityProof(bytesOf(each.hex))))
      assert.equal(codeOf(verified), each.expect)
      if (each.digest !== undefined) assert.equal(hex(valueOf(verified).header.digest), each.digest)
    })
  }

  for (const each of vectors.seals) {
    it(`seal, ${each.name}: ${each.expect}${each.reason === undefined ? '' : `, because ${each.reason}`}`, () => {
      const next = nextAnchor(anchor, realScheme, valueOf(decodeFinalityProof(bytesOf(each.hex))))
      assert.equal(codeOf(next), each.expect)
      if (each.next === undefined) return
      const { epoch, base, baseHeight, timeMs, validators } = valueOf(next)
      const { hash } = valueOf(validatorSet(validators, realScheme))
      assert.deepEqual({ epoch, base: hex(base), baseHeight, timeMs, validatorsHash: hex(hash) }, each.next)
    })
  }

  for (const each of vectors.evidence) {
    it(`evidence, ${each.name}: ${each.proves ? 'proves it' : `proves nothing, because ${each.reason}`}`, () => {
      assert.equal(verifyEvidence(anchor.federation, set, valueOf(decodeEvidence(bytesOf(each.hex)))), each.proves)
    })
  }
})
