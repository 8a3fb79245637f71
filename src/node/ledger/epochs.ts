import { compareBytes } from '../../base/index.ts'
import { decodeHeader, SEAL, type Validator } from '../../core/finality/index.ts'
import type { Consensus } from '../consensus/index.ts'

/** Which block belongs to which epoch, and who voted in it. */
export class Epochs {
  /** By epoch. */
  readonly #validators: (readonly Validator[])[]
  /** Height of the seal that ended the epoch. */
  readonly #sealHeights: number[] = []

  private constructor (founders: readonly Validator[]) {
    this.#validators = [founders.toSorted((a, b) => compareBytes(a.key, b.key))]
  }

  static async open (consensus: Consensus): Promise<Epochs> {
    const epochs = new Epochs(consensus.ledger.genesis.validators)
    for (let some = await consensus.seals(0); some.length > 0; some = await consensus.seals(epochs.#sealHeights.length)) {
      for (const { headers: [seal] } of some) {
        const decoded = seal === undefined ? undefined : decodeHeader(seal)
        if (decoded?.ok !== true || decoded.value.header.seal === null) return epochs
        epochs.#ended(decoded.value.header.height, decoded.value.header.seal.nextValidators)
      }
    }
    consensus.finals.on(({ blocks }) => {
      for (const { block: { header: { type, seal, height } } } of blocks) {
        if (type === SEAL && seal !== null && height > (epochs.#sealHeights.at(-1) ?? -1)) epochs.#ended(height, seal.nextValidators)
      }
    })
    return epochs
  }

  #ended (height: number, next: readonly Validator[]): void {
    this.#sealHeights.push(height)
    this.#validators.push(next)
  }

  of (height: number): number {
    let [low, high] = [0, this.#sealHeights.length]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((this.#sealHeights[middle] ?? 0) < height) low = middle + 1
      else high = middle
    }
    return low
  }

  validators (epoch: number): readonly Validator[] {
    return this.#validators[epoch] ?? []
  }
}
