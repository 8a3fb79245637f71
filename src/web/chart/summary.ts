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
