import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { concat, hex, sha256, utf8, type Result } from '../../src/base/index.ts'
import { createClient, StreamBroken, type DatasetPage, type Failure, type Progress, type RecordInput } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

let served: Served
beforeEach(async () => { served = await serve() })
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

function code (result: Result<unknown, Failure>): string {
  return result.ok ? 'ok' : result.failure.code
}

function row (number: number): RecordInput {
  return { key: utf8(`row ${number}`), timeMs: 1_000 + number, operation: 'put', mediaType: 'text/csv', body: utf8(`${number},${number * 2}\n`) }
}

async function * pieces (sizeBytes: number, count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(sizeBytes).fill(index)
}

async function publishRows (datasetId: string, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => row(index))
  value(await served.client.publish(describeDataset(datasetId), { form: 'table', mediaType: 'text/csv', fileName: 'rows.csv', sizeBytes: null, records }))
}

describe('calls over HTTP', () => {
  it('answer status, peers and members as the node does', async () => {
    assert.deepEqual(value(await served.client.status()), served.node.status())
    assert.deepEqual(value(await served.client.peers()), served.node.peers())
    assert.deepEqual(value(await served.client.members()), served.node.members())
  })

  it('publish a table whose bodies, joined, come back as the content', async () => {
    await publishRows('rows', 5_000)
    const content = value(await served.client.content('rows'))
    const bytes = concat(await Array.fromAsync(content.bytes))
    assert.equal(content.sizeBytes, bytes.length)
    assert.deepEqual(bytes, concat(Array.from({ length: 5_000 }, (_, index) => row(index).body)))
    assert.equal(value(await served.client.dataset('Bellevue/rows')).distribution.sha256, hex(sha256(bytes)))
  })

  it('publish a file of 32 MiB as a stream, with progress, and give any range of it', async () => {
    const told: number[] = []
    const content = { form: 'file' as const, mediaType: 'image/tiff', fileName: 'Ärger "1".tif', sizeBytes: 32 * 1_048_576, bytes: pieces(1_048_576, 32) }
    const dataset = value(await served.client.publish(describeDataset('big'), content, ({ done }) => { told.push(done) }))
    assert.equal(dataset.distribution.sizeBytes, 32 * 1_048_576)
    assert.equal(dataset.distribution.fileName, content.fileName)
    assert.equal(told.at(-1), 32 * 1_048_576)
    const range = value(await served.client.content('big', { from: 1_048_575, to: 1_048_577 }))
    assert.deepEqual(concat(await Array.fromAsync(range.bytes)), new Uint8Array([0, 1]))
    assert.equal(code(await served.client.content('big', { from: 33 * 1_048_576, to: 34 * 1_048_576 })), 'range')
  })

  it('publish nothing where the sender stops in the middle', async () => {
    async function * broken (): AsyncGenerator<Uint8Array> {
      yield utf8('the first half')
      throw new Error('the disk is gone')
    }
    const content = { form: 'file' as const, mediaType: 'text/plain', fileName: 'half.txt', sizeBytes: null, bytes: broken() }
    assert.equal(code(await served.client.publish(describeDataset('half'), content)), 'source')
    assert.equal(code(await served.client.dataset('half')), 'not-found')
  })

  it('append records as frames and as lines, and read them back by number', async () => {
    value(await served.client.publish(describeDataset('live'), { form: 'stream', mediaType: 'application/json' }))
    assert.deepEqual(value(await served.client.append('live', [row(0), row(1)], { flush: true })), { first: 0, count: 2 })
    const lines = '{"body":{"n":2}}\n\n{"key":"k","timeMs":5,"body":"text","mediaType":"text/plain"}\n'
    const response = await fetch(`${served.api.url}/api/v1/datasets/live/records?flush=true`, {
      method: 'POST', body: lines, headers: { 'authorization': `Bearer ${served.token}`, 'content-type': 'application/x-ndjson' }
    })
    assert.deepEqual(await response.json(), { first: 2, count: 2 })
    const records = await Array.fromAsync(value(await served.client.read('live', { from: 1, limit: 10 })))
    assert.deepEqual(records.map(({ number }) => number), [1, 2, 3])
    assert.deepEqual(records[2], { number: 3, key: utf8('k'), timeMs: 5, operation: 'put', mediaType: 'text/plain', body: utf8('text') })
    assert.deepEqual(records[1]?.body, utf8('{"n":2}'))
  })

  it('list the catalogue in pages', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) value(await served.client.publish(describeDataset(id), { form: 'stream', mediaType: 'text/plain' }))
    const found: string[] = []
    let after: string | null = null
    do {
      const page: DatasetPage = value(await served.client.datasets({ limit: 2, ...after === null ? {} : { after } }))
      assert.ok(page.datasets.length <= 2)
      found.push(...page.datasets.map(({ datasetId }) => datasetId))
      after = page.next
    } while (after !== null)
    assert.deepEqual(found, ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual(value(await served.client.datasets({ text: 'none such', box: { west: -123, south: 47, east: -122, north: 48 } })).datasets, [])
  })

  it('verify and fetch with progress, prove and scrub', async () => {
    await publishRows('rows', 3)
    const told: Progress[] = []
    assert.equal(value(await served.client.verify('rows', each => { told.push(each) })).verified, true)
    assert.equal(value(await served.client.fetch('rows', { timeoutMs: 1_000 }, each => { told.push(each) })).datasetId, 'rows')
    assert.ok(told.some(({ phase }) => phase === 'fetching'))
    assert.deepEqual(value(await served.client.proof('rows', 2)), new Uint8Array([1, 2, 3, 2]))
    assert.deepEqual(value(await served.client.scrub()), { segments: 1, damaged: 0, refetched: 0, lost: 0 })
    assert.equal(code(await served.client.verify('nothing')), 'not-found')
  })

  it('end a fetch that nobody can serve after the time that the caller gives it', async () => {
    served.node.missing.add('Renton/gone')
    const told: Progress[] = []
    assert.equal(code(await served.client.fetch('Renton/gone', { timeoutMs: 20 }, each => { told.push(each) })), 'unreachable')
    assert.equal(told[0]?.phase, 'looking')
    const signal = AbortSignal.timeout(20)
    assert.equal(code(await served.client.fetch('Renton/gone', { timeoutMs: 60_000, signal })), 'cancelled')
  })

  it('make and open bundles', async () => {
    await publishRows('rows', 3)
    const bundle = concat(await Array.fromAsync(value(await served.client.makeBundle(['rows']))))
    assert.deepEqual(bundle, utf8('bundle of rows\n'))
    const report = value(await served.client.openBundle(pieces1(bundle), bundle.length))
    assert.equal(report.bytes, bundle.length)
    assert.equal(code(await served.client.openBundle(pieces(10_000_000, 3), null)), 'malformed')
    assert.equal(code(await served.client.makeBundle(['rows', 'none'])), 'not-found')
  })

  it('invite, join, revoke, withdraw and ask to stop', async () => {
    const ticket = value(await served.client.invite({ federationName: 'Corridor', want: 3, validMs: 86_400_000 }))
    assert.equal(ticket.want, 3)
    assert.equal(value(await served.client.join(ticket.ticket)).have, 3)
    assert.equal(code(await served.client.join('nonsense')), 'invalid')
    value(await served.client.revoke(new Uint8Array([0xa2])))
    await publishRows('rows', 1)
    value(await served.client.withdraw('rows'))
    assert.equal(code(await served.client.withdraw('rows')), 'not-found')
    assert.equal(code(await served.client.append('did:key:z6Mkother/rows', [row(1)], { flush: true })), 'refused')
    value(await served.client.stop())
    assert.equal(served.stopRequests.length, 1)
  })

  it('answer any reference with a dataset or a refusal', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), async reference => {
      const well = reference.toWellFormed()
      assert.equal(code(await served.client.dataset(well)), 'not-found', JSON.stringify(well))
    }), { numRuns: 50 })
  })

  it('tell a node that is not there from one that refuses', async () => {
    const stranger = createClient({ baseUrl: served.api.url, token: 'hanse_wrong' })
    assert.equal(code(await stranger.status()), 'unauthorised')
    const upload = await stranger.publish(describeDataset('big'), { form: 'file', mediaType: 'a/b', fileName: 'f', sizeBytes: null, bytes: pieces(1_048_576, 64) })
    assert.equal(code(upload), 'unauthorised')
    const nobody = createClient({ baseUrl: 'http://127.0.0.1:9', token: served.token })
    const answer = await nobody.status()
    assert.deepEqual([code(answer), answer.ok ? 0 : answer.failure.status], ['unreachable', null])
  })

  it('end a download that breaks with an error, never early', async () => {
    await publishRows('rows', 10)
    const { promise: told, resolve: tell } = Promise.withResolvers<void>()
    const content = served.node.content.bind(served.node)
    served.node.content = async reference => {
      const found = await content(reference)
      if (!found.ok) return found
      async function * breaking (): AsyncGenerator<Uint8Array> {
        yield utf8('0,0\n')
        await told
        throw new Error('a damaged segment')
      }
      return { ok: true, value: { ...found.value, bytes: breaking() } }
    }
    const { bytes } = value(await served.client.content('rows'))
    const part = bytes[Symbol.asyncIterator]()
    assert.deepEqual((await part.next()).value, utf8('0,0\n'))
    tell()
    await assert.rejects(part.next(), StreamBroken)
  })
})

async function * pieces1 (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
