/** Refills steadily up to a burst; `take` says whether so much more may pass now. */
export class Bucket {
  readonly #perSecond: number
  readonly #burst: number
  #left: number
  #atMs: number

  constructor (perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#left = burst
    this.#atMs = nowMs
  }

  take (amount: number, nowMs: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#atMs) * this.#perSecond / 1000)
    this.#atMs = nowMs
    if (this.#left < amount) return false
    this.#left -= amount
    return true
  }
}
