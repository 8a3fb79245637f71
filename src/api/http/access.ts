import { assert, base32Text, equalBytes, sha256, utf8 } from '../../base/index.ts'

/** What a token allows: to look; to publish and run the node; to decide for the member. Each includes those before it. */
export type Scope = 'read' | 'operate' | 'decide'

const RANK: Readonly<Record<Scope, number>> = { read: 0, operate: 1, decide: 2 }
const TOKEN_PREFIX = 'hanse_'
const TOKEN_BYTES = 32

/** A token as it is kept: by its digest, never as it is. */
export type KnownToken = { readonly sha256: Uint8Array, readonly scope: Scope }

/** A token of 256 unpredictable bits; the prefix lets scanners find one that leaked. */
export function createToken (random: Uint8Array): string {
  assert(random.length === TOKEN_BYTES, `a token is made of ${TOKEN_BYTES} bytes`)
  return TOKEN_PREFIX + base32Text(random)
}

export function knownToken (token: string, scope: Scope): KnownToken {
  return { sha256: sha256(utf8(token)), scope }
}

/**
 * The scope of the token in an `Authorization` header; undefined for none.
 *
 * Digests are compared, not tokens: how long the comparison takes then tells about bits of a hash that a guesser cannot
 * choose, so it needs no comparison in constant time, which lives with `node:crypto` on other floors.
 */
export function scopeOf (authorization: string | undefined, tokens: readonly KnownToken[]): Scope | undefined {
  const token = /^Bearer (\S{1,256})$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) return undefined
  const digest = sha256(utf8(token))
  return tokens.find(known => equalBytes(known.sha256, digest))?.scope
}

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
  const known = ['127.0.0.1', 'localhost', '[::1]', ...names].includes(name.toLowerCase())
  return known && Number(given ?? '80') === port
}
