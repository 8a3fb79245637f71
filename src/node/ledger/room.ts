import { assert, bytesOfHex, fail, ok, type Result } from '../../base/index.ts'
import type { DatasetEntry } from '../../core/catalogue/index.ts'
import { encodeCheckpoint, realScheme, validatorSet } from '../../core/finality/index.ts'
import { signStatement, type Certificate, type Did } from '../../core/identity/index.ts'
import { datasetOf, feedOf } from '../../core/ledger/index.ts'
import type { Clock, Log, Store } from '../../host/index.ts'
import { Housekeeping, LEDGER_VERSION, type ConsensusKeys } from '../consensus/index.ts'
import type {
  AnchorView, ApplicationView, Asker, AuditEntry, BlockView, Failure, LedgerCheck, LedgerMember, LedgerStatus, NodeLedger, NotReady, ProposalRequest,
  ProposalView, SubmitFailure, Submitted
} from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import type { Keys } from '../founding/index.ts'
import { Anchoring, type Described } from './anchoring.ts'
import { Anchors } from './anchors.ts'
import { Author, inWords } from './author.ts'
import { checkLedger } from './checking.ts'
import { Deciding } from './deciding.ts'
import { Epochs } from './epochs.ts'
import { Proving } from './proving.ts'
import { membersOf, proposalViews, statusOf } from './status.ts'
import { auditOf, blockViews } from './views.ts'

type ProofFailure = Failure<'not-found' | 'ambiguous' | 'incomplete' | 'not-ready' | 'not-anchored' | 'refused'>
type Found = { readonly publisher: string, readonly entry: DatasetEntry }

export type LedgerRoomOptions = {
  readonly federation: Federation
  readonly keys: Keys
  readonly consensusKeys: ConsensusKeys
  /** Addresses at which others reach this node. */
  readonly addresses: readonly string[]
  readonly store: Store
  readonly clock: Clock
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
  /** The dataset that a reference names. */
  readonly find: (reference: string) => Result<Found, Failure<'not-found' | 'ambiguous'>>
  /** What the own catalogue says of an own dataset. */
  readonly describe: (datasetId: string) => Described | undefined
  /** Lets a record of a dataset out, as a read of it. */
  readonly disclose: (found: Found, bytes: Uint8Array, asker: Asker | undefined) => Promise<Result<Uint8Array, Failure<'not-found' | 'refused'>>>
  readonly applications: () => readonly ApplicationView[]
  /** The member that a did or the id of an application names. */
  readonly applicant: (name: string) => Did | undefined
}

/** What a node's people and programs do with the ledger, and what the node does there by itself. */
export class LedgerRoom implements NodeLedger {
  /** Signs in this member's name. */
  readonly pen: Author
  /** Feeds whose anchors became final. */
  readonly anchored: Signal<Feed> = new Signal()
  readonly #options: LedgerRoomOptions
  readonly #epochs: Epochs
  readonly #anchors: Anchors
  readonly #anchoring: Anchoring
  readonly #housekeeping: Housekeeping
  readonly #deciding: Deciding
  readonly #proving: Proving

  private constructor (options: LedgerRoomOptions, epochs: Epochs, anchors: Anchors) {
    const { federation, keys, consensusKeys, addresses, clock, store, onFatal, log } = options
    const { consensus, feeds, keyring, members } = federation
    const certificate = (): Certificate => federation.certificate
    this.#options = options
    this.#epochs = epochs
    this.#anchors = anchors
    this.pen = new Author({ consensus, keys, certificate, addresses, clock })
    this.#deciding = new Deciding({ consensus, consensusKeys, keys, author: this.pen, clock, applicant: options.applicant })
    this.#proving = new Proving({ consensus, anchors, feeds, keyring, members, store })
    this.#anchoring = new Anchoring({ own: keys.did, feeds, consensus, author: this.pen, describe: options.describe, mayName: feed => federation.doors.isForAll(feed), clock, onFatal, log })
    this.#housekeeping = new Housekeeping({
      own: keys.did, transportKey: keys.transport.publicKey, certificate, addresses, federation: consensus.federation, keys: consensusKeys,
      keysChanged: () => consensus.keysChanged(), state: () => consensus.state, waiting: () => consensus.waiting(), isLocked: () => consensus.view.role === 'locked',
      version: LEDGER_VERSION, author: this.pen, clock, onFatal, log
    })
    consensus.finals.on(() => this.#housekeeping.look())
    anchors.changed.on(ids => {
      for (const id of new Set(ids.map(String))) {
        const feed = feeds.get(id)
        if (feed !== undefined) this.anchored.emit(feed)
      }
    })
  }

  static async open (options: LedgerRoomOptions): Promise<LedgerRoom> {
    const { federation: { consensus }, store, onFatal } = options
    const room = new LedgerRoom(options, await Epochs.open(consensus), await Anchors.open(store, consensus, onFatal))
    room.#housekeeping.look()
    return room
  }

  /** The own catalogue says something else of an own dataset. */
  described (): void {
    this.#anchoring.look()
  }

  async stop (): Promise<void> {
    this.#housekeeping.stop()
    this.#anchoring.stop()
    await this.#anchors.stop()
  }

  // --- Looking -----------------------------------------------------------------------------------------------------

  ledger (): LedgerStatus {
    const { consensus } = this.#options.federation
    return statusOf(consensus.view, consensus.state, this.#options.keys.did)
  }

  ledgerMembers (): readonly LedgerMember[] {
    return membersOf(this.#options.federation.consensus.index, this.#nameOf)
  }

  applications (): readonly ApplicationView[] {
    return this.#options.applications()
  }

  blocks (query: { readonly before?: number | undefined, readonly limit: number }): Promise<readonly BlockView[]> {
    return blockViews(this.#held, query)
  }

  proposals (): readonly ProposalView[] {
    return proposalViews(this.#options.federation.consensus.state, this.#nameOf)
  }

  anchor (reference: string): AnchorView | null {
    const found = this.#options.find(reference)
    const row = found.ok ? feedOf(this.#options.federation.consensus.state, found.value.entry.distribution.feed) : undefined
    if (!found.ok || row === undefined || row.length === 0 || row.publisher !== found.value.publisher) return null
    const { height, timeMs, length } = row
    return { height, timeMs, length, epoch: this.#epochs.of(height) }
  }

  /** About a member, by its did or name, or about a dataset. */
  async audit (subject: string): Promise<Result<readonly AuditEntry[], Failure<'not-found' | 'ambiguous' | 'not-ready'>>> {
    const member = this.ledgerMembers().find(({ did, name }) => did === subject || name === subject)
    if (member !== undefined) return ok(await auditOf(this.#held, { kind: 'member', did: member.did }))
    const found = this.#options.find(subject)
    if (!found.ok) return found
    const { publisher, entry: { datasetId, distribution } } = found.value
    const feeds = datasetOf(this.#options.federation.consensus.state, publisher, datasetId)?.feeds ?? [distribution.feed]
    return ok(await auditOf(this.#held, { kind: 'dataset', publisher, datasetId, feeds }))
  }

  // --- Deciding ----------------------------------------------------------------------------------------------------

  propose (request: ProposalRequest, withinMs: number): Promise<Result<Submitted & { readonly proposal: string }, SubmitFailure>> {
    return this.#deciding.propose(request, withinMs)
  }

  vote (proposal: string, yes: boolean, withinMs: number): Promise<Result<Submitted, SubmitFailure>> {
    return this.#deciding.vote(proposal, yes, withinMs)
  }

  rotateKey (withinMs: number): Promise<Result<Submitted, SubmitFailure>> {
    return this.#deciding.rotateKey(withinMs)
  }

  async author (operations: readonly Uint8Array[], withinMs: number): Promise<Result<Submitted, SubmitFailure>> {
    return inWords(await this.pen.write(operations, { type: 'node' }, withinMs))
  }

  async submit (transaction: Uint8Array, withinMs: number): Promise<Result<Submitted, SubmitFailure>> {
    return inWords(await this.#options.federation.consensus.submit(transaction, withinMs))
  }

  // --- Proving -----------------------------------------------------------------------------------------------------

  verifyLedger (): Promise<LedgerCheck> {
    const { consensus, members } = this.#options.federation
    return checkLedger(members.current.charter.envelope, consensus, this.#anchors.keptHeight, consensus.fromHeight)
  }

  async ledgerProof (reference: string, record: number, asker?: Asker): Promise<Result<Uint8Array, ProofFailure>> {
    const found = this.#options.find(reference)
    if (!found.ok) return found
    const { feed: id, firstRecord, records } = found.value.entry.distribution
    const feed = this.#options.federation.feeds.get(id)
    if (record < 0 || (records !== null && record >= records)) {
      return fail({ code: 'not-found', reason: `there is no record ${record}`, hint: `records are numbered from 0 to ${(records ?? 1) - 1}` })
    }
    if (feed === undefined) return fail({ code: 'incomplete', reason: 'nothing of it is here yet', hint: 'fetch it first with "hanse get"' })
    const proof = await this.#proving.record(feed, firstRecord + record)
    return proof.ok ? this.#options.disclose(found.value, proof.value, asker) : proof
  }

  checkpoint (): Result<Uint8Array, NotReady> {
    const { federation: { consensus, certificate }, keys } = this.#options
    const { epoch, height, digest, finalMs, validators } = consensus.view
    const set = validatorSet(validators, realScheme)
    const bytes = bytesOfHex(digest)
    assert(set.ok && bytes !== undefined, 'the validators of an epoch and the digest of its block are well formed')
    const body = encodeCheckpoint({
      federation: consensus.federation, epoch, height, digest: bytes, validatorsHash: set.value.hash, timeMs: finalMs
    })
    return ok(signStatement(body, certificate.id, keys.node).envelope)
  }

  readonly #nameOf = (did: string): string => this.#options.federation.members.nameOf(did)

  get #held (): Parameters<typeof blockViews>[0] {
    return { consensus: this.#options.federation.consensus, newest: this.#anchors.keptHeight, epochs: this.#epochs, nameOf: this.#nameOf }
  }
}
