import { BACKOFF_FIRST_MS, BACKOFF_LAST_MS } from './limits.ts'

/** How long to wait after so many failures in a row: doubling, and between half and all of it, so that many do not come back at once. */
export function backoffMs (failures: number, chance: number, firstMs: number = BACKOFF_FIRST_MS, lastMs: number = BACKOFF_LAST_MS): number {
  const whole = Math.min(lastMs, firstMs * 2 ** Math.min(failures, 30))
  return Math.round(whole / 2 + whole / 2 * chance)
}
