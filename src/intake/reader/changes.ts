import { bytesOfHex, hex, sha256 } from '../../base/index.ts'
import type { RecordInput } from '../../sdk/index.ts'
import { KNOWN_MAX } from './limits.ts'

/** Digests of the bodies that were appended last, by hex of the key: kept as JSON by whoever pulls. */
export type KnownBodies = { readonly [keyHex: string]: string }

const DIGEST_BYTES = 12

/**
 * What to append so that the newest state by key is `records`: those that are new or changed and, where `complete`, a delete for
 * each known key that is missing. `known` is what the changes before gave; where nothing changed, nothing is appended. Of a source that
 * always names new things, such as events, those that it named last are known, no more than `KNOWN_MAX`.
 */
export function changesOf (
  known: KnownBodies, records: readonly RecordInput[], complete: boolean, nowMs: number
): { readonly records: readonly RecordInput[], readonly known: KnownBodies } {
  const before = new Map(Object.entries(known))
  const after = new Map(before)
  const newest = new Map(records.map(record => [hex(record.key), record]))
  const changed: RecordInput[] = []
  for (const [key, record] of newest) {
    const digest = hex(sha256(record.body).subarray(0, DIGEST_BYTES))
    if (record.operation === 'delete') {
      if (after.delete(key)) changed.push(record)
    } else {
      if (before.get(key) !== digest) changed.push(record)
      // Behind all others: it is the last that is forgotten.
      after.delete(key)
      after.set(key, digest)
    }
  }
  for (const key of complete ? before.keys() : []) {
    const bytes = bytesOfHex(key)
    if (newest.has(key) || bytes === undefined) continue
    after.delete(key)
    changed.push(removal(bytes, nowMs))
  }
  for (const oldest of after.keys()) {
    if (after.size <= KNOWN_MAX) break
    after.delete(oldest)
  }
  return { records: changed, known: Object.fromEntries(after) }
}

export function removal (key: Uint8Array, timeMs: number): RecordInput {
  return { key, timeMs, operation: 'delete', mediaType: 'application/json', body: new Uint8Array(0) }
}
