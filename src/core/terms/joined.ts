/**
 * Holds joined data to the strictest of its sources.
 *
 * Allowed is what one's own policy allows to the requester and every source of others allows to pass on to it: action `distribute`
 * at the door `reshare`, oneself as the requester under the agreement of that source, with the purpose and time of the request, and
 * with the bounds that `coarser` gives. A source of one's own adds no policy, but its own sources count. A source that lets
 * results be published drops out where what was made of it is summarised with groups as large as it asks for; nothing else removes one.
 */
import type { CompiledPolicy, Decision, DerivationBounds } from '../decision/index.ts'
import { ACTION, integerOf, OPERAND, OPERATOR, type Policy } from '../policy/index.ts'
import { formOfPolicy } from './extracting.ts'
import type { TermsForm } from './form.ts'
import { isFormAtMost, type Ternary } from './strictest.ts'

/** `path`: datasets from the one asked for to the source. */
export type SourceDecision = { readonly decision: Joinable, readonly path: readonly string[] }
/** Where there is no policy to ask there is none to name. */
type Joinable = Omit<Decision, 'policyCid'>

/** One's own decision and those of all sources at once; reports and reasons of sources name them. */
export function joinDecisions<D extends Joinable> (own: D, sources: readonly SourceDecision[]): D {
  const all = [own, ...sources.map(({ decision }) => decision)]
  const timesMs = all.flatMap(({ validUntilMs }) => validUntilMs ?? [])
  return {
    ...own,
    allow: all.every(({ allow }) => allow),
    validUntilMs: timesMs.length === 0 ? null : Math.min(...timesMs),
    dependsOn: [...new Set(all.flatMap(({ dependsOn }) => dependsOn))],
    rules: [...own.rules, ...sources.flatMap(({ decision, path }) => decision.rules.map(rule => ({ ...rule, source: path })))],
    duties: [...own.duties, ...sources.flatMap(({ decision, path }) => decision.duties.map(duty => ({ ...duty, source: path })))],
    reasons: [...own.reasons, ...sources.flatMap(({ decision, path }) => decision.reasons.map(reason => ({ ...reason, source: path })))]
  }
}

/** Bounds of what was made of a source: no finer than it, nor than what was made. null: raw, or nothing was done. */
export function coarser (source: DerivationBounds | null, made: DerivationBounds | null): DerivationBounds | null {
  if (source === null || made === null) return source ?? made
  const choose = (name: 'minGroupSize' | 'h3Resolution' | 'timeStepMs' | 'delayMs', of: (...values: number[]) => number): DerivationBounds => {
    const known = [source[name], made[name]].filter(value => value !== undefined)
    return known.length === 0 ? {} : { [name]: of(...known) }
  }
  return {
    ...choose('minGroupSize', Math.max), ...choose('h3Resolution', Math.min), ...choose('timeStepMs', Math.max), ...choose('delayMs', Math.max),
    redactedFields: [...new Set([...source.redactedFields ?? [], ...made.redactedFields ?? []])],
    operations: [...new Set([...source.operations ?? [], ...made.operations ?? []])]
  }
}

/** Clause 7, "results": each prohibition to pass on is lifted for groups of some size, and what was made has groups as large. */
export function isReleased (source: { readonly policy: Policy, readonly compiled: CompiledPolicy }, made: DerivationBounds | null): boolean {
  if (made?.operations?.includes('summarise') !== true || source.compiled.unknownTerms.length > 0) return false
  const size = made.minGroupSize ?? 1
  const prohibitions = source.policy.prohibitions.filter(({ action }) => action === ACTION.distribute || action === ACTION.use)
  return prohibitions.length > 0 && prohibitions.every(({ constraints }) => constraints.some(constraint =>
    constraint.type === 'atomic' && constraint.leftOperand === OPERAND.minGroupSize && constraint.operator === OPERATOR.lt &&
    size >= (integerOf(constraint.rightOperand[0] ?? '') ?? Number.POSITIVE_INFINITY)))
}

/**
 * Whether an offer of what was made of a source that is not released may be advertised: no wider in clauses 2 to 8 and 11 to 14,
 * and for nobody to whom the source may not be passed on. Fees add up and reports unite, so that these do not count.
 */
export function isWithinSource (offer: Policy, source: Policy): Ternary {
  const [own, theirs] = [formOfPolicy(offer), formOfPolicy(source)]
  if (own === undefined || theirs === undefined) return 'unknown'
  return isAudienceWithin(own, theirs) ? isFormAtMost(comparable(own), comparable(theirs)) : 'unsatisfied'
}

function isAudienceWithin ({ audience }: TermsForm, { passOn }: TermsForm): boolean {
  if (passOn.type === 'free') return true
  return 'members' in passOn && audience.type === 'named' && audience.members.every(member => passOn.members.includes(member))
}

function comparable (form: TermsForm): TermsForm {
  return { ...form, audience: { type: 'anyone' }, fee: null, reportEveryMs: null, creditTexts: [], informOnPublication: false }
}
