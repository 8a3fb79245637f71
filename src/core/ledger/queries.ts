import { decodeCanonical, digestOf, equalBytes, hex, list, MerkleMap, ok, sha256, type CID, type Schema } from '../../base/index.ts'
import type { Validator } from '../finality/index.ts'
import type { Did } from '../identity/index.ts'
import { tallyOf } from './governance.ts'
import { liveKeys } from './members.ts'
import { decodePayload, type Payload, type ProposalKind } from './operations.ts'
import { TABLES, type CertificateRow, type Feed, type Member, type Parameters, type Purpose, type RowOf, type Seat } from './rows.ts'
import { isAliveSeat } from './seats.ts'
import { rowsOf, sure, type LedgerState, type Rows } from './state.ts'

export type Standing = {
  readonly height: number
  readonly timeMs: number
  readonly epoch: number
  readonly version: number
  readonly sealHeight: number
  readonly validators: readonly Validator[]
  readonly parameters: Parameters
  readonly rules: { readonly parts: number, readonly of: number }
}

export type NodeEntry = {
  readonly member: Did
  readonly transportKey: Uint8Array
  readonly addresses: readonly string[]
  /** Envelope of the newest certificate; null for a founder's node that has not put one, and after its revocation. */
  readonly certificate: Uint8Array | null
  readonly sinceHeight: number
}

export type MemberEntry = Pick<Member, 'classCode' | 'sinceHeight' | 'state' | 'reboundTo' | 'endedHeight' | 'endedMs' | 'catalogue'> & {
  readonly did: Did
  readonly seat: Seat | null
  /** Whether consensus saw it lately; null without a seat. */
  readonly isAlive: boolean | null
  readonly nodes: readonly NodeEntry[]
}

export type ProposalEntry = {
  readonly id: Uint8Array
  readonly kind: ProposalKind
  readonly payload: Payload
  readonly by: Did
  readonly openedHeight: number
  readonly openedMs: number
  readonly notAfterMs: number
  readonly state: 'open' | 'passed' | 'rejected' | 'expired'
  readonly decidedHeight: number | null
  /** Passed, and waits for a seal to take effect. */
  readonly isPending: boolean
  readonly yes: readonly Did[]
  readonly no: readonly Did[]
  readonly needed: number
  readonly members: number
}

export type DatasetEntry = RowOf<'dataset'> & { readonly publisher: Did, readonly dataset: string, readonly policy: RowOf<'policy'> | null }
export type FeedEntry = Feed & { readonly digest: Uint8Array }

/** All that says who belongs and who may speak, for whoever verifies statements. */
export type MembershipFacts = {
  /** Everyone who ever was a member, in order of admission. */
  readonly members: readonly MemberEntry[]
  /** Every certificate that was ever put, with the time from which it is revoked. */
  readonly certificates: readonly CertificateRow[]
}

/** Where the ledger stands. */
export function standingOf (state: LedgerState): Standing {
  const rows = rowsOf(state)
  const { height, timeMs } = sure(rows.get(TABLES.tip))
  return { ...sure(rows.get(TABLES.epoch)), height, timeMs, parameters: sure(rows.get(TABLES.parameters)), rules: sure(rows.get(TABLES.rules)) }
}

/** The sequence number that the next transaction of this key must have. */
export function nextSequence (state: LedgerState, key: Uint8Array): number {
  return (rowsOf(state).get(TABLES.sequence, sha256(key)) ?? 0) + 1
}

export function seatOf (state: LedgerState, member: Did): Seat | undefined {
  return rowsOf(state).get(TABLES.seat, member)
}

/** Live keys of a member, oldest first. */
export function keysOf (
  state: LedgerState, member: Did, purpose: Purpose
): readonly { readonly key: Uint8Array, readonly node: Uint8Array | null, readonly sinceHeight: number }[] {
  return liveKeys(rowsOf(state), member, purpose).map(({ row: { key, node, sinceHeight } }) => ({ key, node, sinceHeight }))
}

/** Whether the learner or returning validator should say that it is ready: it has not, or not lately. */
export function isReadyWanted (state: LedgerState, member: Did): boolean {
  const rows = rowsOf(state)
  const seat = rows.get(TABLES.seat, member)
  if (seat === undefined || seat.isMisbehaving) return false
  if (seat.state !== 'learner' && seat.wanted !== 'return') return false
  return seat.ready === null || sure(rows.get(TABLES.tip)).timeMs - seat.ready.timeMs > sure(rows.get(TABLES.parameters)).readyMs / 2
}

export function certificateOf (state: LedgerState, id: CID): CertificateRow | undefined {
  return rowsOf(state).get(TABLES.certificate, digestOf(id))
}

export function feedOf (state: LedgerState, feed: CID): Feed | undefined {
  return rowsOf(state).get(TABLES.feed, digestOf(feed))
}

export function datasetOf (state: LedgerState, publisher: Did, dataset: string): DatasetEntry | undefined {
  const rows = rowsOf(state)
  const row = rows.get(TABLES.dataset, publisher, dataset)
  return row === undefined ? undefined : { ...row, publisher, dataset, policy: rows.get(TABLES.policy, publisher, dataset) ?? null }
}

export function agreementOf (state: LedgerState, commit: Uint8Array): RowOf<'agreement'> | undefined {
  return rowsOf(state).get(TABLES.agreement, commit)
}

export function memberOf (state: LedgerState, did: Did): MemberEntry | undefined {
  const rows = rowsOf(state)
  const member = rows.get(TABLES.member, did)
  return member === undefined ? undefined : memberEntry(rows, did, member)
}

/** Present members, ascending by name. */
export function membersOf (state: LedgerState): readonly MemberEntry[] {
  const rows = rowsOf(state)
  return (rows.get(TABLES.members) ?? []).map(did => memberEntry(rows, did, sure(rows.get(TABLES.member, did))))
}

function memberEntry (rows: Rows, did: Did, member: Member): MemberEntry {
  const { classCode, sinceHeight, state, reboundTo, endedHeight, endedMs, catalogue } = member
  const seat = rows.get(TABLES.seat, did) ?? null
  const nodes = member.nodes.map((transportKey): NodeEntry => {
    const { certificate, addresses, sinceHeight: since } = sure(rows.get(TABLES.node, transportKey))
    const envelope = certificate === null ? null : sure(rows.get(TABLES.certificate, certificate)).envelope
    return { member: did, transportKey, addresses, certificate: envelope, sinceHeight: since }
  })
  return {
    did, classCode, sinceHeight, state, reboundTo, endedHeight, endedMs, catalogue, seat, isAlive: seat === null ? null : isAliveSeat(rows, did), nodes
  }
}

/** Open ones and those decided lately, oldest first. */
export function proposalsOf (state: LedgerState): readonly ProposalEntry[] {
  return (rowsOf(state).get(TABLES.proposals) ?? []).flatMap(id => proposalOf(state, id) ?? [])
}

export function proposalOf (state: LedgerState, id: Uint8Array): ProposalEntry | undefined {
  const rows = rowsOf(state)
  const proposal = rows.get(TABLES.proposal, id)
  if (proposal === undefined) return undefined
  const decoded = decodePayload(proposal.kind, proposal.payload)
  if (!decoded.ok) return undefined
  const { kind, by, openedHeight, openedMs, notAfterMs, decidedHeight } = proposal
  const { yes, no, needed, members } = tallyOf(rows, proposal, decoded.value)
  const isExpired = proposal.state === 'open' && sure(rows.get(TABLES.tip)).timeMs > notAfterMs
  const isPending = (rows.get(TABLES.pending) ?? []).some(each => equalBytes(each, id))
  return {
    id, kind, payload: decoded.value, by, openedHeight, openedMs, notAfterMs, state: isExpired ? 'expired' : proposal.state, decidedHeight,
    isPending, yes, no, needed, members
  }
}

const keySchema: Schema<readonly unknown[]> = (value, path) => list(anything, 4, 1)(value, path)
const anything: Schema<unknown> = value => ok(value)

/**
 * Lists what a state holds of kinds that grow without end. Follows from state to state and then costs what changed, not
 * what there is; so one of it lives beside the final state.
 */
export class LedgerIndex {
  #state: LedgerState = { map: MerkleMap.EMPTY }
  readonly #datasets = new Map<string, readonly [Did, string]>()
  readonly #members = new Set<Did>()
  readonly #certificates = new Map<string, Uint8Array>()
  readonly #feeds = new Map<string, Uint8Array>()
  #facts: MembershipFacts | undefined

  get state (): LedgerState {
    return this.#state
  }

  /** Whether anything that `membershipFacts` says may have changed by it. */
  follow (state: LedgerState): boolean {
    let isMembership = false
    for (const { key, before, after } of this.#state.map.difference(state.map)) {
      // Rows that only change are most of them; their keys are listed, and need not be read.
      if (before !== undefined && after !== undefined && key[1] === TABLES.dataset.code) continue
      const decoded = decodeCanonical(key, keySchema, 1_024)
      if (!decoded.ok) continue
      const [code, first, second] = decoded.value
      isMembership ||= code === TABLES.member.code || code === TABLES.certificate.code || code === TABLES.node.code || code === TABLES.seat.code
      this.#take(hex(key), after !== undefined, code, first, second)
    }
    this.#state = state
    if (isMembership) this.#facts = undefined
    return isMembership
  }

  #take (name: string, isThere: boolean, code: unknown, first: unknown, second: unknown): void {
    if (code === TABLES.dataset.code && typeof first === 'string' && typeof second === 'string') {
      if (isThere) this.#datasets.set(name, [first, second])
      else this.#datasets.delete(name)
    } else if (code === TABLES.member.code && typeof first === 'string') {
      if (isThere) this.#members.add(first)
    } else if (code === TABLES.certificate.code && first instanceof Uint8Array) {
      if (isThere) this.#certificates.set(name, first)
    } else if (code === TABLES.feed.code && first instanceof Uint8Array) {
      if (isThere) this.#feeds.set(name, first)
    }
  }

  datasets (): readonly DatasetEntry[] {
    return [...this.#datasets.values()].flatMap(([publisher, dataset]) => datasetOf(this.#state, publisher, dataset) ?? [])
  }

  feeds (): readonly FeedEntry[] {
    const rows = rowsOf(this.#state)
    return [...this.#feeds.values()].map(digest => ({ ...sure(rows.get(TABLES.feed, digest)), digest }))
  }

  membershipFacts (): MembershipFacts {
    if (this.#facts !== undefined) return this.#facts
    const rows = rowsOf(this.#state)
    const members = [...this.#members]
      .map(did => ({ did, row: sure(rows.get(TABLES.member, did)) }))
      .toSorted((a, b) => a.row.order - b.row.order)
      .map(({ did, row }) => memberEntry(rows, did, row))
    const certificates = [...this.#certificates.values()].map(digest => sure(rows.get(TABLES.certificate, digest)))
    this.#facts = { members, certificates }
    return this.#facts
  }
}

/** The same facts from a state alone, at the price of reading all of it. */
export function membershipFacts (state: LedgerState): MembershipFacts {
  const index = new LedgerIndex()
  index.follow(state)
  return index.membershipFacts()
}

