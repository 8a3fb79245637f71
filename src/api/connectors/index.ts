/**
 * Answers calls about connectors: what brings data in, how it does, what it could not take; and takes what is pushed.
 *
 * A connector that names files of the machine reads them with the rights of the node, and its folder is emptied: only who could do so
 * anyway, an admin, adds one.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import type { ConnectorCalls, ConnectorDeclaration, Connectors } from '../../sdk/connectors/index.ts'
import type { Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem, type AnyFailure } from '../http/index.ts'

const NONE: AnyFailure = { code: 'not-ready', reason: 'this process runs no connectors', hint: 'start the node with "hanse start"' }

const FOR_ADMINS: AnyFailure = { code: 'forbidden', reason: 'a connector that names files or a folder of the machine is added by admins of this node alone', hint: 'ask an admin, or add it on the machine with "hanse connector add"' }

function namesFiles (declaration: ConnectorDeclaration): boolean {
  switch (declaration.kind) {
    case 'folder': return true
    case 'url': return declaration.headers_file !== ''
    case 'mqtt': return declaration.password_file !== '' || declaration.ca_file !== ''
    case 'push': return false
  }
}

/** `connectors`: undefined where the composition has none. */
export function connectorHandlers (connectors: Connectors | undefined): Handlers<ConnectorCalls> {
  const known = (): Result<Connectors, AnyFailure> => connectors === undefined ? fail(NONE) : ok(connectors)
  const nameOf = (request: { readonly parameters: Readonly<Record<string, string>> }): string => request.parameters['name'] ?? ''
  return {
    'connectors.list': () => {
      const all = known()
      return all.ok ? json(all.value.list()) : problem(all.failure)
    },
    'connectors.add': async (_context, { caller }, { body }) => {
      if (namesFiles(body) && caller?.isAdmin !== true) return problem(FOR_ADMINS)
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
