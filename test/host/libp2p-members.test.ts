import { strict as assert } from 'node:assert'
import { peerDiscoverySymbol, type PeerDiscovery } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { encodeCanonical, fail, ok, utf8 } from '../../src/base/index.ts'
import type { Peer, Reply } from '../../src/host/index.ts'
import { encodeFrame, NOTE, REQUEST } from '../../src/host/libp2p/frame.ts'
import { mayDial, membersOnly, reachOf } from '../../src/host/libp2p/gater.ts'
import { Lan, Redial } from '../../src/host/libp2p/redial.ts'
import { freePort } from '../../scripts/ports.ts'
import { addressesOf, counted, dial, openRaw, stopRaws, type Raw } from './libp2p-raw.fixture.ts'
import { closeAll, ECHO, FAST, introduce, met, openMember, until, type Member } from './libp2p.fixture.ts'

const handler = {
  request: (): Promise<void> => Promise.reject(new Error('nobody may ask')),
  note: (): void => { throw new Error('nobody may note') }
}

describe('members only, before any protocol', () => {
  const members: Member[] = []
  const raws: Raw[] = []
  afterEach(async () => {
    await stopRaws(raws.splice(0))
    await closeAll(...members.splice(0))
  })

  async function opened (number: number, changes: Parameters<typeof openMember>[1] = {}): Promise<Member> {
    const member = await openMember(number, { protocols: { [ECHO]: handler }, ...changes })
    members.push(member)
    return member
  }

  async function openedRaw (number: number, federation?: string): Promise<Raw> {
    const raw = await openRaw(number, federation)
    raws.push(raw)
    return raw
  }

  function denied (member: Member, hook: string): number {
    return member.network.metrics().get(`hanse_network_denied_total{hook="${hook}"}`) ?? 0
  }

  it('L3: an outsider on every enabled transport gets no byte of any protocol', async () => {
    let checked = 0
    const a = await opened(1, {
      hello: { mine: () => new Uint8Array(1), check: () => { checked += 1; return ok(null) } }
    })
    const outsider = await openedRaw(66)
    const gates = ['denyInboundEncryptedConnection'] as const
    for (const protocol of ['/hanse/hello/1', ECHO, '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', '/meshsub/1.2.0']) {
      const before = denied(a, gates[0])
      let bytes = 0
      try {
        const connection = await dial(outsider, a)
        const stream = await connection.newStream(protocol)
        const { received } = counted(stream)
        stream.send(new Uint8Array(10))
        await until('the connection is gone', () => connection.status !== 'open')
        bytes = received.bytes
      } catch {}   // refused while opening: also right
      assert.equal(bytes, 0, protocol)
      await until('the gater denied', () => denied(a, gates[0]) > before)
    }
    assert.equal(checked, 0)
    assert.equal(a.came.length, 0)
  })

  it('refuses a member of another federation in the handshake', async () => {
    const a = await opened(1)
    const other = await openedRaw(2, 'another-federation')
    a.network.setMembers(new Map([[other.node.peerId.toString(), []]]))
    await assert.rejects(dial(other, a), { name: 'EncryptionFailedError' })
    assert.equal(a.network.metrics().get('hanse_network_connections'), 0)
    assert.equal(a.came.length, 0)
  })

  it('cuts a removed member off at once and refuses it when it returns', async () => {
    const [a, b] = [await opened(1), await opened(2)]
    introduce(a, b)
    await met(a, b)
    a.network.setMembers(new Map())
    await until('it is gone', () => a.gone.length === 1)
    assert.equal(a.network.peers().length, 0)
    await until('it was refused on its return', () => denied(a, 'denyInboundEncryptedConnection') > 0)
    assert.equal(a.came.length, 1)
  })

  it('L12: a dial that the other side refuses never counts as connected', async () => {
    const [a, b] = [await opened(1), await opened(2)]
    a.network.setMembers(new Map([[b.peerId, b.network.addresses()]]))
    await until('it was refused three times', () => denied(b, 'denyInboundEncryptedConnection') >= 3)
    assert.equal(a.came.length + b.came.length, 0)
  })

  it('says what to do when its address is taken', async () => {
    const a = await opened(1)
    const listen = a.network.addresses().map(address => address.replace(/\/p2p\/.*$/, ''))
    await assert.rejects(openMember(2, { listen }), { code: 'network.start', message: /free the port or choose another address/ })
  })

  it('tells a refused node why, by the code of its hello', async () => {
    const a = await opened(1, { hello: { mine: () => utf8('hello'), check: () => fail({ code: 'expired' }) } })
    const b = await opened(2)
    introduce(a, b)
    await until('the code arrived', () => b.network.metrics().has('hanse_network_hello_refused_total{code="expired"}'))
    assert.equal(a.came.length + b.came.length, 0)
  })

  it('aborts a member that says no hello', async () => {
    const a = await openMember(1, { protocols: { [ECHO]: handler } }, { ...FAST, helloTimeoutMs: 200 })
    members.push(a)
    const silent = await openedRaw(2)
    await silent.node.unhandle('/hanse/hello/1')
    a.network.setMembers(new Map([[silent.node.peerId.toString(), addressesOf(silent)]]))
    await until('it was refused', () => [...a.network.metrics().keys()].some(name => name.startsWith('hanse_network_hello_refused_total')))
    await until('the connection is gone', () => a.network.metrics().get('hanse_network_connections') === 0)
    assert.equal(a.came.length, 0)
  })

  it('lets a stream that comes before hello wait, and serves it afterwards', async () => {
    const a = await opened(1, { protocols: { [ECHO]: { request: (_peer, body, reply) => Promise.resolve(reply.end(body)), note: () => {} } } })
    const raw = await openedRaw(2)
    assert.ok(raw.node.peerId.toString() < a.peerId, 'the raw node opens streams')
    a.network.setMembers(new Map([[raw.node.peerId.toString(), []]]))
    const connection = await dial(raw, a)
    const stream = await connection.newStream(ECHO)
    const { received } = counted(stream)
    const body = encodeCanonical({ creditBytes: 0 })
    stream.send(encodeFrame(REQUEST, 2, body))
    await until('the answer came', () => received.bytes === 9 + body.length)
  })

  it('is one peer however many connections it has, until the last is gone', async () => {
    const echo = { request: (_peer: Peer, body: Uint8Array, reply: Reply): Promise<void> => Promise.resolve(reply.end(body)), note: (): void => {} }
    const a = await opened(1, { protocols: { [ECHO]: echo } })
    const raw = await openedRaw(2)
    a.network.setMembers(new Map([[raw.node.peerId.toString(), []]]))
    const [first, second] = [await dial(raw, a), await dial(raw, a)]
    assert.notEqual(first, second)
    await until('both said hello', () => raw.greeted.length === 2 && a.came.length === 1)
    first.abort(new Error('a test'))
    const stream = await second.newStream(ECHO)
    const { received } = counted(stream)
    stream.send(encodeFrame(REQUEST, 2, encodeCanonical({ creditBytes: 0 })))
    await until('the second connection answers', () => received.bytes > 0)
    assert.equal(a.gone.length, 0)
    second.abort(new Error('a test'))
    await until('it is gone', () => a.gone.length === 1)
    assert.equal(a.came.length, 1)
  })

  it('takes a second stream of a protocol in place of the first', async () => {
    const a = await opened(1)
    const raw = await openedRaw(2)
    a.network.setMembers(new Map([[raw.node.peerId.toString(), []]]))
    const connection = await dial(raw, a)
    const first = await connection.newStream(ECHO)
    first.send(encodeFrame(NOTE, 0, new Uint8Array(0)).subarray(0, 5))   // half a frame, then silence
    const second = await connection.newStream(ECHO)
    await until('the first is closed', () => first.status !== 'open')
    assert.equal(second.status, 'open')
    assert.equal(a.gone.length, 0)
  })

  it('drops a peer at its tenth breach of protocol, and counts them', async () => {
    const a = await opened(1)
    const raw = await openedRaw(2)
    a.network.setMembers(new Map([[raw.node.peerId.toString(), []]]))
    const connection = await dial(raw, a)
    for (let breach = 1; breach <= 10; breach++) {
      const stream = await connection.newStream(ECHO)
      stream.send(encodeFrame(99, 0, new Uint8Array(0)))
      await until('the stream was reset', () => stream.status !== 'open')
    }
    await until('it was dropped', () => a.gone.length === 1 && connection.status !== 'open')
    assert.equal(a.network.metrics().get('hanse_network_breaches_total'), 10)
  })

  it('L16: reconnects after an outage longer than libp2p itself would try', async () => {
    // No port of those that outgoing connections are given: somebody else would have it when this member returns.
    const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
    const [a, b] = [await opened(1), await opened(2, { listen })]
    introduce(a, b)
    await met(a, b)
    await b.network.stop()
    const failures = (): number => a.logged.filter(line => line.includes('a member cannot be reached')).length
    await until('it was tried seven times', () => failures() >= 7)
    const again = await opened(2, { listen })
    introduce(a, again)
    await met(a, again)
  })

  it('L5: twelve that dial one host at the same moment are all connected soon, though its limit refuses most', async () => {
    const hub = await openMember(1, {}, { ...FAST, connectionsPerSecondMaxOnLoopback: 5 })
    members.push(hub)
    const dialers = await Promise.all(Array.from({ length: 12 }, (_, at) => opened(at + 2)))
    hub.network.setMembers(new Map(dialers.map(({ peerId }) => [peerId, []])))
    for (const { network } of dialers) network.setMembers(new Map([[hub.peerId, hub.network.addresses()]]))
    await until('all are connected', () => hub.came.length >= 12 && dialers.every(({ network }) => network.peers().length === 1))
  })
})

describe('addresses', () => {
  const reaches: Readonly<Record<string, ReturnType<typeof reachOf>>> = {
    '/ip4/203.0.113.7/tcp/1': 'public', '/dns4/city.example/tcp/1': 'public', '/ip6/2001:db8::1/tcp/1': 'public',
    '/ip4/127.0.0.1/tcp/1': 'loopback', '/ip6/::1/tcp/1': 'loopback', '/ip6/::ffff:127.0.0.1/tcp/1': 'loopback',
    '/ip4/10.1.2.3/tcp/1': 'private', '/ip4/172.31.0.1/tcp/1': 'private', '/ip4/192.168.1.1/tcp/1': 'private',
    '/ip4/100.64.0.1/tcp/1': 'private', '/ip6/fd00::1/tcp/1': 'private', '/ip6/::ffff:10.0.0.1/tcp/1': 'private',
    '/ip4/169.254.1.1/tcp/1': 'none', '/ip6/fe80::1/tcp/1': 'none', '/ip4/0.0.0.0/tcp/1': 'none', '/ip4/224.0.0.251/tcp/1': 'none',
    '/unix/tmp%2Fsocket': 'none'
  }

  it('are told apart by how far they reach', () => {
    for (const [address, reach] of Object.entries(reaches)) assert.equal(reachOf(multiaddr(address)), reach, address)
  })

  it('are dialled by the rule: public always, private on the LAN, loopback only from loopback', () => {
    const dialled = (rule: Parameters<typeof mayDial>[1]): readonly string[] =>
      [...new Set(Object.entries(reaches).filter(([address]) => mayDial(multiaddr(address), rule)).map(([, reach]) => reach))]
    assert.deepEqual(dialled({ lan: false, loopback: false }), ['public'])
    assert.deepEqual(dialled({ lan: true, loopback: false }), ['public', 'private'])
    assert.deepEqual(dialled({ lan: false, loopback: true }), ['public', 'loopback', 'private'])
  })

  it('are refused for strangers, and a gate that throws denies', async () => {
    const peer = peerIdFromString('12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq')
    const hooks: string[] = []
    const rule = { lan: false, loopback: false }
    const gate = membersOnly(() => { throw new Error('broken') }, rule, hook => hooks.push(hook))
    assert.throws(() => gate.denyDialPeer?.(peer))
    assert.deepEqual(hooks, ['denyDialPeer'])
    const open = membersOnly(peerId => peerId === peer.toString(), rule, () => {})
    assert.equal(await open.filterMultiaddrForPeer?.(peer, multiaddr('/ip4/203.0.113.7/tcp/1')), true)
    assert.equal(await open.filterMultiaddrForPeer?.(peer, multiaddr('/ip4/127.0.0.1/tcp/1')), false)
    assert.equal(await open.denyDialMultiaddr?.(multiaddr('/ip4/10.0.0.1/tcp/1')), true)
  })
})

describe('the redial loop', () => {
  const peerId = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'
  const address = '/ip4/192.168.7.7/tcp/4001'

  function loop (lan: boolean, answer: (addresses: readonly string[]) => string | undefined): { readonly redial: Redial, readonly dialled: (readonly string[])[], readonly logged: string[] } {
    const dialled: (readonly string[])[] = []
    const logged: string[] = []
    const redial = new Redial({
      limits: { ...FAST, redialDelayMs: 1 },
      rule: { lan, loopback: false },
      delayMsMax: 2,
      nowMs: () => performance.now(),
      chance: () => 0.5,
      isConnected: () => false,
      connect: (_peerId, addresses) => {
        dialled.push(addresses.map(String))
        return Promise.resolve(answer(addresses.map(String)))
      },
      log: (_level, message) => logged.push(message)
    })
    return { redial, dialled, logged }
  }

  it('tries a member for ever, at eight addresses at most, the last good one first', async () => {
    const { redial, dialled } = loop(true, addresses => dialled.length === 3 ? addresses[2] : undefined)
    redial.setMembers(new Map([[peerId, Array.from({ length: 20 }, (_, number) => `/ip4/10.0.0.${number}/tcp/1`)]]))
    await until('it was tried often', () => dialled.length > 20)
    redial.stop()
    assert.ok(dialled.every(addresses => addresses.length === 8 && addresses.every(each => each.endsWith(`/p2p/${peerId}`))))
    assert.equal(dialled[5]?.[0], `/ip4/10.0.0.2/tcp/1/p2p/${peerId}`)
  })

  it('takes addresses seen on the LAN for members alone', async () => {
    const { redial, dialled } = loop(true, () => undefined)
    redial.sighted(peerId, [address])
    redial.setMembers(new Map([[peerId, []]]))
    redial.sighted(peerId, [address])
    await until('it was dialled', () => dialled.length > 0)
    redial.stop()
    assert.deepEqual(dialled[0], [`${address}/p2p/${peerId}`])
  })

  it('hears of a member on the LAN each time it is seen, known or not', async () => {
    const discovery = Object.assign(new EventTarget(), { [peerDiscoverySymbol]: undefined }) as unknown as PeerDiscovery
    const lan = new Lan(discovery)
    const { redial, dialled } = loop(true, () => undefined)
    lan.onSighted = (...seen) => redial.sighted(...seen)
    redial.setMembers(new Map([[peerId, []]]))
    for (const host of ['192.168.7.7', '192.168.7.8']) {
      const detail = { id: peerIdFromString(peerId), multiaddrs: [multiaddr(`/ip4/${host}/tcp/4001`)] }
      discovery.dispatchEvent(new CustomEvent('peer', { detail }))
      await until('it was dialled there', () => dialled.some(addresses => addresses[0]?.startsWith(`/ip4/${host}/`) === true))
    }
    redial.stop()
  })

  it('says once that a private address needs the LAN switch, and dials nothing', async () => {
    const { redial, dialled, logged } = loop(false, () => undefined)
    redial.setMembers(new Map([[peerId, [address]]]))
    await until('it was said', () => logged.length > 0)
    redial.stop()
    assert.equal(dialled.length, 0)
    assert.deepEqual(logged.filter(message => message.includes('LAN')).length, 1)
  })
})
