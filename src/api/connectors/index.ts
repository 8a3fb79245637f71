/**
 * Answers calls about connectors: what brings data in, how it does, what it could not take; and takes what is pushed.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import type { ConnectorCalls, Connectors } from '../../sdk/connectors/index.ts'
import type { Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem, type AnyFailure } from '../http/index.ts'

const NONE: AnyFailure = { code: 'not-ready', reason: 'this process runs no connectors', hint: 'start the node with "hanse start"' }

/** `connectors`: undefined where the composition has none. */
export function connectorHandlers (connectors: Connectors | undefined): Handlers<ConnectorCalls> {
  const known = (): Result<Connectors, AnyFailure> => connectors === undefined ? fail(NONE) : ok(connectors)
  const nameOf = (request: { readonly parameters: Readonly<Record<string, string>> }): string => request.parameters['name'] ?? ''
  return {
    'connectors.list': () => {
      const all = known()
      return all.ok ? json(all.value.list()) : problem(all.failure)
    },
    'connectors.add': async (_context, _request, { body }) => {
      const all = known()
      return all.ok ? jsonOrProblem(await all.value.add(body), 201) : problem(all.failure)
    },
    'connectors.show': (_context, request) => {
      const all = known()
      return all.ok ? jsonOrProblem(all.value.show(nameOf(request))) : problem(all.failure)
    },
    'connectors.remove': async (_context, request) => {
      const all = known()
      const removed = all.ok ? await all.value.remove(nameOf(request)) : all
      return removed.ok ? { type: 'nothing' } : problem(removed.failure)
    },
    'connectors.restart': async (_context, request) => {
      const all = known()
      return all.ok ? jsonOrProblem(await all.value.restart(nameOf(request))) : problem(all.failure)
    },
    'connectors.letters': async (_context, request, { query }) => {
      const all = known()
      if (!all.ok) return problem(all.failure)
      const shown = all.value.show(nameOf(request))
      return shown.ok ? jsonOrProblem(await all.value.letters({ connector: shown.value.name, limit: query.limit })) : problem(shown.failure)
    },
    'connectors.push': async (_context, request) => {
      const all = known()
      return all.ok ? jsonOrProblem(await all.value.push(nameOf(request), request.mediaType(), request.chunks())) : problem(all.failure)
    }
  }
}
