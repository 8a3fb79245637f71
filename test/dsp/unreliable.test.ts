/** The protocol between two nodes over a net that loses, repeats and delays, with nodes that die: by seed, in virtual time. */
import { strict as assert } from 'node:assert'
import { ok } from '../../src/base/index.ts'
import { readPolicy } from '../../src/core/terms/index.ts'
import type { Negotiation, NegotiationMove, Offer, Transfer, TransferMove } from '../../src/core/agreement/index.ts'
import type { Clock, Random } from '../../src/host/index.ts'
import type { Carry, DspAnswer, DspRequest } from '../../src/node/contract/index.ts'
import { Dsp, freshUrn, type Party } from '../../src/node/dsp/index.ts'
import { randomFrom } from '../support/chance.ts'
import { openMemoryStore, type MemoryStore } from '../support/memory-store.ts'

const SEEDS = Array.from({ length: Number(process.env['HANSE_SEEDS'] ?? 200) }, (_, at) => at + 1)
const START_MS = 1_790_000_000_000
const DAY_MS = 86_400_000
const TIMEOUT_MS = 10_000

type Name = 'provider' | 'consumer'
const ADDRESS: Readonly<Record<Name, string>> = { provider: 'test://provider', consumer: 'test://consumer' }

/** Time that stands still until nothing is left to do at it. */
class VirtualClock implements Clock {
  #nowMs = START_MS
  #timers: { readonly atMs: number, readonly order: number, readonly run: () => void }[] = []
  #order = 0

  nowMs (): number {
    return this.#nowMs
  }

  monotonicMs (): number {
    return this.#nowMs
  }

  wake (delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.ceil(delayMs), order: this.#order++, run }
    this.#timers.push(timer)
    return () => { this.#timers = this.#timers.filter(each => each !== timer) }
  }

  /** Runs until `isDone`; false where the time is over before. */
  async run (isDone: () => boolean, forMs: number): Promise<boolean> {
    const endMs = this.#nowMs + forMs
    for (;;) {
      // Promises of this moment come first: a store in memory answers in some of them.
      await new Promise(resolve => { setImmediate(resolve) })
      if (isDone()) return true
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)
      if (next === undefined || next.atMs > endMs) return false
      this.#timers = this.#timers.filter(each => each !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
  }
}

/** What is lost, repeated and late, and who dies when: all of it follows from a seed. */
class World {
  readonly clock: VirtualClock = new VirtualClock()
  readonly chance: () => number
  readonly nodes: Map<Name, Dsp> = new Map()
  readonly stores: Record<Name, MemoryStore> = { provider: openMemoryStore('provider'), consumer: openMemoryStore('consumer') }
  readonly faults: unknown[] = []
  readonly told: Record<Name, Set<string>> = { provider: new Set(), consumer: new Set() }
  isStormy = true
  lost = 0
  deaths = 0

  constructor (seed: number) {
    this.chance = randomFrom(seed)
  }

  get random (): Random {
    return { bytes: sizeBytes => Uint8Array.from({ length: sizeBytes }, () => Math.floor(this.chance() * 256)) }
  }

  async start (name: Name): Promise<void> {
    const dsp = await Dsp.open({
      party: this.#party(name), carry: message => this.#carry(name, message), store: this.stores[name], clock: this.clock, random: this.random,
      onFatal: cause => { this.faults.push(cause) }, log: () => {}
    })
    this.nodes.set(name, dsp)
    dsp.resume()
  }

  /** The power goes: what was not synced is gone, and the node is back after a while. */
  async kill (name: Name): Promise<void> {
    this.deaths++
    const dsp = this.nodes.get(name)
    this.nodes.delete(name)
    const dead = this.stores[name]
    this.stores[name] = dead.reopen()
    void dsp?.stop()
    await this.pause(this.chance() * 60_000)
    await this.start(name)
  }

  pause (delayMs: number): Promise<void> {
    return new Promise(resolve => { this.clock.wake(delayMs, resolve) })
  }

  #party (name: Name): Party {
    const { random, clock } = this
    return {
      participantId: name, services: () => [], catalogue: () => undefined, dataset: () => undefined, isAddressOf: (peer, address) => address === ADDRESS[peer as Name],
      negotiations: { mayOpen: () => ok(null), decide: async negotiation => moveOf(negotiation, random, clock), ask: () => {}, final: async ({ state }) => { this.told[name].add(String(state)) } },
      transfers: { mayOpen: () => ok(null), decide: async transfer => transferMove(transfer), ask: () => {}, final: async ({ state }) => { this.told[name].add(String(state)) } }
    }
  }

  async #carry (from: Name, { address, path, body }: Parameters<Carry>[0]): ReturnType<Carry> {
    const to: Name = address === ADDRESS.provider ? 'provider' : 'consumer'
    const request: DspRequest = {
      peer: from, verb: body === null ? 'GET' : 'POST', path, page: null, body: body === null ? null : new TextEncoder().encode(JSON.stringify(body))
    }
    const late = (): Promise<void> => this.pause(this.chance() * (this.isStormy ? 3_000 : 20))
    const deliver = async (): Promise<DspAnswer | undefined> => {
      await late()
      return this.nodes.get(to)?.answer(request)
    }
    const chance = this.isStormy ? this.chance() : 1
    const isRepeated = this.isStormy && this.chance() < 0.2
    if (isRepeated) deliver().catch(cause => { this.faults.push(cause) })
    const answer = chance < 0.2 ? undefined : await deliver()
    await late()
    if (answer === undefined || chance < 0.4) {
      this.lost++
      await this.pause(TIMEOUT_MS)
      return undefined
    }
    return { status: answer.status, body: answer.body }
  }
}

function moveOf ({ role, state, requested, offered }: Negotiation, random: Random, clock: Clock): NegotiationMove {
  const offer = offered ?? requested
  if (offer === null) return { do: 'wait' }
  if (role === 'provider' && state === 'REQUESTED') return { do: 'offer', offer }
  if (role === 'provider' && state === 'ACCEPTED') {
    return {
      do: 'agree',
      agreement: {
        id: freshUrn(random), provider: 'provider', consumer: 'consumer', target: 'bins', policy: offer.policy, timestampMs: clock.nowMs(), salt: null,
        providerSignature: null, consumerSignature: null
      }
    }
  }
  if (role === 'provider' && state === 'VERIFIED') return { do: 'finalize' }
  if (role === 'consumer' && state === 'OFFERED') return { do: 'accept' }
  if (role === 'consumer' && state === 'AGREED') return { do: 'verify', countersignature: null }
  return { do: 'wait' }
}

function transferMove ({ role, state, visits }: Transfer): TransferMove {
  const times = visits.filter(each => each === state).length
  if (role === 'provider' && state === 'REQUESTED') return { do: 'start', dataAddress: { endpointType: 'urn:x', endpoint: 'https://a.example', properties: [] } }
  if (role === 'provider' && state === 'STARTED' && times === 1) return { do: 'suspend', code: 'x', reason: [] }
  if (role === 'consumer' && state === 'SUSPENDED') return { do: 'start', dataAddress: null }
  if (role === 'provider' && state === 'STARTED') return { do: 'complete' }
  return { do: 'wait' }
}

function offer (): Offer {
  const policy = readPolicy({ permission: [{ action: 'use' }] })
  assert.ok(policy.ok)
  return { id: 'urn:x:offer', target: 'bins', policy: policy.value }
}

/** Plays one negotiation and one transfer; what both sides have at the end. */
async function play (seed: number, isTroubled: boolean): Promise<World> {
  const world = new World(seed)
  await world.start('provider')
  await world.start('consumer')
  const of = (name: Name): { readonly negotiations: readonly Negotiation[], readonly transfers: readonly Transfer[] } | undefined => {
    const dsp = world.nodes.get(name)
    return dsp === undefined ? undefined : {
      negotiations: [...dsp.negotiations.all()].map(({ process }) => process), transfers: [...dsp.transfers.all()].map(({ process }) => process)
    }
  }
  const isOver = (what: 'negotiations' | 'transfers') => (): boolean => (['provider', 'consumer'] as const).every(name => {
    const all = of(name)?.[what]
    return all !== undefined && all.length > 0 && all.every(({ state, outgoing }) => outgoing === null && ['FINALIZED', 'TERMINATED', 'COMPLETED'].includes(String(state)))
  })
  const ask = { peer: 'provider', peerAddress: ADDRESS.provider, ownAddress: ADDRESS.consumer }
  const storm = async (): Promise<void> => {
    for (let at = 0; at < 4; at++) {
      await world.pause(world.chance() * 20_000)
      if (world.chance() < 0.4) await world.kill(world.chance() < 0.5 ? 'provider' : 'consumer')
    }
    world.isStormy = false
  }
  storm().catch(cause => { world.faults.push(cause) })
  await world.nodes.get('consumer')?.requestNegotiation({ ...ask, offer: offer() })
  if (isTroubled) {
    for (const name of ['provider', 'consumer'] as const) {
      if (world.chance() < 0.7) {
        world.clock.wake(world.chance() * 15_000, () => {
          for (const running of world.nodes.get(name)?.negotiations.all() ?? []) running.decide({ do: 'terminate', code: 'x', reason: [] }).catch(cause => { world.faults.push(cause) })
        })
      }
    }
  }
  assert.ok(await world.clock.run(isOver('negotiations'), 2 * DAY_MS), `seed ${seed}: the negotiation never ended: ${JSON.stringify([of('provider'), of('consumer')])}`)
  await world.nodes.get('consumer')?.requestTransfer({ ...ask, agreementId: 'urn:x:agreement', format: 'x', dataAddress: null })
  assert.ok(await world.clock.run(isOver('transfers'), 2 * DAY_MS), `seed ${seed}: the transfer never ended: ${JSON.stringify([of('provider')?.transfers, of('consumer')?.transfers])}`)
  const [provider, consumer] = [of('provider'), of('consumer')]
  assert.deepEqual(world.faults, [], `seed ${seed}`)
  assert.equal(provider?.negotiations.length, 1, `seed ${seed}: one negotiation was opened`)
  assert.equal(provider.negotiations[0]?.state, consumer?.negotiations[0]?.state, `seed ${seed}: both ended alike`)
  if (provider.negotiations[0]?.state === 'FINALIZED') assert.equal(provider.negotiations[0].agreement?.id, consumer?.negotiations[0]?.agreement?.id, `seed ${seed}: one agreement`)
  assert.equal(provider.transfers.length, 1, `seed ${seed}: one transfer was opened`)
  assert.equal(provider.transfers[0]?.state, 'COMPLETED', `seed ${seed}`)
  assert.equal(consumer?.transfers[0]?.state, 'COMPLETED', `seed ${seed}`)
  return world
}

describe('the Dataspace Protocol over a bad net', () => {
  it(`comes to one agreement and one transfer, whatever is lost, repeated, late or dies (seeds 1 to ${SEEDS.length})`, async () => {
    let [lost, deaths] = [0, 0]
    for (const seed of SEEDS) {
      const world = await play(seed, false)
      for (const name of ['provider', 'consumer'] as const) assert.ok(world.told[name].has('FINALIZED'), `seed ${seed}: the ${name} was told`)
      lost += world.lost
      deaths += world.deaths
    }
    assert.ok(lost > SEEDS.length && deaths > SEEDS.length / 4, `${lost} messages were lost, ${deaths} deaths`)
  })

  it('ends alike on both sides where either ends it at any time', async () => {
    for (const seed of SEEDS) await play(1_000 + seed, true)
  })
})
