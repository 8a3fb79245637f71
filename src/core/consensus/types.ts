import type { CID, Result } from '../../base/index.ts'
import type { Block, BlockContext, Digest, FinalityProof, Scheme, Validator } from '../finality/index.ts'
import type { SigningKey } from '../identity/index.ts'

/** Something that clients want ordered. Parsed and its signature verified once, when it is admitted. */
export type Transaction = {
  /** Hex of its id. */
  readonly id: string
  readonly bytes: Uint8Array
}

export type NextEpoch = { readonly validators: readonly Validator[], readonly paramsHash: Uint8Array, readonly version: number }

export type Executed<S> = {
  readonly next: S
  readonly stateRoot: Uint8Array
  readonly bodyRoot: Uint8Array
  /** Ids of the transactions in the body, in order. */
  readonly ids: readonly string[]
}

export type Proposed<S> = Executed<S> & { readonly body: Uint8Array }

/** A change of one row of the application's state: null deletes. Joins the synced batch of finality. */
export type StateRow = { readonly key: Uint8Array, readonly value: Uint8Array | null }

/**
 * What blocks mean. Pure, synchronous and total: any bytes give a result, never a throw. `S` is an immutable handle; branches
 * share structure.
 */
export interface App<S, T extends Transaction> {
  readonly genesis: { readonly state: S, readonly stateRoot: Uint8Array, readonly validators: readonly Validator[], readonly timeMs: number }
  /** The body of the next block, and what `execute` makes of it: what applies, in an order of its own choice, within the limit. Null when nothing applies. */
  propose (state: S, context: BlockContext, pool: readonly T[], bodyBytesMax: number): Proposed<S> | null
  /**
   * A body of zero bytes is one without transactions, whatever the block's type: evidence or a seal may be all there is to say.
   * `known` finds transactions that were admitted before, which saves their verification and changes nothing else.
   */
  execute (state: S, context: BlockContext, body: Uint8Array, known: (id: string) => T | undefined): Result<Executed<S>, { readonly code: string }>
  /** What a header names this body by; undefined for bytes that are no body. Depends on nothing but the bytes. */
  bodyRootOf (body: Uint8Array): Uint8Array | undefined
  /** The exact content of the next seal; null while no change is due. `context` of the seal block itself is not needed: same state, same answer. */
  due (state: S): NextEpoch | null
  /** Whether anything in the pool would apply: expired, invalid and out-of-sequence transactions would not. */
  includable (state: S, nowMs: number, pool: readonly T[]): boolean
  /** Parses and verifies a transaction against what the state says of its author's keys. */
  admit (state: S, bytes: Uint8Array): T | undefined
  /** Who answers for a transaction: each has a share of the pool. One account for all where there is none. */
  payer? (transaction: T): string
  /** Of the pool, after a block became final: whether it may still be included one day. */
  isAlive (state: S, nowMs: number, transaction: T): boolean
  /** Of the block after this state: without it, a state after a FLUSH block is never adopted. */
  epochOf? (state: S): number
  /** Rows that differ between two final states, the later one second. */
  changes (before: S, after: S): readonly StateRow[]
}

/** Local times and limits; none of them can affect safety. */
export type Profile = {
  readonly deltaMs: number
  readonly batchWindowMs: number
  readonly backoffMaxMs: number
  readonly heartbeatMs: number
  readonly bodyBytesMax: number
  readonly driftMsMax: number
}

/** What stays the same while an engine runs. */
export type Rules<S, T extends Transaction> = {
  readonly federation: CID
  readonly app: App<S, T>
  readonly scheme: Scheme
  readonly profile: Profile
  /** Transport key of this node: finds its own seat, and the name of a peer is the hex of its transport key. */
  readonly node: Uint8Array
  /** Consensus keys of this node by hex of the public key; the one that the epoch seats is used. */
  readonly keys: ReadonlyMap<string, SigningKey>
  /** Highest protocol version that this build speaks. */
  readonly version: number
  /** Hex of what this process drew at its start and says in every hello: how a clone is told from itself. */
  readonly instance: string
}

/** Hex of a transport key. */
export type PeerName = string

/** Times at which an input happens: elapsed time that never goes back, and the wall clock. */
export type Now = { readonly monotonicMs: number, readonly wallMs: number }

export type Input<T extends Transaction> = { readonly now: Now } & (
  | { readonly type: 'tick' }
  /** A member's node is connected. `instance`: hex, as its hello said. */
  | { readonly type: 'open', readonly peer: PeerName, readonly instance: string }
  | { readonly type: 'close', readonly peer: PeerName }
  | { readonly type: 'message', readonly peer: PeerName, readonly bytes: Uint8Array }
  | { readonly type: 'submit', readonly transactions: readonly T[] }
  /** The operator, or a marker of a restored backup, forbids votes in this epoch. */
  | { readonly type: 'lock', readonly reason: string }
  /** Another consensus key of this node exists now; it votes when an epoch seats it. */
  | { readonly type: 'keys', readonly keys: ReadonlyMap<string, SigningKey> }
)

/**
 * A row to keep. `signer`: own votes, never lost or rolled back. `store`: the rest, may be fetched again.
 * Keys and values are the room's own business; whoever stores them puts a prefix of its own before the key.
 */
export type KeptRow = { readonly database: 'signer' | 'store', readonly key: Uint8Array, readonly value: Uint8Array | null }

export type FinalBlock<S> = {
  readonly block: Block
  readonly context: BlockContext
  readonly ids: readonly string[]
  readonly state: S
}

export type Effect<S> =
  /** Keep these rows, together. Whatever is sent or final after it waits until they are synced, except after lazy ones. */
  | { readonly type: 'persist', readonly rows: readonly KeptRow[], readonly state: readonly StateRow[], readonly isLazy: boolean }
  /** `fast`: the stream of votes. `bulk`: blocks and ranges, so that votes never wait. */
  | { readonly type: 'send', readonly peer: PeerName, readonly lane: 'fast' | 'bulk', readonly message: Uint8Array }
  /** The earliest deadline only; replaces the one before. Null: nothing to wait for. */
  | { readonly type: 'timer', readonly atMonotonicMs: number | null }
  /** Final in order. `proof` proves the last of them, and with it all. */
  | { readonly type: 'final', readonly blocks: readonly FinalBlock<S>[], readonly proof: FinalityProof }
  /** A peer asks for final blocks, which are kept outside: answer with `archiveAnswer`. */
  | { readonly type: 'archive', readonly peer: PeerName, readonly request: ArchiveRequest }
  | { readonly type: 'alarm', readonly code: AlarmCode, readonly sentence: string, readonly proof: Uint8Array | null }
  /** A peer sent what no honest node sends. */
  | { readonly type: 'blame', readonly peer: PeerName, readonly reason: string }

export type AlarmCode = 'fork' | 'execution' | 'locked' | 'version'

export type ArchiveRequest =
  | { readonly kind: 'block', readonly digest: Digest }
  /** Final blocks from a height on, with the proof of the last one sent. */
  | { readonly kind: 'range', readonly fromHeight: number, readonly max: number }
  /** Proofs that seal after seal became final. */
  | { readonly kind: 'seals', readonly fromEpoch: number }

// --- Limits of the engine; times that depend on the network are in the profile -------------------------------------

/** Views beyond the present one for which votes are kept: a minority cannot run ahead of a quorum, so more are lies. */
export const VIEW_WINDOW = 64
/** View records above which the votes of old ones go. */
export const VIEW_RECORDS_MAX = 3 * VIEW_WINDOW
/** Different digests per signer, type and view: the second is evidence, a third says nothing new. */
export const DIGESTS_PER_VOTE_MAX = 2
/** Unfinal blocks held: two per view of the window. */
export const HELD_BLOCKS_MAX = 2 * VIEW_WINDOW
export const HELD_BYTES_MAX = 64 * 1024 * 1024
export const WANTS_MAX = 64

export const POOL_TRANSACTIONS_MAX = 4_096
export const POOL_TRANSACTIONS_PER_PAYER_MAX = 256
export const POOL_BYTES_MAX = 16 * 1024 * 1024
export const TRANSACTION_BYTES_MAX = 80 * 1024
export const PENDING_IDS_MAX = 64
export const PUT_TRANSACTIONS_MAX = 512

export const PEERS_MAX = 256
export const INSTANCES_PER_PEER_MAX = 8
/** Instances older than this say nothing about now. */
export const INSTANCE_WINDOW_MS = 60_000
/** Starts of this node that are remembered, so that a quick restart is not taken for a clone. */
export const OWN_INSTANCES_MAX = 64
/** Newest votes remembered by transport key, across epochs. */
export const NEWEST_VOTES_MAX = 64

export const EVIDENCE_POOL_MAX = 256
export const EVIDENCE_PER_BLOCK_MAX = 16
/** What is final of one signer in one epoch; more of the same changes nothing and would let the record grow for ever. */
export const EVIDENCE_PER_SIGNER_MAX = 64
export const EVIDENCE_BYTES_MAX = 1024 * 1024
/** Epochs before the present one whose validators are known, so that their lies can still be shown. */
export const PAST_EPOCHS_MAX = 4

export const RANGE_BLOCKS_MAX = 64
export const RANGE_BYTES_MAX = 1024 * 1024
export const SEALS_MAX = 64
export const CERTS_MAX = 64

export const VOTE_BYTES_MAX = 256
export const CERT_BYTES_MAX = 4 * 1024
export const STATUS_BYTES_MAX = 16 * 1024
/** A justification has no count of its own: it follows from the views that were skipped. This is what a frame carries of it. */
export const JUST_BYTES_MAX = 1024 * 1024
export const PROOF_BYTES_MAX = 1024 * 1024
export const JOINED_BYTES_MAX = 256 * 1024

/** Between two answers to one peer of an older epoch, and between two unasked statuses. */
export const REPEAT_MS_MIN = 5_000
/** Silence, in Δ, after which a leader is not waited for while a quorum is heard. */
export const SILENCE_DELTAS = 10
/** Waiting for a range, in Δ0, before another peer is asked. */
export const RANGE_DELTAS = 5
/** Times that a peer may leave a question for blocks unanswered before its claim to have them is forgotten. */
export const MISSES_MAX = 3
export const NEAR_BLOCKS = 2
export const NEAR_DELTAS = 2
export const DELTA_GROWTH = 1.5
export const DELTA_DECAY = 0.9
export const DELTA_FACTOR_MAX = 4
