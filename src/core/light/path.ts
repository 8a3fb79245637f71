import { concat, equalBytes, HASH_SIZE_BYTES, sha256 } from '../../base/index.ts'

/**
 * The way from a leaf to a root whose number of leaves nobody signed. Bit i of `turns` is set where the i-th sibling from the
 * leaf up stands on the left, so each way to a root has one form.
 */
export type TurningPath = { readonly turns: number, readonly siblings: readonly Uint8Array[] }

const NODE = new Uint8Array([1])

/** The turns of the path of leaf `index` of `count`. */
export function turnsOf (index: number, count: number): number {
  let turns = 0
  let [at, last, used] = [index, count - 1, 0]
  while (last > 0) {
    if (at % 2 === 1 || at !== last) turns += at % 2 * 2 ** used++
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return turns
}

export function leadsTo (root: Uint8Array, leaf: Uint8Array, { turns, siblings }: TurningPath): boolean {
  if (turns >= 2 ** siblings.length) return false
  let node = leaf
  for (const [index, sibling] of siblings.entries()) {
    if (sibling.length !== HASH_SIZE_BYTES) return false
    const isLeft = Math.floor(turns / 2 ** index) % 2 === 1
    node = sha256(concat(isLeft ? [NODE, sibling, node] : [NODE, node, sibling]))
  }
  return equalBytes(node, root)
}
