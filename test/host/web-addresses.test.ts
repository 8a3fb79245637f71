import { strict as assert } from 'node:assert'
import { Resolver } from 'node:dns/promises'
import { createServer, Socket, isIP, type AddressInfo, type LookupFunction, type Server } from 'node:net'
import { checkedTarget, createSafeFetch, isPublicAddress, type Safety } from '../../src/host/web/index.ts'
import { openNameServer, type NameServer } from './name-server.fixture.ts'
import { EMBEDDED_V6, OTHER_URLS, PUBLIC, SHAPES, SPELLINGS_V4, V4, V6 } from './addresses.fixture.ts'

/** Where programs are led: this machine, a private network, the metadata service of clouds. */
const BLOCKED: readonly (readonly number[])[] = [[127, 0, 0, 1], [10, 0, 0, 1], [169, 254, 169, 254], [192, 168, 1, 1]]
const OPEN = [8, 8, 4, 4]

const hex = (high: number, low: number): string => (high * 256 + low).toString(16)

describe('the web client, before it connects', () => {
  /** Every address that any socket of this process was told to connect to. */
  let connects: string[] = []
  /** Stands on all addresses of this machine. */
  let server: Server
  let seen = 0
  const port = (): number => (server.address() as AddressInfo).port
  const connect: unknown = Reflect.get(Socket.prototype, 'connect')

  /** Nothing of this test leaves the machine: a connection elsewhere is written down and not made. */
  function spy (this: Socket, ...given: readonly unknown[]): Socket {
    const [first] = given
    const options = (Array.isArray(first) ? first[0] : first) as { readonly host?: string, readonly lookup?: LookupFunction }
    const host = options.host ?? ''
    let addresses = [host]
    if (isIP(host) === 0) options.lookup?.(host, { all: true }, (_, found) => { addresses = (found as { address: string }[]).map(({ address }) => address) })
    connects.push(...addresses)
    if (addresses.every(address => /^(127\.|::1$|::ffff:7f)/.test(address))) return Reflect.apply(connect as () => Socket, this, given)
    queueMicrotask(() => { this.destroy(new Error('not made')) })
    return this
  }

  before(async () => {
    server = createServer(socket => {
      seen++
      socket.on('error', () => {}).destroy()
    })
    await new Promise<void>(resolve => { server.listen(0, resolve) })
    Reflect.set(Socket.prototype, 'connect', spy)
  })
  after(() => {
    Reflect.set(Socket.prototype, 'connect', connect)
    server.close()
  })
  beforeEach(() => {
    connects = []
    seen = 0
  })

  /** The port is allowed everywhere: only the address decides. */
  const strict = (): Safety => ({ allowed: [], ports: [port()], resolve: () => Promise.reject(new Error('no name was to be asked for')) })
  const codeOf = async (url: string, safety: Safety): Promise<string> => {
    const answer = await createSafeFetch(safety)({ url, method: 'GET', headers: {}, body: null, redirectsMax: 3, timeoutMs: 2_000 })
    if (answer.ok) answer.value.cancel()
    return answer.ok ? 'answered' : answer.failure.code
  }
  const allowing = (url: string): Safety => ({ ...strict(), allowed: [`${new URL(url).hostname}:${port()}`] })

  it('refuses every spelling of a blocked address, beside the same spelling of a public one and the same address once it is allowed', async () => {
    let forms = 0
    for (const [name, spell] of SPELLINGS_V4) {
      const open = await checkedTarget(`https://${spell(OPEN)}:${port()}/`, strict())
      assert.deepEqual(open.ok && open.value.addresses, ['8.8.4.4'], `${name} of a public address`)
      for (const address of BLOCKED) {
        const url = `https://${spell(address)}:${port()}/`
        assert.equal(await codeOf(url, strict()), 'address', `${name}: ${url}`)
        const allowed = await checkedTarget(url, allowing(url))
        assert.deepEqual(allowed.ok && allowed.value.addresses, [address.join('.')], `${name}: ${url}, allowed`)
        forms++
      }
    }
    for (const [name, shape] of SHAPES) {
      const open = await checkedTarget(shape(`8.8.4.4:${port()}`), strict())
      assert.deepEqual(open.ok && open.value.addresses, ['8.8.4.4'], name)
      assert.equal(await codeOf(shape(`127.0.0.1:${port()}`), strict()), 'address', name)
      forms++
    }
    for (const [name, embed] of EMBEDDED_V6) {
      for (const [a = 0, b = 0, c = 0, d = 0] of BLOCKED) {
        const url = `https://[${embed(hex(a, b), hex(c, d))}]:${port()}/`
        assert.equal(await codeOf(url, strict()), 'address', `${name}: ${url}`)
        const allowed = await checkedTarget(url, allowing(url))
        assert.ok(allowed.ok, `${name}: ${url}, allowed`)
        forms++
      }
    }
    for (const address of [...V4, ...V6]) {
      const url = `https://${isIP(address) === 6 ? `[${address}]` : address}:${port()}/`
      assert.equal(await codeOf(url, strict()), 'address', url)
      forms++
    }
    assert.ok(forms >= 120, String(forms))
    assert.deepEqual(connects, [])
    assert.equal(seen, 0)
  })

  it('is seen by the listener where the same form is allowed: it would see the others', async () => {
    const urls = [...SPELLINGS_V4.map(([, spell]) => `https://${spell([127, 0, 0, 1])}:${port()}/`), ...SHAPES.map(([, shape]) => shape(`127.0.0.1:${port()}`)), `https://[::1]:${port()}/`, `https://[::ffff:127.0.0.1]:${port()}/`]
    for (const url of urls) assert.equal(await codeOf(url, allowing(url)), 'unreachable', url)
    assert.equal(seen, urls.length)
    assert.equal(connects.length, urls.length)
  })

  it('refuses users, fragments, other schemes and ports, and what is no address', async () => {
    for (const [url, control] of OTHER_URLS) {
      assert.equal(await codeOf(url, { allowed: [] }), 'address', url)
      if (control !== undefined) assert.ok((await checkedTarget(control, { allowed: [] })).ok, control)
    }
    assert.deepEqual(connects, [])
  })

  it('refuses a name as soon as one of its addresses is blocked, whatever the name is', async () => {
    const names = ['city.example', 'localhost', 'localhost.', 'metadata.google.internal', 'metadata', 'instance-data.ec2.internal', '127.0.0.1.nip.io', 'xn--bcher-kva.example', 'BÜCHER.example', 'a.b.c.d.e.f', 'fe80--1.ipv6-literal.net']
    for (const [at, address] of [...V4, ...V6].entries()) {
      const url = `https://${names[at % names.length]}:${port()}/`
      for (const addresses of [[address], ['8.8.4.4', address], [address, '2606:4700::1111']]) {
        assert.equal(await codeOf(url, { ...strict(), resolve: async () => addresses }), 'address', `${url} ${addresses.join(' ')}`)
      }
      const open = await checkedTarget(url, { ...strict(), resolve: async () => ['8.8.4.4', '2606:4700::1111'] })
      assert.deepEqual(open.ok && open.value.addresses, ['8.8.4.4', '2606:4700::1111'])
    }
    assert.equal(await codeOf(`https://city.example:${port()}/`, { ...strict(), resolve: async () => ['8.8.4.4', 'fe80::1%eth0'] }), 'address')
    assert.equal(await codeOf(`https://city.example:${port()}/`, { ...strict(), resolve: async () => ['no address'] }), 'address')
    assert.equal(await codeOf(`https://city.example:${port()}/`, { ...strict(), resolve: async () => [] }), 'unreachable')
    assert.deepEqual(connects, [])
    assert.equal(seen, 0)
  })

  it('takes those that are public for public', () => {
    for (const address of PUBLIC) assert.equal(isPublicAddress(address), true, address)
  })

  describe('with a name server that changes its mind', () => {
    let names: NameServer
    let resolve: NonNullable<Safety['resolve']>
    before(async () => {
      names = await openNameServer()
      const resolver = new Resolver({ timeout: 1_000, tries: 1 })
      resolver.setServers([`127.0.0.1:${names.port}`])
      resolve = async host => (await Promise.all([resolver.resolve4(host), resolver.resolve6(host)].map(each => each.catch(() => [])))).flat()
    })
    after(() => names.close())

    it('connects to the public address that it checked, and never to what is said after', async () => {
      names.say('A', ['8.8.4.4'], ['127.0.0.1'])
      assert.equal(await codeOf(`https://rebind.example:${port()}/`, { ...strict(), resolve }), 'unreachable')
      assert.deepEqual(connects, ['8.8.4.4'])
      assert.equal(names.asked('A'), 1)
      // What it says the second time is heard by the second request alone, and refused.
      assert.equal(await codeOf(`https://rebind.example:${port()}/`, { ...strict(), resolve }), 'address')
      assert.deepEqual(connects, ['8.8.4.4'])
      assert.equal(seen, 0)
    })

    it('refuses public and private at once, in either family and by another name', async () => {
      names.say('A', ['8.8.4.4', '127.0.0.1'])
      assert.equal(await codeOf(`https://rebind.example:${port()}/`, { ...strict(), resolve }), 'address')
      names.say('A', ['8.8.4.4'])
      names.say('AAAA', ['::1'])
      assert.equal(await codeOf(`https://rebind.example:${port()}/`, { ...strict(), resolve }), 'address')
      names.say('AAAA', [])
      names.alias('inside.example', ['169.254.169.254'])
      assert.equal(await codeOf(`https://rebind.example:${port()}/`, { ...strict(), resolve }), 'address')
      assert.deepEqual(connects, [])
    })

    it('connects where the name is allowed to lead, once checked', async () => {
      names.say('A', ['127.0.0.1'], ['8.8.4.4'])
      const safety: Safety = { ...strict(), allowed: [`rebind.example:${port()}`], resolve }
      assert.equal(await codeOf(`https://rebind.example:${port()}/`, safety), 'unreachable')
      assert.deepEqual(connects, ['127.0.0.1'])
      assert.equal(seen, 1)
    })
  })
})
