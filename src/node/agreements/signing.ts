import { assert, digestOf, type CID } from '../../base/index.ts'
import {
  agreementBody, agreementCommit, checkSignature, periodOf, SALT_SIZE_BYTES, type Agreement, type Countersignature
} from '../../core/agreement/index.ts'
import type { Certificate, Membership, SigningKey } from '../../core/identity/index.ts'
import { agreementBytes, encodeOperation, OPERATIONS } from '../../core/ledger/index.ts'
import type { Policy } from '../../core/terms/index.ts'
import type { Random } from '../../host/index.ts'
import { freshUrn } from '../dsp/index.ts'

/** As whom this node signs, and whom it believes. */
export type Voice = { readonly federation: CID, readonly certificate: Certificate, readonly key: SigningKey }

/** An agreement as its provider writes and signs it. */
export function signedAgreement (
  { federation, certificate, key }: Voice, random: Random,
  terms: { readonly provider: string, readonly consumer: string, readonly target: string, readonly policy: Policy, readonly timestampMs: number }
): Agreement {
  const plain: Agreement = { ...terms, id: freshUrn(random), salt: random.bytes(SALT_SIZE_BYTES), providerSignature: null, consumerSignature: null }
  return { ...plain, providerSignature: { certificate: certificate.id, signature: key.sign(agreementBody(plain, federation)) } }
}

/** The consumer's two signatures: under the agreement, and under what the ledger is told of it. */
export function countersignatureOf (agreement: Agreement, { federation, certificate, key }: Voice): Countersignature {
  return {
    certificate: certificate.id, signature: key.sign(agreementBody(agreement, federation)),
    ledgerSignature: key.sign(agreementBytes(federation, commitmentOf(agreement, federation)))
  }
}

/** Whether all that the consumer had to sign is signed by a node of its own. */
export function isCountersignedBy (agreement: Agreement, federation: CID, members: Membership): boolean {
  const speaker = checkSignature(agreement, 'consumer', federation, (statement, timeMs) => members.speaker(statement, timeMs))
  const { consumerSignature } = agreement
  if (!speaker.ok || consumerSignature === null) return false
  const nodeKey = members.certificate(consumerSignature.certificate)?.nodeKey
  return nodeKey?.verify(agreementBytes(federation, commitmentOf(agreement, federation)), consumerSignature.ledgerSignature) === true
}

/** What the ledger is told of an agreement; undefined where the other side is no node and signed nothing. */
export function commitOperation (agreement: Agreement, federation: CID): Uint8Array | undefined {
  const { consumerSignature } = agreement
  if (consumerSignature === null || agreement.salt === null) return undefined
  return encodeOperation(OPERATIONS.agreementCommit, {
    ...commitmentOf(agreement, federation), certificate: digestOf(consumerSignature.certificate), signature: consumerSignature.ledgerSignature
  })
}

function commitmentOf (agreement: Agreement, federation: CID): {
  readonly commit: Uint8Array, readonly provider: string, readonly consumer: string, readonly startMs: number, readonly endMs: number
} {
  const { provider, consumer, salt } = agreement
  assert(salt !== null, 'an agreement between nodes has a salt')
  return { commit: agreementCommit(agreement, federation, salt), provider, consumer, ...periodOf(agreement) }
}
