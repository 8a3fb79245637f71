import { assert, HASH_SIZE_BYTES, hmacSha256, INTEGER_MAX, sha256Into, writeUint } from '../../base/index.ts'
import { BODY_BYTES_MAX, KEY_BYTES_MAX, MEDIA_TYPE_BYTES_MAX } from './limits.ts'

/** A longer body is a file, not a record. A delete has no body. Bytes belong to the record: nobody changes them later. */
export type FeedRecord = {
  /** 1 to 512 bytes. */
  readonly key: Uint8Array
  readonly timeMs: number
  readonly operation: 'put' | 'delete'
  /** 0 to 127 printable ASCII characters, as in RFC 6838. */
  readonly mediaType: string
  /** At most 262,144 bytes. */
  readonly body: Uint8Array
}

export type RecordRefusal =
  | { readonly code: 'key-size', readonly sizeBytes: number, readonly sizeBytesMax: number }
  | { readonly code: 'body-size', readonly sizeBytes: number, readonly sizeBytesMax: number }
  | { readonly code: 'time', readonly timeMs: number }
  | { readonly code: 'media-type', readonly mediaType: string }
  | { readonly code: 'delete-with-body', readonly sizeBytes: number }

/** What keeps a record out of every feed; undefined for a good one. */
export function refusalOf ({ key, timeMs, operation, mediaType, body }: FeedRecord): RecordRefusal | undefined {
  if (key.length < 1 || key.length > KEY_BYTES_MAX) {
    return { code: 'key-size', sizeBytes: key.length, sizeBytesMax: KEY_BYTES_MAX }
  }
  if (body.length > BODY_BYTES_MAX) return { code: 'body-size', sizeBytes: body.length, sizeBytesMax: BODY_BYTES_MAX }
  if (!Number.isSafeInteger(timeMs) || timeMs < 0) return { code: 'time', timeMs }
  if (!isMediaType(mediaType)) return { code: 'media-type', mediaType: mediaType.slice(0, MEDIA_TYPE_BYTES_MAX) }
  if (operation === 'delete' && body.length > 0) return { code: 'delete-with-body', sizeBytes: body.length }
  return undefined
}

/** Printable ASCII, so that characters and bytes are the same and no two texts look alike. */
export function isMediaType (text: string): boolean {
  return /^[\x20-\x7e]{0,127}$/.test(text)
}

const TIME_AT = 1 + HASH_SIZE_BYTES
const OPERATION_AT = TIME_AT + 8
const MEDIA_TYPE_AT = OPERATION_AT + 2
const RECORD_INPUT_BYTES_MAX = MEDIA_TYPE_AT + MEDIA_TYPE_BYTES_MAX + 2 + KEY_BYTES_MAX + BODY_BYTES_MAX

/** One buffer for all: the core is synchronous, and nothing of it is kept beyond a call. */
const recordInput = new Uint8Array(RECORD_INPUT_BYTES_MAX)

/** Fills `recordInput` behind the salt and returns its size. */
function layOut ({ key, timeMs, operation, mediaType, body }: FeedRecord): number {
  assert(timeMs >= 0 && timeMs <= INTEGER_MAX && mediaType.length <= MEDIA_TYPE_BYTES_MAX, 'a record within its limits')
  writeUint(recordInput, TIME_AT, 8, timeMs)
  recordInput[OPERATION_AT] = operation === 'put' ? 0 : 1
  recordInput[OPERATION_AT + 1] = mediaType.length
  let at = MEDIA_TYPE_AT
  for (let i = 0; i < mediaType.length; i++) recordInput[at++] = mediaType.charCodeAt(i)
  recordInput[at++] = key.length >> 8
  recordInput[at++] = key.length & 255
  recordInput.set(key, at)
  at += key.length
  recordInput.set(body, at)
  return at + body.length
}

/**
 * `sha256(0x00 || salt || timeMs u64 || op u8 || mediaTypeSize u8 || mediaType || keySize u16 || key || body)`: covers
 * resolved values, because a disclosed record travels without the header of its segment.
 */
export function recordHashOf (salt: Uint8Array, record: FeedRecord): Uint8Array {
  const size = layOut(record)
  recordInput.set(salt, 1)
  const hash = new Uint8Array(HASH_SIZE_BYTES)
  sha256Into(hash, 0, recordInput.subarray(0, size))
  return hash
}

/** `HMAC-SHA256(secret, u32 i)`: the salt of the record at a position. Disclose it, never the secret. */
export function saltOf (secret: Uint8Array, position: number): Uint8Array {
  const message = new Uint8Array(4)
  writeUint(message, 0, 4, position)
  const salt = new Uint8Array(HASH_SIZE_BYTES)
  hmacSha256(secret, 4)(salt, 0, message)
  return salt
}

/** Hashes of all records of a segment, one after the other, salted as their positions demand. */
export function recordHashesOf (secret: Uint8Array, records: Iterable<FeedRecord>, count: number): Uint8Array {
  const saltInto = hmacSha256(secret, 4)
  const message = new Uint8Array(4)
  const hashes = new Uint8Array(count * HASH_SIZE_BYTES)
  let position = 0
  for (const record of records) {
    const size = layOut(record)
    message[2] = position >> 8
    message[3] = position & 255
    saltInto(recordInput, 1, message)
    sha256Into(hashes, position * HASH_SIZE_BYTES, recordInput.subarray(0, size))
    position++
  }
  assert(position === count, 'as many records as were announced')
  return hashes
}
