import { fail, ok, utf8, type Result } from '../../base/index.ts'
import { check, feedClassOf, policyOfForm, writePolicy } from '../../core/terms/index.ts'
import type { Failure, TermsOrder } from '../contract/index.ts'
import type { Governed } from './publisher.ts'

/** What a dataset is published under, by the terms that a person set. `salt`: 32 unpredictable bytes. */
export function governedOf (
  { form, dataset: { replicas, legalNotice }, viewers }: TermsOrder, salt: Uint8Array
): Result<Pick<Governed, 'access' | 'terms' | 'viewers'>, Failure<'invalid'>> {
  const policy = policyOfForm(form)
  if (!policy.ok) {
    const { position, reason, remedy } = policy.failure
    return fail({ code: 'invalid', reason: `the terms are not right at ${position === '' ? 'their beginning' : position}: ${reason}`, hint: remedy })
  }
  const [finding] = check(policy.value)
  if (finding !== undefined) return fail({ code: 'invalid', reason: `the terms cannot be kept, at ${finding.position}: ${finding.reason}`, hint: finding.remedy })
  const visibility = viewers === 'members' ? 'members' : 'named'
  // What only some may know of cannot be for all: `access` says the class of its feed, which is listed to whoever may have it.
  const access = visibility === 'named' ? 'restricted' : feedClassOf(form)
  return ok({ access, viewers, terms: { policy: utf8(JSON.stringify(writePolicy(policy.value))), salt, visibility, replicas, legalNotice } })
}
