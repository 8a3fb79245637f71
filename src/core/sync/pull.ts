/**
 * Decides what to ask of whom until one feed is complete: a pure machine, one per feed that this node wants.
 *
 * What peers claim is only a reason to ask; what counts is told by `headKnown` (a signature was checked), `leavesHeld`
 * (the leaves give the signed root) and `stored` (the bytes have the hash that their leaf names). So no claim, raised
 * or lowered, can stall a feed or move its state.
 *
 * Order of work: head, then leaves, then segments in any order from up to four sources. A short tail is asked for at
 * once: its items carry their leaves, and are held until they extend the known root to the signed one.
 */
import type { Range } from './messages.ts'
import { addRange, countOf, hasIndex, removeRange, type Ranges } from './ranges.ts'

const SOURCES_PER_FEED_MAX = 4
/** The second is asked for while the end of the first is still written to disk. */
const TASKS_PER_SOURCE_MAX = 2
const SEGMENTS_PER_TASK = 64
const TAIL_SEGMENTS_MAX = 12
const RANGES_PER_TASK_MAX = 32
const LEAVES_PER_TASK = 4_096
const SOURCES_KNOWN_MAX = 64
const FAULT_PAUSE_MS = 24 * 3_600_000
const FAILURE_PAUSE_MS = 2_000
const LACK_PAUSE_MS = 1_000
const TASK_DUE_MS = 30_000

export type Work =
  | { readonly type: 'head' }
  | { readonly type: 'leaves', readonly from: number, readonly to: number, readonly length: number }
  | { readonly type: 'tail', readonly from: number, readonly length: number }
  | { readonly type: 'segments', readonly ranges: Ranges, readonly length: number }

export type Task = { readonly id: number, readonly peer: string, readonly work: Work, readonly dueMs: number }

type Source = {
  readonly claimed: number
  /** Not asked before this time, and why. */
  readonly pausedUntilMs: number
  readonly faulty: boolean
  /** When it was last asked for its head. */
  readonly headAskedMs: number
}

export type PullState = {
  /** Length up to which the leaves are verified. */
  readonly held: number
  /** Length of the signed head that is aimed at: its leaves are not all here. Never below `held`. */
  readonly target: number
  /** Segments below `held` that are not stored. */
  readonly missing: Ranges
  readonly sources: ReadonlyMap<string, Source>
  readonly tasks: ReadonlyMap<number, Task>
  readonly nextTask: number
}

export type PullInput =
  | { readonly type: 'claim', readonly peer: string, readonly length: number }
  | { readonly type: 'gone', readonly peer: string }
  /** `instead`: of a longer one that is out of reach. */
  | { readonly type: 'headKnown', readonly length: number, readonly instead?: boolean }
  | { readonly type: 'leavesHeld', readonly length: number, readonly missing: Ranges }
  | { readonly type: 'stored', readonly range: Range }
  | { readonly type: 'lost', readonly range: Range }
  | { readonly type: 'done', readonly task: number, readonly outcome: TaskOutcome }
  | { readonly type: 'tick' }

/**
 * `ok`: answered in full. `partial`: it lacks some of it. `fault`: it sent what cannot be. `failed`: no answer.
 * `proved` is the length of the newest head it could show.
 */
export type TaskOutcome = { readonly type: 'ok' | 'partial' | 'fault' | 'failed', readonly proved?: number }

export type PullEffect =
  | { readonly type: 'ask', readonly task: Task }
  | { readonly type: 'cancel', readonly task: number }

export type PullStep = { readonly state: PullState, readonly effects: readonly PullEffect[] }

export function startPull (held: number, missing: Ranges): PullState {
  return { held, target: held, missing, sources: new Map(), tasks: new Map(), nextTask: 1 }
}

export function isComplete (state: PullState): boolean {
  return state.missing.length === 0 && state.target === state.held
}

export function pullStep (state: PullState, input: PullInput, nowMs: number): PullStep {
  const { state: changed, effects } = apply(state, input, nowMs)
  const planned = plan(changed, nowMs)
  return { state: planned.state, effects: [...effects, ...planned.effects] }
}

function apply (state: PullState, input: PullInput, nowMs: number): PullStep {
  const only = (changes: Partial<PullState>): PullStep => ({ state: { ...state, ...changes }, effects: [] })
  switch (input.type) {
    case 'claim': return only({ sources: withClaim(state.sources, input.peer, input.length) })
    case 'gone': {
      const sources = new Map(state.sources)
      sources.delete(input.peer)
      const tasks = new Map([...state.tasks].filter(([, task]) => task.peer !== input.peer))
      return only({ sources, tasks })
    }
    case 'headKnown': return only({ target: Math.max(input.instead === true ? state.held : state.target, input.length) })
    case 'leavesHeld': {
      const missing = input.missing.reduce(addRange, state.missing)
      return only({ held: input.length, target: Math.max(state.target, input.length), missing })
    }
    case 'stored': return only({ missing: removeRange(state.missing, input.range) })
    case 'lost': return only({ missing: addRange(state.missing, input.range) })
    case 'done': return only(finished(state, input.task, input.outcome, nowMs))
    case 'tick': return only({})
  }
}

function withClaim (sources: PullState['sources'], peer: string, length: number): PullState['sources'] {
  const known = sources.get(peer)
  if (known === undefined && sources.size >= SOURCES_KNOWN_MAX) return sources
  return new Map(sources).set(peer, { pausedUntilMs: 0, faulty: false, headAskedMs: -Infinity, ...known, claimed: length })
}

function finished (state: PullState, id: number, outcome: TaskOutcome, nowMs: number): Partial<PullState> {
  const task = state.tasks.get(id)
  if (task === undefined) return {}
  const tasks = new Map(state.tasks)
  tasks.delete(id)
  const source = state.sources.get(task.peer)
  if (source === undefined) return { tasks }
  const claimed = outcome.proved ?? source.claimed
  // A head that was shown and not taken would be asked for again at once.
  const isLacking = outcome.type === 'ok' && task.work.type === 'head' && claimed > state.target
  const pauseMs = { ok: 0, partial: LACK_PAUSE_MS, failed: FAILURE_PAUSE_MS, fault: FAULT_PAUSE_MS }[isLacking ? 'partial' : outcome.type]
  const pausedUntilMs = pauseMs === 0 ? source.pausedUntilMs : nowMs + pauseMs
  const sources = new Map(state.sources).set(task.peer, { ...source, claimed, pausedUntilMs, faulty: outcome.type === 'fault' })
  return { tasks, sources }
}

function plan (state: PullState, nowMs: number): PullStep {
  const effects: PullEffect[] = []
  let next = state
  for (;;) {
    const task = nextTask(next, nowMs)
    if (task === undefined) return { state: next, effects }
    next = { ...next, tasks: new Map(next.tasks).set(task.id, task), nextTask: next.nextTask + 1 }
    const source = next.sources.get(task.peer)
    if (task.work.type === 'head' && source !== undefined) {
      next = { ...next, sources: new Map(next.sources).set(task.peer, { ...source, headAskedMs: nowMs }) }
    }
    effects.push({ type: 'ask', task })
  }
}

function nextTask (state: PullState, nowMs: number): Task | undefined {
  const make = (peer: string, work: Work): Task => ({ id: state.nextTask, peer, work, dueMs: nowMs + TASK_DUE_MS })
  const idle = idleSources(state, nowMs)
  const ahead = idle.find(([peer, source]) => source.claimed > state.target && !isDoing(state, peer, 'head'))
  if (ahead !== undefined) return make(ahead[0], { type: 'head' })
  if (state.target > state.held) {
    const work = lengthening(state)
    const source = work === undefined ? undefined : idle.find(([, { claimed }]) => claimed >= state.target)
    if (work !== undefined && source !== undefined) return make(source[0], work)
    const behind = work === undefined || isInReach(state, nowMs)
      ? undefined
      : idle.find(([, { claimed, headAskedMs }]) => claimed > state.held && headAskedMs <= nowMs - LACK_PAUSE_MS)
    if (behind !== undefined) return make(behind[0], { type: 'head' })
  }
  return idle.map(([peer, source]) => {
    const ranges = unasked(state, source.claimed, peer, nowMs)
    return ranges.length === 0 ? undefined : make(peer, { type: 'segments', ranges, length: state.held })
  }).find(task => task !== undefined)
}

/**
 * Whether anybody who can be asked now says to hold all that is aimed at. Where not, the head of one who holds less is asked
 * for, to aim at that instead: what its publisher shows and nobody has must not keep back what others have.
 */
export function isInReach ({ sources, target }: PullState, nowMs: number): boolean {
  return [...sources.values()].some(({ claimed, pausedUntilMs }) => claimed >= target && pausedUntilMs <= nowMs)
}

/** Sources that may be asked for more, least busy first; at most four work on one feed. */
function idleSources (state: PullState, nowMs: number): readonly (readonly [string, Source])[] {
  const busy = new Map<string, number>()
  for (const { peer } of state.tasks.values()) busy.set(peer, (busy.get(peer) ?? 0) + 1)
  return [...state.sources]
    .filter(([peer, source]) => source.pausedUntilMs <= nowMs && (busy.get(peer) ?? 0) < TASKS_PER_SOURCE_MAX)
    .filter(([peer]) => busy.has(peer) || busy.size < SOURCES_PER_FEED_MAX)
    .toSorted(([a], [b]) => (busy.get(a) ?? 0) - (busy.get(b) ?? 0))
}

function isDoing (state: PullState, peer: string, type: Work['type']): boolean {
  return [...state.tasks.values()].some(task => task.peer === peer && task.work.type === type)
}

/** The next page of leaves, or the tail at once; nothing while either is under way. */
function lengthening (state: PullState): Work | undefined {
  const underWay = [...state.tasks.values()].some(({ work }) => work.type === 'leaves' || work.type === 'tail')
  if (underWay) return undefined
  const [from, length] = [state.held, state.target]
  return length - from <= TAIL_SEGMENTS_MAX
    ? { type: 'tail', from, length }
    : { type: 'leaves', from, to: Math.min(length, from + LEAVES_PER_TASK), length }
}

/** Missing segments that nobody was asked for, or that somebody is late with; as many as one task takes. */
function unasked (state: PullState, claimed: number, peer: string, nowMs: number): Ranges {
  if (state.missing.length === 0) return []
  let open = removeRange(state.missing, [claimed, Number.MAX_SAFE_INTEGER])
  for (const task of state.tasks.values()) {
    const late = task.dueMs <= nowMs && task.peer !== peer
    if (task.work.type === 'segments' && !late) open = task.work.ranges.reduce(removeRange, open)
  }
  const chosen: Range[] = []
  for (const [from, to] of open) {
    const room = SEGMENTS_PER_TASK - countOf(chosen)
    if (room === 0 || chosen.length === RANGES_PER_TASK_MAX) break
    chosen.push([from, Math.min(to, from + room)])
  }
  return chosen
}

/** Whether a segment was asked of anybody: what nobody was asked for is not accepted. */
export function isAsked (task: Task, index: number): boolean {
  return task.work.type === 'segments' && hasIndex(task.work.ranges, index)
}
