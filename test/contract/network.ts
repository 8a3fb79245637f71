/**
 * What every form of the Network port does, whatever carries the bytes. A form calls `networkContract` from its own test
 * with a way to open a node; here nodes are told apart by number and share one federation.
 */
import { strict as assert } from 'node:assert'
import { encodeCanonical, fail, ok, textOf, utf8, type Result } from '../../src/base/index.ts'
import type { Network, NetworkOptions, Outcome, Peer, PeerId, ProtocolHandler, Topic } from '../../src/host/index.ts'

export type ContractForm = {
  /** Opens a node; `options` has everything but the transport seed, the listen addresses and what the form adds. */
  readonly open: (number: number, options: Omit<NetworkOptions, 'transportSeed' | 'listen'>) => Promise<Network>
  /** Lets time pass until the condition holds; throws with the sentence when it never does. */
  readonly until: (sentence: string, condition: () => boolean) => Promise<void>
}

const ASK = '/hanse/contract/1'
/** A protocol whose notes may be large, and few of them may wait. */
const LARGE = '/hanse/contract-large/1'
const LARGE_NOTE_BYTES = 1_500_000
const TOPIC = '/hanse/1/contract/heads'

type Handler = ProtocolHandler['request']
type Node = {
  readonly network: Network
  readonly came: Peer[]
  readonly gone: Peer[]
  readonly notes: string[]
  readonly large: Uint8Array[]
  readonly opened: PeerId[]
  readonly delivered: string[]
  answer: Handler
  hello: string
}

export function networkContract (form: ContractForm): void {
  const opened: Node[] = []

  async function openNode (number: number): Promise<Node> {
    const delivered: string[] = []
    const topic: Topic = {
      name: TOPIC,
      validate: message => textOf(message)?.startsWith('bad') === true ? 'reject' : 'accept',
      deliver: message => { delivered.push(textOf(message) ?? '') }
    }
    const node: { -readonly [K in keyof Node]?: Node[K] } & Omit<Node, 'network'> = {
      came: [], gone: [], notes: [], large: [], opened: [], delivered, hello: 'hello', answer: (_peer, body, reply) => Promise.resolve(reply.end(body))
    }
    const network = await form.open(number, {
      federation: 'contract',
      announce: [],
      lan: false,
      profile: 'normal',
      gossip: true,
      hello: {
        mine: () => utf8(node.hello),
        check: (_peerId, hello): Result<null, { readonly code: string }> => textOf(hello) === 'hello' ? ok(null) : fail({ code: 'certificate' })
      },
      protocols: {
        [ASK]: {
          request: (peer, body, reply) => node.answer(peer, body, reply),
          note: (_peer, body) => { node.notes.push(textOf(body) ?? '') }
        },
        [LARGE]: {
          request: (_peer, _body, reply) => Promise.resolve(reply.error('unknown', 'notes only')),
          note: (_peer, body) => { node.large.push(body) },
          opened: peer => { node.opened.push(peer.peerId) },
          notes: { bytesMax: LARGE_NOTE_BYTES, queuedMax: 4, queuedBytesMax: 3 * LARGE_NOTE_BYTES }
        }
      },
      topics: [topic],
      onPeer: peer => node.came.push(peer),
      onPeerGone: peer => node.gone.push(peer),
      log: () => {}
    })
    const whole: Node = Object.assign(node, { network })
    opened.push(whole)
    return whole
  }

  async function openMet (count: number): Promise<readonly [Node, Node, ...Node[]]> {
    const [first, second] = [await openNode(1), await openNode(2)]
    const others: Node[] = []
    for (let number = 3; number <= count; number++) others.push(await openNode(number))
    const nodes = [first, second, ...others] as const
    introduce(nodes)
    await form.until('all met', () => nodes.every(({ network }) => network.peers().length === count - 1))
    return nodes
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ network }) => network.stop()))
  })

  it('tells both sides once that they met', async () => {
    const [a, b] = await openMet(2)
    assert.deepEqual(a.came.map(({ peerId }) => peerId), [b.network.peerId])
    assert.deepEqual(b.came.map(({ peerId }) => peerId), [a.network.peerId])
    assert.equal(a.gone.length + b.gone.length, 0)
  })

  it('answers a request of either side with its data, in order, and an end', async () => {
    const sent = Uint8Array.from({ length: 700_000 }, (_, at) => at % 251)
    for (const [asking, answering] of bothWays(await openMet(2))) {
      answering.answer = async (_peer, _body, reply) => {
        await reply.send(sent.subarray(0, 300_000))
        await reply.send(sent.subarray(300_000))
        reply.end(utf8('all'))
      }
      const { bytes, outcome } = await ask(asking, answering, 100_000)
      assert.ok(Buffer.compare(bytes, sent) === 0, 'what arrives is what was sent')
      assert.deepEqual(outcome, { type: 'end', body: utf8('all') })
    }
  })

  it('hands the body of a request over as it was', async () => {
    const [a, b] = await openMet(2)
    const body = encodeCanonical({ creditBytes: 0, verb: 'echo' })
    const outcome = await peerOf(a, b).request(ASK, body, 0).outcome
    assert.deepEqual(outcome, { type: 'end', body })
  })

  it('sends no byte more than the credit', async () => {
    const [a, b] = await openMet(2)
    let handed = 0
    b.answer = async (_peer, _body, reply) => {
      for (; ;) {
        await reply.send(new Uint8Array(1000))
        handed += 1000
      }
    }
    const exchange = peerOf(a, b).request(ASK, encodeCanonical({ creditBytes: 10_000 }), 10_000)
    const iterator = exchange.data[Symbol.asyncIterator]()
    let received = 0
    while (received < 10_000) received += (await iterator.next()).value?.length ?? 0
    assert.equal(received, 10_000)
    exchange.grant(5_000)
    while (received < 15_000) received += (await iterator.next()).value?.length ?? 0
    assert.equal(received, 15_000)
    assert.ok(handed <= 15_000)
    exchange.cancel()
  })

  it('stops the sender when the asker cancels', async () => {
    const [a, b] = await openMet(2)
    let aborted = false
    b.answer = async (_peer, _body, reply) => {
      reply.signal.addEventListener('abort', () => { aborted = true })
      await reply.send(new Uint8Array(1_000_000))
    }
    const exchange = peerOf(a, b).request(ASK, encodeCanonical({ creditBytes: 1000 }), 1000)
    for await (const part of exchange.data) if (part.length > 0) break
    const outcome = await exchange.outcome
    assert.ok(outcome.type === 'error' && outcome.code === 'cancelled')
    await form.until('the sender heard', () => aborted)
  })

  it('keeps an answer that has come to its end, whatever its asker cancels then', async () => {
    const [a, b] = await openMet(2)
    b.answer = async (_peer, _body, reply) => {
      await reply.send(new Uint8Array(1000))
      reply.end(utf8('all'))
    }
    const exchange = peerOf(a, b).request(ASK, encodeCanonical({ creditBytes: 1000 }), 1000)
    assert.deepEqual(await exchange.outcome, { type: 'end', body: utf8('all') })
    exchange.cancel()
    let sizeBytes = 0
    for await (const part of exchange.data) sizeBytes += part.length
    assert.equal(sizeBytes, 1000)
  })

  it('passes on the error of an answer, and calls a failed handler a fault', async () => {
    const [a, b] = await openMet(2)
    b.answer = (_peer, _body, reply) => Promise.resolve(reply.error('gone', 'deleted last year'))
    assert.deepEqual((await ask(a, b, 0)).outcome, { type: 'error', code: 'gone', reason: 'deleted last year' })
    b.answer = () => Promise.reject(new Error('a secret'))
    const { outcome } = await ask(a, b, 0)
    assert.ok(outcome.type === 'error' && outcome.code === 'fault' && !outcome.reason.includes('secret'))
  })

  it('refuses a request of a protocol it does not speak', async () => {
    const [a, b] = await openMet(2)
    const outcome = await peerOf(a, b).request('/hanse/nobody/1', encodeCanonical({ creditBytes: 0 }), 0).outcome
    assert.ok(outcome.type === 'error' && outcome.code === 'closed')
  })

  it('delivers notes in order', async () => {
    const [a, b] = await openMet(2)
    const sent = Array.from({ length: 100 }, (_, number) => `note ${number}`)
    for (const note of sent) assert.equal(peerOf(a, b).note(ASK, utf8(note)), true)
    await form.until('all notes came', () => b.notes.length >= sent.length)
    assert.deepEqual(b.notes, sent)
  })

  it('delivers notes as large as their protocol allows, beside small ones of another', async () => {
    const [a, b] = await openMet(2)
    const sent = [LARGE_NOTE_BYTES, 10, LARGE_NOTE_BYTES - 1].map((size, number) => new Uint8Array(size).fill(number + 1))
    for (const note of sent) assert.equal(peerOf(a, b).note(LARGE, note), true)
    assert.equal(peerOf(a, b).note(ASK, utf8('small')), true)
    await form.until('all notes came', () => b.large.length === sent.length && b.notes.length === 1)
    for (const [at, note] of sent.entries()) assert.ok(Buffer.compare(b.large[at] ?? new Uint8Array(0), note) === 0, `note ${at} is as it was sent`)
  })

  it('refuses a note that is longer than its protocol allows, or one too many, and delivers the others', async () => {
    const [a, b] = await openMet(2)
    const peer = peerOf(a, b)
    assert.equal(peer.note(LARGE, new Uint8Array(LARGE_NOTE_BYTES + 1)), false)
    assert.equal(peer.note(ASK, new Uint8Array(64 * 1024 + 1)), false)
    const taken = Array.from({ length: 6 }, (_, number) => peer.note(LARGE, new Uint8Array([number])))
    assert.deepEqual(taken, [true, true, true, true, false, false])
    await form.until('what was taken came', () => b.large.length === 4)
    assert.deepEqual(b.large.map(([first]) => first), [0, 1, 2, 3])
    assert.equal(peer.note(LARGE, new Uint8Array([9])), true, 'there is room again')
    await form.until('the last one came', () => b.large.length === 5)
  })

  it('says when the stream of a protocol is there, and again when the peer returned', async () => {
    const [a, b] = await openMet(2)
    await form.until('both streams are there', () => a.opened.length === 1 && b.opened.length === 1)
    assert.deepEqual([a.opened, b.opened], [[b.network.peerId], [a.network.peerId]])
    b.network.peers()[0]?.drop('a test')
    await form.until('the streams are there again', () => a.opened.length === 2 && b.opened.length === 2)
  })

  it('closes what was asked when the peer goes, and does not ask it again when the peer returns', async () => {
    const [a, b] = await openMet(2)
    b.answer = () => new Promise(() => {})
    const first = peerOf(a, b)
    const waiting = first.request(ASK, encodeCanonical({ creditBytes: 1000 }), 1000)
    b.network.peers()[0]?.drop('a test')
    const outcome = await waiting.outcome
    assert.ok(outcome.type === 'error' && outcome.code === 'closed')
    await form.until('they met again', () => a.came.length === 2 && b.came.length === 2)
    assert.equal(a.gone[0], first)
    const late = await first.request(ASK, encodeCanonical({ creditBytes: 0 }), 0).outcome
    assert.ok(late.type === 'error' && late.code === 'closed', 'a peer that went stays gone')
    assert.equal(first.note(ASK, utf8('late')), false)
    b.answer = (_peer, body, reply) => Promise.resolve(reply.end(body))
    assert.equal((await ask(a, b, 0)).outcome.type, 'end', 'its successor works')
  })

  it('cuts a removed member off at once and keeps the others', async () => {
    const [a, b, c] = await openMet(3)
    assert.ok(c !== undefined)
    introduce([a, b])
    await form.until('the removed one is gone', () => a.gone.length === 1 && b.gone.length === 1)
    assert.deepEqual(a.network.peers().map(({ peerId }) => peerId), [b.network.peerId])
    assert.equal((await ask(a, b, 0)).outcome.type, 'end')
  })

  it('makes no peer of one whose hello is refused', async () => {
    const [a, b, c] = [await openNode(1), await openNode(2), await openNode(3)]
    b.hello = 'of another federation'
    introduce([a, b, c])
    await form.until('the good ones met', () => a.came.length === 1 && c.came.length === 1)
    const refusals = (): number => [...a.network.metrics()].filter(([name]) => name.startsWith('hanse_network_hello_refused_total')).length
    await form.until('the bad one was refused', () => refusals() > 0)
    assert.equal(b.came.length, 0)
    assert.deepEqual(a.came.map(({ peerId }) => peerId), [c.network.peerId])
  })

  it('spreads a hint to all members, and nothing that a validator rejects', async () => {
    const [a, b, c] = await openMet(3)
    assert.ok(c !== undefined)
    let turn = 0
    await form.until('gossip flows', () => {
      // The first find no mesh yet, and may be lost.
      if (turn++ % 20 === 0) a.network.publish(TOPIC, utf8(`good ${turn}`))
      return b.delivered.length > 0 && c.delivered.length > 0
    })
    a.network.publish(TOPIC, utf8('bad'))
    a.network.publish(TOPIC, utf8('last'))
    await form.until('the last one came', () => b.delivered.includes('last') && c.delivered.includes('last'))
    assert.ok(!b.delivered.includes('bad') && !c.delivered.includes('bad'))
    assert.ok(!a.delivered.includes('last'), 'nobody hears himself')
  })

  it('does not publish what is too large or has no topic', async () => {
    const a = await openNode(1)
    assert.equal(a.network.publish(TOPIC, new Uint8Array(1025)), false)
    assert.equal(a.network.publish('/hanse/1/contract/none', utf8('x')), false)
    assert.equal(a.network.publish(TOPIC, new Uint8Array(1024)), true, 'alone is no failure')
  })

  it('stops, with nobody left behind', async () => {
    const [a, b] = await openMet(2)
    await a.network.stop()
    await form.until('the other side noticed', () => b.gone.length === 1)
    assert.equal(a.network.peers().length, 0)
    assert.equal(a.network.publish(TOPIC, utf8('x')), false)
    await a.network.stop()
  })
}

function introduce (nodes: readonly Node[]): void {
  const addressesByPeer = new Map<PeerId, readonly string[]>(nodes.map(({ network }) => [network.peerId, network.addresses()]))
  for (const { network } of nodes) network.setMembers(addressesByPeer)
}

function bothWays ([a, b]: readonly [Node, Node, ...Node[]]): readonly (readonly [Node, Node])[] {
  return [[a, b], [b, a]]
}

function peerOf (node: Node, other: Node): Peer {
  const peer = node.network.peers().find(({ peerId }) => peerId === other.network.peerId)
  assert.ok(peer !== undefined, 'these two are connected')
  return peer
}

async function ask (asking: Node, answering: Node, creditBytes: number): Promise<{ readonly bytes: Uint8Array, readonly outcome: Outcome }> {
  const exchange = peerOf(asking, answering).request(ASK, encodeCanonical({ creditBytes }), creditBytes)
  const parts: Uint8Array[] = []
  for await (const part of exchange.data) {
    parts.push(part)
    exchange.grant(part.length)
  }
  return { bytes: Buffer.concat(parts), outcome: await exchange.outcome }
}
