import { hex } from '../../base/index.ts'
import { poolHas } from '../../core/consensus/index.ts'
import { decodeTransaction, type Ledger, type LedgerState, type LedgerTransaction } from '../../core/ledger/index.ts'
import type { Clock, Network, PeerId, Topic, Verdict } from '../../host/index.ts'
import { Bucket } from './bucket.ts'
import type { Driver } from './driver.ts'

const ID_BYTES = 32
const GOSSIP_BYTES_MAX = 1_024
/** Twice what an honest node publishes. */
const HEARD_PER_SECOND_MAX = 20
const ORIGINS_MAX = 1_024

export type HearsayOptions = {
  readonly name: string
  readonly driver: Driver<LedgerState, LedgerTransaction>
  readonly ledger: Ledger
  readonly state: () => LedgerState
  readonly clock: Clock
}

/** Transactions by gossip: for validators that the author is not connected with. Too large a one is told by its id. */
export class Hearsay {
  readonly #options: HearsayOptions
  readonly #buckets = new Map<PeerId, Bucket>()

  constructor (options: HearsayOptions) {
    this.#options = options
  }

  get topic (): Topic {
    return {
      name: this.#options.name,
      validate: (message, from) => this.#judge(message, from),
      deliver: (message, from) => this.#deliver(message, from)
    }
  }

  tell (network: Network, bytes: Uint8Array): void {
    if (bytes.length <= GOSSIP_BYTES_MAX) return void network.publish(this.#options.name, bytes)
    const decoded = decodeTransaction(this.#options.ledger.registry, bytes)
    if (decoded.ok) network.publish(this.#options.name, decoded.value.idBytes)
  }

  #judge (message: Uint8Array, from: PeerId): Verdict {
    const { driver, ledger, state, clock } = this.#options
    if (!this.#bucketOf(from).take(1, clock.monotonicMs())) return 'ignore'
    if (message.length === ID_BYTES) return poolHas(driver.state, hex(message)) ? 'ignore' : 'accept'
    const decoded = decodeTransaction(ledger.registry, message)
    if (!decoded.ok) return 'reject'
    if (decoded.value.notAfterMs < clock.nowMs() || poolHas(driver.state, decoded.value.id)) return 'ignore'
    return ledger.admit(state(), message) === undefined ? 'ignore' : 'accept'
  }

  #deliver (message: Uint8Array, from: PeerId): void {
    const peer = this.#options.driver.neighbours.nameOf(from)
    if (peer === undefined) return
    if (message.length === ID_BYTES) this.#options.driver.askTransaction(peer, message)
    else this.#options.driver.hearTransaction(peer, message)
  }

  #bucketOf (from: PeerId): Bucket {
    const known = this.#buckets.get(from)
    if (known !== undefined) return known
    if (this.#buckets.size >= ORIGINS_MAX) this.#buckets.clear()
    const bucket = new Bucket(HEARD_PER_SECOND_MAX, 2 * HEARD_PER_SECOND_MAX, this.#options.clock.monotonicMs())
    this.#buckets.set(from, bucket)
    return bucket
  }
}
