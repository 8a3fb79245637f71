import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { createReadStream, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ReadableStream } from 'node:stream/web'
import { createApi, createToken, knownToken, writeApiFile, type Api } from '../../src/api/index.ts'
import { hex, sha256Stream } from '../../src/base/index.ts'
import { documentOf, hanseHere, temporaryFolder, type Ran } from '../cli/support.ts'
import { found, makeCity, removeCities, type City } from '../support/nodes.ts'
import { HOSTILE } from './hostile.fixture.ts'

/** A record stream of one frame after what describes it. */
const START = (id: string): string => `${JSON.stringify({
  description: { datasetId: id, title: id, description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [], access: 'members', simulated: false },
  content: { form: 'table', mediaType: 'text/csv', fileName: 'a.csv' }
})}\n`
const GROWTH_BYTES_MAX = 300e6

describe('hostile files, published by a person or a program', function () {
  this.timeout(180_000)
  const folder = temporaryFolder()
  const data = join(folder.path, 'node')
  const token = createToken(new Uint8Array(32).fill(1))
  let city: City
  let api: Api
  const faults: string[] = []
  before(async () => {
    city = await makeCity('Bellevue', { lingerMs: 5 })
    await found([city])
    const created = await createApi({
      node: city.node, tokens: [knownToken(token, 'decide')], listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random: size => new Uint8Array(randomBytes(size)), requestStop: () => {},
      log: (level, message) => { if (level === 'error') faults.push(message) }
    })
    assert.ok(created.ok)
    api = created.value
    mkdirSync(data)
    await writeApiFile(data, { url: api.url, token })
  })
  after(async () => {
    await api.stop()
    await removeCities([city])
    folder.remove()
  })
  afterEach(() => { assert.deepEqual(faults, []) })

  const datasetOf = (id: string): ReturnType<City['node']['dataset']> => city.node.dataset(`${city.node.status().member.did}/${id}`)
  const publish = (path: string, id: string): Promise<Ran> => hanseHere(['publish', path, '--id', id, '--yes', '--licence', 'CC0-1.0', '--data', data])

  for (const [at, { name, fileName, write, warning, isTable }] of HOSTILE.entries()) {
    // As a file it is four gigabytes of nothing, which a person may want.
    if (fileName === 'line.csv') continue
    it(`hanse publish: ${name}`, async () => {
      const path = join(folder.path, fileName)
      const id = `hostile-${at}`
      await write(path)
      const before = process.memoryUsage.rss()
      const ran = await publish(path, id)
      assert.ok(process.memoryUsage.rss() - before < GROWTH_BYTES_MAX)
      if (warning !== undefined) assert.match(ran.error, warning)
      if (ran.code !== 0) {
        // Columns whose description no catalogue can hold: then there is no trace of it.
        assert.equal(datasetOf(id).ok, false, ran.error)
        assert.match(ran.error, /error: .{10}/)
        return
      }
      const dataset = datasetOf(id)
      assert.ok(dataset.ok)
      assert.equal(dataset.value.distribution.form, isTable === true ? 'table' : 'file')
      const content = await city.node.content(dataset.value.id, undefined)
      assert.ok(content.ok)
      const whole = sha256Stream()
      for await (const chunk of content.value.bytes) whole.update(chunk)
      assert.equal(hex(whole.digest()), await hashOf(path), 'byte for byte, whatever is in it')
      await rm(path)
      // Whoever reads its rows gets an answer, of whatever they are.
      const rows = await city.node.query(dataset.value.id, { limit: 10 })
      if (isTable === true) assert.ok(rows.ok || ['invalid', 'fields', 'columns'].includes(rows.failure.code), JSON.stringify(rows))
      assert.equal('isAdmin' in {}, false)
    })
  }

  it('says what it sees of a line of four gigabytes, and does not read it to its end', async () => {
    const line = HOSTILE.find(({ fileName }) => fileName === 'line.csv') ?? assert.fail('it is among them')
    const path = join(folder.path, line.fileName)
    await line.write(path)
    const ran = await hanseHere(['publish', path, '--dry-run', '--data', data])
    assert.match(ran.error, line.warning ?? /x/)
    assert.equal(documentOf(await hanseHere(['publish', path, '--dry-run', '--json', '--data', data]))['published'], false)
    await rm(path)
  })

  describe('as a record stream', () => {
    const send = async (id: string, chunks: () => AsyncGenerator<Uint8Array> | Generator<Uint8Array>): Promise<{ readonly status: number, readonly code: unknown }> => {
      const body = ReadableStream.from(chunks())
      const response = await fetch(`${api.url}/api/v1/datasets`, { method: 'POST', headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/vnd.hanse.publish' }, body, duplex: 'half' } as RequestInit)
      const answer = await response.json() as { readonly code?: unknown }
      assert.equal(datasetOf(id).ok, false)
      return { status: response.status, code: answer.code }
    }
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
    const frame = (key: string, body: string): Uint8Array => {
      const inner = [key.length, ...bytes(key), 0, 0, 8, ...bytes('text/csv'), ...bytes(body)]
      return Uint8Array.from([inner.length, ...inner])
    }

    it('refuses a record of four gigabytes by its size, and takes none of what came before', async () => {
      const { status, code } = await send('giant', function * () {
        yield bytes(START('giant'))
        for (let at = 0; at < 10; at++) yield frame(`row/${at}`, 'x,1\n')
        yield Uint8Array.from([0x80, 0x80, 0x80, 0x80, 0x10])
        for (let at = 0; at < 64; at++) yield new Uint8Array(1 << 18)
      })
      assert.deepEqual([Math.floor(status / 100), code], [4, 'too-large'])
    })

    it('refuses a description without an end', async () => {
      let sent = 0
      const { status } = await send('endless', function * () {
        for (; sent < 1 << 30; sent += 1 << 18) yield new Uint8Array(1 << 18).fill(0x20)
      })
      assert.equal(Math.floor(status / 100), 4)
      assert.ok(sent < 256 << 20, String(sent))
    })

    it('publishes nothing of a stream that is cut, damaged or says another number of records', async () => {
      const cases: readonly (readonly [string, () => Generator<Uint8Array>])[] = [
        ['cut', function * () { yield bytes(START('cut')); yield frame('row/1', 'x,1\n') }],
        ['half', function * () { yield bytes(START('half')); yield frame('row/1', 'x,1\n').subarray(0, 8) }],
        ['count', function * () { yield bytes(START('count')); yield frame('row/1', 'x,1\n'); yield Uint8Array.from([0, 2]) }],
        ['behind', function * () { yield bytes(START('behind')); yield frame('row/1', 'x,1\n'); yield Uint8Array.from([0, 1, 5, 5]) }]
      ]
      for (const [id, chunks] of cases) {
        const { status, code } = await send(id, chunks)
        assert.ok(status >= 400 && status < 500, `${id} ${status}`)
        assert.ok(typeof code === 'string')
      }
    })
  })
})

async function hashOf (path: string): Promise<string> {
  const whole = sha256Stream()
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) whole.update(chunk)
  return hex(whole.digest())
}
