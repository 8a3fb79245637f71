import { MerkleMap, type CID, type Result } from '../../base/index.ts'
import { anchorOf, decodeMessage, finalState, tipState, viewOf, type EngineView } from '../../core/consensus/index.ts'
import { realScheme, SEAL, type Anchor, type Block, type Checkpoint, type CheckpointFailure, type FinalityProof } from '../../core/finality/index.ts'
import {
  createLedger, LedgerIndex, stateOfRows, type Ledger, type LedgerState, type LedgerTransaction, type MembershipFacts
} from '../../core/ledger/index.ts'
import type { Charter } from '../../core/identity/index.ts'
import type { Clock, Log, Network, Peer, PeerId, ProtocolHandler, Store, Topic } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { SnapshotFetcher, SnapshotServer, Trust, type Fetched, type Said } from '../snapshots/index.ts'
import { Driver, type Finals } from './driver.ts'
import { Hearsay } from './hearsay.ts'
import type { ConsensusKeys } from './keys.ts'
import { LEDGER_PROTOCOL } from './neighbours.ts'
import { PROFILES, type ProfileName } from './profiles.ts'
import { Submissions, type Submission, type SubmissionFailure } from './submissions.ts'

/** The highest protocol version that this build speaks. */
export const LEDGER_VERSION = 1
/** So many blocks behind what is proven, a state is fetched instead of blocks. */
const SNAPSHOT_LAG_BLOCKS = 2_000
const SNAPSHOT_EVERY_BLOCKS = 1_000
const SNAPSHOT_RETRY_MS = 30_000
const RESTORED = 'this node was restored from a backup: what it voted since is not known here'

export type ConsensusOptions = {
  readonly charter: Charter
  readonly profile: ProfileName
  readonly transportKey: Uint8Array
  readonly instance: Uint8Array
  readonly keys: ConsensusKeys
  readonly isRestored: boolean
  /** Where the ledger stands, by the word of the member who invited this one. */
  readonly invitation?: Checkpoint | undefined
  readonly snapshots?: { readonly lagBlocks: number, readonly everyBlocks: number, readonly retryMs?: number }
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
  /** This node went on from a state that it fetched: blocks up to there are not here. */
  readonly adopted: Signal<void> = new Signal()
  readonly #driver: Driver<LedgerState, LedgerTransaction>
  readonly #submissions: Submissions
  readonly #hearsay: Hearsay
  readonly #server: SnapshotServer
  readonly #fetcher: SnapshotFetcher
  readonly #trust: Trust
  readonly #options: ConsensusOptions
  #network: Network | undefined
  #snapshotsAdopted = 0

  private constructor (options: ConsensusOptions, ledger: Ledger, driver: Driver<LedgerState, LedgerTransaction>) {
    const state = (): LedgerState => this.state
    this.#options = options
    this.ledger = ledger
    this.#driver = driver
    this.finals = driver.finals
    this.index.follow(this.state)
    this.finals.on(({ blocks }) => {
      this.#server.follow(blocks)
      this.#follow()
    })
    driver.adopted.on(() => {
      this.#server.begin(this.#standing())
      this.#follow()
      this.adopted.emit()
    })
    this.#submissions = new Submissions({ driver, ledger, state, clock: options.clock })
    this.#hearsay = new Hearsay({
      name: `/hanse/1/${options.charter.federation.toString()}/tx`, driver, ledger, state, clock: options.clock
    })
    const { charter: { federation }, clock, onFatal, log, invitation, snapshots } = options
    const { lagBlocks, everyBlocks, retryMs = SNAPSHOT_RETRY_MS } = snapshots ?? { lagBlocks: SNAPSHOT_LAG_BLOCKS, everyBlocks: SNAPSHOT_EVERY_BLOCKS }
    const { archive } = driver
    const anchor = (): Anchor => anchorOf(driver.state.epoch, { federation })
    this.#trust = new Trust({ federation, clock, anchor: anchor(), finalMs: driver.state.final.timeMs, invitation })
    this.#server = new SnapshotServer({
      federation, cutEveryBlocks: everyBlocks, block: height => archive.block(height), proof: height => archive.proof(height),
      seals: fromEpoch => archive.seals(fromEpoch)
    }, this.#standing())
    this.#fetcher = new SnapshotFetcher({
      protocol: LEDGER_PROTOCOL, scheme: realScheme, clock, anchor, height: () => driver.state.final.height,
      // Blocks that lead into another epoch are not heard then.
      lagBlocks: () => this.#trust.isStale ? 0 : lagBlocks, retryMs,
      isTrusted: shown => this.#trust.agrees(shown), adopt: fetched => this.#adopt(fetched), onFatal, log
    })
  }

  static async open (options: ConsensusOptions): Promise<Consensus> {
    const { charter, keys, store, signer, clock, onFatal, log } = options
    const ledger = createLedger({ charter })
    // Nobody is connected before it is there.
    let consensus: Consensus | undefined
    const driver = await Driver.open<LedgerState, LedgerTransaction>({
      federation: charter.federation, app: ledger, scheme: realScheme, profile: PROFILES[options.profile], version: LEDGER_VERSION,
      node: options.transportKey, instance: options.instance, keys: keys.all(), stateOfRows,
      genesisRows: () => ledger.changes({ map: MerkleMap.EMPTY }, ledger.genesis.state), store, signer, clock, onFatal, log,
      isHeard: message => consensus === undefined || consensus.#isHeard(message),
      request: async (peer, body, reply) => consensus === undefined ? reply.error('busy', 'not begun yet') : consensus.#server.answer(peer, body, reply)
    })
    consensus = new Consensus(options, ledger, driver)
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

  /** Height from which on blocks are here. */
  get fromHeight (): number {
    return this.#driver.fromHeight
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

  // --- Catching up by a state ----------------------------------------------------------------------------------------

  /** Why this node does not follow what it is shown, and what to do about it. */
  get alarm (): string | undefined {
    return this.#trust.alarm
  }

  /** Members' checkpoints, whose signatures were checked: two that say the same are needed. */
  trust (said: readonly Said[]): Result<null, CheckpointFailure> {
    const heard = this.#trust.hear(said)
    if (heard.ok) this.#fetcher.askAgain()
    return heard
  }

  #standing (): ConstructorParameters<typeof SnapshotServer>[1] {
    const { final: { height, outcome: { log, state } } } = this.#driver.state
    return { height, log, state }
  }

  #follow (): void {
    if (this.index.follow(this.state)) this.membersChanged.emit(this.index.membershipFacts())
  }

  async #adopt ({ fromEpoch, anchors, seals, proof, log, map }: Fetched): Promise<boolean> {
    const { number } = this.#driver.state.epoch
    const adopted = await this.#driver.adopt({ seals: seals.slice(number - fromEpoch), proof, log, appState: { map }, stateRoot: map.root })
    if (adopted.ok) {
      this.#snapshotsAdopted++
      this.#trust.followed({ anchors })
    }
    this.#options.log('info', adopted.ok ? 'went on from a fetched state of the ledger' : 'a fetched state of the ledger was of no use', {
      height: this.view.height, ...adopted.ok ? {} : { code: adopted.failure.code }
    })
    return adopted.ok
  }

  /** Blocks that lead out of an epoch that this node left long ago have to be vouched for. */
  #isHeard (bytes: Uint8Array): boolean {
    if (!this.#trust.isStale) return true
    const message = decodeMessage(bytes, PROFILES[this.#options.profile].bodyBytesMax)
    return !message.ok || message.value.kind !== 'range' || !message.value.blocks.some(({ header }) => header.type === SEAL)
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
    if (isUp) {
      this.#driver.neighbours.up(peer)
      this.#fetcher.up(peer)
    } else {
      this.#driver.neighbours.down(peer)
      this.#fetcher.down(peer)
    }
  }

  metrics (): ReadonlyMap<string, number> {
    const { epoch, height, pool, alarms } = this.view
    return new Map([
      ...this.#driver.counters, ['hanse_ledger_epoch', epoch], ['hanse_ledger_height', height], ['hanse_ledger_pool', pool],
      ['hanse_ledger_alarms', alarms.length], ['hanse_ledger_own_waiting', this.#submissions.size],
      ['hanse_ledger_snapshots_adopted_total', this.#snapshotsAdopted]
    ])
  }

  stop (): Promise<void> {
    this.#submissions.stop()
    this.#fetcher.stop()
    return this.#driver.stop()
  }
}
