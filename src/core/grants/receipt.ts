import {
  bytes, cid, fail, HASH_SIZE_BYTES, integer, literal, nullable, ok, struct, text, uint, union,
  type CodecFailure, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import { datasetIdSchema, statementIdSchema } from '../feed/index.ts'
import type { Did, Statement } from '../identity/index.ts'
import { RECEIPT_BYTES_MAX } from './limits.ts'
import type { PartiesOf } from './revocation.ts'
import { agreementIdSchema, bodyOf, decodeSaid, epochsSchema, formOf, hear, type Hearing, type Said, type SaidFailure } from './said.ts'

/** Consecutive segments; `root` is the tree over their leaves, which both sides can build long after the segments are gone. */
const segments = struct({ first: uint(), last: uint(), root: bytes(HASH_SIZE_BYTES) })
const segmentsSchema: Schema<Parsed<typeof segments>> = (value, path) => {
  const parsed = segments(value, path)
  return parsed.ok && parsed.value.first > parsed.value.last ? fail({ path, expected: 'a first and a last, in this order' }) : parsed
}

function receipt<const A extends string, const S extends Readonly<Record<string, Schema<unknown>>>> (act: A, fields: S) {
  return formOf('receipt', { federation: statementIdSchema, act: literal(act), datasetId: datasetIdSchema, timeMs: uint(), ...fields })
}

/** Null where nobody agreed on anything: a replica that cannot read, or data that all members may have. */
const agreement = { agreementId: nullable(agreementIdSchema) }
const from = { feed: statementIdSchema, segments: segmentsSchema }
const underAgreement = { agreementId: agreementIdSchema }

const deleted = receipt('deleted', {
  ...agreement, ...from,
  /** Whose keys were destroyed; null where there was none. */
  epochs: nullable(epochsSchema),
  method: literal('key-destroyed', 'unlinked', 'both'),
  /** The erasure notice that this answers. */
  notice: nullable(statementIdSchema),
  /** Until when copies may still lie in backups. */
  backupsUntilMs: nullable(uint())
})
const received = receipt('received', { ...agreement, ...from })
const summarised = receipt('summarised', {
  ...underAgreement, ...from, derivedDatasetId: datasetIdSchema, recipe: statementIdSchema, minGroupSize: integer(1, 0xffffffff)
})
const reportedUse = receipt('reported-use', {
  ...underAgreement, purpose: text(256), fromMs: uint(), untilMs: uint(), requests: uint(), records: uint()
})
const published = receipt('published', {
  ...underAgreement,
  /** The file or feed that was published. */
  publication: cid()
})

const schema = union('act', {
  'deleted': deleted.schema, 'received': received.schema, 'summarised': summarised.schema, 'reported-use': reportedUse.schema,
  'published': published.schema
})

/** A holder's word of what it got or did. */
export type ReceiptFields = Parsed<typeof schema>
export type Receipt = Said<ReceiptFields>

export type ReceiptFailure = SaidFailure | { readonly code: 'unknown-agreement', readonly agreementId: string }

/** The body to sign. */
export function receiptBody (fields: ReceiptFields): Uint8Array {
  switch (fields.act) {
    case 'deleted': return bodyOf(deleted, fields)
    case 'received': return bodyOf(received, fields)
    case 'summarised': return bodyOf(summarised, fields)
    case 'reported-use': return bodyOf(reportedUse, fields)
    case 'published': return bodyOf(published, fields)
  }
}

/** What a statement confirms. Who signed it is not looked at: that is `admitReceipt`. */
export function decodeReceipt (statement: Statement): Result<Receipt, CodecFailure> {
  return decodeSaid(schema, statement, RECEIPT_BYTES_MAX)
}

/** The receipt in an envelope and whose word it is. Under an agreement only its consumer's word counts. */
export function admitReceipt (
  envelope: Uint8Array, hearing: Hearing, partiesOf: PartiesOf
): Result<{ readonly receipt: Receipt, readonly by: Did }, ReceiptFailure> {
  const heard = hear(envelope, RECEIPT_BYTES_MAX, decodeReceipt, ({ timeMs }) => timeMs, hearing)
  if (!heard.ok) return heard
  const { said, by } = heard.value
  if (said.agreementId === null) return ok({ receipt: said, by })
  const parties = partiesOf(said.agreementId)
  if (parties === undefined) return fail({ code: 'unknown-agreement', agreementId: said.agreementId })
  return by === parties.consumer ? ok({ receipt: said, by }) : fail({ code: 'not-theirs', speaker: by })
}
