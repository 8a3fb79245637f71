import { strict as assert } from 'node:assert'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ok, utf8 } from '../../src/base/index.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import type { ConnectorFactory } from '../../src/intake/connector/index.ts'
import { createPullConnector } from '../../src/intake/pull/index.ts'
import { Gathering, parseJson, type Output, type Reader, type Reading } from '../../src/intake/reader/index.ts'
import { BEGIN_MS, openBench, type Bench, type Run } from './bench.fixture.ts'

const STREAM = { mode: 'stream', format: 'csv', mapping: { key: ['id'], time: 'at' } }
const SECONDS = 1_000

type Thing = { readonly id: string, readonly at: number, readonly n: number }

/** A reader of documents that are made for these tests: what the others have in common. */
function readerOf (ttlMs: number | null = null): Reader {
  return {
    kind: 'gbfs', accept: 'application/json',
    begin: ({ nowMs }) => {
      const outputs: Output[] = []
      const found: Reading['found'][number][] = []
      const rejected: Reading['rejected'][number][] = []
      return {
        async take (document) {
          const bytes = await document.bytes(100_000)
          if (!bytes.ok) return bytes
          const parsed = parseJson(bytes.value)
          if (!parsed.ok) return parsed
          const { things = [], next = [], files = [] } = parsed.value as { readonly things?: readonly Thing[], readonly next?: readonly { name: string, url: string, optional: boolean }[], readonly files?: readonly string[] }
          const gathering = new Gathering(nowMs)
          for (const { id, at, ...rest } of things) gathering.put(id, at, rest)
          outputs.push({
            suffix: document.name === '' ? null : document.name, title: 'Things', columns: [], model: null, spatial: null, licence: null, personal: null, simulated: false,
            form: 'records', complete: true, records: gathering.records
          })
          for (const url of files) found.push({ suffix: `File ${url.slice(-1)}`, url, kind: 'csv', title: 'A file', description: '', keywords: [], licence: '', spatial: null })
          if (things.length === 0 && next.length === 0 && files.length === 0) rejected.push({ reason: 'nothing in it', bytes: utf8('x') })
          return ok(next)
        },
        finish: async () => ok({ outputs, found, ttlMs, updatedMs: null, warnings: [{ code: 'odd', sentence: 'It is odd.' }], rejected }),
        close () {}
      }
    }
  }
}

/** The same, with a dataset for each file that is found. */
function uniqueFiles (reader: Reader): Reader {
  return {
    ...reader,
    begin: context => {
      const session = reader.begin(context)
      return {
        ...session,
        async finish () {
          const reading = await session.finish()
          return reading.ok ? ok({ ...reading.value, found: reading.value.found.map((file, at) => ({ ...file, suffix: `file ${at}` })) }) : reading
        }
      }
    }
  }
}

describe('pulls from an address', () => {
  let bench: Bench
  let server: Server
  let run: Run | undefined
  let answer: (message: IncomingMessage, response: ServerResponse) => void = () => {}
  let asked: IncomingMessage[] = []
  const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  before(async () => {
    server = createServer((message, response) => {
      asked.push(message)
      answer(message, response)
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  })
  after(() => { server.close() })
  beforeEach(async () => {
    bench = await openBench()
    asked = []
  })
  afterEach(async () => {
    await run?.stop()
    run = undefined
    await bench.remove()
  })

  /** Begins it and lets it look a first time. */
  const begin = async (declaration: object = {}, reader: Reader = readerOf()): Promise<Run> => {
    const factory = createPullConnector({ spool: bench.spool, secretOf: () => new Uint8Array(32), readerOf: () => reader })
    run = await bench.begin({ kind: 'url', url: `${base()}/bins.csv`, interval_s: 60, ...declaration }, factory as ConnectorFactory, createSafeFetch({ allowed: [new URL(base()).host] }))
    await run.look()
    return run
  }
  const serve = (content: string | Uint8Array, headers: Record<string, string> = {}): void => {
    answer = (message, response) => {
      const etag = headers['etag']
      if (etag !== undefined && message.headers['if-none-match'] === etag) response.writeHead(304, headers).end()
      else response.writeHead(200, headers).end(content)
    }
  }
  const looks = async (count: number): Promise<void> => { for (let at = 0; at < count; at++) await run?.look() }
  const waitsMs = async (): Promise<number> => await bench.clock.sleepsUntilMs() - bench.clock.now
  const held = (id: string): readonly string[] => (bench.node.held.get(id)?.records ?? []).map(({ key, operation, body }) => `${operation} ${Buffer.from(key).toString()} ${Buffer.from(body).toString()}`)

  it('publishes what is there, and anew only when its bytes are others', async () => {
    serve('id,n\na,1\n')
    await begin()
    assert.equal(await bench.contentOf('bins'), 'id,n\na,1\n')
    const first = bench.node.held.get('bins')
    await looks(2)
    assert.equal(bench.node.held.get('bins'), first)
    serve('id,n\na,2\n')
    await looks(1)
    assert.equal(await bench.contentOf('bins'), 'id,n\na,2\n')
    assert.equal(bench.stored(), 2)
    assert.equal(bench.node.held.get('bins')?.fileName, 'bins.csv')
  })

  it('asks with conditions, also after a restart, and without those of another address', async () => {
    serve('id,n\na,1\n', { 'etag': '"1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' })
    await begin()
    await looks(1)
    assert.deepEqual(asked.map(({ headers }) => [headers['if-none-match'], headers['if-modified-since']]), [[undefined, undefined], ['"1"', 'Thu, 01 Jan 2026 00:00:00 GMT']])
    await run?.stop()
    // Not before it is due: a node that starts again and again asks no more often.
    await begin()
    assert.equal(asked[2]?.headers['if-none-match'], '"1"')
    assert.ok(bench.clock.now >= BEGIN_MS + 120 * SECONDS)
    await run?.stop()
    await begin({ url: `${base()}/other.csv` })
    assert.equal(asked[3]?.headers['if-none-match'], undefined)
    assert.equal(bench.stored(), 1)
  })

  it('remembers no condition of what it could not store', async () => {
    serve('id,n\na,1\n', { etag: '"1"' })
    bench.refusal = { code: 'not-ready', reason: 'the node is stopping', hint: 'start it again' }
    await begin()
    assert.match(bench.errors[0] ?? '', /stopping/)
    bench.refusal = null
    await looks(1)
    assert.equal(asked[1]?.headers['if-none-match'], undefined)
    assert.equal(await bench.contentOf('bins'), 'id,n\na,1\n')
  })

  it('waits for the interval and a little more, or for as long as the source says', async () => {
    serve('id,n\na,1\n')
    await begin()
    assert.equal(await waitsMs(), 63 * SECONDS)
    serve('id,n\na,1\n', { 'cache-control': 'public, max-age=600' })
    await looks(1)
    assert.equal(await waitsMs(), 630 * SECONDS)
    await run?.stop()
    await assert.rejects(begin({ interval_s: 29 }), /interval_s/)
  })

  it('waits longer after each failure, up to an hour, and keeps the good copy', async () => {
    serve('id,n\na,1\n')
    await begin()
    answer = (_, response) => { response.writeHead(500).end('id,n\na,9\n') }
    const waits: number[] = []
    for (let at = 0; at < 9; at++) {
      await looks(1)
      waits.push(await waitsMs())
    }
    assert.deepEqual(waits.toSorted((a, b) => a - b), waits)
    assert.ok((waits[0] ?? 0) >= 60 * SECONDS && (waits[8] ?? 0) <= 3_600 * SECONDS && (waits[8] ?? 0) >= 1_800 * SECONDS, String(waits))
    assert.match(bench.errors[0] ?? '', /answers with 500/)
    answer = (_, response) => { response.writeHead(429, { 'retry-after': '3000' }).end() }
    await looks(1)
    assert.ok(await waitsMs() >= 3_000 * SECONDS)
    assert.equal(await bench.contentOf('bins'), 'id,n\na,1\n')
    serve('id,n\na,2\n')
    await looks(1)
    assert.equal(await waitsMs(), 63 * SECONDS)
    assert.equal(await bench.contentOf('bins'), 'id,n\na,2\n')
  })

  it('stores nothing of what breaks off, is packed badly, or is not what it should be', async () => {
    serve('id,n\na,1\n')
    await begin({ format: 'csv' })
    const broken: readonly ((response: ServerResponse) => void)[] = [
      response => { response.writeHead(200, { 'content-length': '10000' }).write('id,n\na,2\n'); setImmediate(() => response.destroy()) },
      response => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('id,n\na,2\n'.repeat(5_000)).subarray(0, 60)) },
      response => { response.end(gzipSync('id,n\na,2\n'.repeat(5_000)).subarray(0, 60)) },
      response => { response.end('<html>Sign in</html>') },
      response => { response.end('id,n\na,2\nb,"3\n') },
      response => { response.end(Buffer.from('\uFEFFid,n\na,2\n', 'utf16le')) },
      response => { response.end('') },
      response => { response.writeHead(204).end() },
      response => { response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end() },
      response => { response.writeHead(302, { location: `${base().replace('127.0.0.1', '127.0.0.2')}/` }).end() }
    ]
    for (const [at, each] of broken.entries()) {
      answer = (_, response) => { each(response) }
      await looks(1)
      assert.equal(bench.errors.length, at + 1)
      assert.ok((bench.errors[at] ?? '').length > 20 && !/Sign in/.test(bench.errors[at] ?? ''), bench.errors[at])
      assert.equal(await bench.contentOf('bins'), 'id,n\na,1\n', String(at))
    }
  })

  it('follows a redirect that leads where it may, and sends headers of a file', async () => {
    await writeFile(join(bench.folder, 'headers'), '# a key\nX-Api-Key: secret\n')
    answer = (message, response) => {
      if (message.url === '/bins.csv') response.writeHead(302, { location: '/v2/rows?x=1' }).end()
      else response.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' }).end('id,n\na,1\n')
    }
    await begin({ headers_file: join(bench.folder, 'headers') })
    assert.deepEqual(asked.map(({ headers }) => headers['x-api-key']), ['secret', 'secret'])
    assert.equal(bench.node.held.get('bins')?.fileName, 'rows.csv')
    await run?.stop()
    await writeFile(join(bench.folder, 'headers'), 'a secret without a name')
    await assert.rejects(begin({ headers_file: join(bench.folder, 'headers') }), (error: Error) => /line 1 of headers_file/.test(error.message) && !error.message.includes('secret'))
    run = undefined
  })

  it('appends what a source shows anew, by key and time, each once', async () => {
    const rows = (from: number, to: number): string => `id,at,fill\n${Array.from({ length: to - from }, (_, at) => `b${(from + at) % 7},${new Date(BEGIN_MS + (from + at) * 1_000).toISOString()},${from + at}\n`).join('')}`
    serve(rows(0, 100))
    await begin(STREAM)
    assert.equal(held('bins').length, 100)
    serve(rows(50, 150))
    await looks(1)
    assert.equal(held('bins').length, 150)
    await run?.stop()
    serve(rows(80, 160))
    await begin(STREAM)
    assert.equal(held('bins').length, 160)
    assert.equal(new Set(held('bins')).size, 160)
  })

  it('keeps the newest state of a feed: what changed, and what is gone', async () => {
    const things = (...list: readonly Thing[]): void => { serve(JSON.stringify({ things: list })) }
    things({ id: 'a', at: BEGIN_MS, n: 1 }, { id: 'b', at: BEGIN_MS, n: 1 })
    await begin({ format: 'gbfs' })
    assert.deepEqual(held('bins'), ['put a {"n":1}', 'put b {"n":1}'])
    things({ id: 'b', at: BEGIN_MS, n: 1 }, { id: 'a', at: BEGIN_MS + 1, n: 2 })
    await looks(2)
    assert.deepEqual(held('bins').slice(2), ['put a {"n":2}'])
    await run?.stop()
    // What is known is what is in the stream: a restart changes nothing.
    things({ id: 'a', at: BEGIN_MS + 1, n: 2 })
    await begin({ format: 'gbfs' })
    assert.deepEqual(held('bins').slice(3), ['delete b '])
    // The same state as before: it comes back.
    things({ id: 'a', at: BEGIN_MS + 1, n: 2 }, { id: 'b', at: BEGIN_MS, n: 1 })
    await looks(1)
    assert.deepEqual(held('bins').slice(4), ['put b {"n":1}'])
    assert.equal(bench.notes.get('odd'), 'It is odd.')
  })

  it('reads all documents that a feed leads to, and goes on without those that are optional', async () => {
    answer = (message, response) => {
      const next = [{ name: 'Second', url: `${base()}/second`, optional: false }, { name: 'third', url: `${base()}/third`, optional: true }]
      if (message.url === '/bins.csv') response.end(JSON.stringify({ next }))
      else if (message.url === '/second') response.end(JSON.stringify({ things: [{ id: 'x', at: BEGIN_MS, n: 1 }] }))
      else response.writeHead(404).end()
    }
    await begin({ format: 'gbfs' }, readerOf(900_000))
    assert.deepEqual(held('bins-second'), ['put x {"n":1}'])
    assert.equal(bench.node.held.has('bins'), false, 'nothing is opened for what holds nothing')
    assert.match(bench.errors[0] ?? '', /third.*404/)
    assert.equal(await waitsMs(), 945 * SECONDS)
    answer = (message, response) => { response.writeHead(message.url === '/bins.csv' ? 200 : 500).end(JSON.stringify({ next: [{ name: 'second', url: `${base()}/second`, optional: false }] })) }
    await looks(1)
    assert.deepEqual(held('bins-second'), ['put x {"n":1}'])
  })

  it('pulls each source that a catalogue names into a dataset of its own', async () => {
    answer = (message, response) => {
      if (message.url === '/bins.csv') response.end(JSON.stringify({ files: [`${base()}/1`, `${base()}/2`, 'https://127.0.0.1/3'] }))
      else if (message.headers['if-none-match'] === message.url) response.writeHead(304).end()
      else response.writeHead(200, { etag: message.url ?? '' }).end(`id,n\n${message.url},1\n`)
    }
    await begin({ format: 'ckan' })
    assert.deepEqual([await bench.contentOf('bins-file-1'), await bench.contentOf('bins-file-2'), await bench.contentOf('bins-file-3')], ['id,n\n/1,1\n', 'id,n\n/2,1\n', undefined])
    assert.match(bench.errors[0] ?? '', /A file: .*https|A file: /)
    await looks(1)
    assert.equal(bench.stored(), 2)
  })

  it('looks at the sources of a catalogue again also where the catalogue is what it was, and forgets those that it names no more', async () => {
    let isUp = false
    let named = ['1', '2']
    let served = '1'
    answer = (message, response) => {
      const etag = JSON.stringify(named)
      if (message.url === '/bins.csv' && message.headers['if-none-match'] === etag) response.writeHead(304).end()
      else if (message.url === '/bins.csv') response.writeHead(200, { etag }).end(JSON.stringify({ files: named.map(name => `${base()}/${name}`) }))
      else if (message.url === '/2' && !isUp) response.writeHead(503).end()
      else response.end(`id,n\n${message.url},${served}\n`)
    }
    await begin({ format: 'ckan' })
    assert.deepEqual([await bench.contentOf('bins-file-1'), await bench.contentOf('bins-file-2')], ['id,n\n/1,1\n', undefined])
    isUp = true
    served = '2'
    await looks(1)
    assert.deepEqual([await bench.contentOf('bins-file-1'), await bench.contentOf('bins-file-2')], ['id,n\n/1,2\n', 'id,n\n/2,2\n'])
    named = ['2']
    await looks(1)
    const state = JSON.parse(await readFile(join(bench.folder, 'state', 'test.json'), 'utf8')) as { readonly sources: object }
    assert.deepEqual(Object.keys(state.sources), ['', 'found/bins-file-2'])
  })

  it('goes on where a catalogue names more than a state can hold', async () => {
    const longUrl = (at: number): string => `${base()}/${'x'.repeat(200)}?${at}`
    answer = (message, response) => {
      if (message.url === '/bins.csv') response.end(JSON.stringify({ files: [...Array(200).keys()].map(longUrl) }))
      else response.writeHead(200, { 'etag': `"${'e'.repeat(4_000)}"`, 'last-modified': 'x'.repeat(3_000) }).end('id,n\na,1\n')
    }
    await begin({ format: 'ckan' }, uniqueFiles(readerOf()))
    await looks(1)
    assert.deepEqual(bench.errors, [])
  })

  it('begins anew where the declaration names another dataset, or reads its source otherwise', async () => {
    serve('id,at,n\na,2026-01-01T00:00:00Z,1\n', { etag: '"1"' })
    await begin()
    await run?.stop()
    await begin({ dataset: { id: 'others', title: 'Others' } })
    await looks(1)
    assert.equal(await bench.contentOf('others'), 'id,at,n\na,2026-01-01T00:00:00Z,1\n')
    await run?.stop()
    await begin({ dataset: { id: 'rows', title: 'Rows' }, ...STREAM })
    await looks(1)
    assert.equal(held('rows').length, 1)
  })

  it('tells the web client who named an address, so that a stranger\'s catalogue leads into no network of the operator', async () => {
    const named: (string | undefined)[] = []
    const web = createSafeFetch({ allowed: [new URL(base()).host] })
    answer = (message, response) => { response.end(message.url === '/bins.csv' ? JSON.stringify({ next: [{ name: 'second', url: `${base()}/second`, optional: false }], files: [`${base()}/1`] }) : message.url === '/1' ? 'id\na\n' : '{}') }
    const factory = createPullConnector({ spool: bench.spool, secretOf: () => new Uint8Array(32), readerOf: () => readerOf() })
    run = await bench.begin({ kind: 'url', url: `${base()}/bins.csv`, format: 'ckan' }, factory as ConnectorFactory, request => {
      named.push(request.namedBy)
      return web(request)
    })
    await run.look()
    assert.deepEqual(named.slice(0, 3), Array.from({ length: 3 }, () => `${base()}/bins.csv`))
  })
})
