import { boolean, bytes, cid, decodeCanonical, encodeCanonical, list, literal, struct, uint, type CID, type Parsed } from '../../base/index.ts'
import { datasetIdSchema } from '../../core/feed/index.ts'
import { didSchema } from '../../core/identity/index.ts'

const FILES_MAX = 4_096
const HOLDERS_MAX = 4_096
const RANGES_MAX = 65_536
const ROW_BYTES_MAX = 4 << 20

const schema = struct({
  v: literal(1),
  envelope: bytes(1, 65_536),
  /** `begun`: some of it may still be on the disk. `gone`: nothing is. `told`: what has to be said about it was said. */
  state: literal('begun', 'gone', 'told'),
  /** Segments [from, to) that it concerned here. */
  ranges: list(struct({ from: uint(), to: uint() }), RANGES_MAX),
  /** Files that were named there, with where their blocks stood. */
  files: list(struct({ root: cid(), fileNo: uint(), blocks: uint() }), FILES_MAX),
  hasDestroyedKeys: boolean(),
  /** Some of it was here: who never had anything has nothing to confirm. */
  hadAny: boolean(),
  /** Of an own notice: who held something of it then. */
  holders: list(didSchema, HOLDERS_MAX),
  datasetId: datasetIdSchema
})

/** How far an erasure notice was carried out here. */
export type ErasureProgress = Omit<Parsed<typeof schema>, 'v'>
export type ErasedFile = { readonly root: CID, readonly fileNo: number, readonly blocks: number }

export function encodeErasure (progress: ErasureProgress): Uint8Array {
  return encodeCanonical({ v: 1, ...progress })
}

export function decodeErasure (row: Uint8Array): ErasureProgress | undefined {
  const decoded = decodeCanonical(row, schema, ROW_BYTES_MAX)
  if (!decoded.ok) return undefined
  const { v: _v, ...progress } = decoded.value
  return progress
}
