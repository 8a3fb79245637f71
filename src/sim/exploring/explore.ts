import { turnsOf, labelOf, type EngineTurn } from './turns.ts'
import { Locals, TICK, type Alter, type Sent } from './locals.ts'
import { stageOf, type Stage } from './stage.ts'
import { agreementOf, justifiedOf } from './together.ts'
import { Tuples } from './tuples.ts'

export type ExploreOptions = {
  readonly nodes: number
  /** Views in which anything is said; engines may come to the next one, and are not heard there. */
  readonly viewsMax: number
  /** The view that the twin leads first. */
  readonly twinLeads: number
  /** Whether certificates and blocks are passed on, beside votes and proposals. */
  readonly hasRelays: boolean
  readonly statesMax: number
  /** Other bounds, asked now and then: why to stop. */
  readonly stop?: (exploration: Exploration) => string | undefined
  /** Breaks engines on purpose. */
  readonly alter?: Alter
}

export type Violation = { readonly what: string, readonly path: readonly string[] }

/** `ended`: null where nothing is left to explore, else the bound that was reached. */
export type Explored = {
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly frontier: number
  readonly ended: string | null
  readonly engineStates: number
  readonly messages: number
  readonly steps: number
  readonly finalHeights: readonly number[]
  readonly violations: readonly Violation[]
}

const STOP_EVERY = 64
const VIOLATIONS_MAX = 10

/** Breadth first over what all engines are in and what is on its way to each. */
class Exploration {
  readonly stage: Stage
  readonly locals: Locals
  readonly violations: Violation[] = []
  readonly #options: ExploreOptions
  readonly #tuples: Tuples
  readonly #bags: (readonly number[])[] = []
  readonly #bagNumbers = new Map<string, number>()
  readonly #turns = new Map<string, readonly EngineTurn[]>()
  readonly #heights = new Map<number, number>()
  readonly #told = new Set<string>()
  transitions = 0
  depth = 0
  expanded = 0
  #levelEnd = 1

  constructor (options: ExploreOptions) {
    this.#options = options
    this.stage = stageOf(options)
    this.locals = new Locals(this.stage, { viewsMax: options.viewsMax, hasRelays: options.hasRelays, alter: options.alter ?? (engine => engine) })
    this.#tuples = new Tuples(this.stage.actors.length * 2)
  }

  get states (): number {
    return this.#tuples.size
  }

  get bytes (): number {
    return this.#tuples.bytes
  }

  run (): Explored {
    const begun = this.locals.begin()
    const first = begun.flatMap(({ state }) => [state, this.#bagOf([])])
    this.#add(this.#sent(first, begun.flatMap(({ sent }) => sent)), -1)
    let ended: string | null = null
    while (this.expanded < this.states && ended === null) {
      if (this.expanded === this.#levelEnd) {
        this.depth++
        this.#levelEnd = this.states
      }
      this.#expand(this.expanded++)
      if (this.states >= this.#options.statesMax) ended = `${this.#options.statesMax} states`
      else if (this.violations.length >= VIOLATIONS_MAX) ended = `${VIOLATIONS_MAX} violations`
      else if (this.expanded % STOP_EVERY === 0) ended = this.#options.stop?.(this) ?? null
    }
    return this.#report(this.expanded < this.states ? ended : null)
  }

  #expand (index: number): void {
    const tuple = this.#tuples.at(index)
    for (const actor of this.stage.actors.keys()) {
      for (const turn of this.#turnsOf(tuple, actor)) {
        this.transitions++
        this.#add(this.#after(tuple, actor, turn), index)
      }
    }
    for (const { actor, item, what } of this.locals.wrongs.splice(0)) {
      const path = [...this.#pathTo(index), `${this.stage.actors[actor]?.label}: ${labelOf(this.locals.items[item])}`]
      this.#violate(`${this.stage.actors[actor]?.label} ${what}`, path)
    }
  }

  #turnsOf (tuple: readonly number[], actor: number): readonly EngineTurn[] {
    const [state, bag] = [tuple[actor * 2] ?? 0, tuple[actor * 2 + 1] ?? 0]
    const name = `${state}/${bag}`
    const known = this.#turns.get(name)
    if (known !== undefined) return known
    const turns = turnsOf(this.locals, state, this.#bags[bag] ?? [])
    this.#turns.set(name, turns)
    return turns
  }

  #after (tuple: readonly number[], actor: number, { to, taken, sent }: EngineTurn): readonly number[] {
    const next = [...tuple]
    next[actor * 2] = to
    next[actor * 2 + 1] = this.#bagFor(to, (this.#bags[tuple[actor * 2 + 1] ?? 0] ?? []).filter(each => !taken.includes(each)))
    return this.#sent(next, sent)
  }

  #sent (tuple: readonly number[], sent: readonly Sent[]): readonly number[] {
    const next = [...tuple]
    for (const [actor, of] of Map.groupBy(sent, ({ to }) => to)) {
      const bag = this.#bags[next[actor * 2 + 1] ?? 0] ?? []
      next[actor * 2 + 1] = this.#bagFor(next[actor * 2] ?? 0, [...bag, ...of.map(({ item }) => item)])
    }
    return next
  }

  #bagFor (state: number, items: readonly number[]): number {
    return this.#bagOf(items.filter(item => !this.locals.isSpent(state, item)))
  }

  /** A message is on its way once, however often it was sent. */
  #bagOf (items: readonly number[]): number {
    const bag = [...new Set(items)].toSorted((a, b) => a - b)
    const name = bag.join()
    const known = this.#bagNumbers.get(name)
    if (known !== undefined) return known
    this.#bagNumbers.set(name, this.#bags.length)
    return this.#bags.push(bag) - 1
  }

  #add (tuple: readonly number[], parent: number): void {
    if (!this.#tuples.add(tuple, parent)) return
    const honest = this.stage.actors.flatMap(({ isHonest }, actor) => isHonest ? [this.locals.engineOf(tuple[actor * 2] ?? 0)] : [])
    for (const { final: { height } } of honest) if (!this.#heights.has(height)) this.#heights.set(height, this.states)
    for (const what of [...agreementOf(honest, this.locals.blocks), ...justifiedOf(this.stage, honest, this.locals.blocks)]) {
      this.#violate(what, this.#pathTo(this.states - 1))
    }
  }

  #violate (what: string, path: readonly string[]): void {
    if (this.#told.has(what) || this.violations.length >= VIOLATIONS_MAX) return
    this.#told.add(what)
    this.violations.push({ what, path })
  }

  /** Which messages were delivered to whom, in order, to come to a state. */
  #pathTo (index: number): readonly string[] {
    const lines: string[][] = []
    for (let at = index, parent = this.#tuples.parentOf(at); parent >= 0; at = parent, parent = this.#tuples.parentOf(at)) {
      const [tuple, child] = [this.#tuples.at(parent), this.#tuples.at(at).join()]
      for (const [actor, { label }] of this.stage.actors.entries()) {
        const turn = this.#turnsOf(tuple, actor).find(each => this.#after(tuple, actor, each).join() === child)
        if (turn === undefined) continue
        lines.unshift(turn.taken.map(item => `${label}: ${labelOf(item === TICK ? undefined : this.locals.items[item])}`))
        break
      }
    }
    return lines.flat()
  }

  #report (ended: string | null): Explored {
    return {
      states: this.states, transitions: this.transitions, depth: this.depth, frontier: this.states - this.expanded, ended,
      engineStates: this.locals.moments.length, messages: this.locals.items.length, steps: this.locals.steps,
      finalHeights: [...this.#heights.keys()].toSorted((a, b) => a - b), violations: this.violations
    }
  }
}

export function explore (options: ExploreOptions): Explored {
  return new Exploration(options).run()
}
