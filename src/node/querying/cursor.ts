import {
  base32Text, bytes, bytesOfBase32, decodeCanonical, encodeCanonical, equalBytes, hex, literal, nullable, sha256, struct, uint, utf8
} from '../../base/index.ts'
import type { RecordQuery } from '../contract/index.ts'
import { CURSOR_LENGTH_MAX, KEY_BYTES_MAX } from './limits.ts'

const QUESTION_BYTES = 16
const schema = struct({ v: literal(1), question: bytes(QUESTION_BYTES), number: uint(), key: nullable(bytes(0, KEY_BYTES_MAX)) })

/** Where the next page begins: at a record's number, or for the latest behind a key. */
export type Position = { readonly number: number, readonly key: Uint8Array | null }

/** Digest of what is asked, and of which version of which dataset. */
export function questionDigest (dataset: string, version: number, firstRecord: number, { from, key, latest, fromMs, toMs, box, where }: RecordQuery): Uint8Array {
  const asked = [
    dataset, version, firstRecord, from ?? 0, key === undefined ? null : hex(key), latest === true, fromMs ?? null, toMs ?? null,
    box === undefined ? null : [box.west, box.south, box.east, box.north], (where ?? []).map(({ column, op, value }) => [column, op, value])
  ]
  return sha256(utf8(JSON.stringify(asked))).slice(0, QUESTION_BYTES)
}

export function encodeCursor (question: Uint8Array, { number, key }: Position): string {
  return base32Text(encodeCanonical({ v: 1, question, number, key }))
}

/** Undefined for one of another question, of another version, or that this node never gave. */
export function decodeCursor (question: Uint8Array, text: string): Position | undefined {
  const encoded = text.length > CURSOR_LENGTH_MAX ? undefined : bytesOfBase32(text)
  const decoded = encoded === undefined ? undefined : decodeCanonical(encoded, schema, CURSOR_LENGTH_MAX)
  if (decoded?.ok !== true || !equalBytes(decoded.value.question, question)) return undefined
  return { number: decoded.value.number, key: decoded.value.key }
}
