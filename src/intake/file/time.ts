/** How a single value reads as a time. Dates with slashes say both orders that are possible. */
export type ReadTime =
  | { readonly form: 'iso', readonly timeMs: number, readonly zone: boolean }
  | { readonly form: 'ordered', readonly dayFirstMs: number | undefined, readonly monthFirstMs: number | undefined }

const ISO = /^(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/
const ISO_BASIC = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/
const ORDERED = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[T ,]\s?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:\s?([AaPp])\.?[Mm]\.?)?)?$/

const SECONDS_MIN = 946_684_800 // 2000-01-01
const SECONDS_MAX = 4_102_444_800 // 2100-01-01

/** Length of the shortest and longest text that can be a time: 1.1.16 to an ISO time with nanoseconds and zone. */
const LENGTH_MIN = 6
const LENGTH_MAX = 40

/** The time that a text is in ISO 8601 (also with slashes or a blank), or in a day and month order; undefined for others. */
export function readTime (text: string): ReadTime | undefined {
  if (text.length < LENGTH_MIN || text.length > LENGTH_MAX) return undefined
  const second = text.charCodeAt(1)
  const fifth = text.charCodeAt(4)
  if (fifth === 0x2d || fifth === 0x2f) {
    const iso = readIso(text)
    if (iso !== undefined) return iso
  }
  const third = text.charCodeAt(2)
  return isMark(second) || isMark(third) ? readOrdered(text) : undefined
}

function isMark (code: number): boolean {
  return code === 0x2d || code === 0x2e || code === 0x2f
}

function readIso (text: string): ReadTime | undefined {
  const written = isoOfMachine(text)
  if (written !== undefined) return written
  const found = ISO.exec(text)
  if (found === null) return undefined
  const [, year, , month, day, hour, minute, second, fraction, zone] = found
  return isoOf(timeOf(year, month, day, hour, minute, second, fraction), zone)
}

/** What machines write, `2026-01-31T08:15:00Z` or with thousandths: in every row, so it is read without a pattern. Undefined for all others, bad ones too. */
function isoOfMachine (text: string): ReadTime | undefined {
  const { length } = text
  if ((length !== 20 && length !== 24) || text.charCodeAt(length - 1) !== 0x5a || text.charCodeAt(7) !== 0x2d || text.charCodeAt(10) !== 0x54) return undefined
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a || (length === 24 && text.charCodeAt(19) !== 0x2e)) return undefined
  const [year, month, day] = [digitsAt(text, 0, 4), digitsAt(text, 5, 2), digitsAt(text, 8, 2)]
  const [hour, minute, second] = [digitsAt(text, 11, 2), digitsAt(text, 14, 2), digitsAt(text, 17, 2)]
  const thousandths = length === 24 ? digitsAt(text, 20, 3) : 0
  // NaN is in no range. A year below 100 would be one of the last century to `Date.UTC`.
  if (!(year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month) && hour <= 23 && minute <= 59 && second <= 59 && thousandths <= 999)) return undefined
  return { form: 'iso', timeMs: Date.UTC(year, month - 1, day, hour, minute, second, thousandths), zone: true }
}

function digitsAt (text: string, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) return NaN
    value = value * 10 + digit
  }
  return value
}

/** A date of eight digits, as GTFS writes it. Only where the heading says that it is one: a number looks the same. */
export function readBasicIso (text: string): ReadTime | undefined {
  const found = ISO_BASIC.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second, zone] = found
  return isoOf(timeOf(year, month, day, hour, minute, second, undefined), zone)
}

function isoOf (localMs: number | undefined, zone: string | undefined): ReadTime | undefined {
  if (localMs === undefined) return undefined
  if (zone === undefined) return { form: 'iso', timeMs: localMs, zone: false }
  return { form: 'iso', timeMs: localMs - offsetMsOf(zone), zone: true }
}

function offsetMsOf (zone: string): number {
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0)
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

function readOrdered (text: string): ReadTime | undefined {
  const found = ORDERED.exec(text)
  if (found === null) return undefined
  const [, one, mark, two, yearText, hourText, minute, second, half] = found
  const year = yearText?.length === 2 ? String(Number(yearText) + (Number(yearText) < 70 ? 2000 : 1900)) : yearText
  const hour = half === undefined || hourText === undefined
    ? hourText
    : String(Number(hourText) % 12 + (half.toLowerCase() === 'p' ? 12 : 0))
  const dayFirstMs = timeOf(year, two, one, hour, minute, second, undefined)
  // 03.06.2016 is the German and Nordic form: nobody writes the month first with dots.
  const monthFirstMs = mark === '.' ? undefined : timeOf(year, one, two, hour, minute, second, undefined)
  return dayFirstMs === undefined && monthFirstMs === undefined ? undefined : { form: 'ordered', dayFirstMs, monthFirstMs }
}

/** Milliseconds since 1970 of a calendar time taken as UTC; undefined where the calendar has no such day or time. */
function timeOf (
  year: string | undefined, month: string | undefined, day: string | undefined, hour: string | undefined,
  minute: string | undefined, second: string | undefined, fraction: string | undefined
): number | undefined {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  const [h, min, s] = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)]
  if (m < 1 || m > 12 || d < 1 || d > daysOf(y, m) || h > 24 || min > 59 || s > 60 || (h === 24 && min + s > 0)) return undefined
  return Date.UTC(y, m - 1, d, h, min, s, Number((fraction ?? '').slice(0, 3).padEnd(3, '0')))
}

function daysOf (year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** How a number reads as seconds or milliseconds since 1970 that lie in this century; undefined for other numbers. */
export function epochOf (value: number): { readonly reading: 'epoch-seconds' | 'epoch-milliseconds', readonly timeMs: number } | undefined {
  if (value >= SECONDS_MIN && value < SECONDS_MAX) return { reading: 'epoch-seconds', timeMs: Math.floor(value * 1000) }
  if (value >= SECONDS_MIN * 1000 && value < SECONDS_MAX * 1000) return { reading: 'epoch-milliseconds', timeMs: Math.floor(value) }
  return undefined
}
