import { assert, base32Text, hex, sha256, utf8 } from '../../base/index.ts'
import type { Scope } from '../../sdk/operation/index.ts'

const TOKEN_PREFIX = 'hanse_'
export const TOKEN_BYTES = 32

/** A token as it is kept: by the hex of its digest, never as it is. */
export type KnownToken = { readonly sha256: string, readonly scope: Scope }

/** A token of 256 unpredictable bits; the prefix lets scanners find one that leaked. */
export function createToken (random: Uint8Array): string {
  assert(random.length === TOKEN_BYTES, `a token is made of ${TOKEN_BYTES} bytes`)
  return TOKEN_PREFIX + base32Text(random)
}

export function knownToken (token: string, scope: Scope): KnownToken {
  return { sha256: digestOf(token), scope }
}

/**
 * What a token is looked up by. How long the look-up takes tells about bits of a hash that a guesser cannot choose, so it needs no
 * comparison in constant time.
 */
export function digestOf (token: string): string {
  return hex(sha256(utf8(token)))
}
