import type { Box, Client, Failure, QueriedRow } from '../../sdk/index.ts'

/** What a table shows at once. */
export const PREVIEW_ROWS = 200
const PAGE_ROWS = 1_000
/** What a map and a chart are drawn of at first, and a map at most; more is for tools that a download is for. */
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
  /** How many are asked for. */
  wanted = $state(ROWS_DRAWN)
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
    this.wanted = ROWS_MAX
    void this.load()
  }

  within (box: Box | null): void {
    this.box = box
    void this.load(true)
  }

  /** `isNew`: what is shown is of another question. */
  async load (isNew = this.list === null): Promise<void> {
    const run = ++this.#run
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
      const isEnd = after === null || list.length >= this.wanted
      this.hasPlaces ||= page.value.rows.some(({ place }) => place !== null)
      if (isEnd || shown === 0 || list.length - shown >= Math.max(ROWS_DRAWN, shown)) {
        this.list = [...list]
        shown = list.length
      }
      this.isPart = after !== null
      this.incomplete = page.value.incomplete
    } while (after !== null && list.length < this.wanted)
  }

  stop (): void {
    this.#run++
  }
}
