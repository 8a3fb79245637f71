/** Answers calls about files that are looked at before they are published. What files hold is known to the port alone. */
import { fail, ok, type Result } from '../../base/index.ts'
import type { InspectionCalls } from '../../sdk/contract/index.ts'
import type { Inspector } from '../../sdk/inspection/index.ts'
import type { Handlers } from '../context/index.ts'
import { problem, progressing, type AnyFailure, type ApiRequest } from '../http/index.ts'

const NONE: AnyFailure = { code: 'not-ready', reason: 'this process looks at no files', hint: 'start the node with "hanse start"' }

/** `inspector`: undefined where the composition has none. */
export function inspectionHandlers (inspector: Inspector | undefined): Handlers<InspectionCalls> {
  const known = (): Result<Inspector, AnyFailure> => inspector === undefined ? fail(NONE) : ok(inspector)
  const ownerOf = (request: ApiRequest): string => request.caller?.account ?? request.caller?.id ?? ''
  const nameOf = (request: ApiRequest): string => request.parameters['name'] ?? ''
  return {
    'inspections.begin': async ({ limits }, request, { query }) => {
      const looking = known()
      if (!looking.ok) return problem(looking.failure)
      return await progressing(onProgress => looking.value.take(ownerOf(request), query.fileName, request.chunks(), {
        signal: request.signal, onBytes: (done, total) => { onProgress({ phase: 'verifying', done, total, unit: 'bytes' }) }
      }), limits.heartbeatMs)
    },
    'inspections.publish': async ({ node, limits }, request, { body }) => {
      const looking = known()
      if (!looking.ok) return problem(looking.failure)
      const terms = body.terms === undefined ? ok(undefined) : node.readTerms(body.terms)
      if (!terms.ok) return problem(terms.failure)
      return await progressing(onProgress => looking.value.publish(ownerOf(request), nameOf(request), ({ sizeBytes, ...content }) => node.publish(body.description, content, progress => {
        onProgress({ ...progress, total: progress.total ?? (progress.unit === 'bytes' ? sizeBytes : null) })
      }, terms.value)), limits.heartbeatMs)
    },
    'inspections.remove': async (_context, request) => {
      const looking = known()
      const removed = looking.ok ? await looking.value.remove(ownerOf(request), nameOf(request)) : looking
      return removed.ok ? { type: 'nothing' } : problem(removed.failure)
    }
  }
}
