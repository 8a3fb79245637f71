import { assert, fail, hex, ok, utf8, type CID, type Result } from '../../base/index.ts'
import {
  agreementRevocationBody, GRANT_EPOCHS_MAX, makeGrant, SAID_MEDIA_TYPES, type AgreementRevocationFields, type EpochKey
} from '../../core/grants/index.ts'
import { peerIdOfKey, signStatement, type Did, type SigningKey } from '../../core/identity/index.ts'
import { isSealedClass } from '../../core/sealing/index.ts'
import { hasIndex } from '../../core/sync/index.ts'
import type { FeedClass, FeedRecord } from '../../core/feed/index.ts'
import type { Random } from '../../host/index.ts'
import { refusalOf, type Doors, type StandingAgreement } from '../doors/index.ts'
import type { Feed } from '../feeds/index.ts'
import type { Epochs, LossOf } from '../keyring/index.ts'
import { readableEnd, recordsOf } from '../reading/index.ts'
import type { Writer } from '../writer/index.ts'
import { GivenKeys, grantIn, grantRecordKey, type Given } from './given.ts'
import { GRANTS_DATASET_ID, isOwnPair, PairFeeds, RECEIPTS_DATASET_ID, type PairDataset } from './pairs.ts'
import { Taking, type TakingOptions } from './taking.ts'

/** Rights begin and end by time too. */
const REVIEW_EVERY_MS = 60_000
/** What changed at once is looked at once. */
const REVIEW_REST_MS = 50
const EPHEMERAL_BYTES = 32

export type GrantFailure =
  | { readonly code: 'unknown-agreement', readonly reason: string }
  /** The terms do not allow it, or not yet. */
  | { readonly code: 'refused', readonly reason: string }
  /** No node of the consumer has a certificate in force that is known here. */
  | { readonly code: 'no-node', readonly reason: string }
  /** The own feed cannot be written now: it is tried again. */
  | { readonly code: 'not-ready', readonly reason: string }

export type GrantingOptions = TakingOptions & {
  readonly epochs: Epochs
  readonly writer: Writer
  readonly doors: Pick<Doors, 'decide' | 'changed'>
  readonly voice: () => { readonly certificate: CID, readonly key: SigningKey }
  /** Undefined while it is not known whether there was such a feed before. */
  readonly declare: (datasetId: string, feedClass: FeedClass) => Promise<Feed | undefined>
  readonly random: Random
}

/** The keys of own data given to those who may read them, and those of others taken up. */
export class Granting {
  readonly #options: GrantingOptions
  readonly #pairs: PairFeeds
  readonly #taking: Taking
  readonly #given = new GivenKeys()
  /** Agreements under which keys are due, as far as the terms allow. */
  readonly #wanted = new Set<string>()
  /** By own pair feed: number of the next record to read. */
  readonly #next = new Map<string, number>()
  /** Grants are made one after the other, so that none is made twice. */
  #turn: Promise<unknown> = Promise.resolve()
  #cancelReview: () => void = () => {}
  #reviewDueMs = Infinity
  #isStopped = false

  constructor (options: GrantingOptions) {
    this.#options = options
    this.#pairs = new PairFeeds(options)
    this.#taking = new Taking(options)
  }

  /** Before anything is sealed: what was given must be known to find out who lost a right to it. */
  async open (): Promise<void> {
    const { own, epochs, doors, members, feeds, standings } = this.#options
    for (const feed of this.#pairs.own()) await this.#readOwn(feed)
    for (const id of this.#given.agreements()) this.#wanted.add(id)
    // Where the ledger was not told yet, whoever tells it says `agreed` again.
    for (const { id, provider, commit } of standings.all()) if (provider === own && commit !== null) this.#wanted.add(id)
    epochs.watch(this.#lossOf)
    epochs.began.on(() => this.#reviewAfter(0))
    doors.changed.on(() => {
      epochs.review()
      this.#reviewAfter(REVIEW_REST_MS)
    })
    members.changed.on(() => this.#reviewAfter(REVIEW_REST_MS))
    feeds.changed.on(feed => {
      if (!isOwnPair(feed)) return
      this.#readOwn(feed).catch((cause: unknown) => this.#failed('the own feed of grants cannot be read', cause))
    })
    await this.#taking.open()
    this.#reviewAfter(REVIEW_EVERY_MS)
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    this.#cancelReview()
    await this.#turn
    await this.#taking.stop()
  }

  /** An agreement about own data stands: its consumer gets the keys. Said again, it changes nothing. */
  async agreed (agreementId: string): Promise<Result<null, GrantFailure>> {
    this.#wanted.add(agreementId)
    return this.#inTurn(() => this.#give(agreementId))
  }

  /** As `agreed`, for whoever names the other side and the dataset too. */
  async grant (consumer: Did, datasetId: string, agreementId: string): Promise<Result<null, GrantFailure>> {
    const standing = this.#options.standings.get(agreementId)
    if (standing?.consumer !== consumer || standing.datasetId !== datasetId) return unknown(agreementId)
    return this.agreed(agreementId)
  }

  /**
   * Ends an agreement, as either side of it: here at once, and for the other side by a signed record in the pair feed. Resolves
   * when that is durable.
   */
  async ended (fields: Pick<AgreementRevocationFields, 'agreementId' | 'effectiveMs' | 'code'>): Promise<Result<null, GrantFailure>> {
    const { own, federation, standings, clock } = this.#options
    const { agreementId, effectiveMs } = fields
    const standing = standings.get(agreementId)
    if (standing === undefined) return unknown(agreementId)
    await standings.revoke(agreementId, effectiveMs, true)
    const isProvider = standing.provider === own
    const timeMs = clock.nowMs()
    const { envelope } = this.#signed(agreementRevocationBody({ federation, ...fields, timeMs }))
    const record: FeedRecord = { key: utf8(agreementId), timeMs, operation: 'put', mediaType: SAID_MEDIA_TYPES.revocation, body: envelope }
    return this.say(isProvider ? GRANTS_DATASET_ID : RECEIPTS_DATASET_ID, isProvider ? standing.consumer : standing.provider, [record])
  }

  /** Appends to the own feed for one other member; resolves when it is durable. */
  async say (datasetId: PairDataset, other: Did, records: readonly FeedRecord[]): Promise<Result<null, GrantFailure>> {
    const feed = await this.#pairs.with(datasetId, other)
    if (feed === undefined) return notReady('it is not known yet whether there was such a feed before')
    const appended = await this.#options.writer.append(feed, records, { flush: true })
    return appended.ok ? ok(null) : notReady(`its feed is not written now: ${appended.failure.code}`)
  }

  /** The own feed of grants for a member, for whoever carries it by hand. */
  feedFor (consumer: Did): Feed | undefined {
    return this.#pairs.held(GRANTS_DATASET_ID, consumer)
  }

  // --- Giving ------------------------------------------------------------------------------------------------------

  #inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #give (agreementId: string): Promise<Result<null, GrantFailure>> {
    const { own, standings, members, keyring } = this.#options
    const standing = standings.get(agreementId)
    if (standing?.provider !== own) return unknown(agreementId)
    const { consumer, datasetId } = standing
    const refusal = this.#refusalOf(standing)
    if (refusal !== undefined) return fail({ code: 'refused', reason: refusal })
    const nodes = this.#nodesOf(consumer)
    if (nodes.size === 0) return fail({ code: 'no-node', reason: `no node of ${members.nameOf(consumer)} has a certificate in force that is known here` })
    const records: FeedRecord[] = []
    for (const feedClass of await this.#classesOf(datasetId)) {
      const epochs = keyring.epochsOf(datasetId, feedClass)
      for (const recipientKey of nodes.values()) {
        const missing = this.#given.missing({ agreementId, consumer, datasetId, class: feedClass, recipientKey: hex(recipientKey) }, epochs.map(({ epoch }) => epoch))
        records.push(...runsOf(epochs.filter(({ epoch }) => missing.includes(epoch))).flatMap(keys => this.#recordOf(standing, feedClass, keys, recipientKey)))
      }
    }
    if (records.length === 0) return ok(null)
    const said = await this.say(GRANTS_DATASET_ID, consumer, records)
    const feed = this.feedFor(consumer)
    if (said.ok && feed !== undefined) await this.#readOwn(feed)
    return said
  }

  /** Of the dataset's sealed feeds; each has an epoch from now on. */
  async #classesOf (datasetId: string): Promise<ReadonlySet<FeedClass>> {
    const { feeds, epochs } = this.#options
    const sealed = [...feeds.all()].filter(({ role, declaration }) => role === 'writer' && declaration.datasetId === datasetId && isSealedClass(declaration.class))
    for (const feed of sealed) await epochs.current(feed)
    return new Set(sealed.map(({ declaration }) => declaration.class))
  }

  #recordOf ({ id: agreementId, consumer, datasetId }: StandingAgreement, feedClass: FeedClass, keys: readonly EpochKey[], recipientKey: Uint8Array): readonly FeedRecord[] {
    const { own, federation, clock, random, log } = this.#options
    const timeMs = clock.nowMs()
    const body = makeGrant({
      subject: { federation, publisher: own, consumer, datasetId, class: feedClass, agreementId },
      keys, recipientKey, ephemeralSecret: random.bytes(EPHEMERAL_BYTES), timeMs
    })
    if (!body.ok) {
      log('warn', 'a key in a certificate is none that anything can be wrapped for', { consumer })
      return []
    }
    const { envelope } = this.#signed(body.value)
    return [{ key: utf8(grantRecordKey(agreementId, recipientKey)), timeMs, operation: 'put', mediaType: SAID_MEDIA_TYPES.grant, body: envelope }]
  }

  #signed (body: Uint8Array): ReturnType<typeof signStatement> {
    const { certificate, key } = this.#options.voice()
    return signStatement(body, certificate, key)
  }

  /** Why the sync door keeps the plaintext from the consumer of an agreement; undefined: it does not. */
  #refusalOf ({ id, consumer, datasetId }: Pick<StandingAgreement, 'id' | 'consumer' | 'datasetId'>): string | undefined {
    const decision = this.#decisionOn({ id, consumer, datasetId })
    return decision.allow ? undefined : refusalOf(decision).reason
  }

  #decisionOn ({ id, consumer, datasetId }: Pick<StandingAgreement, 'id' | 'consumer' | 'datasetId'>): ReturnType<Doors['decide']> {
    const { own, doors } = this.#options
    return doors.decide({ door: 'sync', requester: consumer, asset: { publisher: own, datasetId }, agreementId: id, form: 'plaintext', records: 0 })
  }

  /** X25519 keys of nodes that may connect and have a certificate in force, by their hex. */
  #nodesOf (member: Did): ReadonlyMap<string, Uint8Array> {
    const nowMs = this.#options.clock.nowMs()
    return new Map(this.#keysOf(member).flatMap(({ key, notBeforeMs, notAfterMs }) => notBeforeMs <= nowMs && nowMs <= notAfterMs ? [[hex(key), key] as const] : []))
  }

  /** Of certificates that nobody revoked, of whatever time: a node whose certificate ran out is not lost. */
  #keysOf (member: Did): readonly { readonly key: Uint8Array, readonly notBeforeMs: number, readonly notAfterMs: number }[] {
    const { current } = this.#options.members
    return current.certificatesOf(member).flatMap(certificate => {
      const { encryptionKey: key, transportKey, notBeforeMs, notAfterMs } = certificate
      const isOut = current.revokedSinceMs(certificate) !== undefined || current.memberOfPeer(peerIdOfKey(transportKey)) !== member
      return isOut ? [] : [{ key, notBeforeMs, notAfterMs }]
    })
  }

  readonly #lossOf: LossOf = ({ datasetId, class: feedClass }, epoch) => {
    const keysByMember = new Map<Did, ReadonlySet<string>>()
    const isLost = ({ consumer, recipientKey }: Given): boolean => {
      const keys = keysByMember.get(consumer) ?? new Set(this.#keysOf(consumer).map(({ key }) => hex(key)))
      keysByMember.set(consumer, keys)
      return !keys.has(recipientKey)
    }
    const holders = [...this.#given.of(datasetId, feedClass)].filter(({ epochs }) => hasIndex(epochs, epoch))
    const decisions = holders.map(({ agreementId, consumer }) => this.#decisionOn({ id: agreementId, consumer, datasetId }))
    const untilMs = decisions.reduce((soonest, { validUntilMs }) => Math.min(soonest, validUntilMs ?? Infinity), Infinity)
    if (decisions.some(({ allow }) => !allow)) return { loss: 'revocation', untilMs }
    return { loss: holders.some(isLost) ? 'lost-node' : undefined, untilMs }
  }

  // --- What is due -------------------------------------------------------------------------------------------------

  async #readOwn (feed: Feed): Promise<void> {
    for await (const record of recordsOf(this.#options, feed, this.#next.get(feed.key) ?? 0, readableEnd(feed))) {
      this.#next.set(feed.key, Math.max(this.#next.get(feed.key) ?? 0, record.number + 1))
      const found = grantIn(record)
      if (found === undefined) continue
      this.#given.add(found.grant, found.recipientKey)
      this.#wanted.add(found.grant.agreementId)
      // Its right may have ended while it was being written.
      this.#options.epochs.review()
    }
  }

  /** One timer; the sooner time counts. */
  #reviewAfter (delayMs: number): void {
    const { clock } = this.#options
    const dueMs = clock.monotonicMs() + delayMs
    if (this.#isStopped || this.#reviewDueMs <= dueMs) return
    this.#cancelReview()
    this.#reviewDueMs = dueMs
    this.#cancelReview = clock.wake(delayMs, () => {
      this.#reviewDueMs = Infinity
      this.#review().catch((cause: unknown) => this.#failed('keys could not be given', cause)).finally(() => this.#reviewAfter(REVIEW_EVERY_MS))
    })
  }

  /** Whoever may read and lacks a key gets it; what the terms do not allow now may be allowed later. */
  async #review (): Promise<void> {
    for (const agreementId of this.#wanted) {
      if (this.#isStopped) return
      const revokedAtMs = this.#options.standings.get(agreementId)?.revokedAtMs ?? Infinity
      if (revokedAtMs <= this.#options.clock.nowMs()) {
        this.#wanted.delete(agreementId)
        continue
      }
      const given = await this.#inTurn(() => this.#give(agreementId))
      if (!given.ok) this.#options.log('debug', 'no keys are given under an agreement', { agreementId, code: given.failure.code, reason: given.failure.reason })
    }
  }

  #failed (sentence: string, cause: unknown): void {
    this.#options.log('warn', sentence, { reason: String(cause) })
  }
}

/** Consecutive epochs, at most as many as one grant holds. */
function runsOf (keys: readonly EpochKey[]): readonly (readonly EpochKey[])[] {
  const runs: EpochKey[][] = []
  for (const key of keys) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run === undefined || last?.epoch !== key.epoch - 1 || run.length >= GRANT_EPOCHS_MAX) runs.push([key])
    else run.push(key)
  }
  assert(runs.every(run => run.length <= GRANT_EPOCHS_MAX), 'runs that one grant holds')
  return runs
}

function unknown (agreementId: string): Result<never, GrantFailure> {
  return fail({ code: 'unknown-agreement', reason: `no agreement ${agreementId} about data of this node is known` })
}

function notReady (reason: string): Result<never, GrantFailure> {
  return fail({ code: 'not-ready', reason })
}
