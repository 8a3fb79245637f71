import { strict as assert } from 'node:assert'
import { readUint, u64, utf8 } from '../../src/base/index.ts'
import type { Row, Store } from '../../src/host/index.ts'
import { Keeper } from '../../src/node/consensus/keeper.ts'

/** A database whose commits end when the test says so. */
function slowStore (): { readonly store: Store, readonly commits: { readonly rows: readonly Row[], end (error?: Error): Promise<void> }[] } {
  const commits: { readonly rows: readonly Row[], end (error?: Error): Promise<void> }[] = []
  const unused = (): never => { throw new Error('not asked here') }
  return {
    commits,
    store: {
      storeId: 'slow', get: unused, getMany: unused, getBlock: unused, getBlocks: unused, entries: unused, keys: unused, compact: unused, close: unused,
      commit: rows => new Promise<void>((resolve, reject) => {
        commits.push({
          rows,
          end: async error => {
            if (error === undefined) resolve()
            else reject(error)
            for (let turn = 0; turn < 5; turn++) await Promise.resolve()
          }
        })
      })
    }
  }
}

const rowOf = (name: string): Row => ({ type: 'put', key: utf8(name), value: utf8(name) })
const namesOf = (rows: readonly Row[]): readonly string[] => rows.map(({ key }) => new TextDecoder().decode(key))

function setUp (votesKept = 0): {
  readonly keeper: Keeper, readonly store: ReturnType<typeof slowStore>, readonly signer: ReturnType<typeof slowStore>, readonly ran: string[],
  readonly fatal: unknown[], readonly keep: (database: 'signer' | 'store', name: string, more?: { votes?: number, isLazy?: boolean }) => void,
  readonly after: (name: string) => void
} {
  const [store, signer] = [slowStore(), slowStore()]
  const [ran, fatal]: [string[], unknown[]] = [[], []]
  const keeper = new Keeper({
    store: store.store, signer: signer.store, votesKept, countRow: count => ({ type: 'put', key: utf8('count'), value: u64(count) }),
    onSynced: () => { ran.push('synced') }, onFatal: cause => fatal.push(cause)
  })
  return {
    keeper, store, signer, ran, fatal,
    keep: (database, name, { votes = 0, isLazy = false } = {}) => keeper.keep({
      signer: database === 'signer' ? [rowOf(name)] : [], store: database === 'store' ? [rowOf(name)] : [], votes, isLazy
    }),
    after: name => keeper.afterSync(() => { ran.push(name) })
  }
}

describe('keeping what the engine says', () => {
  it('holds back what rests on rows until both databases have synced them', async () => {
    const { keeper, store, signer, ran, keep, after } = setUp()
    after('before')
    assert.deepEqual(ran, ['before'], 'nothing is waited for yet')
    keep('signer', 'vote')
    keep('store', 'block')
    after('vote leaves')
    keeper.flush()
    await store.commits[0]?.end()
    assert.deepEqual(ran, ['before'], 'one of the two is not enough')
    await signer.commits[0]?.end()
    assert.deepEqual(ran, ['before', 'vote leaves', 'synced'])
  })

  it('lets steps share the next sync while one is under way, and keeps their order', async () => {
    const { keeper, signer, ran, keep, after } = setUp()
    keep('signer', 'first')
    keeper.flush()
    after('rests on the first')
    keep('signer', 'second')
    after('rests on the second')
    keep('signer', 'third')
    keeper.flush()
    assert.equal(signer.commits.length, 1, 'one sync at a time')
    await signer.commits[0]?.end()
    assert.deepEqual(ran, ['rests on the first', 'synced'])
    assert.deepEqual(signer.commits.map(({ rows }) => namesOf(rows)), [['first'], ['second', 'third']])
    await signer.commits[1]?.end()
    assert.deepEqual(ran, ['rests on the first', 'synced', 'rests on the second', 'synced'])
  })

  it('holds nothing back for lazy rows, and keeps them nevertheless', async () => {
    const { keeper, store, ran, keep, after } = setUp()
    keep('store', 'certificate', { isLazy: true })
    after('leaves at once')
    assert.deepEqual(ran, ['leaves at once'])
    keeper.flush()
    after('leaves during their sync')
    assert.deepEqual(ran, ['leaves at once', 'leaves during their sync'])
    const drained = keeper.drain()
    await store.commits[0]?.end()
    await drained
    assert.deepEqual(namesOf(store.commits[0]?.rows ?? []), ['certificate'])
  })

  it('repeats in the store how many votes were durable before, never those of the same sync', async () => {
    const { keeper, store, signer, keep } = setUp(3)
    const repeated = (at: number): number | undefined => {
      const row = store.commits[at]?.rows.find(({ key }) => new TextDecoder().decode(key) === 'count')
      return row?.type === 'put' ? readUint(row.value, 0, 8) : undefined
    }
    keep('signer', 'vote 4', { votes: 4 })
    keep('store', 'block')
    keeper.flush()
    assert.equal(repeated(0), 3)
    await Promise.all([signer.commits[0]?.end(), store.commits[0]?.end()])
    keep('store', 'block 2')
    keeper.flush()
    assert.equal(repeated(1), 4)
    await store.commits[1]?.end()
    keep('store', 'block 3')
    keeper.flush()
    assert.equal(repeated(2), undefined, 'it stands there already')
  })

  it('lets nothing leave any more after a failed sync, and says that the node cannot go on', async () => {
    const { keeper, signer, ran, fatal, keep, after } = setUp()
    keep('signer', 'vote')
    after('vote leaves')
    keeper.flush()
    await signer.commits[0]?.end(new Error('the disk is gone'))
    after('later')
    keep('signer', 'another')
    keeper.flush()
    assert.deepEqual(ran, [])
    assert.equal(fatal.length, 1)
    assert.equal(signer.commits.length, 1)
    await keeper.drain()
  })
})
