import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { Asker } from '../../src/node/contract/index.ts'
import type { HanseNode } from '../../src/node/index.ts'
import { found, makeCity, removeCities, type City } from '../support/nodes.ts'
import { answerOf, plainRows, publishCsv, refusalOf, termsBy } from './sql.fixture.ts'

const TRIPS = { plate: 'text', street: 'text', speed: 'number' } as const
const LIMITS = { summarise: { minGroupSize: 5 } }
const COUNTED = { questions: { countedBy: 'plate' } }

/** 40 vehicles with a trip each: 38 in Long Street, two in Short Lane, which are too few to be told of. */
function tripsOf (): readonly string[] {
  return Array.from({ length: 40 }, (_, at) => `P${at},${at < 38 ? 'Long Street' : 'Short Lane'},${20 + at}`)
}

describe('sql: attacks on data in groups', function () {
  let cities: readonly City[] = []
  const node = (): HanseNode => (cities[0] as City).node
  let requester = ''
  const asker = (): Asker => ({ requester })

  before(async () => {
    cities = [await makeCity('Brugge'), await makeCity('Gent')]
    await found(cities)
    requester = (cities[1] as City).node.status().member.did
  })
  after(() => removeCities(cities))

  async function publish (datasetId: string): Promise<void> {
    await publishCsv(node(), datasetId, TRIPS, tripsOf(), termsBy(node(), 'aggregates', LIMITS, COUNTED))
  }

  it('learn nothing from a refusal: few and none are refused alike', async () => {
    await publish('guessed')
    assert.deepEqual(plainRows(await answerOf(node(), 'SELECT count(*) FROM guessed', asker())), [[40]])
    for (const guess of ['speed = 59', 'speed = 59.5', 'speed > 58', 'speed > 60', 'street = \'Short Lane\' AND speed = 58', 'street = \'Short Lane\' AND speed = 57']) {
      assert.equal((await refusalOf(node(), `SELECT count(*) FROM guessed WHERE NOT (${guess})`, asker())).code, 'differencing', guess)
      assert.equal((await refusalOf(node(), `SELECT street, count(*) FROM guessed WHERE NOT (${guess}) GROUP BY street`, asker())).code, 'differencing', guess)
    }
    assert.deepEqual(plainRows(await answerOf(node(), 'SELECT avg(speed) FROM guessed', asker())), [[39.5]], 'the same rows may be asked for more')
  })

  it('are turned away after so many refusals, since each tells a little', async () => {
    await publish('searched')
    await answerOf(node(), 'SELECT count(*) FROM searched', asker())
    let code = ''
    for (let at = 0; at < 80 && code !== 'limit'; at++) code = (await refusalOf(node(), `SELECT count(*) FROM searched WHERE NOT (speed = ${20.5 + at})`, asker())).code
    assert.equal(code, 'limit')
    assert.deepEqual(plainRows(await answerOf(node(), 'SELECT count(*) FROM searched', asker())), [[40]], 'what was told stays told')
  })

  it('cannot subtract what was erased from what was told before', async () => {
    await publish('erased')
    assert.deepEqual(plainRows(await answerOf(node(), 'SELECT count(*), sum(speed) FROM erased', asker())), [[40, 1_580]])
    const erased = await node().erase('erased', { type: 'records', ranges: [[3, 4]] }, 'consent')
    assert.ok(erased.ok, JSON.stringify(erased))
    assert.equal((await refusalOf(node(), 'SELECT count(*), sum(speed) FROM erased', asker())).code, 'differencing')
  })

  it('cannot subtract what is told in one detail from what was told in another', async () => {
    await publish('finer')
    assert.deepEqual(plainRows(await answerOf(node(), 'SELECT count(*) FROM finer', asker())), [[40]])
    const set = await node().setTerms('finer', termsBy(node(), 'aggregates', { summarise: { minGroupSize: 5 }, timeStepMs: 60_000 }, COUNTED))
    assert.ok(set.ok, JSON.stringify(set))
    assert.equal((await refusalOf(node(), 'SELECT count(*) FROM finer', asker())).code, 'differencing')
  })

  it('cannot put numbers of their own in place of groups, to have them signed', async () => {
    await publish('forged')
    const { code } = await refusalOf(node(), 'WITH "Released 0" AS (SELECT 1 AS "group 0", 99 AS "measure 0") SELECT street, count(*) FROM forged GROUP BY street', asker())
    assert.equal(code, 'aggregates-only')
  })

  it('do not keep the people of the publisher waiting', async () => {
    const leave = new AbortController()
    const heavy = 'SELECT count(*) FROM range(1000000) AS a, range(1000000) AS b WHERE a.range * b.range % 7 = 8'
    let isOver = false
    const asked = Promise.all(Array.from({ length: 6 }, () => node().sql({ text: heavy, signal: leave.signal }, asker()))).then(all => { isOver = true; return all })
    assert.deepEqual(plainRows(await answerOf(node(), 'SELECT 1')), [[1]])
    assert.ok(!isOver)
    leave.abort()
    assert.ok((await asked).every(({ ok }) => !ok))
  })

  it('cannot watch a stream for a single one: they are told what they were told before, until enough have come', async () => {
    const description = {
      datasetId: 'watched', title: 'Watched', description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, access: 'members' as const, simulated: false,
      schema: Object.entries(TRIPS).map(([name, type]) => ({ name, type, unit: null }))
    }
    const published = await node().publish(description, { form: 'stream', mediaType: 'application/json' }, undefined, termsBy(node(), 'aggregates', LIMITS, COUNTED))
    assert.ok(published.ok, JSON.stringify(published))
    const come = async (from: number, to: number): Promise<void> => {
      const records = Array.from({ length: to - from }, (_, at) => ({
        key: utf8(`P${from + at}`), timeMs: 1_000, operation: 'put' as const, mediaType: 'application/json', body: utf8(JSON.stringify({ plate: `P${from + at}`, street: 'Long Street', speed: 20 }))
      }))
      const appended = await node().append('watched', records, { flush: true })
      assert.ok(appended.ok, JSON.stringify(appended))
    }
    const told = async (): Promise<unknown> => plainRows(await answerOf(node(), 'SELECT count(*) FROM watched', asker()))
    await come(0, 10)
    assert.deepEqual(await told(), [[10]])
    assert.deepEqual(await told(), [[10]])
    await come(10, 12)
    assert.deepEqual(await told(), [[10]], 'two have come')
    await come(12, 20)
    assert.deepEqual(await told(), [[20]], 'ten have come')
  })
})
