const SLOTS = 20
const SLOT_MS = 100
/** Above so many a second a sample is shown. */
export const SHOWN_PER_SECOND = 50
const PER_SLOT = SHOWN_PER_SECOND / (1_000 / SLOT_MS)

/** Counts what comes, and lets through of it as much as somebody can look at, spread evenly. */
export class Sampler {
  readonly #counts: number[] = Array.from({ length: SLOTS }, () => 0)
  #slot = 0
  #beganMs: number | null = null
  #letThrough = 0

  /** Whether this one is shown. Some bursts shorter than the slots before them left room for are shown whole. */
  take (nowMs: number): boolean {
    this.#advance(nowMs)
    this.#counts[this.#slot % SLOTS] = (this.#counts[this.#slot % SLOTS] ?? 0) + 1
    if (this.perSecond(nowMs) > SHOWN_PER_SECOND && this.#letThrough >= PER_SLOT) return false
    this.#letThrough++
    return true
  }

  perSecond (nowMs: number): number {
    this.#advance(nowMs)
    const seconds = Math.min(SLOTS * SLOT_MS, Math.max(1_000, nowMs - (this.#beganMs ?? nowMs))) / 1_000
    return this.#counts.reduce((sum, count) => sum + count, 0) / seconds
  }

  #advance (nowMs: number): void {
    this.#beganMs ??= nowMs
    const slot = Math.floor(nowMs / SLOT_MS)
    if (slot === this.#slot) return
    for (let at = Math.max(this.#slot + 1, slot - SLOTS + 1); at <= slot; at++) this.#counts[at % SLOTS] = 0
    this.#slot = slot
    this.#letThrough = 0
  }
}
