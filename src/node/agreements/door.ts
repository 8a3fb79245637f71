import { fail, type Result } from '../../base/index.ts'
import type { AgreementFailure, NodeAgreements, NotReady } from '../contract/index.ts'
import type { Agreements } from './agreements.ts'

/** The part of the contract about agreements, for a node that may belong to no federation yet. */
export function nodeAgreementsOf (agreements: () => Agreements | undefined, notReady: NotReady): NodeAgreements {
  const within = async <T>(work: (here: Agreements) => Promise<Result<T, AgreementFailure>>): Promise<Result<T, AgreementFailure>> => {
    const here = agreements()
    return here === undefined ? fail(notReady) : work(here)
  }
  return {
    requestAgreement: (reference, purpose, withinMs) => within(here => here.request(reference, purpose, withinMs)),
    negotiations: () => agreements()?.negotiations() ?? [],
    answerNegotiation: (id, answer) => within(here => here.decide(id, answer)),
    agreements: () => agreements()?.agreements() ?? [],
    endAgreement: (id, code) => within(here => here.end(id, code))
  }
}
