export type Seen = { readonly timeMs: number, readonly done: number }

/** Rates are of the last while: what was fast a minute ago is no comfort now. */
const RATE_OVER_MS = 10_000
const RATE_FROM_MS = 500

/** How much a second, null while there is too little to tell; and what is still worth remembering. */
export function rateOf (all: readonly Seen[], nowMs: number): { readonly perSecond: number | null, readonly seen: readonly Seen[] } {
  const seen = all.filter(({ timeMs }) => nowMs - timeMs <= RATE_OVER_MS)
  const [first, last] = [seen[0], seen.at(-1)]
  const elapsedMs = first === undefined ? 0 : nowMs - first.timeMs
  const perSecond = first === undefined || last === undefined || elapsedMs < RATE_FROM_MS ? null : Math.max(0, last.done - first.done) / elapsedMs * 1_000
  return { perSecond, seen }
}
