import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { DatasetDescription, RecordInput } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'

describe('three cities', function () {
  let cities: readonly City[] = []
  const [bellevue, seattle, renton] = [0, 1, 2].map(at => () => cities[at] as City) as [() => City, () => City, () => City]

  before(async () => {
    cities = [await makeCity('Bellevue'), await makeCity('Seattle'), await makeCity('Renton')]
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  it('found one federation that all of them name alike', () => {
    const ids = new Set(cities.map(({ node }) => node.status().federation?.id))
    assert.equal(ids.size, 1)
    assert.equal(bellevue().node.members().length, 3)
  })

  it('replicate a table and read back the very same bytes, verified', async () => {
    const rows = Array.from({ length: 5_000 }, (_, at) => `${at},${at * 7}\n`)
    const published = await bellevue().node.publish(description('counts'), table(rows))
    assert.ok(published.ok, JSON.stringify(published))
    for (const { node } of [seattle(), renton()]) {
      await until(() => node.dataset('bellevue/counts').ok, 'the dataset is listed')
      const fetched = await node.fetch('bellevue/counts', AbortSignal.timeout(60_000))
      assert.ok(fetched.ok, JSON.stringify(fetched))
      assert.equal(await contentOf(node, 'bellevue/counts'), rows.join(''))
      const verified = await node.verify('bellevue/counts')
      assert.ok(verified.ok && verified.value.verified, JSON.stringify(verified))
    }
  })

  it('replicate a file as blocks', async () => {
    const bytes = new Uint8Array(3_000_000).map((_, at) => (at * 31) % 251)
    const published = await seattle().node.publish(description('picture'), {
      form: 'file', mediaType: 'image/png', fileName: 'picture.png', bytes: (async function * () { yield bytes })()
    })
    assert.ok(published.ok, JSON.stringify(published))
    await until(() => renton().node.dataset('picture').ok, 'the dataset is listed')
    const fetched = await renton().node.fetch('picture', AbortSignal.timeout(60_000))
    assert.ok(fetched.ok, JSON.stringify(fetched))
    const verified = await renton().node.verify('picture')
    assert.ok(verified.ok && verified.value.verified, JSON.stringify(verified))
  })

  it('follow a live stream', async () => {
    const { node } = seattle()
    const opened = await node.publish({ ...description('live'), simulated: true }, { form: 'stream', mediaType: 'application/json' })
    assert.ok(opened.ok, JSON.stringify(opened))
    await until(() => renton().node.dataset('live').ok && renton().node.follow('live', { last: 0, signal: AbortSignal.abort() }).ok, 'the stream is known')
    const stop = new AbortController()
    const followed = renton().node.follow('live', { last: 0, signal: stop.signal })
    assert.ok(followed.ok)
    const seen: string[] = []
    const reading = (async () => {
      for await (const { body } of followed.value) {
        seen.push(new TextDecoder().decode(body))
        if (seen.length === 100) stop.abort()
      }
    })()
    for (let at = 0; at < 100; at++) assert.ok((await node.append('live', [record(`${at}`)], { flush: true })).ok)
    await reading
    assert.deepEqual(seen, Array.from({ length: 100 }, (_, at) => `${at}`))
  })

  it('go on after a restart with all they held', async () => {
    const before = renton().node.status().records
    await restart(renton())
    assert.equal(renton().node.status().state, 'ready')
    assert.ok(renton().node.status().records >= before, 'nothing is lost; others may have said more meanwhile')
    await connected(cities)
    const verified = await renton().node.verify('bellevue/counts')
    assert.ok(verified.ok && verified.value.verified)
  })
})

function record (body: string): RecordInput {
  return { key: utf8('k'), timeMs: 1_000, operation: 'put', mediaType: 'application/json', body: utf8(body) }
}

function table (rows: readonly string[]): Parameters<City['node']['publish']>[1] {
  return {
    form: 'table', mediaType: 'text/csv', fileName: 'counts.csv',
    records: (async function * () { for (const row of rows) yield { ...record(row), mediaType: 'text/csv' } })()
  }
}

function description (datasetId: string): DatasetDescription {
  return {
    datasetId, title: `The ${datasetId}`, description: '', theme: 'transport', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: null,
    schema: [], access: 'public', simulated: false
  }
}

async function contentOf (node: City['node'], reference: string): Promise<string> {
  const content = await node.content(reference)
  assert.ok(content.ok, JSON.stringify(content))
  const parts: Uint8Array[] = []
  for await (const part of content.value.bytes) parts.push(part)
  return Buffer.concat(parts).toString()
}
