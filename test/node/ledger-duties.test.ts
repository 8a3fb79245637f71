import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { openStore } from '../../src/host/level/index.ts'
import type { LedgerStatus } from '../../src/node/contract/index.ts'
import { rowsOf } from '../../src/node/rows/index.ts'
import { connected, found, ledgerAtRest, makeCity, removeCities, restart, startCity, until, type City } from '../support/nodes.ts'

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
    await ledgerAtRest(cities)
    // Catalogues are anchored after a minute, whatever happens here.
    const saidOfNodes = async (): Promise<readonly string[]> => (await operations(first)).filter(each => / (node|key)\./.test(each))
    const before = await saidOfNodes()
    await restart(second)
    await connected(cities)
    await until(() => cities.every(city => statusOf(city).role === 'validator'), 'all vote again', PATIENCE_MS)
    assert.deepEqual(await saidOfNodes(), before)
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

  async function votesAgain (city: City, epoch: number): Promise<void> {
    await until(() => statusOf(city).epoch > epoch && cities.every(each => statusOf(each).role === 'validator' && statusOf(each).epoch === statusOf(city).epoch),
      'it votes in the next epoch', PATIENCE_MS)
  }

  it('is another key when its folder comes from a backup: till then it does not vote, though nobody else can tell', async () => {
    const [, , third] = cities
    assert.ok(third !== undefined)
    const { epoch } = statusOf(third)
    await third.node.stop()
    Object.assign(third, await startCity({ ...third, options: { ...third.options, isRestored: true } }))
    assert.equal(statusOf(third).role, 'locked')
    assert.ok(third.node.status().alarms.some(alarm => alarm.includes('backup')), third.node.status().alarms.join())
    await votesAgain(third, epoch)
  })

  it('is another key when the secrets of all its keys are gone', async () => {
    const [, , , fourth] = cities
    assert.ok(fourth !== undefined)
    const { epoch } = statusOf(fourth)
    await fourth.node.stop()
    const signer = await openStore(join(fourth.folder, 'signer'), {})
    for await (const key of signer.keys(rowsOf('consensusSecret'))) await signer.commit([{ type: 'delete', key }])
    await signer.close()
    Object.assign(fourth, await startCity(fourth))
    await votesAgain(fourth, epoch)
  })

  it('leaves no secret of a key that no seal will seat again', async () => {
    const [first] = cities
    assert.ok(first !== undefined)
    // The last seal seated the key that was bound for it; the next one is bound in the epoch after.
    const hasBound = async (): Promise<boolean> => (await first.node.blocks({ limit: 100 })).some(({ epoch, transactions }) =>
      epoch === statusOf(first).epoch && transactions.some(({ author, operations: said }) => author.name === first.name && said.some(({ name }) => name === 'key.bind')))
    await until(hasBound, 'the next key is bound', PATIENCE_MS)
    await until(() => cities.every(city => statusOf(city).waiting === 0), 'all is said', PATIENCE_MS)
    await first.node.stop()
    const signer = await openStore(join(first.folder, 'signer'), {})
    let kept = 0
    for await (const { read } of signer.entries(rowsOf('consensusSecret'))) if (read.state === 'found') kept++
    await signer.close()
    Object.assign(first, await startCity(first))
    assert.ok(kept >= 2 && kept <= 3, `${kept} secrets: the one that votes, the next, and one that is being bound at most`)
  })
})
