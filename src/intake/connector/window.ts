import { concat, hex, sha256, u64 } from '../../base/index.ts'
import type { RecordInput } from '../../sdk/index.ts'

const IDENTITY_BYTES = 16

/** All of a record: the same thing said at the same time is the same record. */
export function contentIdentity ({ key, timeMs, operation, body }: RecordInput): string {
  const head = concat([u64(key.length), key, u64(Math.max(0, timeMs)), new Uint8Array([operation === 'put' ? 0 : 1])])
  return hex(sha256(concat([head, body])).subarray(0, IDENTITY_BYTES))
}

/**
 * Knows the identities of the newest records of a stream, and of those that are on their way into it. What is on its way is never
 * forgotten before it has arrived, so whoever brings it again waits for the same outcome.
 */
export class Window<Outcome> {
  readonly #sizeMax: number
  readonly #outcomes = new Map<string, Promise<Outcome> | null>()

  constructor (sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** Undefined: not known. Null: stored. */
  get (identity: string): Promise<Outcome> | null | undefined {
    return this.#outcomes.get(identity)
  }

  /** Begins to be stored. */
  begin (identity: string, outcome: Promise<Outcome>): void {
    this.#outcomes.set(identity, outcome)
  }

  /** Was stored: stands as the newest. */
  stored (identity: string): void {
    this.#outcomes.delete(identity)
    this.#outcomes.set(identity, null)
    for (const [oldest, outcome] of this.#outcomes) {
      if (this.#outcomes.size <= this.#sizeMax) break
      if (outcome === null) this.#outcomes.delete(oldest)
      else break
    }
  }

  /** Was not stored after all. */
  forget (identity: string): void {
    this.#outcomes.delete(identity)
  }
}
