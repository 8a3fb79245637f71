import { hex } from '../../base/index.ts'
import type { EngineView } from '../../core/consensus/index.ts'
import { quorumOf } from '../../core/finality/index.ts'
import { peerIdOfKey, type Did } from '../../core/identity/index.ts'
import {
  proposalsOf, seatOf, type LedgerIndex, type LedgerState, type MemberEntry, type Payload, type ProposalEntry
} from '../../core/ledger/index.ts'
import type { LedgerMember, LedgerStatus, ProposalView } from '../contract/index.ts'

/** What people call a member. */
export type NameOf = (did: string) => string

/** Where the ledger stands and what this node is to it, for a person. */
export function statusOf (view: EngineView, state: LedgerState, own: Did): LedgerStatus {
  const { epoch, height, digest, stateRoot, finalMs, validators, toleratedFaults, pool } = view
  const reachable = validators.filter(({ isReachable }) => isReachable).length
  const seat = seatOf(state, own)?.state
  const role = view.role === 'checking' ? 'validator' : view.role === 'learner' && seat !== 'learner' ? 'observer' : view.role
  return {
    epoch, height, digest, stateRoot: hex(stateRoot), finalMs, role, validators: validators.length, toleratedFaults, reachable, waiting: pool,
    view: view.view, sentence: sentenceOf(view, reachable)
  }
}

function sentenceOf ({ alarms, role, lockReason, validators, pool, height }: EngineView, reachable: number): string {
  const halt = alarms.find(({ code }) => code === 'fork' || code === 'execution')
  if (halt !== undefined) return halt.sentence
  const lacking = quorumOf(validators.length) - reachable
  if (lacking > 0) return `Waits for ${lacking === 1 ? 'one more validator' : `${lacking} more validators`}: nothing becomes final until then`
  if (role === 'locked') return `This node does not vote: ${lockReason ?? 'its votes are not known'}`
  if (role === 'checking') return 'Asks the other validators what this node voted before, and then votes'
  if (pool > 0) return `Decides on ${pool === 1 ? 'a transaction' : `${pool} transactions`}`
  return height === 0 ? 'Nothing was decided yet' : `Nothing to decide since block ${height} became final`
}

/** Everyone who ever was a member, in order of admission. */
export function membersOf (index: LedgerIndex, nameOf: NameOf): readonly LedgerMember[] {
  return index.membershipFacts().members.map(member => memberView(member, nameOf))
}

function memberView ({ did, seat, sinceHeight, nodes, state }: MemberEntry, nameOf: NameOf): LedgerMember {
  return {
    did, name: nameOf(did), seat: seat?.state ?? 'none', sinceHeight, removed: state !== 'active',
    nodes: nodes.map(({ transportKey, addresses }) => ({ peerId: peerIdOfKey(transportKey), addresses }))
  }
}

/** Newest first. */
export function proposalViews (state: LedgerState, nameOf: NameOf): readonly ProposalView[] {
  return proposalsOf(state).map(each => proposalView(each, nameOf)).toReversed()
}

function proposalView (proposal: ProposalEntry, nameOf: NameOf): ProposalView {
  const { id, kind, payload, by, openedHeight, notAfterMs, state, yes, no, needed, members } = proposal
  return {
    id: hex(id), kind, by: { did: by, name: nameOf(by) }, sentence: sentenceOfPayload(payload, nameOf), fields: fieldsOf(payload), openedHeight,
    notAfterMs, state, yes, no, needed, members
  }
}

/** What a proposal would change. */
function sentenceOfPayload (payload: Payload, nameOf: NameOf): string {
  switch (payload.kind) {
    case 'join': return `Admit ${nameOf(payload.member)} as a member${payload.seat ? ' with a seat among the validators' : ''}`
    case 'remove': return `Remove ${nameOf(payload.member)} from the federation`
    case 'park': return `Take ${nameOf(payload.member)} out of the validators until it is back`
    case 'params': return `Set ${payload.params.map(([name, value]) => `${name} to ${value}`).join(', ')}`
    case 'charter': return `Decide by more than ${payload.votesAbove.parts} of ${payload.votesAbove.of} parts of the votes`
    case 'rebind': return `Give ${nameOf(payload.member)} a new root key: ${payload.root}`
    case 'protocol': return `Speak version ${payload.version} of the protocol from height ${payload.notBeforeHeight} on`
  }
}

function fieldsOf (payload: Payload): Readonly<Record<string, unknown>> {
  const { kind: _kind, ...fields } = payload
  return Object.fromEntries(Object.entries(fields).map(([name, value]: readonly [string, unknown]) => [name, value instanceof Uint8Array ? hex(value) : value]))
}
