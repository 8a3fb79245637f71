import {
  fail, integer, list, literal, ok, struct, uint, type CID, type CodecFailure, type Result, type Schema
} from '../../base/index.ts'
import { statementIdSchema, type Declaration } from '../feed/index.ts'
import type { Statement } from '../identity/index.ts'
import { EPOCH_MAX, FIRST_EPOCH } from '../sealing/index.ts'
import { ERASURE_NOTICE_BYTES_MAX, ERASURE_RANGES_MAX } from './limits.ts'
import { bodyOf, decodeSaid, formOf, hear, spanSchema, type Hearing, type Said, type SaidFailure, type Span } from './said.ts'

/** What is to go: whole key epochs, whole segments, or single records by their number in the feed. Ranges include both ends. */
export type ErasureScope =
  | { readonly epochs: readonly Span[] }
  | { readonly segments: readonly Span[] }
  | { readonly records: readonly Span[] }

/**
 * Why, by a code, never in words: asked for by the person concerned, consent taken back, no longer needed, should never have
 * been there, an order, the end of a period of retention, or a mistake of the publisher.
 */
export const ERASURE_BASES = ['request', 'consent', 'purpose', 'unlawful', 'order', 'retention', 'mistake'] as const
export type ErasureBasis = typeof ERASURE_BASES[number]

export type ErasureNoticeFields = {
  readonly federation: CID
  readonly feed: CID
  readonly scope: ErasureScope
  readonly basis: ErasureBasis
  readonly timeMs: number
  /** Until when every holder is to have done it and said so. */
  readonly deadlineMs: number
}
export type ErasureNotice = Said<ErasureNoticeFields>

export type ErasureNoticeFailure = SaidFailure | { readonly code: 'unknown-feed', readonly feed: CID }

const epochRanges = rangesSchema(integer(FIRST_EPOCH, EPOCH_MAX))
const positionRanges = rangesSchema(uint())
const SCOPES = [
  struct({ epochs: epochRanges }), struct({ segments: positionRanges }), struct({ records: positionRanges })
] as const

const scopeSchema: Schema<ErasureScope> = (value, path) => {
  for (const schema of SCOPES) {
    const parsed: Result<ErasureScope, unknown> = schema(value, path)
    if (parsed.ok) return parsed
  }
  return fail({ path, expected: 'epochs, segments or records, as ascending ranges that do not touch' })
}

/** Ascending, and neither overlapping nor adjacent: one set has one list. */
function rangesSchema (inner: Schema<number>): Schema<readonly Span[]> {
  const ranges = list(spanSchema(inner), ERASURE_RANGES_MAX, 1)
  return (value, path) => {
    const parsed = ranges(value, path)
    if (!parsed.ok) return parsed
    const unordered = parsed.value.findIndex(([from], at) => at > 0 && from <= (parsed.value[at - 1]?.[1] ?? 0) + 1)
    return unordered < 0 ? parsed : fail({ path: `${path}[${unordered}]`, expected: 'a range behind the one before it' })
  }
}

const form = formOf('erasure', {
  federation: statementIdSchema, feed: statementIdSchema, scope: scopeSchema, basis: literal(...ERASURE_BASES), timeMs: uint(), deadlineMs: uint()
}, ({ timeMs, deadlineMs }) => deadlineMs < timeMs ? { path: 'deadlineMs', expected: 'a time not before the notice' } : undefined)

/** Whether a notice may have this scope: ranges in order, each of numbers that there can be. */
export function isErasureScope (scope: ErasureScope): boolean {
  return scopeSchema(scope, '').ok
}

/** The body to sign. */
export function erasureNoticeBody (fields: ErasureNoticeFields): Uint8Array {
  return bodyOf(form, fields)
}

/** What a statement demands to be erased. Who signed it is not looked at: that is `admitErasureNotice`. */
export function decodeErasureNotice (statement: Statement): Result<ErasureNotice, CodecFailure> {
  return decodeSaid(form.schema, statement, ERASURE_NOTICE_BYTES_MAX)
}

/** The notice in an envelope, if the publisher of the feed made it. */
export function admitErasureNotice (
  envelope: Uint8Array, hearing: Hearing, declarationOf: (feed: CID) => Pick<Declaration, 'publisher'> | undefined
): Result<ErasureNotice, ErasureNoticeFailure> {
  const heard = hear(envelope, ERASURE_NOTICE_BYTES_MAX, decodeErasureNotice, ({ timeMs }) => timeMs, hearing)
  if (!heard.ok) return heard
  const { said, by } = heard.value
  const publisher = declarationOf(said.feed)?.publisher
  if (publisher === undefined) return fail({ code: 'unknown-feed', feed: said.feed })
  return by === publisher ? ok(said) : fail({ code: 'not-theirs', speaker: by })
}

/** The fewest ranges that hold exactly these numbers. */
export function rangesOf (numbers: Iterable<number>): readonly Span[] {
  const ranges: [number, number][] = []
  for (const number of [...new Set(numbers)].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] + 1 === number) last[1] = number
    else ranges.push([number, number])
  }
  return ranges
}

/** Whether one of the ranges holds this number. */
export function isWithin (ranges: readonly Span[], number: number): boolean {
  return ranges.some(([from, to]) => number >= from && number <= to)
}
