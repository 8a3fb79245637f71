import {
  agreementSchema, agreementsSchema, answerSchema, endSchema, negotiationSchema, negotiationsSchema, requestSchema, type AgreementRequest, type EndCode, type NegotiationAnswer
} from '../agreements/index.ts'
import { API_PATH } from '../bodies/index.ts'
import { json, kept, type Call, type Operations } from '../operation/index.ts'
import { patience, type Patience } from './queries.ts'

/** Agreements: asking for one, answering who asks, listing and ending them. */
export type AgreementCalls = {
  'negotiations.list': Call
  'negotiations.ask': Call<Patience, AgreementRequest>
  'negotiations.answer': Call<undefined, NegotiationAnswer>
  'agreements.list': Call
  'agreements.end': Call<undefined, { readonly code: EndCode }>
}

const read = { tag: 'Agreements', method: 'GET', scope: 'read' } as const
const decide = { tag: 'Agreements', method: 'POST', scope: 'decide', problems: [404, 409, 504] } as const

export const AGREEMENT_OPERATIONS: Operations<AgreementCalls> = {
  'negotiations.list': { ...read, path: `${API_PATH}/negotiations`, summary: 'Who asks, and what this member asked for', answers: kept(negotiationsSchema) },
  'negotiations.ask': {
    ...decide, path: `${API_PATH}/negotiations`, summary: 'Ask a publisher for an agreement', query: patience,
    body: { as: 'json', schema: requestSchema }, answers: { 201: json(negotiationSchema) }
  },
  'negotiations.answer': {
    ...decide, path: `${API_PATH}/negotiations/:id`, summary: 'Approve, limit or deny what somebody asks for',
    body: { as: 'json', schema: answerSchema }, answers: { 200: json(negotiationSchema) }
  },
  'agreements.list': { ...read, path: `${API_PATH}/agreements`, summary: 'Agreements of this member', answers: kept(agreementsSchema) },
  'agreements.end': {
    ...decide, path: `${API_PATH}/agreements/:id/end`, summary: 'End an agreement', body: { as: 'json', schema: endSchema }, answers: { 200: json(agreementSchema) }
  }
}
