import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { utf8 } from '../../base/index.ts'
import { MEDIA_TYPES } from '../../sdk/index.ts'
import { problem, type AnyFailure } from './replies.ts'

/** Tells whoever sends what is no request why the connection closes. What is still being answered on it goes out first, and nothing else. */
export class BrokenRequests {
  readonly #answering: WeakMap<Duplex, ServerResponse> = new WeakMap()
  readonly #lingerMs: number

  constructor (lingerMs: number) {
    this.#lingerMs = lingerMs
  }

  /** A request that is one: nothing else may be written until it is answered, or ever, where that answer is the last. */
  began ({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#answering.set(socket, response)
    response.once('finish', () => { if (response.shouldKeepAlive) this.#answering.delete(socket) })
  }

  answer (error: NodeJS.ErrnoException, socket: Duplex): void {
    const answering = this.#answering.get(socket)
    if (!socket.writable || error.code === 'ECONNRESET' || answering?.writableFinished === true) {
      socket.destroy()
      return
    }
    if (answering !== undefined) {
      const late = setTimeout(() => { socket.destroy() }, this.#lingerMs)
      answering.once('finish', () => { socket.end() })
      socket.once('close', () => { clearTimeout(late) })
      return
    }
    const { problem: said } = problem(failureOf(error.code ?? ''))
    const body = utf8(JSON.stringify(said))
    socket.write(`HTTP/1.1 ${said.status} ${said.title}\r\ncontent-type: ${MEDIA_TYPES.problem}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`)
    socket.end(body)
  }
}

function failureOf (code: string): AnyFailure {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': return { code: 'head-too-large', reason: 'address and headers are larger than a request may have', hint: 'send long values in the body' }
    case 'ERR_HTTP_REQUEST_TIMEOUT': return { code: 'timeout', reason: 'the request did not come within its time', hint: 'send it again' }
    default: return { code: 'malformed', reason: 'this is no HTTP request', hint: 'ask with a client that speaks HTTP/1.1' }
  }
}
