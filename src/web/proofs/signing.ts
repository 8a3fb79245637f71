import { bytesOfBase58, isKeyForm, isSignatureForm } from '../../base/index.ts'

/** Of `globalThis.crypto.subtle`: absent on pages that came over plain HTTP from another machine. */
export type Verifying = Pick<SubtleCrypto, 'importKey' | 'verify'>

/** Rule Hanse-Ed25519 as far as a browser goes: the byte checks, then its own verifier. Whether a key lies in the prime group only the node tells. */
export async function isSigned (subtle: Verifying, key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (!isKeyForm(key) || !isSignatureForm(signature)) return false
  try {
    const imported = await subtle.importKey('raw', own(key), 'Ed25519', false, ['verify'])
    return await subtle.verify('Ed25519', imported, own(signature), own(message))
  } catch {
    // No point of the curve.
    return false
  }
}

const DID_HEAD = 'did:key:z'
const MULTICODEC_ED25519 = [0xed, 0x01]

/** The key that a member's name is. */
export function keyOfDid (did: string): Uint8Array | undefined {
  const bytes = did.startsWith(DID_HEAD) ? bytesOfBase58(did.slice(DID_HEAD.length)) : undefined
  return bytes?.length === 34 && MULTICODEC_ED25519.every((byte, at) => bytes[at] === byte) ? bytes.slice(MULTICODEC_ED25519.length) : undefined
}

/** A browser wants bytes of memory that nobody shares. */
function own (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
