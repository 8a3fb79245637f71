import { fail, ok, type Result } from '../../base/index.ts'
import { openSegment, type FeedRecord, type OpenSegment } from '../../core/feed/index.ts'
import { decodeRedacted, isRedacted, keptRecordsOf, openSealed, readSealedPrefix, type RedactedSegment } from '../../core/sealing/index.ts'
import type { Feed } from '../feeds/index.ts'
import type { Keyring } from '../keyring/index.ts'

/** The keys that are at hand. */
export type KeysAtHand = Pick<Keyring, 'keyOf'>

/**
 * - `sealed`: the key of this epoch was never granted here, or is gone.
 * - `unreadable`: what stands there is no segment, or not one that its publisher could have sealed under this key.
 */
export type ContentsFailure =
  | { readonly code: 'sealed', readonly epoch: number, readonly reason: string }
  | { readonly code: 'unreadable', readonly reason: string }

/** What stands in a stored segment, in clear; `bytes` are those that were sealed, or the stored ones. */
export type Contents =
  | { readonly kind: 'segment', readonly segment: OpenSegment, readonly bytes: Uint8Array }
  | { readonly kind: 'redacted', readonly segment: RedactedSegment, readonly bytes: Uint8Array }

/**
 * Opens a stored segment, by a key that is here where it is sealed. That its bytes are those which the leaf names, or a redacted
 * segment that may stand in their place, the caller checked.
 */
export function contentsOf (keys: KeysAtHand, { declaration }: Pick<Feed, 'declaration'>, stored: Uint8Array): Result<Contents, ContentsFailure> {
  if (isRedacted(stored)) {
    const redacted = decodeRedacted(stored)
    return redacted.ok ? ok({ kind: 'redacted', segment: redacted.value, bytes: stored }) : unreadable(redacted.failure.code)
  }
  const inClear = openSegment(stored)
  if (inClear.ok) return ok({ kind: 'segment', segment: inClear.value, bytes: stored })
  const prefix = readSealedPrefix(stored)
  if (!prefix.ok) return unreadable(inClear.failure.code)
  const { keyEpoch: epoch } = prefix.value
  const key = keys.keyOf({ publisher: declaration.publisher, datasetId: declaration.datasetId, class: declaration.class, epoch })
  if (key === undefined) return fail({ code: 'sealed', epoch, reason: noGrant(epoch) })
  const unsealed = openSealed(stored, key)
  return unsealed.ok ? ok({ ...unsealed.value.contents, bytes: unsealed.value.bytes }) : unreadable(unsealed.failure.code)
}

/** Records that can be read, with their positions in the segment: all, or what was not erased. */
export function * readableRecordsOf (contents: Contents, fromPosition: number): Generator<{ readonly position: number, readonly record: FeedRecord }> {
  if (contents.kind === 'redacted') {
    yield * keptRecordsOf(contents.segment).filter(({ position }) => position >= fromPosition)
    return
  }
  const { segment } = contents
  for (let position = fromPosition; position < segment.header.count; position++) yield { position, record: segment.record(position) }
}

/** The record at a position; undefined where it was erased, and beyond the end. */
export function recordAt (contents: Contents, position: number): FeedRecord | undefined {
  if (contents.kind === 'segment') return position < contents.segment.header.count ? contents.segment.record(position) : undefined
  const item = contents.segment.items[position]
  return item === undefined || item instanceof Uint8Array ? undefined : item.record
}

/** How many records stand there, erased ones too. */
export function countOfContents (contents: Contents): number {
  return contents.kind === 'redacted' ? contents.segment.count : contents.segment.header.count
}

/** What a person is told who has the data and not the key. */
export function noGrant (epoch: number): string {
  return `no grant for epoch ${epoch}`
}

function unreadable (reason: string): Result<never, ContentsFailure> {
  return fail({ code: 'unreadable', reason })
}
