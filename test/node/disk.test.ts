import { strict as assert } from 'node:assert'
import { MemoryCity } from '../support/memory-city.ts'
import { found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, contentOf, publish, recordWith, streamOf, tableOf } from '../support/publications.ts'

const ROWS = ['a,1\n', 'b,2\n']

/** A federation of one, with a table and a stream of three records. */
async function alone (hasRoom: () => boolean = () => true): Promise<MemoryCity> {
  const city = await MemoryCity.make('Ada', { hasRoom })
  await city.start()
  const founded = await city.node.invite({ federationName: 'Lake Cities', want: 1, validMs: 3_600_000 })
  assert.ok(founded.ok, JSON.stringify(founded))
  await until(() => city.node.status().state === 'ready', 'it is founded')
  await publish(city.node, streamOf('live'))
  await publish(city.node, tableOf('table', ROWS))
  await append(city.node, 'live', ['0', '1', '2'])
  return city
}

describe('a disk that is full', () => {
  let hasRoom = true
  let city: MemoryCity
  before(async () => { city = await alone(() => hasRoom) })
  after(async () => city.stop())

  it('takes nothing in, says so, and is read all the same', async () => {
    hasRoom = false
    for (const refused of [await city.node.append('live', [recordWith('3')], { flush: true }), await city.node.publish(...tableOf('other', ROWS))]) {
      assert.ok(!refused.ok)
      assert.equal(refused.failure.code, 'disk-full')
      assert.match(refused.failure.hint, /free some space/)
    }
    assert.deepEqual(await bodiesOf(city.node, 'live'), ['0', '1', '2'])
    assert.equal((await contentOf(city.node, 'table')).toString(), ROWS.join(''))
    assert.ok(!city.node.dataset('other').ok)
  })

  it('takes new data as soon as there is room', async () => {
    hasRoom = true
    await append(city.node, 'live', ['3'])
    assert.deepEqual(await bodiesOf(city.node, 'live'), ['0', '1', '2', '3'])
  })
})

for (const which of ['store', 'signer'] as const) {
  describe(`a ${which} that takes no more writes`, () => {
    let city: MemoryCity
    before(async () => { city = await alone() })
    after(async () => city.stop())

    it('ends the node: nothing is acknowledged from then on, and every caller is told', async () => {
      const { node } = city
      city[which].failWrites()
      const appended = await Promise.all(Array.from({ length: 20 }, (_, at) => node.append('live', [recordWith(`lost ${at}`)], { flush: at % 2 === 0 })))
      assert.deepEqual(appended.map(({ ok }) => ok), appended.map(() => false))
      assert.match(await node.failed, /did not take a write/)
      for (const later of [await node.append('live', [recordWith('later')], { flush: true }), await node.publish(...tableOf('table', ROWS))]) {
        assert.equal(later.ok ? 'taken' : later.failure.code, 'not-ready')
      }
      assert.deepEqual((await bodiesOf(node, 'live')).slice(0, 3), ['0', '1', '2'])
    })

    it('stops in order, and starts again with all that was acknowledged', async () => {
      await city.stop()
      await city.start()
      const bodies = await bodiesOf(city.node, 'live')
      assert.deepEqual(bodies.slice(0, 3), ['0', '1', '2'])
      // What was durable when the signer failed was never acknowledged; it is signed now, once.
      assert.equal(new Set(bodies).size, bodies.length)
      await append(city.node, 'live', ['after'])
      assert.deepEqual(await bodiesOf(city.node, 'live'), [...bodies, 'after'])
    })
  })
}

describe('a replica whose store takes no more writes', () => {
  let ada: MemoryCity
  let ben: City
  before(async () => {
    ada = await MemoryCity.make('Ada')
    await ada.start()
    ben = await makeCity('Ben', { lingerMs: 5 })
    await found([ada, ben].map(each => ({ ...ben, node: each.node })))
    await publish(ben.node, streamOf('live'))
    await append(ben.node, 'live', ['0'])
    await until(async () => ada.node.dataset('live').ok && (await bodiesOf(ada.node, 'live')).length === 1, 'the replica follows')
  })
  after(async () => {
    await ada.stop()
    await removeCities([ben])
  })

  it('ends too, and goes on from there when it is started again', async () => {
    ada.store.failWrites()
    await append(ben.node, 'live', ['1'])
    assert.match(await ada.node.failed, /did not take a write/)
    assert.deepEqual(await bodiesOf(ada.node, 'live'), ['0'])
    await ada.stop()
    await ada.start()
    await until(async () => (await bodiesOf(ada.node, 'live')).length === 2, 'the replica follows again')
  })
})
