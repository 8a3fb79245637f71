import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../scripts/ports.ts'
import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import type { Clock, Host, Store } from '../../src/host/index.ts'
import { createSqlEngine } from '../../src/host/duckdb/index.ts'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode, type NodeOptions, type Seeds } from '../../src/node/index.ts'

/** The real clock where no other is given. */
export type CityOptions = Partial<NodeOptions> & { readonly clock?: Clock }

/** One city's node in this process: real store, real network on loopback, a folder of its own. */
export type City = {
  readonly name: string
  readonly folder: string
  readonly seeds: Seeds
  readonly options: CityOptions
  readonly port: number
  readonly openNetwork: Host['openNetwork']
  node: HanseNode
  /** The database that the running node has open. */
  store: Store
}
type Idle = Omit<City, 'node' | 'store'>

const folders = new Set<string>()

export async function makeCity (
  name: string, options: CityOptions = {}, network: Host['openNetwork'] = openNetwork, seeds: Seeds = newSeeds()
): Promise<City> {
  const folder = await mkdtemp(join(tmpdir(), 'hanse-test-'))
  folders.add(folder)
  for (const database of ['store', 'signer']) await (await createStore(join(folder, database), { random: systemRandom })).close()
  const city = { name, folder, seeds, options, port: await freePort(), openNetwork: network }
  return { ...city, ...await startCity(city) }
}

function newSeeds (): Seeds {
  const root = randomBytes(32)
  return { root, rootPublicKey: signingKeyOfSeed(root).publicKey, node: randomBytes(32), transport: randomBytes(32), encryption: randomBytes(32) }
}

export async function startCity ({ name, folder, seeds, options, port, openNetwork }: Idle): Promise<Pick<City, 'node' | 'store'>> {
  const address = `/ip4/127.0.0.1/tcp/${port}`
  const store = await openStore(join(folder, 'store'), {})
  const node = await createNode({
    host: {
      clock: options.clock ?? systemClock, random: systemRandom, store, signer: await openStore(join(folder, 'signer'), {}), openNetwork, join: joinPort,
      sql: createSqlEngine()
    },
    keys: keysOf(seeds), name, listen: [address], announce: [address], joinListen: ['/ip4/127.0.0.1/tcp/0'], joinAnnounce: [],
    lan: false, profile: 'normal', gossip: true, ledgerProfile: 'lan', keepsAll: true, quotaBytes: 1e12, segmentBytesTarget: 262_144, lingerMs: 50, scrubHours: 24,
    hasRoom: () => true,
    log: (level, message, facts) => {
      if (process.env['HANSE_TEST_LOG'] !== undefined) console.error(name, level, message, JSON.stringify(facts ?? {}))
    },
    ...options
  })
  return { node, store }
}

/** The same city once more, as who copies a data folder has it: all keys, all rows, another port. The city must be stopped. */
export async function twinOf (city: City, network: Host['openNetwork']): Promise<City> {
  const folder = await mkdtemp(join(tmpdir(), 'hanse-test-'))
  folders.add(folder)
  await cp(city.folder, folder, { recursive: true })
  const twin = { ...city, folder, port: await freePort(), openNetwork: network }
  return { ...twin, ...await startCity(twin) }
}

/** Stops a city's node, and starts it again from its folder. */
export async function restart (city: City): Promise<void> {
  await city.node.stop()
  Object.assign(city, await startCity(city))
}

/** Founds a federation of these cities, the first as the convener. */
export async function found (cities: readonly City[], federationName = 'Lake Cities'): Promise<void> {
  const [convener, ...others] = cities
  assert.ok(convener !== undefined)
  const ticket = await convener.node.invite({ federationName, want: cities.length, validMs: 3_600_000 })
  assert.ok(ticket.ok, JSON.stringify(ticket))
  for (const { node } of others) {
    const joined = await node.join(ticket.value.ticket)
    assert.ok(joined.ok, JSON.stringify(joined))
  }
  await until(() => cities.every(({ node }) => node.status().state === 'ready'), 'all are founded')
}

/** Waits for neighbours to see each other. */
export async function connected (cities: readonly City[]): Promise<void> {
  await until(() => cities.every(({ node }) => node.status().neighbours.reachable === cities.length - 1), 'all see each other')
}

/** Waits until all founders have said of themselves what nodes say at the beginning of an epoch, and all keep the same newest block: nobody has anything to decide. */
export async function ledgerAtRest (cities: readonly City[]): Promise<void> {
  const isAtRest = async ({ node }: City): Promise<boolean> => {
    const ledger = node.ledger()
    const blocks = await node.blocks({ limit: 1_000 })
    const hasBound = (name: string): boolean => blocks.some(({ epoch, transactions }) => epoch === ledger?.epoch &&
      transactions.some(({ author, operations }) => author.name === name && operations.some(each => each.name === 'key.bind')))
    return ledger?.waiting === 0 && blocks[0]?.digest === ledger.digest && cities.every(({ name }) => hasBound(name))
  }
  await until(async () => (await Promise.all(cities.map(isAtRest))).every(Boolean) && new Set(cities.map(({ node }) => node.ledger()?.digest)).size === 1, 'all is decided and kept')
}

export async function removeCities (cities: readonly City[]): Promise<void> {
  for (const { node } of cities) await node.stop()
  for (const { folder } of cities) {
    await rm(folder, { recursive: true, force: true })
    folders.delete(folder)
  }
}

/** Waits for a condition that events of a real network bring about; says what was waited for when it does not come. */
export async function until (holds: () => boolean | Promise<boolean>, what: string, withinMs = 30_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!await holds()) {
    assert.ok(Date.now() < end, `waited ${withinMs} ms in vain: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 20) })
  }
}
