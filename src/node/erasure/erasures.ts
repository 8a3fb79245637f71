import { assert, digestOf, fail, ok, type CID, type Result } from '../../base/index.ts'
import {
  admitErasureNotice, decodeErasureNotice, erasureNoticeBody, isErasureScope, isWithin, type ErasureBasis, type ErasureNotice, type ErasureScope
} from '../../core/grants/index.ts'
import { decodeStatement, signStatement, type Did, type SigningKey } from '../../core/identity/index.ts'
import { isSealedClass } from '../../core/sealing/index.ts'
import { addRange, removeRange, type Ranges } from '../../core/sync/index.ts'
import { CATALOGUE_DATASET_ID } from '../../core/catalogue/index.ts'
import type { Clock, Log, Random, Store } from '../../host/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Failure } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import { compactSegments, Signal, type Feed } from '../feeds/index.ts'
import type { HeldGrant } from '../keyring/index.ts'
import { segmentsOf, type Receipts } from '../receipts/index.ts'
import { erasureKey, rowsOf } from '../rows/index.ts'
import { Derived, type DerivedOptions } from './derived.ts'
import { decodeErasure, encodeErasure, type ErasedFile, type ErasureProgress } from './progress.ts'
import { bar, filesIn, redactedOf, targetsOf, type Targets } from './targets.ts'

const NOTICE_BYTES_MAX = 32_768
/** Notices that this node keeps track of; beyond it an alarm, and none is left out silently. */
const NOTICES_MAX = 16_384
/** A notice demands it within a day. */
const ERASURE_WITHIN_MS = 86_400_000
/** Whoever could not confirm tries again so much later: nothing may tell that it can. */
const CONFIRM_AGAIN_MS = 10_000

export type ErasureOrder = { readonly datasetId: string, readonly scope: ErasureScope, readonly basis: ErasureBasis }
export type EraseFailure = Failure<'not-found' | 'invalid' | 'not-ready' | 'busy'>

export type ErasuresOptions = Pick<DerivedOptions, 'derivations'> & {
  readonly own: Did
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly receipts: Receipts
  readonly voice: () => { readonly certificate: CID, readonly key: SigningKey }
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly onFatal: (cause: unknown) => void
}

/** `seen`: segments that were here when it was carried out last, and have been since. */
type Known = { readonly notice: ErasureNotice, progress: ErasureProgress | undefined, seen: Ranges }

/** Notices of erasure, own and others', each carried out here as soon as it is known, and again for what comes later. */
export class Erasures {
  readonly #options: ErasuresOptions
  readonly #derived: Derived
  readonly #known = new Map<string, Known>()
  /** Envelopes that could not be judged yet: of feeds or certificates that are not known here. */
  readonly #open = new Map<string, Uint8Array>()
  /** Those that do not hold: not judged again for everything that comes. */
  readonly #refused = new WeakSet<Uint8Array>()
  #stops: readonly (() => void)[] = []
  #turn: Promise<void> = Promise.resolve()
  #isStopped = false
  #underWay = 0
  /** The own catalogue lacks a notice that stands in a row here. */
  #isAnyUntold = false
  #cancelAgain: () => void = () => {}
  /** Something was erased, or somebody was found to owe it. */
  readonly changed: Signal<ErasureNotice> = new Signal()

  private constructor (options: ErasuresOptions) {
    this.#options = options
    this.#derived = new Derived({ ...options, erase: (feed, ranges, basis) => this.#issue(feed, { segments: ranges.map(([from, to]) => [from, to - 1]) }, basis) })
  }

  /** Carries out what is not finished before anything is served: a crash, or a backup, may have brought back what has to be gone. */
  static async open (options: ErasuresOptions): Promise<Erasures> {
    const erasures = new Erasures(options)
    const { store, federation, catalogue } = options
    for await (const { read } of store.entries(rowsOf('erasure'))) {
      const progress = read.state === 'found' ? decodeErasure(read.value) : undefined
      if (progress !== undefined) erasures.#take(progress.envelope, progress)
    }
    erasures.#takeAll()
    await erasures.#work()
    erasures.#stops = [
      catalogue.noticed.on(() => erasures.#soon()),
      federation.members.changed.on(() => { if (erasures.#open.size > 0) erasures.#soon() }),
      federation.keyring.changed.on(() => { if ([...erasures.#known.values()].some(({ notice }) => 'epochs' in notice.scope)) erasures.#soon() }),
      federation.feeds.changed.on(feed => erasures.#feedChanged(feed))
    ]
    return erasures
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    for (const stop of this.#stops) stop()
    await this.#turn
    this.#cancelAgain()
  }

  /** Every notice that holds, with what came of it here. */
  * all (): Generator<{ readonly notice: ErasureNotice, readonly progress: ErasureProgress | undefined }> {
    for (const { notice, progress } of this.#known.values()) yield { notice, progress }
  }

  /** Whether all that is known has been carried out here. */
  get isIdle (): boolean {
    return this.#underWay === 0
  }

  /** Resolves when everything that is known has been carried out here. */
  async settle (): Promise<void> {
    this.#soon()
    await this.#turn
  }

  // --- Demanding ---------------------------------------------------------------------------------------------------

  /** Demands that parts of an own feed go; resolves when that is durable, and they are gone here. */
  async erase (feed: Feed, scopes: readonly ErasureScope[], basis: ErasureBasis): Promise<Result<readonly ErasureNotice[], EraseFailure>> {
    const issued: Result<ErasureNotice, EraseFailure>[] = []
    for (const scope of scopes) issued.push(await this.#issue(feed, scope, basis))
    // Here it is carried out also where the others cannot be told yet.
    await this.settle()
    return issued.find(each => !each.ok) ?? ok(issued.flatMap(each => each.ok ? [each.value] : []))
  }

  /** Everything of a feed, as it is now; of a sealed one its keys too. */
  wholeOf (feed: Feed): readonly ErasureScope[] {
    const { epochs } = this.#options.federation
    const newest = isSealedClass(feed.declaration.class) ? epochs.newestOf(feed) : 0
    if (feed.log.length === 0) return []
    return [...newest > 0 ? [{ epochs: [[1, newest]] } as const] : [], { segments: [[0, feed.log.length - 1]] }]
  }

  async #issue (feed: Feed, scope: ErasureScope, basis: ErasureBasis): Promise<Result<ErasureNotice, EraseFailure>> {
    const { catalogue, voice, clock, federation, store } = this.#options
    if (!isErasureScope(scope)) return fail({ code: 'invalid', reason: 'these are no ranges of what a feed has', hint: 'epochs begin at 1, segments and records at 0; a range names both its ends, the lower first' })
    const { certificate, key } = voice()
    const timeMs = clock.nowMs()
    const body = erasureNoticeBody({
      federation: federation.members.current.federation, feed: feed.id, scope, basis, timeMs, deadlineMs: timeMs + ERASURE_WITHIN_MS
    })
    const statement = signStatement(body, certificate, key)
    if (statement.envelope.length > NOTICE_BYTES_MAX) return fail({ code: 'invalid', reason: 'so many ranges do not fit into one notice', hint: 'erase them in several steps' })
    const notice = decodeErasureNotice(statement)
    assert(notice.ok, 'a notice of our own is well formed')
    const progress = this.#begun(feed, statement.envelope, this.#holdersOf(feed))
    // First on this disk: what was demanded is carried out even where the catalogue cannot be written now.
    await store.commit([{ type: 'put', key: erasureKey(digestOf(statement.id)), value: encodeErasure(progress) }])
    const told = await catalogue.notify({ type: 'erasure', id: statement.id.toString(), envelope: statement.envelope })
    this.#take(statement.envelope, progress)
    return told.ok ? ok(notice.value) : fail({ code: 'not-ready', reason: told.failure.reason, hint: 'it was erased here; the others are told when the own catalogue can be written' })
  }

  #begun (feed: Feed, envelope: Uint8Array, holders: readonly Did[]): ErasureProgress {
    return { envelope, state: 'begun', ranges: [], files: [], hasDestroyedKeys: false, hadAny: false, holders, datasetId: feed.declaration.datasetId }
  }

  /** Who is known to have some of it: neighbours that say so, and everybody who has an agreement about it. */
  #holdersOf (feed: Feed): readonly Did[] {
    const { federation: { puller, members, standings }, own } = this.#options
    const peers = puller.holdersOf(feed).flatMap(peerId => members.current.memberOfPeer(peerId) ?? [])
    const consumers = standings.about(own, feed.declaration.datasetId).map(({ consumer }) => consumer)
    return [...new Set([...peers, ...consumers])].filter(did => did !== own)
  }

  // --- Taking notices ----------------------------------------------------------------------------------------------

  #takeAll (): void {
    for (const { notice } of this.#options.catalogue.notices()) if (notice.type === 'erasure' && !this.#known.has(notice.id)) this.#take(notice.envelope, undefined)
    for (const envelope of this.#open.values()) this.#take(envelope, undefined)
  }

  #take (envelope: Uint8Array, progress: ErasureProgress | undefined): void {
    const { federation: { members, feeds }, log } = this.#options
    if (this.#refused.has(envelope)) return
    const statement = decodeStatement(envelope, NOTICE_BYTES_MAX)
    if (!statement.ok) return
    const id = statement.value.id.toString()
    const known = this.#known.get(id)
    if (known !== undefined) {
      known.progress ??= progress
      return
    }
    const admitted = admitErasureNotice(envelope, { federation: members.current.federation, speaker: members.speaker }, feed => feeds.get(feed)?.declaration)
    if (!admitted.ok) {
      const isEarly = admitted.failure.code === 'unknown-feed' || admitted.failure.code === 'unknown-certificate'
      if (isEarly && this.#open.size < NOTICES_MAX) this.#open.set(id, envelope)
      else this.#open.delete(id)
      if (!isEarly) this.#refused.add(envelope)
      if (!isEarly) log('warn', 'a notice of erasure does not hold', { notice: id, code: admitted.failure.code })
      return
    }
    this.#open.delete(id)
    if (this.#known.size >= NOTICES_MAX) return this.#options.federation.alarm(`more than ${NOTICES_MAX} notices of erasure: this node takes no more`)
    this.#known.set(id, { notice: admitted.value, progress, seen: [] })
    const feed = feeds.get(admitted.value.feed)
    if (feed !== undefined) bar(feed, admitted.value.scope)
  }

  #feedChanged (feed: Feed): void {
    let isNamed = this.#open.size > 0 || (this.#isAnyUntold && feed.role === 'writer' && feed.declaration.datasetId === CATALOGUE_DATASET_ID)
    for (const known of this.#known.values()) {
      if (!known.notice.feed.equals(feed.id)) continue
      // What was lost may come back as it was before.
      known.seen = without(known.seen, without(known.seen, heldOf(feed)))
      isNamed ||= !isDone(known, feed)
    }
    if (isNamed) this.#soon()
  }

  #soon (): void {
    if (this.#isStopped) return
    this.#underWay++
    this.#turn = this.#turn.then(() => {
      this.#takeAll()
      return this.#work()
    }).catch(this.#options.onFatal).finally(() => { this.#underWay-- })
  }

  // --- Carrying out ------------------------------------------------------------------------------------------------

  async #work (): Promise<void> {
    for (const known of this.#known.values()) {
      if (this.#isStopped) return
      const feed = this.#options.federation.feeds.get(known.notice.feed)
      if (feed === undefined) continue
      if (!isDone(known, feed)) await this.#carryOut(known, feed)
      // Grants stand in their feed, and a start opens them anew, also where nothing else is left to be done.
      if (this.#grantsOf(feed, known.notice).length > 0) await this.#destroyKeys(feed, known.notice)
    }
    await this.#tellOthers()
    this.#cancelAgain()
    const isAnyUnsaid = [...this.#known.values()].some(({ progress }) => progress?.state === 'gone')
    if (isAnyUnsaid && !this.#isStopped) this.#cancelAgain = this.#options.clock.wake(CONFIRM_AGAIN_MS, () => this.#soon())
  }

  /** What was demanded when the own catalogue could not be written, or just before a crash: nobody else knows of it yet. */
  async #tellOthers (): Promise<void> {
    const { own, catalogue, federation: { feeds } } = this.#options
    const told = new Set([...catalogue.notices()].filter(({ publisher }) => publisher === own).map(({ notice: { id } }) => id))
    this.#isAnyUntold = false
    for (const [id, { notice: { feed, statement: { envelope } } }] of this.#known) {
      if (feeds.get(feed)?.declaration.publisher !== own || told.has(id)) continue
      const isTold = (await catalogue.notify({ type: 'erasure', id, envelope })).ok
      this.#isAnyUntold ||= !isTold
    }
  }

  /** Each step is durable before the next, and doing any of them again changes nothing. */
  async #carryOut (known: Known, feed: Feed): Promise<void> {
    const { federation, own } = this.#options
    const { notice } = known
    bar(feed, notice.scope)
    const isAgain = known.progress !== undefined && known.progress.state !== 'begun'
    if (feed.role === 'writer' && !isAgain) await federation.writer.flush()
    // What comes while this is under way is looked at next time.
    const here = heldOf(feed)
    const targets = await targetsOf(this.#source, feed, notice, isAgain ? without(here, known.seen) : here)
    known.seen = here
    const before = known.progress ?? this.#begun(feed, notice.statement.envelope, [])
    const isLeft = before.state === 'begun' || this.#isAnyHere(feed, targets)
    if (!isLeft && before.state === 'told') return
    const progress = isLeft ? await this.#erase(known, feed, targets, before) : before
    const isTheirs = feed.declaration.publisher !== own && (progress.hadAny || progress.hasDestroyedKeys)
    const isSaid = !isTheirs || await this.#confirm(feed, notice, progress.ranges.map(({ from, to }) => [from, to]), progress.hasDestroyedKeys)
    if (isSaid) await this.#keep(known, { ...progress, state: 'told' })
    if (isLeft || isSaid) this.changed.emit(notice)
  }

  async #erase (known: Known, feed: Feed, targets: Targets, before: ErasureProgress): Promise<ErasureProgress> {
    const { notice } = known
    const files = await this.#filesOf(feed, targets, before.files)
    const ranges = [...targets.gone, ...targets.thinned].reduce<Ranges>((all, range) => addRange(all, range), before.ranges.map(({ from, to }) => [from, to] as const))
    const begun: ErasureProgress = {
      ...before, state: 'begun', ranges: ranges.map(([from, to]) => ({ from, to })), files, hadAny: before.hadAny || this.#hadAny(feed, targets, known)
    }
    await this.#keep(known, begun)
    await this.#takeAway(feed, targets, ranges, files)
    const progress: ErasureProgress = { ...begun, state: 'gone', hasDestroyedKeys: begun.hasDestroyedKeys || await this.#destroyKeys(feed, notice) }
    await this.#derived.follow(feed, notice)
    await this.#keep(known, progress)
    this.#options.log('info', 'data were erased, as their publisher demands', { dataset: feed.declaration.datasetId, notice: notice.statement.id.toString() })
    return progress
  }

  /** Of what another notice has taken away, too. */
  #hadAny (feed: Feed, { gone, thinned }: Targets, asked: Known): boolean {
    const concerned = [...gone, ...thinned]
    if (concerned.some(([from, to]) => indexes(from, to).some(index => feed.has(index)))) return true
    return [...this.#known.values()].some(({ notice, progress }) => notice !== asked.notice && progress?.hadAny === true && notice.feed.equals(feed.id) &&
      progress.ranges.some(range => concerned.some(([from, to]) => from < range.to && range.from < to)))
  }

  #isAnyHere (feed: Feed, { gone, thinned }: Targets): boolean {
    const isHere = gone.some(([from, to]) => indexes(from, to).some(index => !feed.isGone(index)))
    return isHere || thinned.some(([from, to]) => indexes(from, to).some(index => feed.has(index) && !feed.isRedacted(index)))
  }

  async #takeAway (feed: Feed, { gone, thinned }: Targets, ranges: Ranges, files: readonly ErasedFile[]): Promise<void> {
    const { federation, store } = this.#options
    const { feeds } = federation
    const { redacted, closed } = await redactedOf(this.#source, feed, thinned)
    await feeds.lay(feed, gone, 'erased')
    await feeds.replace(feed, redacted)
    for (const index of closed) if (!feed.isRedacted(index)) await feeds.forget(feed, index)
    await compactSegments(store, feed, ranges)
    for (const { root, fileNo, blocks } of files) {
      const isUsedElsewhere = federation.doors.usesOf(root).some(({ asset }) => asset.publisher !== feed.declaration.publisher || asset.datasetId !== feed.declaration.datasetId)
      if (!isUsedElsewhere) await federation.files.erase(root, { fileNo, blocks })
    }
  }

  async #filesOf (feed: Feed, targets: Targets, before: readonly ErasedFile[]): Promise<readonly ErasedFile[]> {
    const { federation: { files } } = this.#options
    const found = await filesIn(this.#source, feed, targets)
    const fresh = found.filter(root => !before.some(each => each.root.equals(root)))
    return [...before, ...fresh.flatMap(root => {
      const place = files.placeOf(root)
      return place === undefined ? [] : [{ root, ...place }]
    })]
  }

  /** Own keys of the epochs, and grants of nothing else: one that opens more stays, and what it would open besides is gone. */
  async #destroyKeys (feed: Feed, { scope }: ErasureNotice): Promise<boolean> {
    if (!('epochs' in scope)) return false
    const { federation: { keyring }, own } = this.#options
    const { publisher, datasetId, class: feedClass } = feed.declaration
    if (publisher === own) {
      await keyring.destroy(datasetId, feedClass, keyring.epochsOf(datasetId, feedClass).map(({ epoch }) => epoch).filter(epoch => isWithin(scope.epochs, epoch)))
      return true
    }
    const concerned = this.#grantsOf(feed, { scope })
    await keyring.drop(concerned.map(({ grant }) => grant.statement.id))
    return concerned.length > 0
  }

  #grantsOf (feed: Feed, { scope }: Pick<ErasureNotice, 'scope'>): readonly HeldGrant[] {
    const { publisher, datasetId, class: feedClass } = feed.declaration
    if (!('epochs' in scope) || feed.role === 'writer') return []
    return this.#options.federation.keyring.grants().filter(({ grant, keys }) =>
      grant.publisher === publisher && grant.datasetId === datasetId && grant.class === feedClass && keys.every(({ epoch }) => isWithin(scope.epochs, epoch)))
  }

  async #confirm (feed: Feed, notice: ErasureNotice, ranges: Ranges, hasDestroyedKeys: boolean): Promise<boolean> {
    const { receipts, own, clock, federation: { standings } } = this.#options
    const { publisher, datasetId } = feed.declaration
    const agreement = standings.between({ provider: publisher, consumer: own, datasetId }).at(-1)
    const epochs = 'epochs' in notice.scope && hasDestroyedKeys ? notice.scope.epochs : []
    // Leaves that were damaged on the disk come back from a neighbour, and are named then.
    if (ranges.some(([, to]) => to > feed.log.length)) return false
    const [first, last] = [epochs[0]?.[0], epochs.at(-1)?.[1]]
    // Of epochs whose segments went before, all that there is may have been sealed under them.
    const confirmed: Ranges = ranges.length > 0 || feed.length === 0 ? ranges : [[0, feed.length]]
    for (const range of confirmed) {
      const isSaid = await receipts.write(publisher, {
        act: 'deleted', agreementId: agreement?.id ?? null, datasetId, feed: feed.id, segments: segmentsOf(feed, range),
        epochs: first === undefined || last === undefined ? null : [first, last], method: hasDestroyedKeys ? 'both' : 'unlinked',
        notice: notice.statement.id, backupsUntilMs: null, timeMs: clock.nowMs()
      })
      if (!isSaid) return false
    }
    return true
  }

  async #keep (known: Known, progress: ErasureProgress): Promise<void> {
    await this.#options.store.commit([{ type: 'put', key: erasureKey(digestOf(known.notice.statement.id)), value: encodeErasure(progress) }])
    known.progress = progress
  }

  get #source (): Parameters<typeof targetsOf>[0] {
    const { federation: { feeds, keyring }, random } = this.#options
    return { feeds, keyring, random }
  }
}

/** Whether all was done and said, and nothing that it may be about has come since. */
function isDone ({ notice: { scope }, progress, seen }: Known, feed: Feed): boolean {
  if (progress?.state !== 'told') return false
  const fresh = without(heldOf(feed), seen)
  if ('epochs' in scope) return fresh.length === 0
  const concerned = 'segments' in scope ? scope.segments : scope.records.map(([from, to]) => [feed.segmentOf(from) ?? Infinity, feed.segmentOf(Math.min(to, feed.records - 1)) ?? -1] as const)
  return !fresh.some(([from, to]) => concerned.some(([first, last]) => from <= last && first < to))
}

/** Segments that are stored here. */
function heldOf (feed: Feed): Ranges {
  return without(without(addRange([], [0, feed.log.length]), feed.missing), feed.gone)
}

function without (ranges: Ranges, taken: Ranges): Ranges {
  return taken.reduce<Ranges>((left, range) => removeRange(left, range), ranges)
}

function indexes (from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at)
}
