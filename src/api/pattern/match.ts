import type { Pattern, Step } from './compile.ts'
import type { CharacterSet } from './syntax.ts'

/** What may still be done, over all texts of one question; at zero nothing matches any more, and the question is to be refused. */
export type Budget = { steps: number }

/** Whether the pattern matches anywhere in the text. */
export function matches ({ program }: Pattern, text: string, budget: Budget): boolean {
  const characters = Array.from(text)
  const threads = new Threads(program, budget)
  for (let at = 0; at <= characters.length; at++) {
    const edges = { isStart: at === 0, isEnd: at === characters.length }
    if (threads.begin(edges)) return true
    if (budget.steps <= 0) return false
    const point = characters[at]?.codePointAt(0)
    if (point !== undefined && threads.advance(point, { isStart: false, isEnd: at + 1 === characters.length })) return true
  }
  return false
}

type Edges = { readonly isStart: boolean, readonly isEnd: boolean }

/** Where threads stand that have taken all characters so far, each place once. */
class Threads {
  readonly #program: readonly Step[]
  #waiting: number[] = []
  #next: number[] = []
  readonly #seenIn: Uint32Array
  readonly #budget: Budget
  #round = 1

  constructor (program: readonly Step[], budget: Budget) {
    this.#program = program
    this.#budget = budget
    this.#seenIn = new Uint32Array(program.length)
  }

  /** A match may begin at every character. */
  begin (edges: Edges): boolean {
    return this.#add(0, edges, this.#waiting)
  }

  advance (point: number, edges: Edges): boolean {
    this.#round++
    this.#next.length = 0
    for (const place of this.#waiting) {
      const step = this.#program[place]
      if (step?.type === 'take') this.#budget.steps -= step.set.ranges.length
      if (step?.type === 'take' && holds(step.set, point) && this.#add(place + 1, edges, this.#next)) return true
    }
    const taken = this.#waiting
    this.#waiting = this.#next
    this.#next = taken
    return false
  }

  /** Follows a thread to where it waits for a character; true where it has matched. What splits and takes nothing is work too. */
  #add (from: number, { isStart, isEnd }: Edges, threads: number[]): boolean {
    const open = [from]
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      this.#budget.steps--
      if (this.#seenIn[place] === this.#round) continue
      this.#seenIn[place] = this.#round
      const step = this.#program[place]
      if (step === undefined) continue
      switch (step.type) {
        case 'matched': return true
        case 'take': threads.push(place); break
        case 'split': open.push(step.other, step.one); break
        case 'start': if (isStart) open.push(place + 1); break
        case 'end': if (isEnd) open.push(place + 1); break
      }
    }
    return false
  }
}

function holds ({ isNegated, ranges }: CharacterSet, point: number): boolean {
  return ranges.some(([from, to]) => from <= point && point <= to) !== isNegated
}
