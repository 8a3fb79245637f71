import { fail, list, literal, matching, nullable, ok, uint, type CID, type CodecFailure, type Result, type Schema } from '../../base/index.ts'
import { statementIdSchema } from '../feed/index.ts'
import type { Did, Statement } from '../identity/index.ts'
import { isH3Cell } from './cell.ts'
import { EMERGENCY_BYTES_MAX, EMERGENCY_CELLS_MAX, EMERGENCY_END_BYTES_MAX } from './limits.ts'
import { bodyOf, decodeSaid, formOf, hear, type Hearing, type Said, type SaidFailure } from './said.ts'

export const EMERGENCY_KINDS = [
  'flood', 'fire', 'storm', 'earthquake', 'chemical', 'power-outage', 'water-outage', 'mass-casualty', 'infrastructure', 'other'
] as const
export type EmergencyKind = typeof EMERGENCY_KINDS[number]

/** 72 hours; what lasts longer is declared again. */
export const EMERGENCY_LIFETIME_MS_MAX = 259_200_000
/** Average cells of 253 and of 0.1 km². */
const EMERGENCY_RESOLUTION_MIN = 5
const EMERGENCY_RESOLUTION_MAX = 9

export type EmergencyFields = {
  readonly federation: CID
  /** The incident, as operators name it: a to z, 0 to 9 and -. */
  readonly id: string
  /** In the order of the alphabet. */
  readonly kinds: readonly EmergencyKind[]
  /** H3 cells of resolution 5 to 9, ascending. */
  readonly area: readonly string[]
  readonly declaredAtMs: number
  /** The first instant at which it is over. */
  readonly expiresAtMs: number
  /** The declaration that this one continues. */
  readonly supersedes: CID | null
}
export type Emergency = Said<EmergencyFields>

export type EmergencyEndFields = {
  readonly federation: CID
  /** The declaration that is withdrawn. */
  readonly emergency: CID
  readonly timeMs: number
}
export type EmergencyEnd = Said<EmergencyEndFields>

export type EmergencyEndFailure = SaidFailure | { readonly code: 'unknown-emergency', readonly emergency: CID }

/** Whether a text names a cell that a declaration may. */
export function isEmergencyCell (text: string): boolean {
  return isH3Cell(text, EMERGENCY_RESOLUTION_MIN, EMERGENCY_RESOLUTION_MAX)
}

const cellSchema: Schema<string> = (value, path) =>
  typeof value === 'string' && isEmergencyCell(value)
    ? ok(value)
    : fail({ path, expected: `an H3 cell of resolution ${EMERGENCY_RESOLUTION_MIN} to ${EMERGENCY_RESOLUTION_MAX}` })

const form = formOf('emergency', {
  federation: statementIdSchema,
  id: matching(/^[a-z0-9-]{1,64}$/, '1 to 64 of a-z, 0-9 and -'),
  kinds: ascending(list(literal(...EMERGENCY_KINDS), EMERGENCY_KINDS.length, 1)),
  area: ascending(list(cellSchema, EMERGENCY_CELLS_MAX, 1)),
  declaredAtMs: uint(),
  expiresAtMs: uint(),
  supersedes: nullable(statementIdSchema)
}, ({ declaredAtMs, expiresAtMs }) => expiresAtMs > declaredAtMs && expiresAtMs - declaredAtMs <= EMERGENCY_LIFETIME_MS_MAX
  ? undefined
  : { path: 'expiresAtMs', expected: 'a time within 72 hours of the declaration' })

const endForm = formOf('emergency-end', { federation: statementIdSchema, emergency: statementIdSchema, timeMs: uint() })

/** In order and once each: one set has one list. */
function ascending<T extends string> (inner: Schema<readonly T[]>): Schema<readonly T[]> {
  return (value, path) => {
    const parsed = inner(value, path)
    if (!parsed.ok) return parsed
    const unordered = parsed.value.findIndex((each, at) => at > 0 && each <= (parsed.value[at - 1] ?? ''))
    return unordered < 0 ? parsed : fail({ path: `${path}[${unordered}]`, expected: 'ascending order, each once' })
  }
}

/** The body to sign. */
export function emergencyBody (fields: EmergencyFields): Uint8Array {
  return bodyOf(form, fields)
}

export function emergencyEndBody (fields: EmergencyEndFields): Uint8Array {
  return bodyOf(endForm, fields)
}

/** What a statement declares. Who signed it is not looked at: that is `admitEmergency`. */
export function decodeEmergency (statement: Statement): Result<Emergency, CodecFailure> {
  return decodeSaid(form.schema, statement, EMERGENCY_BYTES_MAX)
}

export function decodeEmergencyEnd (statement: Statement): Result<EmergencyEnd, CodecFailure> {
  return decodeSaid(endForm.schema, statement, EMERGENCY_END_BYTES_MAX)
}

/** The declaration in an envelope and who declares. Any member may; it opens only what names this member as an official. */
export function admitEmergency (
  envelope: Uint8Array, hearing: Hearing
): Result<{ readonly emergency: Emergency, readonly declaredBy: Did }, SaidFailure> {
  const heard = hear(envelope, EMERGENCY_BYTES_MAX, decodeEmergency, ({ declaredAtMs }) => declaredAtMs, hearing)
  return heard.ok ? ok({ emergency: heard.value.said, declaredBy: heard.value.by }) : heard
}

/** The end of a declared emergency, if whoever declared it says so. */
export function admitEmergencyEnd (
  envelope: Uint8Array, hearing: Hearing, declarerOf: (emergency: CID) => Did | undefined
): Result<EmergencyEnd, EmergencyEndFailure> {
  const heard = hear(envelope, EMERGENCY_END_BYTES_MAX, decodeEmergencyEnd, ({ timeMs }) => timeMs, hearing)
  if (!heard.ok) return heard
  const { said, by } = heard.value
  const declarer = declarerOf(said.emergency)
  if (declarer === undefined) return fail({ code: 'unknown-emergency', emergency: said.emergency })
  return by === declarer ? ok(said) : fail({ code: 'not-theirs', speaker: by })
}
