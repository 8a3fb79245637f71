/**
 * Says of Ed25519 signatures and keys what their bytes alone tell, for rule Hanse-Ed25519.
 *
 * Verifiers disagree about S at or above the group order, about an R that is the identity, and about keys in another encoding. These
 * are out before a verifier is asked, whichever it is: `node:crypto` in the node, WebCrypto in the console.
 */
const HALF_BYTES = 32

/** The order of the prime group, little-endian: RFC 8032 section 5.1. */
const GROUP_ORDER = [0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10]
/** 2^255 - 19, little-endian: a coordinate is below it. */
const FIELD_ORDER = [0xed, ...Array.from({ length: 30 }, () => 0xff), 0x7f]

/** 64 bytes, S below the group order, R not the identity: what verifiers of different make disagree about is out. */
export function isSignatureForm (signature: Uint8Array): boolean {
  return signature.length === 2 * HALF_BYTES && !isIdentity(signature.subarray(0, HALF_BYTES)) && isBelow(signature.subarray(HALF_BYTES), GROUP_ORDER)
}

/** 32 bytes whose coordinate is below the order of the field, not the identity. Whether that is a point, and in the prime group, bytes do not tell. */
export function isKeyForm (key: Uint8Array): boolean {
  if (key.length !== HALF_BYTES || isIdentity(key)) return false
  const coordinate = new Uint8Array(key)
  // The highest bit is the sign of the other coordinate.
  coordinate[HALF_BYTES - 1] = (key[HALF_BYTES - 1] ?? 0) & 0x7f
  return isBelow(coordinate, FIELD_ORDER)
}

function isIdentity (point: Uint8Array): boolean {
  return point.every((byte, at) => byte === (at === 0 ? 1 : 0))
}

function isBelow (value: Uint8Array, order: readonly number[]): boolean {
  for (let at = HALF_BYTES - 1; at >= 0; at--) {
    const difference = (value[at] ?? 0) - (order[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
