import { MerkleMap, type CID, type Result } from '../../base/index.ts'
import { finalState, tipState, viewOf, type EngineView } from '../../core/consensus/index.ts'
import { realScheme, type Block, type FinalityProof } from '../../core/finality/index.ts'
import {
  createLedger, LedgerIndex, stateOfRows, type Ledger, type LedgerState, type LedgerTransaction, type MembershipFacts
} from '../../core/ledger/index.ts'
import type { Charter } from '../../core/identity/index.ts'
import type { Clock, Log, Network, Peer, PeerId, ProtocolHandler, Store, Topic } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { Driver, type Finals } from './driver.ts'
import { Hearsay } from './hearsay.ts'
import type { ConsensusKeys } from './keys.ts'
import { PROFILES, type ProfileName } from './profiles.ts'
import { Submissions, type Submission, type SubmissionFailure } from './submissions.ts'

/** The highest protocol version that this build speaks. */
export const LEDGER_VERSION = 1
const RESTORED = 'this node was restored from a backup: what it voted since is not known here'

export type ConsensusOptions = {
  readonly charter: Charter
  readonly profile: ProfileName
  readonly transportKey: Uint8Array
  readonly instance: Uint8Array
  readonly keys: ConsensusKeys
  readonly isRestored: boolean
  readonly store: Store
  readonly signer: Store
  readonly clock: Clock
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

/** The federation's consensus on this node: the engine, what it keeps, whom it talks to, and what was submitted here. */
export class Consensus {
  readonly ledger: Ledger
  readonly finals: Signal<Finals<LedgerState>>
  /** What grows without end on the ledger, as of the newest final block. */
  readonly index: LedgerIndex = new LedgerIndex()
  /** Who belongs, with which nodes and certificates, may have changed. */
  readonly membersChanged: Signal<MembershipFacts> = new Signal()
  readonly #driver: Driver<LedgerState, LedgerTransaction>
  readonly #submissions: Submissions
  readonly #hearsay: Hearsay
  readonly #options: ConsensusOptions
  #network: Network | undefined

  private constructor (options: ConsensusOptions, ledger: Ledger, driver: Driver<LedgerState, LedgerTransaction>) {
    const state = (): LedgerState => this.state
    this.#options = options
    this.ledger = ledger
    this.#driver = driver
    this.finals = driver.finals
    this.index.follow(this.state)
    this.finals.on(() => { if (this.index.follow(this.state)) this.membersChanged.emit(this.index.membershipFacts()) })
    this.#submissions = new Submissions({ driver, ledger, state, clock: options.clock })
    this.#hearsay = new Hearsay({
      name: `/hanse/1/${options.charter.federation.toString()}/tx`, driver, ledger, state, clock: options.clock
    })
  }

  static async open (options: ConsensusOptions): Promise<Consensus> {
    const { charter, keys, store, signer, clock, onFatal, log } = options
    const ledger = createLedger({ charter })
    const driver = await Driver.open<LedgerState, LedgerTransaction>({
      federation: charter.federation, app: ledger, scheme: realScheme, profile: PROFILES[options.profile], version: LEDGER_VERSION,
      node: options.transportKey, instance: options.instance, keys: keys.all(), stateOfRows,
      genesisRows: () => ledger.changes({ map: MerkleMap.EMPTY }, ledger.genesis.state), store, signer, clock, onFatal, log
    })
    const consensus = new Consensus(options, ledger, driver)
    if (options.isRestored) driver.lock(RESTORED)
    await consensus.#submissions.resume(store)
    return consensus
  }

  get federation (): CID {
    return this.#options.charter.federation
  }

  /** What was submitted here and is not final yet. */
  waiting (): Iterable<LedgerTransaction> {
    return this.#submissions.waiting()
  }

  /** As of the newest final block. */
  get state (): LedgerState {
    return finalState(this.#driver.state)
  }

  /** As of the newest block that is likely to become final: what the next transaction builds on. */
  get tip (): LedgerState {
    return tipState(this.#driver.state)
  }

  get view (): EngineView {
    return viewOf(this.#driver.state)
  }

  /** Checks, keeps and spreads a signed transaction. */
  async submit (bytes: Uint8Array, withinMs: number): Promise<Result<Submission, SubmissionFailure>> {
    const submitted = this.#submissions.submit(bytes, withinMs)
    if (this.#network !== undefined && this.view.validators.some(({ isReachable }) => !isReachable)) this.#hearsay.tell(this.#network, bytes)
    return submitted
  }

  block (height: number): Promise<Block | undefined> {
    return this.#driver.archive.block(height)
  }

  proof (height: number): Promise<FinalityProof | undefined> {
    return this.#driver.archive.proof(height)
  }

  seals (fromEpoch: number): Promise<readonly FinalityProof[]> {
    return this.#driver.archive.seals(fromEpoch)
  }

  /** The keys changed: another may vote when an epoch seats it. */
  keysChanged (): void {
    this.#driver.takeKeys(new Map(this.#options.keys.all()))
  }

  // --- Network -----------------------------------------------------------------------------------------------------

  get handlers (): Readonly<Record<string, ProtocolHandler>> {
    return this.#driver.neighbours.handlers
  }

  get topic (): Topic {
    return this.#hearsay.topic
  }

  connect (network: Network): void {
    this.#network = network
  }

  greeted (peerId: PeerId, transportKey: Uint8Array, instance: Uint8Array): void {
    this.#driver.neighbours.greeted(peerId, transportKey, instance)
  }

  peer (peer: Peer, isUp: boolean): void {
    if (isUp) this.#driver.neighbours.up(peer)
    else this.#driver.neighbours.down(peer)
  }

  metrics (): ReadonlyMap<string, number> {
    const { epoch, height, pool, alarms } = this.view
    return new Map([
      ...this.#driver.counters, ['hanse_ledger_epoch', epoch], ['hanse_ledger_height', height], ['hanse_ledger_pool', pool],
      ['hanse_ledger_alarms', alarms.length], ['hanse_ledger_own_waiting', this.#submissions.size]
    ])
  }

  stop (): Promise<void> {
    this.#submissions.stop()
    return this.#driver.stop()
  }
}
