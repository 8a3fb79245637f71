/** Keys whose terms are equal are nearly always equal: whoever finds one looks at the record. Two hashes of FNV's form, 24 bits of each. */
export function termOfKey (key: Uint8Array): number {
  let [a, b] = [0x811c9dc5, 0x9747b28c]
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] ?? 0
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ byte, 0x5bd1e995)
    b ^= b >>> 13
  }
  return (mixed(a) >>> 8) * 2 ** 24 + (mixed(b) >>> 8)
}

/** The last bytes of keys, where they differ most, reach all bits. */
function mixed (hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
