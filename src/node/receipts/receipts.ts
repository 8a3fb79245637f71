import { utf8, type CID } from '../../base/index.ts'
import { admitReceipt, receiptBody, SAID_MEDIA_TYPES, type Receipt, type ReceiptFields } from '../../core/grants/index.ts'
import { signStatement, type Did, type SigningKey } from '../../core/identity/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import type { Standings } from '../doors/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'
import { RECEIPTS_DATASET_ID, type Granting } from '../granting/index.ts'
import type { Members } from '../members/index.ts'
import { Incomplete, readableEnd, recordsOf, type Readable } from '../reading/index.ts'

/** Kept in memory; of more the oldest are left out of what is shown, and stay in their feeds. */
const RECEIPTS_KEPT_MAX = 262_144

/** Who said it to whom, and where it stands. */
export type Heard = { readonly receipt: Receipt, readonly by: Did, readonly to: Did, readonly feed: CID, readonly record: number }

type Without<T> = T extends unknown ? Omit<T, 'federation'> : never
/** All of a receipt but in which federation. */
export type ReceiptToWrite = Without<ReceiptFields>

export type ReceiptsOptions = Readable & {
  readonly feeds: Feeds
  readonly own: Did
  readonly federation: CID
  readonly granting: Pick<Granting, 'say'>
  readonly standings: Pick<Standings, 'get'>
  readonly members: Pick<Members, 'speaker'>
  readonly voice: () => { readonly certificate: CID, readonly key: SigningKey }
  readonly clock: Clock
  readonly log: Log
}

/** Receipts that this node writes for publishers, and those that consumers write for it. */
export class Receipts {
  readonly #options: ReceiptsOptions
  readonly #next = new Map<string, number>()
  readonly #heard: Heard[] = []
  #reading: Promise<void> = Promise.resolve()
  #stopListening: () => void = () => {}
  /** Another one is here, written or received. */
  readonly changed: Signal<Heard> = new Signal()

  constructor (options: ReceiptsOptions) {
    this.#options = options
  }

  async open (): Promise<void> {
    const { feeds } = this.#options
    for (const feed of feeds.all()) await this.#read(feed)
    this.#stopListening = feeds.changed.on(feed => { void this.#readInTurn(feed) })
  }

  async stop (): Promise<void> {
    this.#stopListening()
    await this.#reading
  }

  all (): readonly Heard[] {
    return this.#heard
  }

  /** Feeds of receipts between this member and another. */
  * feeds (): Generator<Feed> {
    for (const feed of this.#options.feeds.all()) if (this.#isOurs(feed)) yield feed
  }

  /** Says something to a publisher; resolves when it is durable, with false where it cannot be said now. */
  async write (publisher: Did, fields: ReceiptToWrite): Promise<boolean> {
    const { federation, granting, voice, log } = this.#options
    const { certificate, key } = voice()
    const { envelope } = signStatement(receiptBody({ federation, ...fields }), certificate, key)
    const said = await granting.say(RECEIPTS_DATASET_ID, publisher, [{
      key: utf8(fields.agreementId ?? fields.datasetId), timeMs: fields.timeMs, operation: 'put', mediaType: SAID_MEDIA_TYPES.receipt, body: envelope
    }])
    if (!said.ok) log('warn', 'a receipt could not be written yet', { to: publisher, act: fields.act, reason: said.failure.reason })
    return said.ok
  }

  #isOurs ({ role, declaration: { datasetId, class: feedClass } }: Feed): boolean {
    return datasetId === RECEIPTS_DATASET_ID && (role === 'writer' ? feedClass.startsWith('pair:') : feedClass === `pair:${this.#options.own}`)
  }

  #readInTurn (feed: Feed): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read(feed)).catch((cause: unknown) => this.#options.log('warn', 'receipts could not be read', { reason: String(cause) }))
    return this.#reading
  }

  async #read (feed: Feed): Promise<void> {
    if (!this.#isOurs(feed)) return
    const { federation, members, standings } = this.#options
    const { publisher: by, class: feedClass } = feed.declaration
    try {
      for await (const { number, mediaType, body } of recordsOf(this.#options, feed, this.#next.get(feed.key) ?? 0, readableEnd(feed))) {
        this.#next.set(feed.key, number + 1)
        if (mediaType !== SAID_MEDIA_TYPES.receipt) continue
        const admitted = admitReceipt(body, { federation, speaker: members.speaker }, id => standings.get(id))
        if (!admitted.ok || admitted.value.by !== by) {
          this.#options.log('warn', 'a receipt does not hold', { feed: feed.key, record: number, code: admitted.ok ? 'not-theirs' : admitted.failure.code })
          continue
        }
        this.#keep({ receipt: admitted.value.receipt, by, to: feedClass.slice('pair:'.length), feed: feed.id, record: number })
      }
    } catch (cause) {
      if (!(cause instanceof Incomplete)) throw cause
    }
  }

  #keep (heard: Heard): void {
    this.#heard.push(heard)
    if (this.#heard.length > RECEIPTS_KEPT_MAX) this.#heard.shift()
    this.changed.emit(heard)
  }
}

