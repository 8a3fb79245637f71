import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { concat, equalBytes, sha256, u32, utf8 } from '../../src/base/index.ts'
import { openStore } from '../../src/host/level/index.ts'
import { systemRandom } from '../../src/host/system/index.ts'
import { temporaryStore } from './level.fixture.ts'

const ROUNDS = 10
const LANES = 4
const ACKNOWLEDGED_MAX_PER_ROUND = 200

/** Block `i` and all that names it follow from `i`, so that any process can tell what must be there. */
const blockOf = (i: number): Uint8Array => {
  const part = sha256(u32(i))
  return concat(Array.from({ length: 1 + (i * 37) % 900 }, () => part))
}
const blockKey = (i: number): Uint8Array => concat([utf8('s'), u32(i)])
const leafKey = (i: number): Uint8Array => concat([utf8('l'), u32(i)])

const CHILD = `
  import { createHash } from 'node:crypto'
  import { openStore } from '${new URL('../../src/host/level/index.ts', import.meta.url).href}'
  const u32 = i => { const b = Buffer.alloc(4); b.writeUInt32BE(i); return b }
  const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest()
  const blockOf = i => new Uint8Array(Buffer.concat(new Array(1 + (i * 37) % 900).fill(sha256(u32(i)))))
  const key = (kind, i) => new Uint8Array(Buffer.concat([Buffer.from(kind), u32(i)]))
  const store = await openStore(process.argv[1], { writeBufferBytes: 1 << 20 })
  let next = Number(process.argv[2])
  const lane = async () => {
    for (;;) {
      const i = next++
      const value = blockOf(i)
      await store.commit([{ type: 'block', key: key('s', i), value }, { type: 'put', key: key('l', i), value: new Uint8Array(sha256(value)) }])
      process.stdout.write(i + '\\n')
    }
  }
  await Promise.all(Array.from({ length: ${LANES} }, lane))
`

describe('the store in LevelDB under kill -9', () => {
  let opened: Awaited<ReturnType<typeof temporaryStore>>
  beforeEach(async () => {
    opened = await temporaryStore()
  })
  afterEach(async () => opened.remove())

  it(`keeps every acknowledged row through ${ROUNDS} kills at random moments`, async () => {
    await opened.store.close()
    const acknowledged: number[] = []
    let next = 0
    for (let round = 0; round < ROUNDS; round++) {
      const enough = 1 + (systemRandom.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) % ACKNOWLEDGED_MAX_PER_ROUND)
      const before = acknowledged.length
      const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, opened.folder, `${next}`], { stdio: ['ignore', 'pipe', 'inherit'] })
      const closed = once(child, 'close')
      for await (const line of createInterface({ input: child.stdout })) {
        if (acknowledged.push(Number(line)) - before === enough) child.kill('SIGKILL')
      }
      const [, signal] = await closed
      assert.equal(signal, 'SIGKILL')
      assert.ok(acknowledged.length - before >= enough)
      next = Math.max(...acknowledged) + LANES + 1

      const store = await openStore(opened.folder, {})
      const leaves = await store.getMany(acknowledged.map(leafKey))
      const blocks = await store.getBlocks(acknowledged.map(i => ({ key: blockKey(i), digest: sha256(blockOf(i)) })))
      for (const [at, i] of acknowledged.entries()) {
        const [leaf, block] = [leaves[at], blocks[at]]
        assert.ok(leaf?.state === 'found' && equalBytes(leaf.value, sha256(blockOf(i))), `leaf ${i} after round ${round}`)
        assert.ok(block?.state === 'found' && equalBytes(block.value, blockOf(i)), `block ${i} after round ${round}`)
      }
      for await (const key of store.keys({ from: utf8('s'), to: utf8('t') })) {
        const leaf = await store.get(concat([utf8('l'), key.subarray(1)]))
        assert.equal(leaf.state, 'found', 'rows of one commit are there together')
      }
      await store.close()
    }
  })
})
