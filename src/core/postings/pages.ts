import { assert, readVarint, writeVarint } from '../../base/index.ts'
import type { TermRange } from './cells.ts'
import { BLOCK_SPAN_MAX, PAGE_POSTINGS } from './limits.ts'

/** Terms of the longest kind, those of keys and of places, lie below 2^49. */
const TERM_END = 2 ** 49
/** A term goes into the high bits of a sortable number of 64, an offset into the 15 lowest: 17 bits of the term share a word with it. */
const SHARED = 2 ** 17
const POSTING_BYTES_MAX = 7 + 3

/** Sorted pages of one kind of term of a block, and the first term of each, by which they are found. */
export type Pages = { readonly firsts: readonly number[], readonly pages: readonly Uint8Array[] }

/** Collects which term stands at which offset of a block. */
export class PostingList {
  #words = new Uint32Array(2 * PAGE_POSTINGS)
  #count = 0

  get count (): number {
    return this.#count
  }

  add (term: number, offset: number): void {
    assert(term >= 0 && term < TERM_END && offset >= 0 && offset < BLOCK_SPAN_MAX, 'a posting within a block')
    if (2 * this.#count === this.#words.length) {
      const wider = new Uint32Array(2 * this.#words.length)
      wider.set(this.#words)
      this.#words = wider
    }
    const high = Math.floor(term / SHARED)
    this.#words[2 * this.#count] = (term - high * SHARED) * BLOCK_SPAN_MAX + offset
    this.#words[2 * this.#count + 1] = high
    this.#count++
  }

  /** `bucketOf`: the 256th of the block's time that the record at an offset lies in. */
  pack (bucketOf: (offset: number) => number): Pages {
    const words = this.#words.subarray(0, 2 * this.#count)
    // Words are little-endian on all that runs Node; the number is sorted as one.
    new BigUint64Array(words.buffer, words.byteOffset, this.#count).sort()
    const [firsts, pages]: [number[], Uint8Array[]] = [[], []]
    for (let from = 0; from < this.#count; from += PAGE_POSTINGS) {
      const to = Math.min(this.#count, from + PAGE_POSTINGS)
      const page = new Uint8Array((to - from) * POSTING_BYTES_MAX)
      let [at, before] = [0, 0]
      for (let i = from; i < to; i++) {
        const low = words[2 * i] ?? 0
        const term = (words[2 * i + 1] ?? 0) * SHARED + Math.floor(low / BLOCK_SPAN_MAX)
        const offset = low % BLOCK_SPAN_MAX
        if (i === from) firsts.push(term)
        at = writeVarint(page, at, term - before)
        page[at++] = offset >> 8
        page[at++] = offset & 255
        page[at++] = bucketOf(offset)
        before = term
      }
      pages.push(page.slice(0, at))
    }
    return { firsts, pages }
  }
}

/** Numbers of the pages that hold terms of any of the ranges, ascending. */
export function pagesOf (firsts: readonly number[], ranges: readonly TermRange[]): readonly number[] {
  const found: number[] = []
  for (const { from, to } of ranges) {
    // The page before the first that begins at `from` may end with it.
    for (let page = Math.max(0, countBelow(firsts, from) - 1); page < firsts.length; page++) {
      if ((firsts[page] ?? Infinity) > to) break
      if (page > (found.at(-1) ?? -1)) found.push(page)
    }
  }
  return found
}

function countBelow (sorted: readonly number[], term: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < term) low = middle + 1
    else high = middle
  }
  return low
}

/** Visits the postings of a page; false where it is none. */
export function visitPage (page: Uint8Array, visit: (term: number, offset: number, bucket: number) => void): boolean {
  let [at, term] = [0, 0]
  while (at < page.length) {
    // Most differences fit into one or two bytes.
    const first = page[at] ?? 0
    const second = page[at + 1] ?? 0
    if (first < 128) {
      term += first
      at++
    } else if (second < 128) {
      term += (first & 127) + second * 128
      at += 2
    } else {
      const read = readVarint(page, at)
      if (read === undefined) return false
      term += read.value
      at = read.end
    }
    if (at + 3 > page.length) return false
    visit(term, ((page[at] ?? 0) << 8) | (page[at + 1] ?? 0), page[at + 2] ?? 0)
    at += 3
  }
  return true
}
