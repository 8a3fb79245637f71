import { strict as assert } from 'node:assert'
import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { utf8 } from '../../src/base/index.ts'
import type { Host, Network, Peer, ProtocolHandler } from '../../src/host/index.ts'
import { openStore } from '../../src/host/level/index.ts'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import type { HanseNode, NodeOptions, TermsOrder } from '../../src/node/index.ts'
import type { StandingAgreement } from '../../src/node/doors/index.ts'
import type { Feed } from '../../src/node/feeds/index.ts'
import { makeCity, until, type City, type CityOptions } from '../support/nodes.ts'

export type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]
/** A city whose rooms can be looked into. */
export type OpenCity = City & { readonly rooms: () => Rooms }

export async function makeOpenCity (name: string, options: CityOptions = {}, network?: Host['openNetwork']): Promise<OpenCity> {
  let rooms: Rooms | undefined
  const city = await makeCity(name, { onRooms: each => { rooms = each }, ...options }, network)
  return Object.assign(city, {
    rooms: () => {
      assert.ok(rooms !== undefined)
      return rooms
    }
  })
}

export function didOf ({ node }: City): string {
  return node.status().member.did
}

/** For the members of these names, after an agreement; encrypted copies for whom clause 14 says. */
export function restrictedTo (node: HanseNode, members: readonly string[], replicas: 'members' | 'nobody'): TermsOrder {
  const template = node.templateOf('neighbours')
  assert.ok(template.ok)
  const file = template.value as { readonly terms: object, readonly dataset?: object }
  const order = node.readTerms({ ...file, terms: { ...file.terms, audience: { type: 'named', members }, purposes: [] }, dataset: { ...file.dataset, replicas }, visibility: 'members' })
  assert.ok(order.ok, JSON.stringify(order))
  return order.value
}

/** An agreement as both sides hold it once it is signed; the terms are those of the dataset. */
export function standingBetween (provider: OpenCity, consumer: OpenCity, datasetId: string): StandingAgreement {
  const entry = provider.rooms().catalogue.entry(didOf(provider), datasetId)
  assert.ok(entry?.terms != null)
  return {
    id: `urn:uuid:${randomUUID()}`, provider: didOf(provider), consumer: didOf(consumer), datasetId, purpose: null, policy: entry.terms.policy,
    inForceFromMs: Date.now() - 1_000, commit: null, revokedAtMs: null, stalenessMaxMs: null, duties: [], endedHere: false
  }
}

export async function agree (provider: OpenCity, consumer: OpenCity, datasetId: string): Promise<StandingAgreement> {
  const standing = standingBetween(provider, consumer, datasetId)
  for (const city of [provider, consumer]) await city.rooms().federation.standings.put(standing)
  return standing
}

/** As `agree`, with the keys that follow from it. */
export async function agreeAndGrant (provider: OpenCity, consumer: OpenCity, datasetId: string): Promise<StandingAgreement> {
  const standing = await agree(provider, consumer, datasetId)
  const granted = await provider.rooms().federation.granting.grant(didOf(consumer), datasetId, standing.id)
  assert.ok(granted.ok, JSON.stringify(granted))
  return standing
}

export function feedOf (city: OpenCity, publisher: OpenCity, datasetId: string): Feed {
  const entry = city.rooms().catalogue.entry(didOf(publisher), datasetId)
  const feed = entry === undefined ? undefined : city.rooms().federation.feeds.get(entry.distribution.feed)
  assert.ok(feed !== undefined, `${city.name} has no feed of ${datasetId}`)
  return feed
}

/** Bodies of the records from number `from` on; throws what reading them throws. */
export async function bodiesFrom (node: HanseNode, reference: string, from = 0): Promise<readonly string[]> {
  const records = node.read(reference, { from, limit: 1_000_000 })
  if (!records.ok) throw new Error(records.failure.reason)
  const bodies: string[] = []
  for await (const { body } of records.value) bodies.push(new TextDecoder().decode(body))
  return bodies
}

export async function holds (city: OpenCity, publisher: OpenCity, datasetId: string, records: number): Promise<void> {
  await until(() => {
    const found = city.node.dataset(`${didOf(publisher)}/${datasetId}`)
    return found.ok && found.value.held.records >= records && found.value.held.segmentsHave === found.value.held.segmentsKnown
  }, `${city.name} holds ${records} records of ${datasetId}`)
}

// --- Searching -----------------------------------------------------------------------------------------------------

export function countIn (bytes: Uint8Array, canary: string): number {
  const wanted = Buffer.from(utf8(canary))
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let count = 0
  for (let at = buffer.indexOf(wanted); at >= 0; at = buffer.indexOf(wanted, at + 1)) count++
  return count
}

/** How often it stands in the files of a folder, as whoever takes the disk finds them. */
export async function countInFolder (folder: string, canary: string): Promise<number> {
  let count = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // LevelDB of a city that runs may take away what it has just replaced.
    if (entry.isFile()) count += countIn(await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0)), canary)
  }
  return count
}

const DATABASES = ['store', 'signer'] as const

/** Of the databases of a city that has stopped. */
export async function compact ({ folder }: City): Promise<void> {
  for (const database of DATABASES) {
    const store = await openStore(join(folder, database), {})
    await store.compact({ from: new Uint8Array(0), to: new Uint8Array(64).fill(0xff) })
    await store.close()
  }
}

/** In all rows of the databases of a city that has stopped, as they were before they were compressed. */
export async function countInRows ({ folder }: City, canary: string): Promise<number> {
  let count = 0
  for (const database of DATABASES) {
    const level = new Level<Uint8Array, Uint8Array>(join(folder, database), { keyEncoding: 'view', valueEncoding: 'view', createIfMissing: false })
    for await (const [key, value] of level.iterator()) count += countIn(key, canary) + countIn(value, canary)
    await level.close()
  }
  return count
}

/** Everything that a city says to others, before the transport encrypts it; by the PeerId of who hears it, gossip under '*'. */
export class Tap {
  /** Each answer by itself: parts of others may come between its own. */
  readonly #heard = new Map<string, Uint8Array[][]>()

  readonly openNetwork: Host['openNetwork'] = async options => {
    const tapped = (handler: ProtocolHandler): ProtocolHandler => ({
      ...handler,
      note: (peer, body) => handler.note(this.#peer(peer), body),
      request: (peer, body, reply) => {
        const answer = this.#begin(peer.peerId)
        return handler.request(this.#peer(peer), body, {
          signal: reply.signal,
          error: (code, reason) => reply.error(code, reason),
          send: chunk => {
            answer.push(chunk.slice())
            return reply.send(chunk)
          },
          end: ending => {
            answer.push(ending.slice())
            reply.end(ending)
          }
        })
      }
    })
    const real = await openNetwork({
      ...options, protocols: Object.fromEntries(Object.entries(options.protocols).map(([name, handler]) => [name, tapped(handler)])),
      onPeer: peer => options.onPeer(this.#peer(peer)), onPeerGone: peer => options.onPeerGone(this.#peer(peer))
    })
    const network: Network = {
      peerId: real.peerId, addresses: () => real.addresses(), setMembers: members => real.setMembers(members), metrics: () => real.metrics(), stop: () => real.stop(),
      peers: () => real.peers().map(peer => this.#peer(peer)),
      publish: (topic, message) => {
        this.#hear('*', message)
        return real.publish(topic, message)
      }
    }
    return network
  }

  readonly #peers = new WeakMap<Peer, Peer>()

  /** What that node was told, with all that was told to everybody. */
  heardBy (peerId: string): Uint8Array {
    return Buffer.concat([...this.#heard.get(peerId) ?? [], ...this.#heard.get('*') ?? []].flat())
  }

  #begin (peerId: string): Uint8Array[] {
    const saying: Uint8Array[] = []
    this.#heard.set(peerId, [...this.#heard.get(peerId) ?? [], saying])
    return saying
  }

  #hear (peerId: string, bytes: Uint8Array): void {
    this.#begin(peerId).push(bytes.slice())
  }

  #peer (peer: Peer): Peer {
    const known = this.#peers.get(peer)
    const tapped = known ?? {
      ...peer,
      note: (protocol: string, body: Uint8Array) => {
        this.#hear(peer.peerId, body)
        return peer.note(protocol, body)
      },
      request: (protocol: string, body: Uint8Array, creditBytes: number) => {
        this.#hear(peer.peerId, body)
        return peer.request(protocol, body, creditBytes)
      }
    }
    this.#peers.set(peer, tapped)
    return tapped
  }
}
