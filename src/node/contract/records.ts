import type { Failure } from './failure.ts'

export type RecordInput = {
  readonly key: Uint8Array
  readonly timeMs: number
  readonly operation: 'put' | 'delete'
  readonly mediaType: string
  readonly body: Uint8Array
}

/** A record with its number in the feed. */
export type NumberedRecord = RecordInput & { readonly number: number }

/** `slow`: it read less than came for too long. `incomplete`: what would follow is not here. All resume behind what they took. */
export type ListenEnd = Failure<'refused' | 'not-found' | 'slow' | 'incomplete'>

/** Who is told of records as they come. */
export type Listener = {
  /**
   * Records in order, without a gap. Of records that come live all listeners get the same array, so that it need be encoded
   * only once. Until a returned promise resolves nothing more comes.
   */
  readonly take: (records: readonly NumberedRecord[]) => Promise<void> | void
  /** Once, and nothing comes after it. Undefined: the node stops. */
  readonly end: (why: ListenEnd | undefined) => void
}

export type Listening = {
  /** The number of the first record that it gets. */
  readonly from: number
  /** Whoever leaves is told no more, `end` neither. */
  readonly stop: () => void
}
