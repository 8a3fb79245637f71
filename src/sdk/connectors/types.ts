/** What is said about connectors: how each does, and what it could not take. */
import type { Result } from '../../base/index.ts'
import type { ConnectorDeclaration } from './declaration.ts'

/**
 * `starting`: not yet at work. `running`: takes what comes. `waiting`: has no source or no node to give to at the moment and
 * tries by itself. `failed`: gave up, and is begun again after a while. `stopped`: by somebody's word.
 */
export const CONNECTOR_STATES = ['starting', 'running', 'waiting', 'failed', 'stopped'] as const
export type ConnectorState = typeof CONNECTOR_STATES[number]

/** Since the process began, but for `gaps`: that is counted again at each start, from what is stored. */
export type ConnectorCounters = {
  /** Messages, files or answers that came. */
  readonly received: number
  /** Records that are durable. */
  readonly stored: number
  /** Records that were stored before, and were not stored again. */
  readonly duplicates: number
  /** What could not be read or may not be stored: dead letters, as far as their limit allows. */
  readonly rejected: number
  /** Messages that their source numbered and that never came. */
  readonly gaps: number
}

export type ConnectorStatus = {
  readonly state: ConnectorState
  readonly sinceMs: number
  readonly counters: ConnectorCounters
  /** When a record was stored last; null: none since the process began. */
  readonly lastRecordMs: number | null
  readonly lastError: { readonly sentence: string, readonly atMs: number } | null
  /** Sentences for whoever looks after it, for instance that loss is normal at this source. */
  readonly notes: readonly string[]
}

export type ConnectorView = {
  readonly name: string
  readonly kind: string
  readonly datasetId: string
  /** The table of hanse.toml that declares it. */
  readonly declaration: ConnectorDeclaration
  readonly status: ConnectorStatus
}

/** Input that could not be taken. `body` is the beginning of it, in base64. */
export type DeadLetter = {
  readonly number: number
  readonly connector: string
  readonly timeMs: number
  readonly reason: string
  /** Where it came from: a topic, a file, an address. */
  readonly origin: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly body: string
}

/** What became of what was pushed; durable when it is told. */
export type Taken = { readonly stored: number, readonly duplicates: number, readonly rejected: number }

type Refused = { readonly code: string, readonly reason: string, readonly hint: string }

/** The connectors of a node, as its API sees them. What is added or removed is written to hanse.toml. */
export interface Connectors {
  list (): readonly ConnectorView[]
  show (name: string): Result<ConnectorView, Refused>
  add (declaration: ConnectorDeclaration): Promise<Result<ConnectorView, Refused>>
  remove (name: string): Promise<Result<null, Refused>>
  restart (name: string): Promise<Result<ConnectorView, Refused>>
  /** Newest first; of all connectors where none is named. */
  letters (query: { readonly connector?: string | undefined, readonly limit: number }): Promise<Result<readonly DeadLetter[], Refused>>
  push (name: string, mediaType: string, chunks: AsyncIterable<Uint8Array>): Promise<Result<Taken, Refused>>
}
