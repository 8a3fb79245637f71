import { cidOf, compareBytes, concat, EMPTY_ROOT, equalBytes, hex, sha256, utf8, type CID } from '../../src/base/index.ts'
import {
  assembleCert, digestOfFederation, FINALIZE, leaderOf, makeBlock, NORMAL, NOTARIZE, NULLIFY, realScheme, SEAL, validatorSet, voteSignBytes,
  type Anchor, type Block, type BlockFields, type Cert, type Digest, type FinalityProof, type Scheme, type Seal, type SignedHeader, type Validator,
  type ValidatorSet, type Vote, type VoteFields
} from '../../src/core/finality/index.ts'
import { didOfKey, signingKeyOfSeed, type SigningKey } from '../../src/core/identity/index.ts'
import { FOUNDED_MS, valueOf } from './identity.fixture.ts'

export const FEDERATION: CID = cidOf('dagCbor', utf8('a federation that is final'))
export const OTHER_FEDERATION: CID = cidOf('dagCbor', utf8('another federation'))

/** Signatures of hashes, for tests that make thousands of them. */
const TAGS: Scheme = key => ({ bytes: key, verify: (message, signature) => equalBytes(signature, tagOf(key, message)) })

function tagOf (key: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(key, message)
  return concat([half, half])
}

export type KeyMaker = { readonly scheme: Scheme, readonly keyOf: (name: string) => SigningKey }

export const tags: KeyMaker = {
  scheme: TAGS,
  keyOf: name => {
    const publicKey = sha256(utf8(`tag of ${name}`))
    return { publicKey, sign: message => tagOf(publicKey, message) }
  }
}

export const real: KeyMaker = { scheme: realScheme, keyOf: name => signingKeyOfSeed(sha256(utf8(`seed of ${name}`))) }

export const namesOf = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `City ${at + 1}`)

export function seatsOf (names: readonly string[], { keyOf }: KeyMaker): readonly Validator[] {
  return names.map(name => ({
    member: didOfKey(sha256(utf8(`member ${name}`))), node: sha256(utf8(`node ${name}`)), key: keyOf(name).publicKey
  })).toSorted((a, b) => compareBytes(a.key, b.key))
}

export function anchorOf (names: readonly string[], maker: KeyMaker): Anchor {
  return {
    federation: FEDERATION, epoch: 0, validators: seatsOf(names, maker), base: digestOfFederation(FEDERATION), baseHeight: 0, timeMs: FOUNDED_MS
  }
}

/** All who have a seat in an epoch, and their keys: says and builds whatever a test wants said. */
export class Epoch {
  readonly anchor: Anchor
  readonly maker: KeyMaker
  readonly set: ValidatorSet
  readonly #names: readonly string[]
  readonly #keys: readonly SigningKey[]

  constructor (names: readonly string[], maker: KeyMaker = tags, anchor: Anchor = anchorOf(names, maker)) {
    this.anchor = anchor
    this.maker = maker
    this.set = valueOf(validatorSet(anchor.validators, maker.scheme))
    this.#names = names
    const made = new Map(names.map(name => [hex(maker.keyOf(name).publicKey), maker.keyOf(name)]))
    this.#keys = anchor.validators.map(({ key }) => made.get(hex(key)) ?? missing())
  }

  vote (signer: number, fields: VoteFields, federation: CID = this.anchor.federation): Vote {
    return { ...fields, signer, signature: (this.#keys[signer] ?? missing()).sign(voteSignBytes(federation, fields)) }
  }

  /** Of these signers; the first quorum unless told. */
  cert (fields: VoteFields, signers: readonly number[] = this.quorum): Cert {
    return assembleCert(this.set, signers.map(signer => this.vote(signer, fields)))
  }

  get quorum (): readonly number[] {
    return Array.from({ length: this.set.quorum }, (_, signer) => signer)
  }

  nullified (view: number, signers?: readonly number[]): Cert {
    return this.cert({ epoch: this.anchor.epoch, view, type: NULLIFY, digest: null }, signers)
  }

  notarized ({ header: { view }, digest }: SignedHeader, signers?: readonly number[]): Cert {
    return this.cert({ epoch: this.anchor.epoch, view, type: NOTARIZE, digest }, signers)
  }

  finalized ({ header: { view }, digest }: SignedHeader, signers?: readonly number[]): Cert {
    return this.cert({ epoch: this.anchor.epoch, view, type: FINALIZE, digest }, signers)
  }

  /** A child of the parent, or of the epoch's base, in the next view unless told; justified as honest leaders do. */
  block (parent: Block | null, changes: Partial<BlockFields> = {}): Block {
    const { federation, epoch, base, baseHeight, timeMs } = this.anchor
    const parentView = changes.parentView ?? parent?.header.view ?? 0
    const view = changes.view ?? parentView + 1
    const skipped = Array.from({ length: Math.max(0, view - parentView - 1) }, (_, at) => parentView + 1 + at)
    return makeBlock({
      federation, epoch, view, height: (parent?.header.height ?? baseHeight) + 1, parent: parent?.digest ?? base, parentView,
      timeMs: (parent?.header.timeMs ?? timeMs) + 1_000, proposer: leaderOf(this.set, base, view), type: NORMAL, validatorsHash: this.set.hash,
      bodyRoot: EMPTY_ROOT, stateRoot: sha256(utf8('state')), logRoot: sha256(utf8('log')), seal: null, evidence: [], body: new Uint8Array(0),
      just: changes.just ?? { parentCert: parent === null ? null : this.notarized(parent), nulls: skipped.map(each => this.nullified(each)) },
      ...changes
    })
  }

  sealOf (names: readonly string[], changes: Partial<Seal> = {}): Seal {
    const next = valueOf(validatorSet(seatsOf(names, this.maker), this.maker.scheme))
    return {
      nextValidators: next.validators, nextValidatorsHash: next.hash, nextParamsHash: sha256(utf8('parameters')), nextVersion: 1,
      prevSeal: this.anchor.base, prevSealHeight: this.anchor.baseHeight, ...changes
    }
  }

  seal (parent: Block | null, names: readonly string[] = this.#names, changes: Partial<Seal> = {}): Block {
    return this.block(parent, { type: SEAL, seal: this.sealOf(names, changes) })
  }

  /** That the first of these is final, by a certificate for the last. */
  proof (blocks: readonly Block[], signers?: readonly number[]): FinalityProof {
    return { headers: blocks.map(({ bytes }) => bytes), cert: this.finalized(blocks.at(-1) ?? missing(), signers) }
  }

  /** The epoch after a seal. */
  after (seal: Block, names: readonly string[] = this.#names): Epoch {
    const { federation, epoch } = this.anchor
    const { height, timeMs } = seal.header
    const anchor = { federation, epoch: epoch + 1, validators: seatsOf(names, this.maker), base: seal.digest, baseHeight: height, timeMs }
    return new Epoch(names, this.maker, anchor)
  }
}

export const digestNamed = (name: string): Digest => sha256(utf8(name))

export function flipped (bytes: Uint8Array, at = 0): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

function missing (): never {
  throw new Error('the fixture lacks a part')
}
