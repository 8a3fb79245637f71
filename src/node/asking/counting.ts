import { decodeCanonical, encodeCanonical, nullable, struct, text } from '../../base/index.ts'
import type { Row, Store } from '../../host/index.ts'
import { countedByKey, rowsOf } from '../rows/index.ts'

const schema = struct({ column: nullable(text(256)) })
const BYTES_MAX = 2_048

/** By which column the groups of own datasets are counted; null: each row is about another. */
export class Counting {
  readonly #store: Store
  readonly #columns = new Map<string, string | null>()

  private constructor (store: Store) {
    this.#store = store
  }

  static async load (store: Store): Promise<Counting> {
    const counting = new Counting(store)
    for await (const { key, read } of store.entries(rowsOf('countedBy'))) {
      const decoded = read.state === 'found' ? decodeCanonical(read.value, schema, BYTES_MAX) : undefined
      if (decoded?.ok === true) counting.#columns.set(new TextDecoder().decode(key.subarray(1)), decoded.value.column)
    }
    return counting
  }

  /** Undefined: nobody said. */
  columnOf (datasetId: string): string | null | undefined {
    return this.#columns.get(datasetId)
  }

  async set (datasetId: string, column: string | null): Promise<void> {
    const row: Row = { type: 'put', key: countedByKey(datasetId), value: encodeCanonical({ column }) }
    await this.#store.commit([row])
    this.#columns.set(datasetId, column)
  }
}
