import type { Column, RecordInput } from '../../sdk/index.ts'

export type Message = {
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** As its bringer says; empty: what the connector is declared for. */
  readonly mediaType: string
  /** A topic, or who pushed it. */
  readonly origin: string
  readonly receivedMs: number
}

/** Input that gives no record. */
export type Rejected = { readonly reason: string, readonly mediaType: string, readonly bytes: Uint8Array }

export type Batch = { readonly records: readonly RecordInput[], readonly rejected: readonly Rejected[] }

export type MessageReader = {
  readonly columns: readonly Column[]
  /** Reads a message bit by bit; what cannot be read is in a batch as rejected. Throws what its chunks throw. */
  read (message: Message): AsyncGenerator<Batch>
  readonly identityOf?: (record: RecordInput) => string
  /** Counts messages that their source numbered and that never came; sees records as they are stored. */
  readonly gaps?: { observe (record: RecordInput): void, total (): number }
}
