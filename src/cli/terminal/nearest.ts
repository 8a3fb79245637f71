/** Longer names are not compared: nobody mistypes a whole paragraph. */
const NAME_LENGTH_MAX = 64

/** The name that a mistyped word probably meant; undefined when none is close. */
export function nearest (word: string, names: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > NAME_LENGTH_MAX) return undefined
  const lower = word.toLowerCase()
  const started = lower.length > 2 ? names.find(name => name.startsWith(lower)) : undefined
  if (started !== undefined) return started
  const [best] = names.map(name => ({ name, steps: distance(lower, name.toLowerCase()) })).toSorted((a, b) => a.steps - b.steps)
  const allowed = Math.max(1, Math.floor(lower.length / 3))
  return best !== undefined && best.steps <= allowed ? best.name : undefined
}

/** Insertions, deletions, changes and swaps of neighbours between two words: optimal string alignment. */
function distance (a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let steps = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) steps = Math.min(steps, (before[j - 2] ?? 0) + 1)
      row.push(steps)
    }
    before = last
    last = row
  }
  return last[b.length] ?? a.length
}
