import { strict as assert } from 'node:assert'
import { EventEmitter, once } from 'node:events'
import { WebSocket } from 'ws'
import { RecordSocket } from '../../src/api/sockets/socket.ts'
import { utf8, type Result } from '../../src/base/index.ts'
import type { Failure, RecordInput } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

let served: Served
const open: WebSocket[] = []
/** A server at another pace than that of nodes, in place of the one that stands. */
async function serveWith (heartbeatMs?: number): Promise<void> {
  served = await serve(heartbeatMs === undefined ? {} : { heartbeatMs })
  value(await served.client.publish(describeDataset('live'), { form: 'stream', mediaType: 'text/plain' }))
}
beforeEach(() => serveWith())
afterEach(async () => {
  for (const socket of open.splice(0)) socket.terminate()
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

async function append (...bodies: readonly string[]): Promise<void> {
  value(await served.client.append('live', bodies.map((body): RecordInput => ({ key: utf8('k'), timeMs: 1, operation: 'put', mediaType: 'text/plain', body: utf8(body) })), { flush: true }))
}

type Reader = { readonly socket: WebSocket, readonly messages: readonly { readonly number?: number, readonly closed?: unknown }[], readonly closed: Promise<readonly [code: number, reason: string]> }

function connect (query: string, how: { readonly headers?: Readonly<Record<string, string>>, readonly protocols?: readonly string[], readonly dataset?: string, readonly isDeaf?: boolean } = {}): Reader {
  const { headers = { authorization: `Bearer ${served.tokens.read}` }, protocols = [], dataset = 'live', isDeaf = false } = how
  const socket = new WebSocket(`${served.api.url.replace('http', 'ws')}/api/v1/datasets/${dataset}/socket${query}`, [...protocols], { headers, autoPong: !isDeaf })
  open.push(socket)
  socket.on('error', () => {})
  const messages: { readonly number?: number }[] = []
  socket.on('message', data => { messages.push(JSON.parse((data as Buffer).toString()) as { readonly number?: number }) })
  const closed = new Promise<readonly [number, string]>(resolve => { socket.on('close', (code, reason) => { resolve([code, reason.toString()]) }) })
  return { socket, messages, closed }
}

/** The status and body that a handshake is refused with. */
async function refusedWith (reader: Reader): Promise<readonly [status: number | undefined, text: string]> {
  const [, response] = await once(reader.socket, 'unexpected-response') as [unknown, AsyncIterable<Buffer> & { readonly statusCode?: number }]
  let text = ''
  for await (const chunk of response) text += chunk.toString()
  return [response.statusCode, text]
}

async function until (holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => { setImmediate(resolve) })
}

const numbers = ({ messages }: Reader): readonly unknown[] => messages.map(({ number }) => number)

describe('sockets', () => {
  it('give the last records and then each new one, a record a message', async () => {
    await append('0', '1', '2')
    const reader = connect('?last=2')
    await until(() => reader.messages.length === 2)
    await append('3')
    await until(() => reader.messages.length === 3)
    assert.deepEqual(numbers(reader), [1, 2, 3])
    assert.deepEqual(reader.messages[2], { number: 3, timeMs: 1, operation: 'put', mediaType: 'text/plain', key: 'k', body: '3' })
  })

  it('resume behind the record that was seen last', async () => {
    await append('0', '1', '2', '3')
    const reader = connect('?afterSeq=1')
    await until(() => reader.messages.length === 2)
    assert.deepEqual(numbers(reader), [2, 3])
  })

  it('know who asks by a header, or by a subprotocol where there can be none', async () => {
    await append('0')
    const browser = connect('?last=1', { headers: { origin: served.api.url }, protocols: ['hanse', `bearer.${served.tokens.read}`] })
    await until(() => browser.messages.length === 1)
    assert.equal(browser.socket.protocol, 'hanse', 'a token is never said back')
    assert.deepEqual((await refusedWith(connect('', { headers: {} })))[0], 401)
    assert.deepEqual((await refusedWith(connect('', { headers: {}, protocols: ['hanse', 'bearer.hanse_wrong'] })))[0], 401)
  })

  it('are opened by no page of another origin, another port of this host too', async () => {
    for (const origin of ['https://example.org', 'null', served.api.url.replace(/\d+$/, '1')]) {
      const [status, text] = await refusedWith(connect('', { headers: { origin, authorization: `Bearer ${served.tokens.read}` } }))
      assert.equal(status, 403)
      assert.match(text, /of another origin/)
    }
  })

  it('answer as HTTP what they cannot open', async () => {
    assert.equal((await refusedWith(connect('', { dataset: 'none' })))[0], 404)
    assert.equal((await refusedWith(connect('?after=1')))[0], 422)
    const headers = { authorization: `Bearer ${served.tokens.read}` }
    const plain = await fetch(`${served.api.url}/api/v1/datasets/live/socket`, { headers })
    assert.deepEqual([plain.status, plain.headers.get('upgrade')], [426, 'websocket'])
    await plain.body?.cancel()
    assert.equal((await fetch(`${served.api.url}/api/v1/status`, { headers })).status, 200)
  })

  it('hold back what the reader gave no credit for, and go on when it does', async () => {
    await served.api.stop()
    await serveWith(300)
    await append(...Array.from({ length: 1_200 }, (_, at) => String(at)))
    const reader = connect('?last=1200')
    await until(() => reader.messages.length === 1_000)
    await append('more')
    let pings = 0
    reader.socket.on('ping', () => { pings++ })
    await until(() => pings > 2)
    assert.equal(reader.messages.length, 1_000)
    reader.socket.send('{"credit": 150}')
    await until(() => reader.messages.length === 1_150)
    reader.socket.send('{"credit": 51}')
    await until(() => reader.messages.length === 1_201)
    assert.deepEqual(numbers(reader), Array.from({ length: 1_201 }, (_, at) => at))
  })

  it('close on what is no grant of credit', async () => {
    for (const text of ['{"credit": 0}', '{"credit": 1e9}', 'hello', '{"credit": 1, "more": 2}', 'x'.repeat(2_000)]) {
      const reader = connect('')
      await once(reader.socket, 'open')
      reader.socket.send(text)
      assert.equal((await reader.closed)[0], text.length > 1_024 ? 1009 : 1008)
    }
  })

  it('let the word with which they close reach who sent what is no message, before the connection is torn down', async () => {
    let isTornDown = false
    const socket = Object.assign(new EventEmitter(), { readyState: WebSocket.OPEN, ping () {}, terminate () { isTornDown = true } })
    const over = new RecordSocket(60_000).run(socket as unknown as WebSocket, { from: 0, stop () {} }, new AbortController().signal)
    // As ws does it: its word is on its way when it tells of the error.
    socket.emit('error', new RangeError('Max payload size exceeded'))
    assert.equal(isTornDown, false)
    socket.emit('close')
    await over
  })

  it('say why they close, and where to begin again', async () => {
    for (const [last, [code, expected]] of ([['slow', 1013], ['refused', 1008], ['incomplete', 1011]] as const).entries()) {
      const reader = connect('?last=1')
      await append('0')
      // The record before it may come first.
      await until(() => reader.messages.at(-1)?.number === last)
      for (const end of served.node.ends) end({ code, reason: 'because', hint: 'do so' })
      assert.deepEqual(await reader.closed, [expected, `${code}; afterSeq=${last}`])
      assert.deepEqual(reader.messages.at(-1)?.closed, { code, reason: 'because', hint: 'do so', afterSeq: last })
    }
  })

  it('close when the server stops, and hold it up no longer', async () => {
    const reader = connect('')
    await once(reader.socket, 'open')
    await served.api.stop()
    assert.equal((await reader.closed)[0], 1001)
  })

  it('drop who answers no ping', async () => {
    await served.api.stop()
    // Who answers has three of these beats to do so.
    await serveWith(500)
    const [deaf, alive] = [connect('', { isDeaf: true }), connect('')]
    assert.equal((await deaf.closed)[0], 1006)
    assert.equal(alive.socket.readyState, WebSocket.OPEN)
  })
})
