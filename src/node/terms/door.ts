import { fail, type Result } from '../../base/index.ts'
import type { Failure, HanseNode, NodeTerms, NotReady } from '../contract/index.ts'
import type { TermsDesk } from './desk.ts'

/** The part of the contract about terms, for a node that may belong to no federation yet. */
export function nodeTermsOf (desk: () => TermsDesk | undefined, notReady: NotReady): NodeTerms & Pick<HanseNode, 'setTerms'> {
  const within = <T, F>(work: (desk: TermsDesk) => Result<T, F>): Result<T, F | Failure<'not-ready'>> => {
    const here = desk()
    return here === undefined ? fail(notReady) : work(here)
  }
  return {
    readTerms: json => within(here => here.readTerms(json)),
    templateOf: name => within(here => here.templateOf(name)),
    reviewTerms: (order, reference) => within(here => here.reviewTerms(order, reference)),
    setTerms: async (datasetId, order) => await desk()?.setTerms(datasetId, order) ?? fail(notReady),
    explain: (reference, request) => within(here => here.explain(reference, request))
  }
}
