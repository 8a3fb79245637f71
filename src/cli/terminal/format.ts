import { stripVTControlCharacters } from 'node:util'

const NUMBER = new Intl.NumberFormat('en-GB')
const UNITS: readonly string[] = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export type TableColumn = { readonly heading: string, readonly right?: boolean }

/** Text from others as it may go to a terminal: one line, no control characters, no reversing of direction. */
export function plain (text: string): string {
  // eslint-disable-next-line no-control-regex
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** `count(1, 'row')` is "1 row", `count(17544, 'row')` "17,544 rows". */
export function count (amount: number, noun: string, plural: string = `${noun}s`): string {
  return `${NUMBER.format(amount)} ${amount === 1 ? noun : plural}`
}

/** Decimal units, as disks and networks are sold: "1.1 MB". */
export function formatBytes (sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit > 0 && value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`
}

/** The two largest units that matter: "840 ms", "35 s", "4 min 5 s", "3 h 2 min", "12 d 4 h". */
export function formatDuration (durationMs: number): string {
  const ms = Math.max(0, durationMs)
  if (ms < 1000) return `${Math.round(ms)} ms`
  const s = Math.round(ms / 1000)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  const min = Math.floor(s / 60)
  if (min < 1440) return `${Math.floor(min / 60)} h ${min % 60} min`
  return `${Math.floor(min / 1440)} d ${Math.floor(min / 60) % 24} h`
}

/** A time in UTC to the second, or a question mark for what no calendar holds. */
export function formatTime (timeMs: number): string {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z') : '?'
}

/** Aligned columns with a heading; numbers to the right. */
export function table (columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ heading }) => heading), ...rows.map(row => row.map(plain))]
  const widths = columns.map((_, index) => Math.max(...lines.map(line => (line[index] ?? '').length)))
  return lines.map(line => columns
    .map(({ right }, index) => right === true ? (line[index] ?? '').padStart(widths[index] ?? 0) : (line[index] ?? '').padEnd(widths[index] ?? 0))
    .join('  ').trimEnd()).join('\n')
}

/** Names and values under each other. */
export function pairs (rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`.trimEnd()).join('\n')
}
