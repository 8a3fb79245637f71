import {
  boolean, cidOfText, fail, integer, list, literal, matching, nullable, ok, struct, uint, union, utf8, type Result, type Schema
} from '../../base/index.ts'
import type { Did } from '../identity/index.ts'
import {
  DAY_MS, EMERGENCY_KINDS, GROUP_SIZE_MIN, H3_RESOLUTION_FINEST, isKnownPurpose, LIST_VALUES_MAX, PURPOSE_NS, TEXT_BYTES_MAX, TIME_MS_MAX, TIME_MS_MIN, type Iri
} from '../policy/index.ts'

/** Clause 1. `federation` is the CID of the charter as text. */
export type Audience =
  | { readonly type: 'anyone' }
  | { readonly type: 'members', readonly federation: string }
  | { readonly type: 'named', readonly members: readonly Did[] }
  | { readonly type: 'classes', readonly classes: readonly string[] }

/** Clause 7. `free` goes with data for anyone alone. */
export type PassingOn =
  | { readonly type: 'no' }
  | { readonly type: 'named', readonly members: readonly Did[] }
  | { readonly type: 'results', readonly minGroupSize: number }
  | { readonly type: 'named-or-results', readonly members: readonly Did[], readonly minGroupSize: number }
  | { readonly type: 'free' }

/** Clause 9: `amountMinor` for every `count` of `unit`. Integers of the smallest unit of the currency (ISO 4217). */
export type Fee = {
  readonly amountMinor: number
  readonly currency: string
  readonly count: number
  readonly unit: 'records' | 'requests'
  readonly creditMinor: number
}

/** Clause 11, in the order of the policy. */
export const NEVER = ['contactPersons', 'linkPersons', 'reidentify', 'trainModels'] as const
export type NeverAction = typeof NEVER[number]

/** Clause 13. `sealed`: responders hold a wrapped key beforehand. */
export type EmergencyClause = {
  readonly kinds: readonly string[]
  readonly officials: readonly Did[]
  readonly responders: readonly Did[]
  readonly mode: 'online' | 'sealed'
  readonly mayPassOn: boolean
}

/**
 * The clauses of an offer, 1 to 13, as a person sets them. null or an empty list: the clause is not set.
 * Clause 14, visibility and the legal notice belong to the dataset and are never part of an offer: `DatasetForm`.
 */
export type TermsForm = {
  readonly audience: Audience
  readonly purposes: readonly Iri[]
  readonly fromMs: number | null
  /** The last moment that it holds. */
  readonly untilMs: number | null
  readonly summarise: { readonly minGroupSize: number } | null
  readonly redactFields: readonly string[]
  readonly h3ResolutionMax: number | null
  readonly timeStepMs: number | null
  readonly delayMs: number | null
  readonly requestsPerDayMax: number | null
  readonly requestsMax: number | null
  readonly recordsPerDayMax: number | null
  readonly passOn: PassingOn
  readonly keep: { readonly keepMs: number, readonly from: 'receipt' | 'agreement-end' } | null
  readonly fee: Fee | null
  readonly reportEveryMs: number | null
  readonly creditTexts: readonly string[]
  readonly informOnPublication: boolean
  readonly never: readonly NeverAction[]
  readonly storedIn: readonly string[]
  readonly securityLevelMin: number | null
  readonly emergency: EmergencyClause | null
}

/** Clause 14: who may keep copies that they cannot read. */
export type Replicas = 'members' | 'recipients' | 'nobody'

/** What a dataset says of itself, beside its offer. */
export type DatasetForm = {
  readonly replicas: Replicas
  readonly licence: string | null
  readonly legalNotice: string | null
}

/** What is wrong in a form, in which field (a JSON pointer), and what to do. */
export type FormFailure = {
  readonly code: 'malformed' | 'contradiction' | 'limit'
  readonly position: string
  readonly reason: string
  readonly remedy: string
}

/** Durations end here: some thousand years. */
const DURATION_MS_MAX: number = 1_000_000 * DAY_MS
const SECURITY_LEVEL_MAX = 100

const line: Schema<string> = (value, path) => {
  const isLine = typeof value === 'string' && value !== '' && value.isWellFormed() && value.normalize('NFC') === value && !/\p{Cc}/u.test(value)
  return isLine && utf8(value).length <= TEXT_BYTES_MAX ? ok(value) : fail({ path, expected: `one line of 1 to ${TEXT_BYTES_MAX} bytes` })
}
const did: Schema<Did> = matching(/^did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,400}$/, 'a DID, for example did:key:z6Mk…')
const federation: Schema<string> = (value, path) => typeof value === 'string' && cidOfText(value) !== undefined
  ? ok(value)
  : fail({ path, expected: 'the CID of a charter, as text' })
const purpose: Schema<Iri> = (value, path) => typeof value === 'string' && value.startsWith(PURPOSE_NS) && isKnownPurpose(value)
  ? ok(value)
  : fail({ path, expected: `a purpose of the list, for example ${PURPOSE_NS}waste.collection` })
const seconds: Schema<number> = (value, path) => typeof value === 'number' && value >= 1_000 && value <= DURATION_MS_MAX && value % 1_000 === 0
  ? ok(value)
  : fail({ path, expected: `a length of whole seconds in milliseconds, from 1000 to ${DURATION_MS_MAX}` })
const timeMs: Schema<number> = integer(TIME_MS_MIN, TIME_MS_MAX)
const atLeastOne: Schema<number> = integer(1, Number.MAX_SAFE_INTEGER)
const groupSize: Schema<number> = integer(GROUP_SIZE_MIN, Number.MAX_SAFE_INTEGER)

/** Sets are written sorted and without repetition, so that one meaning has one form. */
function set<T extends string> (inner: Schema<T>, min = 0): Schema<readonly T[]> {
  const given = list(inner, LIST_VALUES_MAX, min)
  return (value, path) => {
    const parsed = given(value, path)
    return parsed.ok ? ok([...new Set(parsed.value)].toSorted()) : parsed
  }
}

const audience = union('type', {
  'anyone': struct({ type: literal('anyone') }),
  'members': struct({ type: literal('members'), federation }),
  'named': struct({ type: literal('named'), members: set(did, 1) }),
  'classes': struct({ type: literal('classes'), classes: set(line, 1) })
})
const passOn = union('type', {
  'no': struct({ type: literal('no') }),
  'named': struct({ type: literal('named'), members: set(did, 1) }),
  'results': struct({ type: literal('results'), minGroupSize: groupSize }),
  'named-or-results': struct({ type: literal('named-or-results'), members: set(did, 1), minGroupSize: groupSize }),
  'free': struct({ type: literal('free') })
})
const formSchema = struct({
  audience,
  purposes: set(purpose),
  fromMs: nullable(timeMs),
  untilMs: nullable(timeMs),
  summarise: nullable(struct({ minGroupSize: groupSize })),
  redactFields: set(line),
  h3ResolutionMax: nullable(integer(0, H3_RESOLUTION_FINEST)),
  timeStepMs: nullable(seconds),
  delayMs: nullable(seconds),
  requestsPerDayMax: nullable(atLeastOne),
  requestsMax: nullable(atLeastOne),
  recordsPerDayMax: nullable(atLeastOne),
  passOn,
  keep: nullable(struct({ keepMs: seconds, from: literal('receipt', 'agreement-end') })),
  fee: nullable(struct({
    amountMinor: atLeastOne,
    currency: matching(/^[A-Z]{3}$/, 'a currency of ISO 4217, for example EUR'),
    count: atLeastOne,
    unit: literal('records', 'requests'),
    creditMinor: uint()
  })),
  reportEveryMs: nullable(seconds),
  creditTexts: set(line),
  informOnPublication: boolean(),
  never: set(literal(...NEVER)),
  storedIn: set(matching(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'a country of ISO 3166, for example DE')),
  securityLevelMin: nullable(uint(SECURITY_LEVEL_MAX)),
  emergency: nullable(struct({
    kinds: set(literal(...EMERGENCY_KINDS), 1),
    officials: set(did, 1),
    responders: set(did, 1),
    mode: literal('online', 'sealed'),
    mayPassOn: boolean()
  }))
})

/** A form as it comes from outside, with its lists in order; or what is wrong with it. Refuses what contradicts itself. */
export function readForm (json: unknown): Result<TermsForm, FormFailure> {
  const parsed = formSchema(json, '')
  if (!parsed.ok) {
    const { path, expected } = parsed.failure
    return fail({ code: 'malformed', position: pointerOf(path), reason: `Expected here: ${expected}.`, remedy: 'Correct this field.' })
  }
  const form: TermsForm = parsed.value
  const found = contradictionIn(form)
  return found === undefined ? ok(form) : fail(found)
}

/** `.audience.members[0]` of a schema as a JSON pointer. */
function pointerOf (path: string): string {
  return path.replaceAll('[', '/').replaceAll(']', '').replaceAll('.', '/')
}

function contradictionIn (form: TermsForm): FormFailure | undefined {
  const { fromMs, untilMs, passOn, audience, emergency } = form
  if (fromMs !== null && untilMs !== null && fromMs >= untilMs) {
    return contradiction('/untilMs', 'The period ends before it begins.', 'Set an end that is later than the beginning.')
  }
  if (passOn.type === 'free' && audience.type !== 'anyone') {
    return contradiction('/passOn', 'What may be passed on to anybody is for anyone.', 'Open the audience to anyone, or limit passing on.')
  }
  if (passOn.type === 'free' && emergency?.mayPassOn === true) {
    return contradiction('/emergency/mayPassOn', 'There is nothing to lift: everybody may pass it on.', 'Unset it.')
  }
  return undefined
}

function contradiction (position: string, reason: string, remedy: string): FormFailure {
  return { code: 'contradiction', position, reason, remedy }
}
