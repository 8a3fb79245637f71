import { strict as assert } from 'node:assert'
import type { NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { publish, streamOf } from '../support/publications.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

/** As many turns of promises as lie between the end of a read and whatever is told of it, and some more. */
const TURNS = 16

describe('a catalogue that grows while it is being read', function () {
  let cities: readonly City[] = []
  let rooms: Rooms | undefined

  before(async () => {
    cities = [await makeCity('Ada', { lingerMs: 5, listingEveryMs: 500, onRooms: each => { rooms = each } }), await makeCity('Ben', { lingerMs: 5, listingEveryMs: 500 })]
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  it('is read to its end, in whatever moment of a read that is told', async () => {
    const [ada, ben] = cities as readonly [City, City]
    const { federation: { feeds, members } } = rooms ?? assert.fail('no rooms')
    await publish(ben.node, streamOf('first'))
    await until(() => ada.node.dataset('first').ok, 'the catalogue is here')
    const feed = [...feeds.all()].find(({ role, declaration }) => role === 'reader' && declaration.datasetId === 'catalogue') ?? assert.fail('no catalogue')
    const [tell, add] = [feeds.changed.emit.bind(feeds.changed), members.addCertificate.bind(members)]
    for (let turns = 0; turns < TURNS; turns++) {
      // The read waits at its last step.
      const gate = Promise.withResolvers<void>()
      let isAtGate = false
      Object.assign(members, { addCertificate: async (envelope: Uint8Array) => {
        isAtGate = true
        await gate.promise
        return add(envelope)
      } })
      await publish(ben.node, streamOf(`read-${turns}`))
      await until(() => isAtGate, 'it is being read')
      // Meanwhile it grows, which is told so many turns after the read went on.
      const { length } = feed
      Object.assign(feeds.changed, { emit: (changed: typeof feed) => { if (changed !== feed) tell(changed) } })
      await publish(ben.node, streamOf(`grown-${turns}`))
      await until(() => feed.length > length, 'it has grown')
      Object.assign(members, { addCertificate: add })
      Object.assign(feeds.changed, { emit: tell })
      gate.resolve()
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      tell(feed)
      for (const id of [`read-${turns}`, `grown-${turns}`]) await until(() => ada.node.dataset(id).ok, `${id} is known where its growing was told ${turns} turns later`)
    }
  })
})
