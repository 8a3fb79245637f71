import { concat } from '../../src/base/index.ts'

export function randomBytes (random: () => number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, () => Math.floor(random() * 256))
}

/** Bytes that a few bits, cuts, repeats or foreign parts make of good ones. Never equal to them. */
export function mutated (good: Uint8Array, random: () => number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(good)
  const steps = 1 + Math.floor(random() * 3)
  for (let step = 0; step < steps || same(bytes, good); step++) bytes = mutatedOnce(bytes, random)
  return bytes
}

const INTERESTING = [0x00, 0x01, 0x17, 0x18, 0x1b, 0x20, 0x40, 0x58, 0x5b, 0x60, 0x7f, 0x80, 0x9b, 0x9f, 0xa0, 0xbf, 0xd8, 0xf6, 0xf7, 0xf9, 0xfb, 0xff]

function mutatedOnce (bytes: Uint8Array, random: () => number): Uint8Array {
  const at = Math.floor(random() * (bytes.length + 1))
  const to = at + Math.floor(random() * Math.min(64, bytes.length - at + 1))
  const copy = new Uint8Array(bytes)
  switch (Math.floor(random() * 7)) {
    case 0:
      copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random() * 8))
      return copy
    case 1:
      copy[at] = INTERESTING[Math.floor(random() * INTERESTING.length)] ?? 0
      return copy
    case 2:
      return copy.slice(0, at)
    case 3:
      return concat([copy.subarray(0, at), copy.subarray(to)])
    case 4:
      return concat([copy.subarray(0, to), copy.subarray(at)])
    case 5:
      return concat([copy.subarray(0, at), randomBytes(random, 1 + Math.floor(random() * 8)), copy.subarray(at)])
    default:
      copy.set(randomBytes(random, to - at), at)
      return copy
  }
}

function same (a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
