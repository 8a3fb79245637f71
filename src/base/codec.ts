/**
 * The one gate for structured values: canonical DAG-CBOR with limits.
 *
 * Hashes and signatures cover bytes, so one meaning must have one encoding. `@ipld/dag-cbor` alone accepts other
 * key orders, floats, `undefined` and broken UTF-8, and overflows the stack on deep input; hence, in this order:
 * size, depth scan before decoding, decode, encode again and compare bytes, then the schema.
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
  const depth = scanDepth(bytes)
  if (depth === undefined) return fail({ code: 'malformed' })
  if (depth > DEPTH_MAX) return fail({ code: 'too-deep', depthMax: DEPTH_MAX })
  let value: unknown
  let again: Uint8Array
  try {
    value = decode(bytes)
    again = encode(value)
  } catch {
    return fail({ code: 'malformed' })
  }
  if (!equalBytes(again, bytes) || hasForeign(value)) return fail({ code: 'not-canonical' })
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

/** Deepest nesting of CBOR arrays, maps and tags, found without recursion; undefined where the bytes end early. */
function scanDepth (bytes: Uint8Array): number | undefined {
  const open: number[] = []
  let deepest = 0
  let at = 0
  do {
    const first = bytes[at]
    if (first === undefined) return undefined
    const major = first >> 5
    const short = first & 31
    if (short > 27) return undefined
    const width = short < 24 ? 0 : 2 ** (short - 24)
    let argument = short < 24 ? short : 0
    for (let i = 1; i <= width; i++) argument = argument * 256 + (bytes[at + i] ?? 0)
    at += 1 + width
    if (major === 2 || major === 3) at += argument
    if (at > bytes.length) return undefined
    const children = major === 4 ? argument : major === 5 ? argument * 2 : major === 6 ? 1 : 0
    if (children > bytes.length) return undefined
    if (children > 0) {
      open.push(children)
      deepest = Math.max(deepest, open.length)
      if (deepest > DEPTH_MAX) return deepest
    } else {
      while (open.length > 0) {
        const left = (open.pop() ?? 0) - 1
        if (left > 0) {
          open.push(left)
          break
        }
      }
    }
  } while (open.length > 0)
  return at === bytes.length ? deepest : undefined
}
