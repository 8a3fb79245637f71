import { textOf, utf8 } from '../../base/index.ts'
import type { Carry } from '../../node/contract/index.ts'
import { ANSWER_BYTES_MAX, REQUEST_TIMEOUT_MS } from '../../node/dsp/index.ts'
import { safeRequest, type Safety } from './safe.ts'

export type HttpCarryOptions = {
  readonly safety: Safety
  /** The `Authorization` header of one request. */
  readonly authorize: (request: { readonly peer: string, readonly method: 'GET' | 'POST', readonly url: string, readonly body: Uint8Array }) => string
}

/** Messages over HTTP. */
export function httpCarry ({ safety, authorize }: HttpCarryOptions): Carry {
  return async ({ peer, address, path, body }) => {
    const url = address + path
    const bytes = body === null ? null : utf8(JSON.stringify(body))
    const method = bytes === null ? 'GET' : 'POST'
    const authorization = authorize({ peer, method, url, body: bytes ?? new Uint8Array(0) })
    const answer = await safeRequest({
      url, method, body: bytes, timeoutMs: REQUEST_TIMEOUT_MS, answerBytesMax: ANSWER_BYTES_MAX,
      headers: { 'accept': 'application/json', authorization, ...bytes === null ? {} : { 'content-type': 'application/json' } }
    }, safety)
    return answer.ok ? { status: answer.value.status, body: jsonOf(answer.value.body) } : undefined
  }
}

function jsonOf (bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes) ?? '') as unknown
  } catch {
    return null
  }
}
