/** Values that fit a JSON schema as our OpenAPI document writes it, and values that hardly fit any. */
import fc from 'fast-check'
import type { JsonSchema } from '../../../src/sdk/openapi/index.ts'

const LENGTH_MAX = 24
const ITEMS_MAX = 4
/** What the schema cannot know: a call that may wait shall not. */
const SHORT: Readonly<Record<string, fc.Arbitrary<unknown>>> = { withinMs: fc.nat(5), timeoutMs: fc.nat(5) }

export type Known = Readonly<Record<string, readonly string[]>>

export function valueOf (schema: JsonSchema, known: Known, name = ''): fc.Arbitrary<unknown> {
  const short = SHORT[name]
  if (short !== undefined) return short
  const named = known[name]
  const value = anyOf(schema, known) ?? plainOf(schema, known)
  return named === undefined || schema['type'] !== 'string' ? value : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...named) }, { weight: 1, arbitrary: value })
}

function anyOf (schema: JsonSchema, known: Known): fc.Arbitrary<unknown> | undefined {
  const [choices] = [schema['oneOf'], schema['anyOf']].flatMap(each => Array.isArray(each) ? [each as JsonSchema[]] : [])
  if (choices !== undefined) return fc.oneof(...choices.map(each => valueOf(each, known)))
  if ('const' in schema) return fc.constant(schema['const'])
  return Array.isArray(schema['enum']) ? fc.constantFrom(...schema['enum'] as unknown[]) : undefined
}

function plainOf (schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  switch (schema['type']) {
    case 'string': return stringOf(schema)
    case 'integer': return fc.oneof(fc.integer(smallRange(schema)), fc.maxSafeInteger().filter(each => each >= minimumOf(schema) && each <= maximumOf(schema)).map(each => each))
    case 'number': return fc.double({ noNaN: true, noDefaultInfinity: true, min: minimumOf(schema), max: maximumOf(schema) })
    case 'boolean': return fc.boolean()
    case 'null': return fc.constant(null)
    case 'array': return arrayOf(schema, known)
    case 'object': return objectOf(schema, known)
    default: return fc.jsonValue({ maxDepth: 2 })
  }
}

function minimumOf ({ minimum, exclusiveMinimum }: JsonSchema): number {
  return typeof minimum === 'number' ? minimum : typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : -1e15
}

function maximumOf ({ maximum, exclusiveMaximum }: JsonSchema): number {
  return typeof maximum === 'number' ? maximum : typeof exclusiveMaximum === 'number' ? exclusiveMaximum - 1 : 1e15
}

function smallRange (schema: JsonSchema): { readonly min: number, readonly max: number } {
  const min = Math.max(minimumOf(schema), -100)
  return { min, max: Math.max(min, Math.min(maximumOf(schema), min + 100)) }
}

function stringOf ({ pattern, minLength = 0, maxLength = LENGTH_MAX }: JsonSchema): fc.Arbitrary<string> {
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern))
  const min = Number(minLength)
  const length = { minLength: min, maxLength: Math.max(min, Math.min(Number(maxLength), LENGTH_MAX)) }
  return fc.oneof(fc.string(length), fc.string({ ...length, unit: 'grapheme' }))
}

function arrayOf ({ prefixItems, items, minItems = 0, maxItems = ITEMS_MAX }: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  if (Array.isArray(prefixItems)) return fc.tuple(...(prefixItems as JsonSchema[]).map(each => valueOf(each, known)))
  const minLength = Number(minItems)
  return fc.array(valueOf((items ?? {}) as JsonSchema, known), { minLength, maxLength: Math.max(minLength, Math.min(Number(maxItems), ITEMS_MAX)) })
}

function objectOf ({ properties = {}, required = [], additionalProperties, propertyNames }: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties as Record<string, JsonSchema>).map(([name, schema]) => [name, valueOf(schema, known, name)]))
  const declared = fc.record(fields, { requiredKeys: required as string[] })
  if (typeof additionalProperties !== 'object' || additionalProperties === null) return declared
  const names = stringOf((propertyNames ?? {}) as JsonSchema)
  return fc.tuple(declared, fc.dictionary(names, valueOf(additionalProperties as JsonSchema, known), { minKeys: 1, maxKeys: ITEMS_MAX })).map(([one, more]) => ({ ...more, ...one }))
}

/** Text that has brought down servers. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '', ' ', '0', '-1', '-0', '1.5', '1e999', 'NaN', 'null', 'true', 'undefined', '9007199254740993', '99999999999999999999999', '0x10', '١٢', '__proto__', 'constructor',
    '../../etc/passwd', '..', '.', '\0', '\u0000x', '\r\nset-cookie: a=b', '%', '%00', "' OR 1=1 --", '<script>alert(1)</script>', '=cmd|x', '${7*7}', '\u202e', '😀'.repeat(20), 'x'.repeat(5_000),
    'did:key:z6Mk/x', '//', 'a/b/c', '1,2,3,4', '-181,0,0,0', 'urn:x:y', '{"a":1}', '[]'
  ),
  fc.string({ unit: 'binary', maxLength: 40 }).map(text => text.toWellFormed())
)

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText, fc.constantFrom(null, true, [], {}, 0, -1, 1.5, 1e308, -1e308, 2 ** 53, [[]], { __proto__: { a: 1 } }, JSON.parse('{"__proto__":{"x":1}}'), Array(200).fill(0)), fc.jsonValue({ maxDepth: 3 })
)

/** The same JSON with one thing in it changed. */
export function mutated (value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value) && value.length > 0) {
    const at = fc.nat(value.length - 1)
    return fc.oneof(hostileValue, at.map(index => value.toSpliced(index, 1)), at.chain(index => mutated(value[index]).map(changed => value.with(index, changed))), fc.constant(Array.from({ length: 3_000 }, () => value[0] as unknown)))
  }
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    const entries = Object.entries(value)
    const at = fc.nat(entries.length - 1)
    return fc.oneof(
      hostileValue, at.map(index => Object.fromEntries(entries.toSpliced(index, 1))), fc.tuple(hostileText, hostileValue).map(([name, more]) => ({ ...value, [name]: more })),
      { weight: 4, arbitrary: at.chain(index => mutated(entries[index]?.[1]).map(changed => Object.fromEntries(entries.with(index, [entries[index]?.[0] ?? '', changed])))) }
    )
  }
  return hostileValue
}
