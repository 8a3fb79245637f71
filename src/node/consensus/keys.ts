import { equalBytes, hex } from '../../base/index.ts'
import { signingKeyOfSeed, type SigningKey } from '../../core/identity/index.ts'
import type { Random, Store } from '../../host/index.ts'
import { consensusSecretKey, rowsOf } from '../rows/index.ts'

const SEED_SIZE_BYTES = 32

/**
 * The keys this node votes with: its present one, those it rotated from and those it is about to rotate to.
 *
 * Their seeds stand in the signer database alone, beside the votes: no backup may bring a key back without what it signed.
 */
export class ConsensusKeys {
  readonly #signer: Store
  readonly #random: Random
  readonly #keys = new Map<string, SigningKey>()
  #first: Promise<SigningKey> | undefined

  private constructor (signer: Store, random: Random) {
    this.#signer = signer
    this.#random = random
  }

  /** A damaged row is a key that is not there any more: who held it is locked, and rotates. */
  static async load (signer: Store, random: Random): Promise<ConsensusKeys> {
    const keys = new ConsensusKeys(signer, random)
    for await (const { key, read } of signer.entries(rowsOf('consensusSecret'))) {
      if (read.state !== 'found' || read.value.length !== SEED_SIZE_BYTES) continue
      const signing = signingKeyOfSeed(read.value)
      if (equalBytes(consensusSecretKey(signing.publicKey), key)) keys.#keys.set(hex(signing.publicKey), signing)
    }
    return keys
  }

  /** By hex of the public key. */
  all (): ReadonlyMap<string, SigningKey> {
    return this.#keys
  }

  get (publicKey: Uint8Array): SigningKey | undefined {
    return this.#keys.get(hex(publicKey))
  }

  /** The key that a node founds or applies with: the same one, however often it begins. */
  first (): Promise<SigningKey> {
    const [first] = this.#keys.values()
    if (first !== undefined) return Promise.resolve(first)
    return this.#first ??= this.create()
  }

  /** A fresh key. Its seed is on the disk before anybody can hear of it. */
  async create (): Promise<SigningKey> {
    const seed = this.#random.bytes(SEED_SIZE_BYTES)
    const signing = signingKeyOfSeed(seed)
    await this.#signer.commit([{ type: 'put', key: consensusSecretKey(signing.publicKey), value: seed }])
    this.#keys.set(hex(signing.publicKey), signing)
    return signing
  }

  /** Forgets a key that will never vote again, on the disk too. */
  async erase (publicKey: Uint8Array): Promise<void> {
    this.#keys.delete(hex(publicKey))
    await this.#signer.commit([{ type: 'delete', key: consensusSecretKey(publicKey) }])
    await this.#signer.compact(rowsOf('consensusSecret'))
  }
}
