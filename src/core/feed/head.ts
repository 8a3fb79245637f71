import {
  assert, bytes, decodeCanonical, EMPTY_ROOT, encodeCanonical, equalBytes, fail, literal, nullable, ok, struct, uint,
  type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import { decodeStatement, type Did, type SpeakerFailure, type Statement } from '../identity/index.ts'
import { statementIdSchema, type Declaration, type Speaker } from './declaration.ts'
import { HEAD_BYTES_MAX, SEGMENT_RECORDS_MAX } from './limits.ts'

export type HeadFields = {
  readonly federation: CID
  readonly feed: CID
  /** Segments. */
  readonly length: number
  readonly records: number
  /** Stored size ever written; informative. */
  readonly bytes: number
  readonly mmrRoot: Uint8Array
  /** Index of the first segment that is still offered. */
  readonly firstRetained: number
  readonly keyEpoch: number
  /** For people and for certificates; orders nothing. */
  readonly timeMs: number
  /** sha256 of the previous head's body. */
  readonly prevHeadDigest: Uint8Array | null
}

/** The signed sentence "this feed has `length` segments with this root": covers all history before it. */
export type Head = HeadFields & { readonly statement: Statement }

/** Numbers of one head that cannot all be true. */
export type Inconsistency = { readonly code: 'inconsistent', readonly field: 'mmrRoot' | 'records' | 'firstRetained' }

export type HeadFailure =
  | CodecFailure
  | SpeakerFailure
  | Inconsistency
  | { readonly code: 'federation', readonly federation: CID }
  | { readonly code: 'unknown-feed', readonly feed: CID }
  | { readonly code: 'publisher', readonly publisher: Did, readonly speaker: Did }
  | { readonly code: 'stale', readonly length: number, readonly heldLength: number }

const schema = struct({
  v: literal(1),
  federation: statementIdSchema,
  kind: literal('head'),
  feed: statementIdSchema,
  length: uint(),
  records: uint(),
  bytes: uint(),
  mmrRoot: bytes(32),
  firstRetained: uint(),
  keyEpoch: uint(0xffffffff),
  timeMs: uint(),
  prevHeadDigest: nullable(bytes(32))
})

/** The body to sign. */
export function headBody (fields: HeadFields): Uint8Array {
  const { federation, feed, length, records, mmrRoot, firstRetained, keyEpoch, timeMs, prevHeadDigest } = fields
  assert(inconsistencyOf(fields) === undefined, 'a head whose numbers agree')
  return encodeCanonical({
    v: 1, federation, kind: 'head', feed, length, records, bytes: fields.bytes, mmrRoot, firstRetained, keyEpoch, timeMs,
    prevHeadDigest
  })
}

/** What a statement says of a feed. Who signed it is not looked at: that is `admitHead`. */
export function decodeHead (statement: Statement): Result<Head, CodecFailure | Inconsistency> {
  const decoded = decodeCanonical(statement.body, schema, HEAD_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, ...fields } = decoded.value
  const field = inconsistencyOf(fields)
  return field === undefined ? ok({ ...fields, statement }) : fail({ code: 'inconsistent', field })
}

function inconsistencyOf ({ length, records, mmrRoot, firstRetained }: HeadFields): Inconsistency['field'] | undefined {
  if ((length === 0) !== equalBytes(mmrRoot, EMPTY_ROOT)) return 'mmrRoot'
  if (records < length || records > length * SEGMENT_RECORDS_MAX) return 'records'
  return firstRetained > length ? 'firstRetained' : undefined
}

export type HeadContext = {
  readonly federation: CID
  readonly declarationOf: (feed: CID) => Declaration | undefined
  readonly heldOf: (feed: CID) => Head | undefined
  readonly speaker: Speaker
}

/** The head in an envelope, if the publisher of its feed made it. What costs most is checked last. */
export function admitHead (
  envelope: Uint8Array, { federation, declarationOf, heldOf, speaker }: HeadContext
): Result<Head, HeadFailure> {
  const statement = decodeStatement(envelope, HEAD_BYTES_MAX)
  if (!statement.ok) return statement
  const decoded = decodeHead(statement.value)
  if (!decoded.ok) return decoded
  const head = decoded.value
  if (!head.federation.equals(federation)) return fail({ code: 'federation', federation: head.federation })
  const declaration = declarationOf(head.feed)
  if (declaration === undefined) return fail({ code: 'unknown-feed', feed: head.feed })
  const heldLength = heldOf(head.feed)?.length ?? 0
  if (head.length < heldLength) return fail({ code: 'stale', length: head.length, heldLength })
  const said = speaker(head.statement, head.timeMs)
  if (!said.ok) return said
  const { publisher } = declaration
  const { member } = said.value
  return member === publisher ? decoded : fail({ code: 'publisher', publisher, speaker: member })
}
