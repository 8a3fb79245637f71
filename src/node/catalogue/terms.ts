import type { EntryTerms } from '../../core/catalogue/index.ts'
import { check, datasetSentencesOf, ENGLISH, sentencesOf, writePolicy, type Policy } from '../../core/terms/index.ts'
import type { FindingView, SentenceView, TermsView } from '../contract/index.ts'
import type { Policies } from '../doors/index.ts'

/** Terms as people and programs see them. What cannot be read is shown as what is wrong with it, and allows nothing. */
export function termsViewOf ({ policy: bytes, visibility, replicas, legalNotice }: EntryTerms, policies: Policies, nameOf: (did: string) => string): TermsView {
  const ready = policies.of(bytes)
  const dataset = { visibility, replicas, legalNotice }
  if (!ready.ok) {
    const { code, position, reason } = ready.failure
    return { ...dataset, policyCid: null, policy: null, sentences: [], findings: [{ code, position, reason, remedy: 'ask the publisher to set them again' }] }
  }
  const { policy } = ready.value
  return {
    ...dataset, policyCid: policy.policyCid.toString(), policy: writePolicy(policy), findings: findingsOf(policy),
    sentences: [...policySentences(policy, nameOf), ...datasetSentencesOf({ replicas, legalNotice, licence: null })]
  }
}

export function policySentences (policy: Policy, nameOf: (did: string) => string): readonly SentenceView[] {
  return sentencesOf(policy, { wording: ENGLISH, nameOf })
}

export function findingsOf (policy: Policy): readonly FindingView[] {
  return check(policy)
}
