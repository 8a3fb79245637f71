import { BIND, chanceOf, JOIN, LEAVE, BAD, PUT, READY, TIMED, START_WALL_MS, type Chance, type Process, type Weather } from './ground/index.ts'
import type { Plan } from './plan.ts'
import type { World } from './world.ts'

const TWIN_SPLITS = 4
const YEAR_MS = 365 * 24 * 3_600_000
/** Clocks of all nodes: within what block times may be ahead, or far beyond. */
const [NARROW_SPREAD_MS, WIDE_SPREAD_MS] = [14_000, 600_000]

/** Before the start: wrong clocks, slow disks. */
export function misadjust ({ plan, places }: World): void {
  const chance = chanceOf(plan.seed, 'clocks')
  // With wide spread only blocks of the slowest clocks are not too early, so all others must be there to vote for them.
  const isSound = plan.liars.size + plan.twins.length + plan.dead.length + plan.fragile.length === 0
  const spreadMs = chance.isBelow(0.3) && isSound ? WIDE_SPREAD_MS : NARROW_SPREAD_MS
  for (const place of places) {
    place.syncMsMax = plan.faults.has('disk') && chance.isBelow(0.3) ? 60 : 3
    if (!plan.faults.has('clock')) continue
    const isWild = plan.fragile.includes(place.index) || plan.liars.has(place.index)
    place.offsetMs = Math.floor((chance.next() * 2 - 1) * (isWild ? YEAR_MS : spreadMs))
    place.drift = (chance.next() * 2 - 1) * 1e-4
  }
}

/** Troubles of one burst, put on the agenda. They end by themselves or when the world heals. */
export function trouble (world: World, burst: Plan['bursts'][number], chance: Chance): void {
  const { plan, agenda, network } = world
  const { faults } = plan
  const endMs = burst.atMs + burst.forMs
  const at = (run: () => void): void => agenda.at(burst.atMs + chance.next() * burst.forMs, run)
  const has = (fault: Parameters<typeof faults.has>[0]): boolean => faults.has(fault)
  Object.assign(network.weather, weatherOf(plan, chance))
  const honest = (): Process | undefined => {
    const all = network.processes.filter(each => world.isSteady(each.place.index) && each.isAlive)
    return all.length === 0 ? undefined : chance.pick(all)
  }
  const times = (max: number, run: () => void): void => { for (let count = chance.between(0, max); count > 0; count--) at(run) }
  if (has('partition')) times(3, () => split(world, chance))
  if (has('oneWay')) times(3, () => cutOneWay(world, chance))
  if (has('partition') || has('oneWay')) times(2, () => network.unblock())
  if (plan.twins.length > 0) for (let count = 0; count < TWIN_SPLITS; count++) at(() => splitTwins(world, chance))
  if (has('clog')) times(6, () => clogSome(world, chance))
  if (has('crash')) {
    times(2 + plan.nodes / 3, () => restartSoon(world, honest(), chance, endMs))
    if (chance.isBelow(0.3)) at(() => { for (const each of network.processes.slice()) restartSoon(world, each, chance, endMs) })
  }
  if (has('pause')) times(3, () => pauseFor(world, honest(), chance.between(500, 20_000)))
  for (const index of plan.fragile) harm(world, index, chance, burst)
}

function weatherOf ({ faults }: Plan, chance: Chance): Weather {
  const [slow, loss, duplicates] = [chance.next(), chance.next(), chance.next()]
  const isSlow = faults.has('slow')
  return {
    delayMsMin: 5, delayMsMax: isSlow ? 40 + slow * 600 : 80, tailShare: isSlow ? 0.1 * slow : 0, tailMsMax: isSlow ? 3_000 : 0,
    loss: faults.has('loss') ? 0.3 * loss : 0, duplicates: faults.has('duplicates') ? 0.5 * duplicates : 0
  }
}

/** Up to three parts that do not hear each other; or some links between them stay, and nobody's view is like another's. */
function split ({ network }: World, chance: Chance): void {
  const parts = chance.between(2, 3)
  const partOf = new Map(network.processes.map(each => [each, chance.between(1, parts)]))
  const leaks = chance.isBelow(0.3) ? 0.3 : 0
  for (const a of network.processes) {
    for (const b of network.processes) if (a !== b && partOf.get(a) !== partOf.get(b) && !chance.isBelow(leaks)) network.block(a, b)
  }
}

/** Each half of the honest nodes talks to one of each pair of twins. */
function splitTwins ({ plan, network }: World, chance: Chance): void {
  network.unblock()
  const partOf = new Map<Process, number>()
  for (const each of network.processes) {
    const twin = network.processes.find(other => other !== each && other.name === each.name)
    partOf.set(each, plan.twins.includes(each.place.index) && twin !== undefined && partOf.has(twin) ? 1 - (partOf.get(twin) ?? 0) : chance.between(0, 1))
  }
  for (const a of network.processes) for (const b of network.processes) if (a !== b && partOf.get(a) !== partOf.get(b)) network.block(a, b)
}

function cutOneWay ({ network }: World, chance: Chance): void {
  const { processes } = network
  if (processes.length < 2) return
  for (let count = chance.between(1, processes.length); count > 0; count--) {
    const [from, to] = [chance.pick(processes), chance.pick(processes)]
    if (from !== to) network.block(from, to)
  }
}

function clogSome ({ network }: World, chance: Chance): void {
  if (network.processes.length < 2) return
  const [from, to] = [chance.pick(network.processes), chance.pick(network.processes)]
  if (from !== to) network.clog(from, to, chance.between(500, 8_000))
}

function restartSoon (world: World, process: Process | undefined, chance: Chance, endMs: number): void {
  if (process === undefined || world.plan.dead.includes(process.place.index)) return
  const { index } = process.place
  world.crash(process)
  const backMs = Math.min(endMs, world.agenda.nowMs + (chance.isBelow(0.5) ? chance.between(50, 1_000) : chance.between(1_000, 20_000)))
  world.agenda.at(backMs, () => { if (world.at(index).length === 0) world.start(index) })
}

function pauseFor ({ agenda }: World, process: Process | undefined, forMs: number): void {
  if (process === undefined) return
  process.pause()
  agenda.after(forMs, () => process.resume())
}

/** What may happen to no more nodes than are tolerated: memory lost, an old backup, a second process with the same keys. */
function harm (world: World, index: number, chance: Chance, { atMs, forMs }: Plan['bursts'][number]): void {
  const { plan: { faults }, agenda, places, judge } = world
  const place = places[index]
  if (place === undefined) return
  const kinds = (['wipe', 'restore', 'clone'] as const).filter(each => faults.has(each))
  if (kinds.length === 0) return
  const kind = chance.pick(kinds)
  const backup = { signer: place.signer.copy(), store: place.store.copy() }
  agenda.at(atMs + chance.next() * forMs, () => {
    judge.excused.add(index)
    if (kind === 'clone') {
      judge.doubled.add(index)
      world.start(index, { ...place, signer: place.signer.copy(), store: place.store.copy() })
      return
    }
    for (const each of world.at(index)) world.crash(each)
    if (kind === 'restore') Object.assign(place, { ...backup, isRestored: true })
    else {
      const key = world.freshKey(index)
      Object.assign(place, { signer: backup.signer.empty(), store: backup.store.empty(), isRestored: false })
      place.keys.clear()
      world.start(index)?.addKey(key)
      world.rotate(index, key.publicKey)
      return
    }
    world.start(index)
  })
}

/** Clients of a burst: things to order, useless things, changes of seats. */
export function clients (world: World, burst: Plan['bursts'][number], chance: Chance): void {
  const { plan, agenda, places } = world
  const submitSoon = (kind: number, about?: number, notAfterMs?: number, key?: Uint8Array): void => {
    const place = chance.between(0, plan.nodes - 1)
    agenda.at(burst.atMs + chance.next() * burst.forMs, () => { world.submit(place, kind, about ?? place, notAfterMs, key) })
  }
  for (let count = chance.between(2, 12); count > 0; count--) submitSoon(PUT)
  for (let count = chance.between(0, 2); count > 0; count--) submitSoon(BAD)
  for (let count = chance.between(0, 2); count > 0; count--) submitSoon(TIMED, 0, START_WALL_MS + Math.floor(burst.atMs) + chance.between(-20_000, 60_000))
  if (!plan.faults.has('seats')) return
  for (let count = chance.between(0, 2); count > 0; count--) {
    const index = chance.between(0, places.length - 1)
    // Fewer seats tolerate fewer faults: who leaves must not be missed.
    const kind = chance.pick(isAtLimit(plan) ? [JOIN, JOIN, BIND] : [JOIN, JOIN, LEAVE, BIND])
    const atMs = burst.atMs + chance.next() * burst.forMs
    agenda.at(atMs, () => {
      if (kind === LEAVE) return void world.submit(index, LEAVE)
      const [process] = world.at(index)
      if (process === undefined || !world.isHonest(process)) return
      const key = world.freshKey(index)
      process.addKey(key)
      world.submit(index, kind, index, 0, key.publicKey)
      if (kind === JOIN) agenda.after(chance.between(1_000, 20_000), () => { world.submit(index, READY) })
    })
  }
}

function isAtLimit ({ nodes, liars, twins, fragile, dead }: Plan): boolean {
  return liars.size + twins.length + fragile.length + dead.length >= Math.floor((nodes - 1) / 3)
}
