/** Answers calls about what comes after data were given out: erasure, receipts, the use of a dataset, emergencies. */
import type { Result } from '../../base/index.ts'
import type { DutyCalls } from '../../sdk/contract/index.ts'
import type { Handlers } from '../context/index.ts'
import { bytesOrProblem, json, jsonOrProblem, problem, type AnyFailure, type Reply } from '../http/index.ts'

export const dutyHandlers: Handlers<DutyCalls> = {
  'datasets.erase': async ({ node }, request, { body }) => jsonOrProblem(await node.erase(request.reference, body.scope, body.basis)),
  'erasures.list': ({ node }) => json(node.erasures()),
  'receipts.list': ({ node }, _request, { query }) => json(node.receipts(query)),
  'uses.show': async ({ node }, request) => jsonOrProblem(await node.uses(request.reference)),
  'uses.prove': async ({ node }, _request, { query }) => bytesOrProblem(await node.proveUse(query.feed, query.record)),
  'emergencies.list': ({ node }) => json(node.emergencies()),
  'emergencies.declare': async ({ node }, _request, { body }) => jsonOrProblem(await node.declareEmergency(body), 201),
  'emergencies.end': async ({ node }, request) => doneOrProblem(await node.endEmergency(request.parameters['id'] ?? '')),
  'emergencies.confirm': async ({ node }, request, { body }) => doneOrProblem(await node.confirmEmergency(request.parameters['id'] ?? '', body.dataset)),
  'emergencies.review': async ({ node }, request) => doneOrProblem(await node.reviewEmergency(request.parameters['id'] ?? ''))
}

function doneOrProblem (done: Result<null, AnyFailure>): Reply {
  return done.ok ? json({}) : problem(done.failure)
}
