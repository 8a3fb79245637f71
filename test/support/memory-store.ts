import { assert, compareBytes, equalBytes, hex, sha256 } from '../../src/base/index.ts'
import type { HostError, KeyRange, Read, Row, Store } from '../../src/host/index.ts'

type Kept = { readonly key: Uint8Array, readonly type: 'put' | 'block', readonly value: Uint8Array, readonly damaged: boolean }

/** The port `Store` in memory, with the accidents that tests need. */
export interface MemoryStore extends Store {
  /** From now on reads of this row find damage. */
  damage (key: Uint8Array): void
  /** The next commit fails, and with it all later ones. */
  failWrites (): void
  /** What a process that starts again finds: all committed rows, in a store that is open. */
  reopen (): MemoryStore
}

export function openMemoryStore (storeId: string = 'memory', rows: ReadonlyMap<string, Kept> = new Map()): MemoryStore {
  const kept = new Map(rows)
  let order: readonly Kept[] | undefined
  let closed = false
  let failing = false

  const apply = (row: Row): void => {
    const name = hex(row.key)
    order = undefined
    if (row.type === 'delete') kept.delete(name)
    else kept.set(name, { key: row.key.slice(), type: row.type, value: row.value.slice(), damaged: false })
  }
  const read = (key: Uint8Array, digest?: Uint8Array): Read => {
    if (closed) throw hostError('store.read', 'the store is closed')
    const row = kept.get(hex(key))
    if (row === undefined) return { state: 'absent' }
    const intact = digest === undefined ? row.type === 'put' : row.type === 'block' && equalBytes(sha256(row.value), digest)
    return intact && !row.damaged ? { state: 'found', value: row.value.slice() } : { state: 'damaged' }
  }
  const walk = ({ from, to, limit = Infinity, reverse = false }: KeyRange): readonly Kept[] => {
    if (closed) throw hostError('store.read', 'the store is closed')
    order ??= [...kept.values()].sort((a, b) => compareBytes(a.key, b.key))
    const inside = order.slice(lowerBound(order, from), Math.max(lowerBound(order, from), lowerBound(order, to)))
    return (reverse ? inside.reverse() : inside).slice(0, limit)
  }

  return {
    storeId,
    get: async key => read(key),
    getMany: async keys => keys.map(key => read(key)),
    getBlock: async (key, digest) => read(key, digest),
    getBlocks: async wanted => wanted.map(({ key, digest }) => read(key, digest)),
    async * entries (range) {
      for (const { key } of walk(range)) yield { key: key.slice(), read: read(key) }
    },
    async * keys (range) {
      for (const { key } of walk(range)) yield key.slice()
    },
    async commit (rowsGiven) {
      for (const { key } of rowsGiven) assert(key.length > 0 && key[0] !== 0, 'a key that is not empty and does not begin with a zero byte')
      await Promise.resolve()
      if (closed || failing) throw hostError('store.write', closed ? 'the store is closed' : 'the disk did not take a write')
      for (const row of rowsGiven) apply(row)
    },
    compact: async () => {},
    close: async () => {
      await Promise.resolve()
      closed = true
    },
    damage (key) {
      const row = kept.get(hex(key))
      assert(row !== undefined, 'a row to damage')
      kept.set(hex(key), { ...row, damaged: true })
      order = undefined
    },
    failWrites () {
      failing = true
    },
    reopen: () => openMemoryStore(storeId, kept)
  }
}

/** Index of the first row at or above `key`. */
function lowerBound (order: readonly Kept[], key: Uint8Array): number {
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const row = order[middle]
    if (row !== undefined && compareBytes(row.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function hostError (code: HostError['code'], message: string): HostError {
  return Object.assign(new Error(message), { code })
}
