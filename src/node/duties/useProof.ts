import {
  bytes, cidOfText, decodeCanonical, encodeCanonical, equalBytes, fail, leafHash, list, literal, nullable, ok, sha256, struct, uint, verifyInclusion, type CID, type Result
} from '../../base/index.ts'
import { PROOF_FILE_BYTES_MAX, verifyProof, type ProofReport } from '../bundle/index.ts'
import type { Failure } from '../contract/index.ts'
import { periodEntry, type PeriodProof } from '../receipts/index.ts'

const PATH_HASHES_MAX = 53
const LEAF_BYTES_MAX = 1_024
/** Beside the proof of the record: the day, and the path to its root. */
export const USE_PROOF_BYTES_MAX: number = PROOF_FILE_BYTES_MAX + 16_384

const schema = struct({
  v: literal(1), kind: literal('use-proof'), record: bytes(1, PROOF_FILE_BYTES_MAX),
  period: nullable(struct({ period: uint(), index: uint(), count: uint(), leafData: bytes(0, LEAF_BYTES_MAX), path: list(bytes(32), PATH_HASHES_MAX), root: bytes(32) }))
})

/** `day`: in the root of which UTC day the entry stands, counted from 1970; null while that day was not over. Whether the root is on the ledger is told there. */
export type UseProofReport = ProofReport & { readonly day: { readonly number: number, readonly root: Uint8Array, readonly count: number } | null }

/** That an entry of a use was signed, and the day in whose root it is. */
export function encodeUseProof (record: Uint8Array, period: PeriodProof | undefined): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'use-proof', record, period: period === undefined ? null : { ...period, path: [...period.path] } })
}

/** Checks it from the charter in it: the record, and that the leaf under the day's root is of this very record. */
export function verifyUseProof (encoded: Uint8Array, federation?: CID): Result<UseProofReport, Failure<'malformed' | 'refused' | 'other-federation'>> {
  const file = decodeCanonical(encoded, schema, USE_PROOF_BYTES_MAX)
  if (!file.ok) return fail({ code: 'malformed', reason: `this is no proof of a use: ${file.failure.code}`, hint: 'have it made again with "hanse audit DATASET --proofs FOLDER"' })
  const verified = verifyProof(file.value.record, federation)
  if (!verified.ok) return verified
  const { period } = file.value
  if (period === null) return ok({ ...verified.value, day: null })
  const { feed, record } = verified.value
  const id = cidOfText(feed)
  const isOfRecord = id !== undefined && equalBytes(period.leafData, periodEntry(id, record.number, sha256(record.body)))
  if (!isOfRecord || !verifyInclusion(period.root, leafHash(period.leafData), period.index, period.count, period.path)) {
    return fail({ code: 'refused', reason: 'the proof does not hold: the entry is not in the root of the day that it names', hint: 'do not rely on this entry; ask for the proof again' })
  }
  return ok({ ...verified.value, day: { number: period.period, root: period.root, count: period.count } })
}
