/** Answers calls about agreements: asking for one, answering who asks, listing and ending them. */
import { ok, type Result } from '../../base/index.ts'
import type { HanseNode, NegotiationAnswer as NodeAnswer } from '../../node/contract/index.ts'
import type { AgreementCalls } from '../../sdk/contract/index.ts'
import type { NegotiationAnswer } from '../../sdk/index.ts'
import type { Handler, Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem, type AnyFailure } from '../http/index.ts'

const answerNegotiation: Handler<AgreementCalls['negotiations.answer']> = async ({ node }, request, { body }) => {
  const answer = understood(node, body)
  return answer.ok ? jsonOrProblem(await node.answerNegotiation(request.parameters['id'] ?? '', answer.value)) : problem(answer.failure)
}

function understood (node: HanseNode, answer: NegotiationAnswer): Result<NodeAnswer, AnyFailure> {
  if (answer.do !== 'limit') return ok(answer)
  const order = node.readTerms(answer.terms)
  return order.ok ? ok({ do: 'limit', terms: order.value.form }) : order
}

export const agreementHandlers: Handlers<AgreementCalls> = {
  'negotiations.list': ({ node }) => json(node.negotiations()),
  'negotiations.ask': async ({ node }, _request, { query, body }) => jsonOrProblem(await node.requestAgreement(body.dataset, body.purpose, query.withinMs, body.untilMs), 201),
  'negotiations.answer': answerNegotiation,
  'agreements.list': ({ node }) => json(node.agreements()),
  'agreements.end': async ({ node }, request, { body }) => jsonOrProblem(await node.endAgreement(request.parameters['id'] ?? '', body.code))
}
