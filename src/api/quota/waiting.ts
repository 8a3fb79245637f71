import { networkOf } from './buckets.ts'

type Kept<T> = { readonly value: T, readonly network: string, readonly endMs: number }

/**
 * What was asked of somebody and waits for an answer: each is taken once, and within `validMs`. Where there are too many, the oldest
 * give way, those of the address that asks first.
 */
export class Waiting<T> {
  readonly #limits: { readonly validMs: number, readonly max: number, readonly addressMax: number }
  readonly #kept: Map<string, Kept<T>> = new Map()

  constructor (limits: { readonly validMs: number, readonly max: number, readonly addressMax: number }) {
    this.#limits = limits
  }

  put (name: string, value: T, address: string, nowMs: number): void {
    const { validMs, max, addressMax } = this.#limits
    const network = networkOf(address)
    const same = [...this.#kept].filter(([, each]) => each.network === network)
    const oldest = same.length >= addressMax ? same[0]?.[0] : this.#kept.size >= max ? this.#kept.keys().next().value : undefined
    if (oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(name, { value, network, endMs: nowMs + validMs })
  }

  /** It does not wait any more then, however that ends. */
  take (name: string, nowMs: number): T | undefined {
    const kept = this.#kept.get(name)
    this.#kept.delete(name)
    return kept !== undefined && nowMs < kept.endMs ? kept.value : undefined
  }
}
