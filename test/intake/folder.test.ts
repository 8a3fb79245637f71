import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { chmod, link, mkdir, readdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createFolderConnector } from '../../src/intake/folder/index.ts'
import type { ConnectorFactory } from '../../src/intake/connector/index.ts'
import { openBench, type Bench, type Run } from './bench.fixture.ts'
import { zipOf } from './zip.fixture.ts'

const STREAM = { mode: 'stream', format: 'csv', mapping: { key: ['id'], time: 'at' } }

describe('a watched folder', () => {
  let bench: Bench
  let folder: string
  let run: Run | undefined
  beforeEach(async () => {
    bench = await openBench()
    folder = join(bench.folder, 'drop')
    await mkdir(folder)
  })
  afterEach(async () => {
    await run?.stop()
    run = undefined
    await bench.remove()
  })

  const begin = async (declaration: object = {}): Promise<Run> => {
    run = await bench.begin({ kind: 'folder', path: folder, ...declaration }, createFolderConnector({ spool: bench.spool }) as ConnectorFactory)
    return run
  }
  const put = (name: string, content: string | Uint8Array): Promise<void> => writeFile(join(folder, name), content)
  const names = async (sub = ''): Promise<readonly string[]> => (await readdir(join(folder, sub))).sort()
  const reason = (name: string): Promise<string> => readFile(join(folder, 'failed', `${name}.reason.txt`), 'utf8')
  const looks = async (count: number): Promise<void> => { for (let at = 0; at < count; at++) await run?.look() }
  const rowsOf = (): readonly unknown[] => (bench.node.held.get('bins')?.records ?? []).map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as unknown)

  it('publishes a file that was the same twice, and moves it', async () => {
    await begin()
    await put('bins.csv', 'id,fill\na,1\n')
    await looks(1)
    assert.equal(await bench.contentOf('bins'), undefined)
    await put('bins.csv', 'id,fill\na,1\nb,2\n')
    await looks(1)
    assert.equal(await bench.contentOf('bins'), undefined, 'it grew between two looks')
    await looks(1)
    assert.equal(await bench.contentOf('bins'), 'id,fill\na,1\nb,2\n')
    assert.deepEqual([await names(), await names('done'), await names('failed')], [['done', 'failed'], ['bins.csv'], []])
    assert.equal(bench.stored(), 2)
  })

  it('takes what was renamed in, and leaves what is unfinished', async () => {
    await begin()
    for (const name of ['.hidden.csv', 'bins.csv.part', 'bins.tmp', 'bins.csv~']) await put(name, 'id\n1\n')
    await looks(3)
    assert.deepEqual(await names('done'), [])
    await rename(join(folder, 'bins.csv.part'), join(folder, 'bins.csv'))
    await looks(2)
    assert.deepEqual(await names('done'), ['bins.csv'])
  })

  it('takes the oldest first, each a version, and the same bytes once', async () => {
    for (const [at, name] of ['c.csv', 'a.csv', 'b.csv'].entries()) {
      await put(name, `id,n\nx,${at}\n`)
      await utimes(join(folder, name), 1_000 + at, 1_000 + at)
    }
    await begin()
    await looks(1)
    assert.equal(await bench.contentOf('bins'), 'id,n\nx,2\n')
    await put('again.csv', 'id,n\nx,2\n')
    await looks(2)
    assert.equal(bench.stored(), 3)
    assert.deepEqual(await names('done'), ['a.csv', 'again.csv', 'b.csv', 'c.csv'])
  })

  it('overwrites nothing in done', async () => {
    await begin()
    for (const n of [1, 2, 3]) {
      await put('bins.csv', `id,n\nx,${n}\n`)
      await looks(2)
    }
    assert.deepEqual(await names('done'), ['bins-2.csv', 'bins-3.csv', 'bins.csv'])
    assert.equal(await readFile(join(folder, 'done', 'bins-3.csv'), 'utf8'), 'id,n\nx,3\n')
  })

  it('unpacks gzip, and a zip with one file', async () => {
    await begin({ format: 'csv' })
    await put('bins.csv.gz', gzipSync('id,n\nx,1\n'))
    await looks(2)
    assert.equal(await bench.contentOf('bins'), 'id,n\nx,1\n')
    await put('bins.zip', zipOf([{ name: 'folder/', content: new Uint8Array(0), method: 0, mode: 0o040755 }, { name: 'folder/bins.csv', content: new TextEncoder().encode('id,n\nx,2\n') }]))
    await looks(2)
    assert.equal(await bench.contentOf('bins'), 'id,n\nx,2\n')
    assert.deepEqual(await names('done'), ['bins.csv.gz', 'bins.zip'])
  })

  it('puts what it cannot take aside, with the reason, and keeps the version before', async () => {
    await begin({ format: 'csv' })
    await put('good.csv', 'id,n\nx,1\n')
    await looks(2)
    await put('list.json', '{"a":1}')
    await put('empty.csv', '')
    await put('broken.gz', gzipSync('id,n\nx,1\n'.repeat(1_000)).subarray(0, 40))
    await looks(2)
    assert.equal(await bench.contentOf('bins'), 'id,n\nx,1\n')
    assert.deepEqual(await names('failed'), ['broken.gz', 'broken.gz.reason.txt', 'empty.csv', 'empty.csv.reason.txt', 'list.json', 'list.json.reason.txt'])
    assert.match(await reason('list.json'), /no CSV table/)
    assert.match(await reason('empty.csv'), /nothing in it/)
    assert.match(await reason('broken.gz'), /cut short/)
  })

  it('follows no link, enters no folder, and opens no pipe', async () => {
    await writeFile(join(bench.folder, 'secret.csv'), 'id\nsecret\n')
    await mkdir(join(folder, 'sub'))
    await put('sub/inner.csv', 'id,n\nx,1\n')
    await symlink(join(bench.folder, 'secret.csv'), join(folder, 'link.csv'))
    await symlink('/etc', join(folder, 'etc'))
    assert.equal(spawnSync('mkfifo', [join(folder, 'pipe.csv')]).status, 0)
    await begin()
    await looks(3)
    assert.equal(await bench.contentOf('bins'), undefined)
    assert.deepEqual([await names('done'), await names('failed')], [[], []])
  })

  it('takes a file by what it is, when a link takes its place between look and reading', async () => {
    await writeFile(join(bench.folder, 'secret.csv'), 'id,n\nsecret,1\n')
    await put('bins.csv', 'id,n\nx,1\n')
    await begin()
    // It was seen once as a file; before the second look somebody exchanges it for a link, or for another file.
    await rename(join(folder, 'bins.csv'), join(bench.folder, 'away'))
    await symlink(join(bench.folder, 'secret.csv'), join(folder, 'bins.csv'))
    await looks(3)
    assert.equal(await bench.contentOf('bins'), undefined)
  })

  it('refuses a link where its own folders are', async () => {
    await symlink('/tmp', join(folder, 'done'))
    const started = bench.begin({ kind: 'folder', path: folder }, createFolderConnector({ spool: bench.spool }) as ConnectorFactory)
    await assert.rejects(started, /done is no folder/)
    await assert.rejects(bench.begin({ kind: 'folder', path: join(folder, 'absent') }, createFolderConnector({ spool: bench.spool }) as ConnectorFactory), /there is no folder/)
  })

  it('writes a reason through no link that somebody put in its place', async () => {
    await begin()
    await writeFile(join(bench.folder, 'precious'), 'as it was')
    await symlink(join(bench.folder, 'precious'), join(folder, 'failed', 'empty.csv.reason.txt'))
    await put('empty.csv', '')
    await looks(2)
    assert.equal(await readFile(join(bench.folder, 'precious'), 'utf8'), 'as it was')
    assert.match(await reason('empty.csv'), /nothing in it/)
  })

  it('takes a file with several names, and one that may not be read, without harm', async () => {
    await put('a.csv', 'id,n\nx,1\n')
    await link(join(folder, 'a.csv'), join(bench.folder, 'other-name.csv'))
    await put('b.csv', 'id,n\nx,2\n')
    await chmod(join(folder, 'b.csv'), 0)
    await begin()
    await looks(2)
    assert.equal(await readFile(join(bench.folder, 'other-name.csv'), 'utf8'), 'id,n\nx,1\n')
    // Root reads everything.
    assert.equal((await names('done')).length + (await names('failed')).filter(name => name.endsWith('.txt')).length, 2)
  })

  it('leaves files where they are while the node takes nothing, or not into their dataset', async () => {
    bench.refusal = { code: 'not-ready', reason: 'the node is stopping', hint: 'start it again' }
    await put('bins.csv', 'id,n\nx,1\n')
    await begin()
    await looks(3)
    assert.deepEqual(await names(), ['bins.csv', 'done', 'failed'])
    assert.match(bench.errors[0] ?? '', /the node is stopping/)
    bench.refusal = { code: 'exists', reason: '"bins" is a stream already', hint: 'choose another' }
    await looks(1)
    assert.deepEqual(await names(), ['bins.csv', 'done', 'failed'])
    bench.refusal = null
    await looks(1)
    assert.deepEqual(await names('done'), ['bins.csv'])
  })

  it('appends rows once, also when it was ended in the midst of a file', async () => {
    const rows = Array.from({ length: 40_000 }, (_, at) => `b${at},${new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString()},${at % 100}\n`)
    await put('rows.csv', `id,at,fill\n${rows.join('')}`)
    await begin(STREAM)
    const append = bench.node.append.bind(bench.node)
    let calls = 0
    bench.node.append = (...given) => {
      if (++calls === 25) bench.refusal = { code: 'not-ready', reason: 'killed', hint: 'start it' }
      return append(...given)
    }
    await looks(1)
    assert.ok(rowsOf().length > 20_000 && rowsOf().length < 40_000, String(rowsOf().length))
    await run?.stop()
    bench.refusal = null
    await begin(STREAM)
    await looks(2)
    assert.equal(rowsOf().length, 40_000)
    assert.equal(new Set(rowsOf().map(row => (row as { id: string }).id)).size, 40_000)
    assert.deepEqual(await names('done'), ['rows.csv'])
  })

  it('begins with the first row of a file that belongs to another dataset by now', async () => {
    const rows = Array.from({ length: 40_000 }, (_, at) => `b${at},${new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString()},${at % 100}\n`)
    await put('rows.csv', `id,at,fill\n${rows.join('')}`)
    await begin(STREAM)
    const append = bench.node.append.bind(bench.node)
    let calls = 0
    bench.node.append = (...given) => {
      if (++calls === 25) bench.refusal = { code: 'not-ready', reason: 'killed', hint: 'start it' }
      return append(...given)
    }
    await looks(1)
    await run?.stop()
    bench.refusal = null
    await begin({ ...STREAM, dataset: { id: 'others', title: 'Others' } })
    await looks(2)
    assert.equal(bench.node.held.get('others')?.records.length, 40_000)
  })

  it('moves a file that was published before a crash, and publishes it no second time', async () => {
    await put('bins.csv', 'id,n\nx,1\n')
    await begin()
    const publish = bench.node.publish.bind(bench.node)
    let published = 0
    bench.node.publish = async (...given) => {
      published++
      const result = await publish(...given)
      if (published === 1) throw new Error('killed')
      return result
    }
    await assert.rejects(looks(1), /killed/)
    run = undefined
    assert.deepEqual(await names(), ['bins.csv', 'done', 'failed'])
    await begin()
    await looks(1)
    assert.equal(published, 1)
    assert.deepEqual(await names('done'), ['bins.csv'])
  })

  it('keeps rows that cannot be read as dead letters, and takes the others', async () => {
    await put('rows.csv', 'id,at,fill\na,2026-01-01T00:00:00Z,1\nb,2026-01-01T00:00:00Z\n,2026-01-01T00:00:00Z,3\nc,2026-01-01T00:00:00Z,4\n')
    await begin(STREAM)
    await looks(1)
    assert.deepEqual(rowsOf().map(row => (row as { id: string }).id), ['a', 'c'])
    assert.equal(bench.letters.length, 2)
  })

  it('takes no rows of a file that ends within a quote or is not in UTF-8', async () => {
    await begin(STREAM)
    await put('quote.csv', 'id,at,fill\na,2026-01-01T00:00:00Z,1\nb,2026-01-01T00:00:00Z,"4\nc,2026-01-01T00:00:00Z,4\n')
    await put('latin.csv', Buffer.from('id,at,fill\nM\xfcll,2026-01-01T00:00:00Z,1\n', 'latin1'))
    await looks(2)
    assert.deepEqual(rowsOf(), [])
    assert.match(await reason('quote.csv'), /quote that never ends/)
    assert.match(await reason('latin.csv'), /not UTF-8/)
  })
})
