/** How many records there were when. */
export type Sample = { readonly timeMs: number, readonly records: number }

const OVER_MS = 60_000

/** With one more, as far as the last minute needs them. Fewer records than before: what was erased or left out is no pace, and it begins anew. */
export function withSample (samples: readonly Sample[], now: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last !== undefined && now.records < last.records) return [now]
  return [...samples.filter(({ timeMs }) => timeMs > now.timeMs - OVER_MS), now]
}

/** Records a second, to a tenth; null while nothing came in this minute, or next to nothing. */
export function paceOf (samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.records === first.records) return null
  const pace = Math.round((last.records - first.records) / ((last.timeMs - first.timeMs) / 10_000)) / 10
  return pace === 0 ? null : pace
}
