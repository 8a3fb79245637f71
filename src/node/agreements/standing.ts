import { utf8, type CID } from '../../base/index.ts'
import { agreementCommit, type Agreement } from '../../core/agreement/index.ts'
import { AGREEMENT_REVOCATION_CODES, type AgreementRevocationCode } from '../../core/grants/index.ts'
import { agreementOf, encodeOperation, OPERATIONS, type LedgerState } from '../../core/ledger/index.ts'
import { writePolicy } from '../../core/terms/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import type { AgreementParties, StandingAgreement, Standings } from '../doors/index.ts'
import type { LedgerRoom } from '../ledger/index.ts'
import { LEDGER_END_AHEAD_MS, LEDGER_SWEEP_MS } from './limits.ts'
import { assetOfTarget, purposeOf } from './offers.ts'
import { commitOperation } from './signing.ts'

/** What gives keys to a consumer, and says to the other side that an agreement is over. */
export interface Rights {
  agreed (agreementId: string): Promise<unknown>
  ended (fields: { readonly agreementId: string, readonly effectiveMs: number, readonly code: AgreementRevocationCode }): Promise<unknown>
}

export type StandingOptions = {
  readonly own: string
  readonly federation: CID
  readonly standings: Standings
  readonly rights: Rights
  readonly author: Pick<LedgerRoom['pen'], 'write'>
  readonly ledger: { readonly state: LedgerState, waiting (): Iterable<{ readonly id: string }> }
  readonly clock: Clock
  readonly log: Log
  /** Signed agreements whose commitment may not be on the ledger yet. */
  readonly signed: () => Iterable<Agreement>
}

/**
 * What follows from a signed agreement: doors know it, the ledger is told, its consumer gets keys; and from its end, the same
 * backwards. Nothing waits for the ledger: what it lost or refused for now is written again.
 */
export class Standing {
  readonly #options: StandingOptions
  readonly #ends = new Map<string, AgreementRevocationCode>()
  /** What was written and may still wait its turn: by agreement. */
  readonly #written = new Map<string, string>()
  #cancel: () => void = () => {}

  constructor (options: StandingOptions) {
    this.#options = options
  }

  open (): void {
    this.#sweepLater()
  }

  stop (): void {
    this.#cancel()
  }

  /** All that was ever agreed between these two about a dataset. */
  between (parties: AgreementParties): readonly StandingAgreement[] {
    return this.#options.standings.between(parties)
  }

  /** Whether it can be in force here, however it is spelled and however many there are. To be asked before it is signed. */
  isTakeable (agreement: Agreement): boolean {
    const row = this.#rowOf(agreement)
    return row !== undefined && this.#options.standings.isKeepable(row)
  }

  /** Said again, it changes nothing. False: it cannot be in force here, and the ledger is told nothing. */
  async take (agreement: Agreement): Promise<boolean> {
    const { own, standings, rights, log } = this.#options
    const isProvider = agreement.provider === own
    const row = this.#rowOf(agreement)
    const isKept = standings.get(agreement.id) !== undefined || (row !== undefined && standings.isKeepable(row) && standings.put(row))
    if (isKept === false) {
      log('error', 'an agreement cannot be kept: there are as many as this node takes, or it is too long', { agreement: agreement.id })
      return false
    }
    await Promise.all([isKept, isProvider ? this.#commit(agreement) : undefined])
    if (isProvider) this.#follow(rights.agreed(agreement.id), 'keys for an agreement could not be given yet')
    return true
  }

  /** Its negotiation came to no end that agrees: a provider's doors may know it already, because they do before the last message leaves. */
  async drop ({ id, provider }: Agreement): Promise<void> {
    if (provider === this.#options.own && this.#options.standings.get(id)?.revokedAtMs === null) await this.end(id, 'ended')
  }

  #rowOf (agreement: Agreement): StandingAgreement | undefined {
    const { id, provider, consumer, target, policy, timestampMs, salt } = agreement
    const asset = assetOfTarget(target)
    return asset && {
      id, provider, consumer, datasetId: asset.datasetId, purpose: purposeOf(policy) ?? null, policy: utf8(JSON.stringify(writePolicy(policy))),
      inForceFromMs: timestampMs ?? 0, commit: salt === null ? null : agreementCommit(agreement, this.#options.federation, salt),
      revokedAtMs: null, stalenessMaxMs: null, duties: [], endedHere: false
    }
  }

  /** Ends an agreement now. Here it counts at once; the other side is told by its feed, and everybody by the ledger. */
  async end (id: string, code: AgreementRevocationCode): Promise<void> {
    const { standings, rights, clock } = this.#options
    const effectiveMs = clock.nowMs()
    this.#ends.set(id, code)
    await standings.revoke(id, effectiveMs, true)
    await rights.ended({ agreementId: id, effectiveMs, code })
    const standing = standings.get(id)
    if (standing !== undefined) await this.#endOnLedger(standing)
  }

  // --- The ledger --------------------------------------------------------------------------------------------------

  async #commit (agreement: Agreement): Promise<void> {
    const { federation, ledger } = this.#options
    const { salt } = agreement
    if (salt === null || agreementOf(ledger.state, agreementCommit(agreement, federation, salt)) !== undefined) return
    const operation = commitOperation(agreement, federation)
    if (operation !== undefined) await this.#write(agreement.id, operation)
  }

  async #endOnLedger ({ id, commit }: StandingAgreement): Promise<void> {
    const { ledger, clock } = this.#options
    const row = commit === null ? undefined : agreementOf(ledger.state, commit)
    if (commit === null || row === undefined || row.revokedMs !== null) return
    const reason = AGREEMENT_REVOCATION_CODES.indexOf(this.#ends.get(id) ?? 'ended')
    const operation = encodeOperation(OPERATIONS.agreementRevoke, { commit, effectiveMs: clock.nowMs() + LEDGER_END_AHEAD_MS, reason })
    await this.#write(id, operation)
  }

  async #write (id: string, operation: Uint8Array): Promise<void> {
    const { author, ledger, log } = this.#options
    const before = this.#written.get(id)
    if (before !== undefined && [...ledger.waiting()].some(each => each.id === before)) return
    const written = await author.write([operation], { type: 'node' }, 0)
    if (written.ok) this.#written.set(id, written.value.id)
    else log('warn', 'the ledger does not take what was agreed now; it is tried again', { agreement: id, code: written.failure.code })
  }

  #sweepLater (): void {
    this.#cancel = this.#options.clock.wake(LEDGER_SWEEP_MS, () => {
      this.#follow(this.#sweep(), 'agreements could not be compared with the ledger')
      this.#sweepLater()
    })
  }

  async #sweep (): Promise<void> {
    const { own, standings } = this.#options
    for (const agreement of this.#options.signed()) {
      if (agreement.provider === own && standings.get(agreement.id)?.revokedAtMs === null) await this.#commit(agreement)
    }
    for (const standing of standings.all()) if (standing.endedHere) await this.#endOnLedger(standing)
  }

  #follow (work: Promise<unknown>, sentence: string): void {
    work.catch((cause: unknown) => this.#options.log('warn', sentence, { reason: String(cause) }))
  }
}
