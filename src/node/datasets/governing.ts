import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Derivation } from '../../core/catalogue/index.ts'
import { check, feedClassOf, policyOfForm, writePolicy, type TermsForm } from '../../core/terms/index.ts'
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

/**
 * Whether what was made so, or all of it as it is (null), has more detail or comes earlier than the terms let anybody have
 * (clauses 4 and 5). In an emergency (clause 13) all of it may be given, so it is held for that.
 */
export function isTooFine (form: TermsForm, made: Derivation | null): boolean {
  const { summarise, redactFields, h3ResolutionMax, timeStepMs, delayMs, emergency } = form
  if (emergency !== null) return false
  const { operations, minGroupSize, h3Resolution, timeStepMs: stepMs, delayMs: laterMs, redactedFields } = made ?? AS_IT_IS
  return (summarise !== null && (!operations.includes('summarise') || minGroupSize < summarise.minGroupSize)) ||
    (h3ResolutionMax !== null && h3Resolution > h3ResolutionMax) || (timeStepMs !== null && stepMs < timeStepMs) || (delayMs !== null && laterMs < delayMs) ||
    redactFields.some(field => !redactedFields.includes(field))
}

const AS_IT_IS: Omit<Derivation, 'recipe'> = { operations: [], minGroupSize: 1, h3Resolution: Infinity, timeStepMs: 0, delayMs: 0, redactedFields: [] }

/** For whoever would publish it so. */
export function tooFine (hint: string): Failure<'invalid'> {
  return { code: 'invalid', reason: 'by these terms nobody could ever read these data: they have more detail, or come earlier, than the terms let anybody have', hint }
}
