import type { IncomingHttpHeaders } from 'node:http'
import type { ApiRequest } from '../http/index.ts'
import type { Context } from './context.ts'

/**
 * Where the client sees this node: `http://127.0.0.1:7480`, or `https://…` with a server in front. The `Host` header names us, which was
 * checked before any handler.
 */
export function originOf ({ isBehindProxy }: Pick<Context, 'isBehindProxy'>, { headers }: Pick<ApiRequest, 'headers'>): string {
  return originOfHeaders(headers, isBehindProxy)
}

export function originOfHeaders (headers: IncomingHttpHeaders, isBehindProxy: boolean): string {
  return `${isBehindProxy && headers['x-forwarded-proto'] === 'https' ? 'https' : 'http'}://${headers.host ?? ''}`
}
