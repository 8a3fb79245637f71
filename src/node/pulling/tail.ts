import { assert, equalBytes, sha256 } from '../../base/index.ts'
import { judgeHead, leafOfData, type Head } from '../../core/feed/index.ts'
import { decodeSegmentHeader, type Item } from '../../core/sync/index.ts'
import type { Feed, Feeds, VerifiedSegment } from '../feeds/index.ts'
import { PeerFault } from './exchange.ts'

/** A segment item whose bytes have the hash that its own leaf names; whether the leaf belongs to the feed is for others to say. */
export function segmentOf (item: Item): VerifiedSegment {
  if (item.type !== 'segment') throw new PeerFault('fault', `an item of type ${item.type} where a segment was asked for`)
  const header = decodeSegmentHeader(item.header)
  if (!header.ok) throw new PeerFault('fault', header.failure.reason)
  const leaf = leafOfData(header.value.leafData)
  if (leaf === undefined || header.value.form !== 'stored') throw new PeerFault('fault', 'a segment without its bytes')
  if (!equalBytes(sha256(item.payload), leaf.digest)) throw new PeerFault('fault', 'bytes that do not have the hash of their leaf')
  return { index: header.value.index, leafData: header.value.leafData, bytes: item.payload }
}

/**
 * Takes segments that, put behind those held, give the root of a newer head. `unproven`: they do not, and nothing changed;
 * either the source lied or the publisher signed two histories, and a cover tells which.
 */
export async function takeTail (
  feeds: Feeds, feed: Feed, head: Head, segments: readonly VerifiedSegment[], nowMs: number
): Promise<'taken' | 'known' | 'unproven'> {
  return feeds.exclusively(feed, async () => {
    if (feed.status === 'frozen' || head.length <= feed.length) return 'known'
    // A crash of the own writer leaves leaves that no head covers; only what is signed counts here.
    if (feed.log.length > feed.length) feed.truncate(feed.length)
    const start = feed.log.length
    const tail = segments.filter(({ index }) => index >= start)
    if (tail.length !== head.length - start || tail.some(({ index }, at) => index !== start + at)) return 'unproven'
    const leaves = tail.map(({ leafData }) => leafData)
    if (!extendsFeed(feed, head, leaves, nowMs)) return 'unproven'
    await feeds.extend(feed, leaves, head, tail)
    return 'taken'
  })
}

/** Takes leaves that give the root of a newer head; their segments are fetched afterwards. */
export async function takeLeaves (
  feeds: Feeds, feed: Feed, head: Head, start: number, leaves: readonly Uint8Array[], nowMs: number
): Promise<'taken' | 'known' | 'unproven'> {
  return feeds.exclusively(feed, async () => {
    if (feed.status === 'frozen' || head.length <= feed.length) return 'known'
    if (feed.log.length > feed.length) feed.truncate(feed.length)
    if (feed.log.length !== start) return 'unproven'
    if (!extendsFeed(feed, head, leaves, nowMs)) return 'unproven'
    await feeds.extend(feed, leaves, head, [])
    return 'taken'
  })
}

function extendsFeed (feed: Feed, head: Head, leaves: readonly Uint8Array[], nowMs: number): boolean {
  if (feed.head !== undefined) {
    return judgeHead(feed.head, head, { type: 'leaves', log: feed.log, leafData: leaves }, nowMs).verdict === 'extends'
  }
  assert(feed.log.length === 0, 'without a head nothing is held')
  const root = rootAfter(feed, leaves)
  return root !== undefined && equalBytes(root, head.mmrRoot)
}

/** The root that the feed would have with these leaves; undefined where their record numbers leave a gap. */
function rootAfter (feed: Feed, leaves: readonly Uint8Array[]): Uint8Array | undefined {
  const start = feed.log.length
  let next = feed.records
  for (const leafData of leaves) {
    const leaf = leafOfData(leafData)
    if (leaf?.first !== next) return undefined
    next += leaf.count
  }
  for (const leafData of leaves) feed.append(leafData)
  const root = feed.log.root()
  feed.truncate(start)
  return root
}
