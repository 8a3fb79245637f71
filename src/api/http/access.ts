import type { IncomingHttpHeaders } from 'node:http'
import type { Result } from '../../base/index.ts'
import type { Method, Scope } from '../../sdk/operation/index.ts'
import type { AnyFailure } from './replies.ts'

const RANK: Readonly<Record<Scope, number>> = { read: 0, operate: 1, decide: 2 }

/** Who asks, as far as it is known. */
export type Caller = {
  /** For limits: of the token or the session. */
  readonly id: string
  /** Whose session it is: the same in all sessions of one person. Left out: nothing but the id tells. */
  readonly account?: string | undefined
  readonly scope: Scope
  /** May decide who uses the node. Left out: may not. */
  readonly isAdmin?: boolean | undefined
  /** Undefined: one of the people of this node. A member's did, or null for anybody: whoever it is may do only what is `forOthers`. */
  readonly requester?: string | null | undefined
  /** What for, where the request itself does not say. */
  readonly purpose?: string | undefined
  /** Whether the token or session has ended meanwhile, for what is answered without an end. Left out: it never does. */
  readonly isOver?: () => boolean
  /** The same for downloads: these also go on while nobody is at the browser that takes them. */
  readonly isEnded?: () => boolean
}

/** Nobody in particular. */
export const PUBLIC: Caller = { id: 'public', scope: 'read', requester: null }

/** The request as far as it tells who asks. `address`: of the other end. */
export type Credentials = {
  readonly method: string, readonly headers: IncomingHttpHeaders, readonly live: boolean, readonly address: string
}

/** Undefined: there is nothing with the request that says who asks. */
export type Authenticate = (credentials: Credentials) => Result<Caller, AnyFailure> | undefined

/** The token of an `Authorization` header. */
export function bearerOf (headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer (\S{1,256})$/i.exec(headers.authorization ?? '')?.[1]
}

/** A browser cannot set the header for a WebSocket: it names the token as a subprotocol. */
export function bearerOfProtocols (header: string | undefined): string | undefined {
  return /(?:^|,)\s*bearer\.([\w.~-]{1,256})\s*(?:,|$)/.exec(header ?? '')?.[1]
}

/** Methods that change something. */
export function isWrite (method: string): boolean {
  return !READS.includes(method)
}

const READS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'] satisfies readonly (Method | 'HEAD' | 'OPTIONS')[]

export function mayUse (scope: Scope, needed: Scope): boolean {
  return RANK[scope] >= RANK[needed]
}

export function isLoopback (host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Whether the `Host` header names this server. A page of any site can make its own name resolve to 127.0.0.1; it then
 * is of one origin with us, but still sends its own name.
 */
export function isAllowedHost (header: string | undefined, port: number, names: readonly string[]): boolean {
  if (header === undefined) return false
  const [, name = '', given] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(header) ?? []
  // At which port a server in front listens is its own affair.
  if (names.includes(name.toLowerCase())) return true
  return ['127.0.0.1', 'localhost', '[::1]'].includes(name.toLowerCase()) && Number(given ?? '80') === port
}
