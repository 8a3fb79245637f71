import { strict as assert } from 'node:assert'
import { ACCESS_CLASS, ACCESS_DATASET_ID, AccessLog, decodeAccess, type AccessRecord } from '../../src/node/access/index.ts'
import { Feeds, type Feed } from '../../src/node/feeds/index.ts'
import { Epochs, Keyring } from '../../src/node/keyring/index.ts'
import { readableEnd, recordsOf } from '../../src/node/reading/index.ts'
import { Writer } from '../../src/node/writer/index.ts'
import { systemRandom } from '../../src/host/system/index.ts'
import { ada, ben, declarationOf, membership, NOW_MS } from '../core/feed.fixture.ts'
import { certificateOf } from '../core/identity.fixture.ts'
import { openMemoryStore, type MemoryStore } from '../support/memory-store.ts'
import { movingClock, WASTE } from './doors.fixture.ts'

const DAY_MS = 86_400_000
const AGREEMENT = 'urn:uuid:00000000-0000-4000-8000-000000000001'

type Desk = { readonly log: AccessLog, readonly feeds: Feeds, readonly keyring: Keyring, readonly clock: ReturnType<typeof movingClock>, readonly writer: Writer, readonly declared: () => number }

async function desk (store: MemoryStore, signer: MemoryStore, nowMs: number = NOW_MS): Promise<Desk> {
  const clock = movingClock(nowMs)
  const feeds = await Feeds.load(store)
  const keyring = await Keyring.load({ signer, random: systemRandom, wrappingKey: new Uint8Array(32), self: ada.did })
  const writer = new Writer({
    feeds, store, signer, clock, random: systemRandom, epochs: new Epochs({ keyring, feeds, clock, random: systemRandom }), segmentBytesTarget: 65_536, lingerMs: 50, onFatal: cause => { throw cause },
    voice: () => ({ federation: membership.federation, certificate: certificateOf(ada, membership.federation).id, key: ada.node })
  })
  let declared = 0
  const log = new AccessLog({
    feeds, keyring, writer, store, clock, log: () => {},
    declare: async () => {
      declared++
      const declaration = declarationOf(ada, { datasetId: ACCESS_DATASET_ID, class: ACCESS_CLASS })
      return feeds.register(declaration.statement, declaration, 'writer')
    }
  })
  await log.open()
  return { log, feeds, keyring, clock, writer, declared: () => declared }
}

function access (changes: Partial<AccessRecord> = {}): AccessRecord {
  return {
    outcome: 'allowed', timeMs: NOW_MS, agreementId: AGREEMENT, publisher: ada.did, datasetId: 'bins', requester: ben.did, door: 'read', purpose: WASTE,
    policyCid: null, requests: 1, records: 10, bytes: 100, reasons: [], ...changes
  }
}

async function written ({ feeds, keyring, log }: Desk): Promise<readonly AccessRecord[]> {
  const feed = log.feed as Feed
  const records: AccessRecord[] = []
  for await (const { body } of recordsOf({ feeds, keyring }, feed, 0, readableEnd(feed))) {
    const decoded = decodeAccess(body)
    assert.ok(decoded.ok)
    records.push(decoded.value)
  }
  return records
}

describe('doors: accesses', () => {
  it('are in a feed of their own before anything goes out, and counted at once', async () => {
    const here = await desk(openMemoryStore(), openMemoryStore())
    assert.deepEqual(here.log.counters(AGREEMENT), { requests: 0, requestsToday: 0, recordsToday: 0 })
    const under = [here.log.record(access()), here.log.record(access({ requests: 0 }))]
    assert.deepEqual(here.log.counters(AGREEMENT), { requests: 1, requestsToday: 1, recordsToday: 20 }, 'so that two at once cannot both be the last')
    assert.deepEqual(await Promise.all(under), [true, true])
    assert.deepEqual(await written(here), [access(), access({ requests: 0 })])
    assert.equal(here.log.feed?.declaration.class, ACCESS_CLASS)
    assert.equal(here.declared(), 1)
  })

  it('are counted by days of UTC, and in all', async () => {
    const here = await desk(openMemoryStore(), openMemoryStore())
    await here.log.record(access())
    here.clock.advance(DAY_MS)
    assert.deepEqual(here.log.counters(AGREEMENT), { requests: 1, requestsToday: 0, recordsToday: 0 })
    await here.log.record(access({ timeMs: NOW_MS + DAY_MS, records: 3 }))
    assert.deepEqual(here.log.counters(AGREEMENT), { requests: 2, requestsToday: 1, recordsToday: 3 })
  })

  it('count the same after any restart, with or without a good end', async () => {
    const [store, signer] = [openMemoryStore(), openMemoryStore()]
    let here = await desk(store, signer)
    for (let life = 1; life <= 4; life++) {
      for (let at = 0; at < 7; at++) await here.log.record(access({ records: at }))
      here.log.refuse(access({ outcome: 'refused', requests: 0, records: 0, bytes: 0, reasons: ['agreement.none'], timeMs: NOW_MS + life }))
      await here.writer.flush()
      if (life % 2 === 0) await here.log.stop()
      here = await desk(store, signer)
      assert.deepEqual(here.log.counters(AGREEMENT), { requests: 7 * life, requestsToday: 7 * life, recordsToday: 21 * life })
      assert.equal(here.declared(), 0)
    }
  })

  it('that are refused are counted by reason, and the first of each agreement, reason and hour is kept', async () => {
    const here = await desk(openMemoryStore(), openMemoryStore())
    const refusal = (reason: string, timeMs = NOW_MS): AccessRecord => access({ outcome: 'refused', requests: 0, records: 0, bytes: 0, reasons: [reason], timeMs })
    for (let at = 0; at < 10; at++) here.log.refuse(refusal('count.exhausted'))
    here.log.refuse(refusal('purpose.outside'))
    here.log.refuse(refusal('count.exhausted', NOW_MS + 3_600_000))
    await here.log.record(access())
    assert.deepEqual([...here.log.refusals], [['count.exhausted', 11], ['purpose.outside', 1]])
    assert.deepEqual((await written(here)).filter(({ outcome }) => outcome === 'refused').map(({ reasons }) => reasons[0]), ['count.exhausted', 'purpose.outside', 'count.exhausted'])
    assert.deepEqual(here.log.counters(AGREEMENT), { requests: 1, requestsToday: 1, recordsToday: 10 }, 'a refusal uses nothing up')
  })

  it('are not known while their feed is not whole, so that nothing with a limit goes out', async () => {
    const [store, signer] = [openMemoryStore(), openMemoryStore()]
    const before = await desk(store, signer)
    await before.log.record(access())
    await before.writer.flush()
    const feeds = await Feeds.load(store)
    const [feed] = feeds.all()
    assert.ok(feed !== undefined)
    feed.status = 'recovering'
    const log = new AccessLog({ feeds, keyring: before.keyring, writer: before.writer, store, clock: before.clock, log: () => {}, declare: async () => undefined })
    await log.open()
    assert.equal(log.counters(AGREEMENT), undefined)
    assert.equal(await log.record(access()), false)
  })
})
