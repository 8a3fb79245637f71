/** Base cells of H3 that are pentagons: their first subdivision has no cell 1. */
const PENTAGONS = new Set([4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117])
const BASE_CELLS = 122
const DIGITS = 15

/**
 * Whether a text is an H3 cell of one of these resolutions: 15 hex digits of mode 1, a base cell, a digit below 7 for each
 * resolution and 7 behind. Cells are text here because a number of 64 bits has no place in our structures.
 */
export function isH3Cell (text: string, resolutionMin: number, resolutionMax: number): boolean {
  if (!/^8[0-9a-f]{14}$/.test(text)) return false
  const bits = BigInt(`0x${text}`)
  const resolution = Number(bits >> 52n & 15n)
  const baseCell = Number(bits >> 45n & 127n)
  if (resolution < resolutionMin || resolution > resolutionMax || baseCell >= BASE_CELLS) return false
  const digits = Array.from({ length: DIGITS }, (_, at) => Number(bits >> BigInt(3 * (DIGITS - 1 - at)) & 7n))
  if (digits.some((digit, at) => at < resolution ? digit === 7 : digit !== 7)) return false
  return !(PENTAGONS.has(baseCell) && digits.slice(0, resolution).find(digit => digit !== 0) === 1)
}
