import { strict as assert } from 'node:assert'
import type { LedgerStatus } from '../../src/node/contract/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'

const PATIENCE_MS = 60_000

describe('what a node says of itself on the ledger', function () {
  this.timeout(180_000)
  let cities: City[] = []

  before(async () => {
    cities = []
    for (const name of ['Lindau', 'Bregenz', 'Konstanz', 'Arbon']) cities.push(await makeCity(name))
    await found(cities)
    await connected(cities)
  })
  after(async () => { await removeCities(cities) })

  const statusOf = ({ node }: City): LedgerStatus => {
    const status = node.ledger()
    assert.ok(status !== undefined)
    return status
  }
  async function operations (city: City): Promise<readonly string[]> {
    const blocks = await city.node.blocks({ limit: 100 })
    return blocks.flatMap(({ transactions }) => transactions.flatMap(({ author, operations: all }) => all.map(({ name }) => `${author.name} ${name}`)))
  }
  const all = (name: string): readonly string[] => cities.map(city => `${city.name} ${name}`)
  const has = (said: readonly string[], wanted: readonly string[]): boolean => wanted.every(each => said.includes(each))

  it('is its certificate with addresses, and a fresh key for the next seal, right after the founding', async () => {
    const [first] = cities
    assert.ok(first !== undefined)
    await until(async () => has(await operations(first), [...all('node.put'), ...all('key.bind')]), 'all said it', PATIENCE_MS)
    await until(() => cities.every(city => city.node.ledgerMembers().every(({ nodes }) => nodes.every(({ addresses }) => addresses.length > 0))), 'all know it', PATIENCE_MS)
  })

  it('is not said again when nothing changed, also after a restart', async () => {
    const [first, second] = cities
    assert.ok(first !== undefined && second !== undefined)
    await until(() => new Set(cities.map(city => statusOf(city).height)).size === 1 && cities.every(city => statusOf(city).waiting === 0), 'all agree', PATIENCE_MS)
    const before = await operations(first)
    await restart(second)
    await connected(cities)
    await until(() => cities.every(city => statusOf(city).role === 'validator'), 'all vote again', PATIENCE_MS)
    assert.deepEqual(await operations(first), before)
  })

  it('is another key after one was rotated: the next epoch seats the fresh one, and one more is bound', async () => {
    const [first, second] = cities
    assert.ok(first !== undefined && second !== undefined)
    const epoch = statusOf(second).epoch
    const rotated = await first.node.rotateKey(PATIENCE_MS)
    assert.ok(rotated.ok, JSON.stringify(rotated))
    await until(() => cities.every(city => statusOf(city).epoch > epoch && statusOf(city).role === 'validator'), 'all vote in the next epoch', PATIENCE_MS)
    const binds = (said: readonly string[]): number => said.filter(each => each.endsWith('key.bind')).length
    await until(async () => binds(await operations(second)) >= 2 * cities.length, 'all have bound one more', PATIENCE_MS)
    assert.deepEqual(cities.flatMap(({ node }) => node.status().alarms), [])
  })
})
