import { assert } from '../../base/index.ts'

/** How much may be under way: in all, of all strangers together, and of one of them. */
export type Share = { readonly max: number, readonly strangersMax: number, readonly strangerMax: number }

/** Counts what is under way. Strangers never hold so much that nothing is left for the people of this node. */
export class Slots {
  readonly #share: Share
  #taken = 0
  #strangers = 0
  readonly #byStranger = new Map<string, number>()

  constructor (share: Share) {
    this.#share = share
  }

  get taken (): number {
    return this.#taken
  }

  /** Undefined where a limit is reached, else what gives it back. `stranger`: undefined for one of the people of this node. */
  take (stranger: string | undefined): (() => void) | undefined {
    const { max, strangersMax, strangerMax } = this.#share
    if (this.#taken >= max) return undefined
    if (stranger !== undefined && (this.#strangers >= strangersMax || (this.#byStranger.get(stranger) ?? 0) >= strangerMax)) return undefined
    this.#count(stranger, 1)
    return () => { this.#count(stranger, -1) }
  }

  #count (stranger: string | undefined, change: 1 | -1): void {
    this.#taken += change
    if (stranger === undefined) return
    this.#strangers += change
    const held = (this.#byStranger.get(stranger) ?? 0) + change
    assert(held >= 0, 'nobody gives back what was not taken')
    if (held === 0) this.#byStranger.delete(stranger)
    else this.#byStranger.set(stranger, held)
  }
}
