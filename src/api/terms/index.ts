/** Answers calls about terms: files to begin with, what they would mean, setting them, deriving as they say, why something was decided. */
import type { TermsCalls } from '../../sdk/contract/index.ts'
import { datasetPath } from '../../sdk/index.ts'
import { ownDatasetId, type Handler, type Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem } from '../http/index.ts'

const termsTemplate: Handler<TermsCalls['terms.template']> = ({ node }, request) => jsonOrProblem(node.templateOf(request.parameters['name'] ?? ''))

const reviewTerms: Handler<TermsCalls['terms.review']> = ({ node }, _request, { body }) => {
  const order = node.readTerms(body.terms)
  return order.ok ? jsonOrProblem(node.reviewTerms(order.value, body.dataset)) : problem(order.failure)
}

const setTerms: Handler<TermsCalls['terms.set']> = async ({ node }, request, { body }) => {
  const datasetId = ownDatasetId(node, request.reference)
  if (!datasetId.ok) return problem(datasetId.failure)
  const order = node.readTerms(body)
  return order.ok ? jsonOrProblem(await node.setTerms(datasetId.value, order.value)) : problem(order.failure)
}

const derive: Handler<TermsCalls['derivations.make']> = async ({ node }, request, { body }) => {
  const { datasetId, title, description, terms: file, entityKey, groupBy, measures, closeAfterMs } = body
  const terms = node.readTerms(file)
  if (!terms.ok) return problem(terms.failure)
  const derived = await node.derive(request.reference, {
    datasetId, title, description, terms: terms.value, ...entityKey === undefined ? {} : { entityKey }, ...groupBy === undefined ? {} : { groupBy },
    ...measures === undefined ? {} : { measures }, ...closeAfterMs === undefined ? {} : { closeAfterMs }
  })
  return derived.ok ? json(derived.value, 201, { location: datasetPath(derived.value.dataset.id) }) : problem(derived.failure)
}

const explain: Handler<TermsCalls['terms.explain']> = ({ node }, request, { query: { member, outside, door, purpose } }) => {
  const who = outside === 'true' ? { member: null } : member === undefined ? {} : { member }
  return jsonOrProblem(node.explain(request.reference, { ...who, door, purpose }))
}

export const termsHandlers: Handlers<TermsCalls> = {
  'terms.template': termsTemplate,
  'terms.review': reviewTerms,
  'terms.set': setTerms,
  'terms.explain': explain,
  'derivations.make': derive,
  'derivations.list': ({ node }) => json(node.derivations().map(({ recipeBytes: _bytes, ...status }) => status))
}
