import type { Clock } from '../../host/index.ts'
import type { AccessLog, AccessRecord } from '../access/index.ts'
import { DECISION_REUSE_MS_MAX, isFleeting } from './cache.ts'
import type { DoorDecision, Question } from './question.ts'
import { reasonText } from './refusal.ts'

/** What is being given out at a time. */
export const PASSAGES_MAX = 16_384
/** Streams and replication write down what went out once in so long. */
const RECORD_EVERY_MS = 60_000

export type Taken = { readonly records: number, readonly bytes: number }

/**
 * One use of an allowance, from its first byte to its last: asked before each part goes out, written down, and cut off when
 * the right is lost. Its signal aborts in the moment that something is seen which takes the right away.
 */
export class Passage {
  readonly question: Question
  readonly #options: PassageOptions
  readonly #lost = new AbortController()
  #decision: DoorDecision
  #cancel: () => void = () => {}
  #hasBegun = false
  #lastMs = 0
  #pending: Taken = { records: 0, bytes: 0 }

  constructor (options: PassageOptions) {
    this.question = options.question
    this.#options = options
    this.#decision = options.decision
    if (options.decision.allow) this.#watch()
    else this.#refuse()
  }

  /** The newest: where the right was lost, why. */
  get decision (): DoorDecision {
    return this.#decision
  }

  get isOpen (): boolean {
    return !this.#lost.signal.aborted
  }

  get signal (): AbortSignal {
    return this.#lost.signal
  }

  /** Before this much goes out; false: it must not. */
  take (taken: Taken): Promise<boolean> | boolean {
    if (!this.isOpen) return false
    if (isFleeting(this.#decision) && !this.reconsider(taken.records)) return false
    if (!this.#options.isRecorded) return true
    this.#pending = { records: this.#pending.records + taken.records, bytes: this.#pending.bytes + taken.bytes }
    // What waits to be written down is counted nowhere else: of what is limited nothing waits, or others beside would have it too.
    const mayWait = (this.question.door === 'sync' || this.question.door === 'stream') && !this.#decision.dependsOn.includes('counters')
    if (this.#hasBegun && mayWait && this.#options.clock.monotonicMs() - this.#lastMs < RECORD_EVERY_MS) return true
    return this.#write().then(isKept => isKept && this.isOpen)
  }

  /** Asks again; false where the right is lost, and then for good. */
  reconsider (records?: number): boolean {
    if (!this.isOpen) return false
    // What was written down is counted there.
    const waiting = records === undefined && !this.#hasBegun ? this.question.records : this.#pending.records + (records ?? 0)
    const asked = { ...this.question, records: waiting, isContinued: this.#hasBegun }
    const decision = this.#options.decide(asked)
    this.#decision = decision
    if (decision.allow) this.#watch()
    else this.#refuse()
    return decision.allow
  }

  /** No more goes out. Resolves when what did is written down. */
  async end (): Promise<void> {
    this.#close()
    if (this.#pending.records > 0 || this.#pending.bytes > 0) await this.#write()
  }

  #watch (): void {
    this.#cancel()
    const { clock } = this.#options
    const validMs = (this.#decision.validUntilMs ?? Infinity) - clock.nowMs()
    this.#cancel = clock.wake(Math.max(0, Math.min(validMs, DECISION_REUSE_MS_MAX)), () => { this.reconsider() })
  }

  #refuse (): void {
    this.#close()
    if (this.#options.isRecorded) this.#options.access.refuse(this.#recordOf('refused', { records: 0, bytes: 0 }))
  }

  #close (): void {
    this.#cancel()
    this.#options.left(this)
    this.#lost.abort()
  }

  #write (): Promise<boolean> {
    const taken = this.#pending
    this.#pending = { records: 0, bytes: 0 }
    this.#lastMs = this.#options.clock.monotonicMs()
    const written = this.#options.access.record(this.#recordOf('allowed', taken))
    this.#hasBegun = true
    return written
  }

  #recordOf (outcome: AccessRecord['outcome'], { records, bytes }: Taken): AccessRecord {
    const { asset, requester, door, purpose } = this.question
    const { agreementId } = this.#decision
    return {
      outcome, timeMs: this.#options.clock.nowMs(), agreementId, publisher: asset.publisher, datasetId: asset.datasetId,
      requester, door, purpose: purpose ?? (agreementId === null ? null : this.#options.purposeOf(agreementId)), policyCid: this.#decision.policyCid, requests: outcome === 'allowed' && !this.#hasBegun ? 1 : 0, records, bytes,
      reasons: this.#decision.reasons.map(reasonText).slice(0, 32)
    }
  }
}

export type PassageOptions = {
  readonly question: Question
  readonly decision: DoorDecision
  readonly isRecorded: boolean
  readonly decide: (question: Question) => DoorDecision
  readonly purposeOf: (agreementId: string) => string | null
  readonly access: Pick<AccessLog, 'record' | 'refuse'>
  readonly clock: Clock
  readonly left: (passage: Passage) => void
}
