import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ok, textOf, utf8, type Result } from '../../src/base/index.ts'
import { FileInspector, idOf, KEPT_MAX, KEPT_OF_ONE_MAX, titleOf } from '../../src/intake/inspection/index.ts'
import type { InspectedContent } from '../../src/sdk/inspection/index.ts'

const CSV = 'plate,when,temp,lat,lon\nKA-12345,2026-01-01T10:00:00Z,1.5,47.6,-122.1\nKA-99999,2026-01-01T11:00:00Z,2,47.7,-122.2\n'
const reading = { signal: new AbortController().signal, onBytes: () => {} }

async function * once (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('a file that is looked at before it is published', () => {
  let folder: string
  let nowMs = 1_000
  let inspector: FileInspector
  let waiting: { readonly delayMs: number, readonly run: () => void }[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hanse-inspect-'))
    nowMs = 1_000
    waiting = []
    inspector = new FileInspector({
      folder: join(folder, 'spool'), random: size => new Uint8Array(randomBytes(size)), nowMs: () => nowMs, later: (delayMs, run) => { waiting.push({ delayMs, run }) }
    })
  })
  afterEach(async () => { await rm(folder, { recursive: true, force: true }) })

  const look = async (owner: string): Promise<string> => {
    const looked = await inspector.take(owner, 'a.csv', once(utf8(CSV)), reading)
    assert.ok(looked.ok, JSON.stringify(looked))
    return looked.value.name
  }
  const textIn = async (content: InspectedContent): Promise<string> => {
    assert.ok(content.form === 'table')
    const parts: string[] = []
    for await (const batch of content.records) parts.push(...batch.map(({ body }) => textOf(body) ?? ''))
    return parts.join('')
  }
  const publish = (owner: string, name: string): Promise<Result<string, { readonly code: string, readonly reason: string, readonly hint: string }>> =>
    inspector.publish(owner, name, async content => ok(await textIn(content)))

  it('is described, with its first rows and a name, also when it came packed', async () => {
    for (const bytes of [utf8(CSV), new Uint8Array(gzipSync(CSV))]) {
      const looked = await inspector.take('anna', '../../Bins & "plates".csv', once(bytes), reading)
      assert.ok(looked.ok, JSON.stringify(looked))
      const { rows, columns, time, position, preview, warnings, suggested, box } = looked.value
      assert.equal(rows, 2)
      assert.deepEqual(columns.map(({ name }) => name), ['plate', 'when', 'temp', 'lat', 'lon'])
      assert.equal(time?.column, 'when')
      assert.deepEqual(position, { latitude: 'lat', longitude: 'lon' })
      assert.deepEqual(box, { west: -122.2, south: 47.6, east: -122.1, north: 47.7 })
      assert.deepEqual(preview[0], ['KA-12345', '2026-01-01T10:00:00Z', '1.5', '47.6', '-122.1'])
      assert.ok(warnings.some(({ code, column }) => code === 'personal-data' && column === 'plate'))
      assert.match(suggested.datasetId, /^[a-z0-9-]+$/)
    }
  })

  it('is for whoever sent it, by its name, until it is removed or too old', async () => {
    const looked = await inspector.take('anna', 'a.csv', once(utf8(CSV)), reading)
    assert.ok(looked.ok)
    const { name } = looked.value
    assert.equal((await publish('ben', name)).ok, false)
    assert.equal((await inspector.remove('ben', name)).ok, false)
    assert.deepEqual(await publish('anna', name), ok(CSV))
    assert.equal((await publish('anna', name)).ok, false)
    assert.deepEqual(await readdir(join(folder, 'spool')), [])
    const removed = await look('anna')
    assert.ok((await inspector.remove('anna', removed)).ok)
    assert.equal((await publish('anna', removed)).ok, false)
    assert.deepEqual(await readdir(join(folder, 'spool')), [])
    await inspector.take('anna', 'b.csv', once(utf8(CSV)), reading)
    nowMs += 31 * 60_000
    await inspector.take('anna', 'c.csv', once(utf8(CSV)), reading)
    assert.equal((await readdir(join(folder, 'spool'))).length, 1)
  })

  it('is gone when its time is over, also where nobody sends another', async () => {
    const looked = await inspector.take('anna', 'a.csv', once(utf8(CSV)), reading)
    assert.ok(looked.ok && waiting.length === 1)
    nowMs += waiting[0]?.delayMs ?? 0
    assert.equal((await publish('anna', looked.value.name)).ok, false)
    waiting[0]?.run()
    while ((await readdir(join(folder, 'spool'))).length > 0) await new Promise(resolve => { setImmediate(resolve) })
  })

  it('gives way to newer ones of whoever sent it, who is told so, and never to those of others', async () => {
    const bens = await look('ben')
    const annas: string[] = []
    for (let at = 0; at <= KEPT_OF_ONE_MAX; at++) annas.push(await look('anna'))
    const [first, ...others] = annas
    const gone = await publish('anna', first ?? '')
    assert.ok(!gone.ok)
    assert.deepEqual([gone.failure.code, gone.failure.reason], ['not-found', 'this file gave way to newer ones that you sent after it'])
    assert.match(gone.failure.hint, new RegExp(`choose it again: ${KEPT_OF_ONE_MAX} files`))
    const foreign = await publish('ben', first ?? '')
    assert.ok(!foreign.ok && foreign.failure.reason === 'this file is not here any more')
    for (const [owner, name] of [['ben', bens], ...others.map(each => ['anna', each])] as const) assert.ok((await publish(owner ?? '', name ?? '')).ok)
    assert.deepEqual(await readdir(join(folder, 'spool')), [])
  })

  it('is refused where others fill all places, and takes none of theirs', async () => {
    const kept: (readonly [owner: string, name: string])[] = []
    for (let at = 0; at < KEPT_MAX; at++) {
      const owner = `person ${Math.floor(at / KEPT_OF_ONE_MAX)}`
      kept.push([owner, await look(owner)])
    }
    const refused = await inspector.take('late', 'more.csv', once(utf8(CSV)), reading)
    assert.ok(!refused.ok)
    assert.deepEqual([refused.failure.code, refused.failure.reason], ['too-many', `${KEPT_MAX} files wait to be published`])
    for (const [owner, name] of kept) assert.ok((await publish(owner, name)).ok)
  })

  it('stays while it is published, whatever comes and however long that takes', async () => {
    const name = await look('anna')
    const published = await inspector.publish('anna', name, async content => {
      for (let at = 0; at < KEPT_OF_ONE_MAX; at++) await look('anna')
      nowMs += 31 * 60_000
      await look('anna')
      return ok(await textIn(content))
    })
    assert.deepEqual(published, ok(CSV))
    assert.equal((await publish('anna', name)).ok, false)
  })

  it('is refused where all of its sender are being published', async () => {
    const names: string[] = []
    for (let at = 0; at < KEPT_OF_ONE_MAX; at++) names.push(await look('anna'))
    const held = Promise.withResolvers<null>()
    const publishing = names.map(name => inspector.publish('anna', name, async () => ok(await held.promise)))
    const refused = await inspector.take('anna', 'more.csv', once(utf8(CSV)), reading)
    assert.ok(!refused.ok)
    assert.deepEqual([refused.failure.code, refused.failure.reason], ['too-many', `${KEPT_OF_ONE_MAX} files of yours are being sent or published`])
    held.resolve(null)
    for (const each of publishing) assert.ok((await each).ok)
  })

  it('is there still where it could not be published', async () => {
    const name = await look('anna')
    const refusal = { code: 'disk-full', reason: 'there is no room', hint: 'make some' }
    assert.deepEqual(await inspector.publish('anna', name, () => Promise.resolve({ ok: false, failure: refusal })), { ok: false, failure: refusal })
    await assert.rejects(inspector.publish('anna', name, () => Promise.reject(new Error('broke'))), /broke/)
    assert.deepEqual(await publish('anna', name), ok(CSV))
  })

  it('leaves nothing where it breaks off', async () => {
    const broken = async function * (): AsyncGenerator<Uint8Array> {
      yield utf8(CSV)
      throw new Error('the sender is gone')
    }
    await assert.rejects(inspector.take('anna', 'a.csv', broken(), reading), /the sender is gone/)
    assert.deepEqual(await readdir(join(folder, 'spool')), [])
  })

  it('gets a short name and a title from whatever it is called', () => {
    assert.equal(idOf('MTS Trail, west of I-90.csv'), 'mts-trail-west-of-i-90')
    assert.equal(idOf('<img src=x>.csv'), 'img-src-x')
    assert.equal(titleOf('bike_counter.csv'), 'Bike counter')
  })
})
