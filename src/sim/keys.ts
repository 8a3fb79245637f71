import { concat, equalBytes, hex, sha256, utf8 } from '../base/index.ts'
import { realScheme, type Scheme } from '../core/finality/index.ts'
import { signingKeyOfSeed, type SigningKey } from '../core/identity/index.ts'

/** Keys of all nodes of a run, and how their signatures are checked. */
export type Keyring = {
  readonly scheme: Scheme
  /** The consensus key of a node in one generation: each rotation begins the next. */
  keyOf (name: string, generation: number): SigningKey
}

export function nodeKeyOf (name: string): Uint8Array {
  return sha256(utf8(`node ${name}`))
}

export const peerOf = (name: string): string => hex(nodeKeyOf(name))

/**
 * Tags instead of signatures: SHA-256 under the key, thousands of times as fast. Nobody can forge them, because the simulator
 * holds all keys and lends each node its own.
 */
export function simulatedKeys (): Keyring {
  const tag = (key: Uint8Array, message: Uint8Array): Uint8Array => {
    const half = sha256(key, message)
    return concat([half, half])
  }
  return {
    scheme: key => ({ bytes: key, verify: (message, signature) => equalBytes(signature, tag(key, message)) }),
    keyOf: (name, generation) => {
      const publicKey = sha256(utf8(`key ${name} ${generation}`))
      return { publicKey, sign: message => tag(publicKey, message) }
    }
  }
}

/** Ed25519 as in production. */
export function realKeys (): Keyring {
  const known = new Map<string, SigningKey>()
  return {
    scheme: realScheme,
    keyOf: (name, generation) => {
      const id = `key ${name} ${generation}`
      const key = known.get(id) ?? signingKeyOfSeed(sha256(utf8(id)))
      known.set(id, key)
      return key
    }
  }
}
