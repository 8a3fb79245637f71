/** Fields of decoded protobuf messages: a field that was not sent has the default of its type, which is no value. */

/** An integer of 64 bits comes as an object of two halves. */
type Long = { toNumber (): number }

function sent (message: object, name: string): unknown {
  return Object.hasOwn(message, name) ? Reflect.get(message, name) : undefined
}

export function textOf (message: object | null | undefined, name: string): string | undefined {
  const value = message ? sent(message, name) : undefined
  return typeof value === 'string' && value.trim() !== '' ? value.trim().toWellFormed() : undefined
}

export function numberOf (message: object | null | undefined, name: string, min: number, max: number): number | undefined {
  const value = message ? sent(message, name) : undefined
  const number = typeof value === 'number' ? value : isLong(value) ? value.toNumber() : undefined
  return number !== undefined && number >= min && number <= max ? number : undefined
}

function isLong (value: unknown): value is Long {
  return typeof value === 'object' && value !== null && 'toNumber' in value && typeof value.toNumber === 'function'
}

const SECONDS_MAX = 4_102_444_800 // 2100-01-01

/** Milliseconds since 1970 of a POSIX time. */
export function timeMsOf (message: object | null | undefined, name: string): number | undefined {
  const seconds = numberOf(message, name, 1, SECONDS_MAX)
  return seconds === undefined ? undefined : seconds * 1000
}

/** The name of the value of an enumeration, as the standard writes it. */
export function nameOf (message: object | null | undefined, name: string, names: Readonly<Record<string, unknown>>): string | undefined {
  const value = numberOf(message, name, 0, 65_535)
  return value === undefined ? undefined : Object.keys(names).find(each => names[each] === value)
}

const FLOAT32_DIGITS_MAX = 9

/** The shortest decimal that is this float32: 53.5511, where the feed has the nearest to it that there is. */
export function decimalOf (value: number | undefined): number | undefined {
  if (value === undefined) return undefined
  for (let digits = 1; digits < FLOAT32_DIGITS_MAX; digits++) {
    const decimal = Number(value.toPrecision(digits))
    if (Math.fround(decimal) === value) return decimal
  }
  return value
}
