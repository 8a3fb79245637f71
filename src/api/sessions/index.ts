/**
 * Lets people of this node in by a browser, and answers calls about their sessions.
 *
 * `hanse open` makes a link with a secret of 256 bits in its fragment, which no server sees: it enters once, within ten minutes. The
 * session that it opens lives in a cookie that scripts cannot read (`__Host-sid`; without the prefix, and with the port in its name, on
 * plain loopback), 30 minutes while nobody asks anything and 12 hours at most. What the console asks by itself while nobody is at it says
 * so, and does not count. Only digests are kept, in memory: a restart ends all.
 *
 * Another port of one host is the same site to a browser. So what changes something, and every stream, must come from this very
 * origin (`Origin` and `Sec-Fetch-Site`), and writes carry the session's secret of `CSRF_HEADER` too. Entering is slowed down by
 * address after ten failures and shut for an hour after thirty; a new link opens it again.
 *
 * A link makes an admin, who makes accounts; whoever has one enters by name and passphrase from then on, and may do what its role
 * says. A passkey of the account enters too (`passkeys.enter`, checked by
 * `api/passkeys`), and opens the same session. So does a provider of the city (`provider.enter`,
 * checked by `api/provider`); whom it names has no account here and nothing to do with one of the same name.
 */
import { fail, ok } from '../../base/index.ts'
import { scopeOfRole } from '../../sdk/accounts/index.ts'
import { CSRF_HEADER, UNATTENDED_HEADER, type SessionCalls } from '../../sdk/sessions/index.ts'
import type { AccountBook } from '../accounts/index.ts'
import { originOf, originOfHeaders, type Handlers } from '../context/index.ts'
import { isWrite, json, problem, type AnyFailure, type Authenticate, type Credentials } from '../http/index.ts'
import { viewOf, type SessionBook } from './book.ts'
import { cookieOf, secretOf } from './cookie.ts'
import { entered, FOREIGN, isFromElsewhere, memberOf, NO_SESSION, refusal } from './replies.ts'

export { SessionBook, type SessionBookOptions } from './book.ts'
export { passkeyHandlers } from './passkeys.ts'
export { providerHandlers } from './provider.ts'

/** Who has the cookie of a session; a request that some other page may have sent is refused. */
export function authenticateSession (book: SessionBook, isBehindProxy: boolean): Authenticate {
  return credentials => {
    const origin = originOfHeaders(credentials.headers, isBehindProxy)
    const secret = secretOf(credentials.headers, origin)
    const session = secret === undefined ? undefined : book.find(secret, credentials.headers[UNATTENDED_HEADER] === undefined)
    if (session === undefined) return undefined
    const isGuarded = isWrite(credentials.method) || credentials.live
    if (isGuarded && !isOwnPage(credentials, origin)) return fail(FOREIGN)
    if (isWrite(credentials.method) && credentials.headers[CSRF_HEADER] !== session.csrf) return fail(FORGED)
    const account = session.account === null ? undefined : `${session.by} ${session.account}`
    return ok({ id: session.id, account, scope: scopeOfRole(session.role), isAdmin: session.role === 'admin', isOver: () => book.isOver(session.id), isEnded: () => book.isEnded(session.id) })
  }
}

/** A browser leaves `Origin` out where it reads from its own origin; it always says how far away the page is. */
function isOwnPage ({ method, headers }: Credentials, own: string): boolean {
  const said = headers.origin
  return headers['sec-fetch-site'] === 'same-origin' && (said === own || (said === undefined && !isWrite(method)))
}

const FORGED: AnyFailure = { code: 'forbidden', reason: `the header ${CSRF_HEADER} is not that of the session`, hint: 'send what the session says' }

export function sessionHandlers (book: SessionBook, accounts: AccountBook): Handlers<SessionCalls> {
  const hasAccounts = (): boolean => accounts.list().length > 0
  return {
    'sessions.invite': (context, request) => {
      const { entry, expiresMs } = book.invite()
      return json({ url: `${originOf(context, request)}/#entry=${entry}`, expiresMs }, 201)
    },
    'sessions.begin': async (context, request, { body }) => {
      if (isFromElsewhere(request)) return problem(FOREIGN)
      const begun = 'entry' in body ? book.begin(body.entry, request.address) : await book.beginBy(() => accounts.check(body.name, body.passphrase), request.address, 'account', NOT_KNOWN)
      return begun.ok ? entered(context, request, begun.value, hasAccounts()) : refusal(begun.failure)
    },
    'sessions.show': (_context, request) => {
      const session = book.byId(request.caller?.id ?? '')
      return session === undefined ? problem(NO_SESSION) : json(viewOf(session, hasAccounts()))
    },
    'sessions.passphrase': async (_context, request, { body }) => {
      const member = memberOf(book, request)
      if (!member.ok) return problem(member.failure)
      const { account, session } = member.value
      const confirmed = await book.confirm(() => accounts.check(account, body.passphrase), request.address)
      if (!confirmed.ok) return refusal(confirmed.failure)
      const set = await accounts.setPassphrase(account, body.newPassphrase, { keepsPasskeys: true })
      if (!set.ok) return problem(set.failure)
      book.endOf(account, session.id)
      return { type: 'nothing' }
    },
    'sessions.end': (context, request) => {
      const session = book.byId(request.caller?.id ?? '')
      if (session === undefined) return problem(NO_SESSION)
      book.end(session.id)
      return { type: 'nothing', headers: { 'set-cookie': cookieOf(originOf(context, request), '', 0) } }
    }
  }
}

const NOT_KNOWN = { reason: 'there is no account with this name and passphrase', hint: 'look for capital letters, or enter with a link of "hanse open"' }
