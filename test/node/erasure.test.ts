import { strict as assert } from 'node:assert'
import { cp, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import type { NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, startCity, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, contentOf, fileOf, heldBy, publish, streamOf, tableOf } from '../support/publications.ts'
import { filesWith } from './erasure.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

const WITHIN_MS = 60_000

describe('erasure between cities', function () {
  let cities: readonly City[] = []
  const rooms = new Map<string, Rooms>()
  const make = (name: string, more: Partial<NodeOptions> = {}): Promise<City> => makeCity(name, { onRooms: each => rooms.set(name, each), ...more })
  const [bellevue, seattle, renton] = [0, 1, 2].map(at => () => cities[at] as City) as [() => City, () => City, () => City]

  before(async () => {
    cities = [await make('Bellevue'), await make('Seattle'), await make('Renton')]
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  const isHeld = async (reference: string): Promise<void> => {
    for (const city of cities) await until(() => heldBy(city.node, reference)?.phase === 'complete', `${city.name} has ${reference}`)
  }
  const areClean = async (canary: string): Promise<void> => {
    for (const city of cities) await until(async () => (await filesWith(city.folder, canary)).length === 0, `${city.name} has nothing of it on its disk`, WITHIN_MS)
  }

  it('leaves nothing of an erased dataset in any folder, and has the receipt of everybody who held it', async () => {
    const canary = 'CANARY-WHOLE-7351'
    const { node } = bellevue()
    await publish(node, tableOf('plates', Array.from({ length: 400 }, (_, at) => `${canary};${at};${'x'.repeat(200)}\n`)))
    await publish(node, tableOf('beside', Array.from({ length: 20 }, (_, at) => `row ${at}\n`)))
    await isHeld('plates')
    await isHeld('beside')
    for (const city of cities) assert.ok((await filesWith(city.folder, canary)).length > 0, `the search finds it in ${city.name} before`)
    const before = await contentOf(seattle().node, 'beside')
    const erased = await node.erase('plates', { type: 'dataset' }, 'request')
    assert.ok(erased.ok, JSON.stringify(erased))
    await areClean(canary)
    await until(() => node.erasures().every(({ holders }) => holders.length === 2 && holders.every(({ confirmedMs }) => confirmedMs !== null)), 'both others have confirmed')
    assert.deepEqual(new Set(node.erasures()[0]?.holders.map(({ member }) => member.name)), new Set(['Seattle', 'Renton']))
    assert.equal(node.erasures()[0]?.here, 'done')
    for (const city of cities) {
      const checked = await city.node.verifyLedger()
      assert.ok(checked?.verified, `${city.name}: ${JSON.stringify(checked)}`)
      const beside = await city.node.verify('beside')
      assert.ok(beside.ok && beside.value.verified, JSON.stringify(beside))
    }
    assert.deepEqual(await contentOf(seattle().node, 'beside'), before)
  })

  it('takes single records out of a stream, and every other record keeps its proof', async () => {
    const canary = 'CANARY-RECORD-9182'
    const { node } = bellevue()
    await publish(node, streamOf('visits'))
    await append(node, 'visits', ['one', 'two'])
    const many = await node.append('visits', ['three', canary, 'five'].map(body => ({ key: Buffer.from('k'), timeMs: 2_000, operation: 'put' as const, mediaType: 'application/json', body: Buffer.from(body) })), { flush: true })
    assert.ok(many.ok)
    await append(node, 'visits', ['six'])
    await isHeld('visits')
    for (const city of cities) await until(async () => (await bodiesOf(city.node, 'visits')).length === 6, `all six are in ${city.name}`)
    const erased = await node.erase('visits', { type: 'records', ranges: [[0, 0], [3, 3]] }, 'consent')
    assert.ok(erased.ok, JSON.stringify(erased))
    await areClean(canary)
    for (const city of cities) {
      await until(async () => (await bodiesOf(city.node, 'visits')).length === 4, `${city.name} reads what is left`)
      assert.deepEqual(await bodiesOf(city.node, 'visits'), ['two', 'three', 'five', 'six'])
      for (const number of [1, 2, 4, 5]) assert.ok((await city.node.proof('visits', number)).ok, `${city.name} proves record ${number}`)
      for (const number of [0, 3]) assert.ok(!(await city.node.proof('visits', number)).ok, `${city.name} has no proof of record ${number}`)
      const verified = await city.node.verify('visits')
      assert.ok(verified.ok && verified.value.verified, `${city.name}: ${JSON.stringify(verified)}`)
    }
  })

  it('takes a file away with the record that names it, but not the blocks that another file has too', async () => {
    const { node } = bellevue()
    const canary = 'CANARY-FILE-5527'
    const shared = randomBytes(1_048_576)
    await publish(node, fileOf('scan', Buffer.concat([shared, Buffer.from(canary.repeat(50_000))])))
    await publish(node, fileOf('other', Buffer.concat([shared, Buffer.from('another end')])))
    await isHeld('scan')
    await isHeld('other')
    for (const city of cities) assert.ok((await filesWith(city.folder, canary)).length > 0)
    assert.ok((await node.erase('scan', { type: 'dataset' }, 'mistake')).ok)
    await areClean(canary)
    for (const city of cities) assert.ok((await contentOf(city.node, 'other')).subarray(0, 1_048_576).equals(shared), `${city.name} has the other file`)
  })

  it('does not resurrect what a backup brings back', async () => {
    const canary = 'CANARY-BACKUP-3310'
    const { node } = bellevue()
    await publish(node, tableOf('backed', [`${canary}\n`, 'and more\n']))
    await isHeld('backed')
    const city = seattle()
    await city.node.stop()
    await cp(city.folder, `${city.folder}-backup`, { recursive: true })
    Object.assign(city, await startCity(city))
    await connected(cities)
    assert.ok((await node.erase('backed', { type: 'dataset' }, 'order')).ok)
    await areClean(canary)
    await city.node.stop()
    await rm(city.folder, { recursive: true })
    await cp(`${city.folder}-backup`, city.folder, { recursive: true })
    await rm(`${city.folder}-backup`, { recursive: true })
    assert.ok((await filesWith(city.folder, canary)).length > 0, 'the backup holds it')
    Object.assign(city, await startCity({ ...city, options: { ...city.options, isRestored: true } }))
    await areClean(canary)
  })

  it('carries out, when it comes back, what was demanded while it was away', async () => {
    const canary = 'CANARY-CRASH-6644'
    const { node } = bellevue()
    await publish(node, tableOf('cut', [`${canary}\n`]))
    await isHeld('cut')
    const city = renton()
    await city.node.stop()
    assert.ok((await node.erase('cut', { type: 'dataset' }, 'order')).ok)
    await restart(city)
    await areClean(canary)
  })

  it('finishes at the next start what a crash has cut off between deleting and compacting', async () => {
    const canary = 'CANARY-TORN-2290'
    const { node } = bellevue()
    await publish(node, tableOf('torn', [`${canary}\n`]))
    await isHeld('torn')
    const city = renton()
    Object.assign(city.store, { compact: () => Promise.reject(new Error('the power went')) })
    assert.ok((await node.erase('torn', { type: 'dataset' }, 'order')).ok)
    assert.match(await city.node.failed, /the power went/)
    assert.ok((await filesWith(city.folder, canary)).length > 0, 'what was deleted is still on the disk')
    await restart(city)
    await connected(cities)
    await areClean(canary)
    await until(() => node.erasures().find(({ datasetId }) => datasetId === 'torn')?.holders.every(({ confirmedMs }) => confirmedMs !== null) === true, 'all have confirmed')
  })

  it('refuses to erase what is not its own, or not there', async () => {
    const theirs = await seattle().node.erase('beside', { type: 'dataset' }, 'request')
    assert.ok(!theirs.ok && theirs.failure.code === 'invalid')
    const unknown = await bellevue().node.erase('nowhere', { type: 'dataset' }, 'request')
    assert.ok(!unknown.ok && unknown.failure.code === 'not-found')
    for (const ranges of [[[5, 900]], [[3, 1]], [[0, 1], [2, 3]]] as const) {
      const outside = await bellevue().node.erase('beside', { type: 'records', ranges }, 'request')
      assert.ok(!outside.ok && outside.failure.code === 'invalid', JSON.stringify(ranges))
    }
  })
})
