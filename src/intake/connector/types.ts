import type { Result } from '../../base/index.ts'
import type { ConnectorDeclaration, DatasetDescription, NumberedRecord, RecordInput, Taken } from '../../sdk/index.ts'

export type SinkFailure = { readonly code: string, readonly reason: string, readonly hint: string }

/** Terms that a stream of personal data is opened with, where it is not there yet: aggregates alone, in which whom the column names counts once. */
export type PrivateTerms = { readonly template: 'aggregates', readonly countedBy: string }

/** Where data go: the node, as far as a connector needs it. Made in `cli/start`. */
export interface Sink {
  /** Opens the stream, or takes it as it is where this member publishes it already. */
  ensureStream (description: DatasetDescription, terms?: PrivateTerms): Promise<Result<null, SinkFailure>>
  /** Resolves when all records are durable and covered by a signed head. */
  append (datasetId: string, records: readonly RecordInput[]): Promise<Result<null, SinkFailure>>
  /** The newest `count` records of an own stream, oldest first. */
  tail (datasetId: string, count: number): Promise<Result<AsyncIterable<NumberedRecord>, SinkFailure>>
  /** Publishes a whole anew; all of it or nothing. */
  publishTable (description: DatasetDescription, content: { readonly mediaType: string, readonly fileName: string, readonly records: AsyncIterable<RecordInput | readonly RecordInput[]> }): Promise<Result<null, SinkFailure>>
  publishFile (description: DatasetDescription, content: { readonly mediaType: string, readonly fileName: string, readonly bytes: AsyncIterable<Uint8Array> }): Promise<Result<null, SinkFailure>>
  /** Hex of the SHA-256 over what an own dataset holds whole; null where it holds nothing, is a stream, or does not tell. */
  contentSha256 (datasetId: string): string | null
  /** Opens, where it is not there, a stream that nobody but this member ever gets. */
  ensurePrivateStream (datasetId: string, title: string): Promise<Result<null, SinkFailure>>
}

/** What one connector remembers from run to run: small JSON, durable when `write` resolves. */
export interface StatePort {
  /** Undefined where nothing was written yet, or what is there cannot be read. */
  read (): Promise<unknown>
  write (value: unknown): Promise<void>
}

export interface ConnectorClock {
  nowMs (): number
  /** Resolves after `delayMs`, or at once when the signal aborts. Never rejects. */
  sleep (delayMs: number, signal: AbortSignal): Promise<void>
}

export type LetterInput = { readonly reason: string, readonly origin: string, readonly mediaType: string, readonly bytes: Uint8Array }

/** How a connector stores records of its stream, once each. */
export interface Inlet {
  /**
   * Resolves when every record is durable, those that are under way or stored already among them; fails where the node does not
   * take them now: then nothing may be acknowledged to the source. Records that no stream can hold become dead letters.
   */
  take (records: readonly RecordInput[], origin: string): Promise<Result<Taken, SinkFailure>>
}

export type InletOptions = {
  readonly description: DatasetDescription
  /** What tells a record that came again; by default all of it. Must follow from the record alone, as it is read back from the stream. */
  readonly identityOf?: ((record: RecordInput) => string) | undefined
  /** Sees every record in the order of the stream: those of the window when it is read back, then each that is stored. Counts gaps. */
  readonly onStored?: ((record: RecordInput) => void) | undefined
  /** How many of the newest records are known: what comes again after more is stored again. */
  readonly windowRecordsMax?: number | undefined
}

/** The web client of `host/web`, as a connector sees it. An answer is read to its end, or cancelled. */
export type SafeFetch = (request: {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
  readonly redirectsMax?: number
  readonly bytesMax?: number
  readonly firstByteTimeoutMs?: number
  readonly timeoutMs?: number
  readonly onlyAllowed?: readonly string[]
  /** The address that an operator declared, and whose answers named this one. */
  readonly namedBy?: string
  readonly signal?: AbortSignal
}) => Promise<Result<SafeAnswer, SinkFailure>>
export type SafeAnswer = {
  readonly status: number
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Throws an error with a `code` where it breaks off or grows too large. */
  readonly bytes: AsyncIterable<Uint8Array>
  whole (): Promise<Result<Uint8Array, SinkFailure>>
  cancel (): void
}

/** What a connector works with. */
export type ConnectorContext = {
  readonly name: string
  readonly sink: Sink
  /** Opens the stream and reads back its newest records, to know what comes again. Waits, and says so, while the node cannot. */
  readonly openInlet: (options: InletOptions, signal: AbortSignal) => Promise<Inlet>
  readonly state: StatePort
  /** Resolves when the letter is durable, or counted alone because its limit is reached; fails where the node does not take it now. */
  readonly deadLetter: (letter: LetterInput) => Promise<Result<null, SinkFailure>>
  readonly report: Reporter
  /** Calls out, and is never led into private networks. */
  readonly web: SafeFetch
  readonly clock: ConnectorClock
  /** From 0 to below 1. */
  readonly chance: () => number
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void
}

/** How a connector tells what goes on. Stored, duplicate and rejected are counted by inlet and dead letters. */
export interface Reporter {
  running (): void
  waiting (sentence: string): void
  /** Something went wrong, and it goes on. */
  error (sentence: string): void
  received (count: number): void
  /** For connectors that do without an inlet: whole tables and files. */
  stored (count: number): void
  gaps (total: number): void
  /** Said under `id` until it is said otherwise; null takes it back. */
  note (id: string, sentence: string | null): void
}

export interface Connector {
  /** Works until the signal aborts. Throws where it cannot go on: the supervisor tells why, waits and makes a new one. */
  run (signal: AbortSignal): Promise<void>
  /** Takes what is pushed over HTTP, for kinds that are pushed to. Resolves when it is durable. */
  push? (mediaType: string, chunks: AsyncIterable<Uint8Array>): Promise<Result<Taken, SinkFailure>>
}

/** Makes connectors of one kind. What a kind needs beside its context (a web client, a broker) its maker closes over. */
export type ConnectorFactory<Declaration = ConnectorDeclaration> = (declaration: Declaration, context: ConnectorContext) => Connector

/** By kind: a new kind without a factory does not compile. */
export type ConnectorFactories = {
  readonly [Kind in ConnectorDeclaration['kind']]: ConnectorFactory<Extract<ConnectorDeclaration, { readonly kind: Kind }>>
}
