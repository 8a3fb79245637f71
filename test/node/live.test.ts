import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { textOf } from '../../src/base/index.ts'
import type { AccessRecord } from '../../src/node/access/index.ts'
import type { ListenEnd, Listener, NumberedRecord } from '../../src/node/contract/index.ts'
import type { AssetFacts, DoorsOptions, Question } from '../../src/node/doors/index.ts'
import { Feeds, Signal, type Feed } from '../../src/node/feeds/index.ts'
import { Live, LIVE_LIMITS, type LiveLimits } from '../../src/node/live/index.ts'
import { takeTail } from '../../src/node/pulling/tail.ts'
import { ada, ben, feedOf, NOW_MS, recordsOf, type TestFeed } from '../core/feed.fixture.ts'
import { openDoors, OPEN, type OpenDoors } from '../support/doors.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { agreementOf, FOR_BEN, movingClock, policyOf, restricted } from './doors.fixture.ts'

const BINS = { publisher: ada.did, datasetId: 'bins' }
const SEGMENTS = 40
const GROWING = feedOf(ada, Array.from({ length: SEGMENTS }, () => recordsOf(5)), { datasetId: 'bins', class: 'members' })
const LIMITS: LiveLimits = { ...LIVE_LIMITS, roundMs: 0, portionRecordsMax: 8, seatsAtOnce: 1_024 }

type Stage = OpenDoors & {
  readonly live: Live
  readonly clock: ReturnType<typeof movingClock>
  readonly stopped: AbortController
  readonly question: Question
  grow (segments: number): Promise<void>
  listen (where: { readonly from: number } | { readonly last: number }, listener: Listener): { readonly from: number, stop (): void }
}

async function stage (described: () => AssetFacts = () => OPEN, limits: Partial<LiveLimits> = {}, access: Partial<DoorsOptions> = {}): Promise<Stage> {
  const clock = movingClock(NOW_MS)
  const feeds = await Feeds.load(openMemoryStore())
  const open = await openDoors({ own: ada.did, clock, ...access }, { describe: name => name === 'bins' ? described() : undefined })
  const feed = await feeds.register(GROWING.declaration.statement, GROWING.declaration, 'reader')
  const stopped = new AbortController()
  const live = new Live({
    readable: { feeds, keyring: { keyOf: () => undefined, changed: new Signal() } }, doors: open.doors, clock, follow: () => () => {}, stopped: stopped.signal,
    limits: { ...LIMITS, ...limits }
  })
  const question: Question = { door: 'stream', requester: ben.did, asset: BINS, records: 0 }
  return {
    ...open, live, clock, stopped, question,
    grow: segments => grow(feeds, feed, GROWING, segments),
    listen (where, listener) {
      const listening = live.listen({ feed, firstRecord: 0 }, question, where, listener)
      assert.ok(listening.ok, JSON.stringify(listening))
      return listening.value
    }
  }
}

async function grow (feeds: Feeds, feed: Feed, from: TestFeed, length: number): Promise<void> {
  const segments = from.segments.slice(0, length).map(({ leafData, bytes }, index) => ({ index, leafData, bytes }))
  assert.equal(await takeTail(feeds, feed, from.head(length), segments, NOW_MS), 'taken')
}

class Ear implements Listener {
  readonly heard: NumberedRecord[] = []
  readonly arrays: (readonly NumberedRecord[])[] = []
  readonly ends: (ListenEnd | undefined)[] = []
  /** While it is set, it takes nothing more. */
  held: Promise<void> | undefined

  readonly take = (records: readonly NumberedRecord[]): Promise<void> | undefined => {
    assert.equal(this.ends.length, 0, 'nothing comes after the end')
    this.heard.push(...records)
    this.arrays.push(records)
    return this.held
  }

  readonly end = (why: ListenEnd | undefined): void => { this.ends.push(why) }

  get numbers (): readonly number[] {
    return this.heard.map(({ number }) => number)
  }
}

/** Lets all that is under way in memory come to rest. */
async function settle (holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !holds(); turn++) await new Promise(resolve => { setImmediate(resolve) })
  assert.ok(holds())
}

const upTo = (end: number, from = 0): readonly number[] => Array.from({ length: end - from }, (_, at) => from + at)

describe('live records', () => {
  it('reach all who listen as one array, and those who begin in the past without a gap', async () => {
    const here = await stage()
    await here.grow(2)
    const ears = Array.from({ length: 50 }, () => new Ear())
    for (const ear of ears) here.listen({ last: 0 }, ear)
    const late = new Ear()
    assert.equal(here.listen({ from: 3 }, late).from, 3)
    const last = new Ear()
    assert.equal(here.listen({ last: 4 }, last).from, 6)
    await settle(() => late.heard.length === 7 && last.heard.length === 4)
    await here.grow(3)
    await settle(() => ears.every(({ heard }) => heard.length === 5) && late.heard.length === 12)
    assert.deepEqual([late.numbers, last.numbers], [upTo(15, 3), upTo(15, 6)])
    assert.equal(new Set([...ears, late, last].map(({ arrays }) => arrays.at(-1))).size, 1)
    assert.equal(textOf(late.heard[0]?.body ?? new Uint8Array()), textOf(recordsOf(5)[3]?.body ?? new Uint8Array()))
    assert.deepEqual(Object.fromEntries(here.live.metrics()), { hanse_live_listeners: 52, hanse_live_broadcasts: 1, hanse_live_slow_total: 0 })
  })

  it('come each once and in order to every listener, whenever it begins, pauses or leaves', async () => {
    const step = fc.oneof(
      fc.constant({ type: 'grow' as const }), fc.record({ type: fc.constant('join' as const), from: fc.nat(30) }),
      fc.record({ type: fc.constant('hold' as const), who: fc.nat(5) }), fc.record({ type: fc.constant('turn' as const), turns: fc.nat(6) })
    )
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const here = await stage()
      const ears: { readonly ear: Ear, readonly from: number }[] = []
      const held = new Map<Ear, () => void>()
      let segments = 0
      for (const each of steps) {
        if (each.type === 'grow' && segments < SEGMENTS) await here.grow(++segments)
        if (each.type === 'join' && ears.length < 6) {
          const ear = new Ear()
          ears.push({ ear, from: here.listen({ from: each.from }, ear).from })
        }
        if (each.type === 'turn') for (let turn = 0; turn < each.turns; turn++) await new Promise(resolve => { setImmediate(resolve) })
        const ear = each.type === 'hold' ? ears[each.who]?.ear : undefined
        if (ear === undefined) continue
        const release = held.get(ear)
        held.delete(ear)
        ear.held = undefined
        if (release === undefined) ear.held = new Promise(resolve => { held.set(ear, resolve) })
        else release()
      }
      for (const { ear } of ears) ear.held = undefined
      for (const release of held.values()) release()
      await settle(() => ears.every(({ ear, from }) => ear.heard.length >= segments * 5 - from))
      for (const { ear, from } of ears) assert.deepEqual(ear.numbers, upTo(segments * 5, Math.min(from, segments * 5)))
    }), { numRuns: Number(process.env['HANSE_CASES'] ?? 60) })
  })

  it('end for those alone whose right is lost, in the call that tells of it', async () => {
    const policy = policyOf([FOR_BEN])
    const here = await stage(() => restricted(policy))
    await here.standings.put(agreementOf({ policy, purpose: null }))
    const ear = new Ear()
    here.listen({ last: 0 }, ear)
    await here.grow(1)
    await settle(() => ear.heard.length === 5)
    const revoked = here.standings.revoke(agreementOf().id, NOW_MS)
    assert.deepEqual(ear.ends.map(why => why?.code), ['refused'])
    assert.match(ear.ends[0]?.reason ?? '', /the agreement was ended/)
    await here.grow(2)
    await revoked
    assert.equal(ear.heard.length, 5)
    assert.equal(new Map(here.live.metrics()).get('hanse_live_listeners'), 0)
  })

  it('are let through and written down for each listener by itself', async () => {
    const limited = policyOf([FOR_BEN, { leftOperand: 'urn:hanse:terms:1:recordsPerDay', operator: 'lteq', rightOperand: '12' }])
    const written: AccessRecord[] = []
    const counters = (): { readonly requests: number, readonly requestsToday: number, readonly recordsToday: number } => {
      const recordsToday = written.reduce((sum, { records }) => sum + records, 0)
      return { requests: written.length, requestsToday: written.length, recordsToday }
    }
    const record = async (access: AccessRecord): Promise<boolean> => { written.push(access); return true }
    const here = await stage(() => restricted(limited), {}, { access: { counters, record, refuse: () => {} } })
    await here.standings.put(agreementOf({ policy: limited, purpose: null }))
    const ears = [new Ear(), new Ear(), new Ear()]
    for (const ear of ears) here.listen({ last: 0 }, ear)
    await here.grow(1)
    await settle(() => ears.every(({ heard, ends }) => heard.length === 5 || ends.length === 1))
    assert.equal(ears.reduce((sum, { heard }) => sum + heard.length, 0), 10)
    assert.deepEqual(written.map(({ records, requests }) => [records, requests]), [[5, 1], [5, 1]])
    assert.deepEqual(ears.flatMap(({ ends }) => ends.map(why => why?.code)), ['refused'])
  })

  it('stop for who stays behind for long, with the reason, and for nobody else', async () => {
    const here = await stage(() => OPEN, { lagRecordsMax: 10, lagMs: 1_000 })
    const [slow, quick] = [new Ear(), new Ear()]
    here.listen({ last: 0 }, slow)
    here.listen({ last: 0 }, quick)
    slow.held = new Promise(() => {})
    for (let segments = 1; segments <= 5; segments++) {
      await here.grow(segments)
      await settle(() => quick.heard.length === segments * 5)
    }
    assert.equal(slow.ends.length, 0, 'for a while it may lag')
    here.clock.advance(1_000)
    await here.grow(6)
    await settle(() => quick.heard.length === 30)
    assert.deepEqual(slow.ends.map(why => why?.code), ['slow'])
    assert.equal(slow.heard.length, 5, 'what it did not take is kept nowhere')
    assert.deepEqual(quick.ends, [])
    assert.equal(new Map(here.live.metrics()).get('hanse_live_slow_total'), 1)
    const again = new Ear()
    here.listen({ from: 5 }, again)
    await settle(() => again.heard.length === 25)
    assert.deepEqual(again.numbers, upTo(30, 5))
  })

  it('wait for the next round, so that what comes close together is told together', async () => {
    const here = await stage(() => OPEN, { roundMs: 20, portionRecordsMax: 512 })
    const ear = new Ear()
    here.listen({ last: 0 }, ear)
    await here.grow(1)
    await settle(() => ear.arrays.length === 1)
    for (const segments of [2, 3, 4]) await here.grow(segments)
    here.clock.advance(20)
    await settle(() => ear.heard.length === 20)
    assert.equal(ear.arrays.length, 2)
  })

  it('end when the node stops', async () => {
    const here = await stage()
    const ear = new Ear()
    here.listen({ last: 0 }, ear)
    here.stopped.abort()
    assert.deepEqual(ear.ends, [undefined])
  })
})
