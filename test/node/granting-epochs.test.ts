import { strict as assert } from 'node:assert'
import { Epochs, Keyring, type LossOf } from '../../src/node/keyring/index.ts'
import type { Feed } from '../../src/node/feeds/index.ts'
import { systemRandom } from '../../src/host/system/index.ts'
import { ada, declarationOf, NOW_MS } from '../core/feed.fixture.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { movingClock } from './doors.fixture.ts'

const DAY_MS = 86_400_000

/** Of a feed only what it was declared as, and its newest head, are looked at. */
function feedWith (feedClass: 'members' | 'restricted', keyEpoch = 0): Feed {
  return { role: 'writer', declaration: declarationOf(ada, { datasetId: 'bins', class: feedClass }), head: { keyEpoch } } as Feed
}

async function epochsOf (feeds: readonly Feed[], signer = openMemoryStore()): Promise<{ readonly epochs: Epochs, readonly clock: ReturnType<typeof movingClock>, readonly began: string[] }> {
  const clock = movingClock(NOW_MS)
  const keyring = await Keyring.load({ signer, random: systemRandom, wrappingKey: new Uint8Array(32), self: ada.did })
  const epochs = new Epochs({ keyring, feeds: { all: () => feeds }, clock, random: systemRandom })
  const began: string[] = []
  epochs.began.on(({ why }) => began.push(why))
  return { epochs, clock, began }
}

describe('granting: epochs', () => {
  it('begin with the first segment of a sealed feed, once for all who ask, and never for one in clear', async () => {
    const feed = feedWith('restricted')
    const { epochs, began } = await epochsOf([feed])
    assert.equal(epochs.current(feedWith('members')), undefined)
    assert.equal(epochs.newestOf(feed), 0)
    const both = await Promise.all([epochs.current(feed), epochs.current(feed)])
    assert.deepEqual(both.map(epoch => epoch?.epoch), [1, 1])
    assert.deepEqual(epochs.current(feed), both[0], 'at once from then on')
    assert.equal(epochs.newestOf(feed), 1)
    assert.deepEqual(began, ['first'])
  })

  it('end after 30 days, with the next segment', async () => {
    const feed = feedWith('restricted')
    const { epochs, clock, began } = await epochsOf([feed])
    await epochs.current(feed)
    clock.advance(30 * DAY_MS - 1)
    assert.equal((await epochs.current(feed))?.epoch, 1)
    clock.advance(60_000)
    assert.equal(epochs.newestOf(feed), 1, 'not while all is quiet')
    assert.equal((await epochs.current(feed))?.epoch, 2)
    assert.deepEqual(began, ['first', 'age'])
  })

  it('end when somebody who holds the key has lost the right, as soon as that can have been', async () => {
    const feed = feedWith('restricted')
    const { epochs, clock, began } = await epochsOf([feed])
    let lost: ReturnType<LossOf>['loss']
    const asked: number[] = []
    epochs.watch((_, epoch) => {
      asked.push(epoch)
      return { loss: epoch === 1 ? lost : undefined, untilMs: Infinity }
    })
    await epochs.current(feed)
    for (let at = 0; at < 5; at++) void epochs.current(feed)
    assert.deepEqual(asked, [1], 'not anew for each segment')
    lost = 'revocation'
    epochs.review()
    assert.equal((await epochs.current(feed))?.epoch, 2)
    void epochs.current(feed)
    assert.deepEqual(asked, [1, 1, 2])
    clock.advance(60_000)
    void epochs.current(feed)
    assert.deepEqual(asked, [1, 1, 2, 2], 'and once a minute, because rights also end by time')
    assert.deepEqual(began, ['first', 'revocation'])
  })

  it('end with the first segment after the moment at which a right ends by time', async () => {
    const feed = feedWith('restricted')
    const { epochs, clock, began } = await epochsOf([feed])
    const untilMs = NOW_MS + 5_000
    epochs.watch(() => ({ loss: clock.nowMs() < untilMs ? undefined : 'revocation', untilMs: clock.nowMs() < untilMs ? untilMs : Infinity }))
    await epochs.current(feed)
    clock.advance(4_999)
    assert.equal((await epochs.current(feed))?.epoch, 1)
    clock.advance(1)
    assert.equal((await epochs.current(feed))?.epoch, 2)
    assert.deepEqual(began, ['first', 'revocation'])
  })

  it('never take a number again that a head names, though its key is lost', async () => {
    const feed = feedWith('restricted', 7)
    const { epochs } = await epochsOf([feed])
    assert.equal((await epochs.current(feed))?.epoch, 8)
  })

  it('begin anew where a head names a newer one than came back from a backup', async () => {
    const signer = openMemoryStore()
    const before = await epochsOf([feedWith('restricted')], signer)
    await before.epochs.current(feedWith('restricted'))
    const feed = feedWith('restricted', 4)
    const { epochs, began } = await epochsOf([feed], signer)
    assert.equal((await epochs.current(feed))?.epoch, 5)
    assert.deepEqual(began, ['lost-key'])
  })
})
