import { strict as assert } from 'node:assert'
import type { NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { contentOf, fileOf, heldBy, publish } from '../support/publications.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

describe('a file that is published anew while it is being fetched', function () {
  let cities: readonly City[] = []
  let rooms: Rooms | undefined

  before(async () => {
    cities = [await makeCity('Ada', { onRooms: each => { rooms = each } }), await makeCity('Ben')]
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  it('is fetched as it is now when that has come to its end', async () => {
    const [ada, ben] = cities as readonly [City, City]
    const { federation: { files }, catalogue } = rooms ?? assert.fail('no rooms')
    const fetch = files.fetch.bind(files)
    const gate = Promise.withResolvers<void>()
    let isAtGate = false
    Object.assign(files, { fetch: async (...of: Parameters<typeof fetch>) => {
      isAtGate = true
      await gate.promise
      return fetch(...of)
    } })
    await publish(ben.node, fileOf('map', Buffer.from('as it was')))
    await until(() => isAtGate, 'the first is being fetched')
    Object.assign(files, { fetch })
    await publish(ben.node, fileOf('map', Buffer.from('as it is')))
    const dataset = ada.node.dataset('map')
    assert.ok(dataset.ok)
    const { publisher: { did } } = dataset.value
    await until(() => catalogue.entry(did, 'map')?.version === 2, 'the second is known')
    const { feed, firstRecord } = catalogue.entry(did, 'map')?.distribution ?? assert.fail('no distribution')
    await until(() => (rooms?.federation.feeds.get(feed)?.records ?? 0) > firstRecord, 'the record that names it is here')
    gate.resolve()
    await until(() => heldBy(ada.node, 'map')?.phase === 'complete', 'the second is here')
    assert.equal((await contentOf(ada.node, 'map')).toString(), 'as it is')
  })
})
