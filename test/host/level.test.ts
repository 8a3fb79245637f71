import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, sha256, u32, utf8 } from '../../src/base/index.ts'
import type { Row } from '../../src/host/index.ts'
import { BATCH_BYTES_MAX, COMMIT_BYTES_MAX, createStore, ensureBallast, freeFraction, openStore } from '../../src/host/level/index.ts'
import { systemRandom } from '../../src/host/system/index.ts'
import { storeContract } from '../contract/store.ts'
import { temporaryStore } from './level.fixture.ts'

storeContract('LevelDB', temporaryStore)

describe('the store in LevelDB', () => {
  let parent: string
  let folder: string
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hanse-level-'))
    folder = join(parent, 'deep', 'store')
  })
  afterEach(async () => rm(parent, { recursive: true }))

  const create = async (...rows: readonly Row[]): Promise<void> => {
    const store = await createStore(folder, { random: systemRandom })
    await store.commit(rows)
    await store.close()
  }
  const row = { type: 'put', key: utf8('a'), value: utf8('one') } as const

  it('is created once', async () => {
    await create(row)
    await assert.rejects(createStore(folder, { random: systemRandom }), { code: 'store.open', message: /created before/ })
    const store = await openStore(folder, {})
    assert.deepEqual(await store.get(row.key), { state: 'found', value: row.value })
    await store.close()
  })

  it('is not created by opening', async () => {
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /create one first/ })
    await assert.rejects(stat(folder), { code: 'ENOENT' })
  })

  it('is not created over somebody else\'s files', async () => {
    await create(row)
    await unlink(`${folder}.marker`)
    await assert.rejects(createStore(folder, { random: systemRandom }), { code: 'store.open', message: /not empty/ })
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /marker is missing/ })
  })

  it('refuses without CURRENT, and deletes nothing', async () => {
    await create(row)
    await (await openStore(folder, {})).close()
    await unlink(join(folder, 'CURRENT'))
    const before = (await readdir(folder)).sort()
    assert.ok(before.some(name => name.endsWith('.ldb')))
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /no file CURRENT.*Restore/ })
    assert.deepEqual((await readdir(folder)).sort(), before)
  })

  it('refuses when the folder is gone or was exchanged', async () => {
    await create(row)
    await rename(folder, `${folder}-1`)
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /is gone/ })
    await rename(`${folder}.marker`, `${folder}-1.marker`)
    await create(row)
    await rm(folder, { recursive: true })
    await rename(`${folder}-1`, folder)
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /exchanged/ })
  })

  it('refuses a newer format and a marker that it cannot read', async () => {
    await create(row)
    const marker = JSON.parse(await readFile(`${folder}.marker`, 'utf8'))
    await writeFile(`${folder}.marker`, JSON.stringify({ ...marker, formatVersion: 2 }))
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /format 2.*newer program/ })
    for (const text of ['', '{', '[]', '{"storeId":5,"formatVersion":1}', ' '.repeat(2_000)]) {
      await writeFile(`${folder}.marker`, text)
      await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /backup/ })
    }
  })

  it('says that another process has it open', async () => {
    await create(row)
    const store = await openStore(folder, {})
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /this process has/ })
    const other = await run(`
      import { openStore } from '${new URL('../../src/host/level/index.ts', import.meta.url).href}'
      await openStore(process.argv[1], {}).catch(error => console.log(error.code, error.message))
    `, [folder])
    assert.match(other.out, /^store\.open another hanse process/)
    await store.close()
  })

  it('refuses a damaged manifest', async () => {
    await create(row)
    const manifest = (await readdir(folder)).find(name => name.startsWith('MANIFEST'))
    const path = join(folder, manifest ?? '')
    const bytes = await readFile(path)
    bytes[10] = (bytes[10] ?? 0) ^ 4
    await writeFile(path, bytes)
    await assert.rejects(openStore(folder, {}), { code: 'store.open', message: /damaged.*backup/ })
  })

  it('writes commits that are larger than a batch whole, and refuses those beyond the limit', async () => {
    const store = await createStore(folder, { random: systemRandom })
    const large = systemRandom.bytes(BATCH_BYTES_MAX)
    await Promise.all(Array.from({ length: 5 }, async (_, i) =>
      store.commit([{ type: 'block', key: concat([utf8('s'), u32(i)]), value: large }, { ...row, value: u32(i) }])))
    assert.deepEqual(await store.get(row.key), { state: 'found', value: u32(4) })
    for (let i = 0; i < 5; i++) assert.equal((await store.getBlock(concat([utf8('s'), u32(i)]), sha256(large))).state, 'found')
    await assert.rejects(store.commit([{ ...row, value: new Uint8Array(COMMIT_BYTES_MAX) }]), { code: 'assertion' })
    await store.close()
  })

  it('acknowledges nothing after a write that failed, and keeps all that was acknowledged', async () => {
    await create()
    // The shell's file size limit makes the operating system refuse a write, as a full disk does.
    const child = await run(`
      import { openStore } from '${new URL('../../src/host/level/index.ts', import.meta.url).href}'
      const store = await openStore(process.argv[1], {})
      const codes = new Set()
      let acknowledged = 0
      for (let i = 0; i < 40; i++) {
        const value = new Uint8Array(i < 30 ? 100_000 : 10)
        await store.commit([{ type: 'put', key: Uint8Array.of(97, i), value }]).then(() => acknowledged++, error => codes.add(error.code))
      }
      console.log(acknowledged, ...codes)
    `, [folder], 'ulimit -f 1024')
    assert.match(child.out, /^\d+ store\.write$/)
    const acknowledged = Number.parseInt(child.out, 10)
    assert.ok(acknowledged >= 4 && acknowledged < 30, `the limit was met on the way, after ${acknowledged}`)
    const store = await openStore(folder, {})
    for (let i = 0; i < acknowledged; i++) assert.equal((await store.get(Uint8Array.of(97, i))).state, 'found')
    await store.close()
  })

  it('removes deleted bytes from the disk when the range is compacted', async () => {
    const secret = systemRandom.bytes(500)
    const key = utf8('e1')
    const store = await createStore(folder, { random: systemRandom })
    const others = Array.from({ length: 100 }, (_, i): Row => ({ type: 'put', key: concat([utf8('e'), u32(i)]), value: systemRandom.bytes(300) }))
    const onDisk = async (): Promise<boolean> => {
      const files = await Promise.all((await readdir(folder)).filter(name => name !== 'LOCK').map(async name => readFile(join(folder, name))))
      return files.some(file => file.includes(Buffer.from(secret.subarray(100, 200))))
    }
    const range = { from: utf8('e'), to: utf8('f') }
    for (const between of [async () => {}, async () => store.compact(range)]) {
      await store.commit([{ type: 'put', key, value: secret }, ...others])
      assert.ok(await onDisk())
      await between()
      await store.commit([{ type: 'delete', key }])
      await store.compact(range)
      assert.ok(!await onDisk(), 'the deleted bytes are gone')
    }
    await store.close()
  })

  it('makes a ballast file once and knows how full the disk is', async () => {
    const path = join(parent, 'ballast')
    assert.equal(await ensureBallast(path, 3_000_000), true)
    const { size, mtimeMs, blocks } = await stat(path)
    assert.ok(size === 3_000_000 && blocks * 512 >= size, 'takes up room on the disk')
    assert.equal(await ensureBallast(path, 3_000_000), true)
    assert.equal((await stat(path)).mtimeMs, mtimeMs)
    const fraction = await freeFraction(parent)
    assert.ok(fraction > 0 && fraction < 1, `${fraction}`)
  })

  it('can be copied while it is closed', async () => {
    await create(row)
    const copy = join(parent, 'copy')
    await cp(folder, copy, { recursive: true })
    await cp(`${folder}.marker`, `${copy}.marker`)
    const store = await openStore(copy, {})
    assert.deepEqual(await store.get(row.key), { state: 'found', value: row.value })
    await store.close()
  })
})

/** Runs a program in a Node process of its own, below a shell that ran `before`. */
async function run (program: string, programArguments: readonly string[], before: string = 'true'): Promise<{ readonly out: string }> {
  const child = spawn('/bin/sh', ['-c', `${before}; exec "$0" "$@"`, process.execPath, '--input-type=module', '-e', program, ...programArguments],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
  await new Promise(resolve => child.on('close', resolve))
  return { out: out.trim() }
}
