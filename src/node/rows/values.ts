import {
  boolean, bytes, decodeCanonical, encodeCanonical, literal, readUint, struct, uint, writeUint, type Parsed
} from '../../base/index.ts'

const ROW_BYTES_MAX = 1 << 20

// --- Leaf rows -----------------------------------------------------------------------------------------------------

const LEAF_DATA_BYTES = 80
const STATES = ['present', 'missing', 'dropped', 'redacted', 'erased'] as const
export type SegmentState = typeof STATES[number]
export type LeafRow = { readonly leafData: Uint8Array, readonly sizeBytes: number, readonly state: SegmentState }

export function encodeLeafRow ({ leafData, sizeBytes, state }: LeafRow): Uint8Array {
  const row = new Uint8Array(LEAF_DATA_BYTES + 5)
  row.set(leafData)
  writeUint(row, LEAF_DATA_BYTES, 4, sizeBytes)
  row[LEAF_DATA_BYTES + 4] = STATES.indexOf(state)
  return row
}

export function decodeLeafRow (row: Uint8Array): LeafRow | undefined {
  const state = STATES[row[LEAF_DATA_BYTES + 4] ?? STATES.length]
  const sizeBytes = readUint(row, LEAF_DATA_BYTES, 4)
  if (row.length !== LEAF_DATA_BYTES + 5 || state === undefined || sizeBytes === undefined) return undefined
  return { leafData: row.slice(0, LEAF_DATA_BYTES), sizeBytes, state }
}

// --- Feed, file and guard rows -------------------------------------------------------------------------------------

const feedRow = struct({ declaration: bytes(1, 65_536), role: literal('writer', 'reader') })
export type FeedRow = Parsed<typeof feedRow>

export function encodeFeedRow (row: FeedRow): Uint8Array {
  return encodeCanonical(row)
}

export function decodeFeedRow (value: Uint8Array): FeedRow | undefined {
  const decoded = decodeCanonical(value, feedRow, ROW_BYTES_MAX)
  return decoded.ok ? decoded.value : undefined
}

const fileRow = struct({ fileNo: uint(2 ** 32 - 1), blocks: uint(2 ** 32 - 1), complete: boolean() })
/** A file: its local number, how many blocks of it are stored, and whether these are all. */
export type FileRow = Parsed<typeof fileRow>

export function encodeFileRow (row: FileRow): Uint8Array {
  return encodeCanonical(row)
}

export function decodeFileRow (value: Uint8Array): FileRow | undefined {
  const decoded = decodeCanonical(value, fileRow, ROW_BYTES_MAX)
  return decoded.ok ? decoded.value : undefined
}

const guardRow = struct({ length: uint(), mmrRoot: bytes(32), head: bytes(1, 1_024) })
/** What this node last promised to sign for a feed: nothing shorter, and no other root at this length. */
export type GuardRow = Parsed<typeof guardRow>

export function encodeGuardRow (row: GuardRow): Uint8Array {
  return encodeCanonical(row)
}

export function decodeGuardRow (value: Uint8Array): GuardRow | undefined {
  const decoded = decodeCanonical(value, guardRow, ROW_BYTES_MAX)
  return decoded.ok ? decoded.value : undefined
}
