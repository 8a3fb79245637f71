import { untrack } from 'svelte'
import { datasetPath, type Box, type Client, type Failure, type QueriedRow } from '../../sdk/index.ts'

/** What a table shows at once. */
export const PREVIEW_ROWS = 200
const PAGE_ROWS = 1_000
/** What a map and a chart are drawn of at first, and a map at most, which then fetches them itself; more is for tools that a download is for. */
export const ROWS_DRAWN = 5_000
export const ROWS_MAX = 100_000

type Question = { readonly latest?: boolean, readonly fromMs?: number }

/** Rows of a dataset, the first ones at once and then the others, as far as a page shows them. */
export class Rows {
  list = $state.raw<readonly QueriedRow[] | null>(null)
  box = $state.raw<Box | null>(null)
  /** There are more than these. */
  isPart = $state(false)
  incomplete = $state<string | null>(null)
  failure = $state.raw<Failure | null>(null)
  /** Some of them are somewhere, or were. */
  hasPlaces = $state(false)
  /** All that a map can show was asked for. */
  isAll = $state(false)
  /** Grows with each asking. */
  #asked = $state(0)
  /** Where a map finds all of them; what stands behind # is for the map alone, which fetches what is named anew. */
  readonly places: string | undefined = $derived.by(() => {
    if (!this.isAll) return undefined
    const query = new URLSearchParams({ limit: String(ROWS_MAX), ...this.#question.latest === true ? { latest: 'true' } : {} })
    if (this.box !== null) query.set('bbox', [this.box.west, this.box.south, this.box.east, this.box.north].join(','))
    return `${datasetPath(this.#reference, 'places')}?${query.toString()}#${this.#asked}`
  })
  readonly #client: Client
  readonly #reference: string
  readonly #question: Question
  #run = 0

  constructor (client: Client, reference: string, question: Question = {}) {
    this.#client = client
    this.#reference = reference
    this.#question = question
  }

  all (): void {
    this.isAll = true
  }

  few (): void {
    this.isAll = false
    void this.load()
  }

  /** One row by its number. */
  async row (number: number): Promise<QueriedRow | null> {
    const known = this.list?.find(row => row.number === number)
    if (known !== undefined) return known
    const page = await this.#client.query(this.#reference, { number, limit: 1 })
    const [row] = page.ok ? page.value.rows : []
    return row?.number === number ? row : null
  }

  within (box: Box | null): void {
    this.box = box
    void this.load(true)
  }

  /** `isNew`: what is shown is of another question. An effect that calls it follows nothing of what it finds: else it would ask without end. */
  async load (isNew?: boolean): Promise<void> {
    await untrack(async () => { await this.#load(isNew ?? this.list === null) })
  }

  async #load (isNew: boolean): Promise<void> {
    const run = ++this.#run
    this.#asked = run
    // Asked again, never less is shown than was, and not all of it anew for each page.
    let shown = isNew ? 0 : this.list?.length ?? 0
    const list: QueriedRow[] = []
    let after: string | null = null
    do {
      const page = await this.#client.query(this.#reference, {
        ...this.#question, limit: list.length === 0 ? PREVIEW_ROWS : PAGE_ROWS, box: this.box ?? undefined, after: after ?? undefined
      })
      if (run !== this.#run) return
      this.failure = page.ok ? null : page.failure
      if (!page.ok) return
      list.push(...page.value.rows)
      after = page.value.next
      const isEnd = after === null || list.length >= ROWS_DRAWN
      this.hasPlaces ||= page.value.rows.some(({ place }) => place !== null)
      if (isEnd || shown === 0 || list.length - shown >= Math.max(ROWS_DRAWN, shown)) {
        this.list = [...list]
        shown = list.length
        // Of what is shown: while the same is asked for again, it stays whole.
        this.isPart = after !== null
      }
      this.incomplete = page.value.incomplete
    } while (after !== null && list.length < ROWS_DRAWN)
  }

  stop (): void {
    this.#run++
  }
}
