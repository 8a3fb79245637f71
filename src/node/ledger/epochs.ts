import { compareBytes } from '../../base/index.ts'
import { decodeHeader, SEAL, type Header, type Validator } from '../../core/finality/index.ts'
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
    await epochs.#read(consensus)
    consensus.finals.on(({ blocks }) => {
      for (const { block: { header } } of blocks) epochs.#take(header)
    })
    // Seals that led to a fetched state are kept with it, and were not told of. A device that fails here fails the next commit.
    consensus.adopted.on(() => { epochs.#read(consensus).catch(() => {}) })
    return epochs
  }

  async #read (consensus: Consensus): Promise<void> {
    for (let epoch = this.#sealHeights.length, some = await consensus.seals(epoch); some.length > 0; some = await consensus.seals(epoch)) {
      for (const { headers: [seal] } of some) {
        const decoded = seal === undefined ? undefined : decodeHeader(seal)
        if (decoded?.ok !== true || decoded.value.header.seal === null) return
        this.#take(decoded.value.header)
        epoch++
      }
    }
  }

  #take ({ type, epoch, height, seal }: Header): void {
    if (type !== SEAL || seal === null) return
    this.#sealHeights[epoch] = height
    this.#validators[epoch + 1] = seal.nextValidators
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
