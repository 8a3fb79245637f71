import {
  assert, equalBytes, Peaks, rootOfCover, rootOfLeft, unreachable, type Cover, type MerkleLog
} from '../../base/index.ts'
import type { ForkProof } from './fork.ts'
import type { Head } from './head.ts'
import { leafHashOf, leafOfData } from './leaf.ts'
import { HEAD_AHEAD_MS_MAX } from './limits.ts'

/** What shows that a longer head extends the held one. */
export type Evidence =
  | { readonly type: 'none' }
  /** The leaves between both, in order. `log` holds those of the held head, and may hold more. */
  | { readonly type: 'leaves', readonly log: MerkleLog, readonly leafData: readonly Uint8Array[] }
  /** `cover(held.length, held.length, next.length)`. */
  | { readonly type: 'cover', readonly cover: Cover }

export type Verdict =
  /** Nothing new. */
  | { readonly verdict: 'stale' }
  /** The same segments, said again later. */
  | { readonly verdict: 'refresh' }
  | { readonly verdict: 'extends' }
  /** Take no more heads of this feed; keep the proof and pass it on. */
  | { readonly verdict: 'fork', readonly proof: ForkProof }
  /** Its time is too far ahead: judge it again when due, and warn. */
  | { readonly verdict: 'hold', readonly untilMs: number }
  /** The evidence does not lead to the signed root: the fault is its source's, not proved to be the publisher's. */
  | { readonly verdict: 'unproven', readonly wanted: 'evidence' | 'other-evidence' }
  /** Signed, and wrong in itself. */
  | { readonly verdict: 'refused', readonly because: 'retreats' | 'records' | 'gap' }

/** Compares a head, already admitted as its publisher's, with the one held of the same feed. */
export function judgeHead (held: Head | undefined, next: Head, evidence: Evidence, nowMs: number): Verdict {
  assert(held === undefined || held.feed.equals(next.feed), 'heads of one feed')
  const verdict = compare(held, next, evidence)
  const isTaken = verdict.verdict === 'refresh' || verdict.verdict === 'extends'
  const untilMs = next.timeMs - HEAD_AHEAD_MS_MAX
  return isTaken && nowMs < untilMs ? { verdict: 'hold', untilMs } : verdict
}

function compare (held: Head | undefined, next: Head, evidence: Evidence): Verdict {
  if (held === undefined || (held.length === 0 && next.length > 0)) return { verdict: 'extends' }
  if (next.length < held.length) return { verdict: 'stale' }
  if (next.length > held.length) return compareLonger(held, next, evidence)
  if (equalBytes(held.mmrRoot, next.mmrRoot)) return compareSame(held, next)
  return { verdict: 'fork', proof: { a: held.statement.envelope, b: next.statement.envelope, cover: null } }
}

/** Of one length and root: time, first retained segment and key epoch may only grow, and the records are the same. */
function compareSame (held: Head, next: Head): Verdict {
  if (held.records !== next.records) return { verdict: 'refused', because: 'records' }
  const steps = [next.timeMs - held.timeMs, next.firstRetained - held.firstRetained, next.keyEpoch - held.keyEpoch]
  if (steps.every(step => step <= 0)) return { verdict: 'stale' }
  return steps.some(step => step < 0) ? { verdict: 'refused', because: 'retreats' } : { verdict: 'refresh' }
}

function compareLonger (held: Head, next: Head, evidence: Evidence): Verdict {
  if (next.records - held.records < next.length - held.length) return { verdict: 'refused', because: 'records' }
  switch (evidence.type) {
    case 'none': return { verdict: 'unproven', wanted: 'evidence' }
    case 'leaves': return compareByLeaves(held, next, evidence.log, evidence.leafData)
    case 'cover': return compareByCover(held, next, evidence.cover)
    default: return unreachable(evidence)
  }
}

function compareByLeaves (held: Head, next: Head, log: MerkleLog, leafData: readonly Uint8Array[]): Verdict {
  assert(equalBytes(log.root(held.length), held.mmrRoot), 'a log that holds what the held head covers')
  const peaks = new Peaks(held.length, log.peaks(held.length))
  for (const data of leafData) peaks.append(leafHashOf(data))
  const leads = peaks.length === next.length && equalBytes(peaks.root(), next.mmrRoot)
  if (!leads) return { verdict: 'unproven', wanted: 'other-evidence' }
  const records = endOfRecords(held.records, leafData)
  return records === next.records ? { verdict: 'extends' } : { verdict: 'refused', because: 'gap' }
}

/** Index behind the last record, when the leaves follow each other without a gap: a withheld record shows as a number. */
export function endOfRecords (first: number, leafData: readonly Uint8Array[]): number | undefined {
  let end = first
  for (const data of leafData) {
    const leaf = leafOfData(data)
    if (leaf?.first !== end) return undefined
    end += leaf.count
  }
  return end
}

function compareByCover (held: Head, next: Head, cover: Cover): Verdict {
  const root = rootOfCover(cover, [], held.length, next.length)
  const left = rootOfLeft(cover.left, held.length)
  if (root === undefined || left === undefined || !equalBytes(root, next.mmrRoot)) {
    return { verdict: 'unproven', wanted: 'other-evidence' }
  }
  if (equalBytes(left, held.mmrRoot)) return { verdict: 'extends' }
  return { verdict: 'fork', proof: { a: held.statement.envelope, b: next.statement.envelope, cover } }
}

/** The last head whose signing was permitted: synced before the signature is made. */
export type Guard = { readonly length: number, readonly mmrRoot: Uint8Array, readonly headBody: Uint8Array }

export type StartFacts = {
  readonly signer: 'ours' | 'missing' | 'foreign'
  /** Leaves of all segments found in the store, without gap. */
  readonly log: MerkleLog
  /** None: nothing of this feed was ever signed. */
  readonly guard: Guard | undefined
  /** Body of the newest head row in the store. */
  readonly headBody: Uint8Array | undefined
  /** Longest head of this feed that a peer showed, verified. */
  readonly peerHead: Pick<Head, 'length' | 'mmrRoot'> | undefined
}

export type Start =
  | { readonly action: 'write' }
  /** The head row is behind its guard: the same body gives the same signature. */
  | { readonly action: 'sign-again', readonly headBody: Uint8Array }
  /** Segments from `from` on are durable and unsigned. */
  | { readonly action: 'sign-tail', readonly from: number }
  /** No writes: fetch the own feed from peers up to this head, or have an operator start a superseding feed. */
  | {
    readonly action: 'recover', readonly because: 'store-behind' | 'other-root' | 'peer-ahead',
    readonly length: number, readonly mmrRoot: Uint8Array
  }
  | { readonly action: 'refuse', readonly because: 'signer-missing' | 'signer-foreign' }

/** What the writer of a feed may do after a start, whatever crash or restored folder came before it. */
export function decideStart ({ signer, log, guard, headBody, peerHead }: StartFacts): Start {
  if (signer !== 'ours') return { action: 'refuse', because: signer === 'missing' ? 'signer-missing' : 'signer-foreign' }
  const guardLength = guard?.length ?? 0
  const ahead = peerHead !== undefined && peerHead.length > guardLength ? peerHead : undefined
  if (ahead !== undefined) return { action: 'recover', because: 'peer-ahead', length: ahead.length, mmrRoot: ahead.mmrRoot }
  for (const signed of [guard, peerHead]) {
    if (signed === undefined) continue
    const { length, mmrRoot } = signed
    if (log.length < length) return { action: 'recover', because: 'store-behind', length, mmrRoot }
    if (!equalBytes(log.root(length), mmrRoot)) return { action: 'recover', because: 'other-root', length, mmrRoot }
  }
  if (log.length > guardLength) return { action: 'sign-tail', from: guardLength }
  const isBehind = guard !== undefined && (headBody === undefined || !equalBytes(headBody, guard.headBody))
  return isBehind ? { action: 'sign-again', headBody: guard.headBody } : { action: 'write' }
}
