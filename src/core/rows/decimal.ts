import { DIGITS_MAX } from './limits.ts'

/** An exact number: `units` of 10^-scale. Floats would give another sum for another order of the records. */
export type Decimal = { readonly units: bigint, readonly scale: number }

export const ZERO: Decimal = { units: 0n, scale: 0 }

const NUMBER = /^([+-]?)(\d{1,100})(?:\.(\d{1,100}))?(?:[eE]([+-]?\d{1,2}))?$/

/**
 * The number that a text is in plain or scientific notation; undefined for anything else, and where it has more than `digitsMax`
 * digits before or behind the point. Sums have a few more than what was measured.
 */
export function decimalOf (text: string, digitsMax = DIGITS_MAX): Decimal | undefined {
  const found = NUMBER.exec(text.trim())
  if (found === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = found
  const scale = fraction.length - Number(exponent)
  if (scale > digitsMax || whole.length + fraction.length - scale > digitsMax) return undefined
  const units = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`)
  return scale >= 0 ? plain({ units, scale }) : { units: units * 10n ** BigInt(-scale), scale: 0 }
}

/** One value has one form: without zeros at its end. */
function plain ({ units, scale }: Decimal): Decimal {
  let [left, places] = [units, scale]
  while (places > 0 && left % 10n === 0n) {
    left /= 10n
    places--
  }
  return { units: left, scale: places }
}

export function textOfDecimal ({ units, scale }: Decimal): string {
  if (scale === 0) return units.toString()
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export function add (a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return plain({ units: unitsAt(a, scale) + unitsAt(b, scale), scale })
}

export function compare (a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  const difference = unitsAt(a, scale) - unitsAt(b, scale)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

/** A sum over a count, to three decimals more than the sum has, halves away from zero. */
export function mean (sum: Decimal, count: number): Decimal {
  const scale = sum.scale + 3
  const units = unitsAt(sum, scale)
  const size = units < 0n ? -units : units
  const [divisor, quotient] = [BigInt(count), size / BigInt(count)]
  const rounded = (size % divisor) * 2n >= divisor ? quotient + 1n : quotient
  return plain({ units: units < 0n ? -rounded : rounded, scale })
}

function unitsAt ({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale)
}
