import { isAtMost, type Decision, type Finding, type Policy } from '../terms/index.ts'
import type { AgreementFault } from './agreement.ts'
import type { NegotiationState, Role, TransferState } from './transitions.ts'

/** What to do next. The node makes a move of it: it gives ids, signs, and has the ledger's commitment in its pool before `finalize`. */
export type Step =
  | { readonly do: 'offer', readonly offer: Policy }
  | { readonly do: 'counter', readonly offer: Policy }
  | { readonly do: 'agree' }
  | { readonly do: 'accept' }
  | { readonly do: 'verify' }
  | { readonly do: 'finalize' }
  | { readonly do: 'terminate', readonly code: string, readonly reason: readonly string[] }
  /** A person decides. */
  | { readonly do: 'ask' }
  /** It is the other side's turn. */
  | { readonly do: 'wait' }

/** A negotiation as a strategy sees it. What does not exist yet, or does not apply to this side, is null or empty. */
export type View = {
  readonly role: Role
  readonly state: NegotiationState
  readonly dataset: string
  /** The provider's last offer in this negotiation; before there is one, what it advertises for the dataset. */
  readonly offered: Policy | null
  readonly requested: Policy | null
  /** `check` of the policy that it is about now. */
  readonly findings: readonly Finding[]
  /** Dry run of the door `negotiate`, at the provider. */
  readonly decision: Decision | null
  /** Once there is an agreement: `faultsOfAgreement`, and whether the other side's signature holds (true for a foreign one, which has none). */
  readonly faults: readonly AgreementFault[]
  readonly isSigned: boolean
  /** The last states it was in, the present one last. */
  readonly history: readonly NegotiationState[]
}

export type Strategy = (view: View) => Step

const WAIT: Step = { do: 'wait' }
const ASK: Step = { do: 'ask' }

/** What needs no strategy: an agreement is verified and finalised because it is right, and ended because it is not. */
export function automatic ({ role, state, faults, isSigned }: View): Step | undefined {
  if (role === 'consumer' && state === 'AGREED') {
    if (faults.length > 0) return { do: 'terminate', code: 'agreement', reason: [`The agreement is not what was asked for: ${faults.join(', ')}.`] }
    return isSigned ? { do: 'verify' } : { do: 'terminate', code: 'signature', reason: ['The signature of the provider does not hold.'] }
  }
  if (role === 'provider' && state === 'VERIFIED') {
    return isSigned ? { do: 'finalize' } : { do: 'terminate', code: 'signature', reason: ['The signature of the consumer does not hold.'] }
  }
  return isOurTurn(role, state) ? undefined : WAIT
}

/** A publisher's standing rules: agrees by itself to what is no wider than its offer, and leaves the rest to a person or to nobody. */
export function ruleStrategy (otherwise: 'ask' | 'terminate'): Strategy {
  return view => automatic(view) ?? (isRight(view) ? { do: view.role === 'provider' ? 'agree' : 'accept' } : exception(view, otherwise))
}

/** A person decides everything that has to be decided. */
export const inboxStrategy: Strategy = view => automatic(view) ?? ASK

function isOurTurn (role: Role, state: NegotiationState): boolean {
  return role === 'provider' ? state === 'REQUESTED' || state === 'ACCEPTED' : state === 'OFFERED'
}

/**
 * The provider agrees to what is within its offer and allowed when tried; what was accepted is its own offer. The consumer
 * accepts what gives it all that it asked for.
 */
function isRight ({ role, state, offered, requested, findings, decision }: View): boolean {
  if (findings.length > 0 || offered === null) return false
  if (role === 'consumer') return requested !== null && isAtMost(requested, offered) === 'satisfied'
  const isWithin = state === 'ACCEPTED' || (requested !== null && isAtMost(requested, offered) === 'satisfied')
  return isWithin && decision?.allow === true
}

function exception ({ findings, decision }: View, otherwise: 'ask' | 'terminate'): Step {
  if (otherwise === 'ask') return ASK
  const reasons = [...findings.map(({ reason }) => reason), ...(decision?.reasons ?? []).map(({ code }) => code)]
  return { do: 'terminate', code: 'terms', reason: reasons.length === 0 ? ['These terms go beyond what is offered.'] : reasons.slice(0, 16) }
}

/** What a scripted side does the first, second, … time it comes into a state. Nothing is said: wait. */
export type Script<S extends string, D extends string> = { readonly [state in S]?: readonly D[] }
export type NegotiationScript = Script<NegotiationState, Exclude<Step['do'], 'ask'>>
export type TransferScript = Script<TransferState, 'start' | 'complete' | 'suspend' | 'terminate' | 'wait'>

export function scripted<S extends string, D extends string> (script: Script<S, D>, state: S, visits: readonly S[]): D | undefined {
  return script[state]?.[visits.filter(each => each === state).length - 1]
}

/** Conformance mode alone: does what the script says, whatever the terms. An offer repeats what was asked for. */
export function scriptStrategy (script: NegotiationScript): Strategy {
  return ({ state, history, requested, offered }) => {
    const step = scripted(script, state, history) ?? 'wait'
    const policy = requested ?? offered
    if (step === 'terminate') return { do: step, code: 'script', reason: [] }
    if (step !== 'offer' && step !== 'counter') return { do: step }
    return policy === null ? WAIT : { do: step, offer: policy }
  }
}

const OFFER: NegotiationScript = { REQUESTED: ['offer'] }
const AGREE_FINALIZE: NegotiationScript = { REQUESTED: ['agree'], VERIFIED: ['finalize'] }
const ACCEPT: NegotiationScript = { OFFERED: ['accept'] }
const VERIFY: NegotiationScript = { AGREED: ['verify'] }

/** What the public kit wants of a provider, by dataset; conformance mode alone. */
export const PROVIDER_NEGOTIATIONS: Readonly<Record<string, NegotiationScript>> = {
  ACN0101: OFFER,
  ACN0102: { REQUESTED: ['offer', 'terminate'] },
  ACN0103: { REQUESTED: ['offer'], ACCEPTED: ['agree'], VERIFIED: ['finalize'] },
  ACN0104: AGREE_FINALIZE,
  ACN0201: { REQUESTED: ['terminate'] },
  ACN0202: {},
  ACN0203: { REQUESTED: ['agree'] },
  ACN0204: OFFER,
  ACN0205: { REQUESTED: ['offer'], OFFERED: ['terminate'] },
  ACN0206: { REQUESTED: ['offer'], ACCEPTED: ['terminate'] },
  ACN0207: { REQUESTED: ['agree'], VERIFIED: ['terminate'] },
  ACN0301: AGREE_FINALIZE,
  ACN0302: OFFER,
  ACN0303: OFFER,
  ACN0304: OFFER
}

/** … of a consumer, by dataset. */
export const CONSUMER_NEGOTIATIONS: Readonly<Record<string, NegotiationScript>> = {
  ACNC0101: { OFFERED: ['accept'], AGREED: ['verify'] },
  ACNC0102: { OFFERED: ['counter'] },
  ACNC0103: { OFFERED: ['terminate'] },
  ACNC0104: VERIFY,
  ACNC0201: {},
  ACNC0202: { REQUESTED: ['terminate'] },
  ACNC0203: { AGREED: ['terminate'] },
  ACNC0204: {},
  ACNC0205: ACCEPT,
  ACNC0206: VERIFY,
  ACNC0301: {},
  ACNC0302: {},
  ACNC0303: {},
  ACNC0304: ACCEPT,
  ACNC0305: ACCEPT,
  ACNC0306: ACCEPT
}

const START: TransferScript = { REQUESTED: ['start'] }

/** … of a provider, by agreement. */
export const PROVIDER_TRANSFERS: Readonly<Record<string, TransferScript>> = {
  ATP0101: { REQUESTED: ['start'], STARTED: ['terminate'] },
  ATP0102: { REQUESTED: ['start'], STARTED: ['complete'] },
  ATP0103: { REQUESTED: ['start'], STARTED: ['suspend'], SUSPENDED: ['terminate'] },
  ATP0104: { REQUESTED: ['start'], STARTED: ['suspend', 'complete'], SUSPENDED: ['start'] },
  ATP0105: { REQUESTED: ['terminate'] },
  ATP0201: START,
  ATP0202: START,
  ATP0203: START,
  ATP0204: START,
  ATP0205: {},
  ATP0301: {},
  ATP0302: {},
  ATP0303: START,
  ATP0304: START,
  ATP0305: START,
  ATP0306: START
}

/** … of a consumer, by agreement. */
export const CONSUMER_TRANSFERS: Readonly<Record<string, TransferScript>> = {
  ATPC0101: {},
  ATPC0102: {},
  ATPC0103: {},
  ATPC0104: {},
  ATPC0105: {},
  ATPC0201: { STARTED: ['terminate'] },
  ATPC0202: { STARTED: ['complete'] },
  ATPC0203: { STARTED: ['suspend'], SUSPENDED: ['terminate'] },
  ATPC0204: { STARTED: ['suspend', 'complete'], SUSPENDED: ['start'] },
  ATPC0205: { REQUESTED: ['terminate'] },
  ATPC0301: {},
  ATPC0302: {},
  ATPC0303: {},
  ATPC0304: {},
  ATPC0305: {},
  ATPC0306: {}
}
