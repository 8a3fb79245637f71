/**
 * Handlers of agreements: asking for one, answering who asks, listing and ending them; and of what comes after data were given
 * out: erasure, receipts, the use of a dataset, emergencies.
 */
import { z } from 'zod'
import { ok, type Result } from '../base/index.ts'
import type { HanseNode, NegotiationAnswer as NodeAnswer } from '../node/contract/index.ts'
import {
  answerSchema, confirmSchema, declareSchema, endSchema, eraseSchema, requestSchema, type NegotiationAnswer
} from '../sdk/index.ts'
import type { Context } from './context.ts'
import { bytesOrProblem, json, jsonOrProblem, problem, type AnyFailure, type ApiRequest, type Reply } from './http/index.ts'
import { patience } from './ledger.ts'

const PAGE_SIZE = 100
const PAGE_SIZE_MAX = 10_000
const REFERENCE_CHARACTERS_MAX = 512

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

// --- Afterwards ----------------------------------------------------------------------------------------------------

export async function erase ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(eraseSchema)
  return body.ok ? jsonOrProblem(await node.erase(request.parameters['reference'] ?? '', body.value.scope, body.value.basis)) : problem(body.failure)
}

export function listErasures ({ node }: Context): Reply {
  return json(node.erasures())
}

export function listReceipts ({ node }: Context, request: ApiRequest): Reply {
  const query = request.query(z.strictObject({
    limit: z.coerce.number<string>().int().min(1).max(PAGE_SIZE_MAX).default(PAGE_SIZE), dataset: z.string().min(1).max(REFERENCE_CHARACTERS_MAX).exactOptional()
  }))
  return query.ok ? json(node.receipts(query.value)) : problem(query.failure)
}

export async function showUses ({ node }: Context, request: ApiRequest): Promise<Reply> {
  return jsonOrProblem(await node.uses(request.parameters['reference'] ?? ''))
}

export async function proveUse ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const query = request.query(z.strictObject({ feed: z.string().min(1).max(REFERENCE_CHARACTERS_MAX), record: z.coerce.number<string>().int().min(0) }))
  return query.ok ? bytesOrProblem(await node.proveUse(query.value.feed, query.value.record)) : problem(query.failure)
}

export function listEmergencies ({ node }: Context): Reply {
  return json(node.emergencies())
}

export async function declareEmergency ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(declareSchema)
  return body.ok ? jsonOrProblem(await node.declareEmergency(body.value), 201) : problem(body.failure)
}

export async function endEmergency ({ node }: Context, request: ApiRequest): Promise<Reply> {
  return doneOrProblem(await node.endEmergency(request.parameters['id'] ?? ''))
}

export async function reviewEmergency ({ node }: Context, request: ApiRequest): Promise<Reply> {
  return doneOrProblem(await node.reviewEmergency(request.parameters['id'] ?? ''))
}

export async function confirmEmergency ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(confirmSchema)
  return body.ok ? doneOrProblem(await node.confirmEmergency(request.parameters['id'] ?? '', body.value.dataset)) : problem(body.failure)
}

function doneOrProblem (done: Result<null, AnyFailure>): Reply {
  return done.ok ? json({}) : problem(done.failure)
}
