import { strict as assert } from 'node:assert'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isPublicAddress, safeRequest, type SafeRequest } from '../../src/api/dsp/index.ts'

const HERE: Omit<SafeRequest, 'url'> = { method: 'GET', headers: {}, body: null, timeoutMs: 2_000, answerBytesMax: 1_000 }

const V4 = [
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.0.0.2', '127.255.255.254', '169.254.0.1',
  '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.0.8', '192.0.2.1', '192.88.99.1', '192.168.0.1', '192.168.255.255', '198.18.0.1',
  '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'
]
/** Loopback as programs have been led to it. */
const SPELLED = [
  '0x7f.0.0.1', '0x7f000001', '2130706433', '0177.0.0.1', '017700000001', '127.1', '127.0.1', '0', '0x0', '127.0.0.1.', '①②⑦.⓪.⓪.①', '%31%32%37.0.0.1',
  '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.254.43518', '0x0a000001', '167772161', '10.1', '192.168.257', '3232235521', '0300.0250.0.1'
]
const V6 = [
  '::', '::1', '::2', '::7f00:1', '::127.0.0.1', '::10.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '::ffff:192.168.0.1',
  '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1', '2001::1', '2001:0:7f00:1::', '2001:10::1', '2001:20::1',
  '2001:db8::1', '2002:7f00:1::', '2002:a00:1::', '2002:a9fe:a9fe::1', '3fff::1', '5f00::1', 'fc00::1', 'fd00::1', 'fdff:ffff::1', 'fe80::1', 'fe80::ffff:1', 'febf::1',
  'fec0::1', 'ff00::1', 'ff02::1', 'ff05::2', 'ffff::1', '0:0:0:0:0:0:0:1', '0000:0000:0000:0000:0000:0000:0000:0001', '0:0:0:0:0:ffff:7f00:1'
]
const PUBLIC = ['1.1.1.1', '8.8.8.8', '9.255.255.255', '100.63.255.255', '100.128.0.0', '126.255.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255', '223.255.255.255', '2606:4700::1111', '2a00:1450::1']

describe('requests to addresses that others name', () => {
  let server: Server
  let connections = 0
  const port = (): number => (server.address() as AddressInfo).port
  before(async () => {
    server = createServer((message, response) => {
      if (message.url === '/moved') response.writeHead(302, { location: `http://127.0.0.1:${port()}/` }).end()
      else if (message.url === '/long') response.end('x'.repeat(5_000))
      else response.end('inside')
    })
    server.on('connection', () => { connections++ })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  })
  after(() => { server.close() })
  beforeEach(() => { connections = 0 })

  const codeOf = async (url: string, resolve?: (host: string) => Promise<readonly string[]>): Promise<string> => {
    const answer = await safeRequest({ ...HERE, url }, { allowed: [], ...resolve === undefined ? {} : { resolve } })
    return answer.ok ? 'answered' : answer.failure.code
  }

  it('refuse every private address in every spelling, and connect to none', async () => {
    const hosts = [...V4, ...SPELLED, ...V6.map(address => `[${address}]`)]
    for (const host of hosts) assert.equal(await codeOf(`https://${host}/`), 'address', host)
    for (const address of [...V4, ...V6]) assert.equal(await codeOf('https://city.example/', async () => [address]), 'address', address)
    assert.ok(hosts.length + V4.length + V6.length >= 120)
    assert.equal(connections, 0)
  })

  it('take those that are public for public', () => {
    for (const address of PUBLIC) assert.equal(isPublicAddress(address), true, address)
  })

  it('refuse a name as soon as one of its addresses is private, and ask for them once', async () => {
    let asked = 0
    assert.equal(await codeOf('https://city.example/', async () => ['1.1.1.1', '127.0.0.1']), 'address')
    // A server of names that says something else each time: what it says second is never heard.
    const rebinding = async (): Promise<readonly string[]> => asked++ === 0 ? ['203.0.113.1'] : ['127.0.0.1']
    assert.equal(await codeOf('https://city.example/', rebinding), 'address')
    assert.equal(asked, 1)
    assert.equal(connections, 0)
  })

  it('connect to the address that was checked, whatever the name says by then', async () => {
    const answer = await safeRequest({ ...HERE, url: `http://city.example:${port()}/` }, { allowed: [`city.example:${port()}`], resolve: async () => ['127.0.0.1'] })
    assert.equal(answer.ok && new TextDecoder().decode(answer.value.body), 'inside')
    assert.equal(connections, 1)
  })

  it('refuse other schemes, ports, users and fragments', async () => {
    const urls = ['http://1.1.1.1/', 'ftp://1.1.1.1/', 'file:///etc/passwd', 'gopher://1.1.1.1/', 'https://1.1.1.1:22/', 'https://1.1.1.1:6379/', 'https://user@1.1.1.1/', 'https://a:b@1.1.1.1/', 'https://1.1.1.1/#x', 'nonsense', '']
    for (const url of urls) assert.equal(await codeOf(url), 'address', url)
  })

  it('follow nobody elsewhere, and take no more than they were told to', async () => {
    const safety = { allowed: [`127.0.0.1:${port()}`] }
    const moved = await safeRequest({ ...HERE, url: `http://127.0.0.1:${port()}/moved` }, safety)
    assert.equal(moved.ok && moved.value.status, 302)
    assert.equal(connections, 1)
    const long = await safeRequest({ ...HERE, url: `http://127.0.0.1:${port()}/long` }, safety)
    assert.equal(long.ok ? '' : long.failure.code, 'too-large')
    assert.equal(long.ok ? '' : /xxx|inside/.test(long.failure.reason), false)
  })
})
