import { assert, bagPeaks, bytesOfHex, equalBytes, hex, u32, utf8, sha256, type CID } from '../../base/index.ts'
import { encodeMessage, type Message } from '../../core/consensus/index.ts'
import {
  assembleCert, FINALIZE, makeBlock, NORMAL, NOTARIZE, NULLIFY, PROPOSE, voteSignBytes, type Block, type Cert, type ValidatorSet, type Vote, type VoteType
} from '../../core/finality/index.ts'
import type { SigningKey } from '../../core/identity/index.ts'
import { nameOfNode, PUT, START_WALL_MS, toyTransaction, type Chance, type Engine, type Process, type ToyApp } from '../ground/index.ts'

/** What peers remember of the instances behind a key. */
const [INSTANCE_WINDOW_MS, INSTANCES_MAX] = [60_000, 8]
export const BODY_BYTES_MAX = 4_096

type Seen = { readonly instance: Uint8Array, readonly firstMs: number, readonly lastMs: number }
type Puppet = { readonly index: number, readonly key: SigningKey, newest: Vote | null }

export type PuppetOptions = {
  readonly federation: CID
  readonly app: ToyApp
  readonly set: ValidatorSet
  readonly chance: Chance
  readonly keys: readonly SigningKey[]
}

/**
 * The other validators, on strings: they hold their own keys, show the one under test whatever provokes votes (two blocks in one
 * view, certificates of either kind, timeouts), and answer what it asks about itself, as honest peers do. A quorum without it,
 * they can move it wherever they like.
 */
export class Puppets {
  readonly blocks: Block[] = []
  readonly #all: readonly Puppet[]
  readonly #options: PuppetOptions
  readonly #final = new Map<number, string>()
  #seen: Seen[] = []

  constructor (options: PuppetOptions) {
    this.#options = options
    this.#all = options.keys.map((key, at) => ({ index: at + 1, key, newest: null }))
  }

  get names (): readonly string[] {
    return this.#all.map(({ index }) => nameOfNode(index))
  }

  /** A process says hello to all; whether they know another one with this key. */
  greet (instance: string, nowMs: number): boolean {
    const hasOthers = this.#seen.some(each => each.lastMs > nowMs - INSTANCE_WINDOW_MS)
    this.#seen = [...this.#seen, { instance: bytesOfHex(instance) ?? new Uint8Array(16), firstMs: nowMs, lastMs: nowMs }].slice(-2 * INSTANCES_MAX)
    return hasOthers
  }

  /** A vote of the one under test reaches a puppet. */
  hear (peer: string, vote: Vote): void {
    const puppet = this.#all.find(({ index }) => nameOfNode(index) === peer)
    if (puppet === undefined) return
    if (puppet.newest === null || puppet.newest.view <= vote.view) puppet.newest = vote
  }

  votesOf (peer: string, nowMs: number, knowsAll: boolean): Uint8Array {
    const seen = knowsAll ? this.#seen.filter(each => each.lastMs > nowMs - INSTANCE_WINDOW_MS).slice(-INSTANCES_MAX) : []
    const instances = seen.map(({ instance, firstMs, lastMs }) => ({ instance, firstAgoMs: Math.floor(nowMs - firstMs), lastAgoMs: Math.floor(nowMs - lastMs) }))
    const newest = knowsAll ? this.#all.find(({ index }) => nameOfNode(index) === peer)?.newest ?? null : null
    return encodeMessage({ kind: 'votesOf', newest, instances })
  }

  /** Now one thing, now the contrary. Undefined: let time pass. */
  provoke (process: Process): void | undefined | 'wait' {
    const { chance, set } = this.#options
    const { state } = process
    if (state === undefined) return undefined
    const { view, final } = state
    const from = nameOfNode(chance.pick(this.#all).index)
    const tell = (message: Message): void => process.feed({ type: 'message', peer: from, bytes: encodeMessage(message) })
    const of = chance.isBelow(0.85) || view <= final.view + 1 ? view : chance.between(final.view + 1, view - 1)
    const known = this.blocks.filter(({ header }) => header.view === of)
    const digest = known.length > 0 && chance.isBelow(0.85) ? chance.pick(known).digest : sha256(u32(chance.between(0, 1)), u32(of))
    const type = chance.pick([NOTARIZE, NOTARIZE, NULLIFY, FINALIZE] as const)
    const content = type === NULLIFY ? null : digest
    const kind = chance.next()
    if (kind < 0.5) {
      const leader = state.epoch.leaders[of % set.validators.length] ?? 0
      const key = this.#all.find(each => equalBytes(each.key.publicKey, set.validators[leader]?.key ?? new Uint8Array(0)))?.key
      if (key === undefined) return process.feed({ type: 'submit', transactions: [toyTransaction(PUT, chance.between(0, 99))] })
      const block = this.#blockAbove(state, of, leader)
      if (block === undefined) return undefined
      this.blocks.push(block)
      return tell({ kind: 'proposal', block, signature: this.#sign(key, PROPOSE, of, block.digest).signature })
    }
    if (kind < 0.75) {
      // Two final blocks in one view would stop the engine for good, whatever it signs.
      if (type === FINALIZE && (this.#final.get(of) ?? hex(digest)) !== hex(digest)) return undefined
      if (type === FINALIZE) this.#final.set(of, hex(digest))
      return tell({ kind: 'cert', cert: this.#certOf(type, of, content) })
    }
    return kind < 0.9 ? tell({ kind: 'vote', vote: this.#sign(chance.pick(this.#all).key, type, of, content) }) : 'wait'
  }

  #sign (key: SigningKey, type: VoteType, view: number, digest: Uint8Array | null): Vote {
    const fields = { epoch: 0, view, type, digest }
    const signer = this.#options.set.validators.findIndex(each => equalBytes(each.key, key.publicKey))
    return { ...fields, signer, signature: key.sign(voteSignBytes(this.#options.federation, fields)) }
  }

  #certOf (type: typeof NOTARIZE | typeof NULLIFY | typeof FINALIZE, view: number, digest: Uint8Array | null): Cert {
    return assembleCert(this.#options.set, this.#all.map(({ key }) => this.#sign(key, type, view, digest)))
  }

  /** A child of what is final to the node, with all views between given up. */
  #blockAbove ({ final }: Engine, view: number, proposer: number): Block | undefined {
    const { federation, app, set, chance } = this.#options
    const seat = set.validators[proposer]
    assert(seat !== undefined, 'a leader has a seat')
    const parentCert = final.view === 0 ? null : final.proof?.headers.length === 1 ? final.proof.cert : undefined
    if (view <= final.view || parentCert === undefined) return undefined
    const nulls = Array.from({ length: view - final.view - 1 }, (_, at) => this.#certOf(NULLIFY, final.view + 1 + at, null))
    const certs = parentCert === null ? nulls : [parentCert, ...nulls]
    const placed = { epoch: 0, height: final.height + 1, timeMs: Math.max(final.timeMs + 1, START_WALL_MS) + chance.between(0, 2), type: NORMAL } as const
    const seen = set.validators.filter((_, at) => at === proposer || certs.some(({ bitmap }) => ((bitmap[0] ?? 0) >> at) % 2 === 1))
    const context = { federation, version: 1, ...placed, proposer: seat, seen, verdicts: [] }
    const done = app.propose(final.outcome.state, context, [toyTransaction(PUT, chance.between(1_000, 1_050))], BODY_BYTES_MAX)
    if (done === null) return undefined
    return makeBlock({
      ...placed, proposer, federation, view, parent: final.digest, parentView: final.view, validatorsHash: set.hash, bodyRoot: done.bodyRoot,
      stateRoot: done.stateRoot, logRoot: bagPeaks(final.outcome.log.peaks), seal: null, just: { parentCert, nulls }, evidence: [], body: done.body
    })
  }
}

export const helloOf = (name: string): string => hex(sha256(utf8(name))).slice(0, 32)
