import type { Reason, ReasonCode } from '../../core/terms/index.ts'

/** The closed list of reasons, each as a sentence without its end, of whoever asked. */
const SENTENCES: Readonly<Record<ReasonCode, string>> = {
  'membership.inactive': 'it is no active member of the federation',
  'agreement.none': 'there is no agreement for it',
  'agreement.revoked': 'the agreement was ended',
  'lease.stale': 'the publisher was not heard of for too long',
  'recipient.not-listed': 'it is not among those who may use it',
  'recipient.class': 'members of its kind may not use it',
  'purpose.missing': 'no purpose was named, and several agreements hold',
  'purpose.outside': 'it is not for this purpose',
  'period.before': 'the time has not come yet',
  'period.after': 'the time is over',
  'detail.raw-asset': 'only less detail may be given, and this is all of it',
  'detail.too-fine': 'it has more detail than may be given',
  'delay.too-fresh': 'it is fresher than may be given',
  'count.exhausted': 'all requests that were agreed are used up',
  'count.query-only': 'requests are counted, so it is read at its publisher and not copied',
  'records.exhausted': 'all records that were agreed for today are used up',
  'fee.no-voucher': 'nothing covers what is owed',
  'fee.credit-exhausted': 'what is owed is beyond the credit',
  'passing-on.prohibited': 'what it was made of may not be passed on',
  'passing-on.recipient': 'what it was made of may not be passed on to this member',
  'retention.receipt-overdue': 'a receipt of deletion is overdue',
  'report.overdue': 'a summary of use is overdue',
  'place.not-attested': 'it is not attested that it would be kept where it must',
  'security.not-attested': 'the security that is asked for is not attested',
  'emergency.none': 'no emergency is declared',
  'emergency.expired': 'the emergency is over',
  'emergency.outside-area': 'the emergency is somewhere else',
  'emergency.not-confirmed': 'nobody confirmed the use in the emergency',
  'action.not-permitted': 'nothing permits this',
  'action.prohibited': 'this is prohibited',
  'term.unknown': 'this node does not know a term',
  'fact.missing': 'something that the terms ask for is not known here',
  'policy.limit': 'a limit is reached'
}

/** For people, as a part of a sentence. */
export function sentenceOf ({ code, subject }: Pick<Reason, 'code' | 'subject'>): string {
  return withSubject(SENTENCES[code], subject)
}

/** Of a reason as it is written down; one that is not known here stays as it is. */
export function sentenceOfText (text: string): string {
  const [, said = '', subject] = /^([a-z.-]+)(?: \((.*)\))?$/.exec(text) ?? []
  const sentence = BY_CODE.get(said)
  return sentence === undefined ? text : withSubject(sentence, subject)
}

const BY_CODE: ReadonlyMap<string, string> = new Map(Object.entries(SENTENCES))

function withSubject (sentence: string, subject: string | undefined): string {
  return subject === undefined ? sentence : `${sentence}: ${subject}`
}
