/** What is known when one request is decided, and what each left operand sees of it. Nothing has a default. */
import type { Did } from '../identity/index.ts'
import { H3_RESOLUTION_FINEST, OPERAND, type Iri } from '../policy/index.ts'
import type { DerivationBounds, Facts, TermsRequest } from './types.ts'

/** Kleene's three values, in the order in which `and` is the least and `or` the greatest. */
export const UNSATISFIED = 0
export const UNKNOWN = 1
export const SATISFIED = 2
export type Value = typeof UNSATISFIED | typeof UNKNOWN | typeof SATISFIED

/** With several emergencies at once there is a situation for each. */
export type Situation = {
  readonly request: TermsRequest
  readonly facts: Facts
  /** Of `odrl:event` and the two beside it; undefined: unknown. */
  readonly event: string | undefined
  readonly emergencyKinds: readonly string[] | undefined
  readonly declaredBy: Did | readonly [] | undefined
}

export type Test = (situation: Situation) => Value

/** A number, a word, words as a set, or undefined: unknown. An empty set for a word: known to be none. */
export type Observed = number | string | readonly string[] | undefined

export type Observer = {
  /** Its name in `fact.missing`. */
  readonly fact: string
  readonly observe: (situation: Situation) => Observed
}

/** The sum of what was before and what is asked for now. */
function sum (before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined ? undefined : before + now
}

/** Raw data is not derived at all, so that each of its bounds is the one that hides nothing. */
function bound<T> (raw: T, of: (bounds: DerivationBounds) => T | undefined): (situation: Situation) => T | undefined {
  return ({ request: { asset } }) => {
    const derivation = asset?.derivation
    if (derivation === undefined) return undefined
    return derivation === null ? raw : of(derivation)
  }
}

/** What is owed and not yet covered by vouchers. */
function uncovered ({ facts: { payment } }: Situation): number | undefined {
  if (payment?.owedMinor === undefined || payment.vouchedMinor === undefined) return undefined
  return Math.max(0, payment.owedMinor - payment.vouchedMinor)
}

/** Operands without a line here are parameters of duties and are never seen. */
export const OBSERVERS: ReadonlyMap<Iri, Observer> = new Map<Iri, Observer>([
  [OPERAND.recipient, { fact: 'requester', observe: ({ request }) => request.requester }],
  [OPERAND.recipientClass, { fact: 'membership.classes', observe: ({ facts }) => facts.membership?.classes }],
  [OPERAND.purpose, { fact: 'purpose', observe: ({ request }) => request.purpose }],
  [OPERAND.dateTime, { fact: 'timeMs', observe: ({ request }) => request.timeMs }],
  [OPERAND.minGroupSize, { fact: 'asset.derivation.minGroupSize', observe: bound(1, ({ minGroupSize }) => minGroupSize) }],
  [OPERAND.h3Resolution, { fact: 'asset.derivation.h3Resolution', observe: bound(H3_RESOLUTION_FINEST, ({ h3Resolution }) => h3Resolution) }],
  [OPERAND.timeStep, { fact: 'asset.derivation.timeStepMs', observe: bound(0, ({ timeStepMs }) => timeStepMs) }],
  [OPERAND.fields, { fact: 'asset.derivation.redactedFields', observe: bound<readonly string[]>([], ({ redactedFields }) => redactedFields) }],
  [OPERAND.delayPeriod, { fact: 'asset.derivation.delayMs', observe: bound(0, ({ delayMs }) => delayMs) }],
  [OPERAND.count, { fact: 'counters.requests', observe: ({ facts }) => sum(facts.counters?.requests, 1) }],
  [OPERAND.requestsPerDay, { fact: 'counters.requestsToday', observe: ({ facts }) => sum(facts.counters?.requestsToday, 1) }],
  [OPERAND.recordsPerDay, { fact: 'counters.recordsToday', observe: ({ facts, request }) => sum(facts.counters?.recordsToday, request.records) }],
  [OPERAND.onwardRecipient, { fact: 'onwardRecipient', observe: ({ request }) => request.onwardRecipient }],
  [OPERAND.creditMinor, { fact: 'payment', observe: uncovered }],
  [OPERAND.storedIn, { fact: 'claims.storedIn', observe: ({ facts }) => facts.claims?.storedIn }],
  [OPERAND.securityLevel, { fact: 'claims.securityLevel', observe: ({ facts }) => facts.claims?.securityLevel }],
  [OPERAND.event, { fact: 'emergencies', observe: ({ event }) => event }],
  [OPERAND.emergencyKind, { fact: 'emergencies', observe: ({ emergencyKinds }) => emergencyKinds }],
  [OPERAND.declaredBy, { fact: 'emergencies', observe: ({ declaredBy }) => declaredBy }]
])

/** In several situations a rule holds if it does in one of them. */
export function greatest (test: Test, situations: readonly Situation[]): Value {
  let value: Value = UNSATISFIED
  for (const situation of situations) {
    const here = test(situation)
    if (here > value) value = here
  }
  return value
}
