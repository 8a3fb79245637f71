import { compareBytes, fail, ok, sha256 } from '../../base/index.ts'
import { isCarried, keyOfDid, rootKeyOf, type Did, type Rules } from '../identity/index.ts'
import { addMember, endAllKeys, endKey, liveKeys } from './members.ts'
import { decodePayload, OPERATIONS, type OperationFields, type Payload, type PayloadOf } from './operations.ts'
import { MEMBERS_MAX, PROPOSALS_MAX, TABLES, type Proposal } from './rows.ts'
import { addSeat, wantSeat } from './seats.ts'
import { sure, type Draft, type Outcome, type Rows } from './state.ts'
import { handler, proposalId, type Handler, type Turn } from './transaction.ts'

const DONE: Outcome = ok(null)
const PROPOSAL_LIFETIME_MS_MAX = 7_776_000_000
/** So many of the oldest proposals are looked at in each block. */
const PRUNED_MAX = 64
const PENDING_MAX = 64

function activeMembers (rows: Rows): readonly Did[] {
  return rows.get(TABLES.members) ?? []
}

function open (draft: Draft, turn: Turn, { kind, payload, notAfterMs }: OperationFields<'proposalOpen'>): Outcome {
  const decoded = decodePayload(kind, payload)
  if (!decoded.ok) return fail({ code: 'payload' })
  if (notAfterMs <= turn.timeMs || notAfterMs > turn.timeMs + PROPOSAL_LIFETIME_MS_MAX) return fail({ code: 'time' })
  const proposals = draft.get(TABLES.proposals) ?? []
  if (proposals.length >= PROPOSALS_MAX) return fail({ code: 'full' })
  const own = proposals.filter(id => {
    const each = sure(draft.get(TABLES.proposal, id))
    return each.by === turn.author && each.state === 'open' && each.notAfterMs >= turn.timeMs
  }).length
  if (own >= sure(draft.get(TABLES.parameters)).openProposalsMax) return fail({ code: 'open-proposals' })
  const sensible = refusalOf(draft, decoded.value)
  if (!sensible.ok) return sensible
  const id = proposalId(turn.federation, turn.signerKey, turn.place.sequence, turn.place.index)
  draft.put(TABLES.proposals, [], [...proposals, id])
  draft.put(TABLES.proposal, [id], {
    kind, payload, by: turn.author, openedHeight: turn.height, openedMs: turn.timeMs, notAfterMs, state: 'open', decidedHeight: null,
    decidedMs: null, yes: [], no: []
  })
  return DONE
}

/** Whether the proposal makes sense now: asked when it is opened, and again before it takes effect. */
function refusalOf (rows: Rows, payload: Payload): Outcome {
  const isMember = (did: Did): boolean => rows.get(TABLES.member, did)?.state === 'active'
  switch (payload.kind) {
    case 'join': return joinRefusal(rows, payload)
    case 'remove':
      if (!isMember(payload.member)) return fail({ code: 'not-a-member' })
      return activeMembers(rows).length > 1 ? DONE : fail({ code: 'last-member' })
    case 'park': return rows.get(TABLES.seat, payload.member)?.state === 'validator' ? DONE : fail({ code: 'no-validator' })
    case 'params': return DONE
    case 'charter': {
      const { parts, of } = payload.votesAbove
      return parts < of && parts * 2 >= of ? DONE : fail({ code: 'rules' })
    }
    case 'rebind': {
      if (!isMember(payload.member)) return fail({ code: 'not-a-member' })
      const root = keyOfDid(payload.root)
      if (root === undefined || rootKeyOf(payload.root) === undefined) return fail({ code: 'key' })
      return rows.get(TABLES.key, sha256(root)) === undefined ? DONE : fail({ code: 'key-taken' })
    }
    case 'protocol': return payload.version > sure(rows.get(TABLES.epoch)).version ? DONE : fail({ code: 'version' })
  }
}

/** A stranger, or a member that shall have a seat again. */
function joinRefusal (rows: Rows, { member, seat }: PayloadOf<'join'>): Outcome {
  const held = rows.get(TABLES.member, member)
  if (held?.state === 'rebound') return fail({ code: 'rebound' })
  if (held?.state === 'active') {
    const isSeated = rows.get(TABLES.seat, member)?.state
    return seat && (isSeated === undefined || isSeated === 'parked') ? DONE : fail({ code: 'known-member' })
  }
  if (activeMembers(rows).length >= MEMBERS_MAX) return fail({ code: 'full' })
  const root = keyOfDid(member)
  if (root === undefined || rootKeyOf(member) === undefined) return fail({ code: 'key' })
  const taken = rows.get(TABLES.key, sha256(root))
  return taken === undefined || (taken.member === member && taken.purpose === 'root') ? DONE : fail({ code: 'key-taken' })
}

function vote (draft: Draft, turn: Turn, { proposal: id, yes }: OperationFields<'ballot'>): Outcome {
  const held = draft.get(TABLES.proposal, id)
  if (held === undefined) return fail({ code: 'unknown-proposal' })
  if (held.state !== 'open') return fail({ code: 'decided' })
  if (turn.timeMs > held.notAfterMs) return fail({ code: 'expired' })
  if ((yes ? held.yes : held.no).includes(turn.author)) return fail({ code: 'same' })
  // Ballots of those who are members no more are void, which also bounds the lists.
  const members = activeMembers(draft)
  const without = (list: readonly Did[]): readonly Did[] => list.filter(each => each !== turn.author && members.includes(each))
  const voted: Proposal = {
    ...held,
    yes: [...without(held.yes), ...(yes ? [turn.author] : [])],
    no: [...without(held.no), ...(yes ? [] : [turn.author])]
  }
  const payload = decodePayload(held.kind, held.payload)
  if (!payload.ok) return fail({ code: 'payload' })
  const tally = tallyOf(draft, voted, payload.value)
  const decided = (state: 'passed' | 'rejected'): Proposal => ({ ...voted, state, decidedHeight: turn.height, decidedMs: turn.timeMs })
  if (!tally.isCarried && tally.canCarry) {
    draft.put(TABLES.proposal, [id], voted)
    return DONE
  }
  // What made sense when it was opened may not any more: then the ballot that would have passed it ends it.
  const isPassed = tally.isCarried && refusalOf(draft, payload.value).ok && takeEffect(draft, turn, id, payload.value).ok
  draft.put(TABLES.proposal, [id], decided(isPassed ? 'passed' : 'rejected'))
  return DONE
}

export type Tally = {
  /** Members that voted and still are members. */
  readonly yes: readonly Did[]
  readonly no: readonly Did[]
  readonly needed: number
  readonly members: number
  readonly isCarried: boolean
  /** Whether those who have not voted could still carry it. */
  readonly canCarry: boolean
}

/** Only ballots of present members count; the one whose root key is to be replaced has no say in that. */
export function tallyOf (rows: Rows, proposal: Proposal, payload: Payload): Tally {
  const voters = activeMembers(rows).filter(did => payload.kind !== 'rebind' || did !== payload.member)
  const [yes, no] = [proposal.yes, proposal.no].map(list => list.filter(did => voters.includes(did)))
  const carries = (have: number): boolean => carriedBy(rows, payload, have, voters.length)
  let needed = 0
  while (needed <= voters.length && !carries(needed)) needed++
  return {
    yes: yes ?? [], no: no ?? [], needed, members: voters.length, isCarried: carries(yes?.length ?? 0),
    canCarry: carries(voters.length - (no?.length ?? 0))
  }
}

function carriedBy (rows: Rows, payload: Payload, have: number, all: number): boolean {
  const rules: Rules = { votesAbove: sure(rows.get(TABLES.rules)) }
  if (!isCarried(rules, have, all)) return false
  // "charter: >= 3/4; a threshold change needs max(old, new)"
  return payload.kind !== 'charter' || (4 * have >= 3 * all && isCarried({ votesAbove: payload.votesAbove }, have, all))
}

function takeEffect (draft: Draft, turn: Turn, id: Uint8Array, payload: Payload): Outcome {
  switch (payload.kind) {
    case 'join': return admit(draft, turn, payload)
    case 'remove': return dismiss(draft, turn, payload.member, 'removed')
    case 'park':
      wantSeat(draft, payload.member, 'park')
      return DONE
    case 'rebind': return rebind(draft, turn, payload)
    case 'params':
    case 'charter':
    case 'protocol': {
      const pending = draft.get(TABLES.pending) ?? []
      if (pending.length >= PENDING_MAX) return fail({ code: 'full' })
      draft.put(TABLES.pending, [], [...pending, id])
      return DONE
    }
  }
}

function admit (draft: Draft, turn: Turn, { member, classCode, seat }: PayloadOf<'join'>): Outcome {
  if (draft.get(TABLES.member, member)?.state !== 'active') {
    const added = addMember(draft, member, classCode, turn.height)
    if (!added.ok) return added
  }
  if (!seat) return DONE
  // Who contradicted itself comes back with a new key only.
  if (draft.get(TABLES.seat, member)?.isMisbehaving === true) {
    for (const { digest } of liveKeys(draft, member, 'consensus')) endKey(draft, member, digest, turn.height, turn.timeMs)
  }
  const held = draft.get(TABLES.seat, member)
  if (held?.state === 'validator') {
    // It left or was removed, and is back before a seal took its seat.
    draft.put(TABLES.seat, [member], { ...held, wanted: null })
    return DONE
  }
  addSeat(draft, member, 'learner', turn.height)
  return DONE
}

function dismiss (draft: Draft, { height, timeMs }: Turn, did: Did, state: 'left' | 'removed'): Outcome {
  draft.put(TABLES.member, [did], { ...sure(draft.get(TABLES.member, did)), state, endedHeight: height, endedMs: timeMs })
  draft.put(TABLES.members, [], activeMembers(draft).filter(each => each !== did))
  wantSeat(draft, did, 'leave')
  return DONE
}

/**
 * A member is its root key, so a new root is a new member that takes the old one's place: the old one's keys end, its seat
 * leaves with the next seal, the new one gets a seat to be ready for. What the old one published stays its own; the new
 * one declares feeds that supersede it.
 */
function rebind (draft: Draft, turn: Turn, { member, root }: PayloadOf<'rebind'>): Outcome {
  const held = sure(draft.get(TABLES.member, member))
  const hadSeat = draft.get(TABLES.seat, member) !== undefined
  endAllKeys(draft, member, turn.height, turn.timeMs)
  draft.put(TABLES.member, [member], {
    ...sure(draft.get(TABLES.member, member)), state: 'rebound', reboundTo: root, endedHeight: turn.height, endedMs: turn.timeMs
  })
  draft.put(TABLES.members, [], activeMembers(draft).filter(each => each !== member))
  wantSeat(draft, member, 'leave')
  const added = addMember(draft, root, held.classCode, turn.height)
  if (added.ok && hadSeat) addSeat(draft, root, 'learner', turn.height)
  return added
}

/** Decided and expired proposals leave the state after a while; blocks keep their history. */
export function pruneProposals (draft: Draft, timeMs: number): void {
  const proposals = draft.get(TABLES.proposals) ?? []
  if (proposals.length === 0) return
  const { decidedKeptMs } = sure(draft.get(TABLES.parameters))
  const pending = draft.get(TABLES.pending) ?? []
  const gone = proposals.slice(0, PRUNED_MAX).filter(id => {
    const { decidedMs, notAfterMs } = sure(draft.get(TABLES.proposal, id))
    return timeMs > (decidedMs ?? notAfterMs) + decidedKeptMs && !pending.some(each => compareBytes(each, id) === 0)
  })
  if (gone.length === 0) return
  for (const id of gone) draft.delete(TABLES.proposal, [id])
  draft.put(TABLES.proposals, [], proposals.filter(id => !gone.includes(id)))
}

export const governanceHandlers: readonly Handler[] = [
  handler(OPERATIONS.proposalOpen, open),
  handler(OPERATIONS.ballot, vote),
  handler(OPERATIONS.memberLeave, (draft, turn) => activeMembers(draft).length > 1
    ? dismiss(draft, turn, turn.author, 'left')
    : fail({ code: 'last-member' }))
]

