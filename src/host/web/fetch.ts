import { concat, ok, type Result } from '../../base/index.ts'
import { failed, WebBroken } from './broken.ts'
import { bytesOf } from './bytes.ts'
import { Deadline } from './deadline.ts'
import { exchange } from './exchange.ts'
import type { SafeAnswer, SafeFailure, SafeFetch, SafeRequest, Safety } from './types.ts'
import { BYTES_MAX, REDIRECTS_MAX } from './limits.ts'
import { checkedTarget, isAllowed } from './target.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What another origin is told: what is wanted, and nothing of who wants it. */
const HEADERS_FOR_ALL: ReadonlySet<string> = new Set(['accept', 'accept-language', 'user-agent', 'if-none-match', 'if-modified-since'])

export function createSafeFetch (safety: Safety): SafeFetch {
  return async request => {
    const deadline = new Deadline(request)
    const answer = await deadline.race(follow(request, narrowed(safety, request), deadline))
    if (!answer.ok) deadline.end()
    return answer
  }
}

/** What counts of that which the operator allowed. */
function narrowed (safety: Safety, { onlyAllowed, namedBy }: SafeRequest): Safety {
  const { allowed } = safety
  if (namedBy !== undefined && !isAllowed(namedBy, safety)) return { ...safety, allowed: [] }
  return allowed === 'loopback' || onlyAllowed === undefined ? safety : { ...safety, allowed: allowed.filter(each => onlyAllowed.includes(each)) }
}

async function follow (request: SafeRequest, safety: Safety, deadline: Deadline): Promise<Result<SafeAnswer, SafeFailure>> {
  let { url, headers } = request
  const redirectsMax = Math.min(request.redirectsMax ?? 0, REDIRECTS_MAX)
  for (let redirects = 0; ; redirects++) {
    const target = await checkedTarget(url, safety)
    if (!target.ok) return target
    if (deadline.signal.aborted) return failed('timeout', 'no answer in time')
    const response = await exchange(target.value, { method: request.method, headers, body: request.body }, deadline.signal)
    if (!response.ok) return response
    const { status, headers: answered, message } = response.value
    const location = answered['location']
    if (!REDIRECTS.has(status) || location === undefined || redirectsMax === 0 || request.method !== 'GET') {
      deadline.arrived()
      return ok(answerOf(target.value.url.href, response.value, request, deadline))
    }
    message.destroy()
    if (redirects === redirectsMax) return failed('redirect', `the server sends on more than ${redirectsMax} times`)
    if (!URL.canParse(location, target.value.url)) return failed('redirect', 'the server sends on to what is no address')
    const next = new URL(location, target.value.url)
    // A fragment of a redirect is for browsers; everything else of it is checked like the first address.
    next.hash = ''
    if (next.origin !== target.value.url.origin) headers = Object.fromEntries(Object.entries(headers).filter(([name]) => HEADERS_FOR_ALL.has(name.toLowerCase())))
    url = next.href
  }
}

function answerOf (
  url: string, response: { readonly status: number, readonly headers: Readonly<Record<string, string>>, readonly message: Parameters<typeof bytesOf>[0] },
  request: SafeRequest, deadline: Deadline
): SafeAnswer {
  const { status, headers, message } = response
  const bytes = bytesOf(message, headers['content-encoding'], Math.min(request.bytesMax ?? BYTES_MAX, BYTES_MAX), deadline)
  return {
    status, url, headers, bytes,
    async whole () {
      const parts: Uint8Array[] = []
      try {
        for await (const chunk of bytes) parts.push(chunk)
      } catch (error) {
        if (!(error instanceof WebBroken)) throw error
        return { ok: false, failure: error.failure }
      }
      return ok(concat(parts))
    },
    cancel () {
      deadline.end()
      message.destroy()
    }
  }
}
