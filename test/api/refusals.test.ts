import { strict as assert } from 'node:assert'
import { z } from 'zod'
import { parsedBy } from '../../src/api/http/refusal.ts'
import { operations } from '../../src/sdk/contract/index.ts'
import { interpreterOf } from '../../src/web/said/index.ts'
import { speak } from '../../src/web/text/index.ts'
import german from '../../src/web/text/de.json' with { type: 'json' }
import said from '../../src/web/text/said.de.json' with { type: 'json' }
import { bearer, closeAll, open } from './access.fixture.ts'

afterEach(closeAll)

const schema = z.strictObject({
  title: z.string().min(1).max(5), code: z.string().min(3).optional(), count: z.int().min(0).max(9).optional(), share: z.number().positive().lt(1).optional(), open: z.boolean().optional(),
  kind: z.enum(['a', 'b']).optional(), words: z.array(z.string()).min(1).max(2).optional(), pair: z.array(z.number()).min(2).optional(),
  id: z.string().regex(/^\d+$/, 'a media type').optional(), raw: z.string().regex(/^\d+$/).optional(), box: z.strictObject({ west: z.number() }).optional(),
  either: z.union([z.strictObject({ one: z.string() }), z.strictObject({ two: z.string(), three: z.string() })]).optional(), both: z.union([z.string(), z.number()]).optional()
})

/** What a refusal says, in English and in German. */
const SAID: readonly (readonly [value: unknown, english: string, german: string])[] = [
  [undefined, 'nothing was given', 'es wurde nichts angegeben'],
  [5, 'it must be an object', 'es muss ein Objekt sein'],
  [{}, 'the field "title" is missing', 'das Feld „title“ fehlt'],
  [{ title: 5 }, 'the field "title" must be a text', 'das Feld „title“ muss ein Text sein'],
  [{ title: '' }, 'the field "title" may not be empty', 'das Feld „title“ darf nicht leer sein'],
  [{ title: 'abcdef' }, 'the field "title" may have at most 5 characters', 'das Feld „title“ darf höchstens 5 Zeichen haben'],
  [{ title: 'a', more: 1 }, 'there is no field "more" here', 'ein Feld „more“ gibt es hier nicht'],
  [{ title: 'a', code: 'a' }, 'the field "code" must have at least 3 characters', 'das Feld „code“ muss mindestens 3 Zeichen haben'],
  [{ title: 'a', count: 1.5 }, 'the field "count" must be a whole number', 'das Feld „count“ muss eine ganze Zahl sein'],
  [{ title: 'a', count: -1 }, 'the field "count" must be at least 0', 'das Feld „count“ muss mindestens 0 sein'],
  [{ title: 'a', count: 10 }, 'the field "count" may be at most 9', 'das Feld „count“ darf höchstens 9 sein'],
  [{ title: 'a', share: 0 }, 'the field "share" must be more than 0', 'das Feld „share“ muss größer als 0 sein'],
  [{ title: 'a', share: 1 }, 'the field "share" must be less than 1', 'das Feld „share“ muss kleiner als 1 sein'],
  [{ title: 'a', open: 'yes' }, 'the field "open" must be true or false', 'das Feld „open“ muss wahr oder falsch sein'],
  [{ title: 'a', kind: 'c' }, 'the field "kind" must be one of: a, b', 'das Feld „kind“ muss eines sein von: a, b'],
  [{ title: 'a', words: [] }, 'the field "words" may not be empty', 'das Feld „words“ darf nicht leer sein'],
  [{ title: 'a', words: ['a', 'b', 'c'] }, 'the field "words" may have at most 2 entries', 'das Feld „words“ darf höchstens 2 Einträge haben'],
  [{ title: 'a', words: ['a', 1] }, 'the field "words.1" must be a text', 'das Feld „words.1“ muss ein Text sein'],
  [{ title: 'a', pair: [1] }, 'the field "pair" must have at least 2 entries', 'das Feld „pair“ muss mindestens 2 Einträge haben'],
  [{ title: 'a', id: 'x' }, 'the field "id" is not right: a media type', 'das Feld „id“ stimmt nicht: ein Medientyp'],
  [{ title: 'a', raw: 'x' }, 'the field "raw" is not written as it should be', 'die Schreibweise des Feldes „raw“ stimmt nicht'],
  [{ title: 'a', box: { west: 1, up: 1 } }, 'there is no field "box.up" here', 'ein Feld „box.up“ gibt es hier nicht'],
  [{ title: 'a', either: { two: 'x' } }, 'the field "either.three" is missing', 'das Feld „either.three“ fehlt'],
  [{ title: 'a', both: true }, 'the field "both" has none of the forms that it may have', 'das Feld „both“ hat keine der erlaubten Formen']
]

describe('what a schema refuses', () => {
  const interpret = interpreterOf(said, 'de')

  before(() => { speak('de', german) })
  after(() => { speak('en', {}) })

  it('is said in sentences of ours, which have a German text', () => {
    for (const [value, english, text] of SAID) {
      const parsed = parsedBy(schema, value)
      assert.ok(!parsed.ok)
      assert.equal(parsed.complaint, english)
      assert.equal(interpret(`the body does not fit: ${english}`), `der Inhalt passt nicht: ${text}`)
    }
    assert.deepEqual(parsedBy(schema, { title: 'a', both: 1 }), { ok: true, value: { title: 'a', both: 1 } })
  })

  it('is said so by every call, of whatever it is sent', () => {
    let refused = 0
    for (const [id, { query, body }] of operations()) {
      for (const each of [query, body?.as === 'json' ? body.schema : undefined]) {
        for (const value of each === undefined ? [] : wrongFor(each)) {
          const parsed = parsedBy(each as z.ZodType, value)
          if (parsed.ok) continue
          refused++
          const about = `${id}: ${parsed.complaint}`
          assert.doesNotMatch(parsed.complaint, /invalid|expected|received|too (big|small)|unrecognized/i, about)
          const text = interpret(parsed.complaint)
          assert.ok(text !== undefined, about)
          assert.doesNotMatch(text.replaceAll(/„[^“]*“|muss eines sein von: .*/g, ''), /\b(the|and|or|of|may|not|only|with|must|at most|least|is|field)\b/i, about)
        }
      }
    }
    assert.notEqual(refused, 0)
  })

  it('reaches who asked, over HTTP', async () => {
    const world = await open()
    const { status, body } = await world.send('/api/v1/accounts', { method: 'POST', headers: bearer(world.token), body: { name: 'Ada' } })
    assert.equal(status, 422)
    assert.equal((body as { readonly detail: string }).detail, 'the body does not fit: the field "role" is missing')
  })
})

const WRONG: readonly unknown[] = [0, -1, 1.5, 1e17, '', 'x', 'X y', 'x'.repeat(9_000), null, true, [], ['x'], [7], {}, { a: 1 }]
const VALUES_MAX = 2_000

/** Values of which some fit nowhere, and some in all but one place. */
function wrongFor (given: z.core.$ZodType): readonly unknown[] {
  const values: unknown[] = []
  for (const each of wrongIn(given)) if (values.push(each) >= VALUES_MAX) break
  return values
}

function * wrongIn (given: z.core.$ZodType): Generator<unknown> {
  yield * WRONG
  const { def } = (given as z.core.$ZodTypes)._zod
  if (def.type === 'union') for (const option of def.options) yield * wrongIn(option)
  if (def.type === 'object') for (const [name, inner] of Object.entries(def.shape)) for (const each of wrongIn(inner)) yield { [name]: each }
  if (def.type === 'array') for (const each of wrongIn(def.element)) yield [each]
  if (def.type === 'optional' || def.type === 'nullable' || def.type === 'default') yield * wrongIn(def.innerType)
}
