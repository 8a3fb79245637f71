import { hex } from '../../base/index.ts'
import type { Ranges } from '../../core/sync/index.ts'
import { TAIL_RECORDS_MAX } from './limits.ts'
import type { Latest } from './rows.ts'
import type { IndexedRecord } from './segment.ts'

/** What the index knows of one segment that is in no block. */
export type Digest = readonly Omit<IndexedRecord, 'own'>[]

/** A latest record with its key as it stands in rows. */
export type Placed = Latest & { readonly own: Uint8Array }

export function digestOf (records: readonly IndexedRecord[]): Digest {
  return records.map(({ number, timeMs, isDelete, place, keyTerm }) => ({ number, timeMs, isDelete, place, keyTerm }))
}

/**
 * What is known of segments that no block is over: mostly the newest, which do not make up one yet. Made of segments when somebody asks,
 * kept in memory and never written.
 */
export class Tail {
  readonly #digests = new Map<number, { readonly digest: Digest, readonly keyed: readonly Placed[] }>()
  readonly #latest = new Map<string, Placed>()
  #sorted: readonly Placed[] | undefined
  #isLatestDue = false
  #newest = -1
  records = 0

  digestOf (segment: number): Digest | undefined {
    return this.#digests.get(segment)?.digest
  }

  get isFull (): boolean {
    return this.records >= TAIL_RECORDS_MAX
  }

  /** Keeps what a segment says, as long as there is room. */
  take (segment: number, digest: Digest, records: readonly IndexedRecord[]): void {
    if (this.isFull || this.#digests.has(segment)) return
    const keyed = new Map(records.map(({ number, timeMs, isDelete, place, own }) => [hex(own), { number, timeMs, isDelete, place, own }]))
    // Views would hold their segments in memory.
    this.#digests.set(segment, { digest, keyed: [...keyed.values()].map(each => ({ ...each, own: each.own.slice() })) })
    this.records += digest.length
    this.#sorted = undefined
    // Nearly always the next one.
    if (segment < this.#newest) this.#isLatestDue = true
    else if (!this.#isLatestDue) this.#add(segment)
    this.#newest = Math.max(this.#newest, segment)
  }

  #add (segment: number): void {
    for (const each of this.#digests.get(segment)?.keyed ?? []) this.#latest.set(hex(each.own), each)
  }

  /** Forgets segments: they are in a block now, or are others. */
  drop (ranges: Ranges): void {
    for (const [segment, { digest }] of this.#digests) {
      if (!ranges.some(([from, to]) => from <= segment && segment < to)) continue
      this.#digests.delete(segment)
      this.records -= digest.length
      this.#isLatestDue = true
      this.#sorted = undefined
    }
  }

  clear (): void {
    this.drop([[0, Number.MAX_SAFE_INTEGER]])
  }

  /** The latest record of a key that is kept here. */
  latestOf (own: Uint8Array): Placed | undefined {
    return this.#latestByKey().get(hex(own))
  }

  /** Of each key the latest record that is kept here, in the order of the keys. What was given out does not change. */
  get latest (): readonly Placed[] {
    this.#sorted ??= [...this.#latestByKey()].sort(([a], [b]) => a < b ? -1 : 1).map(([, placed]) => placed)
    return this.#sorted
  }

  #latestByKey (): ReadonlyMap<string, Placed> {
    if (this.#isLatestDue) {
      this.#latest.clear()
      for (const segment of [...this.#digests.keys()].toSorted((a, b) => a - b)) this.#add(segment)
      this.#isLatestDue = false
    }
    return this.#latest
  }
}
