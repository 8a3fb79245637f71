import type { Level } from 'level'
import { assert, compareBytes, plain } from '../../base/index.ts'
import type { KeyRange, Read, Row, Store } from '../index.ts'
import { Commits } from './commits.ts'
import { damagedOrThrow, hostError, messageOf } from './failure.ts'
import type { FolderNames } from './folder.ts'
import { readBlock, readTagged, type Stored } from './tag.ts'

export type Database = Level<Uint8Array, Uint8Array>
/** `level` runs in browsers too, and its types name only what both forms have. */
type Compactable = { compactRange (from: Uint8Array, to: Uint8Array): Promise<void> }

type StoredRow = { readonly key: Uint8Array, readonly stored: Uint8Array }
type StoredEntry = readonly [Uint8Array, Uint8Array]
type Rows = { nextv (size: number): Promise<[Uint8Array, Uint8Array][]>, close (): Promise<void> }
type Bounds = { readonly gte: Uint8Array, readonly lt: Uint8Array } | { readonly gt: Uint8Array, readonly lt: Uint8Array }

const ROWS_PER_STEP = 256
const BYTES_PER_STEP = 1 << 20
/** Keys below are this room's own. */
const FIRST_KEY = Uint8Array.of(1)
const NOTHING = new Uint8Array(0)

export class LevelStore implements Store {
  readonly storeId: string
  readonly #database: Database
  readonly #names: FolderNames
  readonly #commits: Commits
  readonly #closed: () => void
  #closing: Promise<void> | undefined

  constructor ({ storeId, database, names, closed }: {
    readonly storeId: string, readonly database: Database, readonly names: FolderNames, readonly closed: () => void
  }) {
    this.storeId = storeId
    this.#database = database
    this.#names = names
    this.#closed = closed
    this.#commits = new Commits(async operations => {
      await database.batch(operations, { sync: true })
      await names.sync()
    })
  }

  async get (key: Uint8Array): Promise<Read> {
    return readTagged(key, await this.#stored(key, true))
  }

  async getMany (keys: readonly Uint8Array[]): Promise<readonly Read[]> {
    const all = await this.#storedMany(keys, true)
    return keys.map((key, at) => readTagged(key, all[at]))
  }

  async getBlock (key: Uint8Array, digest: Uint8Array): Promise<Read> {
    return readBlock(await this.#stored(key, false), digest)
  }

  async getBlocks (wanted: readonly { readonly key: Uint8Array, readonly digest: Uint8Array }[]): Promise<readonly Read[]> {
    const all = await this.#storedMany(wanted.map(({ key }) => key), false)
    return wanted.map(({ digest }, at) => readBlock(all[at], digest))
  }

  /** Rows that LevelDB could not read make one damaged entry, under `range.from`, after those that it could. */
  async * entries (range: KeyRange): AsyncGenerator<{ readonly key: Uint8Array, readonly read: Read }> {
    for await (const row of this.#walk(range, true)) {
      if (row === 'damaged') yield { key: range.from, read: { state: row } }
      else yield { key: row.key, read: readTagged(row.key, row.stored) }
    }
  }

  /** Keys as LevelDB has them: one that damage has changed is among them, one that it has hidden is not. */
  async * keys (range: KeyRange): AsyncGenerator<Uint8Array> {
    for await (const row of this.#walk(range, false)) if (row !== 'damaged') yield row.key
  }

  async commit (rows: readonly Row[]): Promise<void> {
    await this.#commits.add(rows)
  }

  /**
   * LevelDB merges a table only with newer ones above it, and a row that was written and deleted soon after may stand in
   * one table together with its deletion. So all is written to tables first, and then a thin table is laid over the range.
   * It stays in one piece over ten tables' size (80 MiB); in a larger range such a row may outlast this call.
   */
  async compact ({ from, to }: KeyRange): Promise<void> {
    const database: Database & Partial<Compactable> = this.#database
    assert(database.compactRange !== undefined, 'LevelDB compacts')
    try {
      await database.compactRange(NOTHING, NOTHING)
      await this.#commits.cover(from, to)
      await database.compactRange(from, to)
      await this.#commits.probe()
    } catch (error) {
      throw hostError('store.write', `compacting failed (${messageOf(error)}): deleted bytes may still be on the disk`, error)
    }
  }

  async close (): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close (): Promise<void> {
    await this.#commits.close()
    await this.#database.close()
    await this.#names.close()
    this.#closed()
  }

  async #stored (key: Uint8Array, fillCache: boolean): Promise<Stored> {
    try {
      const stored: Uint8Array | undefined = await this.#database.get(key, { fillCache })
      return stored === undefined ? undefined : plain(stored)
    } catch (error) {
      return damagedOrThrow(error)
    }
  }

  async #storedMany (keys: readonly Uint8Array[], fillCache: boolean): Promise<readonly Stored[]> {
    try {
      const all: (Uint8Array | undefined)[] = await this.#database.getMany([...keys], { fillCache })
      return all.map(stored => stored === undefined ? undefined : plain(stored))
    } catch (error) {
      damagedOrThrow(error)
      // One bad row fails them all: find out which.
      return Promise.all(keys.map(key => this.#stored(key, fillCache)))
    }
  }

  /**
   * LevelDB steps over what it cannot read, and says so at the end of the range instead of giving the last rows. Those
   * are then read again one by one, and 'damaged' stands for what it stepped over. (At a limit it says nothing.)
   */
  async * #walk ({ from, to, limit = -1, reverse = false }: KeyRange, values: boolean): AsyncGenerator<StoredRow | 'damaged'> {
    let bounds: Bounds = { gte: compareBytes(from, FIRST_KEY) < 0 ? FIRST_KEY : from, lt: to }
    for (const rowsPerStep of [ROWS_PER_STEP, 1]) {
      const iterator: Rows = this.#database.iterator({
        ...bounds, reverse, values, limit, fillCache: false, highWaterMarkBytes: BYTES_PER_STEP
      })
      try {
        for (;;) {
          const rows: readonly StoredEntry[] | 'damaged' = await iterator.nextv(rowsPerStep).catch(damagedOrThrow)
          if (rows === 'damaged') break
          const last: StoredEntry | undefined = rows.at(-1)
          if (last === undefined) return
          for (const [key, stored] of rows) yield { key: plain(key), stored: values ? plain(stored) : NOTHING }
          bounds = reverse ? { ...bounds, lt: last[0] } : { gt: last[0], lt: to }
        }
      } finally {
        await iterator.close()
      }
    }
    yield 'damaged'
  }
}
