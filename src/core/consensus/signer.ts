/**
 * Holds the vote matrix: what a validator that has said this may still say. Everything that is signed passes here, and the
 * decision is a pure function of the votes on record, so that a test can ask for all of them.
 *
 * | asked, with on record | nothing | N(d)       | N(other) | X          | F(d)       | F(other) |
 * |-----------------------|---------|------------|----------|------------|------------|----------|
 * | NOTARIZE d            | sign    | same bytes | refuse   | refuse     | sign       | refuse   |
 * | NULLIFY               | sign    | sign       | sign     | same bytes | refuse     | refuse   |
 * | FINALIZE d            | sign    | sign       | refuse   | refuse     | same bytes | refuse   |
 * | PROPOSE d             | once per view; the same d again: same bytes; another: refuse                   |
 *
 * Columns combine: any refusal wins. FINALIZE d after NOTARIZE of another, and the reverse, are refused although the paper
 * allows them: only so is such a pair a proof of a lie (rule 5).
 */
import { hex, unreachable } from '../../base/index.ts'
import { FINALIZE, NOTARIZE, NULLIFY, PROPOSE, type Vote, type VoteType } from '../finality/index.ts'

/** What one key said in one view; digests by their hex. */
export type OnRecord = {
  readonly proposed: string | null
  readonly notarized: string | null
  readonly nullified: boolean
  readonly finalized: string | null
}

export const NOTHING_ON_RECORD: OnRecord = { proposed: null, notarized: null, nullified: false, finalized: null }

/** `repeat`: it was signed before, and the same bytes may leave again. */
export type Decision = 'sign' | 'repeat' | 'refuse'

export function decide (type: VoteType, digest: string | null, { proposed, notarized, nullified, finalized }: OnRecord): Decision {
  if ((type === NULLIFY) !== (digest === null)) return 'refuse'
  switch (type) {
    case PROPOSE:
      if (proposed === null) return 'sign'
      return proposed === digest ? 'repeat' : 'refuse'
    case NOTARIZE:
      if (nullified || isOther(notarized, digest) || isOther(finalized, digest)) return 'refuse'
      return notarized === null ? 'sign' : 'repeat'
    case NULLIFY:
      if (finalized !== null) return 'refuse'
      return nullified ? 'repeat' : 'sign'
    case FINALIZE:
      if (nullified || isOther(notarized, digest) || isOther(finalized, digest)) return 'refuse'
      return finalized === null ? 'sign' : 'repeat'
    default: return unreachable(type)
  }
}

function isOther (before: string | null, asked: string | null): boolean {
  return before !== null && before !== asked
}

export function recorded (record: OnRecord, type: VoteType, digest: string | null): OnRecord {
  switch (type) {
    case PROPOSE: return { ...record, proposed: digest }
    case NOTARIZE: return { ...record, notarized: digest }
    case NULLIFY: return { ...record, nullified: true }
    case FINALIZE: return { ...record, finalized: digest }
    default: return unreachable(type)
  }
}

/** What was signed in an epoch, by view: also when it is entered again because the rows of finality were lost. */
export function recordOf (votes: Iterable<{ readonly vote: Vote }>, ofEpoch: number): ReadonlyMap<number, OnRecord> {
  const byView = new Map<number, OnRecord>()
  for (const { vote: { epoch, view, type, digest } } of votes) {
    if (epoch === ofEpoch) byView.set(view, recorded(byView.get(view) ?? NOTHING_ON_RECORD, type, digest === null ? null : hex(digest)))
  }
  return byView
}
