import {
  cid, codecOf, decodeCanonical, encodeCanonical, fail, literal, ok, struct, text, uint, type CID, type CodecFailure, type Result, type Schema
} from '../../base/index.ts'

/** The media type of a record that names a file. */
export const FILE_MEDIA_TYPE = 'application/vnd.hanse.file+cbor'
const FILE_ENTRY_BYTES_MAX = 4_096

export type FileEntry = {
  /** As the publisher calls it; for people, never a path. */
  readonly name: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly root: CID
}

const NAME_LENGTH_MAX = 255
const MEDIA_TYPE_LENGTH_MAX = 127

const rootSchema: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) === 'dagCbor' ? fail({ path, expected: 'the CID of a file' }) : parsed
}

const schema = struct({
  v: literal(1), name: text(NAME_LENGTH_MAX), mediaType: text(MEDIA_TYPE_LENGTH_MAX), sizeBytes: uint(), root: rootSchema,
  cipher: literalNull()
})

/** Encrypted files will have more here. */
function literalNull (): Schema<null> {
  return (value, path) => value === null ? ok(null) : fail({ path, expected: 'null: this version reads plain files' })
}

export function encodeFileEntry ({ name, mediaType, sizeBytes, root }: FileEntry): Uint8Array {
  return encodeCanonical({ v: 1, name, mediaType, sizeBytes, root, cipher: null })
}

export function decodeFileEntry (body: Uint8Array): Result<FileEntry, CodecFailure> {
  const decoded = decodeCanonical(body, schema, FILE_ENTRY_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { name, mediaType, sizeBytes, root } = decoded.value
  return ok({ name, mediaType, sizeBytes, root })
}
