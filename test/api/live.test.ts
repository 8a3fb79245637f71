import { strict as assert } from 'node:assert'
import { utf8, type Result } from '../../src/base/index.ts'
import { createClient, eventsOf, type Failure, type RecordInput } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

let served: Served
let ending: AbortController
beforeEach(async () => {
  served = await serve({ heartbeatMs: 20, eventsKeptMax: 4 })
  ending = new AbortController()
  value(await served.client.publish(describeDataset('live'), { form: 'stream', mediaType: 'text/plain' }))
})
afterEach(async () => {
  ending.abort()
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

function text (body: string): RecordInput {
  return { key: utf8('k'), timeMs: 1, operation: 'put', mediaType: 'text/plain', body: utf8(body) }
}

async function append (...bodies: readonly string[]): Promise<void> {
  value(await served.client.append('live', bodies.map(text), { flush: true }))
}

async function take<T> (iterator: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  while (taken.length < count) {
    const next = await iterator.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}

/** Raw events, resumed by hand. */
async function events (path: string, lastId?: string): Promise<AsyncIterator<{ readonly id: string, readonly event: string, readonly data: string }>> {
  const response = await fetch(`${served.api.url}/api/v1/${path}`, {
    signal: ending.signal, headers: { authorization: `Bearer ${served.token}`, ...lastId === undefined ? {} : { 'last-event-id': lastId } }
  })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.ok(response.body)
  return eventsOf(response.body, id => {
    heartbeats++
    heartId = id
  })[Symbol.asyncIterator]()
}
let heartbeats = 0
/** Behind which event a stream stood when its heart beat last. */
let heartId = ''

describe('live streams', () => {
  it('deliver the last records and then each new one', async () => {
    await append('0', '1', '2')
    const records = value(await served.client.follow('live', { last: 2, signal: ending.signal }))[Symbol.asyncIterator]()
    assert.deepEqual((await take(records, 2)).map(({ number }) => number), [1, 2])
    await append('3')
    assert.deepEqual((await take(records, 1)).map(({ number, body }) => [number, body]), [[3, utf8('3')]])
    ending.abort()
    assert.equal((await records.next()).done, true)
  })

  it('resume behind the last event without a gap, also while records keep coming', async () => {
    await append('0', '1', '2', '3', '4')
    const resumed = await events('datasets/live/live', '1')
    assert.deepEqual((await take(resumed, 3)).map(({ id }) => id), ['2', '3', '4'])
    await append('5', '6')
    assert.deepEqual((await take(resumed, 2)).map(({ id }) => id), ['5', '6'])
    const current = await events('datasets/live/live', '6')
    await append('7')
    assert.deepEqual((await take(current, 1)).map(({ id }) => id), ['7'])
  })

  it('are opened anew by the client when the server goes and comes back', async () => {
    await append('0')
    let url = served.api.url
    const client = createClient({ baseUrl: url, token: served.token, fetch: (asked, init) => fetch(asked.replace(url, served.api.url), init) })
    const records = value(await client.follow('live', { last: 1, signal: ending.signal }))[Symbol.asyncIterator]()
    assert.equal((await take(records, 1))[0]?.number, 0)
    const before = served
    url = before.api.url
    served = await serve({ heartbeatMs: 20 })
    for (const [id, held] of before.node.held) served.node.held.set(id, held)
    await before.api.stop()
    await append('1', '2')
    assert.deepEqual((await take(records, 2)).map(({ number }) => number), [1, 2])
  })

  it('go on from where they were opened, also where they broke before anything had come', async () => {
    await append('0')
    let url = served.api.url
    const client = createClient({ baseUrl: url, token: served.token, fetch: (asked, init) => fetch(asked.replace(url, served.api.url), init) })
    const waiting = value(await client.follow('live', { last: 0, signal: ending.signal }))[Symbol.asyncIterator]().next()
    const before = served
    url = before.api.url
    served = await serve({ heartbeatMs: 20 })
    for (const [id, held] of before.node.held) served.node.held.set(id, held)
    await append('1')
    await before.api.stop()
    assert.equal((await waiting).value?.number, 1)
  })

  it('tell events that came between two connections, also where none had come before', async () => {
    heartId = ''
    const waiting = (await events('events')).next()
    while (heartId === '') await new Promise(resolve => { setImmediate(resolve) })
    const opened = heartId
    served.node.emit({ type: 'founding', have: 1, want: 3 })
    assert.deepEqual((await take(await events('events', opened), 1)).map(({ data }) => JSON.parse(data) as unknown), [{ type: 'founding', have: 1, want: 3 }])
    await waiting
  })

  it('send heartbeats while nothing happens', async () => {
    heartbeats = 0
    const quiet = await events('events')
    const waiting = quiet.next()
    while (heartbeats < 3) await new Promise(resolve => { setImmediate(resolve) })
    served.node.emit({ type: 'ready', federation: 'x' })
    assert.equal((await waiting).value?.event, 'ready')
  })

  it('tell events of the node, resume them by id and say when some were missed', async () => {
    const watched = value(await served.client.events({ signal: ending.signal }))[Symbol.asyncIterator]()
    served.node.emit({ type: 'founding', have: 1, want: 3 })
    assert.deepEqual(await take(watched, 1), [{ type: 'founding', have: 1, want: 3 }])
    const raw = await events('events')
    for (const have of [2, 3]) served.node.emit({ type: 'founding', have, want: 3 })
    const [second, third] = await take(raw, 2)
    assert.deepEqual((await take(await events('events', second?.id), 1)).map(({ id }) => id), [third?.id])
    for (const have of [4, 5, 6, 7, 8, 9, 10, 11]) served.node.emit({ type: 'founding', have, want: 3 })
    assert.deepEqual((await take(await events('events', second?.id), 1)).map(({ event }) => event), ['resync'])
    assert.deepEqual((await take(await events('events', 'other-1'), 1)).map(({ event }) => event), ['resync'])
  })

  it('end when the server stops, and hold it up no longer', async () => {
    await served.api.stop()
    // So long that this test would end before it.
    served = await serve({ stopGraceMs: 600_000 })
    const open = await events('events')
    const waiting = open.next()
    await served.api.stop()
    assert.equal((await waiting).done, true)
  })

  it('say why they are closed and where to begin again, and the client does', async () => {
    await append('0', '1')
    const raw = await events('datasets/live/live?last=1')
    const records = value(await served.client.follow('live', { last: 1, signal: ending.signal }))[Symbol.asyncIterator]()
    assert.deepEqual([(await take(raw, 1))[0]?.id, (await take(records, 1))[0]?.number], ['1', 1])
    for (const end of served.node.ends) end({ code: 'slow', reason: 'it read too slowly', hint: 'read faster' })
    const [closed, ...none] = await take(raw, 2)
    assert.deepEqual([closed?.event, closed?.id, none.length], ['closed', '1', 0])
    assert.deepEqual(JSON.parse(closed?.data ?? ''), { code: 'slow', reason: 'it read too slowly', hint: 'read faster', lastEventId: '1' })
    await append('2')
    assert.equal((await take(records, 1))[0]?.number, 2)
  })

  it('end for good where the right is lost, with the reason', async () => {
    const records = value(await served.client.follow('live', { last: 0, signal: ending.signal }))[Symbol.asyncIterator]()
    const waiting = records.next()
    for (const end of served.node.ends) end({ code: 'refused', reason: 'the agreement was ended', hint: 'ask for another one' })
    await assert.rejects(waiting, { name: 'StreamBroken', code: 'refused', message: 'the agreement was ended' })
  })

  it('are kept by nobody on the way', async () => {
    const response = await fetch(`${served.api.url}/api/v1/datasets/live/live`, {
      signal: ending.signal, headers: { 'authorization': `Bearer ${served.token}`, 'accept-encoding': 'gzip, br' }
    })
    assert.deepEqual(['cache-control', 'x-accel-buffering', 'content-encoding'].map(name => response.headers.get(name)), ['no-store', 'no', null])
  })

  it('refuse as a value what they cannot open', async () => {
    const none = await served.client.follow('none', { last: 1, signal: ending.signal })
    assert.equal(none.ok ? '' : none.failure.code, 'not-found')
  })
})
