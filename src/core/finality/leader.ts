import { compareBytes, concat, sha256, utf8 } from '../../base/index.ts'
import type { Digest, ValidatorSet } from './types.ts'

const orders = new WeakMap<ValidatorSet, { readonly base: Digest, readonly order: readonly number[] }>()

/**
 * Who leads a view: validators take turns in the order of `sha256("hanse/perm" || base || key)`. The base of an epoch is the
 * digest of its seal, or of the charter for the first. Whoever proposes a seal can bias the order, and nothing but the order.
 */
export function leaderOf (set: ValidatorSet, base: Digest, view: number): number {
  const known = orders.get(set)
  const order = known !== undefined && compareBytes(known.base, base) === 0 ? known.order : orderOf(set, base)
  return order[view % order.length] ?? 0
}

function orderOf (set: ValidatorSet, base: Digest): readonly number[] {
  const order = set.validators
    .map(({ key }, index) => ({ index, rank: sha256(concat([utf8('hanse/perm'), base, key])) }))
    .toSorted((a, b) => compareBytes(a.rank, b.rank))
    .map(({ index }) => index)
  orders.set(set, { base, order })
  return order
}
