/**
 * The one gate for structured values: canonical DAG-CBOR with limits.
 *
 * Hashes and signatures cover bytes, so one meaning must have one encoding. `@ipld/dag-cbor` alone accepts other
 * key orders, floats, `undefined` and broken UTF-8, and overflows the stack on deep input; hence, in this order:
 * size, scan before decoding, decode, encode again and compare bytes, then the schema. The scan sees of most items that they
 * can be nothing else than canonical, and then they are not encoded again.
 */
import { decode, encode } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import { equalBytes } from './bytes.ts'
import { isCid, isOurCid, plain } from './hash.ts'
import { fail, ok, type Result } from './result.ts'
import type { Schema } from './schema.ts'

export type Value = null | boolean | number | string | Uint8Array | CID | readonly Value[] | { readonly [key: string]: Value }

export type CodecFailure =
  | { readonly code: 'too-large', readonly sizeBytes: number, readonly sizeBytesMax: number }
  | { readonly code: 'too-deep', readonly depthMax: number }
  | { readonly code: 'malformed' }
  | { readonly code: 'not-canonical' }
  | { readonly code: 'schema', readonly path: string, readonly expected: string }

export const DEPTH_MAX = 32

const [BYTES, TEXT, LIST, MAP, TAG, SIMPLE] = [2, 3, 4, 5, 6, 7]
/** Tag 42 and a head of 37 bytes; the multibase prefix, version 1; after the codec, sha2-256 with 32 bytes. */
const CID_BEGINS = [0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01]
const CID_GOES_ON = [0x12, 0x20]
const CODECS = [0x55, 0x70, 0x71]
const CID_BYTES = 41
/** `__proto__` and `constructor` are as long as this. */
const SUSPECT_LENGTHS = [9, 11]

/**
 * Canonical bytes of a value. The value is ours: a float, `undefined` or a foreign CID in it is a bug and throws.
 *
 * In a buffer of their own: the encoder's are cut from a common pool of 8 KiB, all of which a single kept row would keep.
 */
export function encodeCanonical (value: Value): Uint8Array {
  const encoded = encode(value)
  return encoded.byteLength === encoded.buffer.byteLength ? plain(encoded) : new Uint8Array(encoded)
}

/** The value of `bytes`, if they are its canonical encoding, within limits, and fit the schema. */
export function decodeCanonical<T> (bytes: Uint8Array, schema: Schema<T>, sizeBytesMax: number): Result<T, CodecFailure> {
  if (bytes.length > sizeBytesMax) return fail({ code: 'too-large', sizeBytes: bytes.length, sizeBytesMax })
  const scanned = scan(bytes)
  if (scanned === undefined) return fail({ code: 'malformed' })
  if (scanned.depth > DEPTH_MAX) return fail({ code: 'too-deep', depthMax: DEPTH_MAX })
  let value: unknown
  try {
    // The decoder keeps what it was given of each CID until V8 collects its whole heap: of a view that would be all of a segment, or a frame.
    value = decode(bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes))
    if (!scanned.isPlain && (!equalBytes(encode(value), bytes) || hasForeign(value))) return fail({ code: 'not-canonical' })
  } catch {
    return fail({ code: 'malformed' })
  }
  const parsed = schema(value, '')
  return parsed.ok ? ok(parsed.value) : fail({ code: 'schema', ...parsed.failure })
}

/** Floats, foreign CIDs and keys that touch prototypes have an encoding but no place in our structures. */
function hasForeign (value: unknown): boolean {
  if (typeof value === 'number') return !Number.isSafeInteger(value)
  if (typeof value === 'bigint' || value === undefined) return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  if (Array.isArray(value)) return value.some(hasForeign)
  if (isCid(value)) return !isOurCid(value)
  return Object.entries(value).some(([key, each]) => key === '__proto__' || key === 'constructor' || hasForeign(each))
}

type Scanned = {
  /** Of arrays, maps and tags in each other; counting ends above the limit. */
  readonly depth: number
  /**
   * True where the bytes cannot but be canonical DAG-CBOR of our own: shortest heads, keys ascending by length and bytes, ASCII,
   * safe integers, our CIDs. False says nothing.
   */
  readonly isPlain: boolean
}

/** One level that is open: how many items are left in it, and the last key where it is a map. */
type Open = { left: number, readonly isMap: boolean, keyFrom: number, keyTo: number }

/** Looks over one CBOR item without recursion or allocation by content; undefined where the bytes end early or go on. */
function scan (bytes: Uint8Array): Scanned | undefined {
  const open: Open[] = []
  let [depth, at, isPlain] = [0, 0, true]
  do {
    const from = at
    const first = bytes[at]
    if (first === undefined) return undefined
    const [major, short] = [first >> 5, first & 31]
    if (short > 27) return undefined
    const width = short < 24 ? 0 : 1 << (short - 24)
    let argument = short < 24 ? short : 0
    for (let i = 1; i <= width; i++) argument = argument * 256 + (bytes[at + i] ?? 0)
    at += 1 + width
    const contentFrom = at
    if (major === BYTES || major === TEXT) at += argument
    if (at > bytes.length) return undefined
    const children = major === LIST ? argument : major === MAP ? argument * 2 : major === TAG ? 1 : 0
    if (children > bytes.length) return undefined
    if (isPlain) {
      isPlain = isShortest(width, argument) && (major !== SIMPLE || (short >= 20 && short <= 22)) &&
        (major !== TEXT || isAscii(bytes, contentFrom, at)) && (major !== TAG || isOwnCid(bytes, from)) &&
        (open.length === 0 || isInOrder(bytes, major, from, contentFrom, at, open[open.length - 1] as Open))
    }
    if (children > 0) {
      open.push({ left: children, isMap: major === MAP, keyFrom: 0, keyTo: 0 })
      depth = Math.max(depth, open.length)
      if (depth > DEPTH_MAX) return { depth, isPlain: false }
    } else {
      while (open.length > 0 && --(open[open.length - 1] as Open).left === 0) open.pop()
    }
  } while (open.length > 0)
  return at === bytes.length ? { depth, isPlain } : undefined
}

function isShortest (width: number, argument: number): boolean {
  if (width === 0) return true
  if (width === 1) return argument >= 24
  return width === 2 ? argument > 0xff : width === 4 ? argument > 0xffff : argument > 0xffffffff && argument < Number.MAX_SAFE_INTEGER
}

function isAscii (bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] ?? 0x80) >= 0x80) return false
  return true
}

function isOwnCid (bytes: Uint8Array, from: number): boolean {
  return from + CID_BYTES <= bytes.length && CID_BEGINS.every((byte, at) => bytes[from + at] === byte) && CODECS.includes(bytes[from + 6] ?? 0) &&
    CID_GOES_ON.every((byte, at) => bytes[from + 7 + at] === byte)
}

/** Whether an item may stand where it stands in its map: each second one is a key, longer or later than the one before. */
function isInOrder (bytes: Uint8Array, major: number, from: number, contentFrom: number, to: number, within: Open): boolean {
  if (!within.isMap || within.left % 2 === 1) return true
  const length = to - contentFrom
  if (major !== TEXT || SUSPECT_LENGTHS.includes(length)) return false
  const isAfter = within.keyTo === 0 || isLater(bytes, within.keyFrom, within.keyTo, from, to)
  within.keyFrom = from
  within.keyTo = to
  return isAfter
}

function isLater (bytes: Uint8Array, aFrom: number, aTo: number, bFrom: number, bTo: number): boolean {
  if (aTo - aFrom !== bTo - bFrom) return aTo - aFrom < bTo - bFrom
  for (let at = 0; at < aTo - aFrom; at++) {
    const difference = (bytes[bFrom + at] ?? 0) - (bytes[aFrom + at] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}
