import { assert, hex, sha256, utf8 } from '../../base/index.ts'
import { decodeMessage, encodeMessage, step, type Input, type Message } from '../../core/consensus/index.ts'
import { FINALIZE, NOTARIZE, NULLIFY, PROPOSE, type Block, type Vote, type VoteType } from '../../core/finality/index.ts'
import type { Engine, ToyTransaction } from '../ground/index.ts'
import { canonicalOf, normalised, strangers } from './canonical.ts'
import { wrongsOf } from './wrongs.ts'
import { DELTA_MS, nowAt, START_MS, type Actor, type Stage } from './stage.ts'

/** A message that may be delivered, or the passing of time. */
export type Item = {
  readonly label: string
  readonly peer: string
  readonly bytes: Uint8Array
  readonly message: Message
  /** What a single vote says: votes that say different things do not look at each other. */
  readonly vote: { readonly view: number, readonly type: VoteType, readonly about: string } | null
}

/** For the actor of that number. */
export type Sent = { readonly to: number, readonly item: number }

export type Move = {
  readonly to: number
  readonly sent: readonly Sent[]
  /** Something that others, or the checks, can see. */
  readonly isVisible: boolean
  /** Whether nothing at all became of it. */
  readonly isIdle: boolean
}

/** The passing of time until this engine's next deadline. */
export const TICK = -1

export type Moment = { readonly engine: Engine, readonly nowMs: number, readonly actor: number }

/** A step of an engine that must not be. */
export type Wrong = { readonly actor: number, readonly state: number, readonly item: number, readonly what: string }

/** Whatever breaks the engines on purpose, to see that it is found. */
export type Alter = (engine: Engine) => Engine

export type LocalsOptions = { readonly viewsMax: number, readonly hasRelays: boolean, readonly alter: Alter }

/**
 * What engines can do, each step computed once: states that behave alike have one number, so do messages with the same bytes, and
 * the outcome of a delivery is remembered by both.
 */
export class Locals {
  readonly stage: Stage
  readonly moments: Moment[] = []
  readonly items: Item[] = []
  readonly blocks: Map<string, Block> = new Map()
  readonly wrongs: Wrong[] = []
  readonly #options: LocalsOptions
  readonly #peers: readonly Engine['peers'][]
  readonly #numbers = new Map<string, number>()
  readonly #itemNumbers = new Map<string, number>()
  readonly #moves = new Map<number, Map<number, Move>>()
  steps = 0

  constructor (stage: Stage, options: LocalsOptions) {
    this.stage = stage
    this.#options = options
    this.#peers = stage.engines.map(strangers)
  }

  actorOf (state: number): Actor {
    const actor = this.stage.actors[this.#moment(state).actor]
    assert(actor !== undefined, 'a state is some engine\'s')
    return actor
  }

  engineOf (state: number): Engine {
    return this.#moment(state).engine
  }

  item (of: number): Item {
    const item = this.items[of]
    assert(item !== undefined, 'a number names a message')
    return item
  }

  /** Everyone's first state, with what is said when the transactions come. */
  begin (): readonly { readonly state: number, readonly sent: readonly Sent[] }[] {
    return this.stage.engines.map((engine, actor) => {
      const transaction = this.stage.transactions[actor]
      assert(transaction !== undefined, 'everybody has something to say')
      const met = this.#number({ engine: this.#settled(engine, START_MS, actor), nowMs: START_MS, actor })
      const move = this.#move(met, { type: 'submit', transactions: [transaction] }, TICK)
      return { state: move.to, sent: move.sent }
    })
  }

  move (state: number, item: number): Move {
    const known = this.#moves.get(state) ?? new Map<number, Move>()
    this.#moves.set(state, known)
    const before = known.get(item)
    if (before !== undefined) return before
    const move = item === TICK ? this.#tick(state) : this.#deliver(state, item)
    known.set(item, move)
    return move
  }

  /**
   * Whether a delivery would change nothing, now and ever: a vote, certificate or proposal whose place is taken, or that is below
   * finality, finds it so for good. A vote beyond those of a certificate that is held would be evidence at most, and that may
   * come too late.
   */
  isSpent (state: number, item: number): boolean {
    const { message, message: { kind } } = this.item(item)
    if (message.kind === 'vote' && this.#isCounted(state, message.vote)) return true
    return (kind === 'vote' || kind === 'cert' || kind === 'proposal') && this.move(state, item).isIdle
  }

  #isCounted (state: number, { view, type, digest }: Vote): boolean {
    const { views, final } = this.engineOf(state)
    if (view <= final.view) return true
    const at = views.get(view)
    const proven = type === NOTARIZE ? at?.notarized : type === NULLIFY ? at?.nullified : type === FINALIZE ? at?.finalized : undefined
    return proven != null && proven.digest === (digest === null ? null : hex(digest))
  }

  #moment (state: number): Moment {
    const moment = this.moments[state]
    assert(moment !== undefined, 'a number names a state')
    return moment
  }

  #settled (engine: Engine, nowMs: number, actor: number): Engine {
    return this.#options.alter(normalised(engine, nowMs, this.#peers[actor], this.#options.hasRelays))
  }

  #number (moment: Moment): number {
    const name = `${moment.actor}/${canonicalOf(moment.engine, moment.nowMs, this.#options.viewsMax)}`
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.moments.length)
    return this.moments.push(moment) - 1
  }

  /** First at the same time: what was taken away moves the next deadline. */
  #tick (state: number): Move {
    const now = this.#move(state, { type: 'tick' }, TICK)
    const { engine: { timerMs }, nowMs } = this.#moment(now.to)
    if (now.isVisible || timerMs === null || timerMs > nowMs + 10 * DELTA_MS) return now
    return this.#move(now.to, { type: 'tick' }, TICK, timerMs)
  }

  #deliver (state: number, item: number): Move {
    const { peer, bytes, message } = this.item(item)
    const answer = message.kind === 'getBlock' ? this.#finalBlock(state, hex(message.digest)) : undefined
    if (answer !== undefined) return { to: state, sent: this.#sentTo(this.#moment(state).actor, peer, encodeMessage({ kind: 'block', block: answer })), isVisible: true, isIdle: false }
    return this.#move(state, { type: 'message', peer, bytes }, item)
  }

  /** Final blocks are kept outside of the engine. */
  #finalBlock (state: number, name: string): Block | undefined {
    const { final, blocks } = this.engineOf(state)
    if (blocks.has(name)) return undefined
    for (let at = final.name; ;) {
      const block = this.blocks.get(at)
      if (block === undefined || at === name) return block
      at = hex(block.header.parent)
    }
  }

  #move (state: number, stimulus: { type: 'tick' } | { type: 'message', peer: string, bytes: Uint8Array } | { type: 'submit', transactions: readonly ToyTransaction[] }, item: number, nowMs = this.#moment(state).nowMs): Move {
    const { actor, engine: before } = this.#moment(state)
    const { rules } = this.actorOf(state)
    this.steps++
    const { state: after, effects } = step(rules, before, { ...stimulus, now: nowAt(nowMs) } as Input<ToyTransaction>)
    const engine = this.#settled(after, nowMs, actor)
    const to = this.#number({ engine, nowMs, actor })
    const sent = effects.flatMap(effect => effect.type === 'send' ? this.#sentTo(actor, effect.peer, effect.message) : [])
    for (const what of wrongsOf(this.stage, actor, before, engine, effects)) this.wrongs.push({ actor, state, item, what })
    const isVisible = sent.length > 0 || engine.final.name !== before.final.name || engine.halted !== before.halted
    return { to, sent, isVisible, isIdle: to === state && sent.length === 0 }
  }

  #sentTo (from: number, peer: string, bytes: Uint8Array): Sent[] {
    const decoded = decodeMessage(bytes, 65_536)
    assert(decoded.ok, 'engines say what can be read')
    const message = decoded.value
    if (message.kind === 'proposal' || message.kind === 'block') this.blocks.set(hex(message.block.digest), message.block)
    if (!this.#isOfInterest(message)) return []
    const item = this.#itemOf(from, bytes, message)
    return this.stage.actors.flatMap(({ name }, to) => name === peer && to !== from ? [{ to, item }] : [])
  }

  /**
   * Statuses and their like only make up for loss. Without relays a certificate is known by its votes, and a block by its proposal,
   * which all get. Evidence that is not passed on is found by whoever sees both votes.
   */
  #isOfInterest (message: Message): boolean {
    const { viewsMax, hasRelays } = this.#options
    if (message.kind === 'vote') return message.vote.view <= viewsMax
    if (message.kind === 'proposal') return message.block.header.view <= viewsMax
    return hasRelays && RELAYS.has(message.kind)
  }

  /** Who passes on a certificate decides only whom its block is asked from first: one of its signers stands for all. */
  #itemOf (from: number, bytes: Uint8Array, message: Message): number {
    const { actors } = this.stage
    const signers = message.kind === 'cert' ? actors.filter(({ signer }) => ((message.cert.bitmap[0] ?? 0) >> signer) % 2 === 1) : []
    const sender = signers[0] ?? actors[from]
    assert(sender !== undefined, 'somebody said it')
    const name = `${sender.name}/${hex(sha256(bytes, utf8(message.kind)))}`
    const known = this.#itemNumbers.get(name)
    if (known !== undefined) return known
    this.#itemNumbers.set(name, this.items.length)
    const vote = message.kind !== 'vote' ? null : {
      view: message.vote.view, type: message.vote.type, about: `${message.vote.view}/${message.vote.type}/${message.vote.digest === null ? '' : hex(message.vote.digest)}`
    }
    return this.items.push({ label: labelOf(message, sender.label), peer: sender.name, bytes, message, vote }) - 1
  }
}

const RELAYS: ReadonlySet<Message['kind']> = new Set(['cert', 'certs', 'block', 'getBlock', 'getCerts'])
const VERBS: Readonly<Record<VoteType, string>> = { [PROPOSE]: 'propose', [NOTARIZE]: 'notarize', [NULLIFY]: 'nullify', [FINALIZE]: 'finalize' }

function labelOf (message: Message, by: string): string {
  const short = (digest: Uint8Array | null): string => digest === null ? '' : ` ${hex(digest).slice(0, 6)}`
  if (message.kind === 'vote') return `${by} ${VERBS[message.vote.type]} ${message.vote.view}${short(message.vote.digest)}`
  if (message.kind === 'cert') return `certificate ${VERBS[message.cert.type]} ${message.cert.view}${short(message.cert.digest)} of ${hex(message.cert.bitmap)}`
  if (message.kind === 'proposal') return `${by} proposes ${message.block.header.view}${short(message.block.digest)}`
  if (message.kind === 'getBlock') return `${by} asks for${short(message.digest)}`
  return message.kind === 'block' ? `${by} gives${short(message.block.digest)}` : `${by} ${message.kind}`
}
