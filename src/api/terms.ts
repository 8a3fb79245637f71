/** Handlers of terms: files to begin with, what they would mean, setting them, deriving as they say, why something was decided. */
import { z } from 'zod'
import { fail, ok, type Result } from '../base/index.ts'
import type { Asker } from '../node/contract/index.ts'
import { datasetPath, deriveSchema, DOORS, PURPOSE_HEADER, reviewSchema, termsFileSchema } from '../sdk/index.ts'
import { ownDatasetId } from './catalogue.ts'
import type { Context } from './context.ts'
import { invalid, json, jsonOrProblem, problem, type AnyFailure, type ApiRequest, type Reply } from './http/index.ts'

const PURPOSE_LENGTH_MAX = 128

export function termsTemplate ({ node }: Context, request: ApiRequest): Reply {
  return jsonOrProblem(node.templateOf(request.parameters['name'] ?? ''))
}

export async function reviewTerms ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(reviewSchema)
  if (!body.ok) return problem(body.failure)
  const order = node.readTerms(body.value.terms)
  return order.ok ? jsonOrProblem(node.reviewTerms(order.value, body.value.dataset)) : problem(order.failure)
}

export async function setTerms ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const datasetId = ownDatasetId(node, request.reference)
  if (!datasetId.ok) return problem(datasetId.failure)
  const body = await request.json(termsFileSchema)
  if (!body.ok) return problem(body.failure)
  const order = node.readTerms(body.value)
  return order.ok ? jsonOrProblem(await node.setTerms(datasetId.value, order.value)) : problem(order.failure)
}

export async function derive ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(deriveSchema)
  if (!body.ok) return problem(body.failure)
  const { datasetId, title, description, terms: file, entityKey, groupBy, measures, closeAfterMs } = body.value
  const terms = node.readTerms(file)
  if (!terms.ok) return problem(terms.failure)
  const derived = await node.derive(request.reference, {
    datasetId, title, description, terms: terms.value, ...entityKey === undefined ? {} : { entityKey }, ...groupBy === undefined ? {} : { groupBy },
    ...measures === undefined ? {} : { measures }, ...closeAfterMs === undefined ? {} : { closeAfterMs }
  })
  return derived.ok ? json(derived.value, 201, { location: datasetPath(derived.value.dataset.id) }) : problem(derived.failure)
}

export function listDerivations ({ node }: Context): Reply {
  return json(node.derivations().map(({ recipeBytes: _bytes, ...status }) => status))
}

export function explain ({ node }: Context, request: ApiRequest): Reply {
  const query = request.query(z.strictObject({
    member: z.string().min(1).max(512).exactOptional(), outside: z.enum(['true', 'false']).default('false'),
    door: z.enum(DOORS).exactOptional(), purpose: z.string().min(1).max(PURPOSE_LENGTH_MAX).exactOptional()
  }))
  if (!query.ok) return problem(query.failure)
  const { member, outside, door, purpose } = query.value
  const who = outside === 'true' ? { member: null } : member === undefined ? {} : { member }
  const explained = node.explain(request.reference, { ...who, door, purpose })
  return explained.ok ? json(explained.value) : problem(explained.failure)
}

/** What for, as the header says; the people of this node ask. */
export function askerOf (request: ApiRequest): Result<Asker, AnyFailure> {
  const purpose = request.header(PURPOSE_HEADER)
  if (purpose === undefined) return ok({})
  const isIri = purpose.length <= PURPOSE_LENGTH_MAX && /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(purpose)
  return isIri ? ok({ purpose }) : fail(invalid('the purpose is no IRI', 'send it as urn:hanse:purpose:1:waste.collection'))
}
