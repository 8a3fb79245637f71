import { bytesOfHex, compareBytes, concat, equalBytes, hex, sha256, utf8 } from '../../base/index.ts'
import type { Verdict } from '../../core/consensus/index.ts'
import type { Block, BlockFields, Cert, Validator } from '../../core/finality/index.ts'
import type { ToyApp, ToyState } from '../ground/index.ts'
import type { Signatures, SignedVote } from './signatures.ts'

const [PROPOSE, NOTARIZE, NULLIFY, FINALIZE] = [1, 2, 3, 4]
const [FLUSH, SEAL] = [2, 3]

type Era = {
  readonly number: number
  readonly seats: readonly Validator[]
  readonly keys: ReadonlySet<string>
  readonly quorum: number
  /** Indexes of seats in the order in which they lead. */
  readonly turns: readonly number[]
  readonly base: { readonly digest: string, readonly height: number, readonly timeMs: number, readonly state: ToyState }
}

/** What a piece of evidence in a block tells the ledger. */
export type VerdictOf = (evidence: Uint8Array) => Verdict | undefined

type Known = { readonly block: Block, readonly name: string, outcome: { readonly state: ToyState, readonly isSealing: boolean } | undefined }

/**
 * Decides each vote and each finality again, from all that was signed and proposed in a run, by whomever: a second reading of
 * the rules that shares no line with the engine. A sentence says what is wrong; undefined that nothing is.
 */
export class Oracle {
  readonly #signatures: Signatures
  readonly #app: ToyApp
  readonly #verdictOf: VerdictOf
  readonly #eras: Era[] = []
  readonly #blocks = new Map<string, Known>()
  /** What honest keys said, by key, epoch and view. */
  readonly #said = new Map<string, SignedVote[]>()

  constructor (signatures: Signatures, app: ToyApp, federationDigest: Uint8Array, verdictOf: VerdictOf) {
    this.#signatures = signatures
    this.#verdictOf = verdictOf
    this.#app = app
    const { genesis: { state, validators, timeMs } } = app
    this.#eras.push(eraOf(0, validators, federationDigest, { height: 0, timeMs, state }))
  }

  get epochs (): number {
    return this.#eras.length
  }

  seatsOf (epoch: number): readonly Validator[] {
    return this.#eras[epoch]?.seats ?? []
  }

  /** The final seal that began an epoch, or what the first one began with. */
  baseOf (epoch: number): { readonly digest: Uint8Array, readonly height: number } {
    const { digest, height } = this.#eras[epoch]?.base ?? { digest: '', height: 0 }
    return { digest: bytesOfHex(digest) ?? new Uint8Array(32), height }
  }

  /** Certificates in the justifications of a block and its ancestors in one epoch. */
  certsBelow (digest: Uint8Array): readonly Cert[] {
    const certs: Cert[] = []
    for (let known = this.#blocks.get(hex(digest)); known !== undefined; known = this.#blocks.get(hex(known.block.header.parent))) {
      const { just: { parentCert, nulls } } = known.block
      certs.push(...parentCert === null ? nulls : [parentCert, ...nulls])
      if (known.block.header.parentView === 0) break
    }
    return certs
  }

  /** Blocks that anybody sent. What has its name from its header may be sent with the body of another first. */
  learn (block: Block): void {
    const name = hex(block.digest)
    const known = this.#blocks.get(name)
    if (known !== undefined && (known.outcome !== undefined || this.#hasOwnBody(known.block))) return
    this.#blocks.set(name, { block, name, outcome: undefined })
  }

  #hasOwnBody ({ header, body }: Block): boolean {
    const root = this.#app.bodyRootOf(body)
    return root !== undefined && equalBytes(root, header.bodyRoot)
  }

  knows (digest: string): boolean {
    return this.#blocks.has(digest)
  }

  /** A vote that an honest node lets out. A block that is not known yet is judged when it is. */
  judgeVote (vote: SignedVote): string | undefined {
    const { key, epoch, view, type, digest } = vote
    const era = this.#eras[epoch]
    if (era === undefined) return `a vote in epoch ${epoch}, which no final seal began`
    if (!era.keys.has(key)) return 'a vote of one who has no seat'
    const contradiction = this.contradictionOf(vote)
    if (contradiction !== undefined) return contradiction
    if (!this.#isReached(era, view)) return `a vote at view ${view}, which no quorum opened`
    if (type === NULLIFY) return digest === null ? undefined : 'NULLIFY of a block'
    if (digest === null) return 'a vote for nothing'
    if (type === FINALIZE) {
      return this.#signatures.count(epoch, view, NOTARIZE, digest, era.keys) >= era.quorum ? undefined : `FINALIZE at view ${view} without a quorum that notarised it`
    }
    const known = this.#blocks.get(digest)
    if (known === undefined) return undefined
    if (known.block.header.view !== view || known.block.header.epoch !== epoch) return 'a vote for a block of another view'
    const wrong = this.#faultOf(era, known)
    return wrong === undefined ? undefined : `${type === PROPOSE ? 'proposes' : 'notarises'} at view ${view} a block that is not valid: ${wrong}`
  }

  /** Whether a block of an honest proposer follows from its ancestors. */
  judgeProposal (block: Block): string | undefined {
    this.learn(block)
    const [era, known] = [this.#eras[block.header.epoch], this.#blocks.get(hex(block.digest))]
    return era === undefined || known === undefined ? 'a block of an epoch that no final seal began' : this.#faultOf(era, known)
  }

  /** Blocks that an honest node holds to be final, in order; the last header of the proof has a quorum. */
  judgeFinality (blocks: readonly Block[], lastDigest: Uint8Array, lastView: number): string | undefined {
    const [first] = blocks
    const era = first === undefined ? undefined : this.#eras[first.header.epoch]
    if (era === undefined) return 'final blocks of an epoch that no final seal began'
    if (this.#signatures.count(era.number, lastView, FINALIZE, hex(lastDigest), era.keys) < era.quorum) return `view ${lastView} is final without a quorum that finalised it`
    for (const block of blocks) {
      this.learn(block)
      const known = this.#blocks.get(hex(block.digest))
      const wrong = known === undefined ? 'lost' : this.#faultOf(era, known)
      if (wrong !== undefined) return `a block that is not valid is final: ${wrong}`
      const parent = this.#blocks.get(hex(block.header.parent))
      if (parent?.outcome?.isSealing === true && parent.block.header.epoch === block.header.epoch) return 'a block below a seal was delivered'
      const { header: { type, seal, height, timeMs }, digest } = block
      if (type === SEAL && seal !== null && known?.outcome !== undefined && this.#eras.length === era.number + 1) {
        this.#eras.push(eraOf(era.number + 1, seal.nextValidators, digest, { height, timeMs, state: known.outcome.state }))
      }
    }
    return undefined
  }

  /** The whole vote matrix, over what left: this holds whatever others do. */
  contradictionOf (vote: SignedVote): string | undefined {
    const place = `${vote.key}/${vote.epoch}/${vote.view}`
    const before = this.#said.get(place) ?? []
    if (before.some(each => each.type === vote.type && each.digest === vote.digest)) return undefined
    this.#said.set(place, [...before, vote])
    for (const each of before) {
      const types = [each.type, vote.type].toSorted((a, b) => a - b).join()
      const isSame = each.digest === vote.digest
      if (each.type === vote.type && !isSame) return `two votes of type ${vote.type} at view ${vote.view}`
      if (types === '3,4') return `NULLIFY and FINALIZE at view ${vote.view}`
      if (types === '2,4' && !isSame) return `NOTARIZE of one block and FINALIZE of another at view ${vote.view}`
    }
    return vote.type === NOTARIZE && before.some(each => each.type === NULLIFY) ? `NOTARIZE after NULLIFY at view ${vote.view}` : undefined
  }

  #isReached ({ number, keys, quorum }: Era, view: number): boolean {
    return view === 1 || [NOTARIZE, NULLIFY, FINALIZE].some(type => this.#signatures.hasQuorum(number, view - 1, type, keys, quorum))
  }

  #isProven ({ number, seats, keys, quorum }: Era, { epoch, view, type, digest, bitmap, signatures }: Cert): boolean {
    const signers = seats.filter((_, index) => ((bitmap[Math.floor(index / 8)] ?? 0) & (1 << (index % 8))) !== 0)
    if (epoch !== number || signers.length !== quorum || signatures.length !== 64 * quorum || bitmap.length !== Math.ceil(seats.length / 8)) return false
    const said = { epoch, view, type, digest: digest === null ? null : hex(digest) }
    return signers.every(({ key }, at) => keys.has(hex(key)) && this.#signatures.isSigned(said, hex(key), signatures.subarray(64 * at, 64 * at + 64)))
  }

  #faultOf (era: Era, known: Known): string | undefined {
    if (known.outcome !== undefined) return undefined
    const { block: { header, just, body, evidence } } = known
    const isFirst = header.parentView === 0
    const parent = isFirst ? undefined : this.#blocks.get(hex(header.parent))
    if (isFirst ? hex(header.parent) !== era.base.digest : parent === undefined) return 'its parent is unknown'
    if (parent !== undefined) {
      const wrong = this.#faultOf(era, parent)
      if (wrong !== undefined) return `its parent: ${wrong}`
    }
    const { height, timeMs, view } = parent?.block.header ?? { ...era.base, view: 0 }
    const before = parent?.outcome ?? { state: era.base.state, isSealing: false }
    if (header.epoch !== era.number || header.height !== height + 1 || header.timeMs <= timeMs || header.parentView !== view || header.view <= view) return 'it does not stand above its parent'
    if (header.proposer !== era.turns[header.view % era.turns.length]) return 'it is not by the leader'
    const { parentCert, nulls } = just
    if (isFirst ? parentCert !== null : parentCert === null || parentCert.view !== view || parentCert.digest === null ||
      !equalBytes(parentCert.digest, header.parent) || (parentCert.type !== NOTARIZE && parentCert.type !== FINALIZE) || !this.#isProven(era, parentCert)) return 'its parent is not certified'
    if (nulls.length !== header.view - view - 1) return 'it skips views without leave'
    if (!nulls.every((each, at) => each.type === NULLIFY && each.view === view + 1 + at && this.#isProven(era, each))) return 'it skips a view that was not given up'
    const due = this.#app.due(before.state)
    if (before.isSealing) {
      if (header.type !== FLUSH || body.length > 0 || evidence.length > 0 || !equalBytes(header.stateRoot, before.state.root)) return 'it says something below a seal'
      known.outcome = before
      return undefined
    }
    if ((header.type === SEAL) !== (due !== null)) return 'a seal where none is due, or none where one is'
    if ((header.type === FLUSH) !== (body.length === 0 && evidence.length === 0) && header.type !== SEAL) return 'it is empty and does not say so, or says so and is not'
    if (due !== null && !isSameSet(due.validators, header.seal?.nextValidators ?? [])) return 'its seal names others'
    return this.#execute(era, known, before.state)
  }

  /** What a block would lead to if it were made like this: for liars who make theirs right in all but one thing. */
  rootOf (block: BlockFields): Uint8Array {
    const era = this.#eras[block.epoch]
    const state = block.parentView === 0 ? era?.base.state : this.#blocks.get(hex(block.parent))?.outcome?.state
    const done = era === undefined || state === undefined ? undefined : this.#executed(era, block, state)
    return done?.ok === true ? done.value.stateRoot : block.stateRoot
  }

  #execute (era: Era, known: Known, state: ToyState): string | undefined {
    const { block: { header, just, evidence, body } } = known
    const done = this.#executed(era, { ...header, just, evidence, body }, state)
    if (done === undefined) return 'it has no proposer'
    if (!done.ok || !equalBytes(done.value.stateRoot, header.stateRoot) || !equalBytes(done.value.bodyRoot, header.bodyRoot)) return 'its body does not lead to its roots'
    known.outcome = { state: done.value.next, isSealing: header.type === SEAL }
    return undefined
  }

  #executed (era: Era, block: BlockFields, state: ToyState): ReturnType<ToyApp['execute']> | undefined {
    const { federation, epoch, height, timeMs, proposer: index, type, just: { parentCert, nulls }, evidence, body } = block
    const certs = parentCert === null ? nulls : [parentCert, ...nulls]
    const seen = era.seats.filter((_, at) => at === index || certs.some(({ bitmap }) => ((bitmap[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0))
    const proposer = era.seats[index]
    const verdicts = evidence.flatMap(each => this.#verdictOf(each) ?? [])
    return proposer === undefined ? undefined : this.#app.execute(state, { federation, version: 1, epoch, height, timeMs, proposer, type, seen, verdicts }, body, () => undefined)
  }
}

function eraOf (number: number, seats: readonly Validator[], base: Uint8Array, of: { readonly height: number, readonly timeMs: number, readonly state: ToyState }): Era {
  const turns = seats.map(({ key }, index) => ({ index, rank: sha256(concat([utf8('hanse/perm'), base, key])) }))
    .toSorted((a, b) => compareBytes(a.rank, b.rank)).map(({ index }) => index)
  const keys = new Set(seats.map(({ key }) => hex(key)))
  return { number, seats, keys, turns, quorum: Math.floor(seats.length * 2 / 3) + 1, base: { ...of, digest: hex(base) } }
}

function isSameSet (a: readonly Validator[], b: readonly Validator[]): boolean {
  return a.length === b.length && a.every((each, at) => equalBytes(each.key, b[at]?.key ?? new Uint8Array(0)))
}
