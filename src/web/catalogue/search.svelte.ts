import type { Box, Client, Dataset, Failure } from '../../sdk/index.ts'
import type { Watch } from '../here/index.ts'
import { isChosen, NO_CHOICES, toggled, type Choices, type Facet } from './facets.ts'

const FIRST_PAGE = 100
const PAGE = 250
/** More are found by searching: what is asked of all members is here at once, so that facets answer at once. */
const DATASETS_MAX = 5_000
const ROWS_PER_PAGE = 50
const TYPING_MS = 200
const REFRESH_MS = 5_000
/** Ages are reckoned by the hour of the search: not anew every second. */
const nowMs = Date.now

/** What is looked for, and what was found. It stays while the reader looks at a dataset and comes back. */
export class Search {
  words = $state('')
  box = $state.raw<Box | null>(null)
  choices = $state.raw<Choices>(NO_CHOICES)
  page = $state(0)
  selected = $state<string | null>(null)
  datasets = $state.raw<readonly Dataset[] | null>(null)
  /** Not all that there are, either since they are still coming or since there are too many. */
  isPartial = $state(false)
  failure = $state.raw<Failure | null>(null)
  askedMs = $state(nowMs())
  readonly found: readonly Dataset[] = $derived((this.datasets ?? []).filter(dataset => isChosen(dataset, this.choices, this.askedMs)))
  readonly pages: number = $derived(Math.max(1, Math.ceil(this.found.length / ROWS_PER_PAGE)))
  readonly rows: readonly Dataset[] = $derived(this.found.slice(this.page * ROWS_PER_PAGE, (this.page + 1) * ROWS_PER_PAGE))
  readonly hasQuestion: boolean = $derived(this.words.trim() !== '' || this.box !== null || Object.values(this.choices).some(each => each.length > 0))
  readonly #client: Client
  #run = 0
  #typing: ReturnType<typeof setTimeout> | undefined
  #refreshing: ReturnType<typeof setTimeout> | undefined

  constructor (client: Client) {
    this.#client = client
  }

  type (words: string): void {
    this.words = words
    clearTimeout(this.#typing)
    this.#typing = setTimeout(() => { void this.ask() }, TYPING_MS)
  }

  within (box: Box | null): void {
    this.box = box
    void this.ask()
  }

  choose (facet: Facet, value: string): void {
    this.choices = toggled(this.choices, facet, value)
    this.page = 0
  }

  clear (): void {
    this.words = ''
    this.choices = NO_CHOICES
    this.within(null)
  }

  async ask (): Promise<void> {
    this.page = 0
    await this.#load(true)
  }

  /** Asks again at most every few seconds, however much happens. */
  refresh (): void {
    if (this.datasets === null) return void this.ask()
    if (this.#refreshing !== undefined) return
    this.#refreshing = setTimeout(() => {
      this.#refreshing = undefined
      void this.#load(false)
    }, REFRESH_MS)
  }

  async #load (isNew: boolean): Promise<void> {
    const run = ++this.#run
    const text = this.words.trim()
    const loaded: Dataset[] = []
    let after: string | null = null
    do {
      const page = await this.#client.datasets({
        limit: loaded.length === 0 ? FIRST_PAGE : PAGE, ...text === '' ? {} : { text }, ...this.box === null ? {} : { box: this.box }, ...after === null ? {} : { after }
      })
      if (run !== this.#run) return
      this.failure = page.ok ? null : page.failure
      if (!page.ok) return
      loaded.push(...page.value.datasets)
      after = page.value.next
      // The first of what is new are shown at once, and then all: each time the map draws all of it anew. What is refreshed comes whole.
      const isFirst = loaded.length === page.value.datasets.length
      if ((isNew && isFirst) || after === null || loaded.length >= DATASETS_MAX) this.#show([...loaded], after !== null)
    } while (after !== null && loaded.length < DATASETS_MAX)
  }

  #show (datasets: readonly Dataset[], isPartial: boolean): void {
    this.datasets = datasets
    this.isPartial = isPartial
    this.askedMs = nowMs()
    if (this.page >= this.pages) this.page = 0
  }
}

let kept: { readonly of: Watch, readonly search: Search, readonly end: () => void } | undefined

/**
 * It belongs to no page, but to who is signed in: the next one finds nothing of it. What follows from what in it would stand still with the
 * first page that asked for it.
 */
export function searchOf (client: Client, watch: Watch): Search {
  if (kept?.of === watch) return kept.search
  kept?.end()
  let search: Search | undefined
  const end = $effect.root(() => { search = new Search(client) })
  kept = { of: watch, search: search ?? new Search(client), end }
  return kept.search
}
