import type { IncomingMessage, ServerResponse } from 'node:http'
import { utf8 } from '../../base/index.ts'
import { MEDIA_TYPES } from '../../sdk/index.ts'
import { drained, outletOf } from './outlet.ts'
import { tagOf, type Answer } from './replies.ts'
import { BodyBroken } from './request.ts'

/**
 * Headers of every answer: nothing may be guessed, framed, kept elsewhere, or drawn into pages of others. To a browser another port of this
 * machine is the same site, so that a page from there brings the cookie along.
 */
const COMMON_HEADERS = {
  'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'"
}

type Writing = {
  /** The server is stopping: the connection takes no further request. */
  readonly closing: boolean
  readonly lingerMs: number
  readonly onBroken: (error: unknown) => void
}

/** Writes a reply, waiting for slow readers, and tells the status it had. Rejects where what it holds cannot be written. */
export async function writeReply (
  message: IncomingMessage, response: ServerResponse, reply: Answer, writing: Writing
): Promise<number> {
  if (reply.type === 'stream') {
    await writeStream(message, response, reply, writing)
    return reply.status
  }
  if (reply.type === 'pushed') {
    await writePushed(response, reply)
    return reply.status
  }
  const { status, headers, body } = plainReply(message, reply)
  const unread = !message.complete && hasBody(message)
  const size = status === 204 || status === 304 ? {} : { 'content-length': body.length }
  response.writeHead(status, { ...COMMON_HEADERS, ...headers, ...(unread || writing.closing ? { connection: 'close' } : {}), ...size })
  if (body.length > 0) response.write(body)
  else response.flushHeaders()
  if (unread) await linger(message, writing.lingerMs)
  response.end()
  return status
}

async function writeStream (
  message: IncomingMessage, response: ServerResponse, { status, headers, chunks, isEnded }: Answer & { readonly type: 'stream' }, writing: Writing
): Promise<void> {
  response.writeHead(status, { ...COMMON_HEADERS, ...headers, ...(writing.closing ? { connection: 'close' } : {}) })
  const expected = headers['content-length']
  let sent = 0
  try {
    for await (const chunk of chunks) {
      if (response.destroyed) return
      if (isEnded?.() === true) throw new Error('the token, session or transfer that it was asked with has ended')
      sent += chunk.length
      if (!response.write(chunk)) await drained(response)
    }
    if (expected !== undefined && sent !== Number(expected)) throw new Error(`${sent} bytes came of ${expected}`)
    response.end()
  } catch (error) {
    // The headers are gone already: cutting the connection is the one way left to say that this is not the whole.
    response.destroy()
    if (!(error instanceof BodyBroken) && !message.destroyed) writing.onBroken(error)
  }
}

/** Ends with the connection: an answer without an end needs no chunks to tell where it ends, and each of them would cost four writes. */
async function writePushed (response: ServerResponse, { status, headers, run }: Answer & { readonly type: 'pushed' }): Promise<void> {
  response.removeHeader('transfer-encoding')
  response.writeHead(status, { ...COMMON_HEADERS, ...headers, connection: 'close' })
  response.flushHeaders()
  await run(outletOf(response))
  response.end()
}

function plainReply (message: IncomingMessage, reply: Exclude<Answer, { readonly type: 'stream' | 'pushed' }>): {
  readonly status: number, readonly headers: Readonly<Record<string, string>>, readonly body: Uint8Array
} {
  if (reply.type === 'nothing') return { status: 204, headers: reply.headers ?? {}, body: new Uint8Array(0) }
  if (reply.type === 'problem') {
    const body = utf8(JSON.stringify(reply.problem))
    return { status: reply.problem.status, headers: { 'content-type': MEDIA_TYPES.problem, ...reply.headers }, body }
  }
  const body = utf8(JSON.stringify(reply.value))
  const headers = { 'content-type': MEDIA_TYPES.json, ...reply.headers }
  if (reply.tagged !== true) return { status: reply.status, headers, body }
  const etag = tagOf(body)
  const known = (message.headers['if-none-match'] ?? '').split(',').some(each => each.trim().replace(/^W\//, '') === etag)
  const held = { etag, 'cache-control': 'private, no-cache' }
  const kept = { ...headers, ...held }
  return known ? { status: 304, headers: held, body: new Uint8Array(0) } : { status: reply.status, headers: kept, body }
}

function hasBody (message: IncomingMessage): boolean {
  return message.headers['transfer-encoding'] !== undefined || Number(message.headers['content-length'] ?? '0') > 0
}

/** Reads a refused body for a while: a connection that is closed with unread bytes is reset, and the refusal with it. */
async function linger (message: IncomingMessage, lingerMs: number): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, lingerMs)
    for (const end of ['end', 'close', 'error']) message.once(end, () => { clearTimeout(timer); resolve() })
    message.resume()
  })
}
