import {
  bytes, cid, decodeCanonical, encodeCanonical, equalBytes, fail, literal, ok, struct, uint, type CID, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'
import { CLOCK_SKEW_MS_MAX, type Did } from '../identity/index.ts'
import { CHECKPOINT_BYTES_MAX, TRUST_PERIOD_MS } from './limits.ts'

const checkpointSchema = struct({
  v: literal(1), federation: cid(), kind: literal('checkpoint'), epoch: uint(), height: uint(), digest: bytes(32), validatorsHash: bytes(32), timeMs: uint()
})

/** Where a member says the ledger stands: the body of a statement that its node signs. */
export type Checkpoint = Omit<Parsed<typeof checkpointSchema>, 'v' | 'kind'>

export type CheckpointFailure =
  /** Older than keys can be trusted for, or from the future. */
  | { readonly code: 'too-old', readonly timeMs: number }
  /** Two members must say the same; one who invited you may do it alone. */
  | { readonly code: 'too-few', readonly members: number }
  /** Two members name different histories at one height. */
  | { readonly code: 'contradiction', readonly height: number }

export function encodeCheckpoint ({ federation, epoch, height, digest, validatorsHash, timeMs }: Checkpoint): Uint8Array {
  return encodeCanonical({ v: 1, federation, kind: 'checkpoint', epoch, height, digest, validatorsHash, timeMs })
}

export function decodeCheckpoint (encoded: Uint8Array): Result<Checkpoint, CodecFailure> {
  const decoded = decodeCanonical(encoded, checkpointSchema, CHECKPOINT_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, ...checkpoint } = decoded.value
  return ok(checkpoint)
}

/**
 * The newest checkpoint to begin from (weak subjectivity): who was away for longer than keys are trusted for cannot tell the
 * ledger from a forgery by old keys, so others must say where it stands. `isInvitation`: the word of who invited you suffices.
 */
export function trustedCheckpoint (
  said: readonly { readonly member: Did, readonly checkpoint: Checkpoint }[], federation: CID, nowMs: number, isInvitation: boolean
): Result<Checkpoint, CheckpointFailure> {
  const ours = said.filter(({ checkpoint }) => checkpoint.federation.equals(federation))
  for (const one of ours) {
    const other = ours.find(({ checkpoint }) => checkpoint.height === one.checkpoint.height && !isSame(checkpoint, one.checkpoint))
    if (other !== undefined) return fail({ code: 'contradiction', height: one.checkpoint.height })
  }
  const newestFirst = ours.toSorted((a, b) => b.checkpoint.height - a.checkpoint.height)
  const needed = isInvitation ? 1 : 2
  const chosen = newestFirst.find(({ checkpoint }) => membersOf(ours, checkpoint) >= needed)?.checkpoint
  if (chosen === undefined) return fail({ code: 'too-few', members: new Set(ours.map(({ member }) => member)).size })
  const isTimely = nowMs - chosen.timeMs <= TRUST_PERIOD_MS && chosen.timeMs - nowMs <= CLOCK_SKEW_MS_MAX
  return isTimely ? ok(chosen) : fail({ code: 'too-old', timeMs: chosen.timeMs })
}

function membersOf (said: readonly { readonly member: Did, readonly checkpoint: Checkpoint }[], checkpoint: Checkpoint): number {
  return new Set(said.filter(each => isSame(each.checkpoint, checkpoint)).map(({ member }) => member)).size
}

/** The time as well: an old history that one of them dates anew must not pass for fresh. */
function isSame (a: Checkpoint, b: Checkpoint): boolean {
  return a.epoch === b.epoch && a.height === b.height && a.timeMs === b.timeMs && equalBytes(a.digest, b.digest) && equalBytes(a.validatorsHash, b.validatorsHash)
}
