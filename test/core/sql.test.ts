import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { timeMsOf } from '../../src/core/rows/index.ts'
import { checkQuestion, checkText, groupsText, isTelling, splitQuestion, type GroupColumn, type Meeting } from '../../src/core/sql/index.ts'
import { createSqlEngine } from '../../src/host/duckdb/index.ts'
import type { SqlEngine } from '../../src/host/index.ts'

const RUNS = Number(process.env['HANSE_SQL_RUNS'] ?? 300)

// --- Questions by chance -------------------------------------------------------------------------------------------

/** Text of SQL, and whether anything in it is more than a question may say. */
type Piece = { readonly text: string, readonly isBad: boolean }

const piece = (text: string, isBad = false): Piece => ({ text, isBad })
const join = (write: (...texts: readonly string[]) => string, ...of: readonly Piece[]): Piece => ({ text: write(...of.map(({ text }) => text)), isBad: of.some(({ isBad }) => isBad) })

const leaf = fc.constantFrom(...['a', 't.b', '1', '2.5', '\'x\'', 'NULL', 'TRUE', 'DATE \'2026-01-01\'', 'current_date'].map(text => piece(text)))
const badLeaf = fc.constantFrom(...['getenv(\'HOME\')', 'current_user', '?', 'current_setting(\'threads\')', 'version()', 'repeat(\'x\', 9)', '#1', 'nextval(\'s\')', 'x -> 1', 'a COLLATE NOCASE'].map(text => piece(text, true)))
const badTable = fc.constantFrom(...['read_text(\'/etc/passwd\')', 'glob(\'*\')', 'duckdb_settings()', 'information_schema.tables', 'query(\'SELECT 1\')', 'other.main.t'].map(text => piece(text, true)))

const { query } = fc.letrec<{ expression: Piece, table: Piece, query: Piece }>(tie => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: leaf }, { weight: 1, arbitrary: badLeaf },
    fc.tuple(tie('expression'), fc.constantFrom('+', '-', '*', '=', '<', 'AND', 'OR', '||', 'IS DISTINCT FROM'), tie('expression')).map(([a, op, b]) => join((x, y) => `(${x} ${op} ${y})`, a, b)),
    tie('expression').map(a => join(x => `round(${x})`, a)), tie('expression').map(a => join(x => `coalesce(${x}, 1)`, a)), tie('expression').map(a => join(x => `CAST(${x} AS VARCHAR)`, a)),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => join((x, y) => `CASE WHEN ${x} THEN ${y} ELSE 0 END`, a, b)),
    tie('expression').map(a => join(x => `sum(${x}) OVER (PARTITION BY a)`, a)), tie('query').map(a => join(x => `(${x})`, a)), tie('query').map(a => join(x => `EXISTS (${x})`, a))
  ),
  table: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: fc.constantFrom(piece('"a/t" AS t'), piece('w AS t'), piece('range(3) AS t')) }, { weight: 1, arbitrary: badTable },
    tie('query').map(a => join(x => `(${x}) AS t`, a)),
    fc.tuple(tie('table'), tie('table'), tie('expression')).map(([a, b, c]) => join((x, y, z) => `${x} LEFT JOIN ${y} ON ${z}`, a, b, c))
  ),
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(tie('expression'), tie('table'), tie('expression')).map(([a, b, c]) => join((x, y, z) => `SELECT ${x} FROM ${y} WHERE ${z} ORDER BY 1 LIMIT 3`, a, b, c)),
    fc.tuple(tie('query'), tie('query')).map(([a, b]) => join((x, y) => `(${x}) UNION ALL (${y})`, a, b)),
    fc.tuple(tie('query'), tie('query')).map(([a, b]) => join((x, y) => `WITH w AS (${x}) ${y.startsWith('(') || y.startsWith('WITH') ? `SELECT * FROM (${y}) AS q` : y}`, a, b)),
    tie('expression').map(a => join(x => `SELECT ${x} GROUP BY 1 HAVING count(*) > 1`, a))
  )
}))

describe('sql: questions', () => {
  let engine: SqlEngine
  before(() => { engine = createSqlEngine() })
  after(() => engine.close())

  it('are taken where all of them is allowed, and refused where any part is not, however they are put together', async () => {
    let [taken, turned] = [0, 0]
    await fc.assert(fc.asyncProperty(query, async ({ text, isBad }) => {
      const tree = await engine.parse(text)
      if (!tree.ok) {
        assert.equal(tree.failure.code, 'syntax', text)
        return
      }
      const checked = checkQuestion(tree.value)
      if (checked.ok) taken++
      else turned++
      if (checked.ok) assert.ok(!isBad, text)
      else assert.ok(isBad || checked.failure.code === 'limit', `${text}: ${checked.failure.reason}`)
    }), { numRuns: RUNS })
    assert.ok(taken > RUNS / 20 && turned > RUNS / 20, `${taken} taken, ${turned} refused`)
  })

  it('are refused with any part or member that nobody named, and never make the check fail', async () => {
    const tree = await engine.parse('WITH w AS (SELECT a, sum(b) OVER () AS c FROM "x/y") SELECT CASE WHEN a = 1 THEN CAST(c AS DATE) END FROM w JOIN range(3) AS r ON true WHERE a IN (SELECT 1) ORDER BY 1 LIMIT 2')
    assert.ok(tree.ok && checkQuestion(tree.value).ok)
    const places: Record<string, unknown>[] = []
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      // How something is ordered is no part: it is one of a few words.
      if (!Array.isArray(value) && !('null_order' in value) && ('class' in value || ('type' in value && typeof value.type === 'string'))) places.push(value as Record<string, unknown>)
      for (const inner of Object.values(value)) walk(inner)
    }
    const copy = (): unknown => structuredClone(tree.value)
    walk(copy())
    const { length } = places
    fc.assert(fc.property(fc.nat(length - 1), fc.oneof(fc.constantFrom('PRAGMA', 'SHOW_REF', 'DELIM_GET', 'BOUND_FUNCTION'), fc.string()), fc.boolean(), fc.anything(), (at, name, isKind, value) => {
      places.length = 0
      const changed = copy()
      walk(changed)
      const place = places[at]
      assert.ok(place !== undefined)
      const kind = 'class' in place ? 'class' : 'type'
      if (isKind) place[kind] = name
      else place[`new ${name}`] = value
      assert.ok(!checkQuestion(changed).ok, JSON.stringify(place).slice(0, 200))
      assert.equal(typeof checkQuestion(value).ok, 'boolean')
    }), { numRuns: RUNS })
  })

  it('are refused before they are parsed where the parser would read them again and again', () => {
    for (const text of ['+'.repeat(2_000), '+-'.repeat(1_000), '/**/'.repeat(300), '/* '.repeat(300), '+/**/'.repeat(60), 'SELECT 1\u0000']) assert.ok(!checkText(`SELECT 1 ${text}`).ok, text.slice(0, 9))
    for (const text of [`-- ${'='.repeat(80)}`, '-'.repeat(80), `/${'*'.repeat(80)}/ SELECT 1`, 'SELECT - - 1 + - 2 /* a */ -- b']) assert.ok(checkText(text).ok, text)
  })

  it('are refused where a number in them is beyond all numbers, or texts grow of themselves', async () => {
    for (const text of ['SELECT 1e999', 'SELECT -1e999', `SELECT ${'1'.repeat(400)}`]) {
      const tree = await engine.parse(text)
      assert.deepEqual([tree.ok, tree.ok ? '' : tree.failure.code], [false, 'invalid'])
    }
    let grown = 'SELECT a AS x FROM "a/t"'
    for (let depth = 0; depth < 13; depth++) grown = `SELECT ${depth % 2 === 0 ? 'x || x' : 'concat(x, x)'} AS x FROM (${grown})`
    const tree = await engine.parse(grown)
    const checked = tree.ok ? checkQuestion(tree.value) : undefined
    assert.deepEqual([checked?.ok, checked?.ok === false ? checked.failure.code : ''], [false, 'limit'])
  })

  it('are read into parts and said anew, so that what somebody wrote never runs over rows in groups', async () => {
    const columns: readonly GroupColumn[] = [{ name: 'Street', stored: 'c0', type: 'text' }, { name: 'n', stored: 'c1', type: 'integer' }, { name: 'time', stored: 'c2', type: 'time' }]
    const tree = await engine.parse('SELECT t.street, date_trunc(\'day\', time) AS day, count(*) AS n, avg(n) FROM "a/b" AS t WHERE street <> \'it\'\'s"\' AND time < \'2026-01-02\' GROUP BY STREET, day HAVING count(*) > 2 ORDER BY n')
    const checked = tree.ok ? checkQuestion(tree.value) : undefined
    assert.ok(checked?.ok === true)
    const split = splitQuestion(checked.value.query, new Map([['a/b', { columns, timeMsOf }]]))
    assert.ok(split.ok, JSON.stringify(split))
    const [grouping] = split.value.groupings
    assert.ok(grouping !== undefined)
    assert.equal(groupsText(grouping.grouping, 't1', 5, 80), 'SELECT "group 0", "group 1", "measure 0", "measure 1" FROM (SELECT "c0" AS "group 0", date_trunc(\'day\', "c2") AS "group 1", count(*) AS "measure 0", ' +
      'CASE WHEN count(DISTINCT "entity") FILTER (WHERE "c1" IS NOT NULL) >= 5 THEN avg("c1") END AS "measure 1", count(DISTINCT "entity") AS "size" FROM "t1" ' +
      `WHERE "row" < 80 AND (("c0" <> 'it''s"' AND "c2" < epoch_ms(${Date.UTC(2026, 0, 2)}::BIGINT))) GROUP BY "group 0", "group 1") AS g WHERE "size" >= 5`)
    const written = await engine.write({ error: false, statements: [{ node: split.value.query, named_param_map: [] }] })
    assert.deepEqual(written, { ok: true, value: 'SELECT "group 0" AS street, "group 1" AS "day", "measure 0" AS n, "measure 1" AS "avg(n)" FROM "released 0" WHERE ("measure 0" > 2) ORDER BY n' })
  })
})

// --- Differencing --------------------------------------------------------------------------------------------------

const K = 4

/** Rows with their entity, and the group of each in two answers; 0: in none. */
const answers = fc.array(fc.record({ entity: fc.nat(11), one: fc.nat(3), other: fc.nat(3) }), { minLength: 1, maxLength: 60 })
type Rows = readonly { readonly entity: number, readonly one: number, readonly other: number }[]

function meetingsOf (rows: Rows): readonly Meeting[] {
  const cells = new Map<string, { one: number, other: number, entities: Set<number> }>()
  for (const { entity, one, other } of rows) {
    if (one === 0 && other === 0) continue
    const cell = cells.get(`${one} ${other}`) ?? { one, other, entities: new Set() }
    cells.set(`${one} ${other}`, cell)
    if (cell.entities.size < K) cell.entities.add(entity)
  }
  return [...cells.values()].map(({ entities, ...cell }) => ({ ...cell, entities: [...entities] }))
}

/** Straight from the words: sets of rows, and the entities behind what is left of one without others. */
function naiveTelling (rows: Rows, isSameChoice: boolean): boolean {
  const entities = (of: Rows): number => new Set(of.map(({ entity }) => entity)).size
  const groups = (side: 'one' | 'other'): readonly Rows[] => [1, 2, 3].map(group => rows.filter(row => row[side] === group)).filter(group => entities(group) >= K)
  const isFew = (of: Rows): boolean => (!isSameChoice || of.length > 0) && entities(of) < K
  const rest = (whole: Rows, parts: readonly Rows[]): boolean => {
    const inside = parts.filter(part => part.every(row => whole.includes(row)))
    return inside.length > 0 && isFew(whole.filter(row => !inside.some(part => part.includes(row))))
  }
  const [ones, others] = [groups('one'), groups('other')]
  const pairs = ones.some(a => others.some(b => a.some(row => b.includes(row)) && isFew([...a.filter(row => !b.includes(row)), ...b.filter(row => !a.includes(row))])))
  return pairs || ones.some(a => rest(a, others)) || others.some(b => rest(b, ones))
}

describe('sql: differences between answers', () => {
  it('are judged as the words say it, for any two groupings', () => {
    let telling = 0
    fc.assert(fc.property(answers, fc.boolean(), (rows, isSame) => {
      const told = isTelling(meetingsOf(rows), K, isSame)
      if (told) telling++
      assert.equal(told, naiveTelling(rows, isSame))
    }), { numRuns: RUNS * 10 })
    assert.ok(telling > RUNS / 20, `${telling} of ${RUNS * 10} told too much`)
  })
})
