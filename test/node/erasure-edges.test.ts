import { strict as assert } from 'node:assert'
import type { NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { append, heldBy, publish, streamOf, tableOf } from '../support/publications.ts'
import { filesWith } from './erasure.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

describe('erasure where something fails beside it', function () {
  this.timeout(120_000)
  let cities: readonly City[] = []
  const rooms = new Map<string, Rooms>()
  const city = (at: number): City => cities[at] ?? assert.fail('no such city')

  beforeEach(async () => {
    const make = (name: string): Promise<City> => makeCity(name, { lingerMs: 5, listingEveryMs: 500, onRooms: each => rooms.set(name, each) })
    cities = [await make('Bellevue'), await make('Renton')]
    await found(cities)
    await connected(cities)
  })
  afterEach(() => removeCities(cities))

  it('of records of a feed of which a neighbour may know no more than that there is one leaves that neighbour running', async () => {
    const { node } = city(0)
    const begun = node.templateOf('neighbours')
    assert.ok(begun.ok)
    const file = begun.value as { readonly terms: object }
    const order = node.readTerms({ ...file, terms: { ...file.terms, audience: { type: 'named', members: ['Renton'] } }, dataset: { replicas: 'nobody' }, visibility: 'members' })
    assert.ok(order.ok, JSON.stringify(order))
    const [description, content] = streamOf('visits')
    const published = await node.publish({ ...description, access: 'members' }, content, undefined, order.value)
    assert.ok(published.ok, JSON.stringify(published))
    await append(node, 'visits', ['one', 'two', 'three'])
    await until(() => city(1).node.dataset('visits').ok, 'the neighbour knows of it')
    const { feed } = published.value.distribution
    await until(() => rooms.get('Renton')?.federation.feeds.get(feed) !== undefined, 'and of its feed')
    let failed: unknown
    void city(1).node.failed.then(cause => { failed = cause })
    const erased = await node.erase('visits', { type: 'records', ranges: [[1, 1]] }, 'consent')
    assert.ok(erased.ok, JSON.stringify(erased))
    await until(() => failed !== undefined || city(1).node.erasures().length === 1, 'the notice has come')
    await rooms.get('Renton')?.duties.settle()
    assert.equal(failed, undefined)
    assert.equal(city(1).node.status().state, 'ready')
  })

  it('is carried out here and told to the others as soon as it can be, where the own catalogue cannot be written', async () => {
    const canary = 'CANARY-UNTOLD-4417'
    await publish(city(0).node, tableOf('plates', [`${canary}\n`, 'and more\n']))
    await until(() => heldBy(city(1).node, 'plates')?.phase === 'complete', 'the neighbour has it')
    const catalogue = rooms.get('Bellevue')?.catalogue ?? assert.fail('no rooms')
    Object.assign(catalogue, { notify: async () => ({ ok: false, failure: { code: 'not-ready', reason: 'the own catalogue is not here', hint: 'wait' } }) })
    const erased = await city(0).node.erase('plates', { type: 'segments', ranges: [[0, 0]] }, 'order')
    assert.ok(!erased.ok && erased.failure.code === 'not-ready', JSON.stringify(erased))
    assert.deepEqual(await filesWith(city(0).folder, canary), [], 'it went here all the same')
    assert.ok((await filesWith(city(1).folder, canary)).length > 0)
    await restart(city(0))
    await until(async () => (await filesWith(city(1).folder, canary)).length === 0, 'the neighbour was told')
    await until(() => city(0).node.erasures().some(({ holders }) => holders.length === 1 && holders.every(({ confirmedMs }) => confirmedMs !== null)), 'and has confirmed')
  })

  it('is confirmed as soon as it can be, by who could say nothing when it was done', async () => {
    const canary = 'CANARY-UNSAID-2208'
    await publish(city(0).node, tableOf('plates', [`${canary}\n`]))
    await until(() => heldBy(city(1).node, 'plates')?.phase === 'complete', 'the neighbour has it')
    const { granting } = rooms.get('Renton')?.federation ?? assert.fail('no rooms')
    const say = granting.say.bind(granting)
    let tries = 0
    Object.assign(granting, { say: async () => {
      tries++
      return { ok: false, failure: { code: 'not-ready', reason: 'it is not known yet whether there was such a feed before', hint: 'wait' } }
    } })
    assert.ok((await city(0).node.erase('plates', { type: 'dataset' }, 'order')).ok)
    await until(() => tries > 0, 'the neighbour has tried to confirm')
    const { duties } = rooms.get('Renton') ?? assert.fail('no rooms')
    await duties.settle()
    const compact = city(1).store.compact.bind(city(1).store)
    let compactions = 0
    Object.assign(city(1).store, { compact: (...of: Parameters<typeof compact>) => {
      compactions++
      return compact(...of)
    } })
    for (let time = 0; time < 5; time++) await duties.settle()
    assert.equal(compactions, 0, 'what is gone is not taken away once more each time that it cannot be confirmed')
    assert.deepEqual(await filesWith(city(1).folder, canary), [], 'it went there all the same')
    Object.assign(granting, { say })
    await until(() => city(0).node.erasures().some(({ holders }) => holders.length === 1 && holders.every(({ confirmedMs }) => confirmedMs !== null)), 'it has confirmed')
    await duties.settle()
    assert.deepEqual(city(1).node.erasures().map(({ here }) => here), ['done'])
  })

  it('of key epochs does not have every live message read the whole feed again', async () => {
    const { node } = city(0)
    await publish(node, streamOf('visits'))
    await append(node, 'visits', Array.from({ length: 40 }, (_, at) => `${at}`))
    assert.ok((await node.erase('visits', { type: 'epochs', ranges: [[1, 1]] }, 'retention')).ok)
    const { federation: { feeds }, duties } = rooms.get('Bellevue') ?? assert.fail('no rooms')
    await duties.settle()
    let reads = 0
    const segment = feeds.segment.bind(feeds)
    Object.assign(feeds, { segment: (...of: Parameters<typeof segment>) => {
      reads++
      return segment(...of)
    } })
    await append(node, 'visits', Array.from({ length: 10 }, (_, at) => `later ${at}`))
    await duties.settle()
    assert.ok(reads <= 10, `${reads} segments were read for 10 messages`)
  })
})
