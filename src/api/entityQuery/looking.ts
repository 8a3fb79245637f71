import type { Effort } from './evaluate.ts'

/** Of one entity: some hundredths of a second. */
const ENTITY_STEPS_MAX = 2_000_000
/** After so many, something else of the node has its turn. */
const STEPS_AT_A_TIME = 250_000

/** Turns of all who look at entities: in each round of the event loop one of them goes on, so that many hold the node up no longer than one. */
let turns: Promise<void> = Promise.resolve()

/** Looks at entities one by one, with no more effort than there may be for all of them, and lets the node do other things in between. */
export class Looking {
  #stepsLeft: number
  #stepsSincePause = 0

  constructor (stepsMax: number) {
    this.#stepsLeft = stepsMax
  }

  /** What `look` says of one entity; undefined where that takes more than there may be: the question is to be refused. */
  at (look: (effort: Effort) => boolean): boolean | undefined {
    const stepsMax = Math.min(this.#stepsLeft, ENTITY_STEPS_MAX)
    const effort: Effort = { steps: stepsMax }
    const said = look(effort)
    this.#stepsLeft -= stepsMax - effort.steps
    this.#stepsSincePause += stepsMax - effort.steps
    return effort.steps > 0 ? said : undefined
  }

  get isPauseDue (): boolean {
    return this.#stepsSincePause >= STEPS_AT_A_TIME
  }

  async pause (): Promise<void> {
    this.#stepsSincePause = 0
    const mine = turns.then(() => new Promise<void>(resolve => { setImmediate(resolve) }))
    turns = mine
    await mine
  }
}
