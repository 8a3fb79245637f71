/**
 * Stands in for `node:crypto` in a browser, as far as `base` uses it: hashes are reckoned here, keys and ciphers belong to the node.
 * The build puts it in the place of the module.
 */
import { sha256 } from '@noble/hashes/sha2.js'

export function hash (algorithm: string, data: Uint8Array, form: 'binary'): string {
  check(algorithm === 'sha256' && form === 'binary')
  return String.fromCharCode(...sha256(data))
}

export function createHash (algorithm: string): { update (data: Uint8Array): unknown, digest (): Uint8Array } {
  check(algorithm === 'sha256')
  return sha256.create()
}

const absent = (): never => { throw new Error('keys and ciphers belong to the node, not to its console') }

export { absent as createCipheriv, absent as createDecipheriv, absent as createHmac, absent as createPrivateKey, absent as createPublicKey, absent as diffieHellman, absent as scryptSync }

function check (isKnown: boolean): void {
  if (!isKnown) throw new Error('only SHA-256 is reckoned in the browser')
}
