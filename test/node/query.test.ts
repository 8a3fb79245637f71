import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { rowsOf } from '../../src/node/rows/index.ts'
import type { RecordQuery } from '../../src/node/contract/index.ts'
import type { NodeOptions, RecordInput } from '../../src/node/index.ts'
import { SEED, randomFrom } from '../support/chance.ts'
import { found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { descriptionOf, publish } from '../support/publications.ts'
import { allOf, appendAll, HOUR_MS, movements, Naive, numbered, questions, sameRows, SCHEMA, START_MS } from './query.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]
const RECORDS = Number(process.env['HANSE_QUERY_RECORDS'] ?? 70_000)
const QUESTIONS = Number(process.env['HANSE_QUESTIONS'] ?? 60)
const KEYS = 400
/** Where half of all things move. */
const CITY = { west: -122.4, south: 47.5, east: -122.2, north: 47.7 }
const INDEX_KINDS = ['indexScope', 'indexBlock', 'indexPage', 'keyedState', 'statePlace'] as const

describe('a node that is asked for rows', function () {
  this.timeout(180_000)
  let cities: City[] = []
  const random = randomFrom(SEED)
  const records: RecordInput[] = []
  let rooms: Rooms
  const city = (): City => cities[0] as City

  before(async () => {
    cities = [await makeCity('Ada', { segmentBytesTarget: 65_536, onRooms: opened => { rooms = opened } })]
    await found(cities)
    await publish(city().node, [{ ...descriptionOf('things'), schema: SCHEMA.map(column => ({ ...column, unit: null })) }, { form: 'stream', mediaType: 'application/json' }])
    const made = movements(random, RECORDS, KEYS)
    records.push(...made)
    await appendAll(city().node, 'things', made)
  })
  after(() => removeCities(cities))

  const indexed = (): Promise<void> => until(() => rooms.querying.isIdle, 'all blocks are built')
  const answersAsNaive = async (count: number): Promise<void> => {
    const [naive, ask] = [new Naive(numbered(records)), questions(random, KEYS)]
    // Chance may ask for what is nowhere: of each kind of question one has an answer for sure.
    const [row] = naive.answer({ latest: true, box: CITY })
    assert.ok(row !== undefined, 'something is in the city')
    const at = { fromMs: row.timeMs, toMs: row.timeMs + 1 }
    const sure: readonly Omit<RecordQuery, 'limit'>[] = [
      { key: row.key, latest: true }, { key: row.key, box: CITY }, { ...at, latest: true, box: CITY }, { ...at, box: CITY, where: [{ column: 'speed', op: '<', value: 60 }] }
    ]
    for (let round = 0; round < sure.length + count; round++) {
      const question = sure[round] ?? ask()
      const expected = naive.answer(question)
      assert.ok(round >= sure.length || expected.length > 0, `question ${round} has an answer`)
      const limit = 1 + Math.floor(random() * 1_000)
      // Of many pages the first few, so that this has an end.
      const { rows, incomplete } = expected.length > 30 * limit ? { rows: expected, incomplete: null } : await allOf(city().node, 'things', question, limit)
      const said = JSON.stringify({ SEED, round, limit, question, key: question.key === undefined ? null : new TextDecoder().decode(question.key) })
      assert.equal(incomplete, null, said)
      sameRows(rows, expected, said)
    }
  }

  it(`finds what looking at every record finds, while the index is being built and when it is (HANSE_SEED=${SEED})`, async () => {
    await answersAsNaive(20)
    await indexed()
    const [blocks, pages] = [await rowsIn('indexBlock'), await rowsIn('indexPage')]
    assert.ok(blocks.size >= Math.floor(RECORDS / 28_672), `${blocks.size} blocks`)
    assert.ok(pages.size < RECORDS / 100, `${pages.size} pages`)
    await answersAsNaive(QUESTIONS)
  })

  it('finds what was appended at once, and what was deleted no more', async () => {
    const { node } = city()
    const now = START_MS + 200 * HOUR_MS
    const more: readonly RecordInput[] = [
      { key: utf8('fresh'), timeMs: now, operation: 'put', mediaType: 'application/json', body: utf8('{"lat":1,"lon":1}') },
      { key: utf8('thing/7'), timeMs: now, operation: 'delete', mediaType: 'application/json', body: new Uint8Array(0) },
      { key: utf8('thing/8'), timeMs: 1_000, operation: 'put', mediaType: 'application/json', body: utf8('{"lat":2,"lon":2}') }
    ]
    await appendAll(node, 'things', more, true)
    records.push(...more)
    const one = async (key: string): Promise<readonly string[]> => (await allOf(node, 'things', { key: utf8(key), latest: true }, 1)).rows.map(({ body }) => new TextDecoder().decode(body))
    assert.deepEqual(await one('fresh'), ['{"lat":1,"lon":1}'])
    assert.deepEqual(await one('thing/7'), [])
    assert.deepEqual(await one('thing/8'), ['{"lat":2,"lon":2}'], 'the latest by position, not by time')
    assert.deepEqual(await one('nobody'), [])
    await answersAsNaive(20)
  })

  it('goes on behind a cursor while records come in, and takes none of another question or version', async () => {
    const { node } = city()
    const question = { box: { west: -122.4, south: 47.5, east: -122.3, north: 47.6 } }
    const first = await node.query('things', { ...question, limit: 100 })
    assert.ok(first.ok && first.value.next !== null)
    const more = movements(random, 500, KEYS)
    await appendAll(node, 'things', more, true)
    records.push(...more)
    const second = await node.query('things', { ...question, limit: 100, after: first.value.next })
    assert.ok(second.ok)
    sameRows([...first.value.rows, ...second.value.rows], new Naive(numbered(records)).answer(question).slice(0, 200), `seed ${SEED}`)
    for (const query of [{ limit: 100 }, { ...question, latest: true, limit: 100 }, { ...question, toMs: 5, limit: 100 }]) {
      const refused = await node.query('things', { ...query, after: first.value.next })
      assert.equal(!refused.ok && refused.failure.code, 'cursor')
    }
    for (const after of ['', 'zzz', '!!', 'a'.repeat(5_000)]) {
      const refused = await node.query('things', { ...question, limit: 100, after })
      assert.equal(!refused.ok && refused.failure.code, 'cursor', after)
    }
  })

  it('gives rows that hold nothing of their segments in memory', async () => {
    for (const question of [{ box: { west: -122.4, south: 47.5, east: -122.3, north: 47.6 } }, { latest: true }, { key: utf8('thing/6') }]) {
      const page = await city().node.query('things', { ...question, limit: 20 })
      assert.ok(page.ok && page.value.rows.length > 0)
      for (const { key, body } of page.value.rows) assert.deepEqual([key.buffer.byteLength, body.buffer.byteLength], [key.length, body.length])
    }
  })

  it('gives short pages instead of looking for long', async () => {
    const { rows, pages } = await allOf(city().node, 'things', { where: [{ column: 'id', op: '=', value: 'nobody' }] }, 10)
    assert.equal(rows.length, 0)
    assert.ok(pages >= 2, 'more records than one call looks at')
  })

  it('refuses what cannot be asked, and says why', async () => {
    const { node } = city()
    const codeOf = async (reference: string, query: Parameters<typeof node.query>[1]): Promise<string> => {
      const page = await node.query(reference, query)
      return page.ok ? 'ok' : page.failure.code
    }
    assert.equal(await codeOf('nothing', { limit: 1 }), 'not-found')
    for (const query of [
      { limit: 0 }, { limit: 1_001 }, { limit: 1.5 }, { limit: 1, key: new Uint8Array(0) }, { limit: 1, key: new Uint8Array(513) }, { limit: 1, fromMs: 2, toMs: 2 },
      { limit: 1, box: { west: 0, south: 2, east: 1, north: 1 } }, { limit: 1, box: { west: Number.NaN, south: 0, east: 1, north: 1 } }, { limit: 1, box: { west: -181, south: 0, east: 1, north: 1 } },
      { limit: 1, where: Array.from({ length: 33 }, () => ({ column: 'id', op: 'exists' as const, value: true })) },
      { limit: 1, where: [{ column: 'id', op: 'like' as const, value: '%'.repeat(2_000) }] }
    ]) assert.equal(await codeOf('things', query), 'invalid', JSON.stringify(query))
    await publish(node, [descriptionOf('picture'), { form: 'file', mediaType: 'image/png', fileName: 'a.png', bytes: (async function * () { yield utf8('png') })() }])
    assert.equal(await codeOf('picture', { limit: 1 }), 'invalid')
  })

  it('makes the same index anew as it made behind the growing feed, also over a restart', async () => {
    await indexed()
    const grown = await all()
    await restart(city())
    await indexed()
    assert.deepEqual(await all(), grown, 'a restart changes nothing')
    await city().store.commit(grown.map(([key]) => ({ type: 'delete', key: Buffer.from(key, 'hex') })))
    await restart(city())
    await indexed()
    const rebuilt = await all()
    assert.deepEqual(rebuilt.map(([key]) => key), grown.map(([key]) => key))
    assert.deepEqual(rebuilt, grown)
    await answersAsNaive(20)
  })

  it('reads no more segments than rows are wanted, but for the few in which there is none', async () => {
    // So that none of it is in memory.
    await restart(city())
    await indexed()
    const { node, store } = city()
    const getBlocks = store.getBlocks.bind(store)
    let reads = 0
    store.getBlocks = async wanted => {
      reads += wanted.length
      return getBlocks(wanted)
    }
    try {
      for (let key = 0; key < 20; key++) {
        reads = 0
        const page = await node.query('things', { key: utf8(`thing/${key}`), limit: 10 })
        assert.ok(page.ok && reads > 0 && reads <= 18, `${reads} segments for 10 rows of thing/${key}`)
      }
    } finally {
      store.getBlocks = getBlocks
    }
  })

  async function rowsIn (kind: typeof INDEX_KINDS[number]): Promise<ReadonlyMap<string, string>> {
    const rows = new Map<string, string>()
    for await (const { key, read } of city().store.entries(rowsOf(kind))) rows.set(Buffer.from(key).toString('hex'), read.state === 'found' ? Buffer.from(read.value).toString('hex') : read.state)
    return rows
  }

  async function all (): Promise<readonly (readonly [string, string])[]> {
    const rows: (readonly [string, string])[] = []
    for (const kind of INDEX_KINDS) rows.push(...await rowsIn(kind))
    return rows
  }
})
