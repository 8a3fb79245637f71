import { strict as assert } from 'node:assert'
import type { NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { append, CANARY, derivedOf, forNobody, hoursOf, orderOf, summaryOf, vehicles } from './derivations.fixture.ts'
import { filesWith } from './erasure.fixture.ts'

/** Speeds of the derived rows that are made of the vehicle with that number: 30 and its number. */
const SPEED = '"speed":33'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

describe('erasure of what others were derived from', function () {
  this.timeout(120_000)
  let cities: readonly City[] = []
  let rooms: Rooms | undefined
  const town = (at: number): City => cities[at] ?? assert.fail('no such town')

  beforeEach(async () => {
    cities = [await makeCity('Oldtown', { lingerMs: 5, listingEveryMs: 500, onRooms: each => { rooms = each } }), await makeCity('Newtown', { lingerMs: 5, listingEveryMs: 500 })]
    await found(cities)
    await connected(cities)
    const { node } = town(0)
    const opened = await node.publish(vehicles, { form: 'stream', mediaType: 'application/json' }, undefined, forNobody(node))
    assert.ok(opened.ok, JSON.stringify(opened))
    await append(node, 0)
    for (const order of [summaryOf(node, 'hourly'), orderOf(node, 'rows', { redactFields: ['plate'], h3ResolutionMax: 8 })]) {
      const derived = await node.derive('vehicles', order)
      assert.ok(derived.ok, JSON.stringify(derived))
    }
    await until(async () => (await hoursOf(town(1).node, 'hourly')).length === 1, 'the window has come')
    await until(async () => (await derivedOf(town(1).node, 'rows')).length === 8, 'the rows have come')
  })
  afterEach(() => removeCities(cities))

  it('takes all that was made of an erased dataset with it, also where it was replicated', async () => {
    assert.ok((await filesWith(town(1).folder, SPEED)).length > 0)
    assert.equal((await derivedOf(town(0).node, 'vehicles'))[0]?.['plate'], `${CANARY}-0`)
    const erased = await town(0).node.erase('vehicles', { type: 'dataset' }, 'order')
    assert.ok(erased.ok, JSON.stringify(erased))
    assert.deepEqual(await derivedOf(town(0).node, 'vehicles'), [])
    assert.deepEqual(await filesWith(town(0).folder, CANARY), [])
    for (const city of cities) await until(async () => (await filesWith(city.folder, SPEED)).length === 0, `${city.name} has nothing that was made of it`)
    assert.deepEqual(town(0).node.derivations(), [])
    for (const datasetId of ['hourly', 'rows']) {
      const erasures = town(0).node.erasures().filter(each => each.datasetId === datasetId)
      assert.equal(erasures.length, 1, datasetId)
      await until(() => town(0).node.erasures().some(each => each.datasetId === datasetId && each.holders.some(({ confirmedMs }) => confirmedMs !== null)), 'the neighbour has confirmed')
    }
  })

  it('ends a summary of which one record went, and goes on with rows', async () => {
    const { node } = town(0)
    const erased = await node.erase('vehicles', { type: 'records', ranges: [[3, 3]] }, 'consent')
    assert.ok(erased.ok, JSON.stringify(erased))
    for (const city of cities) await until(async () => (await filesWith(city.folder, SPEED)).length === 0, `${city.name} has nothing that was made of it`)
    assert.deepEqual(node.derivations().map(({ datasetId }) => datasetId), ['rows'])
    // Each of the two datasets goes by a notice of its own: the neighbour may have heard of one alone.
    await until(async () => (await hoursOf(town(1).node, 'hourly')).length === 0, 'the neighbour has nothing of the summary')
    await append(node, 1)
    await until(async () => (await derivedOf(town(1).node, 'rows')).length === 8, 'rows of what came later are derived')
  })

  it('does not wait for a summary to be withdrawn where the own catalogue cannot be written now', async () => {
    const { node } = town(0)
    Object.assign(rooms?.publisher ?? assert.fail('no rooms'), { withdraw: async () => ({ ok: false, failure: { code: 'not-ready', reason: 'the own catalogue is not here', hint: 'wait' } }) })
    const erased = await node.erase('vehicles', { type: 'records', ranges: [[3, 3]] }, 'consent')
    assert.ok(erased.ok, JSON.stringify(erased))
    for (const city of cities) await until(async () => (await filesWith(city.folder, SPEED)).length === 0, `${city.name} has nothing that was made of it`)
    assert.deepEqual(node.derivations().map(({ datasetId }) => datasetId), ['rows'])
  })
})
