/** Random forms, and facts and requests under which a form can be asked. */
import fc from 'fast-check'
import type { Audience, EmergencyClause, Fee, PassingOn, TermsForm } from '../../src/core/terms/index.ts'
import { ADA, BEN, CLEO, FEDERATION } from './terms.cases.ts'

const PURPOSES = ['waste', 'waste.collection', 'emergency.response', 'mobility', 'mobility.parking'].map(name => `urn:hanse:purpose:1:${name}`)
const DIDS = [ADA, BEN, CLEO]

/** As JSON gives them: with a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
/** Lists of a form are sets: sorted, without repetition. */
const setOf = <T extends string> (values: readonly T[], minLength = 0): fc.Arbitrary<T[]> =>
  fc.subarray([...values].toSorted(), { minLength })
const optional = <T> (inner: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(inner, { nil: null, freq: 1 })
const seconds = fc.constantFrom(1_000, 60_000, 900_000, 3_600_000, 5_400_000, 86_400_000, 90_000_000, 2_592_000_000)
const count = fc.oneof(fc.constantFrom(1, 5, 10, 100), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
const group = fc.constantFrom(5, 10, 12, 100)

const audience: fc.Arbitrary<Audience> = fc.oneof(
  fc.constant({ type: 'anyone' as const }),
  fc.constant({ type: 'members' as const, federation: FEDERATION }),
  record({ type: fc.constant('named' as const), members: setOf(DIDS, 1) }),
  record({ type: fc.constant('classes' as const), classes: setOf(['municipality', 'utility', 'company'], 1) })
)
const passOn: fc.Arbitrary<PassingOn> = fc.oneof(
  fc.constant({ type: 'no' as const }),
  fc.constant({ type: 'free' as const }),
  record({ type: fc.constant('named' as const), members: setOf(DIDS, 1) }),
  record({ type: fc.constant('results' as const), minGroupSize: group }),
  record({ type: fc.constant('named-or-results' as const), members: setOf(DIDS, 1), minGroupSize: group })
)
const fee: fc.Arbitrary<Fee> = record({
  amountMinor: count, currency: fc.constantFrom('EUR', 'USD', 'JPY', 'CHF'), count, unit: fc.constantFrom('records' as const, 'requests' as const),
  creditMinor: fc.constantFrom(0, 5, 500)
})
const emergency: fc.Arbitrary<EmergencyClause> = record({
  kinds: setOf(['flood', 'fire', 'storm'], 1), officials: setOf(DIDS, 1), responders: setOf(DIDS, 1), mode: fc.constantFrom('online' as const, 'sealed' as const),
  mayPassOn: fc.boolean()
})
const times = fc.uniqueArray(fc.integer({ min: 1_764_590_400_000 - 20, max: 1_764_590_400_000 + 20 }), { minLength: 2, maxLength: 2 })

export const arbitraryForm: fc.Arbitrary<TermsForm> = record({
  audience,
  purposes: setOf(PURPOSES),
  times,
  hasFrom: fc.boolean(),
  hasUntil: fc.boolean(),
  summarise: optional(record({ minGroupSize: group })),
  redactFields: setOf(['plate', 'driverName', 'odd "name"']),
  h3ResolutionMax: optional(fc.constantFrom(0, 5, 7, 15)),
  timeStepMs: optional(seconds),
  delayMs: optional(seconds),
  requestsPerDayMax: optional(count),
  requestsMax: optional(count),
  recordsPerDayMax: optional(count),
  passOn,
  keep: optional(record({ keepMs: seconds, from: fc.constantFrom('receipt' as const, 'agreement-end' as const) })),
  fee: optional(fee),
  reportEveryMs: optional(seconds),
  creditTexts: setOf(['City of Riverton', 'Stadt Ada']),
  informOnPublication: fc.boolean(),
  never: setOf(['contactPersons', 'linkPersons', 'reidentify', 'trainModels'] as const),
  storedIn: setOf(['DE', 'NL', 'US-WA']),
  securityLevelMin: optional(fc.constantFrom(0, 1, 2)),
  emergency: optional(emergency)
}).map(({ times: [one = 0, other = 0], hasFrom, hasUntil, ...form }): TermsForm => {
  const isFree = form.passOn.type === 'free'
  return {
    ...form,
    fromMs: hasFrom ? Math.min(one, other) : null,
    untilMs: hasUntil ? Math.max(one, other) : null,
    passOn: isFree && form.audience.type !== 'anyone' ? { type: 'no' } : form.passOn,
    emergency: form.emergency === null ? null : { ...form.emergency, mayPassOn: form.emergency.mayPassOn && !isFree }
  }
})

/** The same form with some clauses taken from another: so that the two are often comparable. */
export function mixed (form: TermsForm, other: TermsForm, chosen: readonly boolean[]): TermsForm {
  const names = Object.keys(form) as (keyof TermsForm)[]
  const taken = Object.fromEntries(names.filter((_, at) => chosen[at] === true).map(name => [name, other[name]]))
  return { ...form, ...taken }
}
