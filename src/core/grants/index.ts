/**
 * Says who may read what, and what became of it: the statements that two members exchange beside the data.
 *
 * All are statements (`core/identity`) with `v: 1`, `federation` and `kind`, and are heard as the word of the member whose
 * node signed them at the time they name. Nothing in them is free text.
 * ```
 * grant          {publisher, consumer, datasetId, class, agreementId, epochs: [from, to], keyChecks, enc, sealed, timeMs}
 * revocation     {agreementId, effectiveMs, code, timeMs}                    the end of an agreement
 * erasure        {feed, scope: {epochs} | {segments} | {records}, basis, timeMs, deadlineMs}
 * receipt        {act, agreementId, datasetId, ..., timeMs}                  deleted, received, summarised, reported-use, published
 * emergency      {id, kinds, area, declaredAtMs, expiresAtMs, supersedes}    emergency-end {emergency, timeMs}
 * ```
 * | statement | whose word it must be | where it stands, as a record of media type `SAID_MEDIA_TYPES` |
 * |---|---|---|
 * | grant | the publisher's | its feed `grants`, class `pair:<consumer>` |
 * | revocation | provider's or consumer's | the provider's `grants`, the consumer's `receipts` |
 * | erasure | the feed's publisher's | its catalogue feed, under the key `erasure/<id of the notice>`; of a `pair` feed in `grants` |
 * | receipt | the agreement's consumer's, or any holder's | its feed `receipts`, class `pair:<publisher>` |
 * | emergency, emergency-end | a member's; the declarer's | its catalogue feed, gossip, a bundle: the signature is enough |
 *
 * A grant wraps the keys of at most 64 consecutive epochs by HPKE for the X25519 key in a certificate of the consumer's node.
 * `info` is canonical `{v, federation, kind: 'grantInfo', publisher, consumer, datasetId, class, agreementId, epochs}`, so the
 * same bytes open under no other subject; the plaintext is canonical `[[epoch, key], ...]`. Each key must agree with its check
 * here and with the one in the prefix of what it opens. A key begins at the next segment and ends when an agreement is revoked,
 * a consumer's node is lost, or after 30 days (`epochDue`).
 *
 * Optional fields of a receipt are null, never absent. Ranges and sets ascend and hold each number once, so that one meaning has
 * one encoding. The kind `revocation` is also that of a certificate's end (`core/identity`), which root keys sign in another
 * envelope and whose fields no statement can have.
 */
export type { Hearing, Said, SaidFailure, Span } from './said.ts'
export {
  EMERGENCY_CELLS_MAX, ERASURE_RANGES_MAX, GRANT_EPOCHS_MAX
} from './limits.ts'
export {
  admitGrant, decodeGrant, makeGrant, openGrant,
  type EpochKey, type Grant, type GrantFields, type GrantSubject, type OpenGrantFailure
} from './grant.ts'
export {
  admitAgreementRevocation, AGREEMENT_REVOCATION_CODES, agreementRevocationBody, decodeAgreementRevocation,
  type AgreementRevocation, type AgreementRevocationCode, type AgreementRevocationFailure, type AgreementRevocationFields, type PartiesOf
} from './revocation.ts'
export {
  admitErasureNotice, decodeErasureNotice, ERASURE_BASES, erasureNoticeBody, isErasureScope, isWithin, rangesOf,
  type ErasureBasis, type ErasureNotice, type ErasureNoticeFailure, type ErasureNoticeFields, type ErasureScope
} from './erasure.ts'
export {
  admitReceipt, decodeReceipt, receiptBody, type Receipt, type ReceiptFailure, type ReceiptFields
} from './receipt.ts'
export {
  admitEmergency, admitEmergencyEnd, decodeEmergency, decodeEmergencyEnd, EMERGENCY_KINDS, EMERGENCY_LIFETIME_MS_MAX,
  emergencyBody, emergencyEndBody, isEmergencyCell,
  type Emergency, type EmergencyEnd, type EmergencyEndFailure, type EmergencyEndFields, type EmergencyFields, type EmergencyKind
} from './emergency.ts'
export { EPOCH_LIFETIME_MS_MAX, epochDue, type EpochFacts } from './epoch.ts'

/** Of the records whose bodies are envelopes of these statements. */
export const SAID_MEDIA_TYPES = {
  grant: 'application/vnd.hanse.grant+cbor',
  revocation: 'application/vnd.hanse.agreement-revocation+cbor',
  erasure: 'application/vnd.hanse.erasure+cbor',
  receipt: 'application/vnd.hanse.receipt+cbor',
  emergency: 'application/vnd.hanse.emergency+cbor',
  emergencyEnd: 'application/vnd.hanse.emergency-end+cbor'
} as const
