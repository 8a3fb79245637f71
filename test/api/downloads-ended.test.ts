import { strict as assert } from 'node:assert'
import { serveDsp } from '../../src/api/dsp/index.ts'
import { SessionBook } from '../../src/api/sessions/index.ts'
import { ok, utf8 } from '../../src/base/index.ts'
import { createClient, type Column } from '../../src/sdk/index.ts'
import { describeDataset } from '../support/apiServer.ts'
import { bearer, closeAll, open, random, value, type World } from './access.fixture.ts'

afterEach(closeAll)

const COLUMNS: readonly Column[] = [{ name: 'id', type: 'text', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null }]
const BODY = utf8(JSON.stringify({ id: 'bin', lat: 47.6, lon: -122.2 }))
/** A row group of Parquet; of all others several parts. */
const GROUP_RECORDS = 65_536
const SOME_RECORDS = 4_096

/** A node that gives the first part of what is asked, and the rest when it is told to. */
type Slow = { readonly world: World, readonly goOn: () => void, readonly left: Promise<void>, readonly given: { records: number }, readonly firstRecords: number }

async function slow (firstRecords = SOME_RECORDS, form: 'stream' | 'file' = 'stream'): Promise<Slow> {
  const world = await open()
  const gate = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  const given = { records: 0 }
  const described = { ...describeDataset('counter'), schema: COLUMNS }
  const content = form === 'stream' ? { form, mediaType: 'application/json' } : { form, mediaType: 'text/plain', fileName: 'all.txt', bytes: nothing() }
  assert.ok((await world.node.publish(described, content)).ok)
  async function * all<T> (item: (number: number) => T): AsyncGenerator<T> {
    try {
      for (let number = 0; number < 3 * firstRecords; number++) {
        if (number === firstRecords) await gate.promise
        given.records++
        yield item(number)
      }
    } finally {
      left.resolve()
    }
  }
  world.node.read = () => ok(all(number => ({ number, timeMs: 1, key: utf8('k'), operation: 'put' as const, mediaType: 'application/json', body: BODY })))
  world.node.content = () => Promise.resolve(ok({ sizeBytes: 3 * firstRecords * BODY.length, mediaType: 'text/plain', fileName: 'all.txt', bytes: all(() => BODY) }))
  world.node.makeBundle = () => Promise.resolve(ok(all(() => BODY)))
  return { world, goOn: gate.resolve, left: left.promise, given, firstRecords }
}

async function * nothing (): AsyncGenerator<Uint8Array> {}

/** Reads on after `end` was done while the first part was on its way: whether the answer ended as a whole one does, and whether the node was left after one part more. */
async function endedWithin ({ world, goOn, left, given, firstRecords }: Slow, path: string, headers: Record<string, string>, end: () => Promise<unknown>): Promise<{ readonly isWhole: boolean, readonly isLeft: boolean }> {
  const answer = await fetch(path.startsWith('http') ? path : `${world.url}/api/v1/${path}`, { headers })
  assert.equal(answer.status, 200)
  assert.ok(answer.body !== null)
  const reader = answer.body.getReader()
  assert.equal((await reader.read()).done, false)
  await end()
  goOn()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read());
    return { isWhole: true, isLeft: given.records < 3 * firstRecords }
  } catch {
    await left
    return { isWhole: false, isLeft: given.records <= 2 * firstRecords }
  }
}

const PATHS = ['csv', 'geojson', 'ndjson', 'parquet'].map(format => `datasets/counter/download?format=${format}`)
  .concat('datasets/counter/records?limit=200000', 'datasets/counter/content')

describe('downloads', () => {
  for (const path of PATHS) {
    it(`are cut off where their token is revoked: ${path}`, async () => {
      const reading = await slow(path.endsWith('parquet') ? GROUP_RECORDS : SOME_RECORDS)
      const owner = createClient({ baseUrl: reading.world.url, token: reading.world.token })
      const { token, view } = value(await owner.makeToken({ label: 'reader', scope: 'read', requester: 'outside' }))
      assert.deepEqual(await endedWithin(reading, path, bearer(token), () => owner.revokeToken(view.id)), { isWhole: false, isLeft: true })
    })
  }

  it('of bundles are cut off as well', async () => {
    const reading = await slow()
    const owner = createClient({ baseUrl: reading.world.url, token: reading.world.token })
    const { token, view } = value(await owner.makeToken({ label: 'carrier', scope: 'decide' }))
    assert.deepEqual(await endedWithin(reading, 'bundles?references=counter', bearer(token), () => owner.revokeToken(view.id)), { isWhole: false, isLeft: true })
  })

  it('are cut off where somebody leaves', async () => {
    const reading = await slow()
    const { world } = reading
    const { url } = value(await createClient({ baseUrl: world.url, token: world.token }).invitePerson())
    const begun = await world.send('/api/v1/session', { method: 'POST', body: { entry: new URL(url).hash.slice('#entry='.length) } })
    const own = { 'cookie': begun.headers.get('set-cookie')?.split(';')[0] ?? '', 'origin': world.url, 'sec-fetch-site': 'same-origin' }
    const leave = async (): Promise<void> => {
      const left = await world.send('/api/v1/session', { method: 'DELETE', headers: { ...own, 'hanse-csrf': (begun.body as { readonly csrf: string }).csrf } })
      assert.equal(left.status, 204)
    }
    assert.deepEqual(await endedWithin(reading, PATHS[0] ?? '', own, leave), { isWhole: false, isLeft: true })
  })

  for (const form of ['stream', 'file'] as const) {
    it(`of a transfer of the Dataspace Protocol are cut off where it is suspended or ended: ${form}`, async () => {
      const reading = await slow(SOME_RECORDS, form)
      const { node } = reading.world
      let runs = true
      node.openedBy = () => runs ? { pid: 'p', reference: 'counter', requester: 'did:key:z', agreementId: 'a', expiresMs: Infinity } : undefined
      const listening = await serveDsp({
        node, listen: { host: '127.0.0.1', port: 0 }, url: undefined, participants: [], web: () => assert.fail('nobody is asked'), log: () => undefined
      })
      assert.ok(listening.ok)
      try {
        const url = `${new URL(listening.value.address).origin}/data/p`
        assert.deepEqual(await endedWithin(reading, url, bearer('t'), async () => { runs = false }), { isWhole: false, isLeft: true })
      } finally {
        await listening.value.stop()
      }
    })
  }

  it('come whole where nothing ended, whatever happens to the tokens of others', async () => {
    const reading = await slow()
    const owner = createClient({ baseUrl: reading.world.url, token: reading.world.token })
    const [mine, other] = [value(await owner.makeToken({ label: 'mine', scope: 'read' })), value(await owner.makeToken({ label: 'other', scope: 'read' }))]
    assert.deepEqual(await endedWithin(reading, PATHS[0] ?? '', bearer(mine.token), () => owner.revokeToken(other.view.id)), { isWhole: true, isLeft: false })
  })

  it('go on while nobody is at the browser that takes them, until the session was ended or its twelve hours are over', () => {
    const HOUR_MS = 3_600_000
    let nowMs = 0
    const book = new SessionBook({ random, nowMs: () => nowMs })
    const [one, other] = [book.begin(book.invite().entry, '127.0.0.1'), book.begin(book.invite().entry, '127.0.0.1')]
    assert.ok(one.ok && other.ok)
    const [{ secret, session }, left] = [one.value, other.value.session]
    nowMs = HOUR_MS
    assert.equal(book.find(secret, true), undefined)
    assert.deepEqual([book.isOver(session.id), book.isEnded(session.id)], [true, false])
    book.end(left.id)
    assert.ok(book.isEnded(left.id))
    nowMs = 12 * HOUR_MS
    assert.ok(book.isEnded(session.id))
  })
})
