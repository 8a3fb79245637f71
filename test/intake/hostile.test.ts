import { strict as assert } from 'node:assert'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createSafeFetch } from '../../src/host/web/index.ts'
import type { ConnectorFactory } from '../../src/intake/connector/index.ts'
import { splitBytes } from '../../src/intake/file/index.ts'
import { createFolderConnector } from '../../src/intake/folder/index.ts'
import { createPullConnector } from '../../src/intake/pull/index.ts'
import { openBench, type Bench, type Run } from './bench.fixture.ts'
import { HOSTILE, isForCsv } from './hostile.fixture.ts'

const GOOD = 'id,n\ngood,1\n'
const GIGABYTE = 1 << 30
/** What reading a hostile file may add to the memory of the process. */
const GROWTH_BYTES_MAX = 250e6

describe('hostile files', function () {
  this.timeout(180_000)
  let bench: Bench
  let server: Server
  let served = { path: '', sent: 0, endless: false }
  before(async () => {
    server = createServer((_, response) => {
      response.on('error', () => {}).setMaxListeners(0)
      void send(served.path, served.endless).catch(() => {})
      async function send (path: string, endless: boolean): Promise<void> {
        if (endless) {
          response.writeHead(200, { 'content-type': 'text/csv' })
          const chunk = Buffer.alloc(1 << 20, 'y')
          response.write('id,n\n')
          while (!response.destroyed) {
            served.sent += chunk.length
            if (!response.write(chunk)) await new Promise(resolve => { response.once('drain', resolve); response.once('close', resolve) })
          }
          return
        }
        await using file = await open(path)
        for await (const chunk of file.createReadStream()) {
          if (response.destroyed) return
          served.sent += (chunk as Buffer).length
          if (!response.write(chunk)) await new Promise(resolve => { response.once('drain', resolve); response.once('close', resolve) })
        }
        response.end()
      }
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  let run: Run | undefined
  beforeEach(async () => {
    bench = await openBench()
    await mkdir(join(bench.folder, 'drop'))
  })
  afterEach(async () => {
    await run?.stop()
    run = undefined
    await bench.remove()
    assert.equal(existsSync('/tmp/hanse-escaped.csv'), false)
    assert.equal('isAdmin' in {}, false)
  })

  const grown = async (work: () => Promise<void>): Promise<void> => {
    const before = process.memoryUsage.rss()
    let peak = before
    const looking = setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()) }, 20)
    try {
      await work()
    } finally {
      clearInterval(looking)
    }
    assert.ok(peak - before < GROWTH_BYTES_MAX, `${Math.round((peak - before) / 1e6)} MB more than before`)
  }

  for (const hostile of HOSTILE) {
    const { name, fileName, write, refusal } = hostile
    const format = isForCsv(hostile) ? 'csv' : 'auto'

    it(`in a watched folder: ${name}`, async () => {
      const drop = join(bench.folder, 'drop')
      const made = join(bench.folder, fileName)
      await write(made)
      const { size } = await stat(made)
      run = await bench.begin({ kind: 'folder', path: drop, format }, createFolderConnector({ spool: bench.spool }) as ConnectorFactory)
      await good(drop)
      await rename(made, join(drop, fileName))
      await grown(async () => { for (let look = 0; look < 2; look++) await run?.look() })
      if (refusal === undefined) {
        assert.equal((await bench.contentOf('bins'))?.length, size)
        assert.ok(existsSync(join(drop, 'done', fileName)))
        return
      }
      assert.match(await readFile(join(drop, 'failed', `${fileName}.reason.txt`), 'utf8'), refusal)
      assert.equal(await bench.contentOf('bins'), GOOD)
    })

    // That one is streamed without end below.
    if (fileName !== 'line.csv') it(`pulled from an address: ${name}`, async () => {
      const made = join(bench.folder, fileName)
      await write(made)
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const factory = createPullConnector({ spool: bench.spool, secretOf: () => new Uint8Array(32), readerOf: () => assert.fail('no feed') })
      run = await bench.begin({ kind: 'url', url: `${base}/${fileName}`, format }, factory as ConnectorFactory, createSafeFetch({ allowed: [new URL(base).host] }))
      const goodPath = join(bench.folder, 'good.csv')
      await good(bench.folder)
      served = { path: goodPath, sent: 0, endless: false }
      await run.look()
      assert.equal(await bench.contentOf('bins'), GOOD)
      served = { path: made, sent: 0, endless: false }
      await grown(async () => { await run?.look() })
      if (refusal === undefined) {
        assert.equal((await bench.contentOf('bins'))?.length, (await stat(made)).size)
        return
      }
      assert.equal(bench.errors.length, 1)
      assert.match(bench.errors[0] ?? '', refusal)
      assert.equal(await bench.contentOf('bins'), GOOD)
    })
  }

  it('pulled from an address: a line that never ends', async () => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const factory = createPullConnector({ spool: bench.spool, secretOf: () => new Uint8Array(32), readerOf: () => assert.fail('no feed') })
    run = await bench.begin({ kind: 'url', url: `${base}/endless.csv` }, factory as ConnectorFactory, createSafeFetch({ allowed: [new URL(base).host] }))
    served = { path: '', sent: 0, endless: true }
    await grown(async () => { await run?.look() })
    assert.match(bench.errors[0] ?? '', /more than 268435456 bytes/)
    assert.ok(served.sent < 300e6, String(served.sent))
    assert.equal(await bench.contentOf('bins'), undefined)
  })

  it('split from a stream: a line of four gigabytes, which is read no further than a row may be', async () => {
    let read = 0
    const line = function * (): Generator<Uint8Array> {
      yield new TextEncoder().encode('id,n\n')
      const chunk = new Uint8Array(1 << 18).fill(0x79)
      for (; read < 4 * GIGABYTE; read += chunk.length) yield chunk
    }
    const dialect = { delimiter: ',', lineEnd: '\n', header: true, encoding: 'utf-8' } as const
    for (const kind of [{ type: 'csv', mediaType: 'text/csv', dialect }, { type: 'ndjson', mediaType: 'application/x-ndjson' }, { type: 'geojson', mediaType: 'application/geo+json', featuresAt: 4 }] as const) {
      read = 0
      await assert.rejects(Array.fromAsync(splitBytes(line(), kind)), /larger than 262144 bytes/)
      assert.ok(read < 1 << 20, String(read))
    }
  })
})

async function good (folder: string): Promise<void> {
  await using file = await open(join(folder, 'good.csv'), 'w')
  await file.writeFile(GOOD)
  await file.utimes(1_000, 1_000)
}
