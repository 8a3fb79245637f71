import { textOf, utf8 } from '../../base/index.ts'
import type { Carry } from '../../node/contract/index.ts'
import { ANSWER_BYTES_MAX, REQUEST_TIMEOUT_MS } from '../../node/dsp/index.ts'
import type { Web } from './web.ts'

export type HttpCarryOptions = {
  readonly web: Web
  /** The `Authorization` header of one request. */
  readonly authorize: (request: { readonly peer: string, readonly method: 'GET' | 'POST', readonly url: string, readonly body: Uint8Array }) => string
}

/** Messages over HTTP. */
export function httpCarry ({ web, authorize }: HttpCarryOptions): Carry {
  return async ({ peer, address, path, body }) => {
    const url = address + path
    const bytes = body === null ? null : utf8(JSON.stringify(body))
    const method = bytes === null ? 'GET' : 'POST'
    const authorization = authorize({ peer, method, url, body: bytes ?? new Uint8Array(0) })
    const answer = await web({
      url, method, body: bytes, timeoutMs: REQUEST_TIMEOUT_MS, bytesMax: ANSWER_BYTES_MAX,
      headers: { 'accept': 'application/json', authorization, ...bytes === null ? {} : { 'content-type': 'application/json' } }
    })
    if (!answer.ok) return undefined
    const whole = await answer.value.whole()
    return whole.ok ? { status: answer.value.status, body: jsonOf(whole.value) } : undefined
  }
}

function jsonOf (bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes) ?? '') as unknown
  } catch {
    return null
  }
}
