import { fail, ok, type Result } from '../../base/index.ts'
import type { SqlEngine, SqlFault, SqlTables } from '../../host/index.ts'
import type { Loaded } from './loading.ts'
import { KEPT_BYTES_MAX, MEMORY_BYTES_MAX, SPACES_MAX, THREADS } from './limits.ts'

/** One database of the engine, and what was read into it. */
export type Space = { readonly name: string, readonly tables: SqlTables, readonly loaded: Map<string, Loaded>, next: number }

/** A few databases, each for one asker, used one after the other; the longest unused goes first. */
export class Spaces {
  readonly #engine: SqlEngine
  readonly #spaces = new Map<string, { readonly space: Space, turn: Promise<void>, users: number }>()

  constructor (engine: SqlEngine) {
    this.#engine = engine
  }

  /** Does something in a database while nobody else does. */
  async within<T> (name: string, work: (space: Space) => Promise<T>): Promise<Result<T, SqlFault>> {
    const held = this.#spaces.get(name) ?? await this.#open(name)
    if ('code' in held) return fail(held)
    this.#spaces.delete(name)
    this.#spaces.set(name, held)
    held.users++
    const mine = held.turn.then(() => work(held.space))
    held.turn = mine.then(() => {}, () => {})
    try {
      return ok(await mine)
    } finally {
      held.users--
      await this.#shrink(held.space)
    }
  }

  /** Forgets every table whose key begins so, as soon as nobody looks at it. */
  forget (isMeant: (key: string) => boolean): void {
    for (const held of this.#spaces.values()) {
      const keys = [...held.space.loaded.keys()].filter(isMeant)
      for (const key of keys) {
        const table = held.space.loaded.get(key)?.table
        held.space.loaded.delete(key)
        if (table !== undefined) held.turn = held.turn.then(() => held.space.tables.drop(table)).catch(() => {})
      }
    }
  }

  async stop (): Promise<void> {
    for (const { turn } of this.#spaces.values()) await turn
    for (const { space } of this.#spaces.values()) space.tables.close()
    this.#spaces.clear()
    this.#engine.close()
  }

  async #open (name: string): Promise<{ readonly space: Space, turn: Promise<void>, users: number } | SqlFault> {
    const opened = await this.#engine.open({ memoryBytesMax: MEMORY_BYTES_MAX, threads: THREADS })
    if (!opened.ok) return opened.failure
    // Two may have begun to open it.
    const other = this.#spaces.get(name)
    if (other !== undefined) {
      opened.value.close()
      return other
    }
    for (const [each, { space, users }] of this.#spaces) {
      if (this.#spaces.size < SPACES_MAX) break
      if (users > 0) continue
      this.#spaces.delete(each)
      space.tables.close()
    }
    const held = { space: { name, tables: opened.value, loaded: new Map<string, Loaded>(), next: 0 }, turn: Promise.resolve(), users: 0 }
    this.#spaces.set(name, held)
    return held
  }

  /** Tables are in the order in which they were used last. */
  async #shrink ({ loaded, tables }: Space): Promise<void> {
    let bytes = [...loaded.values()].reduce((sum, each) => sum + each.bytes, 0)
    for (const [key, each] of loaded) {
      if (bytes <= KEPT_BYTES_MAX || loaded.size <= 1) return
      loaded.delete(key)
      bytes -= each.bytes
      await tables.drop(each.table)
    }
  }
}
