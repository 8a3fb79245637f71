import {
  bytes, cid, codecOf, decodeCanonical, encodeCanonical, fail, integer, literal, nullable, ok, struct, text, uint,
  type CID, type CodecFailure, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import { EPOCH_MAX, FIRST_EPOCH, KEY_CHECK_SIZE_BYTES, sealedFileSizeBytes, SEALING_SALT_SIZE_BYTES } from '../../core/sealing/index.ts'

/** The media type of a record that names a file. */
export const FILE_MEDIA_TYPE = 'application/vnd.hanse.file+cbor'
const FILE_ENTRY_BYTES_MAX = 4_096

const cipherSchema = struct({
  keyEpoch: integer(FIRST_EPOCH, EPOCH_MAX), keyCheck: bytes(KEY_CHECK_SIZE_BYTES), salt: bytes(SEALING_SALT_SIZE_BYTES),
  /** Of the ciphertext, which is what the root stands for. */
  sizeBytes: uint()
})
/** How a file is sealed: `core/sealing`. */
export type FileCipher = Parsed<typeof cipherSchema>

export type FileEntry = {
  /** As the publisher calls it; for people, never a path. */
  readonly name: string
  readonly mediaType: string
  /** Of the content, in clear. */
  readonly sizeBytes: number
  readonly root: CID
  /** Null: the root stands for the content itself. */
  readonly cipher: FileCipher | null
}

const NAME_LENGTH_MAX = 255
const MEDIA_TYPE_LENGTH_MAX = 127

const rootSchema: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) === 'dagCbor' ? fail({ path, expected: 'the CID of a file' }) : parsed
}

const schema = struct({
  v: literal(1), name: text(NAME_LENGTH_MAX), mediaType: text(MEDIA_TYPE_LENGTH_MAX), sizeBytes: uint(), root: rootSchema,
  cipher: nullable(cipherSchema)
})

export function encodeFileEntry ({ name, mediaType, sizeBytes, root, cipher }: FileEntry): Uint8Array {
  return encodeCanonical({ v: 1, name, mediaType, sizeBytes, root, cipher })
}

export function decodeFileEntry (body: Uint8Array): Result<FileEntry, CodecFailure> {
  const decoded = decodeCanonical(body, schema, FILE_ENTRY_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { name, mediaType, sizeBytes, root, cipher } = decoded.value
  if (cipher !== null && cipher.sizeBytes !== sealedFileSizeBytes(sizeBytes)) {
    return fail({ code: 'schema', path: '.cipher.sizeBytes', expected: 'the size of the content and a tag for each chunk' })
  }
  return ok({ name, mediaType, sizeBytes, root, cipher })
}
