import type { ProviderCalls } from '../../sdk/provider/index.ts'
import { originOf, type Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem } from '../http/index.ts'
import type { ProviderDesk } from '../provider/index.ts'
import type { SessionBook } from './book.ts'
import { entered, FOREIGN, isFromElsewhere, refusal } from './replies.ts'

/** Calls about entering by the provider. `hasAccounts`: whether anybody has one here. */
export function providerHandlers (book: SessionBook, hasAccounts: () => boolean, desk: ProviderDesk): Handlers<ProviderCalls> {
  return {
    'provider.show': () => json({ name: desk.name }),
    'provider.begin': async (context, request) => isFromElsewhere(request) ? problem(FOREIGN) : jsonOrProblem(await desk.begin(originOf(context, request), request.address)),
    'provider.enter': async (context, request, { body }) => {
      if (isFromElsewhere(request)) return problem(FOREIGN)
      const begun = await book.beginBy(() => desk.check(originOf(context, request), body), request.address, 'provider', NOT_LET_IN)
      return begun.ok ? entered(context, request, begun.value, hasAccounts()) : refusal(begun.failure)
    }
  }
}

const NOT_LET_IN = { reason: 'the provider’s answer does not belong to what this page asked, or comes too late', hint: 'begin anew' }
