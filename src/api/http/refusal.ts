/**
 * Says why a schema refuses a value: each kind of refusal is a sentence of ours, which the console has in other languages too, and not one
 * of the library. What a schema says itself of a value (`…regex(…, 'a media type')`) is told as it stands there.
 */
import type { z } from 'zod'

type Issue = z.core.$ZodIssue

const NAME_LENGTH_MAX = 128
/** What the console knows of a list of words would be longer than anybody reads. */
const OPTIONS_LENGTH_MAX = 400

/** The value by its schema, or what is wrong with it. */
export function parsedBy<T> (schema: z.ZodType<T>, value: unknown): { readonly ok: true, readonly value: T } | { readonly ok: false, readonly complaint: string } {
  // An empty text for whatever says nothing itself: it is told apart from what a schema says, and said below.
  const parsed = schema.safeParse(value, { error: () => '' })
  if (parsed.success) return { ok: true, value: parsed.data }
  const [issue] = parsed.error.issues
  return { ok: false, complaint: issue === undefined ? UNREADABLE : complaintOf(issue, value) }
}

const UNREADABLE = 'it is not written as it should be'

function complaintOf (issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_union') return ofUnion(issue, value)
  if (issue.code === 'unrecognized_keys') return `there is no field "${nameOf([...issue.path, issue.keys[0] ?? ''])}" here`
  const name = nameOf(issue.path)
  const given = valueAt(value, issue.path)
  if (given === undefined) return name === '' ? 'nothing was given' : `the field "${name}" is missing`
  if (issue.message !== '') return name === '' ? issue.message : `the field "${name}" is not right: ${issue.message}`
  return name === '' ? ofWhole(issue) : ofField(issue, name)
}

/** Of what a value may be, what it comes nearest to is what somebody meant. */
function ofUnion (issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  const fewest = Math.min(...issue.errors.map(each => each.length))
  const nearest = issue.errors.filter(each => each.length === fewest)
  const [first] = nearest.length === 1 ? nearest[0] ?? [] : []
  if (first !== undefined) return complaintOf({ ...first, path: [...issue.path, ...first.path] }, value)
  const name = nameOf(issue.path)
  if (valueAt(value, issue.path) === undefined && name !== '') return `the field "${name}" is missing`
  return name === '' ? 'it has none of the forms that it may have' : `the field "${name}" has none of the forms that it may have`
}

function ofWhole (issue: Issue): string {
  return issue.code === 'invalid_type' && issue.expected in TYPES ? `it must be ${typeOf(issue.expected)}` : UNREADABLE
}

function ofField (issue: Issue, name: string): string {
  switch (issue.code) {
    case 'invalid_type': return issue.expected in TYPES ? `the field "${name}" must be ${typeOf(issue.expected)}` : unwritten(name)
    case 'invalid_value': {
      const options = issue.values.map(String).join(', ')
      return options.length > OPTIONS_LENGTH_MAX ? `the field "${name}" is none of the words that it may be` : `the field "${name}" must be one of: ${options}`
    }
    case 'too_big': return tooBig(name, issue)
    case 'too_small': return tooSmall(name, issue)
    case 'invalid_union': case 'invalid_format': case 'invalid_key': case 'invalid_element': case 'not_multiple_of': case 'unrecognized_keys': case 'custom': return unwritten(name)
  }
}

function tooBig (name: string, { origin, maximum, inclusive }: z.core.$ZodIssueTooBig): string {
  if (inclusive === false) return `the field "${name}" must be less than ${maximum}`
  if (origin === 'string') return `the field "${name}" may have at most ${maximum} characters`
  return SIZED.has(origin) ? `the field "${name}" may have at most ${maximum} entries` : `the field "${name}" may be at most ${maximum}`
}

function tooSmall (name: string, { origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): string {
  if (inclusive === false) return `the field "${name}" must be more than ${minimum}`
  if ((origin === 'string' || SIZED.has(origin)) && Number(minimum) <= 1) return `the field "${name}" may not be empty`
  if (origin === 'string') return `the field "${name}" must have at least ${minimum} characters`
  return SIZED.has(origin) ? `the field "${name}" must have at least ${minimum} entries` : `the field "${name}" must be at least ${minimum}`
}

const SIZED: ReadonlySet<string> = new Set(['array', 'set', 'map', 'record'])
const TYPES: Readonly<Record<string, string>> = {
  string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'an object', record: 'an object', null: 'null'
}

function typeOf (expected: string): string {
  return TYPES[expected] ?? ''
}

function unwritten (name: string): string {
  return `the field "${name}" is not written as it should be`
}

function nameOf (path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, NAME_LENGTH_MAX)
}

function valueAt (value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Readonly<Record<PropertyKey, unknown>>)[key] : undefined, value)
}
