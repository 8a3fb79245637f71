import { fail, ok, type Result } from '../../base/index.ts'
import { originOf, type Context } from '../context/index.ts'
import { json, problem, type AnyFailure, type ApiRequest, type Reply } from '../http/index.ts'
import { viewOf, type Begun, type EntryFailure, type OpenSession, type SessionBook } from './book.ts'
import { cookieOf } from './cookie.ts'

export const FOREIGN: AnyFailure = { code: 'forbidden', reason: 'the request did not come from a page of this node', hint: 'open the console anew with "hanse open"' }
export const NO_SESSION: AnyFailure = { code: 'not-found', reason: 'this request belongs to no session', hint: 'a token has none; enter with a link of "hanse open"' }
const NO_ACCOUNT: AnyFailure = { code: 'no-account', reason: 'you came in by a link or by the provider, and have no account here', hint: 'enter with an account' }

/** Whether a browser says that a page of somebody else asks. */
export function isFromElsewhere ({ headers }: ApiRequest): boolean {
  return (headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin'
}

/** The session, and the cookie that holds it. */
export function entered (context: Context, request: ApiRequest, { secret, session }: Begun, hasAccounts: boolean): Reply {
  return json(viewOf(session, hasAccounts), 201, { 'set-cookie': cookieOf(originOf(context, request), secret, Math.floor((session.endMs - context.nowMs()) / 1_000)) })
}

/** The session that asks, and the account to which it belongs. */
export function memberOf (book: SessionBook, { caller }: ApiRequest): Result<{ readonly session: OpenSession, readonly account: string }, AnyFailure> {
  const session = book.byId(caller?.id ?? '')
  if (session === undefined) return fail(NO_SESSION)
  return session.account === null || session.by !== 'account' ? fail(NO_ACCOUNT) : ok({ session, account: session.account })
}

export function refusal ({ waitMs, ...failure }: EntryFailure): Reply {
  return problem(failure, waitMs === undefined ? {} : { 'retry-after': String(Math.ceil(waitMs / 1_000)) })
}
