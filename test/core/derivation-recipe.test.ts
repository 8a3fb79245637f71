import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { bytesOfHex, encodeCanonical, equalBytes } from '../../src/base/index.ts'
import { boundsOf, columnsOf, decodeRecipe, encodeRecipe, recipeCid, recipeOf, type Recipe } from '../../src/core/derivation/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { framesOf } from '../support/fuzz.ts'
import { HOUR_MS, NOTHING, recipe, vehicles } from './derivation.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const vectors = JSON.parse(readFileSync('test/vectors/recipe.json', 'utf8')) as readonly {
  readonly name: string, readonly hex: string, readonly valid: boolean, readonly cid?: string
}[]
const FRAMES = framesOf(2_000)
const full = recipe(
  { summarise: { minGroupSize: 10 }, redactFields: ['driver'], h3ResolutionMax: 7, timeStepMs: HOUR_MS, delayMs: 24 * HOUR_MS }, { entityKey: 'plate' }
)
const ofOps = (ops: Recipe['ops'], more: Partial<Recipe> = {}): Uint8Array => encodeCanonical({ ...full, ...more, ops })

describe('a recipe', () => {
  it('is made of clauses 4 and 5 in the order of the operations', () => {
    assert.deepEqual(boundsOf(full), {
      operations: ['redact', 'coarsen', 'roundTime', 'summarise', 'delay'], minGroupSize: 10, h3Resolution: 7, timeStepMs: HOUR_MS, delayMs: 24 * HOUR_MS,
      redactedFields: ['driver']
    })
    assert.deepEqual(columnsOf(full).map(({ name }) => name), ['from', 'to', 'cell', 'lat', 'lon', 'count', 'speed_mean', 'revision'])
  })

  it('of a form that demands nothing keeps rows as they are', () => {
    assert.deepEqual(boundsOf(recipe({})), { operations: [], minGroupSize: 1, h3Resolution: 15, timeStepMs: 0, delayMs: 0, redactedFields: [] })
  })

  for (const { name, hex, valid, cid } of vectors) {
    it(`${valid ? 'is read' : 'is refused'}: ${name}`, () => {
      const bytes = bytesOfHex(hex)
      assert.ok(bytes !== undefined)
      const decoded = decodeRecipe(bytes)
      assert.equal(decoded.ok, valid)
      if (decoded.ok) assert.deepEqual([encodeRecipe(decoded.value), recipeCid(decoded.value).toString()], [bytes, cid])
    })
  }

  it('has one encoding', () => {
    assert.deepEqual(decodeRecipe(encodeRecipe(full)), { ok: true, value: full })
  })

  it('drops what is redacted, what lies inside of it, and places without their other half', () => {
    const made = recipe({ redactFields: ['driver'], h3ResolutionMax: 8 }, {}, {
      ...vehicles, delimiter: null, columns: [
        { name: 'driver', type: 'text' }, { name: 'driver.name', type: 'text' }, { name: 'drivers', type: 'integer' }, { name: 'from.lat', type: 'latitude' },
        { name: 'from.lon', type: 'longitude' }, { name: 'to.lat', type: 'latitude' }, { name: 'track', type: 'geometry' }
      ]
    })
    assert.deepEqual(made.keepFields, ['drivers', 'from.lat', 'from.lon'])
  })

  it('cannot be made of groups of nobody', () => {
    const made = recipeOf({ ...NOTHING, summarise: { minGroupSize: 10 } }, vehicles)
    assert.ok(!made.ok && made.failure.code === 'no-entity')
  })

  it('is refused where it would let out more than its bounds say', () => {
    const [redact, coarsen, roundTime, summarise, delay] = full.ops
    assert.ok(redact?.op === 'redact' && coarsen?.op === 'coarsen' && roundTime?.op === 'roundTime' && summarise?.op === 'summarise' && delay !== undefined)
    const refused: readonly (readonly [string, Uint8Array])[] = [
      ['operations in another order', ofOps([coarsen, redact, roundTime, summarise, delay])],
      ['an operation twice', ofOps([redact, coarsen, coarsen, roundTime, summarise])],
      ['a redacted field that is kept', ofOps([{ op: 'redact', fields: ['speed'] }, coarsen, roundTime, summarise])],
      ['a place that is kept and not coarsened', ofOps([redact, { ...coarsen, places: [] }, roundTime, { ...summarise, groupBy: [] }])],
      ['a time that is kept and not rounded', ofOps([roundTime], { keepFields: ['seen'], entityKey: null })],
      ['groups without windows', ofOps([redact, coarsen, summarise])],
      ['groups of nobody', ofOps([...full.ops], { entityKey: null })],
      ['groups that show whom they are of', ofOps([...full.ops], { keepFields: [...full.keepFields, 'plate'] })],
      ['groups of four', ofOps([redact, coarsen, roundTime, { ...summarise, minGroupSize: 4 }])],
      ['a mean of texts', ofOps([redact, coarsen, roundTime, { ...summarise, measures: [{ measure: 'mean', field: 'kind' }] }], { keepFields: [...full.keepFields, 'kind'] })],
      ['a field that is no column', ofOps([...full.ops], { keepFields: [...full.keepFields, 'colour'] })],
      ['two fields of one name', ofOps([redact, coarsen, roundTime, { ...summarise, groupBy: ['cell', 'cell'] }])]
    ]
    for (const [what, encoded] of refused) assert.equal(decodeRecipe(encoded).ok, false, what)
    assert.equal(decodeRecipe(ofOps([redact, coarsen, roundTime, summarise, delay])).ok, true)
  })

  it(`survives ${FRAMES} mutated frames (HANSE_SEED=${SEED})`, () => {
    const random = randomFrom(SEED)
    const good = encodeRecipe(full)
    for (let at = 0; at < FRAMES; at++) {
      const frame = mutated(good, random)
      const decoded = decodeRecipe(frame)
      assert.ok(!decoded.ok || equalBytes(encodeRecipe(decoded.value), frame), `frame ${at}`)
    }
  })
})
