import {
  boolean, bytes, bytesOfHex, cid, concat, decodeCanonical, encodeCanonical, fail, hex, list, literal, nullable, ok, struct, text, tuple, uint, union,
  type CodecFailure, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import { decimalOf, DIGITS_MAX, textOfDecimal, type Decimal, type Scalar } from '../rows/index.ts'
import { Derivation, nameOfGroup, type State, type Window } from './derivation.ts'
import type { Group, Sample } from './group.ts'
import { FIELD_LENGTH_MAX, GROUP_FIELDS_MAX, GROUP_TEXT_LENGTH_MAX, MEASURES_MAX, STATE_BYTES_MAX, STATE_ITEMS_MAX, SUM_DIGITS_MAX } from './limits.ts'
import { recipeCid, type Recipe } from './recipe.ts'

const ENTITY_DIGEST_BYTES = 16

const decimal: Schema<Decimal> = (value, path) => {
  const parsed = typeof value === 'string' ? decimalOf(value, SUM_DIGITS_MAX) : undefined
  return parsed === undefined || value !== textOfDecimal(parsed) ? fail({ path, expected: 'a number in its one form' }) : ok(parsed)
}
const digests = bytes(0, STATE_ITEMS_MAX * ENTITY_DIGEST_BYTES)
const anyText: Schema<string> = (value, path) => typeof value === 'string' && value.length <= GROUP_TEXT_LENGTH_MAX
  ? ok(value)
  : fail({ path, expected: 'a value' })
const scalar = nullable(union('type', {
  text: struct({ type: literal('text'), text: anyText }),
  number: struct({ type: literal('number'), text: text(2 * DIGITS_MAX + 2) }),
  boolean: struct({ type: literal('boolean'), value: boolean() })
}))
const sampleSchema = struct({
  field: text(FIELD_LENGTH_MAX), count: uint(), sum: decimal, min: nullable(decimal), max: nullable(decimal),
  values: nullable(list(tuple(decimal, uint()), STATE_ITEMS_MAX)), entities: digests, shown: uint()
})
const stateSchema = struct({
  v: literal(1),
  recipe: cid(),
  next: uint(),
  nowMs: uint(),
  forgottenMs: uint(),
  tally: struct({ taken: uint(), malformed: uint(), late: uint(), ahead: uint() }),
  windows: list(struct({
    startMs: uint(),
    groups: list(struct({
      by: list(scalar, GROUP_FIELDS_MAX), rows: uint(), entities: digests, dueMs: uint(), decided: nullable(uint()), shown: uint(), samples: list(sampleSchema, MEASURES_MAX)
    }), STATE_ITEMS_MAX)
  }), STATE_ITEMS_MAX)
})

/** A derivation that begins at record `first` of its source. */
export function beginDerivation (recipe: Recipe, first: number): Derivation {
  return new Derivation(recipe, {
    next: first, nowMs: 0, forgottenMs: 0, tally: { taken: 0, malformed: 0, late: 0, ahead: 0 }, windows: new Map()
  })
}

/** Where a derivation stands, so that it can be gone on with from there. Holds values of the source: it is as confidential. */
export function encodeState ({ recipe, state }: Derivation): Uint8Array {
  return encodeCanonical({
    v: 1, recipe: recipeCid(recipe), next: state.next, nowMs: state.nowMs, forgottenMs: state.forgottenMs, tally: { ...state.tally },
    windows: [...state.windows.values()].toSorted((a, b) => a.startMs - b.startMs).map(({ startMs, groups }) => ({
      startMs, groups: [...groups].toSorted(([a], [b]) => a < b ? -1 : 1).map(([, { by, rows, entities, dueMs, decided, shown, samples }]) => ({
        by, rows, entities: blobOf(entities), dueMs, decided, shown, samples: [...samples].map(([field, sample]) => encodedSample(field, sample))
      }))
    }))
  })
}

function encodedSample (field: string, { count, sum, min, max, values, entities, shown }: Sample): {
  readonly field: string, readonly count: number, readonly sum: string, readonly min: string | null, readonly max: string | null
  readonly values: readonly (readonly [string, number])[] | null, readonly entities: Uint8Array, readonly shown: number
} {
  return {
    field, count, sum: textOfDecimal(sum), min: min === null ? null : textOfDecimal(min), max: max === null ? null : textOfDecimal(max),
    values: values === null ? null : [...values].toSorted(([a], [b]) => a < b ? -1 : 1), entities: blobOf(entities), shown
  }
}

export type StateFailure = CodecFailure | { readonly code: 'other-recipe' }

/** Goes on from where `encodeState` wrote; with no other recipe. */
export function resumeDerivation (recipe: Recipe, encoded: Uint8Array): Result<Derivation, StateFailure> {
  const decoded = decodeCanonical(encoded, stateSchema, STATE_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, recipe: of, windows, ...facts } = decoded.value
  if (!of.equals(recipeCid(recipe))) return fail({ code: 'other-recipe' })
  const state: State = { ...facts, tally: { ...facts.tally }, windows: new Map(windows.map(window => [window.startMs, windowOf(window)])) }
  return ok(new Derivation(recipe, state))
}

type EncodedWindow = Parsed<typeof stateSchema>['windows'][number]

function windowOf ({ startMs, groups }: EncodedWindow): Window {
  return { startMs, groups: new Map(groups.map(group => [nameOfGroup(group.by), groupOf(group)])) }
}

function groupOf ({ by, rows, entities, dueMs, decided, shown, samples }: EncodedWindow['groups'][number]): Group {
  return {
    by: by satisfies readonly Scalar[], rows, entities: setOf(entities), dueMs, decided, shown,
    samples: new Map(samples.map(({ field, values, entities: of, ...sample }): [string, Sample] => [field, {
      ...sample, entities: setOf(of), values: values === null ? null : new Map(values.map(([value, times]) => [textOfDecimal(value), times]))
    }]))
  }
}

function blobOf (entities: ReadonlySet<string>): Uint8Array {
  return concat([...entities].toSorted().map(each => bytesOfHex(each) ?? new Uint8Array(0)))
}

function setOf (blob: Uint8Array): Set<string> {
  const entities = new Set<string>()
  for (let at = 0; at < blob.length; at += ENTITY_DIGEST_BYTES) entities.add(hex(blob.subarray(at, at + ENTITY_DIGEST_BYTES)))
  return entities
}
