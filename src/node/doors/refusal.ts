import type { Door, Reason, ReasonCode } from '../../core/terms/index.ts'
import type { Failure } from '../contract/index.ts'
import type { DoorDecision } from './question.ts'
import { sentenceOf } from './words.ts'

/** A reason as it is written down: its code, and what it names. */
export function reasonText ({ code, subject }: Reason): string {
  return subject === undefined ? code : `${code} (${subject})`
}

/** What a requester is told: that there is no such dataset, where it may not know of it. */
export function refusalOf (decision: DoorDecision): Failure<'not-found' | 'refused'> {
  if (decision.isHidden) return { code: 'not-found', reason: 'no such dataset is known here', hint: 'see "hanse ls"; a neighbour\'s new dataset takes a moment to arrive' }
  const [first] = decision.reasons
  return {
    code: 'refused', reason: `the terms do not allow it: ${[...new Set(decision.reasons.map(sentenceOf))].join('; ')}`,
    reasons: [...new Set(decision.reasons.map(({ code }) => code))],
    hint: first === undefined ? HINT : HINTS[first.code] ?? HINT
  }
}

const HINT = 'see what was asked and why with "hanse terms explain DATASET"'
const HINTS: Partial<Record<ReasonCode, string>> = {
  'agreement.none': 'ask the publisher for an agreement; its terms are shown by "hanse terms show DATASET"',
  'agreement.revoked': 'the agreement was ended: ask the publisher for another one',
  'purpose.missing': 'name the purpose: header Hanse-Purpose, or --for',
  'purpose.outside': 'name a purpose that the agreement is for',
  'lease.stale': 'this node has not heard of the publisher for too long: connect it, or open a bundle of the publisher\'s',
  'count.query-only': 'its requests are counted, so it is read at the publisher and not copied',
  'retention.receipt-overdue': 'send the receipt of deletion that is due',
  'fact.missing': 'something that the terms ask for is not known here: see "hanse terms explain DATASET"'
}

/** Allowed by the terms, and still not readable: the key did not come, or is gone. */
export function sealedRefusal (reason: string): Failure<'refused'> {
  return {
    code: 'refused', reason: `the data are sealed, and this node cannot open them: ${reason}`,
    hint: 'the publisher gives keys once an agreement stands: connect it, or open a bundle that it made for this member'
  }
}

export function refused (
  door: Door, code: ReasonCode, nowMs: number, more: Partial<Pick<DoorDecision, 'policyCid' | 'agreementId' | 'isHidden'>> & { readonly subject?: string } = {}
): DoorDecision {
  const { subject, ...rest } = more
  return {
    allow: false, door, policyCid: null, agreementId: null, evaluatedAtMs: nowMs, validUntilMs: null, dependsOn: ['membership', 'agreement'], rules: [], duties: [],
    reasons: [subject === undefined ? { code } : { code, subject }], isHidden: false, ...rest
  }
}

export function allowed (door: Door, nowMs: number): DoorDecision {
  return {
    allow: true, door, policyCid: null, agreementId: null, evaluatedAtMs: nowMs, validUntilMs: null, dependsOn: ['membership'], rules: [], duties: [], reasons: [], isHidden: false
  }
}
