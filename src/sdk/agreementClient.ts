import {
  agreementSchema, agreementsSchema, negotiationSchema, negotiationsSchema, type AgreementView, type EndCode, type NegotiationAnswer, type NegotiationView
} from './agreements/index.ts'
import { API_PATH, MEDIA_TYPES } from './paths.ts'
import type { Answer, Call, Transport } from './transport.ts'

/** What a program does about agreements. */
export type AgreementClient = {
  /** Asks the publisher for an agreement; answers when it is decided, or after `withinMs` with how it stands. */
  requestAgreement (dataset: string, purpose: string, withinMs: number): Answer<NegotiationView>
  negotiations (): Answer<readonly NegotiationView[]>
  answerNegotiation (id: string, answer: NegotiationAnswer): Answer<NegotiationView>
  agreements (): Answer<readonly AgreementView[]>
  endAgreement (id: string, code: EndCode): Answer<AgreementView>
}

const AGREEMENTS = `${API_PATH}/agreements`
const NEGOTIATIONS = `${API_PATH}/negotiations`

export function agreementClient (transport: Transport, signal: AbortSignal | undefined): AgreementClient {
  const json = (body: unknown): Pick<Call, 'headers' | 'body' | 'signal'> => ({ headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(body), signal })
  return {
    requestAgreement: (dataset, purpose, withinMs) =>
      transport.json({ method: 'POST', path: NEGOTIATIONS, query: { withinMs }, ...json({ dataset, purpose }) }, negotiationSchema),
    negotiations: () => transport.json({ method: 'GET', path: NEGOTIATIONS }, negotiationsSchema),
    answerNegotiation: (id, answer) => transport.json({ method: 'POST', path: `${NEGOTIATIONS}/${encodeURIComponent(id)}`, ...json(answer) }, negotiationSchema),
    agreements: () => transport.json({ method: 'GET', path: AGREEMENTS }, agreementsSchema),
    endAgreement: (id, code) => transport.json({ method: 'POST', path: `${AGREEMENTS}/${encodeURIComponent(id)}/end`, ...json({ code }) }, agreementSchema)
  }
}
