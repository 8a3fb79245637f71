/** Handlers of agreements: asking for one, answering who asks, listing and ending them. */
import { ok, type Result } from '../base/index.ts'
import type { HanseNode, NegotiationAnswer as NodeAnswer } from '../node/contract/index.ts'
import { answerSchema, endSchema, requestSchema, type NegotiationAnswer } from '../sdk/index.ts'
import type { Context } from './context.ts'
import { json, jsonOrProblem, problem, type AnyFailure, type ApiRequest, type Reply } from './http/index.ts'
import { patience } from './ledger.ts'

export async function requestAgreement (context: Context, request: ApiRequest): Promise<Reply> {
  const withinMs = patience(context, request)
  if (!withinMs.ok) return problem(withinMs.failure)
  const body = await request.json(requestSchema)
  return body.ok ? jsonOrProblem(await context.node.requestAgreement(body.value.dataset, body.value.purpose, withinMs.value), 201) : problem(body.failure)
}

export function listNegotiations ({ node }: Context): Reply {
  return json(node.negotiations())
}

export async function answerNegotiation ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(answerSchema)
  if (!body.ok) return problem(body.failure)
  const answer = understood(node, body.value)
  return answer.ok ? jsonOrProblem(await node.answerNegotiation(request.parameters['id'] ?? '', answer.value)) : problem(answer.failure)
}

export function listAgreements ({ node }: Context): Reply {
  return json(node.agreements())
}

export async function endAgreement ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(endSchema)
  return body.ok ? jsonOrProblem(await node.endAgreement(request.parameters['id'] ?? '', body.value.code)) : problem(body.failure)
}

function understood (node: HanseNode, answer: NegotiationAnswer): Result<NodeAnswer, AnyFailure> {
  if (answer.do !== 'limit') return ok(answer)
  const order = node.readTerms(answer.terms)
  return order.ok ? ok({ do: 'limit', terms: order.value.form }) : order
}
