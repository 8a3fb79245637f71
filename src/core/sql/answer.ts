import {
  bytes, cid, decodeCanonical, encodeCanonical, equalBytes, fail, list, literal, nullable, ok, sha256, struct, text, uint, utf8,
  type CID, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'
import { datasetIdSchema, statementIdSchema, type Speaker } from '../feed/index.ts'
import { decodeStatement, didSchema, type Statement } from '../identity/index.ts'
import { ANSWER_CSV_BYTES_MAX, ANSWER_STATEMENT_BYTES_MAX, QUESTION_BYTES_MAX, TABLES_MAX } from './limits.ts'

/** Which dataset each name in a question means. */
const questionShape = struct({
  text: text(QUESTION_BYTES_MAX),
  tables: list(struct({ name: text(512), datasetId: datasetIdSchema }), TABLES_MAX),
  purpose: nullable(text(128)),
  agreementId: nullable(text(45))
})

/** A question as it is sent to the publisher of all that it is about. */
export type SentQuestion = Parsed<typeof questionShape>

const shape = struct({
  v: literal(1),
  federation: cid(),
  kind: literal('answer'),
  publisher: didSchema,
  /** Null: somebody outside the federation. */
  requester: nullable(didSchema),
  /** SHA-256 of the question in its one encoding. */
  question: bytes(32),
  /** The heads that it was reckoned over, and how many records of each were looked at. */
  sources: list(struct({ datasetId: datasetIdSchema, feed: statementIdSchema, length: uint(), root: bytes(32), records: uint() }), TABLES_MAX),
  /** The least number of entities behind each group; null: it was not held to any. */
  minGroupSize: nullable(uint()),
  /** SHA-256 of the rows as CSV, and their length. */
  result: bytes(32),
  resultBytes: uint(),
  rows: uint(),
  timeMs: uint()
})

export type AnswerFields = Omit<Parsed<typeof shape>, 'v' | 'kind'>
export type SignedAnswer = AnswerFields & { readonly statement: Statement }

export type AnswerFailure =
  | CodecFailure
  /** Its signature is not that of the publisher it names, or it is of another federation. */
  | { readonly code: 'other-federation' | 'speaker' | 'other-question' | 'other-result', readonly reason: string }

export function encodeQuestion (question: SentQuestion): Uint8Array {
  return encodeCanonical(question)
}

export function decodeQuestion (encoded: Uint8Array): Result<SentQuestion, CodecFailure> {
  return decodeCanonical(encoded, questionShape, 2 * QUESTION_BYTES_MAX)
}

/** What is signed of an answer. */
export function answerBody (fields: AnswerFields): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'answer', ...fields })
}

/** A signed answer: that its publisher said so, to this question, with this result. */
export function admitAnswer (
  envelope: Uint8Array, { federation, speaker, question, csv }: { readonly federation: CID, readonly speaker: Speaker, readonly question: Uint8Array, readonly csv: Uint8Array }
): Result<SignedAnswer, AnswerFailure> {
  const statement = decodeStatement(envelope, ANSWER_STATEMENT_BYTES_MAX)
  if (!statement.ok) return statement
  const decoded = decodeCanonical(statement.value.body, shape, ANSWER_STATEMENT_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, ...fields } = decoded.value
  if (!fields.federation.equals(federation)) return fail({ code: 'other-federation', reason: 'it was said in another federation' })
  const said = speaker(statement.value, fields.timeMs)
  if (!said.ok) return fail({ code: 'speaker', reason: `it is not signed by a member: ${said.failure.code}` })
  if (said.value.member !== fields.publisher) return fail({ code: 'speaker', reason: 'another member signed it than the one it names' })
  if (!equalBytes(fields.question, sha256(question))) return fail({ code: 'other-question', reason: 'it answers another question' })
  if (csv.length !== fields.resultBytes || !equalBytes(fields.result, sha256(csv))) return fail({ code: 'other-result', reason: 'the rows are not those that were signed' })
  return ok({ ...fields, statement: statement.value })
}

const proofShape = struct({
  v: literal(1), kind: literal('answerProof'), charter: bytes(1, 65_536), certificates: list(bytes(1, 16_384), 4, 1), revocations: list(bytes(1, 65_536), 64),
  answer: bytes(1, ANSWER_STATEMENT_BYTES_MAX), question: bytes(1, 2 * QUESTION_BYTES_MAX), csv: bytes(0, ANSWER_CSV_BYTES_MAX)
})
export type AnswerProof = Omit<Parsed<typeof proofShape>, 'v' | 'kind'>
export const ANSWER_PROOF_BYTES_MAX: number = ANSWER_CSV_BYTES_MAX + (8 << 20)

/** An answer with all that it takes to check it later, from the charter alone. */
export function encodeAnswerProof (proof: AnswerProof): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'answerProof', ...proof })
}

export function decodeAnswerProof (encoded: Uint8Array): Result<AnswerProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, proofShape, ANSWER_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, ...proof } = decoded.value
  return ok(proof)
}

/** A row of CSV (RFC 4180), numbers as text; null is an empty field and an empty text is quoted. */
export function csvRow (values: readonly (string | null)[]): Uint8Array {
  return utf8(`${values.map(value => value === null ? '' : value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value).join(',')}\r\n`)
}
