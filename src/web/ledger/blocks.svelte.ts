import type { AuditEntry, BlockView, Client, Failure, LedgerMember, LedgerStatus } from '../../sdk/index.ts'

const PAGE = 25
const DAY_MS = 86_400_000
const REFRESH_MS = 5_000

/** Blocks a page at a time, or the entries about one member or dataset: what is on the page is all that is asked for and drawn. */
export class Blocks {
  status = $state.raw<LedgerStatus | null>(null)
  members = $state.raw<readonly LedgerMember[]>([])
  blocks = $state.raw<readonly BlockView[] | null>(null)
  /** Of what was searched for; null: of no search. */
  entries = $state.raw<readonly AuditEntry[] | null>(null)
  page = $state(0)
  isAbsent = $state(false)
  failure = $state.raw<Failure | null>(null)
  next = $state<number | null>(null)
  readonly shown: readonly AuditEntry[] = $derived((this.entries ?? []).slice(this.page * PAGE, (this.page + 1) * PAGE))
  readonly pages: number = $derived(Math.max(1, Math.ceil((this.entries?.length ?? 0) / PAGE)))
  readonly #client: Client
  /** Where each page that was seen began; undefined: with the newest block. */
  #begun: readonly (number | undefined)[] = $state.raw([undefined])
  readonly isNewest: boolean = $derived(this.#begun.length === 1 && this.#begun[0] === undefined)
  readonly hasNewer: boolean = $derived(!this.isNewest)
  #refreshing: ReturnType<typeof setTimeout> | undefined
  #reading = 0
  /** What was searched for is not found yet: what happens meanwhile is no reason to show something else. */
  #searching: number | null = null

  constructor (client: Client) {
    this.#client = client
  }

  async ask (): Promise<void> {
    const [status, members] = await Promise.all([this.#client.ledger(), this.#client.ledgerMembers()])
    if (!status.ok) {
      this.isAbsent = status.failure.code === 'not-ready'
      this.failure = this.isAbsent ? null : status.failure
      return
    }
    this.status = status.value
    if (members.ok) this.members = members.value
    if (this.#searching === null) await this.#read(this.#begun.at(-1))
  }

  /** Something happened on the node: what is shown is asked anew, now and then. */
  refresh (): void {
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined
      if (this.isNewest && this.entries === null) void this.ask()
    }, REFRESH_MS)
  }

  stop (): void {
    clearTimeout(this.#refreshing)
  }

  older (): void {
    if (this.next === null) return
    // Pressed again before the page is there, or where it could not be had: it is the same page.
    if (this.next !== this.#begun.at(-1)) this.#begun = [...this.#begun, this.next]
    void this.#read(this.next)
  }

  newer (): void {
    this.#begun = this.#begun.length > 1 ? this.#begun.slice(0, -1) : [undefined]
    void this.#read(this.#begun.at(-1))
  }

  /** About a member or a dataset, newest first; of nothing, all blocks again. `date`: not later than this day. */
  async search (subject: string, date: string): Promise<void> {
    this.failure = null
    const searching = ++this.#reading
    this.#searching = searching
    await this.#find(subject.trim(), date, searching)
    if (this.#searching === searching) this.#searching = null
  }

  async #find (subject: string, date: string, reading: number): Promise<void> {
    const endMs = date === '' ? null : Date.parse(date) + DAY_MS + new Date(`${date}T12:00`).getTimezoneOffset() * 60_000
    if (subject === '') {
      this.entries = null
      const before = endMs === null ? undefined : await this.#heightBefore(endMs)
      if (reading !== this.#reading) return
      this.#begun = [before]
      await this.#read(before)
      return
    }
    const audit = await this.#client.audit(subject)
    if (reading !== this.#reading) return
    if (!audit.ok) {
      this.entries = []
      if (audit.failure.code !== 'not-found') this.failure = audit.failure
      return
    }
    this.page = 0
    this.entries = audit.value.filter(({ timeMs }) => endMs === null || timeMs < endMs).toReversed()
  }

  /** The lowest height whose block is not before this time: by halves, since times rise with heights. */
  async #heightBefore (timeMs: number): Promise<number> {
    let [low, high] = [1, (this.status?.height ?? 0) + 1]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const page = await this.#client.blocks({ before: middle + 1, limit: 1 })
      const [block] = page.ok ? page.value.blocks : []
      // Blocks before a snapshot are not here: they are older.
      if (block !== undefined && block.timeMs >= timeMs) high = middle
      else low = middle + 1
    }
    return low
  }

  async #read (before: number | undefined): Promise<void> {
    const reading = ++this.#reading
    const page = await this.#client.blocks({ before, limit: PAGE })
    if (reading !== this.#reading) return
    this.failure = page.ok ? null : page.failure
    if (!page.ok) return
    this.blocks = page.value.blocks
    this.next = page.value.next
  }
}
