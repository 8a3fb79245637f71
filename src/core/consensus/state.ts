import { assert, bagPeaks, hex, leafHash, Peaks, type CID } from '../../base/index.ts'
import {
  leaderOf, type Block, type Cert, type Digest, type Evidence, type FinalityProof, type Validator, type ValidatorSet, type Vote, type BlockContext
} from '../finality/index.ts'
import type { SigningKey } from '../identity/index.ts'
import { encodeMessage, type Message } from './message.ts'
import type { OnRecord } from './signer.ts'
import type { AlarmCode, Effect, KeptRow, NextEpoch, Now, PeerName, Rules, StateRow, Transaction } from './types.ts'

/** Digests of all blocks up to a height as the peaks of their mountain range. */
export type Log = { readonly length: number, readonly peaks: readonly Uint8Array[] }

/** What a valid block leads to. */
export type Outcome<S> = {
  readonly state: S
  readonly stateRoot: Uint8Array
  readonly log: Log
  /** What the application wants sealed after this block; null below a seal. */
  readonly due: NextEpoch | null
  /** Name of the seal that this block is or descends from, within the epoch. */
  readonly seal: string | null
  readonly ids: readonly string[]
  readonly context: BlockContext | null
  /** Of the evidence in it, by `evidenceName`. */
  readonly evidence: readonly string[]
}

export type Held<S> = {
  readonly block: Block
  /** Hex of its digest. */
  readonly name: string
  readonly parent: string
  /** Null until it is found valid; that it is not valid now is never remembered. */
  readonly outcome: Outcome<S> | null
  /** Its justification does not verify, which no ancestor and no time will change. */
  readonly isUnjust: boolean
  readonly kept: boolean
}

/** A vote that verified. */
export type Known = { readonly vote: Vote, readonly digest: string | null }

/** A certificate that verified. */
export type Proven = { readonly cert: Cert, readonly digest: string | null }

export type View = {
  readonly votes: readonly Known[]
  readonly notarized: Proven | null
  readonly nullified: Proven | null
  readonly finalized: Proven | null
  /** First proposal by the leader. */
  readonly proposal: { readonly name: string, readonly signature: Uint8Array } | null
}

const EMPTY_VIEW: View = { votes: [], notarized: null, nullified: null, finalized: null, proposal: null }

export type Epoch = {
  readonly number: number
  readonly version: number
  readonly set: ValidatorSet
  /** Position of this node's seat; -1 without one. */
  readonly me: number
  /** The final seal that began it; the federation's id for the first. */
  readonly base: { readonly digest: Digest, readonly height: number, readonly timeMs: number }
  /** Validators by view modulo their number. */
  readonly leaders: readonly number[]
  /** Hex of the transport keys by position. */
  readonly nodes: readonly PeerName[]
}

export type PastEpoch = { readonly number: number, readonly set: ValidatorSet, readonly validators: readonly Validator[] }

/** The newest final block. */
export type Final<S> = {
  readonly digest: Digest
  readonly name: string
  readonly height: number
  /** 0 for the base of an epoch. */
  readonly view: number
  readonly timeMs: number
  /** Null for the base of the first epoch alone. */
  readonly proof: FinalityProof | null
  readonly outcome: Outcome<S>
}

export type OwnRow = { readonly count: number, readonly vote: Vote }

/** Own votes on record, and whether this process may add to them. */
export type Signing = {
  readonly rows: readonly OwnRow[]
  /** Of the next row. */
  readonly next: number
  /**
   * Where the log of own votes began when it was read: what was said before is not known any more. Then it was final, unless
   * the row of finality was lost since; so nothing is signed below, whatever finality seems to be.
   */
  readonly floor: { readonly epoch: number, readonly view: number } | null
  /** By view, in this epoch. */
  readonly byView: ReadonlyMap<number, OnRecord>
  readonly lock: Lock
}

export type Lock =
  | { readonly type: 'open' }
  /**
   * Peers are asked whether they know more of this node than it does itself. `isFollower`: they saw another of its processes not
   * long ago. It is thought to be dead; so that it may be alive, they are asked once more, from `againMs` on.
   */
  | {
    readonly type: 'checking', readonly answered: ReadonlySet<PeerName>, readonly sinceMs: number, readonly askedMs: number, readonly backoffMs: number
    readonly isFollower: boolean, readonly againMs: number | null
  }
  /** For ever, for these keys: another one, bound later, may vote when an epoch seats it. */
  | { readonly type: 'locked', readonly reason: string, readonly keys: ReadonlySet<string> }

export type Instance = { readonly instance: string, readonly firstMs: number, readonly lastMs: number }

/** `misses`: times that it was asked for what it claims to have, and did not answer. */
export type Claim = { readonly epoch: number, readonly height: number, readonly sinceMs: number, readonly misses: number }

export type Peer = {
  readonly isOpen: boolean
  readonly instances: readonly Instance[]
  /** What it is known to have reached in this epoch. */
  readonly view: number
  readonly finView: number
  readonly statusProposal: string | null
  readonly statusView: number
  /** Null until it said so: then it is taken to reach everyone. */
  readonly connected: Uint8Array | null
  /** Says that it has more than this node: a reason to ask, never a target. */
  readonly claim: Claim | null
  readonly heardMs: number
  readonly answeredMs: number
}

export type Want = { readonly digest: Digest, readonly view: number, readonly sinceMs: number, readonly askedMs: number | null, readonly first: PeerName | null }

export type PooledEvidence = { readonly name: string, readonly evidence: Evidence, readonly bytes: Uint8Array }

export type State<S, T extends Transaction> = {
  readonly epoch: Epoch
  readonly past: readonly PastEpoch[]
  readonly final: Final<S>
  /** Epochs of the evidence that is final, by its name, as long as that epoch's validators are known. */
  readonly finalEvidence: ReadonlyMap<string, number>

  readonly view: number
  readonly enteredMs: number
  readonly armedMs: number | null
  readonly retryMs: number
  readonly backoffMs: number
  readonly entry: Proven | null
  readonly deltaMs: number
  readonly finLearntMs: number
  readonly suspects: ReadonlySet<number>
  readonly activeSinceMs: number
  readonly activeMs: number

  readonly views: ReadonlyMap<number, View>
  readonly blocks: ReadonlyMap<string, Held<S>>
  readonly wants: ReadonlyMap<string, Want>
  readonly certsAskedMs: number
  /** Whom to ask next. */
  readonly rotation: number
  readonly signing: Signing
  readonly keys: ReadonlyMap<string, SigningKey>
  readonly newest: ReadonlyMap<PeerName, Vote>
  readonly ownInstances: readonly string[]
  /** Validators that told of another process with this node's keys, and when. */
  readonly foreign: ReadonlyMap<PeerName, number>

  readonly peers: ReadonlyMap<PeerName, Peer>
  readonly catching: { readonly peer: PeerName, readonly fromHeight: number, readonly untilMs: number } | null

  readonly pool: ReadonlyMap<string, T>
  readonly poolBytes: number
  /** How many are in the pool, by who answers for them. */
  readonly poolShares: ReadonlyMap<string, number>
  /** Grows with every change of the pool. */
  readonly poolVersion: number
  readonly includable: { readonly tip: string, readonly poolVersion: number, readonly untilMs: number, readonly value: boolean } | null
  readonly evidence: readonly PooledEvidence[]
  readonly statusSentMs: number
  readonly statusOwed: boolean

  /** Neither voting nor deciding any more; still serving what is final. */
  readonly halted: AlarmCode | null
  readonly alarms: readonly { readonly code: AlarmCode, readonly sentence: string }[]
  readonly timerMs: number | null
}

export function checkingFrom ({ monotonicMs }: Now, deltaMs: number): Lock {
  return { type: 'checking', answered: new Set(), sinceMs: monotonicMs, askedMs: monotonicMs, backoffMs: 2 * deltaMs, isFollower: false, againMs: null }
}

type Writable<X> = { -readonly [K in keyof X]: X[K] }

/** Something learnt in this turn that is still to be considered. */
export type Pending =
  | { readonly type: 'vote', readonly vote: Vote, readonly from: PeerName | null, readonly verified: boolean }
  | { readonly type: 'cert', readonly cert: Cert, readonly from: PeerName | null, readonly verified: boolean }
  /** A NOTARIZE vote for a held block whose justification does not verify. */
  | { readonly type: 'unjust', readonly vote: Vote, readonly name: string }

/**
 * One step being taken. `draft` starts as the state before with all its parts shared; a part is replaced, or copied once and
 * then changed, so that the state before stays as it was.
 */
export type Turn<S, T extends Transaction> = {
  readonly rules: Rules<S, T>
  readonly now: Now
  readonly draft: Writable<State<S, T>>
  readonly owned: Set<unknown>
  readonly pending: Pending[]
  readonly due: { finalize: boolean, notarize: boolean, tick: boolean }
  readonly rows: KeptRow[]
  readonly lazyRows: KeptRow[]
  readonly stateRows: StateRow[]
  readonly early: Effect<S>[]
  readonly late: Effect<S>[]
  /** Replays what was kept: nothing is signed, kept or sent. */
  readonly isReplay: boolean
  deadlineMs: number | null
}

export function turnOf<S, T extends Transaction> (rules: Rules<S, T>, state: State<S, T>, now: Now, isReplay = false): Turn<S, T> {
  return {
    rules, now, draft: { ...state }, owned: new Set(), pending: [], due: { finalize: false, notarize: false, tick: false },
    rows: [], lazyRows: [], stateRows: [], early: [], late: [], isReplay, deadlineMs: null
  }
}

/** Effects in the order in which they must be performed: what rests on the rows comes after them. */
export function effectsOf<S, T extends Transaction> (turn: Turn<S, T>): readonly Effect<S>[] {
  const { rows, stateRows, lazyRows, early, late, draft } = turn
  const effects = [...early]
  if (rows.length > 0 || stateRows.length > 0) {
    effects.push({ type: 'persist', rows: [...rows, ...lazyRows], state: stateRows, isLazy: false }, ...late)
  } else if (lazyRows.length > 0) {
    effects.push({ type: 'persist', rows: lazyRows, state: [], isLazy: true })
  }
  if (turn.deadlineMs !== draft.timerMs) {
    draft.timerMs = turn.deadlineMs
    effects.push({ type: 'timer', atMonotonicMs: turn.deadlineMs })
  }
  return effects
}

/** A map of the draft to change: copied at the first change of a turn. */
function writable<K, V> (turn: { readonly owned: Set<unknown> }, map: ReadonlyMap<K, V>): Map<K, V> {
  if (turn.owned.has(map)) return map as Map<K, V>
  const copy = new Map(map)
  turn.owned.add(copy)
  return copy
}

type MapName = 'views' | 'blocks' | 'wants' | 'peers' | 'pool' | 'poolShares' | 'foreign' | 'newest' | 'finalEvidence'
type ValueOf<M> = M extends ReadonlyMap<string | number, infer V> ? V : never

export function put<S, T extends Transaction, N extends MapName> (
  turn: Turn<S, T>, name: N, key: N extends 'views' ? number : string, value: ValueOf<State<S, T>[N]>
): void {
  const map = writable(turn, turn.draft[name] as ReadonlyMap<string | number, unknown>)
  map.set(key, value)
  Object.assign(turn.draft, { [name]: map })
}

export function drop<S, T extends Transaction, N extends MapName> (turn: Turn<S, T>, name: N, key: N extends 'views' ? number : string): void {
  if (!(turn.draft[name] as ReadonlyMap<string | number, unknown>).has(key)) return
  const map = writable(turn, turn.draft[name] as ReadonlyMap<string | number, unknown>)
  map.delete(key)
  Object.assign(turn.draft, { [name]: map })
}

export function viewAt<S, T extends Transaction> (turn: Turn<S, T>, view: number): View {
  return turn.draft.views.get(view) ?? EMPTY_VIEW
}

/** Names the earliest time at which something has to be looked at again. */
export function wake<S, T extends Transaction> (turn: Turn<S, T>, atMs: number): void {
  const wholeMs = Math.ceil(atMs)
  if (turn.deadlineMs === null || wholeMs < turn.deadlineMs) turn.deadlineMs = wholeMs
}

export function emit<S, T extends Transaction> (turn: Turn<S, T>, effect: Effect<S>): void {
  if (turn.isReplay) return
  (turn.rows.length + turn.stateRows.length > 0 ? turn.late : turn.early).push(effect)
}

export function send<S, T extends Transaction> (turn: Turn<S, T>, peer: PeerName, message: Message): void {
  sendFrame(turn, peer, message.kind, encodeMessage(message))
}

/** One encoding for all who get it. */
export function sendAll<S, T extends Transaction> (turn: Turn<S, T>, peers: readonly PeerName[], message: Message): void {
  if (peers.length === 0 || turn.isReplay) return
  const frame = encodeMessage(message)
  for (const peer of peers) sendFrame(turn, peer, message.kind, frame)
}

function sendFrame<S, T extends Transaction> (turn: Turn<S, T>, peer: PeerName, kind: Message['kind'], message: Uint8Array): void {
  emit(turn, { type: 'send', peer, lane: LANES[kind], message })
}

const LANES: { readonly [K in Message['kind']]: 'fast' | 'bulk' } = {
  vote: 'fast', cert: 'fast', proposal: 'fast', status: 'fast', getBlock: 'fast', block: 'fast', getCerts: 'fast', certs: 'fast',
  getVotesOf: 'fast', votesOf: 'fast', evidence: 'fast', getRange: 'bulk', range: 'bulk', getSeals: 'bulk', seals: 'bulk', getTx: 'bulk', putTx: 'bulk'
}

export function blame<S, T extends Transaction> (turn: Turn<S, T>, peer: PeerName | null, reason: string): void {
  if (peer !== null) emit(turn, { type: 'blame', peer, reason })
}

export function alarm<S, T extends Transaction> (turn: Turn<S, T>, code: AlarmCode, sentence: string, proof: Uint8Array | null): void {
  const { draft } = turn
  if (draft.alarms.some(each => each.code === code && each.sentence === sentence)) return
  draft.alarms = [...draft.alarms.filter(each => each.code !== code), { code, sentence }]
  if (code !== 'locked') draft.halted = draft.halted ?? code
  emit(turn, { type: 'alarm', code, sentence, proof })
}

/** Validators that can be reached now, without this node. */
export function openValidators<S, T extends Transaction> (turn: Turn<S, T>): readonly PeerName[] {
  const { epoch, peers } = turn.draft
  return epoch.nodes.filter((node, index) => index !== epoch.me && peers.get(node)?.isOpen === true)
}

export function openPeers<S, T extends Transaction> (turn: Turn<S, T>): readonly PeerName[] {
  return [...turn.draft.peers].filter(([, { isOpen }]) => isOpen).map(([name]) => name)
}

/** Votes of one kind at a view; of all digests where none is named. */
export function votesAt ({ votes }: View, type: Vote['type'], digest?: string | null): readonly Known[] {
  return votes.filter(each => each.vote.type === type && (digest === undefined || each.digest === digest))
}

/** The highest view below the present one with a certified block, and that block; the newest final one is always such. */
export function tipOf<S, T extends Transaction> ({ draft }: Turn<S, T>): { readonly view: number, readonly name: string, readonly digest: Digest, readonly cert: Cert | null } {
  for (let view = draft.view - 1; view > draft.final.view; view--) {
    const at = draft.views.get(view)
    const proven = at?.notarized ?? at?.finalized
    if (proven?.digest != null && proven.cert.digest !== null) return { view, name: proven.digest, digest: proven.cert.digest, cert: proven.cert }
  }
  const { view, name, digest } = draft.final
  return { view, name, digest, cert: certOf(draft.final) }
}

/** The certificate of this very block; null for a base, and where only a descendant's is known. */
export function certOf<S> ({ view, proof }: Final<S>): Cert | null {
  return view > 0 && proof?.headers.length === 1 ? proof.cert : null
}

export function outcomeOf<S, T extends Transaction> ({ draft }: Turn<S, T>, name: string): Outcome<S> | null {
  return name === draft.final.name ? draft.final.outcome : draft.blocks.get(name)?.outcome ?? null
}

export function isVoter<S, T extends Transaction> ({ draft }: Turn<S, T>): boolean {
  return draft.halted === null && draft.epoch.me >= 0 && draft.signing.lock.type === 'open'
}

export function leaderAt ({ leaders }: Epoch, view: number): number {
  const leader = leaders[view % leaders.length]
  assert(leader !== undefined, 'an epoch has validators')
  return leader
}

export function epochOf (
  federation: CID, number: number, version: number, set: ValidatorSet, node: Uint8Array, keys: ReadonlyMap<string, SigningKey>, base: Epoch['base']
): Epoch {
  const name = hex(node)
  const me = set.validators.findIndex(each => hex(each.node) === name && keys.has(hex(each.key)))
  const leaders = set.validators.map((_, view) => leaderOf(set, base.digest, view))
  return { number, version, set, me, base, leaders, nodes: set.validators.map(each => hex(each.node)) }
}

export function appendLog (log: Log, digest: Digest): Log {
  const peaks = new Peaks(log.length, log.peaks)
  peaks.append(leafHash(digest))
  const joined = peaks.toBytes()
  const count = joined.length / 32
  return { length: log.length + 1, peaks: Array.from({ length: count }, (_, index) => joined.slice(index * 32, index * 32 + 32)) }
}

export function rootOfLog (log: Log): Uint8Array {
  return bagPeaks(log.peaks)
}

export function bitmapOf (count: number, signers: Iterable<number>): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(count / 8))
  for (const signer of signers) bitmap[signer >> 3] = (bitmap[signer >> 3] ?? 0) | (1 << (signer & 7))
  return bitmap
}

export function hasBit (bitmap: Uint8Array, index: number): boolean {
  return ((bitmap[index >> 3] ?? 0) >> (index & 7)) % 2 === 1
}
