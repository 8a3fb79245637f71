import { fail, ok, type Result } from '../../base/index.ts'
import { cellsOfBox } from '../../core/derivation/index.ts'
import { EMERGENCY_KINDS, type ErasureScope } from '../../core/grants/index.ts'
import { agreementOf, OPERATIONS } from '../../core/ledger/index.ts'
import { cidOfText } from '../../base/index.ts'
import type { Did } from '../../core/identity/index.ts'
import type { Clock, Host, Log } from '../../host/index.ts'
import { ACCESS_CLASS, ACCESS_DATASET_ID } from '../access/index.ts'
import { makeProof } from '../bundle/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type {
  EmergencyFailure, EmergencyRequest, EmergencyView, EraseBasis, EraseFailure, EraseScope, ErasureView, Failure, NodeDuties, UseEntry, UseFailure, UseReport
} from '../contract/index.ts'
import type { Datasets, Found, Publisher } from '../datasets/index.ts'
import { Emergencies, Reviews } from '../emergency/index.ts'
import { Erasures, type DerivationsToEnd } from '../erasure/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import type { Keys } from '../founding/index.ts'
import type { LedgerRoom } from '../ledger/index.ts'
import { Marks, Periods, Receipts, ReceiptsDesk, Retention, UseCounter } from '../receipts/index.ts'
import { grantsIn, isGrantsFeed } from './grants.ts'
import { encodeUseProof } from './useProof.ts'
import { accessEntry, agreementView, emergencyView, erasureView, grantEntry, proofView, receiptEntry } from './views.ts'

/** What one answer about the use of a dataset holds: the newest. */
const ENTRIES_MAX = 10_000
/** The ledger goes on by itself: nothing here waits for it. */
const LEDGER_WAIT_MS = 0

export type DutiesOptions = {
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly datasets: Datasets
  readonly publisher: Publisher
  readonly ledger: LedgerRoom
  readonly derivations: DerivationsToEnd
  readonly keys: Keys
  readonly host: Host
  /** The folder comes from a backup, which may lack notices of erasure. */
  readonly isRestored: boolean
  readonly log: Log
  readonly onFatal: (cause: unknown) => void
}

/** All that comes after giving out: receipts, deadlines, erasure, and what emergencies change in between. */
export class Duties implements NodeDuties {
  readonly #options: DutiesOptions
  readonly #clock: Clock
  readonly #own: Did
  readonly #receipts: Receipts
  readonly #periods: Periods
  readonly #uses: UseCounter
  readonly #desk: ReceiptsDesk
  readonly #erasures: Erasures
  readonly #emergencies: Emergencies

  private constructor (options: DutiesOptions, rooms: {
    readonly receipts: Receipts, readonly periods: Periods, readonly uses: UseCounter, readonly desk: ReceiptsDesk, readonly erasures: Erasures, readonly emergencies: Emergencies
  }) {
    this.#options = options
    this.#clock = options.host.clock
    this.#own = options.keys.did
    this.#receipts = rooms.receipts
    this.#periods = rooms.periods
    this.#uses = rooms.uses
    this.#desk = rooms.desk
    this.#erasures = rooms.erasures
    this.#emergencies = rooms.emergencies
  }

  /** Erases what a crash or a backup has left, before anything is served. */
  static async open (options: DutiesOptions): Promise<Duties> {
    const { federation, catalogue, ledger, keys, host: { store, clock, random }, log, onFatal } = options
    const { feeds, keyring, members, standings, access, granting, doors, consensus } = federation
    const own = keys.did
    const voice = (): { readonly certificate: Federation['certificate']['id'], readonly key: Keys['node'] } => ({ certificate: federation.certificate.id, key: keys.node })
    const receipts = new Receipts({ feeds, keyring, own, federation: members.current.federation, granting, standings, members, voice, clock, log })
    const uses = new UseCounter(federation, access)
    const isWaiting = (): boolean => [...consensus.waiting()].some(({ author, operations }) => author === own && operations.some(({ code }) => code === OPERATIONS.receiptsRoot.code))
    const periods = await Periods.load({
      feeds, keyring, own, receipts, access, store, clock, log,
      ledger: { state: () => consensus.state, write: operations => ledger.pen.write(operations, { type: 'node' }, LEDGER_WAIT_MS), isWaiting }
    })
    const retention = new Retention({
      own, feeds, keyring, standings, policies: doors.policies, access, receipts, uses, marks: await Marks.load(store), store, clock, log
    })
    const desk = new ReceiptsDesk({ own, receipts, retention, periods, feeds, standings, access, clock, log, onFatal })
    await desk.open()
    const erasures = await Erasures.open({ own, federation, catalogue, receipts, voice, store, clock, random, log, onFatal, derivations: options.derivations })
    if (options.isRestored) federation.server.holdBack(restoredGate(federation, erasures))
    const emergencies = new Emergencies({ own, federation, catalogue, receipts, reviews: await Reviews.load(store), voice, clock, log, onFatal })
    await emergencies.open()
    return new Duties(options, { receipts, periods, uses, desk, erasures, emergencies })
  }

  async stop (): Promise<void> {
    await this.#emergencies.stop()
    await this.#erasures.stop()
    await this.#desk.stop()
  }

  /** What the people of this node have to know of, in sentences. */
  alarms (): readonly string[] {
    const { federation: { standings, members } } = this.#options
    const broken = [...standings.all()].filter(({ provider, duties }) => provider === this.#own && duties.some(({ state }) => state === 'violated'))
      .map(({ consumer, datasetId }) => `${members.nameOf(consumer)} owes a receipt about "${datasetId}": nothing more is given out until it comes`)
    const owed = this.erasures().filter(({ publisher, holders, deadlineMs }) => publisher.did === this.#own && deadlineMs <= this.#clock.nowMs() && holders.some(({ confirmedMs }) => confirmedMs === null))
      .map(({ datasetId, holders }) => `${holders.filter(({ confirmedMs }) => confirmedMs === null).map(({ member }) => member.name).join(', ')} did not confirm in time that "${datasetId}" was erased`)
    return [...this.#emergencies.alarms(), ...broken, ...owed]
  }

  /** Resolves when all that is due now is done. */
  async settle (): Promise<void> {
    await this.#erasures.settle()
    await this.#emergencies.settle()
    await this.#desk.settle()
  }

  // --- Erasure -----------------------------------------------------------------------------------------------------

  async erase (reference: string, scope: EraseScope, basis: EraseBasis): Promise<Result<readonly ErasureView[], EraseFailure>> {
    const { datasets, federation: { writer }, publisher } = this.#options
    const found = datasets.find(reference)
    if (!found.ok) return found
    if (found.value.publisher !== this.#own) return fail({ code: 'invalid', reason: 'only its publisher has a dataset erased', hint: 'ask the publisher; to keep it no longer here, end the agreement' })
    const { datasetId } = found.value.entry
    await writer.flush()
    const demands = this.#demandsOf(found.value, scope)
    if (!demands.ok) return demands
    if (scope.type === 'dataset') {
      const withdrawn = await publisher.withdraw(datasetId)
      if (!withdrawn.ok) return fail({ code: 'not-ready', reason: withdrawn.failure.reason, hint: withdrawn.failure.hint })
    }
    const ids: string[] = []
    for (const [feed, scopes] of demands.value) {
      const erased = await this.#erasures.erase(feed, scopes, basis)
      if (!erased.ok) return erased
      ids.push(...erased.value.map(({ statement: { id } }) => id.toString()))
    }
    return ok(this.erasures().filter(({ notice }) => ids.includes(notice)))
  }

  /** By feed, what must go of it: of a whole dataset all feeds that it ever had. */
  #demandsOf ({ entry: { datasetId, distribution } }: Found, scope: EraseScope): Result<ReadonlyMap<Feed, readonly ErasureScope[]>, EraseFailure> {
    const { feeds } = this.#options.federation
    const own = [...feeds.all()].filter(({ role, declaration }) => role === 'writer' && declaration.datasetId === datasetId && !declaration.class.startsWith('pair:') && declaration.class !== ACCESS_CLASS)
    const nothing = fail({ code: 'not-found', reason: `there is nothing of "${datasetId}" to erase`, hint: 'see "hanse ls"' } as const)
    if (datasetId === ACCESS_DATASET_ID || datasetId === 'catalogue') return nothing
    if (scope.type === 'dataset') {
      const demands = own.map(feed => [feed, this.#erasures.wholeOf(feed)] as const).filter(([, scopes]) => scopes.length > 0)
      return demands.length === 0 ? nothing : ok(new Map(demands))
    }
    const feed = own.find(({ id }) => id.equals(distribution.feed))
    if (feed === undefined) return nothing
    const [offset, end] = scope.type === 'records' ? [distribution.firstRecord, feed.records] : [0, scope.type === 'segments' ? feed.log.length : 2 ** 32]
    const ranges = scope.ranges.map(([from, to]) => [from + offset, to + offset] as const).toSorted(([a], [b]) => a - b)
    const isGood = ranges.length > 0 && ranges.every(([from, to], at) => from <= to && to < end && from > (ranges[at - 1]?.[1] ?? -2) + 1)
    if (!isGood) return fail({ code: 'invalid', reason: `these are no ranges of ${scope.type} that it has, apart from each other`, hint: 'give each as FROM-TO, both ends counted, from 0' })
    return ok(new Map([[feed, [scope.type === 'records' ? { records: ranges } : scope.type === 'segments' ? { segments: ranges } : { epochs: ranges }]]]))
  }

  erasures (): readonly ErasureView[] {
    const { feeds } = this.#options.federation
    return [...this.#erasures.all()].flatMap(each => {
      const declaration = feeds.get(each.notice.feed)?.declaration
      if (declaration === undefined) return []
      const { publisher, datasetId } = declaration
      return [erasureView(each, { publisher, datasetId, own: this.#own, receipts: this.#receipts.all(), names: this.#names })]
    }).toSorted((a, b) => b.timeMs - a.timeMs)
  }

  // --- Receipts and use --------------------------------------------------------------------------------------------

  receipts ({ limit, dataset }: { readonly limit: number, readonly dataset?: string | undefined }): readonly UseEntry[] {
    const all = this.#receipts.all().filter(({ receipt, by, to }) => dataset === undefined || receipt.datasetId === dataset || `${by === this.#own ? to : this.#own}/${receipt.datasetId}` === dataset)
    return all.slice(-limit).toReversed().map(heard => receiptEntry(heard, proofView(this.#periods, heard.feed, heard.record), this.#names))
  }

  async uses (reference: string): Promise<Result<UseReport, UseFailure>> {
    const { datasets, federation: { standings, doors, consensus, access } } = this.#options
    const found = datasets.find(reference)
    if (!found.ok) return found
    const { publisher, entry: { datasetId } } = found.value
    const entries: UseEntry[] = []
    for await (const { access: record, number } of this.#uses.records()) {
      if (record.publisher !== publisher || record.datasetId !== datasetId || access.feed === undefined) continue
      entries.push(accessEntry(record, proofView(this.#periods, access.feed.id, number), this.#names))
      if (entries.length > 2 * ENTRIES_MAX) entries.splice(0, ENTRIES_MAX)
    }
    for (const heard of this.#receipts.all()) {
      const of = heard.by === this.#own ? heard.to : this.#own
      if (of === publisher && heard.receipt.datasetId === datasetId) entries.push(receiptEntry(heard, proofView(this.#periods, heard.feed, heard.record), this.#names))
    }
    for await (const granted of grantsIn(this.#options.federation, this.#own)) {
      if (granted.grant.publisher !== publisher || granted.grant.datasetId !== datasetId) continue
      entries.push(grantEntry(granted, proofView(this.#periods, granted.feed.id, granted.record), this.#names))
    }
    const agreements = standings.about(publisher, datasetId).filter(({ provider, consumer }) => provider === this.#own || consumer === this.#own)
    return ok({
      dataset: `${publisher}/${datasetId}`,
      agreements: agreements.map(each => agreementView(each, doors.policies, each.commit === null ? null : agreementOf(consensus.state, each.commit) !== undefined, this.#names)),
      entries: entries.toSorted((a, b) => b.timeMs - a.timeMs).slice(0, ENTRIES_MAX),
      erasures: this.erasures().filter(each => each.publisher.did === publisher && each.datasetId === datasetId)
    })
  }

  async proveUse (feedId: string, record: number): Promise<Result<Uint8Array, UseFailure>> {
    const { federation } = this.#options
    const { feeds, access } = federation
    const feed = feeds.get(feedId)
    const isOurs = feed !== undefined && (feed === access.feed || [...this.#receipts.feeds()].includes(feed) || isGrantsFeed(feed, this.#own))
    if (!isOurs || record >= feed.records) return fail({ code: 'not-found', reason: `there is no such entry: ${feedId} ${record}`, hint: 'take feed and record from "hanse audit --json"' })
    const proof = await makeProof(federation, feed, record)
    if (!proof.ok) return fail({ code: 'incomplete', reason: proof.failure.reason, hint: 'it is being fetched again; try in a moment' })
    const period = await this.#periods.prove(feed.id, record)
    return ok(encodeUseProof(proof.value, period))
  }

  // --- Emergencies -------------------------------------------------------------------------------------------------

  async declareEmergency ({ incident, kinds, area, lifetimeMs, supersedes }: EmergencyRequest): Promise<Result<EmergencyView, EmergencyFailure>> {
    const cells = 'west' in area ? cellsOfBox(area) : area
    const known = kinds.flatMap(kind => EMERGENCY_KINDS.find(each => each === kind) ?? [])
    const before = supersedes === undefined ? null : cidOfText(supersedes)
    if (cells === undefined || before === undefined || known.length !== kinds.length) {
      return fail({ code: 'invalid', reason: 'no such kind, area or declaration', hint: `kinds are ${EMERGENCY_KINDS.join(', ')}; an area is H3 cells, or a box of at most 120 degrees` })
    }
    const declared = await this.#emergencies.declare({ incident, kinds: known, area: cells, lifetimeMs, supersedes: before })
    return declared.ok ? ok(emergencyView(declared.value, this.#emergencies.isActive(declared.value), undefined, this.#names)) : declared
  }

  endEmergency (reference: string): Promise<Result<null, EmergencyFailure>> {
    return this.#emergencies.end(reference)
  }

  async confirmEmergency (reference: string, dataset: string): Promise<Result<null, EmergencyFailure>> {
    const found = this.#options.datasets.find(dataset)
    if (!found.ok) return found
    return this.#emergencies.confirm(reference, { publisher: found.value.publisher, datasetId: found.value.entry.datasetId })
  }

  reviewEmergency (reference: string): Promise<Result<null, EmergencyFailure>> {
    return this.#emergencies.review(reference)
  }

  emergencies (): readonly EmergencyView[] {
    return this.#emergencies.all().map(each => emergencyView(each, this.#emergencies.isActive(each), this.#emergencies.reviewOf(each), this.#names))
      .toSorted((a, b) => b.declaredAtMs - a.declaredAtMs)
  }

  readonly #names = (did: Did): string => this.#options.federation.members.nameOf(did)
}

/** Opens once enough members have told what they hold, their catalogues are here, and what these demand was erased. */
function restoredGate ({ own, feeds, puller }: Federation, erasures: Erasures): () => boolean {
  let isOpen = false
  return () => {
    isOpen ||= own.mayDeclare && erasures.isIdle &&
      [...feeds.all()].every(feed => feed.declaration.datasetId !== 'catalogue' || (feed.isComplete && feed.length >= puller.targetOf(feed)))
    return isOpen
  }
}

/** The same for a node that may belong to no federation yet. */
export function nodeDutiesOf (duties: () => Duties | undefined, notReady: Failure<'not-ready'>): NodeDuties {
  const within = async <T, F>(work: (duties: Duties) => Promise<Result<T, F>>): Promise<Result<T, F | Failure<'not-ready'>>> => {
    const here = duties()
    return here === undefined ? fail(notReady) : work(here)
  }
  return {
    erase: (reference, scope, basis) => within(here => here.erase(reference, scope, basis)),
    erasures: () => duties()?.erasures() ?? [],
    receipts: query => duties()?.receipts(query) ?? [],
    uses: reference => within(here => here.uses(reference)),
    proveUse: (feed, record) => within(here => here.proveUse(feed, record)),
    declareEmergency: request => within(here => here.declareEmergency(request)),
    endEmergency: reference => within(here => here.endEmergency(reference)),
    confirmEmergency: (reference, dataset) => within(here => here.confirmEmergency(reference, dataset)),
    reviewEmergency: reference => within(here => here.reviewEmergency(reference)),
    emergencies: () => duties()?.emergencies() ?? []
  }
}
