import { digestOf, equalBytes, hex, sha256, type CID } from '../../base/index.ts'
import type { FinalBlock, Message, Verdict } from '../../core/consensus/index.ts'
import { decodeEvidence, encodeVote, forkCulprits, validatorSet, type Block, type FinalityProof, type Scheme } from '../../core/finality/index.ts'
import type { Did } from '../../core/identity/index.ts'
import { memberOf, type Process, type ToyApp, type ToyState } from '../ground/index.ts'
import { Oracle } from './oracle.ts'
import { Signatures, type SignedVote } from './signatures.ts'

export type Violation = { readonly atMs: number, readonly rule: string, readonly node: number, readonly what: string }

export type JudgeOptions = {
  readonly federation: CID
  readonly app: ToyApp
  readonly signatures: Signatures
  readonly nowMs: () => number
  /** More liars than are tolerated: forks are expected, and judged by who is named for them. */
  readonly expectsForks: boolean
  readonly scheme: Scheme
  /** Members who may be shown to have lied. */
  readonly liars: ReadonlySet<Did>
}

/** What an engine may hold at most: its limits, as the design states them. */
const SIZES_MAX: Readonly<Record<string, number>> = {
  pool: 4_096, blocks: 128, wants: 64, peers: 256, evidence: 256, views: 4_096, votes: 31 * 8, newest: 64
}

/** Looks at all that happens and says what must not have. */
export class Judge {
  readonly violations: Violation[] = []
  readonly oracle: Oracle
  readonly #options: JudgeOptions
  /** Hex of the digest of the final block at a height, and who said so first. */
  readonly #finalAt = new Map<number, { readonly digest: string, readonly node: number, readonly proof: FinalityProof, readonly block: Block }>()
  readonly #ids = new Map<string, number>()
  readonly #heads = new Map<number, number>()
  readonly #left = new Set<string>()
  readonly #open: { readonly who: Process, readonly said: SignedVote }[] = []
  readonly #judged = new WeakSet<Uint8Array>()
  /** Places with two processes behind one key: what they say against each other is the operator's fault. */
  readonly doubled: Set<number> = new Set()
  /** Of nodes that were restored, wiped or cloned: what they knew may be lost. */
  readonly excused: Set<number> = new Set()
  readonly forks: { readonly first: FinalityProof, readonly second: FinalityProof, readonly epoch: number }[] = []
  blocksFinal = 0

  constructor (options: JudgeOptions) {
    this.#options = options
    this.oracle = new Oracle(options.signatures, options.app, digestOf(options.federation), evidence => this.#verdictOf(evidence))
  }

  /** Something leaves a node. `isHonest`: it has to keep every rule. */
  sent (who: Process, message: Message, bytes: Uint8Array, isHonest: boolean): void {
    if (this.#judged.has(bytes)) return
    this.#judged.add(bytes)
    if (message.kind === 'proposal' || message.kind === 'block') this.oracle.learn(message.block)
    if (message.kind === 'range') for (const block of message.blocks) this.oracle.learn(block)
    if (!isHonest || this.doubled.has(who.place.index)) return
    const vote = message.kind === 'vote' ? message.vote : message.kind === 'proposal'
      ? { ...message.block.header, type: 1 as const, digest: message.block.digest, signer: message.block.header.proposer, signature: message.signature }
      : undefined
    if (vote === undefined) return
    const key = this.oracle.seatsOf(vote.epoch)[vote.signer]?.key
    if (key === undefined || !who.place.keys.has(hex(key))) return
    const { epoch, view, type, digest } = vote
    const said: SignedVote = { key: hex(key), epoch, view, type, digest: digest === null ? null : hex(digest) }
    // A leader may vote for its own block before anybody else is there to get it.
    const held = who.state?.blocks.get(said.digest ?? '')
    if (held !== undefined) this.oracle.learn(held.block)
    if (said.digest !== null && !this.oracle.knows(said.digest)) this.#open.push({ who, said })
    // Of more liars than are tolerated, two histories may come that know nothing of each other's epochs.
    if (this.#options.expectsForks) return this.#note(who, 'vote', this.oracle.contradictionOf(said))
    this.#note(who, 'vote', this.oracle.judgeVote(said))
    if (message.kind === 'proposal') this.#note(who, 'proposal', this.oracle.judgeProposal(message.block))
    const row = encodeVote({ epoch, view, type, digest, signer: vote.signer, signature: vote.signature })
    const repeated = hex(row)
    // A node that lost its record passes on its own words, as peers gave them back to it.
    if (this.#left.has(repeated)) return
    this.#left.add(repeated)
    if (!isOnDisk(who, row) && !isFinalOnDisk(who, epoch, view)) this.#note(who, 'barrier', `a vote of type ${type} at view ${view} left before it was kept`)
  }

  final (who: Process, blocks: readonly FinalBlock<ToyState>[], proof: FinalityProof): void {
    const { index } = who.place
    for (const { block, ids, context } of blocks) {
      for (const { member, kind, view } of context.verdicts) {
        const isExcused = [...this.doubled].some(each => memberOf(each) === member)
        if (!this.#options.liars.has(member) && !isExcused) this.#note(who, 'framed', `an honest member is shown to have lied: ${kind} at view ${view}`)
      }
      const { height } = block.header
      const digest = hex(block.digest)
      const before = this.#finalAt.get(height)
      if (before !== undefined && before.digest !== digest) {
        this.forks.push({ first: before.proof, second: proof, epoch: block.header.epoch })
        if (!this.#options.expectsForks) this.#note(who, 'agreement', `height ${height} is ${digest.slice(0, 8)} here and ${before.digest.slice(0, 8)} at node ${before.node}`)
      }
      const head = this.#heads.get(index) ?? 0
      if (height !== head + 1 && !this.excused.has(index)) this.#note(who, 'floor', `height ${height} is final after ${head}`)
      this.#heads.set(index, height)
      if (before !== undefined) continue
      this.#finalAt.set(height, { digest, node: index, proof, block })
      this.blocksFinal++
      for (const id of ids) {
        if (this.#ids.has(id) && !this.#options.expectsForks) this.#note(who, 'validity', `a transaction is final at heights ${this.#ids.get(id)} and ${height}`)
        this.#ids.set(id, height)
      }
    }
    const { cert } = proof
    if (cert.digest === null) return
    const wrong = this.oracle.judgeFinality(blocks.map(({ block }) => block), cert.digest, cert.view)
    if (!this.#options.expectsForks) this.#note(who, 'finality', wrong)
  }

  /** After a start: what was durably final is so still. */
  restarted (who: Process, height: number, durableHeight: number): void {
    if (height < durableHeight && !this.excused.has(who.place.index)) this.#note(who, 'floor', `it starts at height ${height} though ${durableHeight} was kept`)
    this.#heads.set(who.place.index, height)
  }

  /** Votes for blocks that were not known when the votes left. One that is lost with all that knew it is nobody's business. */
  judgeLate (): void {
    for (const { who, said } of this.#open.splice(0)) {
      if (this.oracle.knows(said.digest ?? '')) this.#note(who, 'vote', this.oracle.judgeVote(said))
    }
  }

  /** Two histories name those who made them possible: more than are tolerated, and nobody honest. */
  judgeForks (): void {
    const [fork] = this.forks
    if (fork === undefined) return
    const { federation, scheme, liars } = this.#options
    const set = validatorSet(this.oracle.seatsOf(fork.epoch), scheme)
    if (!set.ok || fork.first.cert.epoch !== fork.second.cert.epoch) return
    const certs = [fork.first, fork.second].flatMap(({ cert }) => [cert, ...this.oracle.certsBelow(cert.digest ?? new Uint8Array(0))])
    const culprits = new Set(forkCulprits(federation, set.value, certs).map(each => each.signer))
    const { faultyMax, validators } = set.value
    if (culprits.size <= faultyMax) this.note('accountability', -1, `a fork names only ${culprits.size} of more than ${faultyMax} liars`)
    for (const signer of culprits) {
      if (!liars.has(validators[signer]?.member ?? '')) this.note('framed', -1, `a fork names validator ${signer}, who is honest`)
    }
  }

  isFinal (id: string): boolean {
    return this.#ids.has(id)
  }

  checkSizes (who: Process): void {
    for (const [name, size] of Object.entries(who.sizes())) {
      if (size > (SIZES_MAX[name] ?? Number.POSITIVE_INFINITY)) this.#note(who, 'limit', `${name} holds ${size}`)
    }
  }

  note (rule: string, node: number, what: string): void {
    if (this.violations.length < 100) this.violations.push({ atMs: this.#options.nowMs(), rule, node, what })
  }

  #note (who: Process, rule: string, what: string | undefined): void {
    if (what !== undefined) this.note(rule, who.place.index, what)
  }

  #verdictOf (evidence: Uint8Array): Verdict | undefined {
    const decoded = decodeEvidence(evidence)
    if (!decoded.ok) return undefined
    const { value } = decoded
    const { epoch, view, signer } = value.kind === 'bad-justification' ? value.vote : value.first
    const seat = this.oracle.seatsOf(epoch)[signer]
    return seat === undefined ? undefined : { member: seat.member, kind: value.kind, epoch, view, id: sha256(evidence) }
  }
}

/** By its bytes: how rows are named is the engine's business. */
function isOnDisk ({ place: { signer } }: Process, vote: Uint8Array): boolean {
  for (const row of signer.rows.values()) {
    if (typeof row === 'object' && row !== null && 'value' in row && row.value instanceof Uint8Array && equalBytes(row.value, vote)) return true
  }
  return false
}

/** Its row may be gone again by the time it leaves, with a finality that decides its view. */
function isFinalOnDisk ({ place: { store } }: Process, epoch: number, view: number): boolean {
  const block = store.rows.get(`k:${Number(store.rows.get('tip') ?? 0)}`) as Block | undefined
  return block !== undefined && (block.header.epoch > epoch || (block.header.epoch === epoch && (block.header.view >= view || block.header.seal !== null)))
}
