import { RATE_OVER_MS, transferAfter, type Amount, type Phase, type Seen, type Transfer } from './progress.ts'

/** One transfer after the other, as they come on. */
export class Meter {
  transfer = $state.raw<Transfer | null>(null)
  #seen: readonly Seen[] = []

  show (phase: Phase, { done, total, unit }: Amount): void {
    const nowMs = Date.now()
    const isSame = this.transfer?.phase === phase && this.transfer.unit === unit
    this.#seen = [...isSame ? this.#seen.filter(({ timeMs }) => nowMs - timeMs <= RATE_OVER_MS) : [], { timeMs: nowMs, done }]
    this.transfer = transferAfter(this.transfer, { phase, done, total, unit }, this.#seen, nowMs)
  }

  end (): void {
    this.transfer = null
    this.#seen = []
  }
}
