import { assert, equalBytes, sha256 } from '../../base/index.ts'
import { judgeHead, leafOfData, type Head, type Leaf } from '../../core/feed/index.ts'
import { decodeRedacted, faultOfRedacted, isRedacted, readSealedPrefix } from '../../core/sealing/index.ts'
import { decodeSegmentHeader, type Item } from '../../core/sync/index.ts'
import type { Feed, Feeds, VerifiedSegment } from '../feeds/index.ts'
import { PeerFault } from './exchange.ts'

/** As it was signed, or with some of its records gone. */
export type SentSegment = VerifiedSegment & { readonly isRedacted: boolean }

/**
 * A segment item whose bytes have the hash that its own leaf names; whether the leaf belongs to the feed is for others to say.
 * In redacted form only for a feed whose leaf is held, and only where a notice of its publisher is; undefined where that is not
 * known yet: nobody's fault.
 */
export function segmentOf (item: Item, feed?: Feed): SentSegment | undefined {
  if (item.type !== 'segment') throw new PeerFault('fault', `an item of type ${item.type} where a segment was asked for`)
  const header = decodeSegmentHeader(item.header)
  if (!header.ok) throw new PeerFault('fault', header.failure.reason)
  const { index, leafData, form } = header.value
  const leaf = leafOfData(leafData)
  if (leaf === undefined) throw new PeerFault('fault', 'a segment without its leaf')
  if (form === 'redacted') return isRedactedOf(feed, index, leaf, item.payload) ? { index, leafData, bytes: item.payload, isRedacted: true } : undefined
  if (form !== 'stored') throw new PeerFault('fault', 'a segment without its bytes')
  if (!equalBytes(sha256(item.payload), leaf.digest)) throw new PeerFault('fault', 'bytes that do not have the hash of their leaf')
  return { index, leafData, bytes: item.payload, isRedacted: false }
}

/** In clear it is checked by its records; sealed, its place is all that can be checked here, and whoever opens it sees the rest. */
function isRedactedOf (feed: Feed | undefined, index: number, leaf: Leaf, payload: Uint8Array): boolean {
  if (feed === undefined || !feed.isThinned(leaf)) return false
  const redacted = isRedacted(payload) ? decodeRedacted(payload) : undefined
  if (redacted !== undefined) {
    if (redacted.ok && faultOfRedacted(redacted.value, feed.id, index, leaf) === undefined) return true
    throw new PeerFault('fault', 'a redacted segment that is not what its leaf says')
  }
  const prefix = readSealedPrefix(payload)
  if (prefix.ok && prefix.value.feed.equals(feed.id) && prefix.value.index === index) return true
  throw new PeerFault('fault', 'neither a segment nor a redacted one')
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
