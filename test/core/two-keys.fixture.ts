/** Makes ciphertext that AES-256-GCM opens under two keys: what a publisher could serve to tell two consumers two things. */
import { createCipheriv } from 'node:crypto'
import { concat, u64 } from '../../src/base/index.ts'

const REDUCTION = 0xe1n << 120n

/** In the field of GHASH (NIST SP 800-38D section 6.3): bit 0 is the leftmost. */
function times (x: bigint, y: bigint): bigint {
  let [product, shifted] = [0n, y]
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit & 1n) === 1n) product ^= shifted
    shifted = (shifted & 1n) === 1n ? (shifted >> 1n) ^ REDUCTION : shifted >> 1n
  }
  return product
}

/** x to the power 2^128 - 2. */
function inverse (x: bigint): bigint {
  let [result, power] = [1n << 127n, x]
  for (let i = 1; i < 128; i++) {
    power = times(power, power)
    result = times(result, power)
  }
  return result
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex').padEnd(32, '0')}`)
const bytesOf = (value: bigint): Uint8Array => new Uint8Array(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'))

function blocksOf (bytes: Uint8Array): readonly bigint[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, at) => numberOf(bytes.subarray(16 * at, 16 * at + 16)))
}

function encrypted (key: Uint8Array, block: Uint8Array): bigint {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  return numberOf(new Uint8Array(Buffer.concat([cipher.update(block), cipher.final()])))
}

/** Ciphertext of whole blocks and the tag that it has under both keys, all for a nonce of zeros. The last block is chosen for that. */
export function ciphertextOfTwoKeys (one: Uint8Array, other: Uint8Array, aad: Uint8Array, start: Uint8Array): Uint8Array {
  const lengths = numberOf(concat([u64(aad.length * 8), u64((start.length + 16) * 8)]))
  const firstCounter = new Uint8Array(16).with(15, 1)
  const parts = [one, other].map(key => {
    const h = encrypted(key, new Uint8Array(16))
    const before = [...blocksOf(aad), ...blocksOf(start)].reduce((sum, block) => times(sum ^ block, h), 0n)
    const square = times(h, h)
    // The tag is chosen * H^2 + rest.
    return { square, rest: times(before, square) ^ times(lengths, h) ^ encrypted(key, firstCounter) }
  })
  const [a, b] = parts
  if (a === undefined || b === undefined) throw new Error('two keys')
  const chosen = times(a.rest ^ b.rest, inverse(a.square ^ b.square))
  return concat([start, bytesOf(chosen), bytesOf(times(chosen, a.square) ^ a.rest)])
}
