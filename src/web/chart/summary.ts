/** Points in order of time, in milliseconds; null where there is no value. `isByDay`: times are days, each by its beginning in UTC. */
export type Points = { readonly timesMs: readonly number[], readonly values: readonly (number | null)[], readonly isByDay: boolean }

/** How points are drawn. What is of the same kind is drawn on without beginning anew. */
export type Kind = { readonly isByDay: boolean, readonly isCrowd: boolean, readonly hasDots: boolean }

/** With few points each is seen; with many the line is enough. */
const DOTS_UP_TO = 200

export function kindOf ({ timesMs, values, isByDay }: Points): Kind {
  // Several at one time are of several things: a line would join what does not follow each other.
  const isCrowd = timesMs.some((timeMs, at) => at > 0 && timeMs === timesMs[at - 1])
  return { isByDay, isCrowd, hasDots: isCrowd || values.length <= DOTS_UP_TO }
}

/** What a chart says, for a sentence beside it. */
export type Summary = { readonly count: number, readonly min: number, readonly mean: number, readonly max: number, readonly fromMs: number, readonly toMs: number }

export function summaryOf (timesMs: readonly number[], values: readonly (number | null)[]): Summary | null {
  const known = values.flatMap((value, at) => value === null ? [] : [{ value, timeMs: timesMs[at] ?? 0 }])
  const [first] = known
  if (first === undefined) return null
  let [min, max, sum] = [first.value, first.value, 0]
  for (const { value } of known) {
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
  }
  return { count: known.length, min, mean: sum / known.length, max, fromMs: first.timeMs, toMs: known.at(-1)?.timeMs ?? first.timeMs }
}
