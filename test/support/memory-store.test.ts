import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { storeContract } from '../contract/store.ts'
import { openMemoryStore } from './memory-store.ts'

storeContract('the store in memory', async () => {
  const store = openMemoryStore()
  return { store, reopen: async () => store.reopen(), remove: async () => {} }
})

describe('the store in memory', () => {
  const row = { type: 'put', key: utf8('a'), value: utf8('one') } as const

  it('can be damaged, and is mended by a new value', async () => {
    const store = openMemoryStore()
    await store.commit([row])
    store.damage(row.key)
    assert.deepEqual(await store.get(row.key), { state: 'damaged' })
    await store.commit([row])
    assert.deepEqual(await store.get(row.key), { state: 'found', value: row.value })
  })

  it('can be told to fail, and then fails for good', async () => {
    const store = openMemoryStore()
    store.failWrites()
    await assert.rejects(store.commit([row]), { code: 'store.write' })
    await assert.rejects(store.commit([row]), { code: 'store.write' })
    assert.deepEqual(await store.get(row.key), { state: 'absent' })
  })
})
