import { assert, digestOf, equalBytes, readUint, type CID } from '../../base/index.ts'
import { decodeDeclaration, decodeHead, leafOfData, type Declaration, type Head } from '../../core/feed/index.ts'
import { decodeStatement, type Statement } from '../../core/identity/index.ts'
import type { Read, Row, Store } from '../../host/index.ts'
import {
  decodeFeedRow, decodeLeafRow, encodeFeedRow, encodeLeafRow, feedKey, feedNumberKey, forkKey, headKey, leafKey, rowsOf, segmentKey,
  type LeafRow
} from '../rows/index.ts'
import type { Ranges } from '../../core/sync/index.ts'
import { Cache } from './cache.ts'
import { Feed, type FeedStatus } from './feed.ts'
import { Signal } from './signal.ts'

export const FEEDS_MAX = 65_536
/**
 * What followers ask for in the seconds after it was appended, and nothing that was only read: whoever comes later reads all of a feed, or
 * here and there in it, and is held up by no disk. It would drive out the rest, and stay until V8 collects all of its heap.
 */
const CACHE_BYTES_MAX = 16 << 20
const STATEMENT_BYTES_MAX = 65_536

/** Rows of one commit when much goes at once. */
const LAID_PER_COMMIT = 4_096

/** A segment that passed its hash check, with the leaf that names it. */
export type VerifiedSegment = { readonly index: number, readonly leafData: Uint8Array, readonly bytes: Uint8Array }

/**
 * All feeds of this node, in memory and in the store. The only code that writes feed rows, so that memory never says
 * what the disk does not: rows are committed first, then the feed changes, then listeners are told.
 */
export class Feeds {
  readonly #store: Store
  readonly #byKey = new Map<string, Feed>()
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #cache = new Cache(CACHE_BYTES_MAX)
  #nextNumber = 1
  /** A feed came, grew, lost or gained segments, or was frozen. */
  readonly changed: Signal<Feed> = new Signal()
  /** Stored segments that turned out to be damaged or absent. */
  readonly damaged: Signal<{ readonly feed: Feed, readonly index: number }> = new Signal()
  /** Segments went for good, or another form took their place: nobody has to be asked for them. */
  readonly laid: Signal<Feed> = new Signal()
  damagedCount = 0
  /** Stored segments of other members' feeds. */
  replicatedBytes = 0

  constructor (store: Store) {
    this.#store = store
  }

  static async load (store: Store): Promise<Feeds> {
    const feeds = new Feeds(store)
    for await (const { key, read } of store.entries(rowsOf('feed'))) {
      const number = feedNumberOf(key)
      if (number === undefined) continue
      const row = read.state === 'found' ? decodeFeedRow(read.value) : undefined
      const statement = row === undefined ? undefined : decodeStatement(row.declaration, STATEMENT_BYTES_MAX)
      const declaration = statement?.ok === true ? decodeDeclaration(statement.value) : undefined
      if (row === undefined || statement?.ok !== true || declaration?.ok !== true) continue
      const feed = new Feed({
        number, id: statement.value.id, declaration: declaration.value, statement: row.declaration, role: row.role
      })
      await loadFeed(store, feed)
      if (feed.role === 'reader') feeds.replicatedBytes += feed.storedBytes
      feeds.#byKey.set(feed.key, feed)
    }
    // Also numbers whose feed row is damaged or gone: their segments and leaves must not be taken for another feed's.
    for (const kind of ['feed', 'leaf', 'segment', 'head'] as const) {
      for await (const key of store.keys({ ...rowsOf(kind), reverse: true, limit: 1 })) {
        feeds.#nextNumber = Math.max(feeds.#nextNumber, (feedNumberOf(key) ?? 0) + 1)
      }
    }
    return feeds
  }

  all (): Iterable<Feed> {
    return this.#byKey.values()
  }

  get (id: CID | string): Feed | undefined {
    return this.#byKey.get(id.toString())
  }

  get size (): number {
    return this.#byKey.size
  }

  /** Runs `work` after all earlier work on the same feed. */
  async exclusively<T> (feed: Feed, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(feed.key) ?? Promise.resolve()).then(work)
    const settled = turn.then(() => {}, () => {})
    this.#turns.set(feed.key, settled)
    try {
      return await turn
    } finally {
      if (this.#turns.get(feed.key) === settled) this.#turns.delete(feed.key)
    }
  }

  /**
   * Takes in a feed whose declaration was verified; the same feed again is the same. One whose row was lost gets its number
   * back, and with it all that is still stored of it.
   */
  async register (statement: Statement, declaration: Declaration, role: 'writer' | 'reader', status: FeedStatus = 'open'): Promise<Feed> {
    const before = this.get(statement.id) === undefined ? await this.#numberBefore(statement.id) : undefined
    const found = before === undefined ? undefined : new Feed({ number: before, id: statement.id, declaration, statement: statement.envelope, role })
    if (found !== undefined) await loadFeed(this.#store, found)
    const known = this.get(statement.id)
    if (known !== undefined) return known
    assert(this.#byKey.size < FEEDS_MAX, 'callers look at the number of feeds before they add one')
    const feed = found ?? new Feed({ number: this.#nextNumber++, id: statement.id, declaration, statement: statement.envelope, role })
    if (feed.status === 'open') feed.status = status
    if (role === 'reader') this.replicatedBytes += feed.storedBytes
    this.#byKey.set(feed.key, feed)
    const number = new Uint8Array(4)
    new DataView(number.buffer).setUint32(0, feed.number)
    await this.#store.commit([
      { type: 'put', key: feedKey(feed.number), value: encodeFeedRow({ declaration: statement.envelope, role }) },
      { type: 'put', key: feedNumberKey(digestOf(feed.id)), value: number }
    ])
    this.changed.emit(feed)
    return feed
  }

  async #numberBefore (id: CID): Promise<number | undefined> {
    const read = await this.#store.get(feedNumberKey(digestOf(id)))
    const number = read.state === 'found' ? readUint(read.value, 0, 4) : undefined
    if (number === undefined || number >= this.#nextNumber) return undefined
    return [...this.#byKey.values()].some(feed => feed.number === number) ? undefined : number
  }

  // --- Reading -----------------------------------------------------------------------------------------------------

  /** Stored bytes with the hash that their leaf names; undefined where they are missing or turned out to be damaged. */
  async segment (feed: Feed, index: number): Promise<Uint8Array | undefined> {
    return (await this.segments(feed, index, index + 1))[0]
  }

  async segments (feed: Feed, from: number, to: number): Promise<readonly (Uint8Array | undefined)[]> {
    return this.segmentsAt(feed, Array.from({ length: to - from }, (_, at) => from + at))
  }

  /** Of several at once: a look at the store costs as much as reading what it finds. */
  async segmentsAt (feed: Feed, indexes: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    const found = indexes.map(index => feed.has(index) ? this.#cache.get(`${feed.number}/${index}`) : undefined)
    const wanted = indexes.map((index, at) => ({ index, at })).filter(({ index, at }) => found[at] === undefined && feed.has(index))
    if (wanted.length === 0) return found
    const whole = wanted.filter(({ index }) => !feed.isRedacted(index))
    const redacted = wanted.filter(({ index }) => feed.isRedacted(index))
    const reads = await this.#store.getBlocks(whole.map(({ index }) => ({ key: segmentKey(feed.number, index), digest: feed.leaf(index).digest })))
    for (const [nth, { index, at }] of whole.entries()) found[at] = await this.#checked(feed, index, reads[nth])
    // Another hash than that of the leaf: these rows carry a tag instead.
    const tagged = redacted.length === 0 ? [] : await this.#store.getMany(redacted.map(({ index }) => segmentKey(feed.number, index)))
    for (const [nth, { index, at }] of redacted.entries()) found[at] = await this.#checked(feed, index, tagged[nth])
    return found
  }

  /** As `segment`, from the disk even where it is in memory. */
  async reread (feed: Feed, index: number): Promise<Uint8Array | undefined> {
    this.#cache.delete(`${feed.number}/${index}`)
    return this.segment(feed, index)
  }

  async #checked (feed: Feed, index: number, read: Read | undefined): Promise<Uint8Array | undefined> {
    // It went while it was being read.
    if (feed.isGone(index)) return undefined
    if (read?.state === 'found') return read.value
    await this.markDamaged(feed, index)
    return undefined
  }

  /** Remembers that a segment must be fetched again. */
  async markDamaged (feed: Feed, index: number): Promise<void> {
    if (!feed.has(index)) return
    this.damagedCount++
    feed.lose([index, index + 1])
    this.#cache.delete(`${feed.number}/${index}`)
    await this.#store.commit([leafRow(feed.number, index, { leafData: feed.leafData(index), sizeBytes: 0, state: 'missing' })])
    this.damaged.emit({ feed, index })
    this.changed.emit(feed)
  }

  // --- Writing -----------------------------------------------------------------------------------------------------

  /** Rows of a new segment; `adopt` follows once they are committed. */
  rowsOfSegment (feed: Feed, { index, leafData, bytes }: VerifiedSegment): readonly Row[] {
    return [
      { type: 'block', key: segmentKey(feed.number, index), value: bytes },
      leafRow(feed.number, index, { leafData, sizeBytes: bytes.length, state: 'present' })
    ]
  }

  headRow (feed: Feed, head: Head): Row {
    return { type: 'put', key: headKey(feed.number), value: head.statement.envelope }
  }

  remember (feed: Feed, { index, bytes }: VerifiedSegment): void {
    this.#cache.set(`${feed.number}/${index}`, bytes)
    this.#count(feed, bytes)
  }

  #count (feed: Feed, { length }: Uint8Array): void {
    feed.storedBytes += length
    if (feed.role === 'reader') this.replicatedBytes += length
  }

  /** Takes leaves that, after those held, give the root of `head`; the segments given with them are stored too. */
  async extend (feed: Feed, leaves: readonly Uint8Array[], head: Head, segments: readonly VerifiedSegment[]): Promise<void> {
    const start = feed.log.length
    const given = new Set(segments.map(({ index }) => index))
    const reused = segments.length === leaves.length ? new Set<number>() : await this.#alreadyStored(feed, start, leaves)
    const rows = segments.flatMap(segment => this.#rowsUnlessBarred(feed, segment))
    for (const [offset, leafData] of leaves.entries()) {
      const index = start + offset
      if (given.has(index)) continue
      if (feed.isBarred(index)) {
        rows.push(leafRow(feed.number, index, { leafData, sizeBytes: 0, state: 'erased' }), { type: 'delete', key: segmentKey(feed.number, index) })
        continue
      }
      rows.push(leafRow(feed.number, index, { leafData, sizeBytes: 0, state: reused.has(index) ? 'present' : 'missing' }))
    }
    await this.#store.commit([...rows, this.headRow(feed, head)])
    for (const [offset, leafData] of leaves.entries()) {
      feed.append(leafData)
      const index = start + offset
      if (feed.isBarred(index)) feed.lay([index, index + 1])
      else if (!given.has(index) && !reused.has(index)) feed.lose([index, index + 1])
    }
    for (const segment of segments) if (!feed.isGone(segment.index)) this.remember(feed, segment)
    feed.head = head
    assert(equalBytes(feed.log.root(), head.mmrRoot), 'leaves give the signed root')
    this.changed.emit(feed)
  }

  /** After damage to leaf or head rows the segments themselves are mostly still there. */
  async #alreadyStored (feed: Feed, start: number, leaves: readonly Uint8Array[]): Promise<ReadonlySet<number>> {
    const stored = new Set<number>()
    if (start > 0) return stored
    const first = await this.#store.getBlock(segmentKey(feed.number, 0), new Uint8Array(32))
    if (first.state === 'absent') return stored
    for (const [offset, leafData] of leaves.entries()) {
      const digest = leafOfData(leafData)?.digest
      if (digest === undefined) continue
      const read = await this.#store.getBlock(segmentKey(feed.number, start + offset), digest)
      if (read.state === 'found') stored.add(start + offset)
    }
    return stored
  }

  #rowsUnlessBarred (feed: Feed, segment: VerifiedSegment): readonly Row[] {
    const { index, leafData } = segment
    return feed.isBarred(index) ? [leafRow(feed.number, index, { leafData, sizeBytes: 0, state: 'erased' })] : this.rowsOfSegment(feed, segment)
  }

  /** Stores segments below the held length, but none that went for good or is here in another form. */
  async fill (feed: Feed, all: readonly VerifiedSegment[]): Promise<void> {
    const segments = all.filter(({ index }) => !feed.isGone(index) && !feed.isBarred(index) && !feed.has(index))
    if (segments.length === 0) return
    await this.#store.commit(segments.flatMap(segment => this.rowsOfSegment(feed, segment)))
    for (const segment of segments) {
      // It may have gone since: rows are committed in the order of the calls, so then it is not in the store either.
      if (feed.isGone(segment.index)) continue
      feed.gain([segment.index, segment.index + 1])
      // Not kept in memory: bulk would drive out what somebody reads, and its bytes would outlive the next collection.
      this.#count(feed, segment.bytes)
    }
    this.changed.emit(feed)
  }

  /**
   * Takes the bytes of segments away for good; their leaves stay. At once in memory, so that nobody reads on; `beside` goes
   * into the last commit. Deleted rows are on the disk until it is compacted.
   */
  async lay (feed: Feed, ranges: Ranges, state: 'erased' | 'dropped', beside: readonly Row[] = []): Promise<void> {
    const indexes: number[] = []
    for (const [from, to] of ranges) for (let index = from; index < Math.min(to, feed.log.length); index++) if (!feed.isGone(index)) indexes.push(index)
    for (const [from, to] of ranges) feed.lay([from, Math.min(to, feed.log.length)])
    let freed = 0
    for (let at = 0; at < indexes.length; at += LAID_PER_COMMIT) {
      const part = indexes.slice(at, at + LAID_PER_COMMIT)
      for (const index of part) this.#cache.delete(`${feed.number}/${index}`)
      freed += await this.#sizeOf(feed, part)
      await this.#store.commit(part.flatMap((index): Row[] => [
        { type: 'delete', key: segmentKey(feed.number, index) }, leafRow(feed.number, index, { leafData: feed.leafData(index), sizeBytes: 0, state })
      ]))
    }
    await this.#store.commit(beside)
    this.#uncount(feed, freed)
    this.laid.emit(feed)
    this.changed.emit(feed)
  }

  /** Puts redacted segments in the place of those that they were made from, or that are missing. */
  async replace (feed: Feed, redacted: readonly { readonly index: number, readonly bytes: Uint8Array }[]): Promise<void> {
    const replaced = redacted.filter(({ index }) => index < feed.log.length && !feed.isGone(index))
    if (replaced.length === 0) return
    const freed = await this.#sizeOf(feed, replaced.map(({ index }) => index))
    for (const { index } of replaced) this.#cache.delete(`${feed.number}/${index}`)
    await this.#store.commit(replaced.flatMap(({ index, bytes }): Row[] => [
      { type: 'put', key: segmentKey(feed.number, index), value: bytes },
      leafRow(feed.number, index, { leafData: feed.leafData(index), sizeBytes: bytes.length, state: 'redacted' })
    ]))
    for (const { index, bytes } of replaced) {
      this.#cache.delete(`${feed.number}/${index}`)
      feed.redact([index, index + 1])
      this.#count(feed, bytes)
    }
    this.#uncount(feed, freed)
    this.laid.emit(feed)
    this.changed.emit(feed)
  }

  /** Lets go of a segment that must come anew, in another form, from who has it. */
  async forget (feed: Feed, index: number): Promise<void> {
    if (!feed.has(index)) return
    this.#uncount(feed, await this.#sizeOf(feed, [index]))
    feed.lose([index, index + 1])
    this.#cache.delete(`${feed.number}/${index}`)
    await this.#store.commit([
      { type: 'delete', key: segmentKey(feed.number, index) }, leafRow(feed.number, index, { leafData: feed.leafData(index), sizeBytes: 0, state: 'missing' })
    ])
    this.damaged.emit({ feed, index })
    this.changed.emit(feed)
  }

  async #sizeOf (feed: Feed, indexes: readonly number[]): Promise<number> {
    const rows = await this.#store.getMany(indexes.map(index => leafKey(feed.number, index)))
    return rows.reduce((sum, read) => sum + (read.state === 'found' ? decodeLeafRow(read.value)?.sizeBytes ?? 0 : 0), 0)
  }

  #uncount (feed: Feed, sizeBytes: number): void {
    feed.storedBytes = Math.max(0, feed.storedBytes - sizeBytes)
    if (feed.role === 'reader') this.replicatedBytes = Math.max(0, this.replicatedBytes - sizeBytes)
  }

  /** A newer head of the same length and root. */
  async refresh (feed: Feed, head: Head): Promise<void> {
    await this.#store.commit([this.headRow(feed, head)])
    feed.head = head
  }

  async freeze (feed: Feed, proof: Uint8Array): Promise<void> {
    if (feed.fork !== undefined) return
    feed.status = 'frozen'
    feed.fork = proof
    await this.#store.commit([{ type: 'put', key: forkKey(feed.number), value: proof }])
    this.changed.emit(feed)
  }
}

/** Undefined where damage left no whole key. */
function feedNumberOf (key: Uint8Array): number | undefined {
  return readUint(key, 1, 4)
}

function leafRow (feedNo: number, index: number, row: LeafRow): Row {
  return { type: 'put', key: leafKey(feedNo, index), value: encodeLeafRow(row) }
}

/**
 * Brings a feed into memory as far as its rows prove it. A reader's feed is worth what its head covers; a gap in
 * its leaves or a damaged head leaves it empty, to be proved again by a neighbour (stored segments are then used again).
 * A writer's own feed keeps all leaves without gap: its guard decides what they are worth.
 */
async function loadFeed (store: Store, feed: Feed): Promise<void> {
  const [headRead, forkRead] = await store.getMany([headKey(feed.number), forkKey(feed.number)])
  const statement = headRead?.state === 'found' ? decodeStatement(headRead.value, STATEMENT_BYTES_MAX) : undefined
  const decoded = statement?.ok === true ? decodeHead(statement.value) : undefined
  const head = decoded?.ok === true ? decoded.value : undefined
  // A proof that can no longer be read was one: the feed stays frozen, and a neighbour passes the proof on again.
  if (forkRead?.state === 'found') feed.fork = forkRead.value
  if (forkRead !== undefined && forkRead.state !== 'absent') feed.status = 'frozen'
  if (head === undefined && feed.role === 'reader') return
  const leavesMax = feed.role === 'writer' ? Number.MAX_SAFE_INTEGER : head?.length ?? 0
  for await (const { key, read } of store.entries(rowsOf('leaf', feed.number))) {
    const index = feed.log.length
    const row = read.state === 'found' ? decodeLeafRow(read.value) : undefined
    const expected = leafKey(feed.number, index)
    if (index >= leavesMax || row === undefined || !equalBytes(key, expected) || leafOfData(row.leafData)?.first !== feed.records) break
    feed.append(row.leafData)
    const range = [index, index + 1] as const
    feed.storedBytes += row.sizeBytes
    if (row.state === 'missing') feed.lose(range)
    if (row.state === 'redacted') feed.redact(range)
    if (row.state === 'erased' || row.state === 'dropped') feed.lay(range)
  }
  const proved = head !== undefined && head.length <= feed.log.length && equalBytes(feed.log.root(head.length), head.mmrRoot)
  if (proved) feed.head = head
  else if (feed.role === 'reader') feed.truncate(0)
}

