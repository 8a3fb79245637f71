import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { ok, type Result } from '../../base/index.ts'
import { failed } from './broken.ts'
import type { SafeFailure, SafeRequest } from './types.ts'
import type { Target } from './target.ts'

export type Response = { readonly status: number, readonly headers: Readonly<Record<string, string>>, readonly message: IncomingMessage }

const ENCODINGS = 'gzip, deflate, br'

/** One request over a connection of its own, to addresses that were checked. Resolves with the head of the answer. */
export function exchange (target: Target, { method, headers, body }: Pick<SafeRequest, 'method' | 'headers' | 'body'>, signal: AbortSignal): Promise<Result<Response, SafeFailure>> {
  const { url } = target
  return new Promise(settle => {
    const options = {
      method, lookup: pinnedTo(target.addresses), agent: false, signal,
      headers: { 'accept-encoding': ENCODINGS, ...headers, ...body === null ? {} : { 'content-length': String(body.length) } }
    }
    const took = (message: IncomingMessage): void => { settle(ok({ status: message.statusCode ?? 0, headers: headersOf(message), message })) }
    const message = url.protocol === 'https:' ? requestHttps(url, options, took) : requestHttp(url, options, took)
    // Also what comes after the head was taken: the answer tells of it then.
    message.on('error', () => { settle(failed('unreachable', 'nobody answers there')) })
    message.end(body ?? undefined)
  })
}

/** The addresses that were checked, whatever the name would say now. */
function pinnedTo (addresses: readonly string[]): LookupFunction {
  const found = addresses.map(address => ({ address, family: isIP(address) }))
  return (_, how, answer) => {
    const [first] = found
    if (how.all === true) answer(null, found)
    else answer(null, first?.address ?? '', first?.family)
  }
}

function headersOf ({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]]))
}
