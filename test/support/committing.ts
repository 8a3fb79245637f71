import type { Row, Store } from '../../src/host/index.ts'

/** The same store, with another way to commit: to look on, or to cut the power. */
export function committing (store: Store, commit: (rows: readonly Row[]) => Promise<void>): Store {
  return {
    storeId: store.storeId,
    get: key => store.get(key),
    getMany: keys => store.getMany(keys),
    getBlock: (key, digest) => store.getBlock(key, digest),
    getBlocks: wanted => store.getBlocks(wanted),
    entries: range => store.entries(range),
    keys: range => store.keys(range),
    commit,
    compact: range => store.compact(range),
    close: () => store.close()
  }
}
