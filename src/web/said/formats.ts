/** Days, spans and money of terms, in a language. Days are those of UTC, as terms count them. */
const UNITS = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]] as const
const SECOND_MS = 1_000

/** The day alone, where it is meant as a whole. */
export function dayText (timeMs: number, isWhole: boolean, language: string): string {
  const clock = isWhole ? {} : { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const
  return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long', year: 'numeric', ...clock, timeZone: 'UTC' }).format(timeMs)
}

/** In the largest unit of which it is a whole number; a single day is 24 hours. */
export function spanText (durationMs: number, language: string): string {
  const [unit, stepMs] = UNITS.find(([name, each]) => durationMs % each === 0 && (name !== 'day' || durationMs > each)) ?? ['second', SECOND_MS]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(durationMs / stepMs)
}

/** Amounts stand in the smallest unit of their currency, and may be too large for a fraction to be exact. */
export function moneyText (minor: number, currency: string, language: string): string {
  if (!/^[A-Z]{3}$/.test(currency)) return `${minor} ${currency}`
  const format = new Intl.NumberFormat(language, { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 0
  const text = String(minor).padStart(digits + 1, '0')
  const exact = `${text.slice(0, text.length - digits)}.${digits === 0 ? '0' : text.slice(-digits)}`
  return format.format(exact as Intl.StringNumericLiteral)
}
