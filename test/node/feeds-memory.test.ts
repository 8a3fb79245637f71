import { strict as assert } from 'node:assert'
import { Feeds, type Feed } from '../../src/node/feeds/index.ts'
import { takeTail } from '../../src/node/pulling/tail.ts'
import { ada, feedOf, NOW_MS, recordsOf } from '../core/feed.fixture.ts'
import { openMemoryStore } from '../support/memory-store.ts'

describe('segments in memory', () => {
  it('are those that came last, and none that was only read: whoever reads here and there drives nothing out', async () => {
    const store = openMemoryStore()
    const bins = feedOf(ada, [recordsOf(3), recordsOf(4), recordsOf(5)], { datasetId: 'bins' })
    const segments = bins.segments.map(({ leafData, bytes }, index) => ({ index, leafData, bytes }))
    let [looks, reads] = [0, 0]
    const counting = { ...store, getBlocks: async (...wanted: Parameters<typeof store.getBlocks>) => {
      looks++
      reads += wanted[0].length
      return store.getBlocks(...wanted)
    } }
    const held = async (feeds: Feeds, feed: Feed, index: number): Promise<boolean> => {
      const before = reads
      assert.deepEqual(await feeds.segment(feed, index), segments[index]?.bytes)
      return reads === before
    }
    const before = await Feeds.load(counting)
    assert.equal(await takeTail(before, await before.register(bins.declaration.statement, bins.declaration, 'writer'), bins.head(2), segments.slice(0, 2), NOW_MS), 'taken')
    const feeds = await Feeds.load(counting)
    const feed = feeds.get(bins.declaration.statement.id)
    assert.ok(feed !== undefined)
    for (let time = 0; time < 2; time++) for (const index of [0, 1]) assert.equal(await held(feeds, feed, index), false)
    assert.equal(await takeTail(feeds, feed, bins.head(3), segments.slice(2), NOW_MS), 'taken')
    for (let time = 0; time < 2; time++) assert.equal(await held(feeds, feed, 2), true)
    const [looksBefore, readsBefore] = [looks, reads]
    assert.deepEqual(await feeds.segmentsAt(feed, [1, 2, 0, 3]), [segments[1]?.bytes, segments[2]?.bytes, segments[0]?.bytes, undefined])
    assert.deepEqual([looks - looksBefore, reads - readsBefore], [1, 2], 'those that are not in memory, at once')
  })
})
