const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})$/

/** Milliseconds since 1970 of an ISO 8601 date with time and zone, in the extended form; undefined for anything else. */
export function dateTimeMsOf (text: string): number | undefined {
  if (text.length > 40) return undefined
  const parts = DATE_TIME.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = parts
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second === '60' ? '59' : second}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`)
  // The 30th of February is a date to some engines.
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day)
  return Number.isNaN(timeMs) || !isDay ? undefined : timeMs
}
