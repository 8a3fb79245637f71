/**
 * Values as a policy spells them: integers, moments `YYYY-MM-DDThh:mm:ss[.fff]Z`, lengths of time, H3 cells.
 * Each reader gives undefined for any other spelling. No clock and no locale: the calendar is computed here.
 */
const SECOND_MS = 1_000
const MINUTE_MS: number = 60 * SECOND_MS
const HOUR_MS: number = 60 * MINUTE_MS
export const DAY_MS: number = 24 * HOUR_MS
const WEEK_MS: number = 7 * DAY_MS

/** Moments from 0000-01-01 to 9999-12-31, the years of four digits. */
export const TIME_MS_MIN = -62_167_219_200_000
export const TIME_MS_MAX = 253_402_300_799_999

export function integerOf (text: string): number | undefined {
  if (!/^-?(0|[1-9]\d{0,15})$/.test(text) || text === '-0') return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

const MOMENT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?Z$/

export function timeOf (text: string): number | undefined {
  const parts = MOMENT.exec(text)
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milli = 0] = parts.slice(1).map(part => Number(part ?? 0))
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month) || hour > 23 || minute > 59 || second > 59) return undefined
  return daysBefore(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + milli
}

export function timeText (timeMs: number): string {
  const { year, month, day } = dayOf(timeMs)
  const rest = timeMs - Math.floor(timeMs / DAY_MS) * DAY_MS
  const clock = [Math.floor(rest / HOUR_MS), Math.floor(rest / MINUTE_MS) % 60, Math.floor(rest / SECOND_MS) % 60].map(part => digits(part, 2)).join(':')
  const milli = rest % SECOND_MS
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${clock}${milli === 0 ? '' : `.${digits(milli, 3)}`}Z`
}

/** The civil day (UTC) that a moment is in. After Howard Hinnant, "chrono-compatible low-level date algorithms". */
export function dayOf (timeMs: number): { readonly year: number, readonly month: number, readonly day: number } {
  const days = Math.floor(timeMs / DAY_MS) + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 }
}

/** Days from 1970-01-01 to a civil day. */
function daysBefore (year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function daysOfMonth (year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function digits (value: number, width: number): string {
  return String(value).padStart(width, '0')
}

const DURATION = /^P(?:(\d{1,9})W|(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?)$/

/** Weeks alone, or days and time. Months and years have no fixed length. */
export function durationOf (text: string): number | undefined {
  const parts = DURATION.exec(text)
  if (parts === null || text === 'P') return undefined
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map(part => Number(part ?? 0))
  const value = weeks * WEEK_MS + days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS
  return Number.isSafeInteger(value) ? value : undefined
}

/** A length of whole seconds in the largest unit that fits without rest: days only if asked for, as a period of 24 hours is not a day of keeping. */
export function durationText (durationMs: number, inDays: boolean): string {
  if (inDays && durationMs % DAY_MS === 0) return `P${durationMs / DAY_MS}D`
  if (durationMs % HOUR_MS === 0) return `PT${durationMs / HOUR_MS}H`
  if (durationMs % MINUTE_MS === 0) return `PT${durationMs / MINUTE_MS}M`
  return `PT${durationMs / SECOND_MS}S`
}

const CELL = /^8[0-9a-f]{14}$/
const H3_RESOLUTION_MAX = 15
export const H3_RESOLUTION_FINEST: number = H3_RESOLUTION_MAX

type Cell = { readonly resolution: number, readonly digits: number }

/** Base cell and digits fit 52 bits: seven of the base cell, three for each resolution, those below the cell's own set to 7. */
function cellOf (text: string): Cell | undefined {
  return CELL.test(text) ? { resolution: Number.parseInt(text.charAt(1), 16), digits: Number.parseInt(text.slice(2), 16) } : undefined
}

/**
 * Whether two H3 cells have a place in common, by their indexes: one is the other or an ancestor of it. Undefined where
 * one is not a cell.
 */
export function cellsTouch (one: string, other: string): boolean | undefined {
  const [a, b] = [cellOf(one), cellOf(other)]
  if (a === undefined || b === undefined) return undefined
  const below = 8 ** (H3_RESOLUTION_MAX - Math.min(a.resolution, b.resolution))
  return Math.floor(a.digits / below) === Math.floor(b.digits / below)
}
