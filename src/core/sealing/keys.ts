import { assert, concat, hkdfSha256, u64, utf8, type CID } from '../../base/index.ts'
import type { FeedClass } from '../feed/index.ts'

export const EPOCH_KEY_SIZE_BYTES = 32
export const KEY_CHECK_SIZE_BYTES = 32
export const SEALING_SALT_SIZE_BYTES = 32
/** Epochs begin at 1; 0 in a head says that nothing is sealed. */
export const FIRST_EPOCH = 1
export const EPOCH_MAX = 0xffffffff

const NONE = new Uint8Array(0)
const KEY_CHECK_INFO = utf8('hanse/1/keycheck')
const SEGMENT_INFO = utf8('hanse/1/segment')
const FILE_INFO = utf8('hanse/1/file')

/** Whether segments of this class stand sealed, wherever they are. */
export function isSealedClass (feedClass: FeedClass): boolean {
  return feedClass === 'restricted' || feedClass.startsWith('restricted:')
}

/** Names an epoch key without telling it. GCM does not commit to its key: whoever opens compares this first. */
export function keyCheckOf (epochKey: Uint8Array): Uint8Array {
  return derived(epochKey, NONE, KEY_CHECK_INFO)
}

/** The key of one sealed segment. `salt` is fresh each time, so a key is used once, even after a backup was restored. */
export function segmentKeyOf (epochKey: Uint8Array, salt: Uint8Array, feed: CID, index: number): Uint8Array {
  return derived(epochKey, salt, concat([SEGMENT_INFO, feed.bytes, u64(index)]))
}

/** The key of one sealed file. */
export function fileKeyOf (epochKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return derived(epochKey, salt, FILE_INFO)
}

function derived (epochKey: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  assert(epochKey.length === EPOCH_KEY_SIZE_BYTES, 'an epoch key of 32 bytes')
  return hkdfSha256(epochKey, salt, info, 32)
}
