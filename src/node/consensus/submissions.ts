import { fail, ok, type Result } from '../../base/index.ts'
import { poolHas } from '../../core/consensus/index.ts'
import { decodeTransaction, type Ledger, type LedgerState, type LedgerTransaction } from '../../core/ledger/index.ts'
import type { Clock, Store } from '../../host/index.ts'
import { ownTransactionKey, rowsOf } from '../rows/index.ts'
import type { Driver, Finals } from './driver.ts'

const OWN_TRANSACTIONS_PER_MEMBER_MAX = 256
const OWN_TRANSACTIONS_MAX = 4_096
const FINAL_IDS_MAX = 4_096
/** How often own transactions are looked through for those that can never become final, or that the pool lost. */
const SWEEP_MS = 10_000
/** The next of its key that is refused for so long is given up: all that follows waits behind it. */
const REFUSED_MS = 120_000

export type Submission = { readonly id: string, readonly state: 'waiting' | 'final', readonly height: number | null }
/** `code`: of the ledger where it refuses; else `malformed`, `busy` or `expired`. */
export type SubmissionFailure = { readonly code: string, readonly opIndex: number | null }
type Outcome = Result<Submission, SubmissionFailure>
type Own = { readonly transaction: LedgerTransaction, refusedSinceMs: number | undefined, readonly settle: ((outcome: Outcome) => void)[] }

export type SubmissionsOptions = {
  readonly driver: Driver<LedgerState, LedgerTransaction>
  readonly ledger: Ledger
  readonly state: () => LedgerState
  readonly clock: Clock
}

/** Transactions that were submitted here: kept until they are final or can never be, and whoever waits is told. */
export class Submissions {
  readonly #options: SubmissionsOptions
  readonly #own = new Map<string, Own>()
  readonly #ownByAuthor = new Map<string, number>()
  readonly #finalHeights = new Map<string, number>()
  /** After the last blocks that were told of: what is final beyond them is not told yet, which is not the same as lost. */
  #told: LedgerState | undefined
  #cancelSweep: (() => void) | undefined

  constructor (options: SubmissionsOptions) {
    this.#options = options
    options.driver.finals.on(finals => this.#final(finals))
    options.driver.adopted.on(() => { this.#told = undefined })
  }

  /** Takes up again what was submitted before this process began. */
  async resume (store: Store): Promise<void> {
    const { ledger, driver } = this.#options
    for await (const { key, read } of store.entries(rowsOf('ownTransaction'))) {
      const decoded = read.state === 'found' ? decodeTransaction(ledger.registry, read.value) : undefined
      const admitted = decoded?.ok === true ? ledger.admit(this.#options.state(), decoded.value.bytes) : undefined
      if (admitted === undefined) driver.keepLazily([{ type: 'delete', key }])
      else this.#add(admitted)
    }
  }

  * waiting (): Iterable<LedgerTransaction> {
    for (const { transaction } of this.#own.values()) yield transaction
  }

  get size (): number {
    return this.#own.size
  }

  /** Resolves when it is final, when it can never be, or with `waiting` after `withinMs`. */
  submit (bytes: Uint8Array, withinMs: number): Promise<Outcome> {
    const { ledger, driver, clock } = this.#options
    const decoded = decodeTransaction(ledger.registry, bytes)
    if (!decoded.ok) return Promise.resolve(fail({ code: 'malformed', opIndex: 'opIndex' in decoded.failure ? decoded.failure.opIndex : null }))
    const { id, author } = decoded.value
    const height = this.#finalHeights.get(id)
    if (height !== undefined) return Promise.resolve(ok({ id, state: 'final', height }))
    if (!this.#own.has(id)) {
      const admitted = this.#admit(decoded.value)
      if (!admitted.ok) return Promise.resolve(admitted)
      if (this.#own.size >= OWN_TRANSACTIONS_MAX || (this.#ownByAuthor.get(author) ?? 0) >= OWN_TRANSACTIONS_PER_MEMBER_MAX) {
        return Promise.resolve(fail({ code: 'busy', opIndex: null }))
      }
      driver.keepLazily([{ type: 'put', key: ownTransactionKey(admitted.value.idBytes), value: bytes }])
      this.#add(admitted.value)
    }
    const own = this.#own.get(id)
    return new Promise(resolve => {
      const cancel = clock.wake(Math.max(1, withinMs), () => {
        own?.settle.splice(own.settle.indexOf(settle), 1)
        resolve(ok({ id, state: 'waiting', height: null }))
      })
      const settle = (outcome: Outcome): void => {
        cancel()
        resolve(outcome)
      }
      own?.settle.push(settle)
    })
  }

  /** What follows in the order of its key waits for its turn; all else must apply as things are. */
  #admit (transaction: LedgerTransaction): Result<LedgerTransaction, SubmissionFailure> {
    const { ledger, state, clock } = this.#options
    const admitted = ledger.admit(state(), transaction.bytes)
    const checked = ledger.check(state(), clock.nowMs(), admitted ?? transaction)
    if (checked.ok && admitted !== undefined) return ok(admitted)
    if (checked.ok) return fail({ code: 'signature', opIndex: null })
    const waits = checked.failure.code === 'sequence' && admitted !== undefined && ledger.isAlive(state(), clock.nowMs(), admitted)
    return waits ? ok(admitted) : checked
  }

  #add (transaction: LedgerTransaction): void {
    this.#own.set(transaction.id, { transaction, refusedSinceMs: undefined, settle: [] })
    this.#sweepLater()
    this.#ownByAuthor.set(transaction.author, (this.#ownByAuthor.get(transaction.author) ?? 0) + 1)
    this.#options.driver.submit(transaction)
  }

  #final ({ blocks }: Finals<LedgerState>): void {
    this.#told = blocks.at(-1)?.state
    for (const { block: { header: { height } }, ids } of blocks) {
      for (const id of ids) {
        this.#finalHeights.set(id, height)
        if (this.#own.has(id)) this.#end(id, ok({ id, state: 'final', height }))
      }
    }
    for (const oldest of this.#finalHeights.keys()) {
      if (this.#finalHeights.size <= FINAL_IDS_MAX) break
      this.#finalHeights.delete(oldest)
    }
  }

  stop (): void {
    this.#cancelSweep?.()
  }

  /** While something waits, and then no longer: an idle node sleeps. */
  #sweepLater (): void {
    this.#cancelSweep ??= this.#options.clock.wake(SWEEP_MS, () => {
      this.#cancelSweep = undefined
      this.#sweep()
      if (this.#own.size > 0) this.#sweepLater()
    })
  }

  #sweep (): void {
    const { ledger, driver, clock } = this.#options
    const told = this.#told ?? this.#options.state()
    for (const [id, own] of this.#own) {
      const { transaction } = own
      const checked = ledger.check(told, clock.nowMs(), transaction)
      if (checked.ok || checked.failure.code === 'sequence') own.refusedSinceMs = undefined
      else own.refusedSinceMs ??= clock.monotonicMs()
      if (!ledger.isAlive(told, clock.nowMs(), transaction)) this.#end(id, fail({ code: 'expired', opIndex: null }))
      else if (!checked.ok && clock.monotonicMs() - (own.refusedSinceMs ?? Infinity) >= REFUSED_MS) this.#end(id, checked)
      else if (!poolHas(driver.state, id)) driver.submit(transaction)
    }
  }

  #end (id: string, outcome: Outcome): void {
    const own = this.#own.get(id)
    if (own === undefined) return
    const { author, idBytes } = own.transaction
    this.#own.delete(id)
    const left = (this.#ownByAuthor.get(author) ?? 1) - 1
    if (left === 0) this.#ownByAuthor.delete(author)
    else this.#ownByAuthor.set(author, left)
    this.#options.driver.keepLazily([{ type: 'delete', key: ownTransactionKey(idBytes) }])
    for (const settle of own.settle) settle(outcome)
  }
}
