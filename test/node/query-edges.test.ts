import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { rowsOf } from '../../src/node/rows/index.ts'
import type { NodeOptions, RecordInput } from '../../src/node/index.ts'
import { SEED, randomFrom } from '../support/chance.ts'
import { MemoryCity } from '../support/memory-city.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { descriptionOf, publish } from '../support/publications.ts'
import { filesWith } from './erasure.fixture.ts'
import { allOf, appendAll, movements, Naive, numbered, questions, sameRows, SCHEMA } from './query.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]
const KEYS = 200
const INDEX_KINDS = ['indexScope', 'indexBlock', 'indexPage', 'keyedState', 'statePlace'] as const
const described = (datasetId: string): ReturnType<typeof descriptionOf> => ({ ...descriptionOf(datasetId), schema: SCHEMA.map(column => ({ ...column, unit: null })) })
const STREAM = { form: 'stream', mediaType: 'application/json' } as const

async function sameAnswers (city: Pick<City, 'node'>, reference: string, records: readonly RecordInput[], random: () => number, count: number): Promise<void> {
  const [naive, ask] = [new Naive(numbered(records)), questions(random, KEYS)]
  for (let round = 0; round < count; round++) {
    const question = ask()
    const { rows, incomplete } = await allOf(city.node, reference, question, 700)
    assert.equal(incomplete, null)
    sameRows(rows, naive.answer(question), JSON.stringify({ SEED, round, question }))
  }
}

describe('an index on a bad day', function () {
  this.timeout(180_000)
  let ada: MemoryCity
  let rooms: Rooms
  let charter: Uint8Array | undefined
  const random = randomFrom(SEED)
  const records = movements(random, 62_000, KEYS)
  const idle = (): Promise<void> => until(() => rooms.querying.isIdle, 'all blocks are built')

  before(async () => {
    ada = await MemoryCity.make('Ada', { onRooms: opened => { rooms = opened }, keepCharter: async envelope => { charter = envelope }, get charter () { return charter } })
    await ada.start()
    await ada.node.invite({ federationName: 'Lake Cities', want: 1, validMs: 60_000 })
    await until(() => ada.node.status().state === 'ready', 'it is founded')
    await publish(ada.node, [described('things'), STREAM])
    await appendAll(ada.node, 'things', records)
    await idle()
  })
  after(() => ada.stop())

  const rows = async (): Promise<ReadonlyMap<string, string>> => {
    const found = new Map<string, string>()
    for (const kind of INDEX_KINDS) {
      for await (const { key, read } of ada.store.entries(rowsOf(kind))) found.set(Buffer.from(key).toString('hex'), read.state === 'found' ? Buffer.from(read.value).toString('hex') : read.state)
    }
    return found
  }
  const wiped = async (): Promise<void> => {
    await ada.store.commit([...(await rows()).keys()].map(key => ({ type: 'delete', key: Buffer.from(key, 'hex') })))
  }

  it(`comes to the same wherever the power goes while it is built (HANSE_SEED=${SEED})`, async () => {
    const whole = await rows()
    assert.ok([...whole.keys()].some(key => key.startsWith('42')), 'there are blocks')
    for (const [commit, durable] of [[2, true], [3, false], [5, true], [17, false], [60, true], [200, false]] as const) {
      await ada.stop()
      await wiped()
      await ada.start({ commit, durable })
      await until(() => ada.commits >= commit || rooms.querying.isIdle, 'the power goes, or all blocks are built')
      await ada.kill()
      await ada.start()
      await idle()
      assert.deepEqual(await rows(), whole, `cut at commit ${commit}`)
    }
    await sameAnswers(ada, 'things', records, random, 10)
  })

  it('answers as before where rows of it are damaged or lost, and makes them anew', async () => {
    const whole = await rows()
    const keys = [...whole.keys()]
    for (const prefix of ['42', '43', '4b', '4c']) {
      const of = keys.filter(key => key.startsWith(prefix))
      const hit = Array.from({ length: 5 }, () => of[Math.floor(random() * of.length)] ?? '')
      for (const key of hit) ada.store.damage(Buffer.from(key, 'hex'))
      const naive = new Naive(numbered(records))
      const ask = questions(random, KEYS)
      for (let round = 0; round < 15; round++) {
        const question = ask()
        const { rows: found, incomplete } = await allOf(ada.node, 'things', question, 700)
        const expected = naive.answer(question)
        if (incomplete === null) sameRows(found, expected, JSON.stringify({ SEED, prefix, round, question }))
        else assert.ok(found.every(row => expected.some(({ number }) => number === row.number)), 'what is given is right')
      }
      if (prefix === '42') {
        await ada.stop()
        await ada.start()
      }
      // Of what is damaged the node knows when it meets it.
      for (const question of [{ latest: true }, { latest: true, box: { west: -180, south: -90, east: 180, north: 90 } }]) await allOf(ada.node, 'things', question, 1_000)
      await idle()
    }
    await sameAnswers(ada, 'things', records, random, 20)
  })

  it('says that rows may be missing where a segment is, finds all others, and finds them again when it is back', async () => {
    const feed = rooms.federation.feeds.get(dataset('things').distribution.feed)
    assert.ok(feed !== undefined)
    const [lost] = [3]
    const bytes = await rooms.federation.feeds.segment(feed, lost)
    assert.ok(bytes !== undefined)
    await rooms.federation.feeds.markDamaged(feed, lost)
    const { first, count } = feed.leaf(lost)
    const left = numbered(records).filter(({ number }) => number < first || number >= first + count)
    const page = await allOf(ada.node, 'things', { box: { west: -180, south: -90, east: 180, north: 90 } }, 1_000)
    assert.match(page.incomplete ?? '', /segment 3 of it is not here/)
    sameRows(page.rows, new Naive(left).answer({ box: { west: -180, south: -90, east: 180, north: 90 } }), `seed ${SEED}`)
    await rooms.federation.feeds.fill(feed, [{ index: lost, leafData: feed.leafData(lost), bytes }])
    await sameAnswers(ada, 'things', records, random, 5)
  })

  it('follows a table that is published anew, and keeps nothing of the version before, nor of what is withdrawn', async () => {
    const tableOf = (rowsOfIt: number, canary: string): Parameters<typeof publish>[1] => {
      const lines = ['id,lat,lon\n', ...Array.from({ length: rowsOfIt }, (_, at) => `${canary}${at},${(at % 90).toFixed(2)},${(at % 180).toFixed(2)}\n`)]
      const content = (async function * (): AsyncGenerator<RecordInput> {
        for (const [at, line] of lines.entries()) yield { key: utf8(`${at === 0 ? 'header' : 'row'}/${at}-${canary}`), timeMs: 1_000 + at, operation: 'put', mediaType: 'text/csv', body: utf8(line) }
      })()
      const schema = [{ name: 'id', type: 'text' as const, unit: null }, { name: 'lat', type: 'latitude' as const, unit: null }, { name: 'lon', type: 'longitude' as const, unit: null }]
      return [{ ...descriptionOf('table'), schema }, { form: 'table', mediaType: 'text/csv', fileName: 'table.csv', records: content }]
    }
    await publish(ada.node, tableOf(6_000, 'old'))
    await idle()
    assert.ok((await keysHolding('row/17-old')) > 0, 'the index has a row of each key')
    const before = await ada.node.query('table', { box: { west: 5, south: 5, east: 5, north: 5 }, limit: 10 })
    assert.ok(before.ok && before.value.next !== null)
    assert.equal(before.value.rows[0]?.values.get('id')?.type, 'text')
    await publish(ada.node, tableOf(5_000, 'new'))
    const { rows: found } = await allOf(ada.node, 'table', { box: { west: 5, south: 5, east: 5, north: 5 } }, 1_000)
    assert.equal(found.length, Math.ceil((5_000 - 5) / 180))
    assert.ok(found.every(({ body }) => new TextDecoder().decode(body).startsWith('new')))
    const stale = await ada.node.query('table', { box: { west: 5, south: 5, east: 5, north: 5 }, limit: 10, after: before.value.next })
    assert.equal(!stale.ok && stale.failure.code, 'cursor')
    const latest = await allOf(ada.node, 'table', { latest: true }, 1_000)
    assert.equal(latest.rows.length, 5_000)
    await idle()
    assert.equal(await keysHolding('row/17-old'), 0)
    assert.ok((await keysHolding('row/17-new')) > 0)
    const withdrawn = await ada.node.withdraw('table')
    assert.ok(withdrawn.ok)
    await until(async () => await keysHolding('row/17-new') === 0, 'its index is gone')
  })

  async function keysHolding (text: string): Promise<number> {
    let count = 0
    for (const kind of INDEX_KINDS) for await (const key of ada.store.keys(rowsOf(kind))) if (Buffer.from(key).includes(text)) count++
    return count
  }

  function dataset (reference: string): { readonly distribution: { readonly feed: string } } {
    const known = ada.node.dataset(reference)
    assert.ok(known.ok)
    return known.value
  }
})

describe('queries between cities', function () {
  this.timeout(180_000)
  let cities: readonly City[] = []
  const rooms = new Map<string, Rooms>()
  const random = randomFrom(SEED + 1)
  const make = (name: string, more: Partial<NodeOptions> = {}): Promise<City> => makeCity(name, { segmentBytesTarget: 65_536, onRooms: each => rooms.set(name, each), ...more })
  const [ada, ben] = [(): City => cities[0] as City, (): City => cities[1] as City]
  const idle = (city: City): Promise<void> => until(() => rooms.get(city.name)?.querying.isIdle === true, 'all blocks are built')

  before(async () => {
    cities = [await make('Ada'), await make('Ben')]
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  it('find in a replica what they find at the publisher', async () => {
    const records = movements(random, 40_000, KEYS)
    await publish(ada().node, [described('shared'), STREAM])
    await appendAll(ada().node, 'shared', records)
    await until(() => {
      const held = ben().node.dataset('Ada/shared')
      return held.ok && held.value.held.phase === 'complete' && held.value.held.records === records.length
    }, 'all of it is with Ben')
    await sameAnswers(ben(), 'Ada/shared', records, random, 10)
    await idle(ben())
    await sameAnswers(ben(), 'Ada/shared', records, random, 20)
  })

  it('lose what is erased: from answers at once, from the index and the disk before it is confirmed', async () => {
    const canary = 'CANARY-KEY-60417'
    const records = [...movements(random, 33_000, KEYS)]
    const erased = [100, 20_000, 32_900]
    for (const at of erased) records[at] = { key: utf8(canary), timeMs: 5_000 + at, operation: 'put', mediaType: 'application/json', body: utf8(`{"lat":${at / 1_000},"lon":1}`) }
    records[15_000] = { key: utf8('stays'), timeMs: 5_000, operation: 'put', mediaType: 'application/json', body: utf8('{"lat":1,"lon":1,"id":"before"}') }
    records[20_001] = { key: utf8('stays'), timeMs: 5_000, operation: 'put', mediaType: 'application/json', body: utf8('{"lat":2,"lon":1,"id":"after"}') }
    await publish(ada().node, [described('private'), STREAM])
    await appendAll(ada().node, 'private', records)
    await until(() => {
      const held = ben().node.dataset('Ada/private')
      return held.ok && held.value.held.phase === 'complete' && held.value.held.records === records.length
    }, 'all of it is with Ben')
    for (const city of cities) {
      await idle(city)
      let rowsOfIt = 0
      for await (const key of city.store.keys(rowsOf('keyedState'))) if (Buffer.from(key).includes(canary)) rowsOfIt++
      assert.equal(rowsOfIt, 1, `${city.name} has indexed the key`)
    }
    const said = await ada().node.erase('private', { type: 'records', ranges: [[100, 100], [20_000, 20_001], [32_900, 32_900]] }, 'consent')
    assert.ok(said.ok, JSON.stringify(said))
    assert.deepEqual(await filesWith(ada().folder, canary), [], 'gone from the disk when the call answers')
    await until(() => ada().node.erasures().every(({ holders }) => holders.every(({ confirmedMs }) => confirmedMs !== null)), 'Ben has confirmed')
    assert.deepEqual(await filesWith(ben().folder, canary), [], 'gone from the disk when it is confirmed')
    const left = numbered(records).filter(({ number }) => !erased.includes(number) && number !== 20_001)
    for (const [city, reference] of [[ada(), 'private'], [ben(), 'Ada/private']] as const) {
      for (let again = 0; again < 2; again++) {
        const naive = new Naive(left)
        for (const question of [{ key: utf8('stays') }, { key: utf8('stays'), latest: true }, { key: utf8(canary) }, { key: utf8(canary), latest: true }, { latest: true }, { box: { west: 0.5, south: 0, east: 1.5, north: 40 } }]) {
          const { rows, incomplete } = await allOf(city.node, reference, question, 1_000)
          assert.equal(incomplete, null)
          sameRows(rows, naive.answer(question), JSON.stringify({ SEED, city: city.name, again, question }))
        }
        await idle(city)
      }
    }
  })
})
