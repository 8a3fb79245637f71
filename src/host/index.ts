/**
 * Names the outside world as narrow ports. Types alone: the real forms are rooms of their own, the simulator brings others.
 *
 * A form of a port throws only for a broken device (`HostError`, recognised by `code`); all that is expected is a value.
 */
import type { Result } from '../base/index.ts'

export interface Clock {
  /** Wall clock, milliseconds since 1970. May be wrong and may jump: it orders nothing. */
  nowMs (): number
  /** Milliseconds since some start; never goes back. */
  monotonicMs (): number
  /**
   * Calls `run` once after `delayMs`; the returned function cancels. Does not keep the process alive. After 0: as soon as what
   * came in the present turn of the event loop has been handled.
   */
  wake (delayMs: number, run: () => void): () => void
}

export interface Random {
  /** Unpredictable bytes. */
  bytes (sizeBytes: number): Uint8Array
}

export interface HostError extends Error {
  readonly code: 'store.open' | 'store.write' | 'store.read' | 'network.start' | 'network.closed' | 'network.timeout'
}

// --- Store ---------------------------------------------------------------------------------------------------------

/** What a read found. `damaged`: bytes are there and are not what was written; never served, to be fetched again. */
export type Read =
  | { readonly state: 'found', readonly value: Uint8Array }
  | { readonly state: 'absent' }
  | { readonly state: 'damaged' }

export type Row =
  /** A row that carries a tag over key and value, checked on every read. */
  | { readonly type: 'put', readonly key: Uint8Array, readonly value: Uint8Array }
  /** A row whose hash the reader knows; stored as it is, checked against the digest on every read. */
  | { readonly type: 'block', readonly key: Uint8Array, readonly value: Uint8Array }
  | { readonly type: 'delete', readonly key: Uint8Array }

/** Keys from `from` on, below `to`, in the order of their unsigned bytes. */
export type KeyRange = { readonly from: Uint8Array, readonly to: Uint8Array, readonly limit?: number, readonly reverse?: boolean }

/**
 * Ordered rows that survive the process and the power.
 *
 * The device is not trusted: what a read returns was checked. `commit` resolves when all its rows are synced to disk,
 * and they become visible together; commits that arrive while one is being synced share the next sync, in order.
 * After a failed commit every later one fails: the process must end.
 */
export interface Store {
  /** Names this database for life: also in the marker file beside it, so that a lost database is never taken for an empty one. */
  readonly storeId: string
  get (key: Uint8Array): Promise<Read>
  getMany (keys: readonly Uint8Array[]): Promise<readonly Read[]>
  getBlock (key: Uint8Array, digest: Uint8Array): Promise<Read>
  getBlocks (wanted: readonly { readonly key: Uint8Array, readonly digest: Uint8Array }[]): Promise<readonly Read[]>
  /** Tagged rows of the range. Ranges of blocks are read by `keys` and `getBlocks`. */
  entries (range: KeyRange): AsyncIterable<{ readonly key: Uint8Array, readonly read: Read }>
  keys (range: KeyRange): AsyncIterable<Uint8Array>
  commit (rows: readonly Row[]): Promise<void>
  /** Rewrites the range so that deleted bytes leave the disk. */
  compact (range: KeyRange): Promise<void>
  close (): Promise<void>
}

// --- Network -------------------------------------------------------------------------------------------------------

export type PeerId = string
export type Verdict = 'accept' | 'ignore' | 'reject'

/** Codes that close a request of any protocol. */
export type RequestErrorCode = 'unknown' | 'refused' | 'gone' | 'busy' | 'limit' | 'fault'

/** How a request ended: END with its body, ERROR, or a channel that closed under it. */
export type Outcome =
  | { readonly type: 'end', readonly body: Uint8Array }
  | { readonly type: 'error', readonly code: RequestErrorCode | 'closed' | 'timeout' | 'cancelled', readonly reason: string }

/** The asking side of one request. */
export interface Exchange {
  /** The byte stream of DATA frames. Ends when the request does; to stop early, `cancel`. */
  readonly data: AsyncIterable<Uint8Array>
  /** Resolves once; never rejects. */
  readonly outcome: Promise<Outcome>
  /** Lets the sender send so many bytes more. */
  grant (sizeBytes: number): void
  /** Stops what has not ended. An answer whose outcome is there is read to its end as before. */
  cancel (): void
}

/** The answering side of one request. */
export interface Reply {
  /** Aborted when the asker cancels, the channel closes or no progress is made. */
  readonly signal: AbortSignal
  /** Sends within the asker's credit; resolves when handed to the transport, rejects when `signal` aborts. */
  send (chunk: Uint8Array): Promise<void>
  end (body: Uint8Array): void
  error (code: RequestErrorCode, reason: string): void
}

/** A member's node that passed the handshake, over one connection. */
export interface Peer {
  readonly peerId: PeerId
  /** Opens a request on the protocol's long-lived stream. `body` is canonical DAG-CBOR with `creditBytes` in it. */
  request (protocol: string, body: Uint8Array, creditBytes: number): Exchange
  /** Sends a one-way note; false when the queue of notes is full and it was dropped. */
  note (protocol: string, body: Uint8Array): boolean
  /** Closes all connections to this peer, now. */
  drop (reason: string): void
  /** Counts a breach of protocol; at the limit the peer is dropped and graylisted in gossip for a while. */
  blame (reason: string): void
}

export type ProtocolHandler = {
  /** Answers a request. A rejected promise closes the request with `fault`. */
  readonly request: (peer: Peer, body: Uint8Array, reply: Reply) => Promise<void>
  readonly note: (peer: Peer, body: Uint8Array) => void
  /** The protocol's stream is there, for the first time or anew: notes that were sent before may be lost. */
  readonly opened?: (peer: Peer) => void
  /** Limits of notes where those of all protocols do not fit: 64 KiB a note, 256 notes and 4 MiB that wait. */
  readonly notes?: NoteLimits
}

/** A longer note breaks the protocol before any of its body is kept; one that finds the queue full is refused. */
export type NoteLimits = { readonly bytesMax: number, readonly queuedMax: number, readonly queuedBytesMax: number }

export type Topic = {
  readonly name: string
  /** Judges a message before it is passed on: synchronous, never throws. */
  readonly validate: (message: Uint8Array, from: PeerId) => Verdict
  readonly deliver: (message: Uint8Array, from: PeerId) => void
}

export type NetworkOptions = {
  /** Ed25519 seed, 32 bytes, of the transport key. */
  readonly transportSeed: Uint8Array
  /** Goes into the Noise prologue: nodes of different federations cannot even shake hands. */
  readonly federation: string
  /** Multiaddrs, for instance `/ip4/0.0.0.0/tcp/4001`. */
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  /** Finds addresses of members on the local network by mDNS, and lets private addresses be dialled. */
  readonly lan: boolean
  readonly profile: 'normal' | 'off-grid'
  readonly gossip: boolean
  readonly hello: {
    readonly mine: () => Uint8Array
    /** Judges the other side's hello; a failure's code closes the connection. */
    readonly check: (peerId: PeerId, hello: Uint8Array) => Result<null, { readonly code: string }>
  }
  readonly protocols: Readonly<Record<string, ProtocolHandler>>
  readonly topics: readonly Topic[]
  readonly onPeer: (peer: Peer) => void
  readonly onPeerGone: (peer: Peer) => void
  readonly log: Log
}

export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void

/** Members' nodes and nobody else. */
export interface Network {
  readonly peerId: PeerId
  addresses (): readonly string[]
  /** Who may connect, with addresses to try. A PeerId that is no longer named is cut off at once. */
  setMembers (addressesByPeer: ReadonlyMap<PeerId, readonly string[]>): void
  peers (): readonly Peer[]
  /** A hint to all members: may be lost, never awaited. False when it was not sent (rate, size, no such topic). */
  publish (topic: string, message: Uint8Array): boolean
  /** Gauges and counters by metric name, for instance `hanse_network_denied_total{hook="denyDialPeer"}`. */
  metrics (): ReadonlyMap<string, number>
  stop (): Promise<void>
}

/** The narrow door for those who are not members yet: an own listener without gossip, identify or prologue. */
export interface JoinPort {
  listen (options: {
    readonly transportSeed: Uint8Array
    readonly listen: readonly string[]
    readonly answer: (request: Uint8Array) => Promise<Uint8Array>
    readonly log: Log
  }): Promise<{ readonly addresses: readonly string[], stop (): Promise<void> }>
  /** Asks once, at the first address that answers. */
  call (options: {
    readonly transportSeed: Uint8Array
    readonly addresses: readonly string[]
    readonly request: Uint8Array
    readonly timeoutMs: number
  }): Promise<Result<Uint8Array, { readonly code: 'unreachable' | 'refused' | 'timeout', readonly reason: string }>>
}

// --- SQL -----------------------------------------------------------------------------------------------------------

/** `time` is an instant. `decimal`: an exact text; `date`: `YYYY-MM-DD`; `other`: lists, intervals and the like as the engine writes them. */
export type SqlType = 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'decimal' | 'date' | 'other'
export type SqlColumn = { readonly name: string, readonly type: SqlType }
/** Integers are bigints, numbers are doubles, times milliseconds since 1970, all else text. */
export type SqlValue = string | number | bigint | boolean | null

/**
 * - `missing`: the engine is not installed here.
 * - `syntax`: what was asked is no question; `invalid`: it cannot be reckoned, as with a name that is not there.
 * - `timeout`, `memory`, `rows`: a limit was reached; `fault`: the engine failed.
 */
export type SqlFault = {
  readonly code: 'missing' | 'syntax' | 'invalid' | 'timeout' | 'memory' | 'fault'
  readonly reason: string
  /** Of the character in the text that it is about, from 0. */
  readonly position: number | null
}

/** `isCut`: there were more rows, or more bytes, than were asked for. */
export type SqlRows = { readonly columns: readonly SqlColumn[], readonly rows: readonly (readonly SqlValue[])[], readonly isCut: boolean }

export type SqlRun = {
  readonly text: string
  /** Names that the text may use for tables: each with its table and the columns of it that are seen, `stored` as they are there. */
  readonly views: readonly { readonly name: string, readonly table: string, readonly columns: readonly { readonly name: string, readonly stored: string }[] }[]
  readonly timeMsMax: number
  readonly rowsMax: number
  readonly bytesMax: number
  readonly signal?: AbortSignal | undefined
}

/** Tables in memory that nothing outside of it is reached from: no file, no network, no setting, no other database. */
export interface SqlTables {
  create (table: string, columns: readonly SqlColumn[]): Promise<void>
  /** Rows by columns, `count` of them. */
  append (table: string, columns: readonly (readonly SqlValue[])[], count: number): Promise<void>
  drop (table: string): Promise<void>
  /** Runs one statement that somebody else wrote, and that was checked. Never rejects for what it says. */
  run (run: SqlRun): Promise<Result<SqlRows, SqlFault>>
  close (): void
}

/** Reckons what is asked in SQL. */
export interface SqlEngine {
  /** The syntax tree of a text, in the words of the engine's own parser: statements that only read. */
  parse (text: string): Promise<Result<unknown, SqlFault>>
  /** The text of such a tree. */
  write (tree: unknown): Promise<Result<string, SqlFault>>
  open (limits: { readonly memoryBytesMax: number, readonly threads: number }): Promise<Result<SqlTables, SqlFault>>
  close (): void
}

export type Host = {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly signer: Store
  readonly openNetwork: (options: NetworkOptions) => Promise<Network>
  readonly join: JoinPort
  /** Left out: this node answers no questions in SQL. */
  readonly sql?: SqlEngine | undefined
}
