import { strict as assert } from 'node:assert'
import type { NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, streamOf } from '../support/publications.ts'
import { clockToPutForward, type PutForward } from './erasure.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

const PURPOSE = 'waste.collection'
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

describe('receipts: keys of what is kept no longer', function () {
  let cities: readonly City[] = []
  let clock: PutForward
  const rooms = new Map<string, Rooms>()
  const city = (at: number): City => cities[at] ?? assert.fail('no such city')
  const readOf = (at: number): Promise<readonly string[]> => bodiesOf(city(at).node, 'bins').catch(() => [])
  const grantsOf = (name: string): number => rooms.get(name)?.federation.keyring.grants().filter(({ grant }) => grant.datasetId === 'bins').length ?? -1
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 6 * HOUR_MS) {
      clock.advance(Math.min(left, 6 * HOUR_MS))
      for (const { duties } of rooms.values()) await duties.settle()
    }
  }

  beforeEach(async () => {
    clock = clockToPutForward()
    const make = (name: string): Promise<City> => makeCity(name, { clock, onRooms: each => rooms.set(name, each) })
    cities = [await make('Bellevue'), await make('Renton')]
    await found(cities)
    await connected(cities)
    const { node } = city(0)
    const begun = node.templateOf('neighbours')
    assert.ok(begun.ok)
    const file = begun.value as { readonly terms: object }
    const terms = { ...file.terms, audience: { type: 'named', members: ['Renton'] }, purposes: [`urn:hanse:purpose:1:${PURPOSE}`], reportEveryMs: null, keep: { keepMs: 2 * DAY_MS, from: 'receipt' } }
    const order = node.readTerms({ ...file, terms, dataset: { replicas: 'nobody' }, visibility: 'members' })
    assert.ok(order.ok, JSON.stringify(order))
    const [description, content] = streamOf('bins')
    const published = await node.publish({ ...description, access: 'members' }, content, undefined, order.value)
    assert.ok(published.ok, JSON.stringify(published))
    await append(node, 'bins', ['first'])
    await until(() => city(1).node.dataset('bins').ok, 'the dataset is listed')
    const negotiated = await city(1).node.requestAgreement('bins', PURPOSE, 20_000)
    assert.ok(negotiated.ok && negotiated.value.state === 'FINALIZED', JSON.stringify(negotiated))
    await until(async () => (await readOf(1)).length === 1, 'it can be read')
  })
  afterEach(async () => {
    await removeCities(cities)
    rooms.clear()
  })

  it('stay as long as the agreement does: what comes later, under the same key, can be read', async () => {
    await advance(2 * DAY_MS + HOUR_MS)
    assert.deepEqual(await readOf(1), [], 'the first is kept no longer')
    await append(city(0).node, 'bins', ['second'])
    await until(async () => (await readOf(1)).length === 1, 'the second can be read')
    assert.deepEqual(await readOf(1), ['second'])
  })

  it('go with the last of it when the agreement is over, and do not come back with a start', async () => {
    const [agreement] = city(0).node.agreements()
    assert.ok(agreement !== undefined)
    const ended = await city(0).node.endAgreement(agreement.id, 'ended')
    assert.ok(ended.ok, JSON.stringify(ended))
    clock.jump(2 * DAY_MS + HOUR_MS)
    for (const { duties } of rooms.values()) await duties.settle()
    await until(() => grantsOf('Renton') === 0, 'no key is left')
    await restart(city(1))
    await rooms.get('Renton')?.duties.settle()
    assert.equal(grantsOf('Renton'), 0)
  })
})
