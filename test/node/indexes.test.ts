import { strict as assert } from 'node:assert'
import { systemClock } from '../../src/host/system/index.ts'
import { Signal } from '../../src/node/feeds/index.ts'
import { Indexes } from '../../src/node/indexing/index.ts'
import { ada, feedOf, recordsOf } from '../core/feed.fixture.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { until } from '../support/nodes.ts'
import { town } from './bundle.fixture.ts'

describe('the index of a feed', () => {
  it('is looked at once more where the feed grew while there was nothing more to be built', async () => {
    const { feeds } = await town()
    const { declaration } = feedOf(ada, [recordsOf(1)], { datasetId: 'bins', class: 'members' })
    const feed = await feeds.register(declaration.statement, declaration, 'reader')
    const keyring = { keyOf: () => undefined, localKey: () => Promise.reject(new Error('nothing is sealed')), changed: new Signal<void>() }
    const indexes = new Indexes({ readable: { feeds, keyring }, store: openMemoryStore(), clock: systemClock, log: () => {}, onFatal: cause => { throw cause } })
    let builds = 0
    Object.assign(indexes.cover(feed, { format: { delimiter: null, columns: [] }, first: 0, end: null }), {
      build: async () => {
        if (++builds === 1) feeds.changed.emit(feed)
        return false
      }
    })
    await indexes.open()
    await until(() => indexes.isIdle, 'all that can be built is')
    await indexes.stop()
    assert.equal(builds, 2)
  })
})
