import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { decodeRecipe } from '../../src/core/derivation/index.ts'
import { openSegment } from '../../src/core/feed/index.ts'
import type { Store } from '../../src/host/index.ts'
import { Feeds } from '../../src/node/feeds/index.ts'
import { MemoryCity, type Cut } from '../support/memory-city.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { heldBy as heldAt, tableOf } from '../support/publications.ts'
import { append, CANARY, derivedOf, forNobody, hoursOf, orderOf, rowsAt, summaryOf, vehicles } from './derivations.fixture.ts'

describe('derivations of two towns', function () {
  this.timeout(120_000)
  let cities: readonly City[] = []
  const town = (at: number): City => cities[at] ?? assert.fail('no such town')
  const statusOf = (datasetId: string): ReturnType<City['node']['derivations']>[number] =>
    town(0).node.derivations().find(each => each.datasetId === datasetId) ?? assert.fail(`${datasetId} is not derived`)

  before(async () => {
    cities = [await makeCity('Oldtown', { lingerMs: 5, listingEveryMs: 500 }), await makeCity('Newtown', { lingerMs: 5, listingEveryMs: 500 })]
    await found(cities)
    await connected(cities)
    const opened = await town(0).node.publish(vehicles, { form: 'stream', mediaType: 'application/json' }, undefined, forNobody(town(0).node))
    assert.ok(opened.ok, JSON.stringify(opened))
  })
  after(() => removeCities(cities))

  it('are made of what was there before, say what they are, and reach the neighbour', async () => {
    await append(town(0).node, 0)
    const derived = await town(0).node.derive('vehicles', summaryOf(town(0).node, 'vehicles-hourly'))
    assert.ok(derived.ok, JSON.stringify(derived))
    assert.equal(derived.value.dataset.access, 'members')
    assert.deepEqual(derived.value.dataset.schema.map(({ name }) => name), ['from', 'to', 'cell', 'count', 'speed_mean', 'revision'])
    await until(async () => (await hoursOf(town(1).node, 'vehicles-hourly')).length === 1, 'the window has come')
    const [row] = await derivedOf(town(1).node, 'vehicles-hourly')
    assert.deepEqual([row?.['count'], row?.['speed_mean'], row?.['revision']], [6, 32.5, 1], 'the two vehicles of the other cell are left out')
    assert.equal(statusOf('vehicles-hourly').recordsBehind, 0)
    const recipe = decodeRecipe(statusOf('vehicles-hourly').recipeBytes)
    assert.ok(recipe.ok && recipe.value.source.datasetId === 'vehicles')
  })

  it('follow what is appended to the source', async () => {
    await append(town(0).node, 1)
    await append(town(0).node, 2, 7)
    await until(async () => (await hoursOf(town(1).node, 'vehicles-hourly')).length === 3, 'the windows have come')
    assert.deepEqual((await derivedOf(town(1).node, 'vehicles-hourly')).map(row => row['count']), [6, 6, 7])
  })

  it('leave the source unseen: the neighbour knows of no such dataset, and holds no byte of it', async () => {
    assert.equal(town(1).node.dataset('vehicles').ok, false)
    const [here, there] = await Promise.all(cities.map(({ node }) => node.history('vehicles-hourly')))
    assert.ok(here?.ok === true && there?.ok === true)
    assert.deepEqual([here, there].map(({ value: { sources } }) => sources.map(({ publisher, title }) => [publisher.name, title])), [[['Oldtown', vehicles.title]], [['Oldtown', null]]])
    assert.deepEqual([there.value.recipe?.operations, there.value.recipe?.minGroupSize], [['coarsen', 'roundTime', 'summarise'], 5])
    assert.equal(town(1).node.read('vehicles', { from: 0, limit: 1 }).ok, false)
    const { feeds, canaries } = await heldBy(town(1).store)
    assert.ok(feeds.includes('vehicles-hourly') && !feeds.includes('vehicles'), feeds.join())
    assert.equal(canaries, 0)
  })

  it('name the source of each segment, and in a summary not how many records of it', async () => {
    const derived = await town(0).node.derive('vehicles', orderOf(town(0).node, 'vehicles-rows', { redactFields: ['plate'], h3ResolutionMax: 8 }))
    assert.ok(derived.ok, JSON.stringify(derived))
    await until(() => statusOf('vehicles-rows').recordsDone === 25 && statusOf('vehicles-rows').recordsBehind === 0, 'all rows are derived')
    await until(async () => (await derivedOf(town(1).node, 'vehicles-rows')).length === 25, 'all rows have come')
    const [row] = await derivedOf(town(1).node, 'vehicles-rows')
    assert.deepEqual(Object.keys(row ?? {}), ['cell', 'lat', 'lon', 'speed'])
    assert.deepEqual(await sourcesOf(town(1).store, 'vehicles-rows'), [{ from: 0, to: 25 }])
    for (const source of await sourcesOf(town(1).store, 'vehicles-hourly')) assert.deepEqual(source, { from: 0, to: Number.MAX_SAFE_INTEGER })
    assert.equal((await heldBy(town(1).store)).canaries, 0)
  })

  it('go on after a restart of their town, without losing or doubling a window', async () => {
    await restart(town(0))
    await append(town(0).node, 3)
    await until(async () => (await hoursOf(town(1).node, 'vehicles-hourly')).length >= 4, 'the next window has come')
    assert.deepEqual(await hoursOf(town(1).node, 'vehicles-hourly'), [0, 1, 2, 3])
    await until(async () => (await derivedOf(town(0).node, 'vehicles-rows')).length >= 33, 'the next rows are derived')
    assert.equal((await derivedOf(town(0).node, 'vehicles-rows')).length, 33)
  })

  it('are made once: asked again for the same it is there, and nothing else takes its name or adds to it', async () => {
    const { node } = town(0)
    const again = await node.derive('vehicles', summaryOf(node, 'vehicles-hourly'))
    assert.ok(again.ok && again.value.dataset.version === 1)
    const other = await node.derive('vehicles', orderOf(node, 'vehicles-hourly', { redactFields: ['plate'] }))
    assert.equal(other.ok ? 'made' : other.failure.code, 'invalid')
    const added = await node.append('vehicles-hourly', [{ key: utf8('k'), timeMs: 1, operation: 'put', mediaType: 'application/x-ndjson', body: utf8('{}\n') }], { flush: true })
    assert.equal(added.ok ? 'taken' : added.failure.code, 'invalid')
    const [description, content] = tableOf('vehicles-hourly', ['1\n'])
    const published = await node.publish(description, content)
    assert.equal(published.ok ? 'taken' : published.failure.code, 'invalid')
  })

  it('warn of a second summary of the same source, and are made one after the other', async () => {
    const order = { ...summaryOf(town(0).node, 'vehicles-other'), closeAfterMs: 1 }
    const [second, atOnce] = await Promise.all([town(0).node.derive('vehicles', order), town(0).node.derive('vehicles', order)])
    assert.equal(atOnce.ok ? 'made' : atOnce.failure.code, 'busy', 'two at once would write one feed')
    assert.ok(second.ok && second.value.warnings.length === 1 && second.value.warnings[0]?.includes('vehicles-hourly'), JSON.stringify(second))
  })

  it('are refused with a reason where nothing can be made', async () => {
    const { node } = town(0)
    const missing = await node.derive('nothing', summaryOf(node, 'x'))
    assert.equal(missing.ok ? 'made' : missing.failure.code, 'not-found')
    const nobody = await node.derive('vehicles', orderOf(node, 'x', { summarise: { minGroupSize: 10 } }))
    assert.ok(!nobody.ok && nobody.failure.code === 'invalid' && nobody.failure.hint.includes('column'), JSON.stringify(nobody))
  })

  it('are the only way to what terms for less detail let anybody have: all of it is neither published under them, nor kept under them', async () => {
    const { node } = town(0)
    const [description, content] = tableOf('too-fine', ['plate\n', 'a\n'])
    for (const detail of [{ summarise: { minGroupSize: 10 } }, { redactFields: ['plate'] }, { h3ResolutionMax: 7 }, { timeStepMs: 1_000 }, { delayMs: 1_000 }]) {
      const { terms } = orderOf(node, 'too-fine', detail)
      const refused = await node.publish(description, content, undefined, terms)
      assert.ok(!refused.ok && refused.failure.code === 'invalid' && /nobody could ever read/.test(refused.failure.reason), JSON.stringify(detail))
      const review = node.reviewTerms(terms)
      assert.deepEqual(review.ok && review.value.derived, { byEntity: 'summarise' in detail })
      const kept = await node.setTerms('vehicles', terms)
      assert.ok(!kept.ok && kept.failure.hint.includes('hanse derive vehicles --id'), JSON.stringify(kept))
    }
    assert.equal(node.dataset('too-fine').ok, false)
    const rows = { redactFields: ['plate'], h3ResolutionMax: 8 }
    const set = await node.setTerms('vehicles-rows', orderOf(node, 'vehicles-rows', rows).terms)
    assert.ok(set.ok, 'what has as little detail as they ask for may have them')
    const less = await node.setTerms('vehicles-rows', orderOf(node, 'vehicles-rows', { ...rows, delayMs: 1_000 }).terms)
    assert.equal(less.ok ? 'set' : less.failure.code, 'invalid')
    const emergency = { kinds: ['fire'], officials: [node.status().member.did], responders: [town(1).node.status().member.did], mode: 'online', mayPassOn: false } as const
    const review = node.reviewTerms(orderOf(node, 'too-fine', { ...rows, emergency }).terms)
    assert.equal(review.ok && review.value.derived, null, 'in an emergency all of it is given')
  })

  it('publish a window that was open when their town restarted, once it is over', async () => {
    const { node } = town(0)
    assert.ok((await node.derive('vehicles', summaryOf(node, 'vehicles-short', 2_000))).ok)
    const nowMs = Date.now()
    assert.ok((await node.append('vehicles', rowsAt(nowMs, 8), { flush: true })).ok)
    await restart(town(0))
    const isNow = (row: Readonly<Record<string, unknown>>): boolean => Date.parse(String(row['from'])) === Math.floor(nowMs / 2_000) * 2_000
    await until(async () => (await derivedOf(town(0).node, 'vehicles-short')).some(isNow), 'the window is published')
    assert.deepEqual((await derivedOf(town(0).node, 'vehicles-short')).filter(isNow).map(row => row['count']), [8])
  })

  it('end when they are withdrawn', async () => {
    assert.ok((await town(0).node.withdraw('vehicles-other')).ok)
    await until(() => town(0).node.derivations().every(({ datasetId }) => datasetId !== 'vehicles-other'), 'it has ended')
  })

  it('follow a table that is published anew, their own or a neighbour\'s, as their own next version', async () => {
    const { node } = town(0)
    const rows = (count: number): ReturnType<typeof tableOf> => {
      const [description, content] = tableOf('counts', ['plate;count\n', ...Array.from({ length: count }, (_, at) => `${CANARY}-${at};${at}\n`)])
      return [{ ...description, access: 'members', schema: [{ name: 'plate', type: 'text', unit: null }, { name: 'count', type: 'integer', unit: null }] }, content]
    }
    assert.ok((await node.publish(...rows(3))).ok)
    const derived = await node.derive('counts', orderOf(node, 'counts-open', { redactFields: ['plate'] }))
    assert.ok(derived.ok, JSON.stringify(derived))
    await until(async () => (await derivedOf(town(1).node, 'counts-open')).length === 3, 'three rows have come')
    await until(async () => (await heldBy(town(1).store)).canaries > 0, 'the canary is found where it may be')
    const summary = orderOf(node, 'counts-summary', { summarise: { minGroupSize: 5 } }, { entityKey: 'plate', groupBy: [], measures: [{ measure: 'count', field: null }] })
    assert.ok((await node.derive('counts', summary)).ok)
    await until(() => heldAt(town(1).node, 'oldtown/counts')?.phase === 'complete', 'the table itself is with the neighbour')
    const theirs = await town(1).node.derive('oldtown/counts', orderOf(town(1).node, 'counts-of-newtown', { redactFields: ['plate'] }))
    assert.ok(theirs.ok, JSON.stringify(theirs))
    await until(async () => (await derivedOf(node, 'counts-of-newtown')).length === 3, 'the neighbour has derived them too')
    assert.ok((await node.publish(...rows(5))).ok)
    await until(async () => (await derivedOf(node, 'counts-of-newtown')).length === 5, 'the neighbour has followed')
    await until(async () => (await derivedOf(town(1).node, 'counts-open')).length === 5, 'five rows have come')
    assert.deepEqual((await derivedOf(town(1).node, 'counts-open')).map(row => row['count']), [0, 1, 2, 3, 4])
    await until(() => statusOf('counts-summary').state === 'ended', 'a summary ends: two versions could be subtracted')
    assert.match(node.status().alarms.join(), /"counts-summary", which is derived from "counts": its source was published anew/)
    assert.ok((await node.withdraw('counts-summary')).ok)
    await until(() => node.derivations().every(({ datasetId }) => datasetId !== 'counts-summary'), 'nothing of it is kept')
  })
})

describe('a derivation of a node that loses its power', function () {
  this.timeout(120_000)
  let ada: MemoryCity

  before(async () => {
    ada = await MemoryCity.make('Ada')
    await ada.start()
    assert.ok((await ada.node.invite({ federationName: 'Alone', want: 1, validMs: 60_000 })).ok)
    await until(() => ada.node.status().state === 'ready', 'it is founded')
    assert.ok((await ada.node.publish(vehicles, { form: 'stream', mediaType: 'application/json' }, undefined, forNobody(ada.node))).ok)
    for (const order of [summaryOf(ada.node, 'hourly'), orderOf(ada.node, 'rows', { redactFields: ['plate'] })]) assert.ok((await ada.node.derive('vehicles', order)).ok)
  })
  after(() => ada.stop())

  for (const durable of [true, false]) {
    it(`appends each record once, wherever it dies ${durable ? 'after' : 'before'} a write`, async () => {
      let isOver = false
      for (let commit = 1; !isOver; commit++) {
        assert.ok(commit < 60, 'the work has an end')
        await ada.stop()
        isOver = await live({ commit, durable })
        await ada.kill()
        await ada.start()
        await settled()
        const hours = await hoursOf(ada.node, 'hourly')
        assert.equal(new Set(hours).size, hours.length, `commit ${commit}: a window is there twice: ${hours.join()}`)
        const rows = ada.node.derivations().find(({ datasetId }) => datasetId === 'rows')
        const derived = await derivedOf(ada.node, 'rows')
        assert.equal(derived.length, rows?.recordsDone, `commit ${commit}`)
        assert.equal(hours.length, derived.length / 8, `commit ${commit}: each eight rows are one window`)
      }
    })
  }

  let hour = 0
  /** Works until the power goes; true where it did not. */
  async function live (cut: Cut): Promise<boolean> {
    if (!await ada.start(cut)) return false
    const { node } = ada
    const done = (async () => {
      await append(node, hour++)
      await until(() => node.derivations().every(({ recordsBehind }) => recordsBehind === 0), 'all is derived', 3_000)
    })()
    return Promise.race([done.then(() => ada.commits < cut.commit, () => false), until(() => ada.commits >= cut.commit, 'the power goes', 3_000).then(() => false, () => true)])
  }

  async function settled (): Promise<void> {
    await until(() => {
      const all = ada.node.derivations()
      return all.length === 2 && all.every(({ recordsBehind, state }) => recordsBehind === 0 && state === 'following')
    }, 'all is derived')
    await until(async () => (await derivedOf(ada.node, 'rows')).length === ada.node.derivations().find(({ datasetId }) => datasetId === 'rows')?.recordsDone, 'all rows are there')
    // A summary is not behind any more before it has published.
    await until(async () => (await hoursOf(ada.node, 'hourly')).length >= (await derivedOf(ada.node, 'rows')).length / 8, 'all windows are there')
  }
})

/** What is kept of each feed: by dataset, its segments as they are stored. */
async function keptIn (store: Store): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
  const feeds = await Feeds.load(store)
  const kept = new Map<string, readonly Uint8Array[]>()
  for (const feed of feeds.all()) {
    const segments: Uint8Array[] = []
    for (let at = 0; at < feed.length; at++) for (const bytes of await feeds.segments(feed, at, at + 1)) if (bytes !== undefined) segments.push(bytes)
    kept.set(feed.declaration.datasetId, segments)
  }
  return kept
}

/** Feeds that are kept, by dataset, and in how many segments the canary stands. */
async function heldBy (store: Store): Promise<{ readonly feeds: readonly string[], readonly canaries: number }> {
  const kept = await keptIn(store)
  return { feeds: [...kept.keys()], canaries: [...kept.values()].flat().filter(bytes => Buffer.from(bytes).includes(CANARY)).length }
}

async function sourcesOf (store: Store, datasetId: string): Promise<readonly { readonly from: number, readonly to: number }[]> {
  return ((await keptIn(store)).get(datasetId) ?? []).map(bytes => {
    const segment = openSegment(bytes)
    assert.ok(segment.ok && segment.value.header.source !== null, JSON.stringify(segment))
    const { from, to } = segment.value.header.source
    return { from, to }
  })
}
