import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  boolean, bytes, bytesOfHex, cid, cidOf, cidOfText, decodeCanonical, DEPTH_MAX, encodeCanonical, equalBytes, hex, integer, isCid,
  list, literal, matching, nullable, ok, struct, text, tuple, uint, union, utf8, type Schema, type Value
} from '../../src/base/index.ts'
import { mutated } from './mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { randomFrom } from '../support/chance.ts'

const anything: Schema<unknown> = value => ok(value)

type Vector = { readonly name: string, readonly input: string, readonly sizeBytesMax?: number, readonly output?: unknown, readonly error?: string }
const vectors = JSON.parse(readFileSync('test/vectors/canonical.json', 'utf8')) as readonly Vector[]

/** A value as the vectors write it: bytes and CIDs in objects of one key. */
function written (value: unknown): unknown {
  if (value instanceof Uint8Array) return { '/bytes': hex(value) }
  if (isCid(value)) return { '/cid': value.toString() }
  if (Array.isArray(value)) return value.map(written)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, written(each)]))
}

const leaf = fc.oneof(
  fc.constantFrom<Value>(null, true, false), fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), fc.uint8Array(),
  fc.string().map(seed => cidOf('dagCbor', utf8(seed)))
)
const key = fc.string().filter(name => name !== '__proto__' && name !== 'constructor')
const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { maxDepth: 5 }, leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true })
  )
})).value

describe('canonical codec', () => {
  for (const { name, input, sizeBytesMax = 1024, output, error } of vectors) {
    it(`${error === undefined ? 'accepts' : 'refuses'} ${name}`, () => {
      const encoded = bytesOfHex(input)
      assert.ok(encoded !== undefined)
      const decoded = decodeCanonical(encoded, anything, sizeBytesMax)
      assert.equal(decoded.ok ? undefined : decoded.failure.code, error)
      if (decoded.ok) assert.deepEqual(written(decoded.value), output)
    })
  }

  it('reads back every value, from one encoding', () => {
    fc.assert(fc.property(anyValue, value => {
      const encoded = encodeCanonical(value)
      const decoded = decodeCanonical(encoded, anything, encoded.length)
      assert.ok(decoded.ok)
      assert.deepEqual(written(decoded.value), written(value))
      assert.deepEqual(encodeCanonical(decoded.value as Value), encoded)
      const short = decodeCanonical(encoded, anything, encoded.length - 1)
      assert.ok(!short.ok && short.failure.code === 'too-large')
    }))
  })

  it('gives plain bytes, never a Buffer, in and out', () => {
    for (const value of ['a', 'é'.repeat(70), new Uint8Array(300)]) assert.equal(encodeCanonical({ value }).constructor, Uint8Array)
    const encoded = encodeCanonical({ body: new Uint8Array(3) })
    for (const given of [encoded, Buffer.from(encoded)]) {
      const decoded = decodeCanonical(given, struct({ body: bytes(3) }), 64)
      assert.ok(decoded.ok)
      assert.equal(decoded.value.body.constructor, Uint8Array)
    }
  })

  it('counts depth up to its limit and stops one beyond', () => {
    const nested = (depth: number): Uint8Array => new Uint8Array([...Array<number>(depth).fill(0x81), 0x00])
    assert.ok(decodeCanonical(nested(DEPTH_MAX), anything, 1024).ok)
    for (const depth of [DEPTH_MAX + 1, 1000, 100_000]) {
      const deep = decodeCanonical(nested(depth), anything, 200_000)
      assert.ok(!deep.ok && deep.failure.code === 'too-deep')
    }
  })

  it('survives mutated frames and accepts none that is not canonical', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_125
    const random = randomFrom(seed)
    const good = [
      encodeCanonical({ v: 1, kind: 'head', feed: cidOf('dagCbor', utf8('a')), length: 300, root: new Uint8Array(32), list: [1, 'a', null] }),
      encodeCanonical([[[[{ a: { b: [true, -1, 2 ** 40] } }]]], 'ä', new Uint8Array(3)]),
      encodeCanonical({ a: { aa: 1, ab: 2, b: -25 }, bb: [{ x: 256, y: 65_536, z: [] }, {}], ccc: 2 ** 52, dddd: 'é', construct: { prototype: false } }),
      encodeCanonical({ left: Array.from({ length: 20 }, () => new Uint8Array(32)), name: 'x'.repeat(40) })
    ]
    let accepted = 0
    for (let i = 0; i < framesOf(); i++) {
      const mutant = mutated(good[i % good.length] ?? utf8(''), random)
      const decoded = decodeCanonical(mutant, anything, 4096)
      if (!decoded.ok) continue
      accepted++
      assert.ok(equalBytes(encodeCanonical(decoded.value as Value), mutant), `seed ${seed}, mutant ${i}: ${hex(mutant)}`)
    }
    assert.ok(accepted > 0, 'mutants that reach the last check')
  })
})

describe('schema', () => {
  const parse = <T> (schema: Schema<T>, value: Value): string => {
    const decoded = decodeCanonical(encodeCanonical(value), schema, 4096)
    return decoded.ok ? 'ok' : decoded.failure.code === 'schema' ? `${decoded.failure.path}: ${decoded.failure.expected}` : decoded.failure.code
  }

  it('names what it expected and where', () => {
    const schema = struct({ a: uint(9), b: list(text(3), 2, 1), c: nullable(boolean()) })
    assert.equal(parse(schema, { a: 9, b: ['x'], c: null }), 'ok')
    assert.equal(parse(schema, { a: 10, b: ['x'], c: null }), '.a: an integer from 0 to 9')
    assert.equal(parse(schema, { a: -1, b: ['x'], c: null }), '.a: an integer from 0 to 9')
    assert.equal(parse(schema, { a: 1, b: [], c: null }), '.b: a list of 1 to 2')
    assert.equal(parse(schema, { a: 1, b: ['x', 'long'], c: null }), '.b[1]: text of at most 3 characters')
    assert.equal(parse(schema, { a: 1, b: ['x'], c: 0 }), '.c: true or false')
    assert.equal(parse(schema, { a: 1, b: ['x'] }), '.c: this field to be present')
    assert.equal(parse(schema, { a: 1, b: ['x'], c: true, d: 1 }), '.d: no such field')
    for (const other of [[], 'a', null, new Uint8Array(1), cidOf('raw', utf8('a'))]) assert.equal(parse(schema, other), ': a structure')
  })

  it('bounds each kind of value from both sides', () => {
    const cases: readonly [Schema<unknown>, readonly Value[], readonly Value[]][] = [
      [integer(-2, 2), [-2, 0, 2], [-3, 3, '1', null]],
      [bytes(2, 3), [new Uint8Array(2), new Uint8Array(3)], [new Uint8Array(1), new Uint8Array(4), 'ab']],
      [bytes(2), [new Uint8Array(2)], [new Uint8Array(3)]],
      [text(2), ['', 'ab', 'é'], ['abc', 'e\u0301', 1]],
      [matching(/^[a-z]+$/, 'letters'), ['ab'], ['', 'a1', 1]],
      [literal<string | number | boolean>('a', 2, true), ['a', 2, true], ['b', 1, false, null]],
      [cid(), [cidOf('raw', utf8('a'))], ['bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq', new Uint8Array(36)]],
      [tuple(uint(), text(1)), [[1, 'a']], [[1], [1, 'a', 2], ['a', 1], { 0: 1 }]],
      [
        union('kind', { a: struct({ kind: literal('a') }), b: struct({ kind: literal('b'), x: uint() }) }),
        [{ kind: 'a' }, { kind: 'b', x: 1 }], [{ kind: 'a', x: 1 }, { kind: 'b' }, { kind: 'toString' }, { x: 1 }, null, []]
      ]
    ]
    for (const [schema, good, bad] of cases) {
      for (const value of good) assert.equal(parse(schema, value), 'ok')
      for (const value of bad) assert.notEqual(parse(schema, value), 'ok', JSON.stringify(written(value)))
    }
  })

  it('gives CIDs of text only when they are ours', () => {
    assert.equal(cidOfText('bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq')?.code, 0x55)
  })
})
