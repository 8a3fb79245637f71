import { epochDue, EPOCH_LIFETIME_MS_MAX, type EpochFacts } from '../../core/grants/index.ts'
import { isSealedClass } from '../../core/sealing/index.ts'
import type { Clock, Random } from '../../host/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'
import type { Keyring, OwnEpoch } from './keyring.ts'

/** An answer holds no longer than that, whatever it rests on. */
const REVIEW_MS = 60_000

export type EpochsOptions = { readonly keyring: Keyring, readonly feeds: Pick<Feeds, 'all'>, readonly clock: Clock, readonly random: Random }
type Sealed = { readonly datasetId: string, readonly class: Feed['declaration']['class'] }
/**
 * Who holds the key of this epoch without a right to it: somebody whose right ended, or a node that was lost. `untilMs`: when the
 * next right ends by time, by the wall clock; from then on it must be asked again.
 */
export type LossOf = (sealed: Sealed, epoch: number) => { readonly loss: 'revocation' | 'lost-node' | undefined, readonly untilMs: number }

/** Which own key seals what is written now. */
export class Epochs {
  readonly #options: EpochsOptions
  #lossOf: LossOf = () => ({ loss: undefined, untilMs: Infinity })
  /** By dataset and class: the epoch that was found good, when, and until when by the wall clock. */
  readonly #reviewed = new Map<string, { readonly epoch: number, readonly atMs: number, readonly untilMs: number }>()
  readonly #beginning = new Map<string, Promise<OwnEpoch>>()
  /** A new epoch begins: whoever may read it needs its key. */
  readonly began: Signal<Sealed & { readonly why: 'first' | 'lost-key' | NonNullable<ReturnType<typeof epochDue>> }> = new Signal()

  constructor (options: EpochsOptions) {
    this.#options = options
  }

  /** Until then nobody else holds a key. */
  watch (lossOf: LossOf): void {
    this.#lossOf = lossOf
    this.review()
  }

  /** Something that rights rest on has changed. */
  review (): void {
    this.#reviewed.clear()
  }

  /** Under which the next segment, or file, of an own feed is sealed; undefined for a feed in clear. At once where none is to be begun. */
  current ({ declaration: { datasetId, class: feedClass }, head }: Feed): OwnEpoch | Promise<OwnEpoch> | undefined {
    if (!isSealedClass(feedClass)) return undefined
    const sealed: Sealed = { datasetId, class: feedClass }
    const name = `${datasetId} ${feedClass}`
    const beginning = this.#beginning.get(name)
    if (beginning !== undefined) return beginning
    const newest = this.#options.keyring.newest(datasetId, feedClass)
    // Keys that came back from a backup may have been turned since: what a head names is newer, whoever holds it.
    const isOld = newest !== undefined && (head?.keyEpoch ?? 0) > newest.epoch
    const why = newest === undefined ? 'first' : isOld ? 'lost-key' : this.#dueOf(sealed, name, newest)
    if (newest !== undefined && why === undefined) return newest
    const begun = this.#begin(sealed, why ?? 'first').finally(() => this.#beginning.delete(name))
    this.#beginning.set(name, begun)
    return begun
  }

  /** Fresh and unpredictable: each segment and file has one of its own. */
  salt (sizeBytes: number): Uint8Array {
    return this.#options.random.bytes(sizeBytes)
  }

  /** For the head: the newest epoch of that dataset and class; 0 for a feed in clear. */
  newestOf ({ declaration: { datasetId, class: feedClass } }: Feed): number {
    return isSealedClass(feedClass) ? this.#options.keyring.newest(datasetId, feedClass)?.epoch ?? 0 : 0
  }

  async #begin (sealed: Sealed, why: Parameters<Epochs['began']['emit']>[0]['why']): Promise<OwnEpoch> {
    const { keyring, clock } = this.#options
    const begun = await keyring.begin(sealed.datasetId, sealed.class, clock.nowMs(), this.#headEpoch(sealed))
    this.began.emit({ ...sealed, why })
    return begun
  }

  #dueOf (sealed: Sealed, name: string, { epoch, sinceMs }: OwnEpoch): ReturnType<typeof epochDue> {
    const { clock } = this.#options
    const reviewed = this.#reviewed.get(name)
    if (reviewed?.epoch === epoch && clock.monotonicMs() - reviewed.atMs < REVIEW_MS && clock.nowMs() < reviewed.untilMs) return undefined
    const { loss, untilMs } = this.#lossOf(sealed, epoch)
    const facts: EpochFacts = {
      nowMs: clock.nowMs(), sinceMs, lifetimeMs: EPOCH_LIFETIME_MS_MAX, hasRevocation: loss === 'revocation', hasLostNode: loss === 'lost-node'
    }
    const due = epochDue(facts)
    if (due === undefined) this.#reviewed.set(name, { epoch, atMs: clock.monotonicMs(), untilMs })
    return due
  }

  #headEpoch ({ datasetId, class: feedClass }: Sealed): number {
    const heads = [...this.#options.feeds.all()].filter(({ role, declaration }) => role === 'writer' && declaration.datasetId === datasetId && declaration.class === feedClass)
    return Math.max(0, ...heads.map(({ head }) => head?.keyEpoch ?? 0))
  }
}
