/** The outermost fields of a protobuf message, so that a feed is decoded entity by entity. */
import { fail, ok, type Result } from '../../base/index.ts'
import { FIELDS_MAX } from './limits.ts'

const VARINT_BYTES_MAX = 10

/**
 * The bytes of each length-delimited field of a message, with its number; fields of other types are passed over.
 * https://protobuf.dev/programming-guides/encoding/
 */
export function fieldsOf (bytes: Uint8Array): Result<readonly (readonly [number: number, value: Uint8Array])[], { readonly reason: string }> {
  const fields: (readonly [number, Uint8Array])[] = []
  let at = 0
  const varint = (): number | undefined => {
    let value = 0
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = bytes[at++]
      if (byte === undefined) return undefined
      value += (byte & 0x7f) * 2 ** (7 * count)
      if (byte < 0x80) return value
    }
    return undefined
  }
  while (at < bytes.length) {
    const tag = varint()
    const number = tag === undefined ? 0 : Math.floor(tag / 8)
    if (tag === undefined || number === 0) return fail({ reason: 'a field has no number' })
    const type = tag % 8
    const size = type === 0 ? (varint() === undefined ? undefined : 0) : type === 1 ? 8 : type === 5 ? 4 : type === 2 ? varint() : undefined
    if (size === undefined || at + size > bytes.length) return fail({ reason: 'a field is cut short or of no type that is used' })
    if (type === 2 && fields.push([number, bytes.subarray(at, at + size)]) > FIELDS_MAX) return fail({ reason: `it has more than ${FIELDS_MAX} fields` })
    at += size
  }
  return ok(fields)
}
