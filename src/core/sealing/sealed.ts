import {
  AES_TAG_SIZE_BYTES, assert, bytes, concat, decodeCanonical, encodeCanonical, equalBytes, fail, integer, literal, ok, openAes256Gcm, plain,
  readUint, sealAes256Gcm, sha256, struct, u32, uint, type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import {
  leafDataOf, openSegment, SEGMENT_BYTES_MAX, statementIdSchema, type ClosedSegment, type OpenSegment, type SegmentFailure
} from '../feed/index.ts'
import { EPOCH_MAX, FIRST_EPOCH, keyCheckOf, KEY_CHECK_SIZE_BYTES, SEALING_SALT_SIZE_BYTES, segmentKeyOf } from './keys.ts'
import { PREFIX_BYTES_MAX, SEALED_BYTES_MAX } from './limits.ts'
import { decodeRedacted, encodeRedacted, isRedacted, type RedactedFailure, type RedactedSegment } from './redacted.ts'

/** Under which key, and for which place. */
export type SealingPlace = {
  readonly feed: CID
  readonly index: number
  readonly keyEpoch: number
  readonly epochKey: Uint8Array
  /** 32 unpredictable bytes, used once. */
  readonly salt: Uint8Array
}

/** What a sealed segment says in clear. */
export type SealedPrefix = {
  readonly feed: CID
  readonly index: number
  readonly keyEpoch: number
  readonly keyCheck: Uint8Array
  readonly salt: Uint8Array
}

export type PrefixFailure =
  | { readonly code: 'too-large', readonly sizeBytes: number, readonly sizeBytesMax: number }
  /** Plain, redacted in clear, or no segment at all. */
  | { readonly code: 'not-sealed' }
  /** A layout that this version does not know: not wrong, but not ours to judge. */
  | { readonly code: 'version' }
  | { readonly code: 'prefix', readonly failure: CodecFailure }

export type SealedFailure =
  | PrefixFailure
  /** Not the key under which this was sealed. */
  | { readonly code: 'key', readonly keyEpoch: number }
  /** The right key, but some byte is not what was sealed. */
  | { readonly code: 'not-opened' }
  /** The publisher sealed a segment of another place. */
  | { readonly code: 'place' }
  | { readonly code: 'segment', readonly failure: SegmentFailure }
  | { readonly code: 'redacted', readonly failure: RedactedFailure }

export type Unsealed = {
  readonly prefix: SealedPrefix
  /** In clear. */
  readonly bytes: Uint8Array
  readonly contents:
    | { readonly kind: 'segment', readonly segment: OpenSegment }
    | { readonly kind: 'redacted', readonly segment: RedactedSegment }
}

/** "HS", layout 1, sealed. */
const SEALED_SEGMENT_HEAD = new Uint8Array([0x48, 0x53, 1, 1])
const PREFIX_AT = 8
/** Each key is used once, so the nonce says nothing. */
const NONCE = new Uint8Array(12)

const prefixSchema = struct({
  v: literal(1), kind: literal('sealed'), feed: statementIdSchema, index: uint(), keyEpoch: integer(FIRST_EPOCH, EPOCH_MAX),
  keyCheck: bytes(KEY_CHECK_SIZE_BYTES), salt: bytes(SEALING_SALT_SIZE_BYTES)
})

/** The same segment as it is stored in a sealed feed: the leaf names the ciphertext and, by `recordsRoot`, the plaintext. */
export function sealSegment (segment: ClosedSegment, place: SealingPlace): ClosedSegment {
  const stored = seal(segment.bytes, place)
  assert(stored.length <= SEGMENT_BYTES_MAX, 'a sealed segment that every decoder takes')
  const digest = sha256(stored)
  const leaf = { ...segment.leaf, digest }
  return { ...segment, bytes: stored, digest, leaf, leafData: leafDataOf(leaf) }
}

/** Bytes in place of those of a sealed segment, where records of it were erased. */
export function sealRedacted (redacted: RedactedSegment, place: SealingPlace): Uint8Array {
  assert(place.feed.equals(redacted.feed) && place.index === redacted.index, 'sealed for its own place')
  return seal(encodeRedacted(redacted), place)
}

function seal (plaintext: Uint8Array, { feed, index, keyEpoch, epochKey, salt }: SealingPlace): Uint8Array {
  assert(salt.length === SEALING_SALT_SIZE_BYTES, 'a salt of 32 bytes')
  assert(keyEpoch >= FIRST_EPOCH && keyEpoch <= EPOCH_MAX, 'epochs begin at 1')
  const prefix = encodeCanonical({ v: 1, kind: 'sealed', feed, index, keyEpoch, keyCheck: keyCheckOf(epochKey), salt })
  const aad = concat([SEALED_SEGMENT_HEAD, u32(prefix.length), prefix])
  return concat([aad, sealAes256Gcm(segmentKeyOf(epochKey, salt, feed, index), NONCE, aad, plaintext)])
}

/** What stands in clear before the ciphertext: which feed, place and key epoch. Proves nothing before it is opened. */
export function readSealedPrefix (stored: Uint8Array): Result<SealedPrefix, PrefixFailure> {
  const read = readPrefix(stored)
  return read.ok ? ok(read.value.prefix) : read
}

function readPrefix (stored: Uint8Array): Result<{ readonly prefix: SealedPrefix, readonly sealedAt: number }, PrefixFailure> {
  if (stored.length > SEALED_BYTES_MAX) return fail({ code: 'too-large', sizeBytes: stored.length, sizeBytesMax: SEALED_BYTES_MAX })
  const [h, s, layout, sealed] = stored
  if (h !== SEALED_SEGMENT_HEAD[0] || s !== SEALED_SEGMENT_HEAD[1]) return fail({ code: 'not-sealed' })
  if (layout !== 1 || (sealed !== 0 && sealed !== 1)) return fail({ code: 'version' })
  const size = readUint(stored, 4, 4)
  if (sealed === 0 || size === undefined || PREFIX_AT + size + AES_TAG_SIZE_BYTES > stored.length) return fail({ code: 'not-sealed' })
  const sealedAt = PREFIX_AT + size
  const decoded = decodeCanonical(plain(stored).subarray(PREFIX_AT, sealedAt), prefixSchema, PREFIX_BYTES_MAX)
  if (!decoded.ok) return fail({ code: 'prefix', failure: decoded.failure })
  const { v: _v, kind: _kind, ...prefix } = decoded.value
  return ok({ prefix, sealedAt })
}

/** Opens what was sealed under an epoch key: a segment, or one that was redacted since. Never throws on foreign bytes. */
export function openSealed (stored: Uint8Array, epochKey: Uint8Array): Result<Unsealed, SealedFailure> {
  const read = readPrefix(stored)
  if (!read.ok) return read
  const { prefix, sealedAt } = read.value
  const { feed, index, keyEpoch, keyCheck, salt } = prefix
  // Before opening: a publisher can craft ciphertext that opens under two keys, each time as something else.
  if (!equalBytes(keyCheckOf(epochKey), keyCheck)) return fail({ code: 'key', keyEpoch })
  const source = plain(stored)
  const opened = openAes256Gcm(segmentKeyOf(epochKey, salt, feed, index), NONCE, source.subarray(0, sealedAt), source.subarray(sealedAt))
  if (opened === undefined) return fail({ code: 'not-opened' })
  const contents = contentsOf(opened)
  if (!contents.ok) return contents
  const place = contents.value.kind === 'segment' ? contents.value.segment.header : contents.value.segment
  if (!place.feed.equals(feed) || place.index !== index) return fail({ code: 'place' })
  if (contents.value.kind === 'segment' && stored.length > SEGMENT_BYTES_MAX) {
    return fail({ code: 'too-large', sizeBytes: stored.length, sizeBytesMax: SEGMENT_BYTES_MAX })
  }
  return ok({ prefix, bytes: opened, contents: contents.value })
}

function contentsOf (opened: Uint8Array): Result<Unsealed['contents'], SealedFailure> {
  if (isRedacted(opened)) {
    const redacted = decodeRedacted(opened)
    return redacted.ok ? ok({ kind: 'redacted', segment: redacted.value }) : fail({ code: 'redacted', failure: redacted.failure })
  }
  const segment = openSegment(opened)
  return segment.ok ? ok({ kind: 'segment', segment: segment.value }) : fail({ code: 'segment', failure: segment.failure })
}
