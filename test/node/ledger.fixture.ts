import { strict as assert } from 'node:assert'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../scripts/ports.ts'
import { sha256, utf8 } from '../../src/base/index.ts'
import {
  checkHello, encodeHello, membershipOf, peerIdOfKey, type Certificate, type Charter, type Membership
} from '../../src/core/identity/index.ts'
import { decodeBody, decodeTransaction, encodeOperation, nextSequence, OPERATIONS, signTransaction } from '../../src/core/ledger/index.ts'
import type { Clock, Network, ProtocolHandler, Store } from '../../src/host/index.ts'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { Consensus, ConsensusKeys, type ConsensusOptions, type ProfileName } from '../../src/node/consensus/index.ts'
import { consensusSecretKey } from '../../src/node/rows/index.ts'
import { certificateOf, charterOf, cities, DAY_MS, valueOf, type City } from '../core/identity.fixture.ts'
import { until } from '../support/nodes.ts'

const HOUR_MS = 3_600_000

/** One validator's consensus alone: real databases in a folder of its own, a real network on loopback, nothing else of a node. */
export type Voter = {
  readonly city: City
  readonly certificate: Certificate
  readonly folder: string
  readonly port: number
  readonly fatal: unknown[]
  /** When consensus wants to be woken, by the clock that never goes back. */
  readonly alarmsMs: Set<number>
  consensus: Consensus
  network: Network
  store: Store
  signer: Store
  /** What it does to others' requests and notes instead of what is right. */
  lie?: (handlers: Readonly<Record<string, ProtocolHandler>>) => Readonly<Record<string, ProtocolHandler>>
  /** Its database with faults. */
  faulty?: (store: Store) => Store
  /** Of the next transaction of this voter's node key. */
  sequence: number
  isUp: boolean
}

export class Council {
  readonly charter: Charter
  readonly voters: Voter[] = []
  readonly #membership: Membership
  readonly #profile: ProfileName
  readonly #certificates: ReadonlyMap<City, Certificate>
  /** Of those that are started from now on. */
  beginning: Pick<ConsensusOptions, 'snapshots' | 'invitation'> = {}

  private constructor (charter: Charter, certificates: ReadonlyMap<City, Certificate>, profile: ProfileName) {
    this.charter = charter
    this.#certificates = certificates
    this.#profile = profile
    this.#membership = [...certificates.values()].reduce(
      (held, { envelope }) => valueOf(held.withCertificate(envelope, Date.now())), membershipOf(charter))
  }

  /** `running` of all founders are started; the others come later. */
  static async found (founders: number, running = founders, profile: ProfileName = 'lan', foundedAgoMs = HOUR_MS): Promise<Council> {
    const council = await Council.prepare(founders, profile, foundedAgoMs)
    for (const voter of council.voters.slice(0, running)) await council.start(voter)
    return council
  }

  /** Nobody is started yet. */
  static async prepare (founders: number, profile: ProfileName = 'lan', foundedAgoMs = HOUR_MS): Promise<Council> {
    const members = cities(founders)
    const nowMs = Date.now()
    const charter = charterOf(members, 'Test Hanse', nowMs - foundedAgoMs)
    const certificates = new Map(members.map(city =>
      [city, certificateOf(city, charter.federation, { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + 80 * DAY_MS })]))
    const council = new Council(charter, certificates, profile)
    for (const city of members) council.voters.push(await council.#make(city))
    return council
  }

  async #make (city: City): Promise<Voter> {
    const certificate = this.#certificates.get(city)
    assert.ok(certificate !== undefined)
    const folder = await mkdtemp(join(tmpdir(), 'hanse-test-'))
    for (const database of ['store', 'signer']) await (await createStore(join(folder, database), { random: systemRandom })).close()
    const signer = await openStore(join(folder, 'signer'), {})
    await signer.commit([{ type: 'put', key: consensusSecretKey(city.consensus.publicKey), value: sha256(utf8(`${city.name} consensus`)) }])
    await signer.close()
    // The rest is there as soon as it is started.
    return { city, certificate, folder, port: await freePort(), fatal: [], alarmsMs: new Set(), sequence: 1, isUp: false } as unknown as Voter
  }

  async start (voter: Voter): Promise<void> {
    const { city, certificate, folder, port, fatal, alarmsMs } = voter
    const plain = await openStore(join(folder, 'store'), {})
    const store = voter.faulty?.(plain) ?? plain
    const signer = await openStore(join(folder, 'signer'), {})
    const instance = systemRandom.bytes(16)
    const consensus = await Consensus.open({
      charter: this.charter, profile: this.#profile, transportKey: city.transport.publicKey, instance, keys: await ConsensusKeys.load(signer, systemRandom),
      isRestored: false, ...this.beginning, store, signer, clock: watched(alarmsMs), onFatal: cause => fatal.push(cause),
      log: (level, message, facts) => {
        if (process.env['HANSE_TEST_LOG'] !== undefined) console.error(city.name, level, message, JSON.stringify(facts ?? {}))
      }
    })
    const network = await openNetwork({
      transportSeed: sha256(utf8(`${city.name} transport`)), federation: this.charter.federation.toString(), listen: [`/ip4/127.0.0.1/tcp/${port}`],
      announce: [], lan: false, profile: 'normal', gossip: true,
      hello: {
        mine: () => encodeHello({
          federation: this.charter.federation, certificate: certificate.envelope, protocols: {}, features: [], epoch: consensus.view.epoch,
          height: consensus.view.height, instance
        }),
        check: (peerId, hello) => {
          const checked = checkHello(this.#membership, peerId, hello, Date.now())
          if (!checked.ok) return checked
          consensus.greeted(peerId, checked.value.certificate.transportKey, checked.value.instance)
          return { ok: true, value: null }
        }
      },
      protocols: voter.lie?.(consensus.handlers) ?? consensus.handlers, topics: [consensus.topic],
      onPeer: peer => consensus.peer(peer, true), onPeerGone: peer => consensus.peer(peer, false), log: () => {}
    })
    consensus.connect(network)
    Object.assign(voter, { consensus, network, store, signer, isUp: true })
    this.#introduce()
  }

  /** As when the process dies: nothing is drained or told. What was not synced yet may or may not be there. */
  async kill (voter: Voter): Promise<void> {
    voter.isUp = false
    await voter.network.stop()
    await voter.consensus.stop()
    await voter.store.close()
    await voter.signer.close()
    this.#introduce()
  }

  /** From now on these alone can be reached from there. */
  confine (voter: Voter, reachable: readonly Voter[]): void {
    const of = (voters: readonly Voter[]): ReadonlyMap<string, readonly string[]> =>
      new Map(voters.map(({ city, port }) => [peerIdOfKey(city.transport.publicKey), [`/ip4/127.0.0.1/tcp/${port}`]]))
    voter.network.setMembers(of(reachable))
    for (const other of this.up) if (other !== voter && !reachable.includes(other)) other.network.setMembers(of(this.up.filter(each => each !== voter)))
  }

  get up (): readonly Voter[] {
    return this.voters.filter(({ isUp }) => isUp)
  }

  async dissolve (): Promise<void> {
    for (const voter of this.up) await this.kill(voter)
    for (const { folder } of this.voters) await rm(folder, { recursive: true, force: true })
  }

  #introduce (): void {
    const addresses = new Map(this.up.map(({ city, port }) => [peerIdOfKey(city.transport.publicKey), [`/ip4/127.0.0.1/tcp/${port}`]]))
    for (const { network } of this.up) network.setMembers(addresses)
  }
}

function watched (alarmsMs: Set<number>): Clock {
  return {
    ...systemClock,
    wake (delayMs, run) {
      const atMs = systemClock.monotonicMs() + delayMs
      alarmsMs.add(atMs)
      const cancel = systemClock.wake(delayMs, () => {
        alarmsMs.delete(atMs)
        run()
      })
      return () => {
        alarmsMs.delete(atMs)
        cancel()
      }
    }
  }
}

/** A transaction of this voter's node: its own entry, as often as one likes. */
export function transactionOf ({ charter }: Council, voter: Voter, operations: readonly Uint8Array[] = [nodePut(voter, voter.sequence)]): Uint8Array {
  return signTransaction({
    federation: charter.federation, author: voter.city.did, sequence: voter.sequence++, notAfterMs: Date.now() + DAY_MS, operations,
    certificate: voter.certificate.id
  }, voter.city.node)
}

function nodePut ({ certificate, city, port }: Voter, nonce: number): Uint8Array {
  return encodeOperation(OPERATIONS.nodePut, {
    certificate: certificate.envelope, transportKey: city.transport.publicKey, addresses: [`/ip4/127.0.0.1/tcp/${port}/x/${nonce}`]
  })
}

export function takeUpSequence (voter: Voter): void {
  voter.sequence = nextSequence(voter.consensus.state, voter.city.node.publicKey)
}

/** Heights of all final transactions by id, as this voter's archive has them: the engine may be a commit ahead of it. */
export async function finalHeightsOf (consensus: Consensus): Promise<ReadonlyMap<string, number>> {
  const heights = new Map<string, number>()
  for (let height = 1; height <= consensus.view.height; height++) {
    let block: Awaited<ReturnType<Consensus['block']>>
    await until(async () => (block = await consensus.block(height)) !== undefined, `block ${height} is kept`)
    assert.ok(block !== undefined)
    for (const envelope of decodeBody(block.body) ?? []) {
      const transaction = decodeTransaction(consensus.ledger.registry, envelope)
      assert.ok(transaction.ok)
      heights.set(transaction.value.id, height)
    }
  }
  return heights
}
