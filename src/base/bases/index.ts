/** Writes bytes as text and reads them back: base 32 and 58 of multiformats. Apart from other bytes, since most pages of a browser need none of it. */
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'

export function base58 (bytes: Uint8Array): string {
  return base58btc.baseEncode(bytes)
}

export function bytesOfBase58 (text: string): Uint8Array | undefined {
  try {
    return base58btc.baseDecode(text)
  } catch {
    return undefined
  }
}

/** RFC 4648 base 32, lower case, without padding. */
export function base32Text (bytes: Uint8Array): string {
  return base32.baseEncode(bytes)
}

export function bytesOfBase32 (text: string): Uint8Array | undefined {
  try {
    return base32.baseDecode(text)
  } catch {
    return undefined
  }
}
