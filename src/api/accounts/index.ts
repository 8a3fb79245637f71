/**
 * Keeps the accounts of the people of this node, and answers calls about them.
 *
 * An account has a name, a role, a passphrase and passkeys, which `api/passkeys` checks. Kept is a keystore of `base` that the passphrase opens (scrypt, AES-256-GCM) around
 * a secret that nobody needs, in a file of mode 0600 that is written beside, synced and renamed. Passphrases are looked at one after
 * the other in a thread of their own, and a name that there is not takes as long as one that there is.
 */
import type { AccountCalls } from '../../sdk/accounts/index.ts'
import type { Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem, type AnyFailure } from '../http/index.ts'
import type { AccountBook } from './book.ts'

export { AccountBook, type AccountBookOptions } from './book.ts'
export type { AccountFileFailure, KeptPasskey } from './file.ts'

/** `ended`: the sessions of that account are to end. */
export function accountHandlers (book: AccountBook, ended: (name: string) => void): Handlers<AccountCalls> {
  return {
    'accounts.list': () => json(book.list()),
    'accounts.add': async (_context, _request, { body }) => jsonOrProblem(await book.add(body), 201),
    'accounts.passphrase': async (_context, request, { body }) => {
      const name = request.parameters['name'] ?? ''
      const set = await book.setPassphrase(name, body.passphrase, { keepsPasskeys: false })
      if (!set.ok) return problem(set.failure)
      if (set.value === undefined) return problem(unknown(name))
      ended(set.value)
      return { type: 'nothing' }
    },
    'accounts.remove': async (_context, request) => {
      const name = request.parameters['name'] ?? ''
      const removed = await book.remove(name)
      if (removed === undefined) return problem(unknown(name))
      ended(removed)
      return { type: 'nothing' }
    }
  }
}

function unknown (name: string): AnyFailure {
  return { code: 'not-found', reason: `there is no account ${name.slice(0, 64)}`, hint: 'see the list of accounts' }
}
