import { equalBytes, sha256 } from '../../base/index.ts'
import { faultOfSegment, type OpenSegment } from '../../core/feed/index.ts'
import { faultOfRedacted, keptRecordsOf } from '../../core/sealing/index.ts'
import type { Feed } from '../feeds/index.ts'
import { contentsOf, type KeysAtHand } from '../reading/index.ts'

export type CheckedSegment = {
  readonly fault?: string
  /** Why it could not be opened; its bytes are checked all the same. */
  readonly sealed?: string
  readonly opened?: OpenSegment
  /** Records that are gone for good: nothing of them is there to be checked but that nothing else took their place. */
  readonly erased: number
  readonly sizeBytes: number
}

/** Checks a stored segment against its leaf: its bytes, or the records that were left of it. */
export function checkSegment (keys: KeysAtHand, feed: Feed, index: number, stored: Uint8Array | undefined): CheckedSegment {
  const leaf = feed.leaf(index)
  if (feed.isGone(index)) return { erased: leaf.count, sizeBytes: 0 }
  const nothing = { erased: 0, sizeBytes: stored?.length ?? 0 }
  const contents = stored === undefined ? undefined : contentsOf(keys, feed, stored)
  if (stored === undefined || contents === undefined || (!contents.ok && contents.failure.code !== 'sealed')) {
    return { ...nothing, fault: `segment ${index} is ${stored === undefined ? 'not here' : 'not readable'}` }
  }
  const fault = `segment ${index} is not what its leaf says`
  const isRedacted = feed.isRedacted(index)
  if (!isRedacted && !equalBytes(sha256(stored), leaf.digest)) return { ...nothing, fault }
  if (!contents.ok) return { ...nothing, sealed: contents.failure.reason }
  const { value } = contents
  if (value.kind === 'redacted') {
    const isGood = isRedacted && faultOfRedacted(value.segment, feed.id, index, leaf) === undefined
    return isGood ? { ...nothing, erased: leaf.count - keptRecordsOf(value.segment).length } : { ...nothing, fault }
  }
  return isRedacted || faultOfSegment(value.bytes, feed, index, leaf) !== undefined ? { ...nothing, fault } : { ...nothing, opened: value.segment }
}
