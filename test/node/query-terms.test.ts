import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { decodeAccess } from '../../src/node/access/index.ts'
import type { RecordInput } from '../../src/node/index.ts'
import { readableEnd, recordsOf } from '../../src/node/reading/index.ts'
import { rowsOf } from '../../src/node/rows/index.ts'
import { SEED, randomFrom } from '../support/chance.ts'
import { connected, found, removeCities, restart, until } from '../support/nodes.ts'
import { descriptionOf } from '../support/publications.ts'
import { allOf, appendAll, movements, Naive, numbered, questions, sameRows, SCHEMA } from './query.fixture.ts'
import { agreeAndGrant, didOf, makeOpenCity, restrictedTo, type OpenCity } from './sealing.fixture.ts'
const KEYS = 150

describe('queries of what is restricted', function () {
  this.timeout(180_000)
  let cities: readonly OpenCity[] = []
  const random = randomFrom(SEED)
  const records: RecordInput[] = [...movements(random, 33_000, KEYS)]
  const [ada, ben, cleo] = [0, 1, 2].map(at => () => cities[at] as OpenCity) as [() => OpenCity, () => OpenCity, () => OpenCity]

  before(async () => {
    cities = [await makeOpenCity('Ada', { segmentBytesTarget: 65_536 }), await makeOpenCity('Ben'), await makeOpenCity('Cleo')]
    await found(cities)
    await connected(cities)
    const { node } = ada()
    const published = await node.publish(
      { ...descriptionOf('sealed'), access: 'restricted', schema: SCHEMA.map(column => ({ ...column, unit: null })) }, { form: 'stream', mediaType: 'application/json' }, undefined,
      restrictedTo(node, ['Ben'], 'members')
    )
    assert.ok(published.ok, JSON.stringify(published))
    await appendAll(node, 'sealed', records)
  })
  after(() => removeCities(cities))

  const idle = (city: OpenCity): Promise<void> => until(() => city.rooms().querying.isIdle, 'all blocks are built')
  const sameAnswers = async (city: OpenCity, reference: string, count: number): Promise<void> => {
    const [naive, ask] = [new Naive(numbered(records)), questions(random, KEYS)]
    for (let round = 0; round < count; round++) {
      const question = ask()
      const { rows, incomplete } = await allOf(city.node, reference, question, 700)
      assert.equal(incomplete, null)
      // The latest come in the order of the digests of their keys.
      sameRows(rows, naive.answer(question), JSON.stringify({ SEED, round, question }), question.latest === true)
    }
  }
  const codesOf = async (city: OpenCity, reference: string, requester?: string): Promise<readonly unknown[]> => {
    const asker = requester === undefined ? undefined : { requester }
    const [read, query] = [city.node.read(reference, { from: 0, limit: 1 }, asker), await city.node.query(reference, { limit: 1 }, asker)]
    const said = (result: typeof read | typeof query): unknown => result.ok ? 'ok' : [result.failure.code, result.failure.reasons ?? null]
    return [said(read), said(query)]
  }

  it(`find at the publisher what looking at every record finds, and leave no key, place or time in the index (HANSE_SEED=${SEED})`, async () => {
    await sameAnswers(ada(), 'sealed', 5)
    await idle(ada())
    let [state, pages] = [0, 0]
    for (const kind of ['indexScope', 'indexBlock', 'indexPage', 'keyedState', 'statePlace'] as const) {
      for await (const { key, read } of ada().store.entries(rowsOf(kind))) {
        assert.notEqual(kind, 'statePlace', 'no place of a sealed record stands on the disk')
        const bytes = Buffer.concat([key, read.state === 'found' ? read.value : new Uint8Array(0)])
        assert.ok(!bytes.includes('thing'), `a key stands in a row of ${kind}`)
        if (kind === 'keyedState') {
          state++
          assert.equal(key.length, 5 + 16)
          assert.ok(read.state === 'found' && read.value.length <= 6, 'a number and no time')
        }
        if (kind === 'indexPage') pages++
      }
    }
    assert.ok(state > 100 && pages > 50, `${state} keys, ${pages} pages`)
    await sameAnswers(ada(), 'sealed', 10)
    const naive = new Naive(numbered(records))
    for (const key of ['thing/7', 'thing/149', 'nobody']) {
      sameRows((await allOf(ada().node, 'sealed', { key: utf8(key), latest: true }, 1)).rows, naive.answer({ key: utf8(key), latest: true }), key)
    }
  })

  it('are refused as reading is: to whom the terms do not name, without an agreement, without a key', async () => {
    for (const city of [ben(), cleo()]) await until(() => city.node.dataset('Ada/sealed').ok, 'it is listed')
    for (const [city, reference, requester] of [[ben(), 'Ada/sealed', undefined], [cleo(), 'Ada/sealed', undefined], [ada(), 'sealed', didOf(ben())], [ada(), 'sealed', didOf(cleo())]] as const) {
      const [read, query] = await codesOf(city, reference, requester)
      assert.notEqual(read, 'ok')
      assert.deepEqual(query, read, `${city.name} for ${requester}`)
    }
    const outside = await ada().node.query('sealed', { limit: 1 }, { requester: null })
    assert.ok(!outside.ok)
  })

  it('answer who has an agreement and the keys, are counted, and find what comes after', async () => {
    const agreement = await agreeAndGrant(ada(), ben(), 'sealed')
    assert.deepEqual(await codesOf(ada(), 'sealed', didOf(ben())), ['ok', 'ok'])
    const page = await ada().node.query('sealed', { limit: 37 }, { requester: didOf(ben()) })
    assert.ok(page.ok && page.value.rows.length === 37)
    const { access } = ada().rooms().federation
    let counted = 0
    assert.ok(access.feed !== undefined)
    for await (const { body } of recordsOf(ada().rooms().federation, access.feed, 0, readableEnd(access.feed))) {
      const said = decodeAccess(body)
      if (said.ok && said.value.outcome === 'allowed' && said.value.door === 'read' && said.value.agreementId === agreement.id) counted += said.value.records
    }
    assert.equal(counted, 38, 'each row that went out, and no other')
    await until(async () => {
      const asked = await ben().node.query('Ada/sealed', { limit: 1 })
      return asked.ok && asked.value.rows.length === 1 && asked.value.incomplete === null
    }, 'Ben has data and keys')
    await until(() => {
      const held = ben().node.dataset('Ada/sealed')
      return held.ok && held.value.held.records === records.length && held.value.held.phase === 'complete'
    }, 'all of it is with Ben')
    await sameAnswers(ben(), 'Ada/sealed', 5)
    await idle(ben())
    await sameAnswers(ben(), 'Ada/sealed', 5)
    const more = movements(random, 300, KEYS)
    await appendAll(ada().node, 'sealed', more, true)
    records.push(...more)
    await sameAnswers(ada(), 'sealed', 3)
    await restart(ada())
    await idle(ada())
    await sameAnswers(ada(), 'sealed', 3)
  })
})
