import { assert, concat } from '../../base/index.ts'
import type { HostError, Row } from '../index.ts'
import { hostError, messageOf } from './failure.ts'
import { tagged } from './tag.ts'

/** Of one synced batch. Larger ones were not faster (250 MB/s from 1 to 4 MiB, less at 8) and hold up small commits behind them. */
export const BATCH_BYTES_MAX: number = 2 << 20
/** Of one commit, which is always written whole, alone if it is larger than a batch. */
export const COMMIT_BYTES_MAX: number = 64 << 20
/** Callers wait for their commits; whoever goes past this does not. */
export const COMMITS_WAITING_MAX = 65_536
const KEY_BYTES_MAX = 1024
/** Behind the bytes of a key: longer than any key, so never a row. */
const ABOVE_ALL = new Uint8Array(KEY_BYTES_MAX + 1).fill(255)
const JUST_ABOVE = new Uint8Array(KEY_BYTES_MAX + 1)
const OWN_KEY = Uint8Array.of(0, 0)

export type Operation =
  | { readonly type: 'put', readonly key: Uint8Array, readonly value: Uint8Array }
  | { readonly type: 'del', readonly key: Uint8Array }

type Commit = {
  readonly operations: readonly Operation[]
  readonly sizeBytes: number
  readonly resolve: () => void
  readonly reject: (error: HostError) => void
}

/**
 * Group commit: one synced batch at a time, and whoever comes meanwhile shares the next.
 *
 * Two batches at once would keep the disk a little busier, but after a failed write LevelDB may accept the second and
 * put it behind a torn record, where recovery never reads it: acknowledged and lost.
 */
export class Commits {
  readonly #write: (operations: Operation[]) => Promise<void>
  readonly #waiting: Commit[] = []
  #writing: Promise<void> | undefined
  #failure: HostError | undefined

  /** `write` resolves when all operations are on disk. */
  constructor (write: (operations: Operation[]) => Promise<void>) {
    this.#write = write
  }

  async add (rows: readonly Row[]): Promise<void> {
    if (rows.length === 0 && this.#failure === undefined) return
    assert(this.#waiting.length < COMMITS_WAITING_MAX, `callers wait for their commits; ${COMMITS_WAITING_MAX} are waiting`)
    return this.#enqueue(rows.map(operationOf))
  }

  /** Deletes two rows that cannot be, one below `from` and one above all keys below `to`. */
  async cover (from: Uint8Array, to: Uint8Array): Promise<void> {
    const end = from.findLastIndex(byte => byte !== 0)
    const below = end < 0 ? OWN_KEY : concat([from.subarray(0, end), Uint8Array.of((from[end] ?? 1) - 1), ABOVE_ALL])
    return this.#enqueue([{ type: 'del', key: below }, { type: 'del', key: concat([to, JUST_ABOVE]) }])
  }

  /** Fails when LevelDB takes no more writes, which it does not say when a compaction fails. */
  async probe (): Promise<void> {
    return this.#enqueue([{ type: 'del', key: OWN_KEY }])
  }

  async #enqueue (operations: readonly Operation[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const sizeBytes = operations.reduce((sum, each) => sum + sizeOf(each), 0)
    assert(sizeBytes <= COMMIT_BYTES_MAX, `a commit of at most ${COMMIT_BYTES_MAX} bytes, not ${sizeBytes}`)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, sizeBytes, resolve, reject })
      this.#writing ??= this.#drain()
    })
  }

  /** Lets what waits be written, and nothing more. */
  async close (): Promise<void> {
    this.#failure ??= hostError('store.write', 'the store is closed; this commit came after that, and nothing of it was written')
    await this.#writing
  }

  async #drain (): Promise<void> {
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      try {
        await this.#write(group.flatMap(({ operations }) => operations))
        for (const { resolve } of group) resolve()
      } catch (error) {
        this.#failure = hostError('store.write', `the disk did not take a write (${messageOf(error)}). Nothing is acknowledged from ` +
          'here on: end this process, see that the disk has space and is sound, and start again', error)
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(this.#failure)
      }
    }
    this.#writing = undefined
  }

  #take (): readonly Commit[] {
    let count = 0
    let sizeBytes = 0
    for (const commit of this.#waiting) {
      sizeBytes += commit.sizeBytes
      if (count > 0 && sizeBytes > BATCH_BYTES_MAX) break
      count++
    }
    return this.#waiting.splice(0, count)
  }
}

function operationOf (row: Row): Operation {
  const { type, key } = row
  assert(key.length > 0 && key.length <= KEY_BYTES_MAX, `a key of 1 to ${KEY_BYTES_MAX} bytes, not ${key.length}`)
  assert(key[0] !== 0, 'a key that does not begin with a zero byte')
  if (type === 'delete') return { type: 'del', key }
  return { type: 'put', key, value: type === 'block' ? row.value : tagged(key, row.value) }
}

function sizeOf (operation: Operation): number {
  return operation.key.length + (operation.type === 'put' ? operation.value.length : 0)
}
