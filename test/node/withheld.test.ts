import { strict as assert } from 'node:assert'
import { audit, membershipIn, statementsIn } from '../support/audit.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, heldBy, publish, streamOf } from '../support/publications.ts'
import { Replayer } from '../support/replayer.ts'
import { Wires } from '../support/wires.ts'

describe('a publisher that shows a head and gives nobody what it covers', function () {
  const wires = new Wires()
  let cities: readonly City[] = []
  const [ada, ben, cyd] = [0, 1, 2].map(at => () => cities[at] as City) as [() => City, () => City, () => City]

  before(async () => {
    cities = await Promise.all(['Ada', 'Ben', 'Cyd'].map(name => makeCity(name, {}, wires.network(name))))
    await wires.layAll(cities)
    for (const other of [ben(), cyd()]) wires.cut(ada(), other)
    await found(cities)
    await publish(ben().node, streamOf('counter'))
    await append(ben().node, 'counter', ['0', '1', '2'])
    await until(() => heldBy(cyd().node, 'counter')?.records === 3, 'a neighbour holds the beginning')
  })
  after(async () => {
    await removeCities(cities)
    wires.close()
  })

  it('keeps nobody from the beginning that a neighbour holds, and all follows once it gives the rest', async () => {
    wires.cut(ben(), cyd())
    await append(ben().node, 'counter', ['3', '4'])
    await ben().node.stop()
    await restart(ben())
    const said = {
      seeds: ben().seeds, membership: await membershipIn(ben().store), feeds: [...(await audit(ben().store)).values()],
      statements: await statementsIn(ben().store), openNetwork: wires.network('Ben')
    }
    await ben().node.stop()
    wires.heal(ada(), ben())
    const withholder = await Replayer.open(said, ada())
    await until(() => withholder.asked.has('segments'), 'it was asked for what its heads cover')
    wires.heal(ada(), cyd())
    await until(() => heldBy(ada().node, 'counter')?.records === 3, 'the beginning came from the neighbour')
    assert.deepEqual(await bodiesOf(ada().node, 'counter'), ['0', '1', '2'])
    assert.notEqual(heldBy(ada().node, 'counter')?.phase, 'complete', 'and it is known that there is more')
    await withholder.stop()
    await restart(ben())
    wires.heal(ben(), cyd())
    await connected(cities)
    await until(() => cities.every(({ node }) => heldBy(node, 'counter')?.records === 5), 'all have all')
  })
})
