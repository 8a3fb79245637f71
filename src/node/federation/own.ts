import { assert, bytes, bytesOfHex, decodeCanonical, digestOf, encodeCanonical, equalBytes, hex, list, unreachable, type CID } from '../../base/index.ts'
import { decideStart, decodeHead } from '../../core/feed/index.ts'
import { signStatement, type Certificate, type SigningKey } from '../../core/identity/index.ts'
import type { Log, Store } from '../../host/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'
import { decodeGuardRow, encodeGuardRow, guardKey, metaKey, rowsOf } from '../rows/index.ts'
import type { Writer } from '../writer/index.ts'

const SIGNER_OF = metaKey('store')
/** Feeds that no other member may hold: once lost, they are gone, and nobody is asked for them. */
const ALONE = metaKey('alone')
const ALONE_MAX = 1_024
const ALONE_BYTES_MAX = 65_536
const aloneSchema = list(bytes(32), ALONE_MAX)

const FOREIGN = 'the signer database is missing, damaged or belongs to another store: own feeds are not written; restore it from a backup'

/**
 * Decides which own feeds may be written, by what the signer promised. What is not here as far as it was
 * promised is fetched back from neighbours first. Where it is not known what was promised, because a guard is damaged or the
 * folder was restored from a backup, half of the other members must first have told what they hold.
 */
export class OwnFeeds {
  readonly #feeds: Feeds
  readonly #store: Store
  readonly #signer: Store
  readonly #writer: Writer
  readonly #voice: () => { readonly certificate: Certificate, readonly key: SigningKey }
  /** Length that a head shows to exist, and length that somebody claims. */
  readonly #reach: (feed: Feed) => { readonly shown: number, readonly claimed: number }
  readonly #membersOther: () => number
  readonly #onFatal: (cause: unknown) => void
  readonly #log: Log
  /** Digests of feeds that were promised and that this store does not know. */
  readonly #lost = new Set<string>()
  readonly #alone = new Set<string>()
  /** Feeds whose guard cannot be read, or was lost. */
  readonly #unguarded = new Set<string>()
  readonly #answered = new Set<string>()
  readonly #deciding = new Set<string>()
  #isForeign = false
  #isRestored: boolean
  readonly #restoreEnded: () => void
  /** It became known that own feeds may be declared. */
  readonly changed: Signal<void> = new Signal()

  constructor (options: {
    readonly feeds: Feeds, readonly store: Store, readonly signer: Store, readonly writer: Writer,
    readonly voice: () => { readonly certificate: Certificate, readonly key: SigningKey }, readonly reach: (feed: Feed) => { readonly shown: number, readonly claimed: number },
    readonly membersOther: () => number, readonly isRestored: boolean, readonly restoreEnded: () => void, readonly onFatal: (cause: unknown) => void, readonly log: Log
  }) {
    this.#feeds = options.feeds
    this.#store = options.store
    this.#signer = options.signer
    this.#writer = options.writer
    this.#voice = options.voice
    this.#reach = options.reach
    this.#membersOther = options.membersOther
    this.#isRestored = options.isRestored
    this.#restoreEnded = options.restoreEnded
    this.#onFatal = options.onFatal
    this.#log = options.log
    this.#feeds.changed.on(feed => this.#reconsider(feed))
  }

  async open (): Promise<void> {
    const own = this.#own()
    const guarded = new Set<string>()
    for await (const { key, read } of this.#signer.entries(rowsOf('guard'))) {
      // A key that damage has changed names no feed; the feed it stood for then has no guard.
      if (read.state === 'found') guarded.add(hex(key.subarray(1)))
    }
    const link = await this.#signer.get(SIGNER_OF)
    if (link.state === 'absent' && own.length === 0 && guarded.size === 0) {
      await this.#signer.commit([{ type: 'put', key: SIGNER_OF, value: new TextEncoder().encode(this.#store.storeId) }])
    } else if (link.state !== 'found' || new TextDecoder().decode(link.value) !== this.#store.storeId) {
      this.#isForeign = true
    }
    const known = new Set(own.map(feed => hex(digestOf(feed.id))))
    const kept = await this.#signer.get(ALONE)
    const alone = kept.state === 'found' ? decodeCanonical(kept.value, aloneSchema, ALONE_BYTES_MAX) : undefined
    if (alone?.ok === true) for (const digest of alone.value) this.#alone.add(hex(digest))
    for (const digest of guarded) if (!known.has(digest) && !this.#alone.has(digest)) this.#lost.add(digest)
    for (const feed of own) await this.#open(feed)
  }

  /** Remembers, beside what was promised, that nobody else will hold this feed. */
  async keepAlone (feed: CID): Promise<void> {
    this.#alone.add(hex(digestOf(feed)))
    const value = encodeCanonical([...this.#alone].slice(-ALONE_MAX).map(digest => bytesOfHex(digest) ?? new Uint8Array(32)))
    await this.#signer.commit([{ type: 'put', key: ALONE, value }])
  }

  /** Whether a new own feed may be declared that could have been there before. */
  get mayDeclare (): boolean {
    return !this.#isForeign && this.#lost.size === 0 && (!this.#isRestored || this.#hasEnoughAnswers)
  }

  alarms (): readonly string[] {
    if (this.#isForeign) return [FOREIGN]
    const alarms = this.#own().filter(({ status }) => status === 'recovering').map(feed => {
      const why = this.#unguarded.has(feed.key) ? 'what was signed of it is not known here, so half of the other members are asked' : 'less is here than was signed'
      return `the own feed of "${feed.declaration.datasetId}" is fetched back from neighbours and not written meanwhile: ${why}`
    })
    if (this.#lost.size > 0) alarms.push(`own feeds that were signed are not here (${this.#lost.size}): neighbours are asked for them`)
    if (this.#isRestored && !this.#hasEnoughAnswers) alarms.push('this node was restored from a backup: it publishes once half of the other members have told what they hold of it')
    return alarms
  }

  /** A member told all that it holds. */
  answered (member: string): void {
    this.#answered.add(member)
    for (const feed of this.#own()) this.#reconsider(feed)
    this.changed.emit()
    this.#checkRestored()
  }

  get #hasEnoughAnswers (): boolean {
    return this.#answered.size * 2 >= this.#membersOther()
  }

  #own (): readonly Feed[] {
    return [...this.#feeds.all()].filter(({ role }) => role === 'writer')
  }

  /** Once all that was found is written again, a later start needs no answers: guards say what was promised. */
  #checkRestored (): void {
    if (!this.#isRestored || !this.#hasEnoughAnswers || this.#own().length === 0) return
    if (this.#own().some(({ status }) => status === 'recovering')) return
    this.#isRestored = false
    this.#restoreEnded()
  }

  // --- One feed ----------------------------------------------------------------------------------------------------

  /** What a start after whatever crash allows. */
  async #open (feed: Feed): Promise<void> {
    if (feed.status === 'frozen') return
    const key = guardKey(digestOf(feed.id))
    const read = await this.#signer.get(key)
    const guard = read.state === 'found' ? decodeGuardRow(read.value) : undefined
    // A head is kept after its guard was: one without a guard means that the signer lost it.
    const isUnguarded = guard === undefined && (read.state !== 'absent' || feed.head !== undefined)
    if (isUnguarded) this.#unguarded.add(feed.key)
    if (this.#isForeign || isUnguarded || this.#isRestored) feed.status = 'recovering'
    else await this.#start(feed, guard === undefined ? undefined : { length: guard.length, mmrRoot: guard.mmrRoot, headBody: guard.head })
  }

  async #start (feed: Feed, guard: Parameters<typeof decideStart>[0]['guard']): Promise<void> {
    const start = decideStart({ signer: 'ours', log: feed.log, guard, headBody: feed.head?.statement.body, peerHead: undefined })
    switch (start.action) {
      case 'write': break
      case 'sign-tail':
        feed.status = 'open'
        return this.#writer.signTail(feed)
      case 'sign-again': return this.#signAgain(feed, start.headBody)
      case 'recover': case 'refuse':
        // Nobody could give it back: what is here stays to be read, and another feed goes on in its place.
        feed.status = this.#alone.has(hex(digestOf(feed.id))) ? 'frozen' : 'recovering'
        if (feed.status === 'frozen') this.#log('error', 'a feed that nobody else holds lost records: another one goes on in its place', { dataset: feed.declaration.datasetId })
        return
      default: return unreachable(start)
    }
    feed.status = 'open'
  }

  /** The body that was promised, under the same key; a new one where the certificate it was promised under is not at hand. */
  async #signAgain (feed: Feed, headBody: Uint8Array): Promise<void> {
    const { certificate, key } = this.#voice()
    const head = decodeHead(signStatement(headBody, certificate.id, key))
    assert(head.ok, 'a guard keeps the bodies of well formed heads')
    const { timeMs } = head.value
    feed.status = 'open'
    if (timeMs >= certificate.notBeforeMs && timeMs <= certificate.notAfterMs) await this.#feeds.refresh(feed, head.value)
    else await this.#writer.signTail(feed)
  }

  #reconsider (feed: Feed): void {
    this.#decide(feed).catch(this.#onFatal)
  }

  /** An own feed that was fetched back as far as it was ever promised is written again. */
  async #decide (feed: Feed): Promise<void> {
    if (feed.role !== 'writer') return
    if (this.#lost.delete(hex(digestOf(feed.id)))) this.changed.emit()
    if (this.#isForeign || feed.status !== 'recovering' || this.#deciding.has(feed.key)) return
    const needsAnswers = this.#unguarded.has(feed.key) || this.#isRestored
    if (needsAnswers && !this.#hasEnoughAnswers) return
    const { shown, claimed } = this.#reach(feed)
    if (!feed.isComplete || feed.length < (needsAnswers ? claimed : shown)) return
    this.#deciding.add(feed.key)
    try {
      await this.#goOn(feed, needsAnswers)
    } finally {
      this.#deciding.delete(feed.key)
    }
  }

  async #goOn (feed: Feed, isGuardUnknown: boolean): Promise<void> {
    const key = guardKey(digestOf(feed.id))
    const read = await this.#signer.get(key)
    const kept = read.state === 'found' ? decodeGuardRow(read.value) : undefined
    const { head } = feed
    if (kept !== undefined && (feed.length < kept.length || !equalBytes(feed.log.root(kept.length), kept.mmrRoot))) return
    if (head === undefined) {
      // Nothing of it was ever signed, as far as anybody knows: its records, if there are any, were never acknowledged.
      if (kept !== undefined || feed.log.length > 0 || !isGuardUnknown) return
    } else if (kept === undefined || kept.length < head.length) {
      await this.#signer.commit([{ type: 'put', key, value: encodeGuardRow({ length: head.length, mmrRoot: head.mmrRoot, head: head.statement.body }) }])
    }
    if (feed.status !== 'recovering') return
    this.#unguarded.delete(feed.key)
    feed.status = 'open'
    if (head !== undefined && feed.log.length > head.length) await this.#writer.signTail(feed)
    this.#log('info', 'an own feed was fetched back and is written again', { feed: feed.key })
    this.#feeds.changed.emit(feed)
    this.#checkRestored()
  }
}

/** Has the signer go with a new, empty store: all that it promised is then fetched back before anything is written. */
export async function adoptStore (signer: Store, storeId: string): Promise<void> {
  await signer.commit([{ type: 'put', key: SIGNER_OF, value: new TextEncoder().encode(storeId) }])
}

/** How many own feeds the signer made promises for. */
export async function promisedFeeds (signer: Store): Promise<number> {
  let count = 0
  for await (const key of signer.keys(rowsOf('guard'))) if (key.length > 0) count++
  return count
}
