import { concat, equalBytes, hex, sha256, u32, utf8 } from '../../base/index.ts'
import { realScheme, type Scheme } from '../../core/finality/index.ts'
import { didOfKey, signingKeyOfSeed, type Did, type SigningKey } from '../../core/identity/index.ts'

/** Makes the keys of a run: of the signature rule in production, or tags that only the harness can make. */
export type KeyMaker = {
  readonly scheme: Scheme
  make (name: string): SigningKey
}

/** Remembers what was signed by whom. */
export type OnSigned = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => void

export function keyMaker (isReal: boolean, onSigned: OnSigned): KeyMaker {
  const make = (name: string): SigningKey => {
    const seed = sha256(utf8(`key of ${name}`))
    const key = isReal ? signingKeyOfSeed(seed) : { publicKey: seed, sign: (message: Uint8Array) => tagOf(seed, message) }
    return {
      publicKey: key.publicKey,
      sign: message => {
        const signature = key.sign(message)
        onSigned(key.publicKey, message, signature)
        return signature
      }
    }
  }
  return { scheme: isReal ? realScheme : tagScheme, make }
}

/** A hash stands for a signature. Nobody in a run forges one, because liars sign through the harness too. */
const tagScheme: Scheme = key => ({ bytes: key, verify: (message, signature) => equalBytes(signature, tagOf(key, message)) })

function tagOf (key: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(key, message)
  return concat([half, half])
}

export function nodeKeyOf (index: number): Uint8Array {
  return sha256(utf8('node'), u32(index))
}

const members: Did[] = []

/** Real names, because headers with others do not decode. */
export function memberOf (index: number): Did {
  for (let next = members.length; next <= index; next++) members.push(didOfKey(signingKeyOfSeed(sha256(utf8(`member ${next}`))).publicKey))
  return members[index] ?? ''
}

export const nameOfNode = (index: number): string => hex(nodeKeyOf(index))
