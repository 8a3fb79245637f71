import { chanceOf, type Chance } from './ground/index.ts'

/** Kinds of trouble; each can be switched off, to find out which one a failure needs. */
export const FAULTS = [
  'slow', 'loss', 'duplicates', 'clog', 'partition', 'oneWay', 'sparse', 'queues', 'crash', 'disk', 'pause', 'wipe', 'clone', 'restore', 'clock', 'liars',
  'dead', 'seats', 'transactions'
] as const
export type Fault = (typeof FAULTS)[number]

export type RunOptions = {
  readonly seed: number
  /** Validators at the beginning; drawn from the seed if left out. */
  readonly nodes?: number
  /** What may go wrong; all if left out. */
  readonly faults?: readonly Fault[]
  /** Simulated hours; drawn if left out. */
  readonly hours?: number
  /** Time from one burst of faults to the next; five minutes if left out. */
  readonly burstEveryMinutes?: number
  /** Kinds of liars, by name, one after the other; drawn if left out. */
  readonly liars?: readonly string[]
  /** This many twins, also more than are tolerated: then forks are expected and judged by who is named for them. */
  readonly twins?: number
  /** Signatures of production rather than tags; one seed in a hundred if left out. */
  readonly isReal?: boolean
}

export type Plan = {
  readonly seed: number
  readonly nodes: number
  /** Nodes beyond the validators, which may ask for seats. */
  readonly learners: number
  readonly faults: ReadonlySet<Fault>
  readonly hours: number
  readonly bursts: readonly { readonly atMs: number, readonly forMs: number }[]
  readonly isReal: boolean
  /** Places that lie, and how. */
  readonly liars: ReadonlyMap<number, string>
  readonly twins: readonly number[]
  /** Places that may be wiped, restored, cloned, or never come back: with the liars no more than are tolerated. */
  readonly fragile: readonly number[]
  readonly dead: readonly number[]
  /** Unordered pairs of places without a link. */
  readonly apart: ReadonlySet<string>
  readonly profile: 'lan' | 'wan'
  readonly expectsForks: boolean
}

const MINUTE_MS = 60_000
const BURST_EVERY_MINUTES = 5
/** A burst is followed by a minute of healing and some quiet. */
const BURST_GAP_MS_MIN = 2 * MINUTE_MS
const LINKS_LEFT = 1

export function planOf (options: RunOptions, liarNames: readonly string[]): Plan {
  const { seed } = options
  const chance = chanceOf(seed, 'plan')
  const nodes = options.nodes ?? chance.pick([4, 4, 4, 4, 4, 7, 7, 7, 10, 13])
  const [drawnHours, isRealDrawn, profile] = [0.2 + chance.next() * 0.5, chance.isBelow(0.01), chance.isBelow(0.25) ? 'lan' as const : 'wan' as const]
  const hours = options.hours ?? drawnHours
  // Every class is drawn, so that leaving one out changes nothing in the others.
  const drawn = FAULTS.filter(each => chance.isBelow(SHARES[each]))
  const faults = new Set(drawn.filter(each => options.faults === undefined || options.faults.includes(each)))
  if (options.faults !== undefined && options.faults.length < FAULTS.length) for (const each of options.faults) faults.add(each)
  const tolerated = Math.floor((nodes - 1) / 3)
  const order = chance.shuffled(Array.from({ length: nodes }, (_, index) => index))
  const liarCount = chance.between(1, Math.max(1, tolerated))
  const names = Array.from({ length: tolerated }, () => chance.pick(liarNames))
  const twinCount = options.twins ?? 0
  const named = options.liars ?? (faults.has('liars') && twinCount === 0 ? names.slice(0, liarCount) : [])
  const liars = new Map(named.map((name, at) => [order[at] ?? 0, name]))
  const twins = order.slice(named.length, named.length + twinCount)
  const others = order.slice(named.length + twinCount)
  const left = Math.max(0, tolerated - named.length - twinCount)
  const dead = faults.has('dead') ? others.slice(0, Math.min(left, 1)) : []
  const fragile = others.slice(dead.length, dead.length + left - dead.length)
  return {
    seed, nodes, hours, profile, faults, liars, twins, dead, fragile, isReal: options.isReal ?? isRealDrawn,
    learners: faults.has('seats') ? chance.between(1, 3) : 0,
    bursts: burstsOf(hours, options.burstEveryMinutes ?? BURST_EVERY_MINUTES, chance), apart: faults.has('sparse') ? apartOf(nodes, new Set([...liars.keys(), ...twins, ...dead, ...fragile]), chance) : new Set(),
    expectsForks: named.length + twinCount > tolerated
  }
}

/** How often a class of trouble is part of a run. */
const SHARES: { readonly [F in Fault]: number } = {
  slow: 0.7, loss: 0.6, duplicates: 0.5, clog: 0.3, partition: 0.5, oneWay: 0.25, sparse: 0.1, queues: 0.1, crash: 0.6, disk: 0.5, pause: 0.3, wipe: 0.08,
  clone: 0.06, restore: 0.08, clock: 0.4, liars: 0.5, dead: 0.15, seats: 0.35, transactions: 1
}

function burstsOf (hours: number, everyMinutes: number, chance: Chance): Plan['bursts'] {
  const totalMs = hours * 60 * MINUTE_MS
  const count = Math.max(1, Math.floor(totalMs / (everyMinutes * MINUTE_MS)))
  const slotMs = totalMs / count
  return Array.from({ length: count }, (_, index) => {
    const forMs = Math.min(chance.between(10_000, 60_000), Math.max(5_000, slotMs - BURST_GAP_MS_MIN))
    return { atMs: index * slotMs + chance.next() * Math.max(0, slotMs - forMs - BURST_GAP_MS_MIN), forMs }
  })
}

/** Takes links away as long as each node reaches a quorum of honest ones with itself, without whom it may not begin to vote. */
function apartOf (nodes: number, unsteady: ReadonlySet<number>, chance: Chance): ReadonlySet<string> {
  const quorum = Math.floor(2 * nodes / 3) + 1
  const apart = new Set<string>()
  const steadyOf = (index: number): number => Array.from({ length: nodes }, (_, other) => other)
    .filter(other => other !== index && !unsteady.has(other) && !apart.has(pairOf(index, other))).length
  const pairs = Array.from({ length: nodes }, (_, a) => Array.from({ length: nodes - a - 1 }, (__, at) => [a, a + 1 + at] as const)).flat()
  for (const [a, b] of chance.shuffled(pairs)) {
    apart.add(pairOf(a, b))
    if (steadyOf(a) < quorum - LINKS_LEFT || steadyOf(b) < quorum - LINKS_LEFT) apart.delete(pairOf(a, b))
  }
  return apart
}

export function pairOf (a: number, b: number): string {
  return `${Math.min(a, b)}-${Math.max(a, b)}`
}
