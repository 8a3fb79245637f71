import { lookup as resolve } from 'node:dns/promises'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { concat, fail, ok, plain, type Result } from '../../base/index.ts'
import { isLoopback } from '../http/index.ts'
import { isPublicAddress } from './addresses.ts'

/** What an operator allows beside public servers with TLS. */
export type Safety = {
  /** `host:port` as the address has it: may be private, plain HTTP and on any port. `loopback`: whatever is on this machine. */
  readonly allowed: readonly string[] | 'loopback'
  /** All addresses of a name; the system's resolver where nothing is said. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

export type SafeRequest = {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
  readonly timeoutMs: number
  readonly answerBytesMax: number
}

export type SafeAnswer = { readonly status: number, readonly body: Uint8Array }
type SafeFailure = { readonly code: 'address' | 'unreachable' | 'timeout' | 'too-large', readonly reason: string }

/** Asks a server that somebody else named. What it answered stays here: a failure tells nothing of it. */
export async function safeRequest (wanted: SafeRequest, safety: Safety): Promise<Result<SafeAnswer, SafeFailure>> {
  const target = targetOf(wanted.url, safety)
  if (!target.ok) return target
  const { url, isAllowed } = target.value
  const address = await addressOf(url.hostname.replace(/^\[|\]$/g, ''), isAllowed, safety)
  return address.ok ? perform(url, address.value, wanted) : address
}

function targetOf (text: string, { allowed }: Safety): Result<{ readonly url: URL, readonly isAllowed: boolean }, SafeFailure> {
  if (!URL.canParse(text)) return refused('this is no address')
  const url = new URL(text)
  const port = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80'
  const isAllowed = allowed === 'loopback' ? isLoopback(url.hostname) : allowed.includes(`${url.hostname}:${port}`)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isAllowed)) return refused('only https is spoken, where the operator allows no other')
  if (url.username !== '' || url.password !== '' || url.hash !== '') return refused('an address with a user, password or fragment is not called')
  if (!isAllowed && port !== '443' && port !== '80') return refused(`the port ${port} is not allowed`)
  return ok({ url, isAllowed })
}

/** One address, checked, to connect to. */
async function addressOf (host: string, isAllowed: boolean, { resolve: own }: Safety): Promise<Result<string, SafeFailure>> {
  let addresses: readonly string[]
  try {
    addresses = isIP(host) !== 0 ? [host] : await (own ?? resolveAll)(host)
  } catch {
    return fail({ code: 'unreachable', reason: 'the name is not known' })
  }
  const [first] = addresses
  if (first === undefined) return fail({ code: 'unreachable', reason: 'the name has no address' })
  return isAllowed || addresses.every(isPublicAddress) ? ok(first) : refused('it leads into a private network')
}

async function resolveAll (host: string): Promise<readonly string[]> {
  return (await resolve(host, { all: true })).map(({ address }) => address)
}

function perform (url: URL, address: string, wanted: SafeRequest): Promise<Result<SafeAnswer, SafeFailure>> {
  const { method, headers, body, timeoutMs, answerBytesMax } = wanted
  const family = isIP(address)
  return new Promise(settle => {
    const done = (result: Result<SafeAnswer, SafeFailure>): void => {
      clearTimeout(timer)
      settle(result)
      message.destroy()
    }
    // The address that was checked, whatever the name would say now; TLS still wants the name.
    const lookup: LookupFunction = (_, how, answer) => {
      if (how.all === true) answer(null, [{ address, family }])
      else answer(null, address, family)
    }
    const options = { method, headers: { ...headers, ...body === null ? {} : { 'content-length': String(body.length) } }, lookup }
    const took = (response: IncomingMessage): void => {
      read(response, answerBytesMax).then(
        bytes => done(bytes === undefined ? fail({ code: 'too-large', reason: 'the answer is too long' }) : ok({ status: response.statusCode ?? 0, body: bytes })),
        () => done(fail({ code: 'unreachable', reason: 'the answer broke off' }))
      )
    }
    const message = url.protocol === 'https:' ? requestHttps(url, options, took) : requestHttp(url, options, took)
    const timer = setTimeout(() => { done(fail({ code: 'timeout', reason: 'no answer in time' })) }, timeoutMs)
    message.on('error', () => { done(fail({ code: 'unreachable', reason: 'nobody answers there' })) })
    message.end(body ?? undefined)
  })
}

/** Undefined: longer than allowed. */
async function read (response: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bytesMax) return undefined
    parts.push(plain(chunk))
  }
  return concat(parts)
}

function refused (reason: string): Result<never, SafeFailure> {
  return fail({ code: 'address', reason })
}
