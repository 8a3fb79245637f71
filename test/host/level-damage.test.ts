import { strict as assert } from 'node:assert'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { concat, equalBytes, hex, sha256, u32, utf8 } from '../../src/base/index.ts'
import type { Read, Row, Store } from '../../src/host/index.ts'
import { openStore } from '../../src/host/level/index.ts'
import { temporaryStore } from './level.fixture.ts'

const ROWS = 400
const BLOCKS = 30
const ALL = { from: Uint8Array.of(1), to: Uint8Array.of(255) }

const rowKey = (i: number): Uint8Array => concat([utf8('l'), u32(i)])
const rowValue = (i: number): Uint8Array => utf8(`row ${i}: `.repeat(1 + i % 20))
const blockKey = (i: number): Uint8Array => concat([utf8('s'), u32(i)])
const block = (i: number): Uint8Array => concat(Array.from({ length: 100 + i * 7 }, (_, part) => sha256(u32(i * 1000 + part))))

const rows: readonly Row[] = [
  ...Array.from({ length: ROWS }, (_, i): Row => ({ type: 'put', key: rowKey(i), value: rowValue(i) })),
  ...Array.from({ length: BLOCKS }, (_, i): Row => ({ type: 'block', key: blockKey(i), value: block(i) }))
]
const wanted = Array.from({ length: BLOCKS }, (_, i) => ({ key: blockKey(i), digest: sha256(block(i)) }))

type Tally = { found: number, absent: number, damaged: number, refused: number }

describe('damage under the store in LevelDB', () => {
  let source: Awaited<ReturnType<typeof temporaryStore>>
  before(async () => {
    source = await temporaryStore()
  })
  after(async () => source.remove())

  for (const [where, ending] of [['the log', '.log'], ['tables', '.ldb']] as const) {
    it(`never becomes wrong bytes when a bit flips in ${where}`, async () => {
      let store = await source.reopen()
      for (const row of rows) await store.commit([row])
      if (ending === '.ldb') {
        await store.compact(ALL)
        store = await source.reopen()
      }
      await store.close()
      const tally: Tally = { found: 0, absent: 0, damaged: 0, refused: 0 }
      await fc.assert(fc.asyncProperty(fc.nat(2 ** 31 - 1).map(n => n / 2 ** 31), async place => {
        const folder = `${source.folder}-copy`
        await cp(source.folder, folder, { recursive: true })
        await cp(`${source.folder}.marker`, `${folder}.marker`)
        await flipBit(folder, ending, place)
        await readEverything(folder, tally)
        await rm(folder, { recursive: true })
      }), { numRuns: 40 })
      assert.ok(tally.found > ROWS, JSON.stringify(tally))
      assert.ok(ending === '.log' ? tally.absent > 0 : tally.damaged > 0, `the flips were seen: ${JSON.stringify(tally)}`)
    })
  }

  it('is mended where it hits only the name inside the database', async () => {
    const store = await source.reopen()
    await store.commit(rows)
    await store.compact(ALL)
    await store.close()
    let flipped = 0
    for (const name of await tables(source.folder, '.ldb')) {
      const path = join(source.folder, name)
      const bytes = await readFile(path)
      const at = bytes.indexOf(store.storeId)
      if (at < 0) continue
      flipped += bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at) > 0 ? 1 : 0
      await writeFile(path, bytes)
    }
    assert.ok(flipped > 0, 'the name stands in a table')
    for (let time = 0; time < 2; time++) {
      const opened = await source.reopen()
      assert.equal(opened.storeId, store.storeId)
      assert.deepEqual(await opened.get(rowKey(1)), { state: 'found', value: rowValue(1) })
    }
  })

  it('hides no row that can still be read, and no compaction that failed, when a table cannot be parsed', async () => {
    const store = await source.reopen()
    await store.commit(rows)
    await store.compact(ALL)
    await store.close()
    for (const name of await tables(source.folder, '.ldb')) {
      const path = join(source.folder, name)
      const bytes = await readFile(path)
      const at = Math.floor(bytes.length / 3)
      if (bytes.length > 50_000) await writeFile(path, bytes.fill(255, at, at + 20_000))
    }
    const opened = await source.reopen()
    const reads: Read[] = []
    for await (const { read } of opened.entries(ALL)) reads.push(read)
    assert.equal(reads.filter(({ state }) => state === 'damaged').length > 0, true)
    let single = 0
    for (let i = 0; i < ROWS; i++) single += (await opened.get(rowKey(i))).state === 'found' ? 1 : 0
    assert.equal(reads.filter(({ state }) => state === 'found').length, single)
    let limited = 0
    for await (const { key } of opened.entries({ ...ALL, limit: ROWS + 10 })) limited += equalBytes(key, ALL.from) ? 0 : 1
    assert.equal(limited, ROWS + 10, 'a limit counts rows before and behind the damage')
    await assert.rejects(opened.compact(ALL), { code: 'store.write' }, 'deleted bytes are not said to be gone')
  })
})

async function tables (folder: string, ending: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter(name => name.endsWith(ending)).sort()
}

async function flipBit (folder: string, ending: string, place: number): Promise<void> {
  const files = await Promise.all((await tables(folder, ending)).map(async name => {
    const path = join(folder, name)
    const bytes = await readFile(path)
    return { path, bytes, bits: 8 * (ending === '.ldb' ? dataBytesOf(bytes) : bytes.length) }
  }))
  const sizeBits = files.reduce((sum, { bits }) => sum + bits, 0)
  assert.ok(sizeBits > 0, `there are ${ending} files with bytes in them`)
  let bit = Math.floor(place * sizeBits)
  for (const { path, bytes, bits } of files) {
    if (bit < bits) {
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return writeFile(path, bytes)
    }
    bit -= bits
  }
}

/**
 * Where the index of a table begins. Over some damage behind it, which has no checksum, LevelDB ends the process: the test of
 * flipped bits under a node, where it is a process of its own, bears that.
 */
function dataBytesOf (table: Buffer): number {
  const footerBytes = 48
  let [size, factor] = [0, 1]
  for (const byte of table.subarray(-footerBytes)) {
    size += (byte & 0x7f) * factor
    factor *= 128
    if (byte < 0x80) break
  }
  return size
}

async function readEverything (folder: string, tally: Tally): Promise<void> {
  let store: Store
  try {
    store = await openStore(folder, {})
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'store.open', String(error))
    tally.refused++
    return
  }
  const look = (read: Read, written: Uint8Array | undefined): void => {
    tally[read.state]++
    if (read.state === 'found') assert.ok(written !== undefined && equalBytes(read.value, written), 'what was written')
  }
  const values = new Map(Array.from({ length: ROWS }, (_, i) => [hex(rowKey(i)), rowValue(i)]))
  const many = await store.getMany(Array.from({ length: ROWS }, (_, i) => rowKey(i)))
  for (const [i, read] of many.entries()) look(read, rowValue(i))
  for (const [i, read] of (await store.getBlocks(wanted)).entries()) look(read, block(i))
  for await (const { key, read } of store.entries({ from: utf8('l'), to: utf8('m') })) look(read, values.get(hex(key)))
  for await (const { key, read } of store.entries({ from: utf8('l'), to: utf8('m'), reverse: true })) look(read, values.get(hex(key)))
  await store.close()
}
