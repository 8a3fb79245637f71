import {
  cid, decodeCanonical, encodeCanonical, list, literal, nullable, struct, text, uint, utf8, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'
import { datasetIdSchema, type FeedRecord } from '../../core/feed/index.ts'
import { didSchema } from '../../core/identity/index.ts'

export const ACCESS_MEDIA_TYPE = 'application/vnd.hanse.access+cbor'
const ACCESS_BYTES_MAX = 8_192
const REASONS_MAX = 32

const schema = struct({
  v: literal(1),
  kind: literal('access'),
  outcome: literal('allowed', 'refused'),
  timeMs: uint(),
  /** Null: under the terms of the dataset itself, or under none. */
  agreementId: nullable(text(45)),
  publisher: didSchema,
  datasetId: datasetIdSchema,
  /** Null: somebody outside the federation. */
  requester: nullable(didSchema),
  door: literal('advertise', 'negotiate', 'sync', 'read', 'stream', 'sql', 'derive', 'reshare'),
  purpose: nullable(text(128)),
  policyCid: nullable(cid()),
  /** 1 where a request begins, 0 where one goes on. */
  requests: uint(),
  records: uint(),
  bytes: uint(),
  /** Codes, of a refusal. */
  reasons: list(text(256), REASONS_MAX)
})

/** Who was given what, or was refused it and why. */
export type AccessRecord = Omit<Parsed<typeof schema>, 'v' | 'kind'>

export function encodeAccess (record: AccessRecord): FeedRecord {
  return {
    key: utf8(record.agreementId ?? record.datasetId), timeMs: record.timeMs, operation: 'put', mediaType: ACCESS_MEDIA_TYPE,
    body: encodeCanonical({ v: 1, kind: 'access', ...record })
  }
}

export function decodeAccess (body: Uint8Array): Result<AccessRecord, CodecFailure> {
  const decoded = decodeCanonical(body, schema, ACCESS_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, ...record } = decoded.value
  return { ok: true, value: record }
}
