import { strict as assert } from 'node:assert'
import { multiaddr } from '@multiformats/multiaddr'
import { encodeCanonical, fail, ok, utf8 } from '../../src/base/index.ts'
import { encodeFrame, REQUEST } from '../../src/host/libp2p/frame.ts'
import { mayDial, membersOnly, reachOf } from '../../src/host/libp2p/gater.ts'
import { peerIdFromString } from '@libp2p/peer-id'
import { addressesOf, counted, dial, openRaw, stopRaws, type Raw } from './libp2p-raw.fixture.ts'
import { closeAll, ECHO, FAST, introduce, met, openMember, until, type Member } from './libp2p.fixture.ts'

const handler = {
  request: (): Promise<void> => Promise.reject(new Error('nobody may ask')),
  note: (): void => { throw new Error('nobody may note') }
}

describe('members only, before any protocol', function () {
  this.timeout(30_000)
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

  it('L16: reconnects after an outage longer than libp2p itself would try', async () => {
    const [a, b] = [await opened(1), await opened(2)]
    introduce(a, b)
    await met(a, b)
    const listen = b.network.addresses().map(address => address.replace(/\/p2p\/.*$/, ''))
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
    await until('all are connected', () => hub.came.length >= 12 && dialers.every(({ network }) => network.peers().length === 1), 10_000)
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
