import { strict as assert } from 'node:assert'
import type { StandingAgreement } from '../../src/node/doors/index.ts'
import { openSegment } from '../../src/core/feed/index.ts'
import { readSealedPrefix } from '../../src/core/sealing/index.ts'
import { recordsOf } from '../../src/node/reading/index.ts'
import { randomFrom, SEED } from '../support/chance.ts'
import { connected, found, removeCities, restart, until } from '../support/nodes.ts'
import { append, contentOf, fileOf, streamOf, tableOf } from '../support/publications.ts'
import {
  agree, agreeAndGrant, bodiesFrom, compact, countIn, countInFolder, countInRows, didOf, feedOf, holds, makeOpenCity, restrictedTo, standingBetween, Tap, type OpenCity
} from './sealing.fixture.ts'

const CANARY = 'CANARY-OF-THE-HARBOUR-4711'
/** Of an open dataset: shows that the search finds what is there. */
const CONTROL = 'SPARROW-ON-THE-MARKET-1234'
const RECORDS = 1_000

/** Rows that no compression can hide: what stands around the canary is never the same twice. */
function canaryRows (): readonly string[] {
  const random = randomFrom(SEED)
  return Array.from({ length: RECORDS }, (_, at) => `${at} ${CANARY} ${random().toString(36)}`)
}

describe('sealing: four cities', function () {
  const tap = new Tap()
  let cities: readonly OpenCity[] = []
  const [ada, ben, cyd, dov] = [0, 1, 2, 3].map(at => () => cities[at] as OpenCity) as [() => OpenCity, () => OpenCity, () => OpenCity, () => OpenCity]
  const rows = canaryRows()
  let agreed: StandingAgreement | undefined

  /** Ben gets the keys; Cyd may keep encrypted copies where clause 14 says so; Dov runs from a folder that is looked into. */
  before(async () => {
    cities = [await makeOpenCity('Ada', {}, tap.openNetwork), await makeOpenCity('Ben', {}, tap.openNetwork), await makeOpenCity('Cyd', {}, tap.openNetwork), await makeOpenCity('Dov')]
    await found(cities)
    await connected(cities)
    const { node } = ada()
    const published = [
      await node.publish(...tableOf('secret', rows), undefined, restrictedTo(node, ['Ben'], 'members')),
      await node.publish(...tableOf('closed', rows), undefined, restrictedTo(node, ['Ben'], 'nobody'))
    ]
    assert.ok(published.every(({ ok }) => ok), JSON.stringify(published))
  })
  after(() => removeCities(cities))

  it('stores a restricted feed sealed, says so in the head, and reads it with its own keys', async () => {
    const feed = feedOf(ada(), ada(), 'secret')
    assert.equal(feed.declaration.class, 'restricted')
    assert.equal(feed.head?.keyEpoch, 1)
    const stored = await ada().rooms().federation.feeds.segment(feed, 0)
    assert.ok(stored !== undefined)
    const opened = openSegment(stored)
    assert.equal(!opened.ok && opened.failure.code, 'sealed')
    const prefix = readSealedPrefix(stored)
    assert.equal(prefix.ok && prefix.value.keyEpoch, 1)
    assert.deepEqual(await bodiesFrom(ada().node, 'secret'), rows)
    const report = await ada().node.verify('secret')
    assert.ok(report.ok && report.value.verified, JSON.stringify(report))
    const dataset = ada().node.dataset('secret')
    assert.equal(dataset.ok && dataset.value.distribution.sha256, null, 'no hash by which a guess could be tested')
  })

  it('keeps its access feed sealed too', async () => {
    const { federation } = ada().rooms()
    assert.ok(await federation.access.record({
      outcome: 'allowed', timeMs: Date.now(), agreementId: null, publisher: didOf(ada()), datasetId: 'secret', requester: didOf(ben()), door: 'read', purpose: null,
      policyCid: null, requests: 1, records: 1, bytes: 1, reasons: []
    }))
    const { feed } = federation.access
    assert.ok(feed?.head !== undefined && feed.head.keyEpoch === 1)
    const stored = await federation.feeds.segment(feed, 0)
    assert.ok(stored !== undefined && readSealedPrefix(stored).ok)
  })

  it('lets members keep what they cannot read where clause 14 says so, and only there', async () => {
    await holds(cyd(), ada(), 'secret', RECORDS)
    await holds(dov(), ada(), 'secret', RECORDS)
    assert.equal(feedOf(cyd(), ada(), 'secret').storedBytes, feedOf(ada(), ada(), 'secret').storedBytes)
    await until(() => cyd().node.dataset('closed').ok, 'it is listed')
    const closed = cyd().node.dataset('closed')
    assert.ok(closed.ok && closed.value.held.records === 0, `encrypted copies are for nobody there ${JSON.stringify(closed)}`)
    const read = cyd().node.read('secret', { from: 0, limit: 1 })
    assert.ok(!read.ok && read.failure.reason.includes('there is no agreement for it'), 'and its own people are told why they may not')
  })

  it('checks what cannot be read as far as that goes, and says that it is sealed', async () => {
    const report = await cyd().node.verify('secret')
    assert.ok(report.ok && report.value.verified && report.value.records === RECORDS)
    assert.match(report.value.checks.find(({ name }) => name === 'records')?.detail ?? '', /sealed.*no grant for epoch 1/)
    const scrubbed = await cyd().node.scrub()
    assert.deepEqual([scrubbed.damaged, scrubbed.lost], [0, 0])
    assert.deepEqual(cyd().node.status().alarms, [])
  })

  it('refuses to read without a key, and names it, though the terms would allow it', async () => {
    // The keys of another dataset: by them Ben has heard of Ada.
    await agreeAndGrant(ada(), ben(), 'closed')
    await until(() => ben().rooms().federation.keyring.grants().length === 1, 'its grant has come')
    agreed = await agree(ada(), ben(), 'secret')
    await holds(ben(), ada(), 'secret', RECORDS)
    const read = ben().node.read('secret', { from: 0, limit: 1 })
    assert.ok(!read.ok && read.failure.code === 'refused' && read.failure.reason.includes('no grant for epoch 1'), JSON.stringify(read))
    const content = await ben().node.content('secret')
    assert.ok(!content.ok && content.failure.code === 'refused' && content.failure.reason.includes('no grant for epoch 1'), JSON.stringify(content))
    const proof = await ben().node.proof('secret', 3)
    assert.ok(!proof.ok && proof.failure.code === 'refused' && proof.failure.reason.includes('no grant for epoch 1'), JSON.stringify(proof))
  })

  it('gives keys by agreement: its consumer then reads all, proves a record and verifies the content', async () => {
    const granted = await ada().rooms().federation.granting.agreed(agreed?.id ?? '')
    assert.ok(granted.ok, JSON.stringify(granted))
    await until(() => ben().rooms().federation.keyring.grants().some(({ grant }) => grant.datasetId === 'secret'), 'the grant has come')
    assert.deepEqual(await bodiesFrom(ben().node, 'secret'), rows)
    assert.equal((await contentOf(ben().node, 'secret')).toString(), rows.join(''))
    assert.ok((await ben().node.proof('secret', 3)).ok)
    const report = await ben().node.verify('secret')
    assert.ok(report.ok && report.value.verified && report.value.checks.every(({ detail }) => !detail.includes('sealed')), JSON.stringify(report))
  })

  it('shows the feed of grants to the two alone', () => {
    const grantsIn = (city: OpenCity): number => [...city.rooms().federation.feeds.all()].filter(({ declaration }) => declaration.datasetId === 'grants').length
    assert.deepEqual([ada(), ben(), cyd(), dov()].map(grantsIn), [1, 1, 0, 0])
  })

  it('opens after a start what it opened before', async () => {
    await restart(ben())
    await connected(cities)
    assert.deepEqual(await bodiesFrom(ben().node, 'secret'), rows)
    await restart(ada())
    await connected(cities)
    assert.deepEqual(await bodiesFrom(ada().node, 'secret'), rows)
    const appended = await ada().node.publish(...streamOf('after-start'), undefined, restrictedTo(ada().node, ['Ben'], 'members'))
    assert.ok(appended.ok)
    await append(ada().node, 'after-start', ['first'])
    assert.deepEqual(await bodiesFrom(ada().node, 'after-start'), ['first'])
  })

  it('carries ciphertext by bundle, with the grants of whom it is made for', async () => {
    const bundled = await ada().node.makeBundle(['secret'], 'Ben')
    assert.ok(bundled.ok, JSON.stringify(bundled))
    const parts: Uint8Array[] = []
    for await (const part of bundled.value) parts.push(part)
    const bundle = Buffer.concat(parts)
    assert.equal(countIn(bundle, CANARY), 0)
    const opened = await ben().node.openBundle((async function * () { yield bundle })())
    assert.ok(opened.ok, JSON.stringify(opened))
    assert.deepEqual(opened.value.datasets, [`${didOf(ada())}/secret`])
    const grants = ada().rooms().federation.granting.feedFor(didOf(ben()))
    assert.ok(grants !== undefined && bundle.includes(Buffer.from(grants.statement)), 'the feed of grants is in it')
    const barred = await ada().node.makeBundle(['closed'], 'Cyd')
    assert.ok(!barred.ok && barred.failure.code === 'refused')
  })

  it('lets who gets all by hand read it, with nobody else there', async () => {
    const { node } = ada()
    const published = await node.publish(...tableOf('courier', ['by', 'hand']), undefined, restrictedTo(node, ['Ben'], 'nobody'))
    assert.ok(published.ok)
    await until(() => ben().node.dataset('courier').ok, 'it is listed')
    const standing = standingBetween(ada(), ben(), 'courier')
    await ben().rooms().federation.standings.put(standing)
    await ben().node.stop()
    await ada().rooms().federation.standings.put(standing)
    const granted = await ada().rooms().federation.granting.agreed(standing.id)
    assert.ok(granted.ok, JSON.stringify(granted))
    const bundled = await node.makeBundle(['courier'], 'Ben')
    assert.ok(bundled.ok, JSON.stringify(bundled))
    const parts: Uint8Array[] = []
    for await (const part of bundled.value) parts.push(part)
    for (const city of [ada(), cyd(), dov()]) await city.node.stop()
    await restart(ben())
    assert.equal(ben().node.status().neighbours.reachable, 0)
    const opened = await ben().node.openBundle((async function * () { yield * parts })())
    assert.ok(opened.ok, JSON.stringify(opened))
    await until(() => ben().rooms().federation.keyring.grants().some(({ grant }) => grant.datasetId === 'courier'), 'its grant was in the bundle')
    assert.deepEqual(await bodiesFrom(ben().node, 'courier'), ['by', 'hand'])
    for (const city of [ada(), cyd(), dov()]) await restart(city)
    await connected(cities)
  })

  it('seals files so that ranges can be read, by a root that stands for ciphertext', async () => {
    const random = randomFrom(SEED)
    const bytes = Buffer.concat(Array.from({ length: 40_000 }, (_, at) => Buffer.from(`${at} ${CANARY} ${random()}\n`)))
    const { node } = ada()
    const published = await node.publish(...fileOf('plan', bytes), undefined, restrictedTo(node, ['Ben'], 'members'))
    assert.ok(published.ok, JSON.stringify(published))
    assert.ok((await contentOf(node, 'plan')).equals(bytes))
    await agreeAndGrant(ada(), ben(), 'plan')
    await until(() => {
      const found = ben().node.dataset('plan')
      return found.ok && found.value.held.phase === 'complete'
    }, 'the file is at Ben')
    assert.ok((await contentOf(ben().node, 'plan')).equals(bytes))
    for (const [from, to] of [[0, 10], [1_048_550, 1_048_570], [bytes.length - 7, bytes.length], [5, 5], [1_048_560, 1_048_560 + 3]] as const) {
      const range = await ben().node.content('plan', { from, to })
      assert.ok(range.ok)
      const parts: Uint8Array[] = []
      for await (const part of range.value.bytes) parts.push(part)
      assert.ok(Buffer.concat(parts).equals(bytes.subarray(from, to)), `${from} to ${to}`)
    }
    const report = await ben().node.verify('plan')
    assert.ok(report.ok && report.value.verified, JSON.stringify(report))
    assert.ok((await node.scrub()).damaged === 0)
    await until(() => {
      const blind = cyd().node.dataset('plan')
      return blind.ok && blind.value.held.phase === 'waiting' && blind.value.held.because?.includes('sealed: no grant for epoch 1') === true
    }, 'Cyd holds the feed, and cannot tell which file it is')
  })

  it('tells an unauthorised replica nothing: not on the wire, not on its disk, before and after compaction', async () => {
    const { node } = ada()
    const published = await node.publish(...tableOf('open', rows.map(row => row.replace(CANARY, CONTROL))))
    assert.ok(published.ok)
    for (const city of [cyd(), dov()]) for (const id of ['open', 'secret']) await holds(city, ada(), id, RECORDS)
    const { peerId } = dov().node.status()
    await dov().node.stop()
    const onWire = (word: string): number => countIn(tap.heardBy(peerId), word)
    assert.ok(onWire(CONTROL) >= RECORDS, `the same search finds ${onWire(CONTROL)} in what is public`)
    assert.equal(onWire(CANARY), 0)
    for (const isCompacted of [false, true]) {
      if (isCompacted) await compact(dov())
      // Tables are compressed, so that of what stands in them often the search finds some.
      assert.ok(await countInFolder(dov().folder, CONTROL) > 0)
      assert.equal(await countInFolder(dov().folder, CANARY), 0)
      assert.equal(await countInRows(dov(), CONTROL), RECORDS)
      assert.equal(await countInRows(dov(), CANARY), 0)
    }
    for (const city of [ada(), ben()]) assert.equal(await countInFolder(city.folder, CANARY), 0, 'nor does it stand on the disks of those who may read it')
    await restart(dov())
  })

  it('refuses a key that is not the one which its check names, and names one that is not here', async () => {
    const { federation } = ben().rooms()
    const feed = feedOf(ben(), ada(), 'secret')
    const readBy = async (key: Uint8Array | undefined): Promise<void> => {
      const keyring = { changed: federation.keyring.changed, keyOf: () => key }
      for await (const record of recordsOf({ feeds: federation.feeds, keyring }, feed, 0, 1)) assert.fail(String(record.number))
    }
    await assert.rejects(readBy(new Uint8Array(32).fill(7)), { code: 'incomplete', message: /cannot be read: key/ })
    await assert.rejects(readBy(undefined), { code: 'sealed', message: 'no grant for epoch 1' })
  })
})
