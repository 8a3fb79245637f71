import {
  assert, bytes, compareBytes, decodeCanonical, encodeCanonical, equalBytes, hex, leafHash, list, merkleRoot, sha256, tuple, uint, utf8, type Result
} from '../../base/index.ts'
import type { App, BlockContext, Executed, NextEpoch, Transaction } from '../../core/consensus/index.ts'
import type { Validator } from '../../core/finality/index.ts'
import type { Did } from '../../core/identity/index.ts'

export const PUT = 0
/** Never applies. */
export const BAD = 1
/** Applies until a time. */
export const TIMED = 2
export const JOIN = 3
export const READY = 4
export const LEAVE = 5
/** Replaces a key that may not vote any more. */
export const ROTATE = 6
/** Another key for the next epoch; no reason for one. */
export const BIND = 7

export type ToyTransaction = Transaction & {
  readonly kind: number, readonly index: number, readonly notAfterMs: number, readonly key: Uint8Array
}

type Joining = { readonly seat: Validator, readonly isReady: boolean }

/** What the toy ledger knows: what was applied, who sits at the table, and who shall. */
export type ToyState = {
  readonly root: Uint8Array
  readonly height: number
  readonly sealHeight: number
  readonly applied: ReadonlySet<string>
  readonly seats: readonly Validator[]
  readonly joining: readonly Joining[]
  readonly leaving: readonly Did[]
  readonly parked: readonly Did[]
  /** By node's index: keys for the next epoch. `isUrgent`: the present one may not vote. */
  readonly keys: ReadonlyMap<Did, { readonly key: Uint8Array, readonly isUrgent: boolean }>
  readonly seen: ReadonlyMap<Did, number>
}

export type ToyApp = App<ToyState, ToyTransaction> & {
  /** The state of a root that was kept. */
  stateOf (root: Uint8Array): ToyState | undefined
}

const envelope = tuple(uint(), uint(), uint(), uint(), bytes(0, 200))
const body = list(bytes(1, 512), 4_000)
const BODY_BYTES_MAX = 2 * 1024 * 1024
const SEEN_BLOCKS = 50
const SEATS_MIN = 4
const SEATS_MAX = 16
const NOTHING = new Uint8Array(0)

export function toyTransaction (kind: number, nonce: number, index = 0, notAfterMs = 0, key: Uint8Array = NOTHING): ToyTransaction {
  const content = encodeCanonical([kind, nonce, index, notAfterMs, key])
  return { id: hex(sha256(content)), bytes: content, kind, index, notAfterMs, key }
}

function decodeToy (content: Uint8Array): ToyTransaction | undefined {
  const decoded = decodeCanonical(content, envelope, 512)
  if (!decoded.ok) return undefined
  const [kind, , index, notAfterMs, key] = decoded.value
  return { id: hex(sha256(content)), bytes: content, kind, index, notAfterMs, key }
}

const KEPT_STATE = utf8('state')

export function toyApp (seats: readonly Validator[], seatOf: (index: number, key: Uint8Array) => Validator, timeMs: number): ToyApp {
  const first: ToyState = {
    root: sha256(utf8('toy')), height: 0, sealHeight: 0, applied: new Set(), seats: byKey(seats), joining: [], leaving: [], parked: [], keys: new Map(), seen: new Map()
  }
  const states = new Map<string, ToyState>([[hex(first.root), first]])
  const outcomes = new Map<string, Result<Executed<ToyState>, { readonly code: string }>>()
  const run = (state: ToyState, context: BlockContext, content: Uint8Array): Result<Executed<ToyState>, { readonly code: string }> => {
    const decoded = content.length === 0 ? { ok: true as const, value: [] } : decodeCanonical(content, body, BODY_BYTES_MAX)
    if (!decoded.ok || (content.length > 0 && decoded.value.length === 0)) return { ok: false, failure: { code: 'malformed' } }
    let next = state
    const ids: string[] = []
    for (const each of decoded.value) {
      const transaction = decodeToy(each)
      if (transaction === undefined || !isFit(next, context.timeMs, transaction)) return { ok: false, failure: { code: 'unfit' } }
      next = applied(next, transaction, seatOf)
      ids.push(transaction.id)
    }
    next = closed(next, context, ids)
    return { ok: true, value: { next, stateRoot: next.root, bodyRoot: merkleRoot(ids.map(id => leafHash(utf8(id)))), ids } }
  }
  const bodyRootOf = (content: Uint8Array): Uint8Array | undefined => {
    const decoded = content.length === 0 ? { ok: true as const, value: [] } : decodeCanonical(content, body, BODY_BYTES_MAX)
    const ids = decoded.ok ? decoded.value.flatMap(each => decodeToy(each)?.id ?? []) : []
    return decoded.ok && ids.length === decoded.value.length ? merkleRoot(ids.map(id => leafHash(utf8(id)))) : undefined
  }
  return {
    bodyRootOf,
    genesis: { state: first, stateRoot: first.root, validators: first.seats, timeMs },
    propose (state, context, pool, bodyBytesMax) {
      const taken: Uint8Array[] = []
      let [next, size] = [state, 16]
      for (const each of pool) {
        if (size + each.bytes.length + 3 > bodyBytesMax || !isFit(next, context.timeMs, each)) continue
        next = applied(next, each, seatOf)
        taken.push(each.bytes)
        size += each.bytes.length + 3
      }
      const content = encodeCanonical(taken)
      const ran = taken.length === 0 ? undefined : this.execute(state, context, content, () => undefined)
      return ran?.ok === true ? { ...ran.value, body: content } : null
    },
    execute (state, context, content) {
      // All nodes of a run execute the same blocks: pure, so the outcome may be shared.
      const name = hex(sha256(state.root, contextBytes(context), content))
      const known = outcomes.get(name)
      if (known !== undefined) return known
      const outcome = run(state, context, content)
      outcomes.set(name, outcome)
      return outcome
    },
    due: dueOf,
    includable: (state, nowMs, pool) => pool.some(each => isFit(state, nowMs, each)),
    admit: (_state, content) => decodeToy(content),
    isAlive: (state, nowMs, each) => each.kind !== BAD && !state.applied.has(each.id) && (each.kind !== TIMED || each.notAfterMs >= nowMs),
    changes (_before, after) {
      states.set(hex(after.root), after)
      return [{ key: KEPT_STATE, value: after.root }]
    },
    stateOf: root => states.get(hex(root))
  }
}

function isFit (state: ToyState, timeMs: number, { id, kind, index, notAfterMs, key }: ToyTransaction): boolean {
  if (state.applied.has(id)) return false
  const isKeyFree = key.length === 32 && !state.seats.some(each => equalBytes(each.key, key)) &&
    !state.joining.some(({ seat }) => equalBytes(seat.key, key)) && ![...state.keys.values()].some(each => equalBytes(each.key, key))
  switch (kind) {
    case PUT: return true
    case TIMED: return timeMs <= notAfterMs
    case JOIN: return isKeyFree && state.seats.length + state.joining.length < SEATS_MAX && index < 64
    case READY: return index < 64
    case LEAVE: return index < 64
    case ROTATE: case BIND: return isKeyFree && index < 64
    default: return false
  }
}

function applied (state: ToyState, { id, kind, index, key }: ToyTransaction, seatOf: (index: number, key: Uint8Array) => Validator): ToyState {
  const next = { ...state, applied: new Set(state.applied).add(id) }
  const seat = seatOf(index, key)
  const isSeated = state.seats.some(each => each.member === seat.member)
  switch (kind) {
    case JOIN: return isSeated || state.joining.some(each => each.seat.member === seat.member) ? next : { ...next, joining: [...state.joining, { seat, isReady: false }] }
    case READY: return { ...next, joining: state.joining.map(each => each.seat.member === seat.member ? { ...each, isReady: true } : each) }
    case LEAVE: return isSeated && !state.leaving.includes(seat.member) ? { ...next, leaving: [...state.leaving, seat.member] } : next
    case ROTATE: case BIND: return isSeated ? { ...next, keys: new Map(state.keys).set(seat.member, { key, isUrgent: kind === ROTATE }) } : next
    default: return next
  }
}

/** After the last transaction of a block: who was seen, who lied, and at a seal the new seats. */
function closed (state: ToyState, context: BlockContext, ids: readonly string[]): ToyState {
  const seen = new Map(state.seen)
  for (const { member } of context.seen) seen.set(member, context.height)
  const parked = [...state.parked]
  for (const { member } of context.verdicts) if (state.seats.some(each => each.member === member) && !parked.includes(member)) parked.push(member)
  const root = sha256(state.root, contextBytes(context), utf8(ids.join()))
  const next = { ...state, root, height: context.height, seen, parked }
  if (context.type !== 3) return next
  const seats = seatsAfter(state)
  const isSeated = (member: Did): boolean => seats.some(each => each.member === member)
  return {
    ...next, seats, sealHeight: context.height, keys: new Map(),
    joining: next.joining.filter(each => !isSeated(each.seat.member)), leaving: next.leaving.filter(isSeated), parked: next.parked.filter(isSeated)
  }
}

function contextBytes ({ version, epoch, height, timeMs, proposer, type, seen, verdicts }: BlockContext): Uint8Array {
  return encodeCanonical([version, epoch, height, timeMs, proposer.key, type, seen.map(each => each.key), verdicts.map(each => each.id)])
}

function dueOf (state: ToyState): NextEpoch | null {
  const isSeated = ({ member }: { readonly member: Did }): boolean => state.seats.some(each => each.member === member)
  const isEligible = [...state.keys.values()].some(each => each.isUrgent) || state.joining.some(each => each.isReady) ||
    (state.seats.length > SEATS_MIN && [...state.leaving, ...state.parked].some(member => isSeated({ member })))
  if (!isEligible || state.height <= state.sealHeight) return null
  const next = seatsAfter(state)
  const alive = next.filter(({ member }) => state.height - (state.seen.get(member) ?? 0) <= SEEN_BLOCKS ||
    state.joining.some(each => each.seat.member === member && each.isReady))
  if (alive.length < Math.floor(2 * next.length / 3) + 1) return null
  return { validators: next, paramsHash: sha256(utf8('params')), version: 1 }
}

/** At most max(1, f) seats change at once, and four stay. */
function seatsAfter ({ seats, joining, leaving, parked, keys }: ToyState): readonly Validator[] {
  let changes = Math.max(1, Math.floor((seats.length - 1) / 3))
  let next = seats.map(each => ({ ...each, key: keys.get(each.member)?.key ?? each.key }))
  for (const member of [...parked, ...leaving]) {
    if (changes === 0 || next.length <= SEATS_MIN || !next.some(each => each.member === member)) continue
    next = next.filter(each => each.member !== member)
    changes--
  }
  for (const { seat, isReady } of joining) {
    if (!isReady || changes === 0 || next.length >= SEATS_MAX) continue
    next = [...next, seat]
    changes--
  }
  assert(next.length > 0, 'somebody stays')
  return byKey(next)
}

function byKey (seats: readonly Validator[]): readonly Validator[] {
  return seats.toSorted((a, b) => compareBytes(a.key, b.key))
}
