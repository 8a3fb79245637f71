import { fail, literal, ok, uint, type CID, type CodecFailure, type Result } from '../../base/index.ts'
import { statementIdSchema } from '../feed/index.ts'
import type { Did, Statement } from '../identity/index.ts'
import { AGREEMENT_REVOCATION_BYTES_MAX } from './limits.ts'
import { agreementIdSchema, bodyOf, decodeSaid, formOf, hear, type Hearing, type Said, type SaidFailure } from './said.ts'

/**
 * Why an agreement ends, by a code, never in words. The position in this list is the `reason` of `agreement.revoke` on the
 * ledger, so it is only ever made longer.
 *
 * - `ended`: one side ends it, as it may at any time.
 * - `retired`: the dataset is given up.
 * - `breach`: its terms were broken.
 * - `unconfirmed`: a receipt that was owed did not come.
 * - `compromised`: a node or a key of the consumer was lost.
 * - `order`: a court or an authority says so.
 */
export const AGREEMENT_REVOCATION_CODES = ['ended', 'retired', 'breach', 'unconfirmed', 'compromised', 'order'] as const
export type AgreementRevocationCode = typeof AGREEMENT_REVOCATION_CODES[number]

export type AgreementRevocationFields = {
  readonly federation: CID
  readonly agreementId: string
  /** From then on it is over. */
  readonly effectiveMs: number
  readonly code: AgreementRevocationCode
  readonly timeMs: number
}
export type AgreementRevocation = Said<AgreementRevocationFields>

/** Between whom an agreement was made; undefined for one that is not known here. */
export type PartiesOf = (agreementId: string) => { readonly provider: Did, readonly consumer: Did } | undefined

export type AgreementRevocationFailure = SaidFailure | { readonly code: 'unknown-agreement', readonly agreementId: string }

const form = formOf('revocation', {
  federation: statementIdSchema, agreementId: agreementIdSchema, effectiveMs: uint(), code: literal(...AGREEMENT_REVOCATION_CODES), timeMs: uint()
})

/** The body to sign. */
export function agreementRevocationBody (fields: AgreementRevocationFields): Uint8Array {
  return bodyOf(form, fields)
}

/** What a statement revokes. Who signed it is not looked at: that is `admitAgreementRevocation`. */
export function decodeAgreementRevocation (statement: Statement): Result<AgreementRevocation, CodecFailure> {
  return decodeSaid(form.schema, statement, AGREEMENT_REVOCATION_BYTES_MAX)
}

/** The end of an agreement, if one of its two sides says so, and which. */
export function admitAgreementRevocation (
  envelope: Uint8Array, hearing: Hearing, partiesOf: PartiesOf
): Result<{ readonly revocation: AgreementRevocation, readonly by: 'provider' | 'consumer' }, AgreementRevocationFailure> {
  const heard = hear(envelope, AGREEMENT_REVOCATION_BYTES_MAX, decodeAgreementRevocation, ({ timeMs }) => timeMs, hearing)
  if (!heard.ok) return heard
  const { said, by } = heard.value
  const parties = partiesOf(said.agreementId)
  if (parties === undefined) return fail({ code: 'unknown-agreement', agreementId: said.agreementId })
  if (by === parties.provider) return ok({ revocation: said, by: 'provider' })
  return by === parties.consumer ? ok({ revocation: said, by: 'consumer' }) : fail({ code: 'not-theirs', speaker: by })
}
