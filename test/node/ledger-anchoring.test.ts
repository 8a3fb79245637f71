import { strict as assert } from 'node:assert'
import { decodeOperation, OPERATIONS, type LedgerTransaction } from '../../src/core/ledger/index.ts'
import type { Clock } from '../../src/host/index.ts'
import { Feed, Signal } from '../../src/node/feeds/index.ts'
import { Anchoring, type AnchoringOptions } from '../../src/node/ledger/index.ts'
import { feedOf, recordOf, type TestFeed } from '../core/feed.fixture.ts'
import { foundedChain } from '../core/ledger.fixture.ts'

const MINUTE_MS = 60_000

/** Time that goes on only when the test says so. */
class SlowClock {
  ms: number
  #waking: { readonly atMs: number, readonly wake: () => void }[] = []

  constructor (ms: number) {
    this.ms = ms
  }

  readonly clock: Clock = {
    nowMs: () => this.ms, monotonicMs: () => this.ms,
    wake: (afterMs, wake) => {
      const waking = { atMs: this.ms + afterMs, wake }
      this.#waking.push(waking)
      return () => { this.#waking = this.#waking.filter(each => each !== waking) }
    }
  }

  async pass (ms: number): Promise<void> {
    const end = this.ms + ms
    for (;;) {
      const [next] = this.#waking.filter(({ atMs }) => atMs <= end).toSorted((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#waking = this.#waking.filter(each => each !== next)
      this.ms = Math.max(this.ms, next.atMs)
      next.wake()
      await new Promise(setImmediate)
    }
    this.ms = end
  }
}

/** One member whose ledger makes whatever is written final at once. */
function townWith (): {
  readonly time: SlowClock
  readonly written: { readonly atMs: number, readonly operations: readonly Uint8Array[] }[]
  readonly described: Map<string, Uint8Array>
  readonly anchoring: Anchoring
  readonly put: (feed: TestFeed, length?: number) => Feed
  /** What the ledger refused. */
  readonly refused: string[]
} {
  const chain = foundedChain(1)
  const [city] = chain.founders
  assert.ok(city !== undefined)
  const time = new SlowClock(chain.timeMs)
  const written: { readonly atMs: number, readonly operations: readonly Uint8Array[] }[] = []
  const feeds = new Map<string, Feed>()
  const changed = new Signal<Feed>()
  const finals: AnchoringOptions['consensus']['finals'] = new Signal()
  const described = new Map<string, Uint8Array>()
  const waiting: LedgerTransaction[] = []
  const refused: string[] = []
  const anchoring = new Anchoring({
    own: city.did, feeds: { all: () => feeds.values(), changed }, clock: time.clock,
    consensus: { get state () { return chain.state }, finals, waiting: () => waiting },
    author: {
      write: async operations => {
        const ran = chain.block([chain.byNode(city, operations)], { timeMs: time.ms })
        if (!ran.ok) {
          chain.forget(city.node)
          refused.push(ran.failure.code)
          return { ok: false, failure: ran.failure }
        }
        written.push({ atMs: time.ms, operations })
        finals.emit({ blocks: [], proof: { headers: [], cert: null as never } })
        return { ok: true, value: { id: '', state: 'final', height: chain.height } }
      }
    },
    describe: datasetId => ({ schemaHash: described.get(datasetId) ?? null, licenceHash: null, policyCommit: null }), mayName: () => true,
    onFatal: cause => { throw cause }, log: () => {}
  })
  return {
    time, written, described, anchoring, refused,
    put: ({ declaration, segments, head }, length = segments.length) => {
      const feed = feeds.get(declaration.id.toString()) ?? new Feed({
        number: feeds.size + 1, id: declaration.id, declaration, statement: declaration.statement.envelope, role: 'writer'
      })
      feeds.set(feed.key, feed)
      for (const { leafData } of segments.slice(feed.log.length, length)) feed.append(leafData)
      feed.head = head(length)
      changed.emit(feed)
      return feed
    }
  }
}

const CITY = foundedChain(1).founders[0]

/** A feed of `segments` segments with a record each. */
function feedCalled (datasetId: string, segments: number, changes: Parameters<typeof feedOf>[2] = {}): TestFeed {
  assert.ok(CITY !== undefined)
  return feedOf(CITY, Array.from({ length: segments }, (_, i) => [recordOf(`${i}`)]), { datasetId, ...changes })
}

const putsOf = (operations: readonly Uint8Array[]): readonly string[] =>
  operations.flatMap(each => decodeOperation(OPERATIONS.datasetPut, each)?.dataset ?? [])
const lengthsOf = (operations: readonly Uint8Array[]): readonly number[] =>
  operations.flatMap(each => decodeOperation(OPERATIONS.datasetAnchor, each)?.heads.map(([, length]) => length) ?? [])

describe('anchoring', () => {
  it('puts a new dataset with its first anchor, and is silent afterwards', async () => {
    const { time, written, put } = townWith()
    put(feedCalled('stops', 3))
    await time.pass(1_000)
    assert.equal(written.length, 1)
    assert.deepEqual([putsOf(written[0]?.operations ?? []), lengthsOf(written[0]?.operations ?? [])], [['stops'], [3]])
    await time.pass(60 * MINUTE_MS)
    assert.equal(written.length, 1)
  })

  it('anchors what grows at most once a minute, and the newest of it', async () => {
    const { time, written, put, refused } = townWith()
    const feed = feedCalled('air', 40)
    for (let length = 1; length <= 40; length++) {
      put(feed, length)
      await time.pass(5_000)
    }
    await time.pass(2 * MINUTE_MS)
    const times = written.map(({ atMs }) => atMs)
    assert.ok(written.length >= 3 && written.length <= 5, `${written.length}`)
    for (const [at, ms] of times.slice(1).entries()) assert.ok(ms - (times[at] ?? 0) >= MINUTE_MS)
    assert.deepEqual(lengthsOf(written.at(-1)?.operations ?? []), [40])
    assert.deepEqual(refused, [], 'it does not try before its time')
  })

  it('names at most 16 feeds at once, those that wait longest first', async () => {
    const { time, written, put } = townWith()
    for (let i = 0; i < 20; i++) put(feedCalled(`feed-${i}`, 1))
    await time.pass(1_000)
    assert.equal(lengthsOf(written[0]?.operations ?? []).length, 16)
    put(feedCalled('feed-0', 2))
    await time.pass(2 * MINUTE_MS)
    assert.deepEqual(lengthsOf(written[1]?.operations ?? []), [1, 1, 1, 1, 2])
    assert.deepEqual(putsOf(written[1]?.operations ?? []), ['feed-16', 'feed-17', 'feed-18', 'feed-19'])
  })

  it('takes the catalogue along, and anchors it alone after a while', async () => {
    const { time, written, put } = townWith()
    put(feedCalled('catalogue', 1))
    await time.pass(30_000)
    assert.equal(written.length, 0)
    put(feedCalled('stops', 1))
    await time.pass(1_000)
    assert.deepEqual(lengthsOf(written[0]?.operations ?? []), [1, 1])
    put(feedCalled('catalogue', 2))
    await time.pass(3 * MINUTE_MS)
    assert.deepEqual(written.map(({ operations }) => lengthsOf(operations)), [[1, 1], [2]])
  })

  it('says nothing of feeds between two members, nor of frozen ones', async () => {
    const { time, written, put } = townWith()
    put(feedCalled('secret', 1, { class: `pair:${CITY?.did ?? 'did:key:z'}` }))
    put(feedCalled('forked', 1)).status = 'frozen'
    await time.pass(5 * MINUTE_MS)
    assert.equal(written.length, 0)
  })

  it('says once more what a dataset is when its description changes, without an anchor', async () => {
    const { time, written, put, described, anchoring } = townWith()
    put(feedCalled('stops', 1))
    await time.pass(1_000)
    described.set('stops', new Uint8Array(32).fill(7))
    anchoring.look()
    await time.pass(MINUTE_MS)
    assert.equal(written.length, 2)
    assert.deepEqual([putsOf(written[1]?.operations ?? []), lengthsOf(written[1]?.operations ?? [])], [['stops'], []])
    anchoring.stop()
    put(feedCalled('stops', 2))
    await time.pass(5 * MINUTE_MS)
    assert.equal(written.length, 2, 'a stopped one writes nothing')
  })

  it('adds a feed that supersedes another to its dataset', async () => {
    const { time, written, put } = townWith()
    put(feedCalled('stops', 1))
    await time.pass(1_000)
    put(feedCalled('stops', 1, { nonce: new Uint8Array(16).fill(9) }))
    await time.pass(5 * MINUTE_MS)
    const puts = written.flatMap(({ operations }) => operations.flatMap(each => decodeOperation(OPERATIONS.datasetPut, each)?.feeds.length ?? []))
    assert.deepEqual(puts, [1, 2])
    assert.equal(written.flatMap(({ operations }) => lengthsOf(operations)).length, 2)
  })
})
