import { hex } from '../../base/index.ts'
import type { FeedRecord } from './record.ts'

/** A record of a keyed feed and its index in the feed. */
export type Placed = { readonly recordIndex: number, readonly record: FeedRecord }

/**
 * The state of a keyed feed: of each key the latest record by index in the feed, never by time. Records may be applied in any
 * order and more than once; deletes are remembered, so that an older put cannot come back.
 */
export class KeyedState {
  readonly #latestByKey = new Map<string, Placed>()

  /** Whether the state changed. */
  apply (placed: Placed): boolean {
    const name = hex(placed.record.key)
    const held = this.#latestByKey.get(name)
    if (held !== undefined && held.recordIndex >= placed.recordIndex) return false
    this.#latestByKey.set(name, placed)
    return true
  }

  get (key: Uint8Array): Placed | undefined {
    const held = this.#latestByKey.get(hex(key))
    return held?.record.operation === 'put' ? held : undefined
  }

  /** Live records by key, in the order of the bytes of their keys. */
  live (): readonly Placed[] {
    return [...this.#latestByKey.entries()]
      .filter(([, { record }]) => record.operation === 'put')
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([, placed]) => placed)
  }

  /** Forgets what stands below the first retained record: a key without a record at or above it is absent. */
  retainFrom (recordIndex: number): void {
    for (const [name, placed] of this.#latestByKey) if (placed.recordIndex < recordIndex) this.#latestByKey.delete(name)
  }
}

/** The live records after all of `records`. */
export function latestByKey (records: Iterable<Placed>): readonly Placed[] {
  const state = new KeyedState()
  for (const placed of records) state.apply(placed)
  return state.live()
}
