/**
 * Keeps the tokens that open the API, and answers calls about them.
 *
 * A token is 256 random bits behind `hanse_`, shown once. It is kept by its SHA-256 in a file of mode 0600, with a label, a scope, an
 * end, the hour of its last use (written lazily), and maybe in whose name it reads: a member by its did, or `outside`, who is anybody.
 * Such a token can only read, and only by calls that ask the doors in its name. A file that others may read or write is refused.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import type { HanseNode } from '../../node/contract/index.ts'
import type { TokenCalls } from '../../sdk/tokens/index.ts'
import type { Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem, type AnyFailure } from '../http/index.ts'
import type { TokenBook } from './book.ts'

export { TokenBook, type TokenBookOptions } from './book.ts'
export type { TokenFileFailure } from './file.ts'
export { createToken, knownToken, type KnownToken } from './token.ts'

/** `revoked`: what was made by that token is to end. */
export function tokenHandlers (book: TokenBook, revoked: (id: string) => Promise<void>): Handlers<TokenCalls> {
  return {
    'tokens.list': () => json(book.list()),
    'tokens.make': async ({ node }, _request, { body }) => {
      const requester = requesterOf(node, body.requester)
      return requester.ok ? jsonOrProblem(await book.make({ ...body, requester: requester.value }), 201) : problem(requester.failure)
    },
    'tokens.revoke': async (_context, request) => {
      const id = request.parameters['id'] ?? ''
      const done = await book.revoke(id)
      if (!done.ok) return problem(done.failure)
      await revoked(id)
      return { type: 'nothing' }
    }
  }
}

/** A member by its did or name; who is no member is `outside`. */
function requesterOf (node: HanseNode, named: string | undefined): Result<string | null, AnyFailure> {
  if (named === undefined) return ok(null)
  if (named === 'outside') return ok(named)
  const found = node.members().filter(({ did, name }) => did === named || name === named)
  const [member] = found
  if (member === undefined || found.length > 1) {
    const reason = found.length > 1 ? `${found.length} members are called ${named.slice(0, 200)}` : `no member is called ${named.slice(0, 200)}`
    return fail({ code: found.length > 1 ? 'ambiguous' : 'not-found', reason, hint: 'name it by its did, or say "outside" for who is no member' })
  }
  return ok(member.did)
}
