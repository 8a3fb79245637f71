import { strict as assert } from 'node:assert'
import type { HanseNode, NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { heldBy } from '../support/publications.ts'
import { agreementOf } from './doors.fixture.ts'
import { answerOf, plainRows, publishCsv, refusalOf, termsBy } from './sql.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

const WASTE = 'urn:hanse:purpose:1:waste.collection'
const BINS = { bin: 'text', street: 'text', fill: 'number' } as const
const COUNTED = { questions: { countedBy: 'bin' } }

/** Bins of ten streets, four in each. */
function binsOf (count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `B${at},S${at % 10},${at}`)
}

describe('sql: terms of what is asked', function () {
  let cities: readonly City[] = []
  const rooms = new Map<string, Rooms>()
  const city = (at: number): City => cities[at] as City
  const node = (at: number): HanseNode => city(at).node
  const didOf = (at: number): string => node(at).status().member.did
  const federationOf = (at: number): Rooms['federation'] => (rooms.get(city(at).name) as Rooms).federation
  let agreements = 0

  before(async () => {
    cities = await Promise.all(['Brugge', 'Gent'].map(name => makeCity(name, { onRooms: each => { rooms.set(name, each) } })))
    await found(cities)
    await connected(cities)
    const named = { audience: { type: 'named', members: [didOf(1)] }, purposes: [WASTE], fromMs: null, untilMs: null, keep: null, reportEveryMs: null }
    await publishCsv(node(0), 'bins', BINS, binsOf(40), termsBy(node(0), 'neighbours', named))
    await publishCsv(node(0), 'routes', BINS, binsOf(40), termsBy(node(0), 'aggregates', { ...named, summarise: { minGroupSize: 5 } }, COUNTED))
    for (const at of [0, 1]) {
      await publishCsv(node(at), `own-${at}`, BINS, binsOf(40), termsBy(node(at), 'aggregates', { summarise: { minGroupSize: 5 } }, COUNTED))
    }
    await until(() => ['bins', 'routes', 'own-0'].every(each => node(1).dataset(each).ok) && node(0).dataset('own-1').ok, 'each knows of the other\'s')
  })
  after(() => removeCities(cities))

  /** Both sides agree about a dataset. Returns what ends it. */
  async function agree (datasetId: string): Promise<() => Promise<void>> {
    const entry = (rooms.get('Brugge') as Rooms).catalogue.entry(didOf(0), datasetId)
    assert.ok(entry?.terms != null)
    const id = `urn:uuid:00000000-0000-4000-8000-00000000000${++agreements}`
    const agreement = agreementOf({ id, provider: didOf(0), consumer: didOf(1), datasetId, purpose: WASTE, policy: entry.terms.policy, inForceFromMs: Date.now() - 1_000 })
    for (const at of [1, 0]) await federationOf(at).standings.put(agreement)
    await federationOf(0).granting.agreed(id)
    return async () => { for (const at of [0, 1]) await federationOf(at).standings.revoke(id, Date.now() - 1) }
  }

  it('lets a replica be asked under its agreement, tells its conditions, and refuses when it was revoked, though the rows were read', async () => {
    assert.equal((await refusalOf(node(1), 'SELECT count(*) FROM bins')).code, 'refused')
    const end = await agree('bins')
    await until(() => heldBy(node(1), 'bins')?.phase === 'complete', 'the bins came')
    // Until the giver was heard of, the question goes to its publisher, who answers it.
    await until(async () => {
      const asked = await node(1).sql({ text: 'SELECT count(*) FROM bins' })
      return asked.ok && asked.value.sources[0]?.agreementId != null
    }, 'and their keys')
    const answer = await answerOf(node(1), 'SELECT street, sum(fill) FROM bins GROUP BY 1 ORDER BY 1 LIMIT 1')
    assert.deepEqual(plainRows(answer), [['S0', 60]])
    assert.equal(answer.sources[0]?.agreementId, 'urn:uuid:00000000-0000-4000-8000-000000000001')
    assert.ok(answer.conditions.some(({ clause }) => clause === 7), JSON.stringify(answer.conditions))
    const other = await refusalOf(node(1), 'SELECT count(*) FROM bins', { purpose: 'urn:hanse:purpose:1:commerce.advertising' })
    assert.deepEqual([other.code, other.reasons], ['refused', ['purpose.outside']])
    await end()
    const revoked = await refusalOf(node(1), 'SELECT count(*) FROM bins')
    assert.deepEqual([revoked.code, revoked.reasons], ['refused', ['agreement.revoked']])
  })

  it('sends a question under an agreement, and refuses it at the publisher when that was revoked', async () => {
    assert.equal((await refusalOf(node(1), 'SELECT count(*) FROM routes')).code, 'refused')
    const end = await agree('routes')
    assert.deepEqual(plainRows(await answerOf(node(1), 'SELECT count(*), avg(fill) FROM routes')), [[40, 19.5]])
    await end()
    assert.deepEqual((await refusalOf(node(1), 'SELECT count(*), avg(fill) FROM routes')).reasons, ['agreement.revoked'])
    const there = await node(0).sql({ text: 'SELECT count(*), avg(fill) FROM routes' }, { requester: didOf(1) })
    assert.deepEqual([there.ok, there.ok ? [] : there.failure.reasons], [false, ['agreement.revoked']])
  })

  it('keeps no answer from being held against later ones by a restart of the publisher', async () => {
    assert.deepEqual(plainRows(await answerOf(node(1), 'SELECT count(*) FROM "own-0" WHERE fill < 20')), [[20]])
    await restart(city(0))
    await connected(cities)
    assert.equal((await refusalOf(node(1), 'SELECT count(*) FROM "own-0" WHERE fill < 22')).code, 'differencing')
    assert.deepEqual(plainRows(await answerOf(node(1), 'SELECT count(*) FROM "own-0" WHERE fill < 20')), [[20]])
  })

  it('tells nothing of data that were published anew, after the first version was told of', async () => {
    await publishCsv(node(0), 'own-0', BINS, binsOf(41), termsBy(node(0), 'aggregates', { summarise: { minGroupSize: 5 } }, COUNTED))
    await until(async () => (await node(1).sql({ text: 'SELECT count(*) FROM "own-0" WHERE fill < 20' })).ok === false, 'the next version is there')
    assert.equal((await refusalOf(node(1), 'SELECT count(*) FROM "own-0" WHERE fill < 20')).code, 'differencing')
  })

  it('sends no question over data of two publishers, and says so', async () => {
    const { code, reason } = await refusalOf(node(1), 'SELECT (SELECT count(*) FROM "own-0"), (SELECT sum(fill) FROM "own-1")')
    assert.equal(code, 'several-publishers', reason)
  })

  it('takes rows under such terms only where it is said by what they are counted', async () => {
    const plain = termsBy(node(0), 'aggregates', { summarise: { minGroupSize: 5 } })
    const [description, content] = [{ datasetId: 'raw', title: 'Raw', description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [], access: 'members' as const, simulated: false }, { form: 'stream' as const, mediaType: 'application/json' }]
    const published = await node(0).publish(description, content, undefined, plain)
    assert.equal(published.ok ? '' : published.failure.code, 'invalid')
    const strange = node(0).readTerms({ terms: plain.form, questions: { countedBy: 7 } })
    assert.ok(!strange.ok && strange.failure.reason.includes('/questions'), JSON.stringify(strange))
  })

  it('tells no more of records that were erased', async () => {
    await publishCsv(node(0), 'visits', BINS, binsOf(20))
    assert.deepEqual(plainRows(await answerOf(node(0), 'SELECT count(*) FROM visits')), [[20]])
    const erased = await node(0).erase('visits', { type: 'records', ranges: [[1, 3]] }, 'consent')
    assert.ok(erased.ok, JSON.stringify(erased))
    assert.deepEqual(plainRows(await answerOf(node(0), 'SELECT count(*) FROM visits')), [[17]])
  })

  it('answers a member only so often a minute', async () => {
    const asked = await Promise.all(Array.from({ length: 40 }, () => node(1).sql({ text: 'SELECT 1 FROM "own-0"' })))
    assert.ok(asked.every(({ ok }) => !ok))
    let code = ''
    // Twice as many as a minute allows: it may end meanwhile.
    for (let at = 0; at < 80 && code !== 'limit'; at++) {
      const answered = await node(1).sql({ text: 'SELECT * FROM "own-0"' })
      code = answered.ok ? '' : answered.failure.code
    }
    assert.equal(code, 'limit')
  })
})
