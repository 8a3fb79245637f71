import { hex } from '../base/index.ts'
import type { Violation } from './checking/index.ts'
import { clients, misadjust, trouble } from './faults.ts'
import { chanceOf, PUT, type Liar, type Process } from './ground/index.ts'
import { planOf, type RunOptions } from './plan.ts'
import { World } from './world.ts'

export type RunStats = {
  readonly nodes: number
  readonly blocks: number
  readonly epochs: number
  readonly viewsMax: number
  readonly messages: number
  readonly simulatedMs: number
  /** Of it, in bursts of faults. */
  readonly troubledMs: number
  /** From the end of faults until every honest node had what was submitted 8 s after that in a final block; the longest. */
  readonly recoveryMs: number
  readonly liars: readonly string[]
  readonly faults: readonly string[]
  readonly isReal: boolean
  readonly forks: number
}

export type Verdict = {
  readonly verdict: 'held' | 'broken'
  readonly traceHash: string
  readonly stats: RunStats
  /** What was broken first. */
  readonly failure: Violation | null
  readonly violations: readonly Violation[]
}

const HEALING_MS = 60_000
/** What is not final yet, its author says again: streams open again one by one. */
const RESUBMIT_AFTER_MS = [1_000, 6_000, 20_000]
const PROBE_AFTER_MS = 8_000
const FOLLOWING_MS = 10_000
/** What a node still may say after it has healed: an answer on its way. */
const QUIET_AFTER_MS = 5_000

/** Kinds of liars that are drawn; twins are asked for. */
export function namesOf (liars: Readonly<Record<string, Liar>>): readonly string[] {
  return Object.keys(liars).filter(name => name !== 'twin')
}

/** Plays one seed to its end: bursts of faults, each followed by healing and quiet. Equal options, equal run. */
export function playSeed (options: RunOptions, liars: Readonly<Record<string, Liar>>): Verdict {
  const plan = planOf(options, namesOf(liars))
  return playWorld(new World(plan, liars))
}

function playWorld (world: World): Verdict {
  return finish(world, play(world))
}

function play (world: World): number {
  const { plan, agenda, places } = world
  misadjust(world)
  for (const { index } of places) if (!plan.dead.includes(index)) world.start(index)
  for (const index of plan.twins) {
    const place = places[index]
    if (place !== undefined) world.start(index, { ...place, signer: place.signer.empty(), store: place.store.empty() })
  }
  const endMs = plan.hours * 3_600_000
  let recoveryMs = 0
  for (const [at, { atMs, forMs }] of plan.bursts.entries()) {
    const chance = chanceOf(plan.seed, `burst ${at}`)
    agenda.runUntil(atMs, () => isBroken(world))
    const burst = { atMs: agenda.nowMs, forMs }
    trouble(world, burst, chance)
    clients(world, burst, chanceOf(plan.seed, `clients ${at}`))
    agenda.runUntil(burst.atMs + burst.forMs, () => isBroken(world))
    for (const each of world.network.processes) world.judge.checkSizes(each)
    recoveryMs = Math.max(recoveryMs, heal(world))
    world.judge.judgeLate()
    world.judge.judgeForks()
    quiet(world, plan.bursts[at + 1]?.atMs ?? Math.max(endMs, agenda.nowMs))
  }
  return recoveryMs
}

function isBroken ({ judge }: World): boolean {
  return judge.violations.length > 0
}

/** Faults end, everybody comes back, a transaction is submitted; then all honest nodes shall be at one head. */
function heal (world: World): number {
  const { plan, agenda, network, judge } = world
  const fromMs = agenda.nowMs
  network.heal()
  for (const process of network.processes) process.resume()
  for (const place of world.places) {
    const [first, ...clones] = world.at(place.index)
    if (!plan.twins.includes(place.index)) for (const each of clones) world.crash(each)
    if (first === undefined && !plan.dead.includes(place.index)) world.start(place.index)
    for (const afterMs of RESUBMIT_AFTER_MS) agenda.after(afterMs, () => world.resubmit(place.index))
  }
  const steady = world.places.filter(({ index }) => world.isSteady(index))
  const [submitter] = steady
  agenda.after(PROBE_AFTER_MS, () => { if (submitter !== undefined) world.probe(submitter.index, steady.map(each => each.index)) })
  agenda.runUntil(fromMs + HEALING_MS, () => isBroken(world))
  if (isBroken(world) || plan.expectsForks) return 0
  // What became final in the last moments is on its way to those who follow.
  if (agenda.nowMs - world.lastFinalMs < FOLLOWING_MS) agenda.runUntil(agenda.nowMs + FOLLOWING_MS, () => isBroken(world))
  const heads = new Map(steady.flatMap(({ index }) => world.at(index).slice(0, 1)).map(each => [each, each.view()]))
  const names = new Set([...heads.values()].map(view => `${view?.height} ${view?.digest.slice(0, 8)} ${hex(view?.stateRoot ?? new Uint8Array(0)).slice(0, 8)}`))
  if (names.size !== 1) {
    const each = [...heads].map(([who, view]) => `${who.place.index}: ${view?.role} e${view?.epoch} v${view?.view} h${view?.height} ${view?.digest.slice(0, 6)}`)
    judge.note('liveness', -1, `not at one head a minute after healing: ${each.join('; ')}`)
  }
  const nowWallMs = [...heads.keys()][0]?.now().wallMs ?? 0
  const stuck = world.waiting().filter(({ transaction }) => MUST_APPLY.has(transaction.kind) && transaction.notAfterMs <= nowWallMs)
  if (stuck.length > 0) {
    const each = [...heads].map(([who, view]) => `${who.place.index}: ${view?.role} e${view?.epoch} v${view?.view} h${view?.height}`)
    judge.note('liveness', stuck[0]?.place ?? -1, `${stuck.length} transactions are not final a minute after healing; ${each.join('; ')}`)
  }
  return Math.max(0, world.probedMs - fromMs)
}

/** Others may be refused for good reason. */
const MUST_APPLY: ReadonlySet<number> = new Set([PUT])

/** Nothing to decide: no honest node says a word until the heartbeat, unless it has just begun. */
function quiet (world: World, untilMs: number): void {
  const { agenda, judge } = world
  agenda.runUntil(agenda.nowMs + QUIET_AFTER_MS, () => isBroken(world))
  for (let fromMs = agenda.nowMs; fromMs < untilMs; fromMs = agenda.nowMs) {
    const before = world.lastSent.atMs
    agenda.runUntil(untilMs, () => isBroken(world) || world.lastSent.atMs !== before)
    if (world.lastSent.atMs === before || isBroken(world)) return
    const sinceFinalMs = world.lastSent.atMs - world.lastFinalMs
    // Liars may always give honest nodes a reason to answer.
    const isLiarFree = world.plan.liars.size === 0 && world.plan.twins.length === 0
    const isAnswered = agenda.nowMs - world.lastRotatedMs < HEALING_MS
    if (sinceFinalMs < HEARTBEAT_MS_MIN && isLiarFree && !isAnswered && !isOfStart(world)) judge.note('quiet', world.lastSent.node, `sends message ${world.lastSent.kind} though there is nothing to decide`)
    agenda.runUntil(agenda.nowMs + HEALING_MS, () => isBroken(world))
  }
}

/** A process may not vote before it knows what its keys said; where another one was seen with them, that takes a minute and more. */
function isOfStart ({ lastSent, network }: World): boolean {
  const isAsking = (each: Process): boolean => each.view()?.role === 'checking' && each.ageMs < STARTING_MS_MAX
  return QUESTIONS.has(lastSent.kind) && network.processes.some(isAsking)
}

/** The question for own votes, and the answer. */
const QUESTIONS: ReadonlySet<string> = new Set(['9', '10'])
const STARTING_MS_MAX = 200_000
const HEARTBEAT_MS_MIN = 5.9 * 3_600_000

function finish (world: World, recoveryMs: number): Verdict {
  const { plan, judge, trace, agenda, messages, views } = world
  const violations = world.violations()
  return {
    verdict: violations.length === 0 ? 'held' : 'broken', traceHash: trace.hash, failure: violations[0] ?? null, violations,
    stats: {
      nodes: plan.nodes, blocks: judge.blocksFinal, epochs: judge.oracle.epochs, viewsMax: views, messages, simulatedMs: agenda.nowMs, recoveryMs,
      troubledMs: plan.bursts.reduce((sum, { forMs }) => sum + forMs, 0),
      liars: [...plan.liars.values(), ...plan.twins.map(() => 'twin')], faults: [...plan.faults], isReal: plan.isReal, forks: judge.forks.length
    }
  }
}
