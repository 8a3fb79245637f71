/**
 * Meets terms: clause by clause the stricter of two, by the column "strictest" of the note on terms; and says whether one is no
 * wider than another.
 *
 * A meet is never wider than either side. `empty`: the two leave nothing. `incomparable`: no form says both, as with fees in two
 * currencies. `a` is at most `b` where meeting `b` changes nothing in it.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import { coversPurpose, type Policy } from '../policy/index.ts'
import { policyOfForm } from './composing.ts'
import { formOfPolicy } from './extracting.ts'
import { NEVER, type Audience, type EmergencyClause, type Fee, type PassingOn, type TermsForm } from './form.ts'

/** Unknown: one of the two says what no form can say, or what cannot be compared. */
export type Ternary = 'satisfied' | 'unsatisfied' | 'unknown'
export type MeetFailure = { readonly code: 'empty' | 'incomparable', readonly clause: number }

/** Whether `a` allows nothing that `b` does not, and asks for all that `b` asks for. */
export function isAtMost (a: Policy, b: Policy): Ternary {
  if (a.policyCid.equals(b.policyCid)) return 'satisfied'
  const [one, other] = [formOfPolicy(a), formOfPolicy(b)]
  if (one === undefined || other === undefined) return 'unknown'
  return isFormAtMost(one, other)
}

export function isFormAtMost (a: TermsForm, b: TermsForm): Ternary {
  const met = meetOfForms(a, b)
  if (!met.ok) return met.failure.code === 'empty' ? 'unsatisfied' : 'unknown'
  const [same, before] = [policyOfForm(met.value), policyOfForm(a)]
  if (!same.ok || !before.ok) return 'unknown'
  return same.value.policyCid.equals(before.value.policyCid) ? 'satisfied' : 'unsatisfied'
}

export function meetOfForms (a: TermsForm, b: TermsForm): Result<TermsForm, MeetFailure> {
  const audience = meetAudience(a.audience, b.audience)
  if (typeof audience === 'string') return fail({ code: audience, clause: 1 })
  const purposes = meetPurposes(a.purposes, b.purposes)
  if (purposes === undefined) return fail({ code: 'empty', clause: 2 })
  const fromMs = most(a.fromMs, b.fromMs)
  const untilMs = least(a.untilMs, b.untilMs)
  if (fromMs !== null && untilMs !== null && fromMs >= untilMs) return fail({ code: 'empty', clause: 3 })
  const fee = meetFee(a.fee, b.fee)
  if (fee === undefined) return fail({ code: 'incomparable', clause: 9 })
  const storedIn = meetLists(a.storedIn, b.storedIn)
  if (storedIn === undefined) return fail({ code: 'empty', clause: 12 })
  const minGroupSize = most(a.summarise?.minGroupSize ?? null, b.summarise?.minGroupSize ?? null)
  const passOn = meetPassingOn(a.passOn, b.passOn)
  return ok({
    audience,
    purposes,
    fromMs,
    untilMs,
    summarise: minGroupSize === null ? null : { minGroupSize },
    redactFields: union(a.redactFields, b.redactFields),
    h3ResolutionMax: least(a.h3ResolutionMax, b.h3ResolutionMax),
    timeStepMs: most(a.timeStepMs, b.timeStepMs),
    delayMs: most(a.delayMs, b.delayMs),
    requestsPerDayMax: least(a.requestsPerDayMax, b.requestsPerDayMax),
    requestsMax: least(a.requestsMax, b.requestsMax),
    recordsPerDayMax: least(a.recordsPerDayMax, b.recordsPerDayMax),
    passOn,
    keep: meetKeep(a.keep, b.keep),
    fee,
    reportEveryMs: least(a.reportEveryMs, b.reportEveryMs),
    creditTexts: union(a.creditTexts, b.creditTexts),
    informOnPublication: a.informOnPublication || b.informOnPublication,
    never: NEVER.filter(name => a.never.includes(name) || b.never.includes(name)),
    storedIn,
    securityLevelMin: most(a.securityLevelMin, b.securityLevelMin),
    emergency: meetEmergency(a, b, passOn)
  })
}

function least (a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}

function most (a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}

function union (a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].toSorted()
}

function intersection (a: readonly string[], b: readonly string[]): readonly string[] {
  return a.filter(each => b.includes(each))
}

/** An empty list says nothing, and so allows all; undefined where nothing is left. */
function meetLists (a: readonly string[], b: readonly string[]): readonly string[] | undefined {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  const both = intersection(a, b)
  return both.length === 0 ? undefined : both
}

/** Of what one names, that which the other covers. */
function meetPurposes (a: readonly string[], b: readonly string[]): readonly string[] | undefined {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  const within = (list: readonly string[], other: readonly string[]): readonly string[] =>
    list.filter(purpose => other.some(listed => coversPurpose(listed, purpose)))
  const both = union(within(a, b), within(b, a))
  return both.length === 0 ? undefined : both
}

/** Whoever is named or of a kind is a member where it is served: membership comes before every rule. */
function meetAudience (a: Audience, b: Audience): Audience | MeetFailure['code'] {
  if (a.type === 'anyone') return b
  if (b.type === 'anyone') return a
  if (a.type === 'members' && b.type === 'members') return a.federation === b.federation ? a : 'empty'
  if (a.type === 'members') return b
  if (b.type === 'members') return a
  if (a.type === 'named' && b.type === 'named') {
    const members = intersection(a.members, b.members)
    return members.length === 0 ? 'empty' : { type: 'named', members }
  }
  if (a.type === 'classes' && b.type === 'classes') {
    // Whoever is of two kinds is in both; that is not said by either list.
    const classes = intersection(a.classes, b.classes)
    return classes.length === 0 ? 'incomparable' : { type: 'classes', classes }
  }
  return 'incomparable'
}

/** "No" wins. What one allows by name and the other as results, none allows alone. */
function meetPassingOn (a: PassingOn, b: PassingOn): PassingOn {
  if (a.type === 'free') return b
  if (b.type === 'free') return a
  const members = intersection('members' in a ? a.members : [], 'members' in b ? b.members : [])
  const minGroupSize = 'minGroupSize' in a && 'minGroupSize' in b ? Math.max(a.minGroupSize, b.minGroupSize) : null
  if (members.length === 0) return minGroupSize === null ? { type: 'no' } : { type: 'results', minGroupSize }
  return minGroupSize === null ? { type: 'named', members } : { type: 'named-or-results', members, minGroupSize }
}

/** From receipt is never later than from the end of the agreement. */
function meetKeep (a: TermsForm['keep'], b: TermsForm['keep']): TermsForm['keep'] {
  if (a === null || b === null) return a ?? b
  return { keepMs: Math.min(a.keepMs, b.keepMs), from: a.from === 'receipt' || b.from === 'receipt' ? 'receipt' : 'agreement-end' }
}

/** undefined: no one fee is as high as both. */
function meetFee (a: Fee | null, b: Fee | null): Fee | null | undefined {
  if (a === null || b === null) return a ?? b
  if (a.currency !== b.currency || a.unit !== b.unit || a.count !== b.count) return undefined
  return { ...a, amountMinor: Math.max(a.amountMinor, b.amountMinor), creditMinor: Math.min(a.creditMinor, b.creditMinor) }
}

/** Absent in one: none. */
function meetEmergency ({ emergency: a }: TermsForm, { emergency: b }: TermsForm, passOn: PassingOn): EmergencyClause | null {
  if (a === null || b === null) return null
  const kinds = intersection(a.kinds, b.kinds)
  const officials = intersection(a.officials, b.officials)
  const responders = intersection(a.responders, b.responders)
  if (kinds.length === 0 || officials.length === 0 || responders.length === 0) return null
  return {
    kinds, officials, responders, mode: a.mode === 'sealed' && b.mode === 'sealed' ? 'sealed' : 'online',
    mayPassOn: a.mayPassOn && b.mayPassOn && passOn.type !== 'free'
  }
}
