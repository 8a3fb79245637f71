import { equalBytes } from '../../base/index.ts'
import { decodeManifest, slotOf, type Manifest } from '../../core/postings/index.ts'
import { isSealedClass } from '../../core/sealing/index.ts'
import { removeRange, type Ranges } from '../../core/sync/index.ts'
import type { Row, Store } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import { indexBlockKey, indexScopeKey, pagesOfBlock, rowsOf } from '../rows/index.ts'
import { buildBlock, deleteRows, manifestRow, type BlockPlace, type Built } from './building.ts'
import { BLOCKS_PER_COMPACTION, BLOCKS_PER_STEP, KEYS_PER_STEP, LAST_BLOCK_RECORDS_MIN } from './limits.ts'
import type { Block } from './finding.ts'
import { newestOf } from './newest.ts'
import { decodeScope, encodeScope, type Latest } from './rows.ts'
import { formatDigest, type Coverage, type Scope } from './scope.ts'
import { indexedRecords, openedSegment, ownKeyOf, type Opened, type OwnKey, type Readable } from './segment.ts'
import { StateRows } from './state.ts'
import { digestOf, Tail, type Digest, type Placed } from './tail.ts'

const INDEX_KINDS = ['indexBlock', 'indexPage', 'keyedState', 'statePlace'] as const

/** The index of one feed, for one dataset in it. */
export class FeedIndex {
  readonly feed: Feed
  readonly scope: Scope
  readonly tail: Tail = new Tail()
  readonly state: StateRows
  readonly #options: FeedIndexOptions
  readonly #manifests = new Map<number, Manifest>()
  #blocks: readonly Block[] | undefined
  #key: OwnKey = key => key
  /** Slots that could not be read though all was here, mostly for want of a key: not tried again before another comes. */
  readonly #unread = new Set<number>()
  #turn: Promise<unknown>
  #ready: Promise<void> | undefined
  #isStopped = false

  constructor (options: FeedIndexOptions) {
    this.#options = options
    this.#turn = options.after
    this.feed = options.feed
    this.scope = { ...options.coverage, isSealed: isSealedClass(options.feed.declaration.class) }
    this.state = new StateRows(options.store, options.feed.number, this.scope.isSealed)
  }

  /** Resolves when what stands on the disk is known; rows of another scope are deleted first. */
  ready (): Promise<void> {
    this.#ready ??= this.#inTurn(() => this.#load())
    return this.#ready
  }

  /** Blocks in the order of their records. */
  get blocks (): readonly Block[] {
    this.#blocks ??= [...this.#manifests].map(([slot, manifest]) => ({ slot, manifest })).toSorted((a, b) => a.slot - b.slot)
    return this.#blocks
  }

  /** How keys stand in rows. */
  get ownKey (): OwnKey {
    return this.#key
  }

  /** Number behind the last record that is signed and belongs to the dataset. */
  get end (): number {
    const { feed } = this
    const last = feed.length === 0 ? undefined : feed.leaf(feed.length - 1)
    return Math.min(this.scope.end ?? Infinity, last === undefined ? 0 : last.first + last.count)
  }

  /** Segments that hold records of the dataset and are in no block. */
  get unindexed (): Ranges {
    const { feed, scope: { first } } = this
    const [from, last] = [feed.segmentOf(first), feed.segmentOf(this.end - 1)]
    if (from === undefined || last === undefined || this.end <= first) return []
    return this.blocks.reduce<Ranges>((left, { manifest: { segments: [a, b] } }) => removeRange(left, [a, b]), [[from, last + 1]])
  }

  // --- What is in no block -----------------------------------------------------------------------------------------

  /** What a segment in no block says; kept, as long as there is room. */
  async digestOf (index: number): Promise<Digest | Exclude<Opened, object>> {
    const known = this.tail.digestOf(index)
    if (known !== undefined) return known
    const opened = await openedSegment(this.#options.readable, this.feed, index)
    if (typeof opened === 'string') return opened
    const records = indexedRecords(opened, this.feed.leaf(index).first, { ...this.scope, end: this.scope.end ?? Infinity }, this.#key)
    const digest = digestOf(records)
    if (!this.#manifestOver(index) && !this.feed.isGone(index)) this.tail.take(index, digest, records)
    return digest
  }

  #manifestOver (index: number): boolean {
    return this.#manifests.has(slotOf(this.feed.leaf(index).first))
  }

  /** Looks through all that is in no block; the sentence says why it could not. */
  async catchUp (): Promise<string | null> {
    let why: string | null = null
    for (const [from, to] of this.unindexed) {
      for (let index = from; index < to; index++) {
        if (this.tail.digestOf(index) !== undefined) continue
        if (this.tail.isFull) return `${this.#recordsIn(this.unindexed) - this.tail.records} records are still being indexed`
        const digest = await this.digestOf(index)
        why ??= digest === 'missing' || digest === 'sealed' ? sentenceOf(digest, index) : null
      }
    }
    return why
  }

  #recordsIn (ranges: Ranges): number {
    return ranges.reduce((sum, [from, to]) => {
      const last = this.feed.leaf(to - 1)
      return sum + last.first + last.count - this.feed.leaf(from).first
    }, 0)
  }

  // --- Building ----------------------------------------------------------------------------------------------------

  /** Builds what is due, a few blocks at once; whether there may be more. */
  async build (): Promise<boolean> {
    await this.ready()
    return this.#inTurn(() => this.#build())
  }

  async #build (): Promise<boolean> {
    const { readable, store, rest } = this.#options
    const due = this.#due()
    if (due.length === 0 || this.#isStopped) return false
    const [latest, built] = [new Map<string, Placed>(), [] as Built[]]
    for (const place of due) {
      if (latest.size >= KEYS_PER_STEP) break
      const block = await buildBlock({
        readable, store, feed: this.feed, scope: this.scope, ownKey: this.#key, rest, isStopped: () => this.#isStopped
      }, place, latest)
      if (typeof block === 'object') built.push(block)
      else if (!this.#isStopped && this.#isHere(place)) this.#unread.add(place.slot)
    }
    if (this.#isStopped) return false
    await this.state.apply([...latest.values()], rest)
    // Nothing went meanwhile: whoever takes segments away waits for this turn. A segment that was damaged meanwhile is missed when it is read.
    if (built.length > 0) await store.commit(built.map(each => manifestRow(this.feed, each)))
    for (const { place: { slot, from, to }, manifest } of built) {
      this.#setManifest(slot, manifest)
      this.tail.drop([[from, to]])
    }
    return built.length > 0
  }

  /** Blocks that can be built: those whose segments are all here, or gone for good. */
  #due (): readonly BlockPlace[] {
    const { feed, scope, end } = this
    const due: BlockPlace[] = []
    if (end <= scope.first) return due
    const start = feed.segmentOf(scope.first) ?? 0
    const lastSlot = slotOf(feed.leaf(feed.segmentOf(end - 1) ?? 0).first)
    for (let slot = slotOf(feed.leaf(start).first); slot <= lastSlot && due.length < BLOCKS_PER_STEP; slot++) {
      if (this.#manifests.has(slot) || this.#unread.has(slot)) continue
      const [from, to] = [Math.max(start, firstOfSlot(feed, slot)), Math.min((feed.segmentOf(end - 1) ?? 0) + 1, firstOfSlot(feed, slot + 1))]
      const isLast = slot === lastSlot
      const isOver = isLast && end === scope.end && end - feed.leaf(from).first >= LAST_BLOCK_RECORDS_MIN
      if (from >= to || (isLast && !isOver)) continue
      if (this.#isHere({ from, to })) due.push({ slot, from, to })
    }
    return due
  }

  #isHere ({ from, to }: Pick<BlockPlace, 'from' | 'to'>): boolean {
    return this.feed.missing.every(([a, b]) => b <= from || a >= to)
  }

  /** A key came: what it may open is tried again. */
  keysChanged (): void {
    this.#unread.clear()
  }

  // --- Forgetting --------------------------------------------------------------------------------------------------

  /**
   * Takes away all that was made of these segments, after they went; resolves when it has left the disk. Blocks over them are built
   * anew of what is left. Of keys whose latest record went the one before it is the latest, or none.
   */
  async forget (ranges: Ranges): Promise<void> {
    await this.ready()
    await this.#inTurn(async () => {
      this.tail.drop(ranges)
      const slots = this.#slotsOver(ranges)
      if (slots.length === 0) return
      for (const slot of slots) await this.#drop(slot)
      await this.#forgetLatest(new Set(slots))
      await this.#compact(slots)
    })
  }

  /** LevelDB rewrites a range for certain as long as it is below ten of its tables, 80 MiB. */
  async #compact (slots: readonly number[]): Promise<void> {
    const { store, feed: { number } } = this.#options
    for (let at = 0; at < slots.length; at += BLOCKS_PER_COMPACTION) {
      const [first, last] = [slots[at] ?? 0, slots[Math.min(slots.length, at + BLOCKS_PER_COMPACTION) - 1] ?? 0]
      await store.compact({ from: pagesOfBlock(number, first).from, to: pagesOfBlock(number, last).to })
    }
    for (const kind of ['indexBlock', 'keyedState', 'statePlace'] as const) await store.compact(rowsOf(kind, number))
  }

  async #drop (slot: number): Promise<void> {
    const { store } = this.#options
    await store.commit([{ type: 'delete', key: indexBlockKey(this.feed.number, slot) }])
    this.#setManifest(slot, undefined)
    await deleteRows(store, [pagesOfBlock(this.feed.number, slot)])
  }

  /** Also of blocks that a crash kept from being finished: rows of them may stand there. */
  #slotsOver (ranges: Ranges): readonly number[] {
    const slots = new Set<number>()
    for (const [from, to] of ranges) for (let index = from; index < Math.min(to, this.feed.log.length); index++) slots.add(slotOf(this.feed.leaf(index).first))
    return [...slots].toSorted((a, b) => a - b)
  }

  /** Also of records that stayed: they come again with their block. */
  async #forgetLatest (slots: ReadonlySet<number>): Promise<void> {
    let found: { readonly own: Uint8Array, readonly before: Latest }[] = []
    const settle = async (): Promise<void> => {
      const after = await Promise.all(found.map(({ own }) => newestOf(this.#options.readable, this.#options.store, this, own)))
      await this.state.replace(found.map((each, at) => ({ ...each, after: after[at] })))
      found = []
    }
    for await (const each of this.state.entries(undefined)) {
      const segment = each === 'damaged' ? undefined : this.feed.segmentOf(each.number)
      if (each === 'damaged' || segment === undefined || !slots.has(slotOf(this.feed.leaf(segment).first))) continue
      found.push({ own: each.own, before: each })
      if (found.length >= 64) await settle()
    }
    await settle()
  }

  /** A block whose rows turned out to be damaged is built anew. */
  async rebuild (slot: number): Promise<void> {
    await this.#inTurn(() => this.#drop(slot))
    this.#options.due(this)
  }

  /** All is built anew: something was damaged that no block tells of. */
  async rebuildAll (): Promise<void> {
    await this.#inTurn(() => this.#wipe())
    this.#options.due(this)
  }

  /** Nothing of it is left on the disk. */
  async remove (): Promise<void> {
    this.#isStopped = true
    await this.#inTurn(() => this.#wipe())
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    await this.#turn
  }

  async #wipe (): Promise<void> {
    this.#manifests.clear()
    this.#blocks = undefined
    this.tail.clear()
    // Manifests first: without them no page is looked for.
    await deleteRows(this.#options.store, INDEX_KINDS.map(kind => rowsOf(kind, this.feed.number)))
  }

  // --- Loading -----------------------------------------------------------------------------------------------------

  async #load (): Promise<void> {
    const { readable, store } = this.#options
    const { feed, scope } = this
    this.#key = await ownKeyOf(readable, feed.id, scope.isSealed)
    const wanted = { first: scope.first, end: scope.end, format: formatDigest(scope, this.#key) }
    const read = await store.get(indexScopeKey(feed.number))
    const held = read.state === 'found' ? decodeScope(read.value) : undefined
    const isSame = held !== undefined && held.first === wanted.first && held.end === wanted.end && equalBytes(held.format, wanted.format)
    if (!isSame) {
      await this.#wipe()
      const row: Row = { type: 'put', key: indexScopeKey(feed.number), value: encodeScope(wanted) }
      await store.commit([row])
      return
    }
    for await (const { read: row, key } of store.entries(rowsOf('indexBlock', feed.number))) {
      const manifest = row.state === 'found' ? decodeManifest(row.value) : undefined
      // One that is damaged, or of segments that are others now, is built anew over it.
      if (manifest !== undefined && this.#stands(manifest)) this.#setManifest(slotIn(key), manifest)
    }
  }

  #stands ({ segments: [from, to], records: [first, end] }: Manifest): boolean {
    const { feed } = this
    if (from >= to || to > feed.log.length) return false
    const last = feed.leaf(to - 1)
    return first >= feed.leaf(from).first && end <= last.first + last.count
  }

  #setManifest (slot: number, manifest: Manifest | undefined): void {
    if (manifest === undefined) this.#manifests.delete(slot)
    else this.#manifests.set(slot, manifest)
    this.#blocks = undefined
  }

  async #inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.then(() => {}, () => {})
    return turn
  }
}

export type FeedIndexOptions = {
  readonly feed: Feed
  readonly coverage: Coverage
  readonly readable: Readable
  readonly store: Store
  /** Between two steps: others go first. */
  readonly rest: () => Promise<void>
  /** What stood in its place has stopped. */
  readonly after: Promise<void>
  /** There is something to be built. */
  readonly due: (index: FeedIndex) => void
}

/** Why rows of a segment may be missing, for a person. */
export function sentenceOf (why: 'missing' | 'sealed', index: number): string {
  return why === 'missing' ? `segment ${index} of it is not here` : `there is no key to segment ${index} of it`
}

/** The first segment whose first record has a number of this slot, or of a later one. */
function firstOfSlot (feed: Feed, slot: number): number {
  let [low, high] = [0, feed.log.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (slotOf(feed.firstOf(middle)) < slot) low = middle + 1
    else high = middle
  }
  return low
}

function slotIn (key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(5)
}
