import type { Ranges } from '../../core/sync/index.ts'
import type { KeyRange, Store } from '../../host/index.ts'
import type { Feed } from './feed.ts'
import { segmentKey } from '../rows/index.ts'

/**
 * LevelDB rewrites a range for certain as long as it is below ten of its tables, 80 MiB: 64 segments have 64 MiB at most.
 */
const SEGMENTS_PER_COMPACTION = 64

/** Makes deleted segments leave the disk, and before them what was made of them. */
export async function compactSegments (store: Store, feed: Feed, ranges: Ranges): Promise<void> {
  for (const forget of feed.followers) await forget(ranges)
  for (const range of rangesToCompact(feed, ranges)) await store.compact(range)
}

function rangesToCompact ({ number }: Feed, ranges: Ranges): readonly KeyRange[] {
  const first = ranges[0]?.[0]
  const end = ranges.at(-1)?.[1]
  if (first === undefined || end === undefined) return []
  const parts: KeyRange[] = []
  for (let from = first; from < end; from += SEGMENTS_PER_COMPACTION) {
    const to = Math.min(end, from + SEGMENTS_PER_COMPACTION)
    const touched = ranges.some(([a, b]) => a < to && from < b)
    if (touched) parts.push({ from: segmentKey(number, from), to: segmentKey(number, to) })
  }
  return parts
}
