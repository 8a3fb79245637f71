/**
 * Towns as processes of their own, over real disks and sockets: what measures and what breaks the ledger drives them from
 * outside. The parent founds the federation in its own process, then bears one child for each folder.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesOfHex, hex } from '../../src/base/index.ts'
import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import type { Host } from '../../src/host/index.ts'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode, type NodeOptions } from '../../src/node/index.ts'
import { freePort } from '../ports.ts'
import { NODE_FLAGS } from '../program.ts'

const CHILD = join(import.meta.dirname, 'townChild.ts')
const READY_WITHIN_MS = 120_000

export type Seeds = { readonly root: string, readonly node: string, readonly transport: string, readonly encryption: string }

/** All that a child is told at its birth. `ports`: instead of a port that the ledger names, dial this one. */
export type Birth = {
  readonly name: string
  readonly folder: string
  readonly port: number
  readonly seeds: Seeds
  readonly ledgerProfile: NodeOptions['ledgerProfile']
  readonly ports: Readonly<Record<string, number>>
}

export type Order =
  /**
   * Submits transactions of so many operations, `inFlight` at a time, at most `perSecond`, until told otherwise. Each operation
   * registers a dataset; the same `datasets` again and again with other hashes, or always new ones where none is named.
   */
  | { readonly order: 'load', readonly perSecond: number, readonly inFlight: number, readonly operations: number, readonly datasets?: number }
  | { readonly order: 'tell' }
  /** All final blocks with the ids in them: answered as `History`. */
  | { readonly order: 'history' }
  | { readonly order: 'invite' }
  | { readonly order: 'join', readonly ticket: string }
  | { readonly order: 'propose', readonly kind: 'join' | 'remove', readonly member: string }
  | { readonly order: 'vote', readonly proposal: string }
  | { readonly order: 'rotate' }
  | { readonly order: 'stop' }

export type Standing = {
  readonly height: number
  readonly epoch: number
  readonly digest: string
  readonly stateRoot: string
  readonly role: string
  readonly validators: number
  readonly waiting: number
  /** Submissions of this town that it has not been answered yet. */
  readonly underWay: number
  readonly reachable: number
  readonly seats: readonly { readonly did: string, readonly seat: string, readonly removed: boolean }[]
  readonly applications: readonly string[]
  readonly proposals: readonly { readonly id: string, readonly state: string }[]
  readonly alarms: readonly string[]
  readonly metrics: Readonly<Record<string, number>>
  readonly residentBytes: number
  readonly cpuMicroseconds: number
}

/** Height, digest and the ids of transactions of each block, from the first on. */
export type History = readonly (readonly [height: number, digest: string, ids: readonly string[]])[]

export type Fact =
  | { readonly fact: 'ready', readonly startMs: number }
  /** A transaction of this child became final: after how long, at which height. */
  | { readonly fact: 'final', readonly id: string, readonly height: number, readonly latencyMs: number }
  | { readonly fact: 'failed', readonly code: string, readonly reason: string }
  | { readonly fact: 'standing', readonly standing: Standing }
  | { readonly fact: 'answer', readonly ok: boolean, readonly value: string }
  | { readonly fact: 'fatal', readonly reason: string }

/** Where a town lives. Outlives its processes. */
export type Place = Omit<Birth, 'ports' | 'ledgerProfile'>

export async function settle (name: string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), `hanse-town-`))
  await mkdir(folder, { recursive: true })
  for (const database of ['store', 'signer']) await (await createStore(join(folder, database), { random: systemRandom })).close()
  const seed = (): string => hex(new Uint8Array(randomBytes(32)))
  return { name, folder, port: await freePort(), seeds: { root: seed(), node: seed(), transport: seed(), encryption: seed() } }
}

export async function clear (places: readonly Place[]): Promise<void> {
  for (const { folder } of places) await rm(folder, { recursive: true, force: true })
}

/** A node of this place in this process. */
export async function openNode (place: Place, ledgerProfile: NodeOptions['ledgerProfile'], open: Host['openNetwork'] = openNetwork): Promise<HanseNode> {
  const { name, folder, port, seeds } = place
  const address = `/ip4/127.0.0.1/tcp/${port}`
  return createNode({
    host: {
      clock: systemClock, random: systemRandom, store: await openStore(join(folder, 'store'), {}), signer: await openStore(join(folder, 'signer'), {}),
      openNetwork: open, join: joinPort
    },
    keys: keysOf({
      root: seedOf(seeds.root), rootPublicKey: signingKeyOfSeed(seedOf(seeds.root)).publicKey,
      node: seedOf(seeds.node), transport: seedOf(seeds.transport), encryption: seedOf(seeds.encryption)
    }),
    name, listen: [address], announce: [address], joinListen: ['/ip4/127.0.0.1/tcp/0'], joinAnnounce: [],
    lan: false, profile: 'normal', gossip: true, keepsAll: true, quotaBytes: 1e12, segmentBytesTarget: 262_144, lingerMs: 50, scrubHours: 24,
    hasRoom: () => true, ledgerProfile,
    log: (level, message, facts) => {
      if (process.env['HANSE_TEST_LOG'] !== undefined) console.error(name, level, message, JSON.stringify(facts ?? {}))
    }
  })
}

function seedOf (text: string): Uint8Array {
  return bytesOfHex(text) ?? new Uint8Array(0)
}

/** Founds a federation of these places and leaves all of them stopped. */
export async function foundTowns (places: readonly Place[], ledgerProfile: NodeOptions['ledgerProfile']): Promise<void> {
  const nodes: HanseNode[] = []
  for (const place of places) nodes.push(await openNode(place, ledgerProfile))
  const [convener, ...others] = nodes
  if (convener === undefined) throw new Error('a federation needs a town')
  const ticket = await convener.invite({ federationName: 'Measured Cities', want: nodes.length, validMs: 3_600_000 })
  if (!ticket.ok) throw new Error(ticket.failure.reason)
  for (const node of others) {
    const joined = await node.join(ticket.value.ticket)
    if (!joined.ok) throw new Error(joined.failure.reason)
  }
  await waitUntil(() => nodes.every(node => node.status().state === 'ready'), 'all are founded')
  for (const node of nodes) await node.stop()
}

/** The process of a place, while it lives. */
export class Town {
  readonly place: Place
  readonly #child: ChildProcess
  readonly ended: Promise<unknown>
  readonly finals: { readonly id: string, readonly height: number, readonly latencyMs: number }[] = []
  readonly failures: string[] = []
  readonly #asked: ((standing: Standing) => void)[] = []
  readonly #answered: ((answer: { readonly ok: boolean, readonly value: string }) => void)[] = []
  readonly ready: Promise<number>
  /** Told of every transaction that this town was told is final. */
  onFinal: (final: { readonly id: string, readonly height: number, readonly latencyMs: number }) => void = () => {}

  constructor (place: Place, ledgerProfile: NodeOptions['ledgerProfile'], ports: Readonly<Record<string, number>> = {}) {
    this.place = place
    const birth: Birth = { ...place, ledgerProfile, ports }
    this.#child = fork(CHILD, [JSON.stringify(birth)], { execArgv: [...NODE_FLAGS] })
    this.ended = once(this.#child, 'exit')
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.ready = promise
    promise.catch(() => {})
    this.#child.on('message', message => this.#take(message as Fact, resolve))
    this.#child.on('exit', code => reject(new Error(`${place.name} ended with ${code}: ${this.failures.join('; ')}`)))
  }

  get isAlive (): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  tell (order: Order): void {
    if (this.isAlive) this.#child.send(order)
  }

  standing (): Promise<Standing> {
    return new Promise(resolve => {
      this.#asked.push(resolve)
      this.tell({ order: 'tell' })
    })
  }

  ask (order: Order): Promise<{ readonly ok: boolean, readonly value: string }> {
    return new Promise(resolve => {
      this.#answered.push(resolve)
      this.tell(order)
    })
  }

  async history (): Promise<History> {
    const { value } = await this.ask({ order: 'history' })
    return JSON.parse(value) as History
  }

  signal (signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop (): Promise<void> {
    this.tell({ order: 'stop' })
    await this.ended
  }

  async kill (): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  #take (fact: Fact, ready: (startMs: number) => void): void {
    switch (fact.fact) {
      case 'ready': return ready(fact.startMs)
      case 'final':
        this.finals.push(fact)
        return this.onFinal(fact)
      case 'failed': return void this.failures.push(`${fact.code}: ${fact.reason}`)
      case 'standing': return this.#asked.shift()?.(fact.standing)
      case 'answer': return this.#answered.shift()?.(fact)
      case 'fatal': return void this.failures.push(fact.reason)
    }
  }
}

export async function bear (places: readonly Place[], ledgerProfile: NodeOptions['ledgerProfile']): Promise<readonly Town[]> {
  const towns = places.map(place => new Town(place, ledgerProfile))
  for (const town of towns) await town.ready
  return towns
}

/** Until all have the same final block and nothing waits; the standings then. */
export async function agreed (towns: readonly Town[], withinMs: number): Promise<readonly Standing[]> {
  let standings: readonly Standing[] = []
  await waitUntil(async () => {
    standings = await Promise.all(towns.map(town => town.standing()))
    return new Set(standings.map(({ digest, stateRoot }) => `${digest} ${stateRoot}`)).size === 1 && standings.every(({ waiting, underWay }) => waiting + underWay === 0)
  }, 'all stand at one block with nothing waiting', withinMs, () => JSON.stringify(standings.map(({ height, epoch, digest, role, waiting, underWay, reachable }) =>
    ({ height, epoch, digest: digest.slice(0, 8), role, waiting, underWay, reachable }))))
  return standings
}

export async function waitUntil (
  holds: () => boolean | Promise<boolean>, what: string, withinMs = READY_WITHIN_MS, otherwise: () => string = () => ''
): Promise<void> {
  const end = Date.now() + withinMs
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what} ${otherwise()}`)
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
}
