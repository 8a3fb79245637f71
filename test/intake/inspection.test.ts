import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { textOf, utf8 } from '../../src/base/index.ts'
import { FileInspector, idOf, titleOf } from '../../src/intake/inspection/index.ts'

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
    assert.equal((await inspector.content('ben', name)).ok, false)
    assert.equal((await inspector.remove('ben', name)).ok, false)
    const content = await inspector.content('anna', name)
    assert.ok(content.ok && content.value.form === 'table')
    const parts: string[] = []
    for await (const batch of content.value.records) parts.push(...batch.map(({ body }) => textOf(body) ?? ''))
    assert.equal(parts.join(''), CSV)
    assert.ok((await inspector.remove('anna', name)).ok)
    assert.equal((await inspector.content('anna', name)).ok, false)
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
    assert.equal((await inspector.content('anna', looked.value.name)).ok, false)
    waiting[0]?.run()
    while ((await readdir(join(folder, 'spool'))).length > 0) await new Promise(resolve => { setImmediate(resolve) })
  })

  it('is refused where too many wait already', async () => {
    for (let at = 0; at < 8; at++) assert.ok((await inspector.take('anna', `${at}.csv`, once(utf8(CSV)), reading)).ok)
    const refused = await inspector.take('ben', 'more.csv', once(utf8(CSV)), reading)
    assert.ok(!refused.ok && refused.failure.code === 'too-many')
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
