import { strict as assert } from 'node:assert'
import { u32, utf8 } from '../../src/base/index.ts'
import type { Row } from '../../src/host/index.ts'
import { BATCH_BYTES_MAX, Commits, COMMITS_WAITING_MAX, type Operation } from '../../src/host/level/commits.ts'

const put = (key: string, sizeBytes: number = 10): readonly Row[] => [{ type: 'block', key: utf8(key), value: new Uint8Array(sizeBytes) }]
const namesOf = (operations: readonly Operation[]): string => operations.map(({ key }) => new TextDecoder().decode(key)).join(' ')

describe('group commit', () => {
  let batches: { readonly names: string, readonly written: () => void, readonly failed: (error: Error) => void }[]
  let commits: Commits
  beforeEach(() => {
    batches = []
    commits = new Commits(async operations => new Promise((resolve, reject) => {
      batches.push({ names: namesOf(operations), written: resolve, failed: reject })
    }))
  })
  /** Lets all that can go on without the disk go on. */
  const settle = async (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

  it('writes the first commit at once and joins those that come meanwhile, in order', async () => {
    const done: string[] = []
    const all = ['a', 'b', 'c', 'd'].map(async name => commits.add(put(name)).then(() => done.push(name)))
    await settle()
    assert.deepEqual(batches.map(({ names }) => names), ['a'])
    batches[0]?.written()
    await settle()
    assert.deepEqual(batches.map(({ names }) => names), ['a', 'b c d'])
    assert.deepEqual(done, ['a'], 'nothing is acknowledged before its own batch is written')
    batches[1]?.written()
    await Promise.all(all)
    assert.deepEqual(done, ['a', 'b', 'c', 'd'])
  })

  it('bounds a batch by bytes, and writes a larger commit alone and whole', async () => {
    const third = BATCH_BYTES_MAX / 3
    const all = [put('a'), put('b', third), put('c', third), put('d', third), put('e', BATCH_BYTES_MAX * 2), put('f')].map(async rows => commits.add(rows))
    for (let i = 0; i < 5; i++) {
      await settle()
      batches[i]?.written()
    }
    await Promise.all(all)
    assert.deepEqual(batches.map(({ names }) => names), ['a', 'b c', 'd', 'e', 'f'])
  })

  it('writes nothing more after a write that failed', async () => {
    const all = ['a', 'b', 'c'].map(async name => commits.add(put(name)))
    const outcomes = Promise.allSettled(all)
    batches[0]?.failed(new Error('input/output error'))
    for (const outcome of await outcomes) {
      assert.ok(outcome.status === 'rejected')
      assert.equal(outcome.reason.code, 'store.write')
      assert.match(outcome.reason.message, /input\/output error.*start again/)
    }
    await assert.rejects(commits.add(put('d')), { code: 'store.write' })
    await assert.rejects(commits.add([]), { code: 'store.write' })
    assert.equal(batches.length, 1)
  })

  it('lets those who came before the end finish', async () => {
    const all = Promise.all(['a', 'b'].map(async name => commits.add(put(name))))
    const closed = commits.close()
    await assert.rejects(commits.add(put('c')), { code: 'store.write', message: /closed/ })
    batches[0]?.written()
    await settle()
    batches[1]?.written()
    await Promise.all([all, closed])
    assert.deepEqual(batches.map(({ names }) => names), ['a', 'b'])
  })

  it('refuses callers that do not wait', async () => {
    const all = Array.from({ length: COMMITS_WAITING_MAX + 1 }, async (_, i) => commits.add([{ type: 'delete', key: u32(i + 2 ** 24) }]))
    await assert.rejects(commits.add(put('late')), { code: 'assertion' })
    for (let i = 0; i < batches.length; i++) {
      batches[i]?.written()
      await settle()
    }
    await Promise.all(all)
  })
})
