import { unreachable } from '../../base/index.ts'
import { encodeError } from './catalogMessage.ts'
import type { JsonObject } from './json.ts'
import { otherRole, targetOf, type Role, type TransitionTable } from './transitions.ts'

/** What a negotiation and a transfer have in common: two parties, one state, and at most one message of ours under way. */
export type Process<S extends string, M> = {
  /** Ours. */
  readonly role: Role
  /** Whoever authenticated itself as the other side. */
  readonly peer: string
  /** Where it takes messages, without a slash at the end. */
  readonly peerAddress: string
  readonly providerPid: string | null
  readonly consumerPid: string | null
  /** null until the message that opens it was answered. Nothing else is ever shown to the other side. */
  readonly state: S | null
  /** The last states it came into, the present one last, and whose message made that one. */
  readonly visits: readonly S[]
  readonly movedBy: 'us' | 'peer' | null
  readonly outgoing: Outgoing<S, M> | null
  /** Ids of messages that were taken, with the answer they got. */
  readonly answered: ReadonlyArray<{ readonly id: string, readonly state: S }>
  /** A person was asked what to do. */
  readonly isAsked: boolean
  readonly changedMs: number
  readonly ended: Ended | null
}

/** A message of ours that is not known to have arrived, and the state that its arrival makes. */
export type Outgoing<S extends string, M> = {
  readonly message: M
  readonly target: S
  readonly sinceMs: number
  readonly attempts: number
  readonly refusals: number
  /** When to look after it, if nothing is heard. */
  readonly nextMs: number
}

export type Ended = { readonly by: 'us' | 'peer', readonly code: string | null, readonly reason: readonly string[] }

/** `jitter` is drawn from [0, 1); message ids are fresh `urn:uuid:`. */
export type ProcessInput<M> =
  | { readonly type: 'message', readonly message: M, readonly nowMs: number }
  /** The peer took our message; `pid` is its own, as its answer names it. */
  | { readonly type: 'acknowledged', readonly messageId: string, readonly pid: string, readonly nowMs: number }
  /** It did not take it (`refused`, any 4xx), or there is no telling (`unreachable`). */
  | { readonly type: 'failed', readonly messageId: string, readonly how: 'refused' | 'unreachable', readonly nowMs: number, readonly jitter: number }
  /** What the peer says of the process after `look`; null where it knows none. */
  | { readonly type: 'standing', readonly messageId: string, readonly state: string | null, readonly nowMs: number }
  | { readonly type: 'timer', readonly nowMs: number, readonly messageId: string }
  /** After a restart, with the process as its row has it. */
  | { readonly type: 'resumed', readonly nowMs: number }

/** In the order in which they are performed. */
export type ProcessEffect<S extends string> =
  /** Synced before anything that follows it. */
  | { readonly type: 'persist', readonly row: Uint8Array }
  /** To the message that came in. Nothing is sent before it is out. */
  | { readonly type: 'answer', readonly status: 200 | 201 | 400, readonly body: JsonObject }
  | { readonly type: 'send', readonly address: string, readonly path: string, readonly messageId: string, readonly body: JsonObject }
  /** Ask the peer how the process stands. */
  | { readonly type: 'look', readonly address: string, readonly path: string, readonly messageId: string }
  /** Ask the strategy what to do. */
  | { readonly type: 'decide', readonly state: S }
  /** Show it to a person, who decides. */
  | { readonly type: 'ask', readonly state: S }
  /** The peer keeps refusing this message of ours; we are back where we were. */
  | { readonly type: 'given-up', readonly act: string }
  /** A decision came too late (`not-now`) or while a message of ours is under way (`busy`). */
  | { readonly type: 'declined', readonly code: 'not-now' | 'busy' }
  | { readonly type: 'final', readonly state: S }
  /** The only alarm of this process; a later one replaces it. */
  | { readonly type: 'wake', readonly atMs: number }

export type ProcessStep<S extends string, P> = { readonly state: P, readonly effects: ReadonlyArray<ProcessEffect<S>> }

/** Messages as far as the common part looks at them. `callbackAddress` is there in a first one alone. */
type AnyMessage = {
  readonly id: string | null
  readonly providerPid: string | null
  readonly consumerPid: string | null
  readonly callbackAddress?: string | null
}

/** The types of one kind of process; `own` is what it keeps beside what all have. */
export type Kind = { readonly state: string, readonly act: string, readonly message: AnyMessage, readonly own: object }
export type ProcessOf<K extends Kind> = Process<K['state'], K['message']> & K['own']
type StepOf<K extends Kind> = ProcessStep<K['state'], ProcessOf<K>>
type Effects<K extends Kind> = ReadonlyArray<ProcessEffect<K['state']>>

/** What makes a process a negotiation or a transfer. */
export type Rules<K extends Kind> = {
  readonly table: TransitionTable<K['state'], K['act']>
  /** What it ends in when there is nobody to tell, or the peer says so. */
  readonly terminated: K['state']
  readonly collection: 'negotiations' | 'transfers'
  readonly errorType: 'ContractNegotiationError' | 'TransferError'
  /** Without a change for so long it is terminated; null: never. */
  readonly idleMsMax: number | null
  actOf (message: K['message']): K['act']
  tailOf (message: K['message']): string
  encode (message: K['message']): JsonObject
  encodeStanding (standing: { providerPid: string, consumerPid: string, state: K['state'] }): JsonObject
  /** What a message says beside the state. */
  take (process: ProcessOf<K>, message: K['message'], sender: Role): ProcessOf<K>
  terminate (process: ProcessOf<K>, messageId: string, code: string): K['message']
  encodeRow (process: ProcessOf<K>): Uint8Array
}

export const ANSWERED_MAX = 16
export const VISITS_MAX = 32
export const RETRY_MS_MIN = 1000
export const RETRY_MS_MAX = 3_600_000
export const RETRY_FOR_MS_MAX = 604_800_000
/** Together 15 s and more: longer than a peer may hold back an answer. */
export const REFUSALS_MAX = 5
/** After this a message that neither arrived nor failed is looked after. A request takes at most 10 s. */
export const SILENCE_MS_MAX = 30_000
export const OPEN_PROCESSES_PER_MEMBER_MAX = 256

export function stepProcess<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, input: ProcessInput<K['message']>): StepOf<K> {
  switch (input.type) {
    case 'message': return onMessage(rules, process, input.message, input.nowMs)
    case 'acknowledged': return isUnderWay(process, input.messageId) ? arrived(rules, knowing(process, input.pid), input.nowMs) : nothing(process)
    case 'failed': return isUnderWay(process, input.messageId) ? onFailure(rules, process, input) : nothing(process)
    case 'standing': return isUnderWay(process, input.messageId) ? onStanding(rules, process, input.state, input.nowMs) : nothing(process)
    case 'timer': return onTimer(rules, process, input)
    case 'resumed': return onResumed(rules, process, input.nowMs)
    default: return unreachable(input)
  }
}

/** Writes the intent, then sends. The state changes when the message has arrived. */
export function sendMessage<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, message: K['message'], nowMs: number): StepOf<K> {
  const { table } = rules
  const act = rules.actOf(message)
  const { state, outgoing, role } = process
  const target = targetOf(table, act, role, state)
  // What leads back to the same state, a second offer, is not sent: an acceptance could mean either.
  if (target === undefined || target === state) return { state: process, effects: [{ type: 'declined', code: 'not-now' }] }
  // Only what holds whether or not the earlier message arrived may take its place: the end of it all.
  if (outgoing !== null && (state === null || targetOf(table, act, role, outgoing.target) === undefined)) {
    return { state: process, effects: [{ type: 'declined', code: 'busy' }] }
  }
  const next: ProcessOf<K> = {
    ...process, isAsked: false, outgoing: { message, target, sinceMs: nowMs, attempts: 0, refusals: 0, nextMs: nowMs + SILENCE_MS_MAX }
  }
  return kept(rules, next, sending(rules, next))
}

export function askPerson<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>): StepOf<K> {
  const { state, isAsked, outgoing } = process
  if (state === null || outgoing !== null || isFinal(rules, state)) return { state: process, effects: [{ type: 'declined', code: 'not-now' }] }
  return isAsked ? nothing(process) : kept(rules, { ...process, isAsked: true }, [{ type: 'ask', state }])
}

function onMessage<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, message: K['message'], nowMs: number): StepOf<K> {
  const { state, outgoing } = process
  const sender = otherRole(process.role)
  const act = rules.actOf(message)
  const isFirst = isOpening(message)
  if (!isOf(process, message)) return refused(rules, process, message, 'pid', 'This message names another process.')
  const before = process.answered.find(({ id }) => id === message.id)
  if (before !== undefined) return { state: process, effects: [answer(rules, process, before.state, isFirst)] }
  const next = (from: K['state'] | null): K['state'] | undefined => (from === null) === isFirst ? targetOf(rules.table, act, sender, from) : undefined
  if (isFirst && state !== null && targetOf(rules.table, act, sender, null) !== undefined) {
    return { state: process, effects: [answer(rules, process, state, isFirst)] }
  }
  const direct = next(state)
  if (direct !== undefined) {
    if (outgoing === null) return taken(rules, process, message, direct, nowMs)
    if (rules.table.weight[outgoing.target] > rules.table.weight[direct]) return refused(rules, process, message, 'crossed', CROSSED)
    // Both sides said the same: ours stays until it is known to have arrived, so that it cannot arrive later as a surprise.
    const stays = outgoing.target === direct && !isFinal(rules, direct)
    return taken(rules, stays ? process : { ...process, outgoing: null }, message, direct, nowMs)
  }
  const implied = outgoing === null ? undefined : next(outgoing.target)
  if (state !== null && saysAgain(rules, process, act, state)) {
    // Either it was sent before ours was heard, or after the one that is under way: whoever asks again will know.
    return implied === undefined ? taken(rules, process, message, state, nowMs) : refused(rules, process, message, 'crossed', CROSSED)
  }
  if (implied === undefined) return refused(rules, process, message, 'transition', `${act} by the ${sender} is not possible in state ${state ?? 'none'}.`)
  // Nobody could send this who had not taken our message: its answer was lost.
  return taken(rules, landed(rules, process, nowMs), message, implied, nowMs)
}

const CROSSED = 'A message of ours is on its way to you, and has to be settled before this one.'

/** The same from both sides, ours first: nothing changes, but it is taken, lest it come as news when the state is another one. */
function saysAgain<K extends Kind> ({ table }: Rules<K>, { visits, role, movedBy }: ProcessOf<K>, act: K['act'], state: K['state']): boolean {
  const before = visits.at(-2)
  return movedBy === 'us' && before !== undefined && !table.final.includes(state) && targetOf(table, act, otherRole(role), before) === state
}

function taken<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, message: K['message'], state: K['state'], nowMs: number): StepOf<K> {
  const sender = otherRole(process.role)
  const peerPid = sender === 'provider' ? message.providerPid : message.consumerPid
  const known = peerPid === null ? process : knowing(process, peerPid)
  const isRepeated = state === process.state && process.movedBy === 'us'
  const moved: ProcessOf<K> = isRepeated ? { ...known, movedBy: 'peer' } : entered(rules.take(known, message, sender), state, 'peer', nowMs)
  const next = message.id === null ? moved : { ...moved, answered: [...moved.answered, { id: message.id, state }].slice(-ANSWERED_MAX) }
  return kept(rules, next, [answer(rules, next, state, isOpening(message)), ...consequences(rules, next)])
}

function refused<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, message: K['message'], code: string, reason: string): StepOf<K> {
  const providerPid = process.providerPid ?? message.providerPid ?? process.consumerPid ?? ''
  const consumerPid = process.consumerPid ?? message.consumerPid ?? process.providerPid ?? ''
  const body = encodeError({ type: rules.errorType, providerPid, consumerPid, code, reason: [reason] })
  return { state: process, effects: [{ type: 'answer', status: 400, body }] }
}

function onFailure<K extends Kind> (
  rules: Rules<K>, process: ProcessOf<K>, { how, nowMs, jitter }: Extract<ProcessInput<K['message']>, { type: 'failed' }>
): StepOf<K> {
  const { outgoing, state } = process
  if (outgoing === null) return nothing(process)
  const attempts = outgoing.attempts + 1
  const refusals = outgoing.refusals + (how === 'refused' ? 1 : 0)
  if (nowMs - outgoing.sinceMs >= RETRY_FOR_MS_MAX) return ended(rules, process, { by: 'us', code: 'unreachable', reason: [] }, nowMs)
  if (refusals >= REFUSALS_MAX && outgoing.target !== rules.terminated) {
    if (state === null) return ended(rules, process, { by: 'peer', code: 'refused', reason: [] }, nowMs)
    return kept(rules, { ...process, outgoing: null }, [{ type: 'given-up', act: rules.actOf(outgoing.message) }])
  }
  const baseMs = Math.min(RETRY_MS_MIN * 2 ** Math.min(attempts - 1, 30), RETRY_MS_MAX)
  const nextMs = nowMs + Math.floor(baseMs * (1 + jitter) / 2)
  return kept(rules, { ...process, outgoing: { ...outgoing, attempts, refusals, nextMs } }, [])
}

function onStanding<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, standing: string | null, nowMs: number): StepOf<K> {
  const { outgoing, visits } = process
  // A peer that lacks our last answer may still be where it was before: then only sending again tells, which does no harm.
  const isTelling = outgoing !== null && (!visits.includes(outgoing.target) || outgoing.refusals > 0)
  if (isTelling && standing === outgoing.target) return arrived(rules, process, nowMs)
  if (standing === rules.terminated) return ended(rules, process, { by: 'peer', code: null, reason: [] }, nowMs)
  return again(rules, process, nowMs, sending(rules, process))
}

function onTimer<K extends Kind> (
  rules: Rules<K>, process: ProcessOf<K>, { nowMs, messageId }: Extract<ProcessInput<K['message']>, { type: 'timer' }>
): StepOf<K> {
  const { state, outgoing } = process
  if (isFinal(rules, state)) return nothing(process)
  if (outgoing !== null) return nowMs >= outgoing.nextMs ? lookedAfter(rules, process, nowMs) : { state: process, effects: alarm(rules, process) }
  const { idleMsMax } = rules
  if (idleMsMax === null || state === null || nowMs < process.changedMs + idleMsMax) return { state: process, effects: alarm(rules, process) }
  return sendMessage(rules, process, rules.terminate(process, messageId, 'timeout'), nowMs)
}

function onResumed<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, nowMs: number): StepOf<K> {
  const { state, outgoing, isAsked } = process
  if (state !== null && isFinal(rules, state)) return { state: process, effects: [{ type: 'final', state }] }
  if (outgoing !== null) return lookedAfter(rules, process, nowMs)
  if (state === null) return nothing(process)
  return { state: process, effects: [isAsked ? { type: 'ask', state } : { type: 'decide', state }, ...alarm(rules, process)] }
}

/** Ask first, where the peer can be asked; only then send again. */
function lookedAfter<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, nowMs: number): StepOf<K> {
  const pid = peerPidOf(process)
  const messageId = process.outgoing?.message.id ?? ''
  if (pid === null) return again(rules, process, nowMs, sending(rules, process))
  return again(rules, process, nowMs, [{ type: 'look', address: process.peerAddress, path: `/${rules.collection}/${segment(pid)}`, messageId }])
}

/** Nothing is synced for another try: the row knows that the message is under way. */
function again<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, nowMs: number, effects: Effects<K>): StepOf<K> {
  if (process.outgoing === null) return nothing(process)
  const next: ProcessOf<K> = { ...process, outgoing: { ...process.outgoing, nextMs: nowMs + SILENCE_MS_MAX } }
  return { state: next, effects: [...effects, ...alarm(rules, next)] }
}

function arrived<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, nowMs: number): StepOf<K> {
  const next = landed(rules, process, nowMs)
  return kept(rules, next, consequences(rules, next))
}

/** Our message is known to have arrived. */
function landed<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, nowMs: number): ProcessOf<K> {
  const { outgoing, state } = process
  if (outgoing === null) return process
  const settled: ProcessOf<K> = { ...process, outgoing: null }
  // The peer said the same before ours arrived.
  if (outgoing.target === state) return settled
  return entered(rules.take(settled, outgoing.message, process.role), outgoing.target, 'us', nowMs)
}

function ended<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, how: Ended, nowMs: number): StepOf<K> {
  const next: ProcessOf<K> = { ...entered(process, rules.terminated, how.by, nowMs), outgoing: null, ended: how }
  return kept(rules, next, consequences(rules, next))
}

function entered<K extends Kind> (process: ProcessOf<K>, state: K['state'], movedBy: 'us' | 'peer', nowMs: number): ProcessOf<K> {
  return { ...process, state, movedBy, visits: [...process.visits, state].slice(-VISITS_MAX), isAsked: false, changedMs: nowMs }
}

function consequences<K extends Kind> (rules: Rules<K>, { state, outgoing }: ProcessOf<K>): Effects<K> {
  if (state === null) return []
  if (isFinal(rules, state)) return [{ type: 'final', state }]
  return outgoing === null ? [{ type: 'decide', state }] : []
}

function kept<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>, effects: Effects<K>): StepOf<K> {
  return { state: process, effects: [{ type: 'persist', row: rules.encodeRow(process) }, ...effects, ...alarm(rules, process)] }
}

function alarm<K extends Kind> (rules: Rules<K>, { state, outgoing, changedMs }: ProcessOf<K>): Effects<K> {
  if (isFinal(rules, state)) return []
  if (outgoing !== null) return [{ type: 'wake', atMs: outgoing.nextMs }]
  return rules.idleMsMax === null || state === null ? [] : [{ type: 'wake', atMs: changedMs + rules.idleMsMax }]
}

function sending<K extends Kind> (rules: Rules<K>, process: ProcessOf<K>): Effects<K> {
  const message = process.outgoing?.message
  if (message === undefined || message.id === null) return []
  const pid = peerPidOf(process)
  const path = `/${rules.collection}${pid === null ? '' : `/${segment(pid)}`}/${rules.tailOf(message)}`
  return [{ type: 'send', address: process.peerAddress, path, messageId: message.id, body: rules.encode(message) }]
}

function answer<K extends Kind> (
  rules: Rules<K>, { providerPid, consumerPid }: ProcessOf<K>, state: K['state'], isFirst: boolean
): ProcessEffect<K['state']> {
  return { type: 'answer', status: isFirst ? 201 : 200, body: rules.encodeStanding({ providerPid: providerPid ?? '', consumerPid: consumerPid ?? '', state }) }
}

function nothing<K extends Kind> (process: ProcessOf<K>): StepOf<K> {
  return { state: process, effects: [] }
}

function isFinal<K extends Kind> (rules: Rules<K>, state: K['state'] | null): boolean {
  return state !== null && rules.table.final.includes(state)
}

function isUnderWay<K extends Kind> ({ outgoing }: ProcessOf<K>, messageId: string): boolean {
  return outgoing !== null && outgoing.message.id === messageId
}

function isOpening ({ callbackAddress }: AnyMessage): boolean {
  return typeof callbackAddress === 'string'
}

/** Pids that are not known yet may be anything. */
function isOf<K extends Kind> (process: ProcessOf<K>, message: AnyMessage): boolean {
  const same = (ours: string | null, theirs: string | null): boolean => ours === null || theirs === null || ours === theirs
  return same(process.providerPid, message.providerPid) && same(process.consumerPid, message.consumerPid)
}

function knowing<K extends Kind> (process: ProcessOf<K>, peerPid: string): ProcessOf<K> {
  return process.role === 'provider'
    ? { ...process, consumerPid: process.consumerPid ?? peerPid }
    : { ...process, providerPid: process.providerPid ?? peerPid }
}

function peerPidOf<K extends Kind> ({ role, providerPid, consumerPid }: ProcessOf<K>): string | null {
  return role === 'provider' ? consumerPid : providerPid
}

/** Colons are as good in a path as they are in a urn. */
function segment (pid: string): string {
  return encodeURIComponent(pid).replaceAll('%3A', ':')
}
