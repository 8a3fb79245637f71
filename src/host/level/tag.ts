import { sha256 } from '../../base/index.ts'
import type { Read } from '../index.ts'

const TAG_SIZE_BYTES = 16

/** What LevelDB has under a key, before it is checked. */
export type Stored = Uint8Array | undefined | 'damaged'

/** The value as it is stored: with its tag behind it. Laid out behind the key, so that nothing is copied twice. */
export function tagged (key: Uint8Array, value: Uint8Array): Uint8Array {
  const laidOut = new Uint8Array(key.length + value.length + TAG_SIZE_BYTES)
  laidOut.set(key)
  laidOut.set(value, key.length)
  const end = key.length + value.length
  laidOut.set(sha256(laidOut.subarray(0, end)).subarray(0, TAG_SIZE_BYTES), end)
  return laidOut.subarray(key.length)
}

export function readTagged (key: Uint8Array, stored: Stored): Read {
  if (stored === undefined) return { state: 'absent' }
  if (stored === 'damaged') return { state: 'damaged' }
  const value = stored.subarray(0, Math.max(0, stored.length - TAG_SIZE_BYTES))
  return startsWith(sha256(key, value), stored.subarray(value.length)) ? { state: 'found', value } : { state: 'damaged' }
}

export function readBlock (stored: Stored, digest: Uint8Array): Read {
  if (stored === undefined) return { state: 'absent' }
  if (stored === 'damaged') return { state: 'damaged' }
  const actual = sha256(stored)
  return digest.length === actual.length && startsWith(actual, digest) ? { state: 'found', value: stored } : { state: 'damaged' }
}

function startsWith (digest: Uint8Array, tag: Uint8Array): boolean {
  return tag.length >= TAG_SIZE_BYTES && tag.every((byte, at) => byte === digest[at])
}
