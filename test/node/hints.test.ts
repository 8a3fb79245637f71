import { strict as assert } from 'node:assert'
import { decodeNote } from '../../src/core/sync/index.ts'
import type { Network, Peer } from '../../src/host/index.ts'
import type { AssetFacts } from '../../src/node/doors/index.ts'
import { Feeds, Signal } from '../../src/node/feeds/index.ts'
import { Hints } from '../../src/node/hints/index.ts'
import { takeTail } from '../../src/node/pulling/tail.ts'
import { ada, ben, feedOf, NOW_MS, recordsOf } from '../core/feed.fixture.ts'
import { openDoors } from '../support/doors.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { agreementOf, FOR_BEN, FOR_WASTE, policyOf, restricted } from './doors.fixture.ts'
import { stillClock } from './loopback.fixture.ts'

const clock = stillClock(NOW_MS)

describe('hints', () => {
  it('tell the head of a feed again once its description says who may have it: it may be signed before', async () => {
    let described: AssetFacts | undefined
    const changed = new Signal<{ readonly publisher: string, readonly datasetId: string }>()
    const { doors, standings } = await openDoors({ own: ada.did, clock }, { describe: () => described, changed })
    await standings.put(agreementOf())
    const notes: Uint8Array[] = []
    const peer = { peerId: ben.did, note: (_: string, note: Uint8Array) => { notes.push(note) } } as unknown as Peer
    const network = { peers: () => [peer], publish: () => true } as unknown as Network
    const feeds = await Feeds.load(openMemoryStore())
    const hints = new Hints({ feeds, doors, clock, network, topic: 'heads', protocol: 'sync', memberOf: peerId => peerId })
    const bins = feedOf(ada, [recordsOf(3)], { datasetId: 'bins', class: 'restricted' })
    const feed = await feeds.register(bins.declaration.statement, bins.declaration, 'writer')
    const segments = bins.segments.map(({ leafData, bytes }, index) => ({ index, leafData, bytes }))
    assert.equal(await takeTail(feeds, feed, bins.head(1), segments, NOW_MS), 'taken')
    assert.equal(headsIn(notes), 0, 'nobody knows yet whom it is for')
    described = restricted(policyOf([FOR_BEN, FOR_WASTE]))
    changed.emit({ publisher: ada.did, datasetId: 'bins' })
    assert.equal(headsIn(notes), 1)
    hints.stop()
  })
})

function headsIn (notes: readonly Uint8Array[]): number {
  return notes.filter(note => {
    const decoded = decodeNote(note)
    return decoded.ok && decoded.value.kind === 'head'
  }).length
}
