import { strict as assert } from 'node:assert'
import * as fc from 'fast-check'
import { compareBytes, concat, hex, sha256, u32, utf8 } from '../../src/base/index.ts'
import type { KeyRange, Row, Store } from '../../src/host/index.ts'

export type OpenStore = {
  readonly store: Store
  /** Closes the store and opens the same one again. */
  readonly reopen: () => Promise<Store>
  readonly remove: () => Promise<void>
}

const ALL: KeyRange = { from: Uint8Array.of(1), to: Uint8Array.of(255) }
const put = (key: string, value: string): Row => ({ type: 'put', key: utf8(key), value: utf8(value) })
const found = (value: string): unknown => ({ state: 'found', value: utf8(value) })
const absent = { state: 'absent' }
const damaged = { state: 'damaged' }

/** What every form of the port `Store` does. */
export function storeContract (name: string, open: () => Promise<OpenStore>): void {
  describe(`${name} keeps the contract of a store`, () => {
    let opened: OpenStore
    let store: Store
    beforeEach(async () => {
      opened = await open()
      store = opened.store
    })
    afterEach(async () => opened.remove())

    it('finds what was committed, and nothing else', async () => {
      await store.commit([put('a', 'one'), put('b', ''), { type: 'put', key: utf8('c'), value: new Uint8Array(1 << 20) }])
      assert.deepEqual(await store.get(utf8('a')), found('one'))
      assert.deepEqual(await store.getMany([utf8('c'), utf8('x'), utf8('b')]), [
        { state: 'found', value: new Uint8Array(1 << 20) }, absent, found('')
      ])
      assert.deepEqual(await store.getMany([]), [])
    })

    it('takes an empty commit', async () => {
      await store.commit([])
      assert.deepEqual(await store.get(utf8('a')), absent)
    })

    it('forgets what was deleted, and takes the last of two values in one commit', async () => {
      await store.commit([put('a', 'one'), put('b', 'one')])
      await store.commit([{ type: 'delete', key: utf8('a') }, put('b', 'two'), put('b', 'three'), { type: 'delete', key: utf8('never') }])
      assert.deepEqual(await store.getMany([utf8('a'), utf8('b')]), [absent, found('three')])
    })

    it('applies commits in the order in which they were given', async () => {
      await Promise.all(Array.from({ length: 500 }, async (_, i) => store.commit([put(`k${i % 7}`, `${i}`), put(`own${i}`, `${i}`)])))
      for (let k = 0; k < 7; k++) {
        const last = Array.from({ length: 500 }, (_, i) => i).filter(i => i % 7 === k).at(-1)
        assert.deepEqual(await store.get(utf8(`k${k}`)), found(`${last}`))
      }
      for (let i = 0; i < 500; i++) assert.deepEqual(await store.get(utf8(`own${i}`)), found(`${i}`))
    })

    it('keeps its rows and its name when it is opened again', async () => {
      const block = new Uint8Array(300_000).fill(7)
      await store.commit([put('a', 'one'), { type: 'block', key: utf8('s'), value: block }])
      const again = await opened.reopen()
      assert.equal(again.storeId, store.storeId)
      assert.deepEqual(await again.get(utf8('a')), found('one'))
      assert.deepEqual(await again.getBlock(utf8('s'), sha256(block)), { state: 'found', value: block })
    })

    it('gives a block only to the digest that it has', async () => {
      const [one, two] = [utf8('first block'), utf8('second block')]
      await store.commit([{ type: 'block', key: utf8('s1'), value: one }, { type: 'block', key: utf8('s2'), value: two }, put('t', 'tagged')])
      const wanted = [['s1', one], ['s1', two], ['s3', one], ['s2', two], ['t', utf8('tagged')]] as const
      assert.deepEqual(await store.getBlocks(wanted.map(([key, bytes]) => ({ key: utf8(key), digest: sha256(bytes) }))), [
        { state: 'found', value: one }, damaged, absent, { state: 'found', value: two }, damaged
      ])
      assert.deepEqual(await store.getBlock(utf8('s1'), sha256(one).subarray(0, 16)), damaged)
      assert.deepEqual(await store.get(utf8('s1')), damaged)
    })

    it('gives plain byte arrays that do not change with later commits', async () => {
      const value = utf8('one')
      await store.commit([{ type: 'put', key: utf8('a'), value }])
      value.fill(0)
      const read = await store.get(utf8('a'))
      await store.commit([put('a', 'two')])
      assert.deepEqual(read, found('one'))
      assert.ok(read.state === 'found' && read.value.constructor === Uint8Array)
      for await (const key of store.keys(ALL)) assert.ok(key.constructor === Uint8Array)
    })

    it('walks any range in the order of unsigned bytes', async () => {
      const bytes = fc.uint8Array({ minLength: 1, maxLength: 3 })
      const key = bytes.map(tail => concat([utf8('k'), tail]))
      await fc.assert(fc.asyncProperty(
        fc.array(fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 20 })))), bytes, bytes, fc.option(fc.nat(5), { nil: undefined }), fc.boolean(),
        async (changes, from, to, limit, reverse) => {
          const clear: Row[] = []
          for await (const each of store.keys(ALL)) clear.push({ type: 'delete', key: each })
          await store.commit([...clear, ...changes.map(([each, value]): Row =>
            value === null ? { type: 'delete', key: each } : { type: 'put', key: each, value })])
          const model = new Map(changes.map(([each, value]) => [hex(each), { key: each, value }]))
          const range = { from: concat([utf8('k'), from]), to: concat([utf8('k'), to]), reverse, ...(limit === undefined ? {} : { limit }) }
          const expected = [...model.values()]
            .flatMap(({ key: each, value }) => value === null ? [] : [{ key: each, read: { state: 'found', value } }])
            .filter(each => compareBytes(each.key, range.from) >= 0 && compareBytes(each.key, range.to) < 0)
            .sort((a, b) => compareBytes(a.key, b.key) * (reverse ? -1 : 1))
            .slice(0, limit ?? Infinity)
          assert.deepEqual(await all(store.entries(range)), expected)
          assert.deepEqual(await all(store.keys(range)), expected.map(each => each.key))
        }), { numRuns: 60 })
    })

    it('walks more rows than it holds at once, and can be left on the way', async () => {
      const rows = Array.from({ length: 3_000 }, (_, i): Row => ({ type: 'put', key: concat([utf8('l'), u32(i)]), value: u32(i * 3) }))
      await store.commit(rows)
      const range = { from: utf8('l'), to: utf8('m') }
      const entries = await all(store.entries(range))
      assert.deepEqual(entries.map(({ key }) => key), rows.map(({ key }) => key))
      assert.ok(entries.every(({ read }, i) => read.state === 'found' && compareBytes(read.value, u32(i * 3)) === 0))
      for await (const key of store.keys({ ...range, reverse: true })) {
        assert.deepEqual(key, concat([utf8('l'), u32(2_999)]))
        break
      }
    })

    it('keeps live rows through a compaction', async () => {
      await store.commit([put('a', 'one'), put('b', 'two'), put('c', 'three')])
      await store.commit([{ type: 'delete', key: utf8('b') }])
      await store.compact({ from: utf8('a'), to: utf8('d') })
      assert.deepEqual(await store.getMany([utf8('a'), utf8('b'), utf8('c')]), [found('one'), absent, found('three')])
    })

    it('refuses keys that it cannot hold', async () => {
      await assert.rejects(store.commit([{ type: 'put', key: new Uint8Array(0), value: utf8('x') }]), { code: 'assertion' })
      await assert.rejects(store.commit([{ type: 'put', key: Uint8Array.of(0, 1), value: utf8('x') }]), { code: 'assertion' })
      await store.commit([put('a', 'one')])
      assert.deepEqual(await store.get(utf8('a')), found('one'))
    })

    it('finishes what was given to it before it closes, and takes nothing after', async () => {
      const given = Promise.all(Array.from({ length: 20 }, async (_, i) => store.commit([put(`k${i}`, `${i}`)])))
      await Promise.all([given, store.close()])
      await store.close()
      await assert.rejects(store.commit([put('late', 'x')]), { code: 'store.write' })
      await assert.rejects(store.get(utf8('k0')), { code: 'store.read' })
      const again = await opened.reopen()
      for (let i = 0; i < 20; i++) assert.deepEqual(await again.get(utf8(`k${i}`)), found(`${i}`))
      assert.deepEqual(await again.get(utf8('late')), absent)
    })
  })
}

async function all<T> (items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
