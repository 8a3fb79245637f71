import { equalBytes } from '../../base/index.ts'
import { termOfKey } from '../../core/postings/index.ts'
import type { Store } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import { candidatesIn, soughtOf, type Block } from './finding.ts'
import type { Latest } from './rows.ts'
import type { Scope } from './scope.ts'
import { indexedRecords, openedSegment, type OwnKey, type Readable } from './segment.ts'

type Blocks = { readonly feed: Feed, readonly scope: Scope, readonly blocks: readonly Block[], readonly ownKey: OwnKey }

/** The newest record of a key that stands in a block, by the postings of keys from the last block on. */
export async function newestOf (readable: Readable, store: Store, index: Blocks, own: Uint8Array): Promise<Latest | undefined> {
  const { feed, scope } = index
  const sought = soughtOf({ keyTerm: termOfKey(own) })
  for (const block of index.blocks.toReversed()) {
    const [candidates] = await candidatesIn(store, feed, [block], sought, 0)
    // A damaged block is built anew when somebody asks for it, and tells of its records then.
    if (candidates === undefined || candidates === 'damaged') continue
    for (const { segment, positions } of candidates.toReversed()) {
      const opened = await openedSegment(readable, feed, segment)
      if (typeof opened === 'string') continue
      const { first } = feed.leaf(segment)
      const wanted = new Set(positions?.map(position => first + position))
      const records = indexedRecords(opened, first, { ...scope, end: scope.end ?? Infinity }, index.ownKey)
      const found = records.findLast(record => wanted.has(record.number) && equalBytes(record.own, own))
      if (found !== undefined) return { number: found.number, timeMs: found.timeMs, isDelete: found.isDelete, place: found.place }
    }
  }
  return undefined
}
