import { bytes, decodeCanonical, encodeCanonical, literal, nullable, readUint, readVarint, struct, uint, writeUint, writeVarint, type Parsed } from '../../base/index.ts'

/** The latest record of a key, as far as blocks go. */
export type Latest = { readonly number: number, readonly timeMs: number, readonly isDelete: boolean, readonly place: number | undefined }

const FLAG_DELETE = 1
const FLAG_PLACE = 2

/** varint number | varint timeMs | u8 flags | u64 place, where it has one. */
export function encodeLatest ({ number, timeMs, isDelete, place }: Latest): Uint8Array {
  const row = new Uint8Array(25)
  let at = writeVarint(row, writeVarint(row, 0, number), timeMs)
  row[at++] = (isDelete ? FLAG_DELETE : 0) | (place === undefined ? 0 : FLAG_PLACE)
  if (place !== undefined) writeUint(row, at, 8, place)
  return row.subarray(0, place === undefined ? at : at + 8)
}

export function decodeLatest (row: Uint8Array): Latest | undefined {
  const number = readVarint(row, 0)
  const time = number === undefined ? undefined : readVarint(row, number.end)
  if (number === undefined || time === undefined) return undefined
  const flags = row[time.end] ?? 0
  const place = (flags & FLAG_PLACE) === 0 ? undefined : readUint(row, time.end + 1, 8)
  return { number: number.value, timeMs: time.value, isDelete: (flags & FLAG_DELETE) !== 0, place }
}

const schema = struct({
  v: literal(1),
  /** Numbers [first, end) of the records that belong to the dataset; a stream has no end. */
  first: uint(),
  end: nullable(uint()),
  /** Digest of how its rows are read, and of the local key of a sealed feed: under another one all is built anew. */
  format: bytes(32)
})
export type ScopeRow = Omit<Parsed<typeof schema>, 'v'>

export function encodeScope (scope: ScopeRow): Uint8Array {
  return encodeCanonical({ v: 1, ...scope })
}

export function decodeScope (row: Uint8Array): ScopeRow | undefined {
  const decoded = decodeCanonical(row, schema, 256)
  return decoded.ok ? decoded.value : undefined
}
