import { boolean, decodeCanonical, digestOf, encodeCanonical, list, sha256, struct, uint, utf8, type Parsed } from '../../base/index.ts'
import { statementIdSchema } from '../../core/feed/index.ts'
import { didSchema, type Did } from '../../core/identity/index.ts'
import { addRange, removeRange, type Range, type Ranges } from '../../core/sync/index.ts'
import type { Row, Store } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import { keptKey, rowsOf } from '../rows/index.ts'

/** Within so long after the first of them, segments count as come with it: their time is then the earlier one. */
const GRAIN_MS = 60_000
/** A feed's marks; the oldest two become one beyond it, of the earlier time. */
const MARKS_MAX = 4_096
const ROW_BYTES_MAX = 1 << 20

const markSchema = struct({ from: uint(), to: uint(), atMs: uint(), isTold: boolean() })
const schema = struct({ feed: statementIdSchema, consumer: didSchema, marks: list(markSchema, MARKS_MAX) })

/** Segments [from, to) that a consumer has had since `atMs`, at the latest. */
export type Mark = Parsed<typeof markSchema>
export type Marked = Parsed<typeof schema>

/** When what was given under agreements came to whom: what a consumer keeps of others, and what others keep of a publisher. */
export class Marks {
  readonly #store: Store
  readonly #byName = new Map<string, Marked>()

  private constructor (store: Store) {
    this.#store = store
  }

  static async load (store: Store): Promise<Marks> {
    const marks = new Marks(store)
    for await (const { read } of store.entries(rowsOf('kept'))) {
      const decoded = read.state === 'found' ? decodeCanonical(read.value, schema, ROW_BYTES_MAX) : undefined
      if (decoded?.ok === true) marks.#byName.set(nameOf(decoded.value.feed.toString(), decoded.value.consumer), decoded.value)
    }
    return marks
  }

  all (): Iterable<Marked> {
    return this.#byName.values()
  }

  of (feed: Feed, consumer: Did): readonly Mark[] {
    return this.#byName.get(nameOf(feed.key, consumer))?.marks ?? []
  }

  /** Notes segments that are not noted yet. */
  async note (feed: Feed, consumer: Did, held: Ranges, nowMs: number): Promise<void> {
    const before = this.of(feed, consumer)
    const known = before.reduce<Ranges>((all, { from, to }) => addRange(all, [from, to]), [])
    const fresh = known.reduce<Ranges>((left, range) => removeRange(left, range), held)
    if (fresh.length === 0) return
    const marks = [...before]
    for (const [from, to] of fresh) {
      const last = marks.at(-1)
      const joins = last !== undefined && !last.isTold && last.to === from && nowMs >= last.atMs && nowMs - last.atMs < GRAIN_MS
      if (joins) marks[marks.length - 1] = { ...last, to }
      else marks.push({ from, to, atMs: nowMs, isTold: false })
    }
    await this.#keep(feed, consumer, marks)
  }

  /** The consumer has said that it got these. */
  async told (feed: Feed, consumer: Did): Promise<void> {
    await this.#keep(feed, consumer, this.of(feed, consumer).map(mark => ({ ...mark, isTold: true })))
  }

  /** These are gone. */
  async forget (feed: Feed, consumer: Did, gone: readonly Range[]): Promise<void> {
    const left = this.of(feed, consumer).flatMap(mark =>
      gone.reduce<Ranges>((ranges, range) => removeRange(ranges, range), [[mark.from, mark.to]]).map(([from, to]) => ({ ...mark, from, to })))
    await this.#keep(feed, consumer, left)
  }

  async #keep (feed: Feed, consumer: Did, all: readonly Mark[]): Promise<void> {
    let marks = all
    while (marks.length > MARKS_MAX) {
      const [a, b, ...rest] = marks
      if (a === undefined || b === undefined) break
      marks = [{ from: Math.min(a.from, b.from), to: Math.max(a.to, b.to), atMs: Math.min(a.atMs, b.atMs), isTold: a.isTold && b.isTold }, ...rest]
    }
    const marked: Marked = { feed: feed.id, consumer, marks }
    this.#byName.set(nameOf(feed.key, consumer), marked)
    const row: Row = { type: 'put', key: keptKey(digestOf(feed.id), sha256(utf8(consumer))), value: encodeCanonical(marked) }
    await this.#store.commit([row])
  }
}

function nameOf (feedKey: string, consumer: Did): string {
  return `${feedKey} ${consumer}`
}
