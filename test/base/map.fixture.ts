/**
 * A second Merkle map that shares no code with the first: it sorts, and splits at the first bit that differs. Slow.
 */
import { createHash } from 'node:crypto'

export type Pair = readonly [key: Uint8Array, value: Uint8Array]

function digest (...parts: readonly Uint8Array[]): Uint8Array {
  const running = createHash('sha256')
  for (const part of parts) running.update(part)
  return new Uint8Array(running.digest())
}

function bitsOf (bytes: Uint8Array): string {
  return [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('')
}

export function naiveMapRoot (pairs: readonly Pair[]): Uint8Array {
  return pairs.length === 0 ? new Uint8Array(32) : rootOf(pairs.map(([key, value]) => ({ bits: bitsOf(digest(key)), key, value })))
}

type Item = { readonly bits: string, readonly key: Uint8Array, readonly value: Uint8Array }

function rootOf (items: readonly Item[]): Uint8Array {
  const [first] = items
  if (first === undefined) throw new Error('a subtree of nothing')
  if (items.length === 1) return digest(Uint8Array.of(0), digest(first.key), digest(first.value))
  let bit = 0
  while (items.every(({ bits }) => bits[bit] === first.bits[bit])) bit++
  const zeros = items.filter(({ bits }) => bits[bit] === '0')
  const ones = items.filter(({ bits }) => bits[bit] === '1')
  return digest(Uint8Array.of(1, bit), rootOf(zeros), rootOf(ones))
}

/** What the steps lead to, whether or not a tree has them. */
export function naiveRootAbove (
  key: Uint8Array, value: Uint8Array, path: readonly { readonly bit: number, readonly sibling: Uint8Array }[]
): Uint8Array {
  const bits = bitsOf(digest(key))
  return path.toReversed().reduce((below, { bit, sibling }) =>
    bits[bit] === '0' ? digest(Uint8Array.of(1, bit), below, sibling) : digest(Uint8Array.of(1, bit), sibling, below),
  digest(Uint8Array.of(0), digest(key), digest(value)))
}
