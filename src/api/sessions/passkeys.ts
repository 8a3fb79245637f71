import type { PasskeyCalls } from '../../sdk/passkeys/index.ts'
import type { AccountBook } from '../accounts/index.ts'
import { originOf, type Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem, type ApiRequest } from '../http/index.ts'
import type { PasskeyDesk } from '../passkeys/index.ts'
import type { SessionBook } from './book.ts'
import { entered, isFromElsewhere, memberOf, refusal, FOREIGN } from './replies.ts'

/** Calls about passkeys: entering with one, and those of the account that is signed in. */
export function passkeyHandlers (book: SessionBook, accounts: AccountBook, desk: PasskeyDesk): Handlers<PasskeyCalls> {
  return {
    'passkeys.place': (context, request) => json(desk.place(originOf(context, request))),
    // A page of others would push out what the page of this node has asked.
    'passkeys.ask': async (context, request) => isFromElsewhere(request) ? problem(FOREIGN) : jsonOrProblem(await desk.ask({ origin: originOf(context, request), address: request.address })),
    'passkeys.enter': async (context, request, { body }) => {
      if (isFromElsewhere(request)) return problem(FOREIGN)
      const begun = await book.beginBy(() => desk.check(originOf(context, request), body.credential), request.address, 'account', NOT_LET_IN)
      return begun.ok ? entered(context, request, begun.value, true) : refusal(begun.failure)
    },
    'passkeys.list': (_context, request) => {
      const member = memberOf(book, request)
      return member.ok ? json(desk.list(member.value.account)) : problem(member.failure)
    },
    'passkeys.begin': async (context, request, { body }) => {
      const member = memberOf(book, request)
      if (!member.ok) return problem(member.failure)
      const { account, session } = member.value
      const confirmed = await book.confirm(() => accounts.check(account, body.passphrase), request.address)
      return confirmed.ok ? jsonOrProblem(await desk.begin({ origin: originOf(context, request), address: request.address, account, session: session.id })) : refusal(confirmed.failure)
    },
    'passkeys.add': async (context, request, { body }) => {
      const member = memberOf(book, request)
      if (!member.ok) return problem(member.failure)
      const { account, session } = member.value
      return jsonOrProblem(await desk.add({ origin: originOf(context, request), address: request.address, account, session: session.id }, body.label, body.credential), 201)
    },
    'passkeys.remove': async (_context, request) => {
      const member = memberOf(book, request)
      if (!member.ok) return problem(member.failure)
      const { account, session } = member.value
      if (!await desk.remove(account, idOf(request))) return problem({ code: 'not-found', reason: 'your account has no such passkey', hint: 'see the list of your passkeys' })
      book.endOf(account, session.id)
      return { type: 'nothing' }
    }
  }
}

function idOf ({ parameters }: ApiRequest): string {
  return parameters['id'] ?? ''
}

const NOT_LET_IN = { reason: 'this passkey opens no account here, or not any more', hint: 'choose another one, or enter with name and passphrase' }
