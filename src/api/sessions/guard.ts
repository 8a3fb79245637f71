/** Failures of one address after which it has to wait, longer each time, and after which it is shut out for a while. */
const FREE_FAILURES = 10
const LOCK_FAILURES = 30
const FIRST_WAIT_MS = 1_000
const WAIT_MS_MAX = 300_000
const LOCK_MS = 3_600_000
/** After so long without an attempt nothing is held against an address. */
const FORGET_MS = 86_400_000
const ADDRESSES_MAX = 4_096

type Attempts = { readonly failures: number, readonly lastMs: number, readonly untilMs: number }

/**
 * Slows down whoever guesses: by address, attempts that come while one has to wait count too. Remembers a bounded number of addresses,
 * and forgets those first that failed longest ago.
 */
export class Guard {
  readonly #attempts: Map<string, Attempts> = new Map()

  /** How long an attempt has to wait, in milliseconds; 0: it may be made now. */
  waitMs (address: string, nowMs: number): number {
    const known = this.#attempts.get(address)
    return known === undefined ? 0 : Math.max(0, known.untilMs - nowMs)
  }

  failed (address: string, nowMs: number): void {
    const known = this.#attempts.get(address)
    const failures = (known === undefined || nowMs - known.lastMs > FORGET_MS ? 0 : known.failures) + 1
    const until = failures > FREE_FAILURES ? nowMs + Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES - 1)) : nowMs
    this.#attempts.delete(address)
    this.#attempts.set(address, { failures, lastMs: nowMs, untilMs: failures >= LOCK_FAILURES ? nowMs + LOCK_MS : until })
    const oldest = this.#attempts.size > ADDRESSES_MAX ? this.#attempts.keys().next().value : undefined
    if (oldest !== undefined) this.#attempts.delete(oldest)
  }

  /** One of the people of this node asks for a new link: whoever was shut out may try that. */
  reset (): void {
    this.#attempts.clear()
  }
}
