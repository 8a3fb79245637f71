import { admitAgreementRevocation, admitGrant, openGrant, SAID_MEDIA_TYPES, type AgreementRevocation } from '../../core/grants/index.ts'
import { decodeStatement, type Did } from '../../core/identity/index.ts'
import type { CID } from '../../base/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import type { NumberedRecord } from '../contract/index.ts'
import type { Standings } from '../doors/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Keyring } from '../keyring/index.ts'
import type { Members } from '../members/index.ts'
import type { Puller } from '../pulling/index.ts'
import { Incomplete, readableEnd, recordsOf } from '../reading/index.ts'
import { GRANTS_DATASET_ID, isPairWith } from './pairs.ts'

/** Leases last an hour at least: to note them more often only makes work. */
const HEARD_EVERY_MS = 60_000
/** Ends of agreements that are not known here yet: the other side may say both at once. */
const EARLY_MAX = 1_024

export type TakingOptions = {
  readonly own: Did
  readonly federation: CID
  /** Of the X25519 key in this node's certificate. */
  readonly encryptionSeed: Uint8Array
  readonly feeds: Feeds
  readonly keyring: Keyring
  readonly standings: Standings
  readonly members: Members
  readonly puller: Pick<Puller, 'listed' | 'claimedOf'>
  readonly clock: Clock
  readonly log: Log
}

/** Takes up what others say to this member alone: keys, and ends of agreements. */
export class Taking {
  readonly #options: TakingOptions
  readonly #next = new Map<string, number>()
  readonly #early = new Map<string, { readonly envelope: Uint8Array, readonly from: Did }>()
  #turn: Promise<void> = Promise.resolve()

  constructor (options: TakingOptions) {
    this.#options = options
  }

  async open (): Promise<void> {
    const { feeds, standings, puller } = this.#options
    for (const feed of this.#theirs()) await this.#readOn(feed)
    feeds.changed.on(feed => { if (this.#isTheirs(feed)) this.#inTurn(() => this.#readOn(feed)) })
    standings.changed.on(parties => { if (parties !== undefined && this.#early.size > 0) this.#inTurn(() => this.#hearEarly()) })
    puller.listed.on(member => this.#inTurn(() => this.#listed(member)))
  }

  async stop (): Promise<void> {
    await this.#turn
  }

  #inTurn (work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((cause: unknown) => {
      this.#options.log('warn', 'what a member said to this one alone could not be taken up', { reason: String(cause) })
    })
  }

  #theirs (): readonly Feed[] {
    return [...this.#options.feeds.all()].filter(feed => this.#isTheirs(feed))
  }

  #isTheirs (feed: Feed): boolean {
    return feed.role === 'reader' && isPairWith(feed, this.#options.own)
  }

  async #readOn (feed: Feed): Promise<void> {
    const { publisher, datasetId } = feed.declaration
    try {
      for await (const record of recordsOf(this.#options, feed, this.#next.get(feed.key) ?? 0, readableEnd(feed))) {
        await this.#take(record, publisher, datasetId)
        this.#next.set(feed.key, record.number + 1)
      }
    } catch (cause) {
      // Damaged on the disk: read when it is back.
      if (!(cause instanceof Incomplete)) throw cause
    }
    // The publisher itself said at that time that there was no more.
    const isWhole = feed.head !== undefined && feed.isComplete
    if (datasetId === GRANTS_DATASET_ID && isWhole) await this.#options.standings.heard(publisher, feed.head?.timeMs ?? 0)
  }

  async #take ({ mediaType, body }: NumberedRecord, from: Did, datasetId: string): Promise<void> {
    if (mediaType === SAID_MEDIA_TYPES.grant && datasetId === GRANTS_DATASET_ID) await this.#takeGrant(body, from)
    if (mediaType === SAID_MEDIA_TYPES.revocation) await this.#takeEnd(body, from)
  }

  async #takeGrant (envelope: Uint8Array, from: Did): Promise<void> {
    const { own, federation, encryptionSeed, keyring, members, log } = this.#options
    const grant = admitGrant(envelope, { federation, speaker: members.speaker })
    if (!grant.ok) return log('warn', 'a grant is refused', { from, code: grant.failure.code })
    const { publisher, consumer, statement } = grant.value
    if (publisher !== from || consumer !== own || keyring.has(statement.id)) return
    const keys = openGrant(grant.value, encryptionSeed)
    // Wrapped for another node of this member, mostly.
    if (keys.ok) await keyring.keep({ grant: grant.value, keys: keys.value })
    else log('debug', 'a grant is not for this node', { from, code: keys.failure.code })
  }

  async #takeEnd (envelope: Uint8Array, from: Did): Promise<void> {
    const { federation, standings, members, log } = this.#options
    const admitted = admitAgreementRevocation(envelope, { federation, speaker: members.speaker }, id => standings.get(id))
    if (admitted.ok) return this.#end(admitted.value.revocation)
    const { failure } = admitted
    if (failure.code !== 'unknown-agreement') return log('warn', 'the end of an agreement is refused', { from, code: failure.code })
    const [oldest] = this.#early.keys()
    if (this.#early.size >= EARLY_MAX && oldest !== undefined) this.#early.delete(oldest)
    const statement = decodeStatement(envelope, envelope.length)
    if (statement.ok) this.#early.set(statement.value.id.toString(), { envelope, from })
  }

  async #end ({ agreementId, effectiveMs }: AgreementRevocation): Promise<void> {
    const { standings } = this.#options
    const held = standings.get(agreementId)?.revokedAtMs ?? null
    if (held === null || held > effectiveMs) await standings.revoke(agreementId, effectiveMs)
  }

  async #hearEarly (): Promise<void> {
    const early = [...this.#early.values()]
    this.#early.clear()
    for (const { envelope, from } of early) await this.#takeEnd(envelope, from)
  }

  /** A publisher told all that it holds: where there is nothing newer of its grants, what is here is as it is now. */
  async #listed (member: Did): Promise<void> {
    const { puller, standings, clock } = this.#options
    const feed = this.#theirs().find(({ declaration }) => declaration.publisher === member && declaration.datasetId === GRANTS_DATASET_ID)
    const isKnown = (standings.leaseAgeMs(member) ?? Infinity) < HEARD_EVERY_MS
    if (!isKnown && feed?.head !== undefined && feed.isComplete && puller.claimedOf(feed) <= feed.length) await standings.heard(member, clock.nowMs())
  }
}
