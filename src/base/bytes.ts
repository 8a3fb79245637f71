import { assert } from './result.ts'

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const INTEGER_MAX: number = Number.MAX_SAFE_INTEGER

export function utf8 (text: string): Uint8Array {
  return encoder.encode(text)
}

/** Text of valid UTF-8; undefined for anything else, so that no two byte strings read as one text. */
export function textOf (bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

export function concat (parts: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const part of parts) size += part.length
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function equalBytes (a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Order of unsigned bytes, a prefix first: the order of keys in LevelDB. */
export function compareBytes (a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const HEX_DIGITS: Uint8Array = encoder.encode('0123456789abcdef')

/** Lower case hex, decoded in one piece: put together digit by digit, a kept text holds a string object for every digit of it. */
export function hex (bytes: Uint8Array): string {
  const digits = new Uint8Array(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    digits[2 * i] = HEX_DIGITS[byte >> 4] ?? 0
    digits[2 * i + 1] = HEX_DIGITS[byte & 15] ?? 0
  }
  return strictDecoder.decode(digits)
}

/** Bytes of lower case hex; undefined for anything else. */
export function bytesOfHex (text: string): Uint8Array | undefined {
  return /^([0-9a-f]{2})*$/.test(text) ? Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)) : undefined
}

export function u16 (value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  writeUint(bytes, 0, 2, value)
  return bytes
}

export function u32 (value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeUint(bytes, 0, 4, value)
  return bytes
}

/** Eight bytes, big-endian, of an integer below 2^53. */
export function u64 (value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeUint(bytes, 0, 8, value)
  return bytes
}

export function writeUint (target: Uint8Array, at: number, size: 1 | 2 | 4 | 8, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0 && (size === 8 || value < 256 ** size), `no u${size * 8}: ${value}`)
  let rest = value
  for (let i = at + size - 1; i >= at; i--) {
    target[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** An unsigned big-endian integer; undefined beyond the end of the bytes or above 2^53 - 1. */
export function readUint (source: Uint8Array, at: number, size: 1 | 2 | 4 | 8): number | undefined {
  if (at < 0 || at + size > source.length) return undefined
  let value = 0
  for (let i = at; i < at + size; i++) value = value * 256 + (source[i] ?? 0)
  return value <= INTEGER_MAX ? value : undefined
}

export function varintSize (value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}

/** Writes minimal LEB128 and returns the offset behind it. */
export function writeVarint (target: Uint8Array, at: number, value: number): number {
  let rest = value
  let end = at
  while (rest >= 128) {
    target[end++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  target[end++] = rest
  return end
}

/** A minimal LEB128 integer below 2^53, of `varintSize` bytes; undefined for a longer form or an early end. Makes no object, for whoever reads millions. */
export function varintAt (source: Uint8Array, at: number): number | undefined {
  let value = 0
  let scale = 1
  for (let end = at; end < at + 8; end++) {
    const byte = source[end]
    if (byte === undefined) return undefined
    value += (byte & 127) * scale
    if (byte < 128) return (byte !== 0 || end === at) && value <= INTEGER_MAX ? value : undefined
    scale *= 128
  }
  return undefined
}

/** The same, and the offset behind it. */
export function readVarint (source: Uint8Array, at: number): { readonly value: number, readonly end: number } | undefined {
  const value = varintAt(source, at)
  return value === undefined ? undefined : { value, end: at + varintSize(value) }
}
