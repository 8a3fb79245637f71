import { compareBytes, encodeCanonical, equalBytes, fail, ok, sha256 } from '../../base/index.ts'
import { faultyOf, quorumOf, type Validator, type BlockContext } from '../finality/index.ts'
import type { Did } from '../identity/index.ts'
import { endKey, liveKeys, nextOrder } from './members.ts'
import { decodePayload, OPERATIONS } from './operations.ts'
import { parametersSchema, TABLES, type Parameters, type Seat } from './rows.ts'
import { sure, type Draft, type Outcome, type Rows } from './state.ts'
import { handler, type Handler } from './transaction.ts'

const DONE: Outcome = ok(null)
export const ROOTS_KEPT = 64
const VALIDATORS_MAX = 31
/** Below so many, nobody is parked: fewer validators tolerate no failure. */
const ACTIVE_MIN = 4

/** What a seal makes of the state before it. */
export type Plan = {
  readonly validators: readonly Validator[]
  /** Seats that change; undefined: none any more. */
  readonly seats: ReadonlyMap<Did, Seat['state'] | undefined>
  readonly parameters: Parameters
  readonly rules: { readonly parts: number, readonly of: number }
  readonly version: number
  readonly decided: readonly Uint8Array[]
}

/** The next epoch, when changes are eligible and enough of its validators are alive to go on. */
export function planOf (rows: Rows): Plan | null {
  const { height } = sure(rows.get(TABLES.tip))
  const { sealHeight } = sure(rows.get(TABLES.epoch))
  if (height - sealHeight < sure(rows.get(TABLES.parameters)).minEpochBlocks) return null
  const keyed = replaceKeys(rows)
  const seated = changeSeats(rows, keyed.byMember)
  const applied = applyPending(rows, seated.byMember, height + 1)
  if (!keyed.isEligible && seated.seats.size === 0 && applied.decided.length === 0) return null
  const validators = [...seated.byMember.values()].map(each => freshest(rows, each)).toSorted((a, b) => compareBytes(a.key, b.key))
  const alive = validators.filter(({ member }) => isAliveSeat(rows, member)).length
  return alive >= quorumOf(validators.length) ? { validators, seats: seated.seats, ...applied } : null
}

/**
 * Validators whose key was revoked get their newest live one, which is no change of seats. A fresh key alone is no reason
 * for a seal: nodes bind one after every seal, so each would cause the next.
 */
function replaceKeys (rows: Rows): { readonly byMember: Map<Did, Validator>, readonly isEligible: boolean } {
  let isEligible = false
  const byMember = new Map<Did, Validator>()
  for (const validator of sure(rows.get(TABLES.epoch)).validators) {
    const isRevoked = isEnded(rows, validator.key)
    const replaced = isRevoked ? replacement(rows, validator) : undefined
    if (replaced !== undefined) isEligible = true
    byMember.set(validator.member, replaced ?? validator)
  }
  return { byMember, isEligible }
}

function isEnded (rows: Rows, key: Uint8Array): boolean {
  return rows.get(TABLES.key, sha256(key))?.endedHeight !== null
}

function replacement (rows: Rows, { member, node }: Validator): Validator | undefined {
  const live = liveKeys(rows, member, 'consensus').toReversed()
  const found = live.find(({ row }) => row.node !== null && equalBytes(row.node, node)) ?? live[0]
  return found === undefined || found.row.node === null ? undefined : { member, node: found.row.node, key: found.row.key }
}

/** With the newest live key of its node. */
function freshest (rows: Rows, validator: Validator): Validator {
  const found = liveKeys(rows, validator.member, 'consensus').findLast(({ row }) => row.node !== null && equalBytes(row.node, validator.node))
  return found === undefined ? validator : { ...validator, key: found.row.key }
}

type SeatChanges = { readonly byMember: Map<Did, Validator>, readonly seats: Map<Did, Seat['state'] | undefined> }

function changeSeats (rows: Rows, byMember: Map<Did, Validator>): SeatChanges {
  const { validatorsMin } = sure(rows.get(TABLES.parameters))
  const faulty = faultyOf(byMember.size)
  const changesMax = Math.max(1, faulty)
  const seats = new Map<Did, Seat['state'] | undefined>()
  let parked = 0
  for (const { member, seat } of seatsInOrder(rows)) {
    if (seats.size >= changesMax) break
    const held = byMember.get(member)
    if (held !== undefined) {
      const isLeaving = seat.wanted === 'leave'
      const isKeyless = isEnded(rows, held.key)
      const isParking = seat.wanted === 'park' || isIdle(rows, member)
      const room = byMember.size - 1 >= validatorsMin
      const next = isLeaving && room ? 'leave'
        : isParking && room && parked < faulty && byMember.size - 1 >= ACTIVE_MIN ? 'parked'
          : isKeyless && room ? 'learner' : undefined
      if (next === undefined) continue
      if (next === 'parked') parked++
      byMember.delete(member)
      seats.set(member, next === 'leave' ? undefined : next)
    } else if (byMember.size < VALIDATORS_MAX && isReady(rows, seat)) {
      const key = seat.ready?.key
      const row = key === undefined ? undefined : rows.get(TABLES.key, sha256(key))
      if (row === undefined || row.node === null || row.endedHeight !== null) continue
      byMember.set(member, { member, node: row.node, key: row.key })
      seats.set(member, 'validator')
    }
  }
  return { byMember, seats }
}

function seatsInOrder (rows: Rows): readonly { readonly member: Did, readonly seat: Seat }[] {
  return (rows.get(TABLES.seats) ?? [])
    .map(member => ({ member, seat: sure(rows.get(TABLES.seat, member)) }))
    .toSorted((a, b) => a.seat.order - b.seat.order)
}

/** Whether a learner, or one who was parked and wants to return, may be seated. */
function isReady (rows: Rows, seat: Seat): boolean {
  const wants = seat.state === 'learner' || (seat.state === 'parked' && seat.wanted === 'return')
  return wants && !seat.isMisbehaving && isFresh(rows, seat)
}

function isFresh (rows: Rows, { ready }: Seat): boolean {
  return ready !== null && sure(rows.get(TABLES.tip)).timeMs - ready.timeMs <= sure(rows.get(TABLES.parameters)).readyMs
}

function seenOf (rows: Rows, member: Did): { readonly height: number, readonly timeMs: number } | undefined {
  return rows.get(TABLES.seen)?.find(each => each.member === member)
}

function isIdle (rows: Rows, member: Did): boolean {
  const seen = seenOf(rows, member)
  const { height, timeMs } = sure(rows.get(TABLES.tip))
  const { parkWindowMs, parkWindowBlocks } = sure(rows.get(TABLES.parameters))
  return seen !== undefined && timeMs - seen.timeMs >= parkWindowMs && height - seen.height >= parkWindowBlocks
}

export function isAliveSeat (rows: Rows, member: Did): boolean {
  const seen = seenOf(rows, member)
  const seat = rows.get(TABLES.seat, member)
  const isSeen = seen !== undefined && sure(rows.get(TABLES.tip)).height - seen.height <= sure(rows.get(TABLES.parameters)).aliveBlocks
  return isSeen || (seat !== undefined && isFresh(rows, seat))
}

/** What was voted and waits for a seal. Checked a second time: a value that no vote could have passed is dropped, not applied. */
function applyPending (
  rows: Rows, byMember: ReadonlyMap<Did, Validator>, height: number
): Pick<Plan, 'parameters' | 'rules' | 'version' | 'decided'> {
  let [parameters, rules] = [sure(rows.get(TABLES.parameters)), sure(rows.get(TABLES.rules))]
  let { version } = sure(rows.get(TABLES.epoch))
  const decided: Uint8Array[] = []
  for (const id of rows.get(TABLES.pending) ?? []) {
    const proposal = rows.get(TABLES.proposal, id)
    const payload = proposal === undefined ? undefined : decodePayload(proposal.kind, proposal.payload)
    if (payload?.ok !== true) {
      decided.push(id)
      continue
    }
    const change = payload.value
    if (change.kind === 'params') {
      const changed = parametersSchema({ ...parameters, ...Object.fromEntries(change.params) }, '')
      if (changed.ok) parameters = changed.value
    } else if (change.kind === 'charter') rules = change.votesAbove
    else if (change.kind === 'protocol') {
      if (change.version > version) {
        const announced = [...byMember.keys()].filter(member => (rows.get(TABLES.seat, member)?.ready?.version ?? 0) >= change.version).length
        if (height < change.notBeforeHeight || announced < quorumOf(byMember.size)) continue
        version = change.version
      }
    }
    decided.push(id)
  }
  return { parameters, rules, version, decided }
}

export function parametersHash (parameters: Parameters): Uint8Array {
  return sha256(encodeCanonical(parameters))
}

/** Makes the plan true: the block is a seal. What the seal's own operations change comes after it. */
export function applySeal (draft: Draft, plan: Plan, { epoch, height, timeMs }: BlockContext): void {
  const { validators, parameters, rules, version } = plan
  draft.put(TABLES.epoch, [], { epoch: epoch + 1, version, sealHeight: height, validators })
  draft.put(TABLES.parameters, [], parameters)
  draft.put(TABLES.rules, [], rules)
  draft.put(TABLES.pending, [], (draft.get(TABLES.pending) ?? []).filter(id => !plan.decided.some(each => equalBytes(each, id))))
  for (const [member, state] of plan.seats) {
    const seat = sure(draft.get(TABLES.seat, member))
    if (state === undefined) dropSeat(draft, member)
    else draft.put(TABLES.seat, [member], { ...seat, state, wanted: null, sinceHeight: height, order: nextOrder(draft) })
  }
  const seen = draft.get(TABLES.seen) ?? []
  draft.put(TABLES.seen, [], validators.map(({ member }) => seen.find(each => each.member === member) ?? { member, height, timeMs }))
  for (const { member, node, key } of validators) {
    const order = sure(draft.get(TABLES.key, sha256(key))).order
    for (const { digest, row } of liveKeys(draft, member, 'consensus')) {
      if (row.order < order && row.node !== null && equalBytes(row.node, node)) endKey(draft, member, digest, height, timeMs)
    }
  }
}

function dropSeat (draft: Draft, member: Did): void {
  draft.delete(TABLES.seat, [member])
  draft.put(TABLES.seats, [], (draft.get(TABLES.seats) ?? []).filter(each => each !== member))
}

export function addSeat (draft: Draft, member: Did, state: Seat['state'], height: number): void {
  const seats = draft.get(TABLES.seats) ?? []
  if (!seats.includes(member)) draft.put(TABLES.seats, [], [...seats, member].toSorted((a, b) => a < b ? -1 : 1))
  draft.put(TABLES.seat, [member], { state, wanted: null, order: nextOrder(draft), sinceHeight: height, isMisbehaving: false, ready: null })
}

/** What somebody decided about a seat, for the next seals to carry out; a seat that does not vote goes at once. */
export function wantSeat (draft: Draft, member: Did, wanted: Seat['wanted']): void {
  const seat = draft.get(TABLES.seat, member)
  if (seat === undefined) return
  if (wanted === 'leave' && seat.state !== 'validator') return dropSeat(draft, member)
  if (seat.wanted !== 'leave') draft.put(TABLES.seat, [member], { ...seat, wanted, order: nextOrder(draft) })
}

/** What consensus saw: who took part, and who contradicted itself. `authors` wrote transactions of the block. */
export function noteSeen (draft: Draft, context: BlockContext, authors: ReadonlySet<Did>): void {
  const { height, timeMs } = context
  const present = new Set([context.proposer.member, ...context.seen.map(({ member }) => member), ...authors])
  const seen = sure(draft.get(TABLES.seen))
  draft.put(TABLES.seen, [], seen.map(each => present.has(each.member) ? { member: each.member, height, timeMs } : each))
}

export function noteVerdicts (draft: Draft, { height, verdicts }: BlockContext): void {
  for (const { member, kind, epoch, view, id } of verdicts) {
    if (draft.get(TABLES.misbehaviour, id) !== undefined) continue
    draft.put(TABLES.misbehaviour, [id], { member, kind, epoch, view, height })
    const seat = draft.get(TABLES.seat, member)
    if (seat === undefined || seat.isMisbehaving) continue
    draft.put(TABLES.seat, [member], { ...seat, isMisbehaving: true })
    if (seat.state === 'validator') wantSeat(draft, member, 'park')
  }
}

export const seatHandlers: readonly Handler[] = [
  handler(OPERATIONS.validatorReady, (draft, turn, { epoch, height, stateRoot, key, version }) => {
    const seat = draft.get(TABLES.seat, turn.author)
    if (seat === undefined) return fail({ code: 'no-seat' })
    if (epoch !== turn.epoch) return fail({ code: 'epoch' })
    if (!equalBytes(key, turn.signerKey)) return fail({ code: 'key' })
    const row = draft.get(TABLES.root, height % ROOTS_KEPT)
    if (row?.height !== height || height >= turn.height) return fail({ code: 'height' })
    if (!equalBytes(row.root, stateRoot)) return fail({ code: 'state-root' })
    draft.put(TABLES.seat, [turn.author], { ...seat, ready: { key, height, timeMs: turn.timeMs, version } })
    return DONE
  }, (rows, { epoch, height }) => epoch < sure(rows.get(TABLES.epoch)).epoch || height + ROOTS_KEPT <= sure(rows.get(TABLES.tip)).height),
  handler(OPERATIONS.validatorUnpark, (draft, turn) => {
    const seat = draft.get(TABLES.seat, turn.author)
    if (seat?.state !== 'parked') return fail({ code: 'not-parked' })
    if (seat.isMisbehaving) return fail({ code: 'misbehaviour' })
    if (seat.wanted !== null) return fail({ code: 'same' })
    wantSeat(draft, turn.author, 'return')
    return DONE
  })
]
