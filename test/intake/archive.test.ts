import { strict as assert } from 'node:assert'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ArchiveBroken, gunzip, isGzip, isZip, openArchive, type ArchiveEntry } from '../../src/intake/archive/index.ts'
import { zipOf, type Packed } from './zip.fixture.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const MEGABYTE = 1 << 20

async function all (chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts).toString()
}

async function codeOf (work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'read'
  } catch (error) {
    assert.ok(error instanceof ArchiveBroken, String(error))
    return error.failure.code
  }
}

describe('archives', () => {
  let folder: string
  before(async () => { folder = await mkdtemp(join(tmpdir(), 'hanse-archive-')) })
  after(() => rm(folder, { recursive: true }))

  const open = async (bytes: Uint8Array): ReturnType<typeof openArchive> => {
    const path = join(folder, 'some.zip')
    await writeFile(path, bytes)
    return await openArchive(path)
  }
  /** The code with which a zip is refused, or with which the reading of its entries ends. */
  const refusalOf = async (entries: readonly Packed[], change: (bytes: Uint8Array) => Uint8Array = bytes => bytes): Promise<string> => {
    const archive = await open(change(zipOf(entries)))
    if (!archive.ok) {
      assert.ok(archive.failure.reason.length > 5 && archive.failure.hint.length > 5)
      return archive.failure.code
    }
    try {
      return await codeOf(async () => { for (const entry of archive.value.entries) await all(archive.value.read(entry)) })
    } finally {
      archive.value.close()
    }
  }

  it('reads the files of a zip by their names, in any order', async () => {
    const archive = await open(zipOf([
      { name: 'stops.txt', content: utf8('stop_id\nA\n') }, { name: 'more/', content: utf8(''), method: 0, mode: 0o040755 }, { name: 'more/routes.txt', content: utf8('route'), method: 0 }, { name: 'empty', content: utf8('') }
    ]))
    assert.ok(archive.ok)
    const { entries } = archive.value
    const read = (entry: ArchiveEntry): Promise<string> => all(archive.value.read(entry))
    assert.deepEqual(entries.map(({ name, sizeBytes }) => [name, sizeBytes]), [['stops.txt', 10], ['more/routes.txt', 5], ['empty', 0]])
    const [stops, routes, empty] = entries
    assert.ok(stops !== undefined && routes !== undefined && empty !== undefined)
    assert.deepEqual([await read(routes), await read(stops), await read(empty), await read(stops)], ['route', 'stop_id\nA\n', '', 'stop_id\nA\n'])
    archive.value.close()
  })

  it('refuses names that lead out, and links and devices', async () => {
    for (const name of ['../evil', '../../etc/passwd', 'a/../../b', '/etc/passwd', '..\\evil', 'C:\\evil', 'C:/evil', '\\\\host\\share']) {
      assert.equal(await refusalOf([{ name: 'good.csv', content: utf8('a\n') }, { name, content: utf8('x') }]), 'unsafe', name)
    }
    for (const type of [0o120777, 0o020666, 0o060666, 0o010666, 0o140777]) assert.equal(await refusalOf([{ name: 'link', content: utf8('/etc/passwd'), mode: type }]), 'unsafe', type.toString(8))
    assert.equal(await refusalOf([{ name: 'a.csv', content: utf8('1') }, { name: 'a.csv', content: utf8('2') }]), 'unsafe')
  })

  it('refuses what is encrypted, packed otherwise, cut short or no zip', async () => {
    const entry: Packed = { name: 'a', content: utf8('a'.repeat(1_000)) }
    assert.equal(await refusalOf([{ ...entry, flags: 1 }]), 'encrypted')
    assert.equal(await refusalOf([{ ...entry, flags: 0x41 }]), 'encrypted')
    assert.equal(await refusalOf([{ ...entry, method: 12 }]), 'method')
    for (const cut of [1, 22, 30, 60]) assert.equal(await refusalOf([entry], bytes => bytes.subarray(0, bytes.length - cut)), 'damaged', String(cut))
    assert.equal(await refusalOf([entry], () => utf8('no zip')), 'damaged')
    assert.equal(await refusalOf([entry], () => new Uint8Array(0)), 'damaged')
    const absent = await openArchive(join(folder, 'absent'))
    assert.equal(!absent.ok && absent.failure.code, 'unreadable')
  })

  it('finds an entry that is not what the directory says', async () => {
    const content = utf8('a'.repeat(1_000))
    assert.equal(await refusalOf([{ name: 'a', content, saidSizeBytes: 999 }]), 'damaged')
    assert.equal(await refusalOf([{ name: 'a', content, saidSizeBytes: 1_001 }]), 'damaged')
    assert.equal(await refusalOf([{ name: 'a', content, saidCrc32: 1 }]), 'damaged')
    assert.equal(await refusalOf([{ name: 'a', content, method: 0, saidCrc32: 1 }]), 'damaged')
  })

  it('refuses a zip that unpacks to more than a hundredfold, from its directory alone', async () => {
    assert.equal(await refusalOf([{ name: 'zeros', content: new Uint8Array(8 * MEGABYTE) }]), 'too-large')
    // A flat bomb: all entries share the same bytes.
    const content = Buffer.from(Array.from({ length: MEGABYTE }, (_, at) => at % 251))
    assert.equal(await refusalOf([{ name: '0', content }, ...Array.from({ length: 300 }, (_, at) => ({ name: String(at + 1), content, sameAs: 0 }))]), 'too-large')
    assert.equal(await refusalOf([{ name: 'giant', content: utf8('x'), saidSizeBytes: 0xffff_fff0 }]), 'too-large')
    assert.equal(await refusalOf(Array.from({ length: 10_001 }, (_, at) => ({ name: String(at), content: utf8(''), method: 0 }))), 'too-many-entries')
  })

  it('opens no archive in an archive', async () => {
    let nested = zipOf([{ name: 'core', content: utf8('x'.repeat(100)) }])
    for (let depth = 0; depth < 6; depth++) nested = zipOf([{ name: 'inner.zip', content: nested }])
    const archive = await open(nested)
    assert.ok(archive.ok)
    const [inner] = archive.value.entries
    assert.ok(inner !== undefined)
    assert.equal((await all(archive.value.read(inner))).slice(0, 2), 'PK')
    archive.value.close()
  })

  it('knows gzip and zip by their first bytes', () => {
    assert.deepEqual([isGzip(gzipSync('x')), isGzip(utf8('x')), isZip(zipOf([{ name: 'a', content: utf8('') }])), isZip(utf8('PK'))], [true, false, true, false])
  })

  it('unpacks gzip, also of several parts, in chunks of any size', async () => {
    const packed = Buffer.concat([gzipSync('first '), gzipSync('second')])
    for (const size of [1, 7, 1_000]) {
      const chunks = Array.from({ length: Math.ceil(packed.length / size) }, (_, at) => packed.subarray(at * size, (at + 1) * size))
      assert.equal(await all(gunzip(chunks)), 'first second')
    }
  })

  it('takes gzip that is cut short, damaged or none for damaged', async () => {
    const packed = gzipSync('many bins '.repeat(10_000))
    for (const bytes of [packed.subarray(0, packed.length - 1), packed.subarray(0, 20), packed.map((byte, at) => at === packed.length - 6 ? byte ^ 1 : byte), utf8('no gzip'), utf8('')]) {
      assert.equal(await codeOf(() => all(gunzip([bytes]))), 'damaged', String(bytes.length))
    }
  })

  it('stops at a hundredfold, and goes no further than that', async () => {
    const bomb = gzipSync(new Uint8Array(64 * MEGABYTE))
    let taken = 0
    assert.equal(await codeOf(async () => { for await (const chunk of gunzip([bomb])) taken += chunk.length }), 'too-large')
    assert.ok(taken <= bomb.length * 100, String(taken))
  })

  it('hands on what its source throws', async () => {
    const source = async function * (): AsyncGenerator<Uint8Array> {
      yield gzipSync('x').subarray(0, 12)
      throw new Error('the disk is gone')
    }
    await assert.rejects(all(gunzip(source())), /the disk is gone/)
  })
})
