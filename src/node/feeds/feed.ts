import { assert, concat, MerkleLog, readUint, type CID } from '../../base/index.ts'
import { leafHashOf, leafOfData, type Declaration, type Head, type Leaf } from '../../core/feed/index.ts'
import { addRange, hasIndex, removeRange, type Range, type Ranges } from '../../core/sync/index.ts'

export type FeedStatus = 'open' | 'frozen' | 'recovering'

const LEAF_DATA_BYTES = 80
/** Behind the CID and the root of the records. */
const FIRST_AT = 68

/**
 * One feed as this node holds it: its leaves, which segments of it are stored, and the newest head that was verified.
 * Kept in memory whole: about 150 bytes a segment.
 */
export class Feed {
  readonly number: number
  readonly id: CID
  readonly key: string
  readonly declaration: Declaration
  /** Envelope of the declaration. */
  readonly statement: Uint8Array
  readonly role: 'writer' | 'reader'
  status: FeedStatus = 'open'
  /** The fork that froze it, as an encoded proof. */
  fork: Uint8Array | undefined
  /** The newest head whose leaves are all here. */
  head: Head | undefined
  missing: Ranges = []
  /** Segments whose bytes are gone for good: erased, or kept no longer. They are neither here nor missing. */
  gone: Ranges = []
  /** Segments of which records were erased: what stands in their place has another hash than the leaf names. */
  redacted: Ranges = []
  /** Numbers of records that must go, as far as notices say. */
  thinned: Ranges = []
  /** Segments that must not come back, as far as notices say, also beyond those that are known. */
  barred: Ranges = []
  /** What else was made of its segments, and has to be gone before these are said to have left the disk. */
  readonly followers: Set<(ranges: Ranges) => Promise<void>> = new Set()
  storedBytes = 0
  readonly log = new MerkleLog()
  #leaves: Uint8Array = new Uint8Array(LEAF_DATA_BYTES * 4)
  #records = 0

  constructor (facts: {
    readonly number: number, readonly id: CID, readonly declaration: Declaration, readonly statement: Uint8Array,
    readonly role: 'writer' | 'reader'
  }) {
    this.number = facts.number
    this.id = facts.id
    this.key = facts.id.toString()
    this.declaration = facts.declaration
    this.statement = facts.statement
    this.role = facts.role
  }

  /** Segments under the newest head: what others may be told of. */
  get length (): number {
    return this.head?.length ?? 0
  }

  /** Records of all leaves, signed or not yet. */
  get records (): number {
    return this.#records
  }

  append (leafData: Uint8Array): void {
    const leaf = leafOfData(leafData)
    assert(leaf !== undefined && leaf.first === this.#records, 'leaves follow each other without a gap')
    if (this.#leaves.length < (this.log.length + 1) * LEAF_DATA_BYTES) {
      this.#leaves = concat([this.#leaves, new Uint8Array(this.#leaves.length)])
    }
    this.#leaves.set(leafData, this.log.length * LEAF_DATA_BYTES)
    this.log.append(leafHashOf(leafData))
    this.#records += leaf.count
  }

  /** Forgets leaves beyond `length`, which no head covers. */
  truncate (length: number): void {
    this.log.truncate(length)
    const last = length === 0 ? undefined : this.leaf(length - 1)
    this.#records = last === undefined ? 0 : last.first + last.count
    const beyond: Range = [length, Number.MAX_SAFE_INTEGER]
    this.missing = removeRange(this.missing, beyond)
    this.gone = removeRange(this.gone, beyond)
    this.redacted = removeRange(this.redacted, beyond)
  }

  leafData (index: number): Uint8Array {
    assert(index < this.log.length, 'no such segment')
    return this.#leaves.slice(index * LEAF_DATA_BYTES, (index + 1) * LEAF_DATA_BYTES)
  }

  leaf (index: number): Leaf {
    assert(index < this.log.length, 'no such segment')
    const leaf = leafOfData(this.#leaves.subarray(index * LEAF_DATA_BYTES, (index + 1) * LEAF_DATA_BYTES))
    assert(leaf !== undefined, 'only valid leaves are appended')
    return leaf
  }

  /** Number of the first record of a segment, without looking at the rest of its leaf. */
  firstOf (index: number): number {
    const first = index < this.log.length ? readUint(this.#leaves, index * LEAF_DATA_BYTES + FIRST_AT, 8) : undefined
    assert(first !== undefined, 'no such segment')
    return first
  }

  lose (range: Range): void {
    this.missing = addRange(this.missing, range)
    this.redacted = removeRange(this.redacted, range)
  }

  redact (range: Range): void {
    this.redacted = addRange(this.redacted, range)
    this.missing = removeRange(this.missing, range)
  }

  gain (range: Range): void {
    this.missing = removeRange(this.missing, range)
  }

  /** Whether its bytes are stored. */
  has (index: number): boolean {
    return index < this.log.length && !hasIndex(this.missing, index) && !hasIndex(this.gone, index)
  }

  isGone (index: number): boolean {
    return hasIndex(this.gone, index)
  }

  isRedacted (index: number): boolean {
    return hasIndex(this.redacted, index)
  }

  /** Whether a notice says that it must go. */
  isBarred (index: number): boolean {
    return hasIndex(this.barred, index)
  }

  /** Whether a notice says that some record of a segment must go. */
  isThinned ({ first, count }: Pick<Leaf, 'first' | 'count'>): boolean {
    return this.thinned.some(([from, to]) => from < first + count && first < to)
  }

  /** Takes segments for gone, at once: nothing that comes later brings them back. */
  lay (range: Range): void {
    this.gone = addRange(this.gone, range)
    this.missing = removeRange(this.missing, range)
    this.redacted = removeRange(this.redacted, range)
  }

  /** Segments without a gap from the first: what readers in order can have. */
  get contiguous (): number {
    return Math.min(this.missing[0]?.[0] ?? this.length, this.length)
  }

  /** Of what the newest head covers, what is not stored: nobody can be asked for more. */
  get missingSigned (): Ranges {
    return removeRange(this.missing, [this.length, Number.MAX_SAFE_INTEGER])
  }

  get isComplete (): boolean {
    return this.missing.length === 0
  }

  /** The segment that holds a record, by bisection; undefined beyond either end. */
  segmentOf (record: number): number | undefined {
    if (record < 0 || record >= this.#records) return undefined
    let [low, high] = [0, this.log.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.firstOf(middle) <= record) low = middle
      else high = middle - 1
    }
    return low
  }
}
