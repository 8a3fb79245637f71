import { fail, type Result } from '../../base/index.ts'
import type { AgreementFailure, NodeAgreements, NodeProtocol, NotReady, Web } from '../contract/index.ts'
import type { Agreements } from './agreements.ts'

/** The part of the contract about agreements, for a node that may belong to no federation yet. */
export function nodeAgreementsOf (agreements: () => Agreements | undefined, notReady: NotReady): NodeAgreements {
  const within = async <T>(work: (here: Agreements) => Promise<Result<T, AgreementFailure>>): Promise<Result<T, AgreementFailure>> => {
    const here = agreements()
    return here === undefined ? fail(notReady) : work(here)
  }
  return {
    requestAgreement: (reference, purpose, withinMs, untilMs) => within(here => here.request(reference, purpose, withinMs, untilMs)),
    negotiations: () => agreements()?.negotiations() ?? [],
    answerNegotiation: (id, answer) => within(here => here.decide(id, answer)),
    agreements: () => agreements()?.agreements() ?? [],
    endAgreement: (id, code) => within(here => here.end(id, code))
  }
}

/** The protocol over HTTP, for a node that may belong to no federation yet: until then nobody is known to it. */
export function nodeProtocolOf (agreements: () => Agreements | undefined): NodeProtocol & { readonly web: () => Web | undefined } {
  let given: Web | undefined
  return {
    web: () => given,
    openWeb: web => {
      given = web
      agreements()?.openWeb(web)
    },
    answerProtocol: request => agreements()?.answer(request) ?? Promise.resolve({ status: 503, body: null }),
    memberBehind: async (authorization, request) => {
      const member = await agreements()?.whoIs(authorization, request)
      return member?.ok === true ? member.value : undefined
    },
    authorizationFor: (audience, request) => agreements()?.authorize(audience, request) ?? '',
    openedBy: token => agreements()?.opened(token)
  }
}
