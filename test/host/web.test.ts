import { strict as assert } from 'node:assert'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { createSafeFetch, WebBroken, type SafeAnswer, type SafeRequest, type Safety } from '../../src/host/web/index.ts'

const GET: Omit<SafeRequest, 'url'> = { method: 'GET', headers: {}, body: null }
const SECRET = 'inside-only'
const MEGABYTE = 1 << 20

async function listening (answer: (message: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer)
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return server
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

describe('the web client', () => {
  /** What the operator allowed, and what nobody did. */
  let [server, other, inside]: readonly Server[] = []
  let answer: (message: IncomingMessage, response: ServerResponse) => void = () => {}
  let otherAsked: IncomingHttpHeaders[] = []
  let insideAsked = 0
  const base = (): string => `http://127.0.0.1:${portOf(server as Server)}`
  const safety = (): Safety => ({
    allowed: [`127.0.0.1:${portOf(server as Server)}`, `other.example:${portOf(other as Server)}`], resolve: async () => ['127.0.0.1'], ports: [portOf(inside as Server)]
  })
  const ask = (path: string, request: Partial<SafeRequest> = {}): ReturnType<ReturnType<typeof createSafeFetch>> => createSafeFetch(safety())({ ...GET, url: base() + path, ...request })
  const textOf = async (path: string, request: Partial<SafeRequest> = {}): Promise<string> => {
    const got = await ask(path, request)
    if (!got.ok) return got.failure.code
    const whole = await got.value.whole()
    return whole.ok ? new TextDecoder().decode(whole.value) : whole.failure.code
  }

  before(async () => {
    server = await listening((message, response) => { answer(message, response) })
    other = await listening((message, response) => {
      otherAsked.push(message.headers)
      response.end('other')
    })
    inside = await listening((_, response) => {
      insideAsked++
      response.end(SECRET)
    })
  })
  after(() => { for (const each of [server, other, inside]) each?.close() })
  beforeEach(() => {
    otherAsked = []
    insideAsked = 0
  })

  it('streams what comes, with its head', async () => {
    answer = (message, response) => {
      assert.equal(message.headers['accept-encoding'], 'gzip, deflate, br')
      response.writeHead(200, { 'etag': '"1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', 'X-Two': ['a', 'b'] })
      response.write('first ')
      setImmediate(() => response.end('second'))
    }
    const got = await ask('/')
    assert.ok(got.ok)
    const { status, url, headers } = got.value
    assert.deepEqual([status, url, headers['etag'], headers['last-modified'], headers['x-two']], [200, `${base()}/`, '"1"', 'Thu, 01 Jan 2026 00:00:00 GMT', 'a, b'])
    const chunks: string[] = []
    for await (const chunk of got.value.bytes) chunks.push(new TextDecoder().decode(chunk))
    assert.equal(chunks.join(''), 'first second')
  })

  it('asks with conditions, and takes for an answer that nothing changed', async () => {
    answer = (message, response) => { response.writeHead(message.headers['if-none-match'] === '"1"' ? 304 : 200, { etag: '"1"' }).end() }
    const got = await ask('/', { headers: { 'if-none-match': '"1"' } })
    assert.ok(got.ok)
    assert.equal(got.value.status, 304)
    got.value.cancel()
  })

  it('sends a body, and does not follow where it is sent on with one', async () => {
    answer = (message, response) => {
      let text = ''
      message.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => { response.writeHead(307, { location: '/again' }).end(`${message.method} ${text}`) })
    }
    const got = await ask('/', { method: 'POST', body: new TextEncoder().encode('hello'), redirectsMax: 3 })
    assert.ok(got.ok)
    assert.equal(got.value.status, 307)
    assert.deepEqual(await got.value.whole(), { ok: true, value: new TextEncoder().encode('POST hello') })
  })

  it('unpacks gzip, deflate in both forms and brotli', async () => {
    const packed = { 'gzip': gzipSync, 'x-gzip': gzipSync, 'deflate': deflateSync, 'Deflate': deflateRawSync, 'br': brotliCompressSync, 'identity': (bytes: Buffer) => bytes }
    for (const [encoding, pack] of Object.entries(packed)) {
      answer = (_, response) => { response.writeHead(200, { 'content-encoding': encoding }).end(pack(Buffer.from('many bins'.repeat(500)))) }
      assert.equal(await textOf('/'), 'many bins'.repeat(500), encoding)
      answer = (_, response) => { response.writeHead(200, { 'content-encoding': encoding }).end() }
      assert.equal(await textOf('/'), '', encoding)
    }
  })

  it('refuses other packings, those in each other, and what is packed badly or cut short', async () => {
    const cases: readonly (readonly [encoding: string, body: Buffer, code: string])[] = [
      ['compress', Buffer.from('x'), 'encoding'], ['gzip, gzip', gzipSync(gzipSync('x')), 'encoding'], ['zstd', Buffer.from('x'), 'encoding'],
      ['gzip', Buffer.from(SECRET), 'broken'], ['br', Buffer.from(SECRET), 'broken'], ['deflate', Buffer.from(SECRET), 'broken'],
      ['gzip', gzipSync('a'.repeat(100_000)).subarray(0, 90), 'broken'], ['br', brotliCompressSync(Buffer.from('a'.repeat(100_000))).subarray(0, 8), 'broken'],
      ['deflate', deflateSync('a'.repeat(100_000)).subarray(0, 90), 'broken']
    ]
    for (const [encoding, body, code] of cases) {
      answer = (_, response) => { response.writeHead(200, { 'content-encoding': encoding }).end(body) }
      assert.equal(await textOf('/'), code, `${encoding} ${body.length}`)
    }
  })

  it('counts bytes after unpacking, and refuses what grows a hundredfold', async () => {
    answer = (_, response) => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(5_000))) }
    assert.equal(await textOf('/', { bytesMax: 4_999 }), 'too-large')
    assert.equal((await textOf('/', { bytesMax: 5_000 })).length, 5_000)
    for (const [encoding, pack] of [['gzip', gzipSync], ['br', brotliCompressSync]] as const) {
      const bomb = pack(Buffer.alloc(64 * MEGABYTE))
      answer = (_, response) => { response.writeHead(200, { 'content-encoding': encoding }).end(bomb) }
      const got = await ask('/')
      assert.ok(got.ok)
      let taken = 0
      await assert.rejects(async () => { for await (const chunk of (got.value as SafeAnswer).bytes) taken += chunk.length }, (error: unknown) => error instanceof WebBroken && error.code === 'too-large')
      assert.ok(taken <= Math.max(MEGABYTE, bomb.length * 100), `${encoding}: ${taken}`)
    }
  })

  it('takes an answer that breaks off for broken, not for whole', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('half', () => { response.destroy() })
    }
    assert.equal(await textOf('/'), 'broken')
    answer = (_, response) => {
      response.writeHead(200).write('half', () => { response.destroy() })
    }
    assert.equal(await textOf('/'), 'broken')
    answer = (message) => { message.destroy() }
    assert.equal(await textOf('/'), 'unreachable')
  })

  it('waits for the first byte so long, and for all so long', async () => {
    answer = () => {}
    assert.equal(await textOf('/', { firstByteTimeoutMs: 20 }), 'timeout')
    assert.equal(await textOf('/', { timeoutMs: 20 }), 'timeout')
    answer = (_, response) => { response.writeHead(200).write('x') }
    assert.equal(await textOf('/', { firstByteTimeoutMs: 2_000, timeoutMs: 60 }), 'timeout')
    const slow = await createSafeFetch({ allowed: [], resolve: () => new Promise(() => {}) })({ ...GET, url: 'https://city.example/', firstByteTimeoutMs: 20 })
    assert.equal(!slow.ok && slow.failure.code, 'timeout')
  })

  it('ends when its caller wants it to', async () => {
    const ending = new AbortController()
    answer = (_, response) => {
      response.writeHead(200).write('x')
      ending.abort()
    }
    assert.equal(await textOf('/', { signal: ending.signal }), 'cancelled')
    assert.equal(await textOf('/', { signal: ending.signal }), 'cancelled')
  })

  it('follows three redirects and no fourth, wherever they begin', async () => {
    answer = (message, response) => {
      const left = Number(message.url?.slice(1))
      if (left > 0) response.writeHead([301, 302, 303, 307, 308][left % 5] ?? 302, { location: `/${left - 1}#part` }).end()
      else response.end(`at ${message.url}`)
    }
    assert.equal(await textOf('/3', { redirectsMax: 3 }), 'at /0')
    assert.equal(await textOf('/4', { redirectsMax: 3 }), 'redirect')
    assert.equal(await textOf('/4', { redirectsMax: 9 }), 'redirect')
    assert.equal(await textOf('/2', { redirectsMax: 1 }), 'redirect')
    const none = await ask('/1')
    assert.equal(none.ok && none.value.status, 302)
  })

  it('tells another origin what is wanted, and nothing of who asks', async () => {
    answer = (_, response) => { response.writeHead(302, { location: `http://other.example:${portOf(other as Server)}/` }).end() }
    const headers = { 'Authorization': 'Bearer x', 'Cookie': 'a=b', 'X-Api-Key': 'x', 'Accept': 'text/csv', 'If-None-Match': '"1"' }
    assert.equal(await textOf('/', { redirectsMax: 1, headers }), 'other')
    const [asked] = otherAsked
    assert.deepEqual([asked?.['authorization'], asked?.['cookie'], asked?.['x-api-key'], asked?.['accept'], asked?.['if-none-match']], [undefined, undefined, undefined, 'text/csv', '"1"'])
  })

  it('checks every redirect as it checks an address', async () => {
    const port = portOf(inside as Server)
    const locations = [
      `https://127.0.0.1:${port}/`, `https://2130706433:${port}/`, `https://0x7f.1:${port}/`, `https://[::1]:${port}/`, `https://[::ffff:127.0.0.1]:${port}/`, `https://[64:ff9b::7f00:1]:${port}/`, `//127.1:${port}/`,
      `http://127.0.0.1:${port}/`, `https://inside.example:${port}/`, 'https://169.254.169.254/latest/meta-data/', 'file:///etc/passwd', 'ftp://other.example/', `https://user@other.example:${port}/`, 'gopher://127.0.0.1/', 'https://10.0.0.1/', 'https://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/'
    ]
    for (const location of locations) {
      for (const hops of [1, 2]) {
        answer = (message, response) => { response.writeHead(302, { location: message.url === '/' && hops === 2 ? '/next' : location }).end() }
        assert.equal(await textOf('/', { redirectsMax: 3 }), 'address', location)
      }
    }
    answer = (_, response) => { response.writeHead(302, { location: 'http://[' }).end() }
    assert.equal(await textOf('/', { redirectsMax: 3 }), 'redirect')
    assert.equal(insideAsked, 0)
  })

  it('counts of what is allowed only what a request may use', async () => {
    answer = (_, response) => { response.end(SECRET) }
    assert.equal(await textOf('/', { onlyAllowed: [] }), 'address')
    assert.equal(await textOf('/', { namedBy: 'https://catalogue.example/' }), 'address')
    assert.equal(await textOf('/', { namedBy: 'no address' }), 'address')
    assert.equal(await textOf('/', { namedBy: `http://other.example:${portOf(other as Server)}/catalogue` }), SECRET)
    assert.equal(await textOf('/', { onlyAllowed: ['127.0.0.1:1', new URL(base()).host] }), SECRET)
  })

  it('says nothing of an answer in a failure', async () => {
    const answers: readonly ((response: ServerResponse) => void)[] = [
      response => { response.end(SECRET.repeat(1_000)) },
      response => { response.writeHead(200, { 'content-encoding': SECRET }).end(SECRET) },
      response => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(SECRET) },
      response => { response.writeHead(302, { location: `${SECRET}://${SECRET}` }).end(SECRET) },
      response => { response.writeHead(302, { location: `https://127.0.0.1/${SECRET}` }).end(SECRET) },
      response => { response.socket?.end(`HTTP/1.1 ${SECRET}\r\n\r\n`) }
    ]
    for (const [at, each] of answers.entries()) {
      answer = (_, response) => { each(response) }
      const got = await ask('/', { redirectsMax: 3, bytesMax: 100 })
      const whole = got.ok ? await got.value.whole() : got
      assert.equal(whole.ok, false, String(at))
      assert.equal(JSON.stringify(whole).includes(SECRET), false, String(at))
    }
  })
})
