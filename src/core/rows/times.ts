const DAY_MS = 86_400_000
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/
/** As `intake/file` tells counts of seconds and of milliseconds: by the century that they lie in, 2000 to 2100. */
const SECONDS_MIN = 946_684_800
const SECONDS_MAX = 4_102_444_800

/** The start of the step that a time lies in, counted from 1970 in UTC. */
export function floorTo (timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs
}

/**
 * Milliseconds since 1970 of a time in ISO 8601 (UTC where it names no zone) or as a count of seconds or milliseconds; undefined
 * for all else, also for dates whose order of day and month would have to be guessed.
 */
export function timeMsOf (text: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d{9,13}(\.\d{1,9})?$/.test(trimmed)) return epochMsOf(Number(trimmed))
  const found = ISO.exec(trimmed)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = found
  const [y, m, d, h, min, s] = [Number(year), Number(month), Number(day), Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)]
  if (m < 1 || m > 12 || d < 1 || d > daysOf(y, m) || h > 23 || min > 59 || s > 60) return undefined
  const ms = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'))
  return dayOf(y, m, d) * DAY_MS + h * 3_600_000 + min * 60_000 + s * 1_000 + ms - offsetMsOf(zone)
}

function epochMsOf (value: number): number | undefined {
  if (value >= SECONDS_MIN && value < SECONDS_MAX) return Math.floor(value * 1_000)
  return value >= SECONDS_MIN * 1_000 && value < SECONDS_MAX * 1_000 ? Math.floor(value) : undefined
}

function offsetMsOf (zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0)
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

function daysOf (year: number, month: number): number {
  return dayOf(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - dayOf(year, month, 1)
}

/** Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March, so that the leap day ends one. */
function dayOf (year: number, month: number, day: number): number {
  const y = month < 3 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * (month < 3 ? month + 9 : month - 3) + 2) / 5) + day - 1
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
}

/** `YYYY-MM-DDThh:mm:ss[.fff]Z`. */
export function textOfTime (timeMs: number): string {
  const days = Math.floor(timeMs / DAY_MS) + 719_468
  const era = Math.floor(days / 146_097)
  const ofEra = days - era * 146_097
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365)
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const year = yearOfEra + era * 400 + (month < 3 ? 1 : 0)
  const day = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  const ms = timeMs - Math.floor(timeMs / DAY_MS) * DAY_MS
  const clock = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60].map(part => digits(part, 2)).join(':')
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${clock}${ms % 1_000 === 0 ? '' : `.${digits(ms % 1_000, 3)}`}Z`
}

function digits (value: number, width: number): string {
  return value.toString().padStart(width, '0')
}
