import { strict as assert } from 'node:assert'
import { globSync, readFileSync } from 'node:fs'
import { z as whole } from 'zod'
import { z as small } from '../../src/web/browser/schemas.ts'

type Parser = { readonly safeParse: (value: unknown) => { readonly success: boolean, readonly data?: unknown, readonly error?: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] } } }

const VALUES: readonly unknown[] = [
  undefined, null, true, '', 'a', 'ab', 'abcd', 'beef', 'xyz', -1, 0, 0.5, 1, 2, 3, 4, 2 ** 53, Number.NaN, Infinity, [], ['a'], ['a', 'b'], [1, 2], ['a', 'b', 'c', 'd'],
  {}, { kind: 'a' }, { kind: 'a', a: 1 }, { kind: 'b', a: 1 }, { kind: 'b', b: 'x', more: true }, { kind: 'c' }, { a: null }, { a: undefined }, { a: 1, b: 2 }, { b: 'x' }, new Date(0)
]

/** Each way of writing that `sdk` uses, in words of the package itself: the stand-in must take them, and judge alike. */
const SCHEMAS: Readonly<Record<string, (z: typeof whole) => Parser>> = {
  string: z => z.string().min(1).max(3),
  form: z => z.string().regex(/^[a-x]+$/, 'letters'),
  number: z => z.number().min(0).max(2),
  positive: z => z.number().positive(),
  integer: z => z.number().int(),
  int: z => z.int().min(0).max(3),
  coerced: z => z.coerce.number().int().min(1).max(3).default(2),
  length: z => z.hex().length(4),
  boolean: z => z.boolean(),
  nothing: z => z.null(),
  unknown: z => z.unknown(),
  overwritten: z => z.unknown().refine(given => typeof given === 'object', 'an object').overwrite(given => given === null ? {} : given),
  json: z => z.json(),
  base64: z => z.base64(),
  choice: z => z.enum(['a', 'ab']).describe('one of them'),
  literal: z => z.literal('a'),
  literals: z => z.literal(['a', 2]),
  list: z => z.array(z.string()).min(1).max(3),
  pair: z => z.tuple([z.string(), z.string()]),
  object: z => z.object({ a: z.number().optional() }),
  strict: z => z.strictObject({ a: z.number().exactOptional() }),
  loose: z => z.looseObject({ a: z.number().nullable() }),
  caught: z => z.object({ a: z.number() }).catchall(z.literal('x')),
  default: z => z.object({ a: z.number().nullable().default(7), kind: z.string().default('x') }),
  record: z => z.record(z.string().max(1), z.int()),
  union: z => z.union([z.string(), z.number()]).nullable(),
  told: z => z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), a: z.int() }), z.strictObject({ kind: z.literal('b'), b: z.string() })]),
  refined: z => z.object({ a: z.number() }).refine(({ a }) => a > 1, 'more'),
  changed: z => z.string().transform(text => text.length).meta({ description: 'its length' })
}

describe('schemas in the browser', () => {
  for (const [name, make] of Object.entries(SCHEMAS)) {
    it(`judge alike what is ${name}`, () => {
      for (const value of VALUES) {
        const [judged, wanted] = [make(small as unknown as typeof whole), make(whole)].map(schema => {
          const { success, data, error } = schema.safeParse(value)
          return { value, success, data, paths: error?.issues.map(({ path }) => path) }
        })
        assert.deepEqual(judged, wanted)
      }
    })
  }

  it('can be written in all ways that sdk begins one with', () => {
    const sources = globSync('src/sdk/**/*.ts').filter(path => !path.includes('openapi')).map(path => readFileSync(path, 'utf8'))
    const begun = new Set(sources.flatMap(source => [...source.matchAll(/\bz\.(?!core\b)([a-z]\w*)[.(]/g)].map(([, name = '']) => name)))
    assert.ok(begun.size > 10)
    assert.deepEqual([...begun].filter(name => !(name in small)), [])
  })
})
