import { strict as assert } from 'node:assert'
import { connected, found, ledgerAtRest, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { heldBy, publish, tableOf } from '../support/publications.ts'

describe('anchors on the ledger', function () {
  this.timeout(120_000)
  let cities: City[] = []

  before(async () => {
    cities = []
    for (const name of ['Constance', 'Bregenz', 'Lindau', 'Rorschach']) cities.push(await makeCity(name))
    await found(cities)
    await connected(cities)
  })

  after(async () => { await removeCities(cities) })

  it('says of a new dataset that it is final, on every node, and when it existed', async () => {
    const [publisher, ...others] = cities
    assert.ok(publisher !== undefined)
    await publish(publisher.node, tableOf('stops', ['a,b\n', '1,2\n']))
    await until(() => cities.every(({ node }) => heldBy(node, 'stops')?.state === 'final'), 'the dataset is final everywhere')
    const anchors = cities.map(({ node }) => node.anchor('stops'))
    const [anchor] = anchors
    assert.ok(anchor !== null && anchor !== undefined)
    assert.equal(anchor.length, 1)
    assert.equal(anchor.epoch, 0)
    assert.ok(anchors.every(each => JSON.stringify(each) === JSON.stringify(anchor)))
    for (const { node } of others) {
      const verified = await node.verify('stops')
      assert.ok(verified.ok && verified.value.verified, JSON.stringify(verified))
      const check = verified.value.checks.find(({ name }) => name === 'anchored')
      assert.match(check?.detail ?? '', new RegExp(`^existed before block ${anchor.height}, finalised at ${new Date(anchor.timeMs).toISOString().replace(/\.\d+/, '')}$`))
    }
  })

  it('is silent once nothing changes', async () => {
    await ledgerAtRest(cities)
    const heights = (): string => cities.map(({ node }) => node.ledger()?.height).join()
    const before = heights()
    await new Promise(resolve => { setTimeout(resolve, 100) })
    assert.equal(heights(), before)
  })
})
