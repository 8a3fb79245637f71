import type { Row, Store } from '../../host/index.ts'

/** Rows of both databases that are committed together, and what waits for them. */
type Batch = { readonly signer: Row[], readonly store: Row[], readonly waiting: (() => void)[], isBarrier: boolean, votes: number }

const newBatch = (): Batch => ({ signer: [], store: [], waiting: [], isBarrier: false, votes: 0 })

export type KeeperOptions = {
  readonly store: Store
  readonly signer: Store
  /** How many own votes the signer database holds now, and the row by which `store` repeats that. */
  readonly votesKept: number
  readonly countRow: (count: number) => Row
  /** A batch is synced, and all that waited for it was run. */
  readonly onSynced: () => void
  readonly onFatal: (cause: unknown) => void
}

/**
 * Commits what the engine wants kept, and holds back what rests on it.
 *
 * Rows of many steps share one sync: while one batch is being synced the next one gathers. Both databases are synced side by
 * side. `store` repeats how many votes the signer held before, never those of the same batch: dying between the two syncs
 * must not look like a loss.
 */
export class Keeper {
  readonly #options: KeeperOptions
  #batch = newBatch()
  /** The batch that is being committed. */
  #flying: Batch | undefined
  #votesKept: number
  #votesRepeated = 0
  #hasFailed = false
  #settled: () => void = () => {}

  constructor (options: KeeperOptions) {
    this.#options = options
    this.#votesKept = options.votesKept
  }

  /** `votes`: the newest count among the rows. Lazy rows hold nothing back: others have what they say. */
  keep (rows: { readonly signer: readonly Row[], readonly store: readonly Row[], readonly votes: number, readonly isLazy: boolean }): void {
    const batch = this.#batch
    for (const row of rows.signer) batch.signer.push(row)
    for (const row of rows.store) batch.store.push(row)
    batch.votes = Math.max(batch.votes, rows.votes)
    if (!rows.isLazy && rows.signer.length + rows.store.length > 0) batch.isBarrier = true
  }

  /** Runs once all rows that were kept so far, but for lazy ones, are synced; now, when there are none. */
  afterSync (run: () => void): void {
    if (this.#hasFailed) return
    if (this.#batch.isBarrier) this.#batch.waiting.push(run)
    else if (this.#flying?.isBarrier === true) this.#flying.waiting.push(run)
    else run()
  }

  /** Begins to commit what has gathered, unless a batch is on its way: then its end does. */
  flush (): void {
    const batch = this.#batch
    if (this.#flying !== undefined || this.#hasFailed || batch.signer.length + batch.store.length === 0) return
    this.#batch = newBatch()
    this.#flying = batch
    void this.#commit(batch)
  }

  /** Resolves when nothing is left to commit. */
  async drain (): Promise<void> {
    this.flush()
    if (this.#flying !== undefined && !this.#hasFailed) await new Promise<void>(resolve => { this.#settled = resolve })
  }

  async #commit (batch: Batch): Promise<void> {
    const { store, signer, countRow, onSynced, onFatal } = this.#options
    if (batch.store.length > 0 && this.#votesRepeated < this.#votesKept) {
      this.#votesRepeated = this.#votesKept
      batch.store.push(countRow(this.#votesKept))
    }
    try {
      await Promise.all([
        batch.signer.length > 0 ? signer.commit(batch.signer) : undefined, batch.store.length > 0 ? store.commit(batch.store) : undefined
      ])
      this.#votesKept = Math.max(this.#votesKept, batch.votes)
      this.#flying = undefined
      for (const run of batch.waiting) run()
      onSynced()
    } catch (error) {   // nothing that rests on these rows may leave any more
      this.#hasFailed = true
      onFatal(error)
    }
    this.flush()
    if (this.#flying === undefined || this.#hasFailed) this.#settled()
  }
}
