/** One day of one city's weather. */
type Day = { readonly date: string, readonly precipitationMm: number, readonly temperatureMaxC: number }

export type Answer = {
  readonly days: number
  readonly wetInBoth: number
  /** Pearson's r of the daily highest temperatures. */
  readonly correlation: number
}

/** On how many days was it wet in both cities, and do their temperatures rise and fall together? From two tables with a header. */
export function compareWeather (one: string, other: string): Answer {
  const days = daysOf(one)
  const byDate = new Map(daysOf(other).map(day => [day.date, day]))
  const pairs = days.flatMap((day): [Day, Day][] => {
    const same = byDate.get(day.date)
    return same === undefined ? [] : [[day, same]]
  })
  return {
    days: pairs.length,
    wetInBoth: pairs.filter(([a, b]) => a.precipitationMm > 0 && b.precipitationMm > 0).length,
    correlation: correlationOf(pairs.map(([a, b]) => [a.temperatureMaxC, b.temperatureMaxC]))
  }
}

function daysOf (table: string): readonly Day[] {
  const [header = '', ...rows] = table.trim().split('\n')
  const names = header.trim().split(',')
  const [date, rain, high] = ['date', 'precipitation', 'temp_max'].map(name => names.indexOf(name))
  return rows.map(row => {
    const fields = row.trim().split(',')
    return { date: fields[date ?? 0] ?? '', precipitationMm: Number(fields[rain ?? 0]), temperatureMaxC: Number(fields[high ?? 0]) }
  })
}

function correlationOf (pairs: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length
  const [meanA, meanB] = [mean(0), mean(1)]
  let [covariance, varianceA, varianceB] = [0, 0, 0]
  for (const [a, b] of pairs) {
    covariance += (a - meanA) * (b - meanB)
    varianceA += (a - meanA) ** 2
    varianceB += (b - meanB) ** 2
  }
  return covariance / Math.sqrt(varianceA * varianceB)
}
