import { strict as assert } from 'node:assert'
import { equalBytes, textOf, utf8 } from '../../src/base/index.ts'
import { joinPort, joinPortWith, LIMITS } from '../../src/host/libp2p/index.ts'
import { openRaw, stopRaws, type Raw } from './libp2p-raw.fixture.ts'
import { freePort } from '../../scripts/ports.ts'
import { closeAll, openMember, seedOf, until } from './libp2p.fixture.ts'
import { multiaddr } from '@multiformats/multiaddr'

type Listener = Awaited<ReturnType<typeof joinPort.listen>>

describe('the join listener', () => {
  const listeners: Listener[] = []
  const raws: Raw[] = []
  afterEach(async () => {
    await Promise.all(listeners.splice(0).map(listener => listener.stop()))
    await stopRaws(raws.splice(0))
  })

  async function listen (answer: (request: Uint8Array) => Promise<Uint8Array>, port = joinPort, at = 0): Promise<Listener> {
    const listener = await port.listen({ transportSeed: seedOf(9), listen: [`/ip4/127.0.0.1/tcp/${at}`], answer, log: () => {} })
    listeners.push(listener)
    return listener
  }

  function call (addresses: readonly string[], request: Uint8Array, timeoutMs = 10_000): ReturnType<typeof joinPort.call> {
    return joinPort.call({ transportSeed: seedOf(8), addresses, request, timeoutMs })
  }

  it('answers one who is no member', async () => {
    const { addresses } = await listen(request => Promise.resolve(utf8(`hello ${textOf(request)}`)))
    const answer = await call(addresses, utf8('stranger'))
    assert.ok(answer.ok && textOf(answer.value) === 'hello stranger')
  })

  it('carries answers of 256 KiB and refuses requests over 16 KiB', async () => {
    const large = new Uint8Array(256 * 1024).fill(7)
    const { addresses } = await listen(() => Promise.resolve(large))
    const answer = await call(addresses, new Uint8Array(16 * 1024))
    assert.ok(answer.ok && equalBytes(answer.value, large))
    const refused = await call(addresses, new Uint8Array(16 * 1024 + 1))
    assert.ok(!refused.ok && refused.failure.code === 'refused')
  })

  it('tries the addresses in turn, and says when none answers', async () => {
    const { addresses } = await listen(request => Promise.resolve(request))
    const gone = await listen(request => Promise.resolve(request), joinPort, await freePort())
    await gone.stop()
    const answer = await call(['no address', ...gone.addresses, ...addresses], utf8('x'))
    assert.equal(answer.ok, true)
    const none = await call(gone.addresses, utf8('x'))
    assert.ok(!none.ok && none.failure.code === 'unreachable')
  })

  it('does not pass on why an answer failed', async () => {
    const { addresses } = await listen(() => Promise.reject(new Error('a secret')))
    const answer = await call(addresses, utf8('x'))
    assert.ok(!answer.ok && answer.failure.code === 'refused' && !answer.failure.reason.includes('secret'))
  })

  it('gives up when no answer comes in time', async () => {
    const { addresses } = await listen(() => new Promise(() => {}))
    const answer = await call(addresses, utf8('x'), 500)
    assert.ok(!answer.ok && answer.failure.code === 'timeout')
  })

  it('speaks nothing but its one protocol, and only for a short while', async () => {
    const { addresses } = await listen(request => Promise.resolve(request), joinPortWith({ ...LIMITS, joinLifetimeMs: 1_500 }))
    const member = await openRaw(66)
    const stranger = await openRaw(67, null)
    raws.push(member, stranger)
    const listening = addresses.map(address => multiaddr(address))
    await assert.rejects(member.node.dial(listening), { name: 'EncryptionFailedError' }, 'a prologue is not understood')
    const connection = await stranger.node.dial(listening)
    for (const protocol of ['/hanse/hello/1', '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', '/meshsub/1.2.0']) {
      await assert.rejects(connection.newStream(protocol), protocol)
    }
    await until('it was closed', () => connection.status !== 'open')
  })

  it('holds eight connections at most', async () => {
    const gate = Promise.withResolvers<Uint8Array>()
    let open = 0
    let refused = 0
    const { addresses } = await listen(() => { open += 1; return gate.promise })
    const calls = Array.from({ length: 10 }, async (_, number) => {
      const answer = await joinPort.call({ transportSeed: seedOf(20 + number), addresses, request: utf8('x'), timeoutMs: 20_000 })
      if (!answer.ok) refused += 1
      return answer.ok
    })
    await until('eight wait and two were refused', () => open === 8 && refused === 2)
    gate.resolve(utf8('done'))
    assert.equal((await Promise.all(calls)).filter(Boolean).length, 8)
  })

  it('lives beside the members\' instance under one key, and is dialled all the same', async () => {
    const { addresses } = await listen(request => Promise.resolve(request))
    const member = await openMember(9)
    assert.ok(addresses[0]?.endsWith(member.peerId))
    assert.equal((await call(addresses, utf8('x'))).ok, true)
    await closeAll(member)
    await until('all is closed', () => member.network.peers().length === 0)
  })
})
