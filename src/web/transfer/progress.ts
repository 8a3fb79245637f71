import type { Progress } from '../../sdk/index.ts'

/** `sending`: from this browser to its node. */
export type Phase = Progress['phase'] | 'sending' | 'reading' | 'publishing' | 'deriving'
export type Amount = Pick<Progress, 'done' | 'total' | 'unit'>

/** How a transfer stands, reckoned from what is said of it. */
export type Transfer = Amount & {
  readonly phase: Phase
  /** Since when it is in this phase. */
  readonly sinceMs: number
  /** When it last came on. */
  readonly movedMs: number
  /** Null while there is too little to tell. */
  readonly perSecond: number | null
  readonly remainingMs: number | null
}

/** Rates are of the last while: what was fast a minute ago is no comfort now. */
export const RATE_OVER_MS = 10_000
const RATE_FROM_MS = 500

export type Seen = { readonly timeMs: number, readonly done: number }

/** `seen`: what was done when, in this unit, oldest first. */
export function transferAfter (before: Transfer | null, progress: Amount & { readonly phase: Phase }, seen: readonly Seen[], nowMs: number): Transfer {
  const isSame = before !== null && before.phase === progress.phase
  const first = seen.find(({ timeMs }) => nowMs - timeMs <= RATE_OVER_MS)
  const elapsedMs = first === undefined ? 0 : nowMs - first.timeMs
  const perSecond = first === undefined || elapsedMs < RATE_FROM_MS ? null : Math.max(0, progress.done - first.done) / elapsedMs * 1_000
  const missing = progress.total === null ? null : Math.max(0, progress.total - progress.done)
  return {
    ...progress, sinceMs: isSame ? before.sinceMs : nowMs, movedMs: isSame && before.done === progress.done ? before.movedMs : nowMs, perSecond,
    remainingMs: missing === null || perSecond === null || perSecond === 0 ? null : missing / perSecond * 1_000
  }
}
