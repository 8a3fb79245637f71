import { bytes, cid, codecOf, fail, list, literal, matching, nullable, struct, text, uint, type CID, type Parsed, type Schema } from '../../base/index.ts'
import { datasetIdSchema } from '../feed/index.ts'
import { didSchema } from '../identity/index.ts'
import { FIELD_LENGTH_MAX, NOTICE_LENGTH_MAX, PLACES_MAX, POLICY_BYTES_MAX, REDACTED_MAX, SECURITY_LEVEL_MAX, SOURCES_MAX } from './limits.ts'

const dagCbor: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) !== 'dagCbor' ? fail({ path, expected: 'the CID of canonical DAG-CBOR' }) : parsed
}

/** As the other side of an agreement knows it, also a connector that is no node. */
const agreementIdSchema = matching(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'urn:uuid: and a UUID in lower case')

export const termsSchema = struct({
  /** JSON of the Dataspace Protocol in UTF-8: profile, permission, prohibition, obligation. Its meaning is for `core/terms`. */
  policy: bytes(2, POLICY_BYTES_MAX),
  /** Random: the ledger holds `sha256(salt || policyCid)` and so tells nobody what the terms are. */
  salt: bytes(32),
  /** Who may see that it exists: all members, or those whose own catalogue feed of this publisher tells them. */
  visibility: literal('members', 'named'),
  /** Clause 14: who may keep encrypted copies without a grant. */
  replicas: literal('members', 'recipients', 'nobody'),
  /** Shown before an agreement is signed; a notice, not a rule. */
  legalNotice: nullable(text(NOTICE_LENGTH_MAX))
})

export const sourcesSchema = list(struct({
  publisher: didSchema, datasetId: datasetIdSchema, agreementId: nullable(agreementIdSchema), policyCid: nullable(dagCbor)
}), SOURCES_MAX)

/** What the data are, so that clauses 4 and 5 can be judged: bounds that hold for every record of it. */
export const derivationSchema = struct({
  recipe: dagCbor,
  operations: list(literal('redact', 'coarsen', 'roundTime', 'summarise', 'delay'), 5),
  /** The least group behind any record; 1: rows as they are. */
  minGroupSize: uint(),
  /** The finest cell of a place; 15: as measured. */
  h3Resolution: uint(15),
  /** The shortest step of a time; 0: as measured. */
  timeStepMs: uint(),
  /** The least age of a record when it was appended. */
  delayMs: uint(),
  /** Fields that are surely not in it. */
  redactedFields: list(text(FIELD_LENGTH_MAX), REDACTED_MAX)
})

/** Clause 12: a signed word, that nobody here can check. */
export const claimsSchema = struct({
  /** Countries, or parts of them, by ISO 3166; ascending. */
  storedIn: list(matching(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'a country of ISO 3166, for example DE'), PLACES_MAX),
  /** 0: none is claimed. */
  securityLevel: uint(SECURITY_LEVEL_MAX)
})

export type Claims = Parsed<typeof claimsSchema>
export type EntryTerms = Parsed<typeof termsSchema>
/** What a derived dataset was made of; agreement and policy are null for one of the publisher's own. */
export type Source = Parsed<typeof sourcesSchema>[number]
export type Derivation = Parsed<typeof derivationSchema>
