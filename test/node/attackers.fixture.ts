import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8, type CID } from '../../src/base/index.ts'
import { openSealed } from '../../src/core/sealing/index.ts'
import { CREDIT_BYTES, encodeRequest, type Request } from '../../src/core/sync/index.ts'
import type { Exchange, Host, Network, Outcome, Peer, ProtocolHandler } from '../../src/host/index.ts'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import type { Asker } from '../../src/node/contract/index.ts'
import type { DatasetDescription, HanseNode, RecordInput } from '../../src/node/index.ts'
import { descriptionOf } from '../support/publications.ts'
import { countIn, type Rooms } from './sealing.fixture.ts'

const FRAGMENT_BYTES = 12

/** A word of high entropy that is found again in whatever part and spelling of it got out: as bytes, hexadecimal, base64 at any alignment. */
export class Canary {
  readonly word: string
  readonly #needles: readonly string[]

  constructor (word: string = randomBytes(36).toString('base64url')) {
    this.word = word
    const parts = Array.from({ length: Math.floor(word.length / FRAGMENT_BYTES) }, (_, at) => word.slice(at * FRAGMENT_BYTES, (at + 1) * FRAGMENT_BYTES))
    this.#needles = parts.flatMap(spellingsOf)
  }

  countIn (...all: readonly Uint8Array[]): number {
    return all.reduce((sum, bytes) => sum + this.#needles.reduce((count, needle) => count + countIn(bytes, needle), 0), 0)
  }

  async countInFolder (folder: string): Promise<number> {
    let count = 0
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      // LevelDB may take away what it has just replaced.
      if (entry.isFile()) count += this.countIn(await readFile(join(entry.parentPath, entry.name)).catch(() => new Uint8Array(0)))
    }
    return count
  }
}

function spellingsOf (part: string): readonly string[] {
  const bytes = Buffer.from(part)
  const base64 = [0, 1, 2].map(before => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return text.slice(Math.ceil(before * 8 / 6), Math.floor((before + bytes.length) * 8 / 6))
  })
  const base64url = base64.map(text => text.replaceAll('+', '-').replaceAll('/', '_'))
  return [...new Set([part, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...base64, ...base64url])]
}

export function rowsWith (canary: Canary, count: number): readonly RecordInput[] {
  return Array.from({ length: count }, (_, at) => ({
    key: utf8(`${canary.word}/${at}`), timeMs: 1_000 + at, operation: 'put', mediaType: 'application/json',
    body: utf8(`${JSON.stringify({ note: `${canary.word} ${randomUUID()}`, street: `street ${at}`, count: at })}\n`)
  }))
}

export function describedAs (datasetId: string, access: DatasetDescription['access']): DatasetDescription {
  const text = ['note', 'street'].map(name => ({ name, type: 'text', unit: null } as const))
  return { ...descriptionOf(datasetId), access, schema: [...text, { name: 'count', type: 'number', unit: null }] }
}

export async function * each<T> (parts: readonly T[]): AsyncGenerator<T> {
  yield * parts
}

/** How something came to the attacker. */
type Way = 'gossip' | 'note' | 'request' | 'answer' | 'other'

/** A request without its credit. */
export type Asked = Request extends infer R ? R extends Request ? Omit<R, 'creditBytes'> : never : never

/** All that an attacker got hold of: what came to its node from the network, and what it was told anywhere else. */
export class Haul {
  readonly #parts: { readonly way: Way, readonly bytes: Uint8Array }[] = []
  readonly peers = new Map<string, Peer>()

  take (what: unknown, way: Way = 'other'): void {
    if (what === undefined) return
    const bytes = what instanceof Uint8Array ? what.slice() : utf8(typeof what === 'string' ? what : textOf(what))
    this.#parts.push({ way, bytes })
  }

  /** Since `from`, a number of parts. */
  bytes (from = 0): Uint8Array {
    return Buffer.concat(this.#parts.slice(from).flatMap(({ bytes }) => [bytes, Buffer.from('\n')]))
  }

  get length (): number {
    return this.#parts.length
  }

  heardBy (way: Way, from = 0): number {
    return this.#parts.slice(from).filter(each => each.way === way).length
  }

  /** Everything that comes out of a source, and why it ended. */
  async drain (source: AsyncIterable<unknown>): Promise<void> {
    try {
      for await (const part of source) this.take(part)
    } catch (error) {
      this.take(error)
    }
  }

  /** Asks as no honest node would: whatever is asked for, all of what comes. */
  async ask (peerId: string, protocol: string, request: Asked | Uint8Array, isEnough: () => boolean = () => false): Promise<Outcome> {
    const body = request instanceof Uint8Array ? request : encodeRequest({ ...request, creditBytes: CREDIT_BYTES.bulk })
    const exchange = this.peers.get(peerId)?.request(protocol, body, CREDIT_BYTES.bulk)
    if (exchange === undefined) throw new Error('no such peer')
    for await (const chunk of exchange.data) {
      exchange.grant(chunk.length)
      if (isEnough()) exchange.cancel()
    }
    return exchange.outcome
  }

  /** Every call of a node that hands data out, asked as somebody. */
  async readAll (node: HanseNode, reference: string, asker: Asker = {}): Promise<void> {
    for (const purpose of [undefined, 'urn:hanse:purpose:1:waste.collection']) {
      const as = { ...asker, ...purpose === undefined ? {} : { purpose } }
      const records = node.read(reference, { from: 0, limit: 1_000 }, as)
      const followed = node.follow(reference, { last: 3, signal: AbortSignal.timeout(20) }, as)
      for (const given of [records, followed]) await this.drain(given.ok ? given.value : each([given]))
      for (const range of [undefined, { from: 0, to: 100 }]) {
        const content = await node.content(reference, range, as)
        await this.drain(content.ok ? content.value.bytes : each([content]))
      }
      for (const proof of [await node.proof(reference, 0, as), await node.ledgerProof(reference, 0, as)]) this.take(proof)
    }
  }

  /** The network of the attacker's node, listened to where it comes in. */
  readonly openNetwork: Host['openNetwork'] = async options => {
    const listened = (handler: ProtocolHandler): ProtocolHandler => ({
      ...handler,
      note: (peer, body) => {
        this.take(body, 'note')
        handler.note(this.#peer(peer), body)
      },
      request: (peer, body, reply) => {
        this.take(body, 'request')
        return handler.request(this.#peer(peer), body, reply)
      },
      ...handler.opened === undefined ? {} : { opened: (peer: Peer) => handler.opened?.(this.#peer(peer)) }
    })
    const real = await openNetwork({
      ...options, protocols: Object.fromEntries(Object.entries(options.protocols).map(([name, handler]) => [name, listened(handler)])),
      topics: options.topics.map(topic => ({
        ...topic,
        validate: (message, from) => {
          this.take(message, 'gossip')
          return topic.validate(message, from)
        }
      })),
      hello: {
        ...options.hello,
        check: (peerId, hello) => {
          this.take(hello)
          return options.hello.check(peerId, hello)
        }
      },
      onPeer: peer => {
        this.peers.set(peer.peerId, this.#peer(peer))
        options.onPeer(this.#peer(peer))
      },
      onPeerGone: peer => { options.onPeerGone(this.#peer(peer)) }
    })
    const network: Network = {
      peerId: real.peerId, addresses: () => real.addresses(), setMembers: members => { real.setMembers(members) }, metrics: () => real.metrics(), stop: () => real.stop(),
      peers: () => real.peers().map(peer => this.#peer(peer)), publish: (topic, message) => real.publish(topic, message)
    }
    return network
  }

  readonly #wrapped = new WeakMap<Peer, Peer>()

  #peer (peer: Peer): Peer {
    const known = this.#wrapped.get(peer)
    const wrapped = known ?? { ...peer, request: (protocol: string, body: Uint8Array, creditBytes: number) => this.#listened(peer.request(protocol, body, creditBytes)) }
    this.#wrapped.set(peer, wrapped)
    // What is wrapped may be handed back.
    this.#wrapped.set(wrapped, wrapped)
    return wrapped
  }

  #listened (exchange: Exchange): Exchange {
    const take = (chunk: Uint8Array): void => { this.take(chunk, 'answer') }
    const data = (async function * () {
      for await (const chunk of exchange.data) {
        take(chunk)
        yield chunk
      }
    })()
    const outcome = exchange.outcome.then(ended => {
      this.take(ended, 'answer')
      return ended
    })
    return { data, outcome, grant: sizeBytes => { exchange.grant(sizeBytes) }, cancel: () => { exchange.cancel() } }
  }
}

/** All stored segments of a feed that one of these keys opens, wherever it may have come from. */
export async function openedBy ({ feeds }: Rooms['federation'], keys: readonly Uint8Array[], id: CID): Promise<Uint8Array> {
  const feed = feeds.get(id)
  const opened: Uint8Array[] = []
  for (let index = 0; index < (feed?.length ?? 0); index++) {
    const stored = feed === undefined ? undefined : await feeds.segment(feed, index)
    for (const key of keys) {
      const unsealed = stored === undefined ? undefined : openSealed(stored, key)
      if (unsealed?.ok === true) opened.push(unsealed.value.bytes)
    }
  }
  return Buffer.concat(opened)
}

/** As a log or an answer would write it: all of an error, bytes as hexadecimal. */
function textOf (what: unknown): string {
  if (what instanceof Error) return `${what.name} ${what.message} ${JSON.stringify(Object.entries(what))} ${what.stack ?? ''} ${what.cause === undefined ? '' : textOf(what.cause)}`
  return JSON.stringify(what, (_, value: unknown) => value instanceof Uint8Array ? Buffer.from(value).toString('hex') : typeof value === 'bigint' ? String(value) : value) ?? ''
}
