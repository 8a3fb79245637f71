import type { Chance } from './chance.ts'

/** Null deletes. Values are what the driver keeps; nothing reads their bytes here. */
export type DiskRow = { readonly key: string, readonly value: unknown }

/** What a crash does to the batch that was not synced yet. */
export type Fate = 'kept' | 'dropped' | 'torn'

/** One database: what is synced, and the batch on its way. */
export class Disk {
  readonly #synced: Map<string, unknown>
  #flying: readonly DiskRow[] | null = null

  constructor (rows: Iterable<readonly [string, unknown]> = []) {
    this.#synced = new Map(rows)
  }

  get rows (): ReadonlyMap<string, unknown> {
    return this.#synced
  }

  commit (rows: readonly DiskRow[]): void {
    this.#flying = rows
  }

  sync (): void {
    this.#apply(this.#flying ?? [])
    this.#flying = null
  }

  /** `isAtomic`: a batch that the database's checksums make one; else a prefix of its rows may stay. */
  crash (fate: Fate, chance: Chance, isAtomic: (rows: readonly DiskRow[]) => boolean): void {
    const rows = this.#flying ?? []
    this.#flying = null
    if (fate === 'dropped' || rows.length === 0) return
    this.#apply(fate === 'kept' || isAtomic(rows) ? rows : rows.slice(0, chance.between(0, rows.length)))
  }

  /** As it would be on another machine that got a copy of what is synced. */
  copy (): Disk {
    return new Disk(this.#synced)
  }

  empty (): Disk {
    return new Disk()
  }

  #apply (rows: readonly DiskRow[]): void {
    for (const { key, value } of rows) {
      if (value === null) this.#synced.delete(key)
      else this.#synced.set(key, value)
    }
  }
}
