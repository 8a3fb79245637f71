/** Turns samples into medians with ranges, and ratios to Hanse. */
import { METRICS, type Conditions, type Contestant, type Metric, type Scenario } from './contestant.ts'
import type { Sample } from './scenarioRun.ts'

export type Measured = { readonly contestant: Contestant, readonly scenario: Scenario, readonly samples: readonly Sample[] }

type Row = {
  readonly contestant: string
  readonly variant: string
  readonly conditions: Conditions
  readonly samples: number
  readonly median: number
  readonly low: number
  readonly high: number
  /** CPU seconds of all roles together while the figure was taken, median. */
  readonly cpuSeconds: number
  /** How many times better Hanse is; null where there is nothing to compare. */
  readonly hanseTimesBetter: number | null
}
export type Table = { readonly metric: Metric, readonly title: string, readonly rows: readonly Row[] }

const REFERENCE = 'hanse'

export function tablesOf (measured: readonly Measured[]): readonly Table[] {
  return (Object.keys(METRICS) as Metric[]).flatMap(metric => {
    const rows = measured.flatMap(one => rowOf(metric, one))
    const reference = rows.find(({ contestant }) => contestant === REFERENCE)?.median
    const { title, better } = METRICS[metric]
    if (rows.length === 0) return []
    return [{
      metric,
      title,
      rows: rows.map(row => ({
        ...row,
        hanseTimesBetter: reference === undefined || row.contestant === REFERENCE
          ? null
          : better === 'higher' ? reference / row.median : row.median / reference
      }))
    }]
  })
}

function rowOf (metric: Metric, { contestant, scenario, samples }: Measured): readonly Row[] {
  const values = samples.flatMap(({ measures }) => measures[metric] ?? []).toSorted((a, b) => a - b)
  const [low] = values
  const high = values.at(-1)
  if (low === undefined || high === undefined) return []
  const cpu = samples.filter(({ failure }) => failure === null).map(({ cpuSeconds }) => Object.values(cpuSeconds).reduce((sum, one) => sum + one, 0))
  return [{
    contestant: contestant.name,
    variant: scenario.variant,
    conditions: scenario.conditions,
    samples: values.length,
    median: medianOf(values),
    low,
    high,
    cpuSeconds: medianOf(cpu.toSorted((a, b) => a - b)),
    hanseTimesBetter: null
  }]
}

function medianOf (sorted: readonly number[]): number {
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper
}

export function textOf (tables: readonly Table[]): string {
  return tables.map(({ title, rows }) => {
    const cells = rows.map(row => [
      row.contestant,
      row.variant,
      readable(row.median),
      `${readable(row.low)} to ${readable(row.high)}`,
      row.cpuSeconds > 0 ? readable(row.cpuSeconds) : '',
      row.hanseTimesBetter === null ? '' : `${readable(row.hanseTimesBetter)} x`,
      `${row.conditions.packed}; ${row.conditions.durable}; ${row.conditions.encrypted}; ${row.conditions.verified}`
    ])
    return `${title}\n${aligned([['', '', 'median', 'range', 'CPU s', 'Hanse is', 'packed; durable; encrypted; verified'], ...cells])}`
  }).join('\n\n')
}

function readable (value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en-GB')
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function aligned (rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  const isNumber = (column: number): boolean => column >= 2 && column <= 5
  return rows
    .map(row => row.map((cell, column) => isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
    .map(line => `  ${line}`)
    .join('\n')
}
