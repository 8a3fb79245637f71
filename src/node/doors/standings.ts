import {
  boolean, bytes, decodeCanonical, encodeCanonical, list, literal, nullable, struct, text, tuple, uint, utf8, type Parsed
} from '../../base/index.ts'
import { didSchema, type Did } from '../../core/identity/index.ts'
import { datasetIdSchema } from '../../core/feed/index.ts'
import type { Clock, Row, Store } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { agreementKey, metaKey, rowsOf } from '../rows/index.ts'

/** Agreements that this node is a party of, on either side; beyond it none is made. */
const AGREEMENTS_MAX = 65_536
const POLICY_BYTES_MAX = 32_768
const ROW_BYTES_MAX = 65_536
const DUTIES_MAX = 32

const dutyState = literal('pending', 'fulfilled', 'violated')

const schema = struct({
  id: text(45),
  provider: didSchema,
  consumer: didSchema,
  datasetId: datasetIdSchema,
  /** The one purpose that it names; null where its policy asks for none. */
  purpose: nullable(text(128)),
  /** As it was bound and signed: JSON of the Dataspace Protocol in UTF-8. */
  policy: bytes(2, POLICY_BYTES_MAX),
  inForceFromMs: uint(),
  /** What the ledger knows it by; null while no commitment was made. */
  commit: nullable(bytes(32)),
  revokedAtMs: nullable(uint()),
  /** How long its consumer may read on without having heard of the provider; null: 14 days. */
  stalenessMaxMs: nullable(uint()),
  /** By rule of the policy, such as `obligation/0`; a rule that is not named was not looked at yet. */
  duties: list(struct({ rule: text(64), state: dutyState }), DUTIES_MAX),
  /** Whether a person or rule ended it here; the other side may not have heard. */
  endedHere: boolean()
})

/** What two members agreed about one dataset for one purpose, as the doors need it. */
export type StandingAgreement = Parsed<typeof schema>
export type AgreementParties = { readonly provider: Did, readonly consumer: Did, readonly datasetId: string }

/** A declaration of an emergency whose signature was verified, not ended. */
export type DeclaredEmergency = {
  readonly id: string
  readonly kinds: readonly string[]
  /** H3 cells. */
  readonly area: readonly string[]
  readonly declaredAtMs: number
  readonly expiresAtMs: number
  readonly declarer: Did
}

/**
 * All that was agreed, promised and declared, as far as this node has seen it: what doors ask. Agreements, duties and leases are
 * rows; emergencies and payments are told anew after a start by those who keep their statements.
 *
 * A revocation is in force the moment it is told, before the disk has it.
 */
export class Standings {
  readonly #store: Store
  readonly #clock: Clock
  readonly #byId = new Map<string, StandingAgreement>()
  readonly #byDataset = new Map<string, Set<string>>()
  readonly #heardMs = new Map<Did, number>()
  readonly #emergencies = new Map<string, DeclaredEmergency>()
  readonly #payments = new Map<string, { readonly owedMinor: number, readonly vouchedMinor: number }>()
  /** What a decision about this dataset may rest on has changed; undefined: about any. */
  readonly changed: Signal<AgreementParties | undefined> = new Signal()

  private constructor (store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  static async load (store: Store, clock: Clock): Promise<Standings> {
    const standings = new Standings(store, clock)
    for await (const { read } of store.entries(rowsOf('agreement'))) {
      const decoded = read.state === 'found' ? decodeCanonical(read.value, schema, ROW_BYTES_MAX) : undefined
      if (decoded?.ok === true) standings.#index(decoded.value)
    }
    const heard = await store.get(HEARD)
    const decoded = heard.state === 'found' ? decodeCanonical(heard.value, heardSchema, HEARD_BYTES_MAX) : undefined
    if (decoded?.ok === true) for (const [provider, timeMs] of decoded.value) standings.#heardMs.set(provider, timeMs)
    return standings
  }

  /** Every agreement about a dataset between these two, of whatever purpose, revoked ones too. */
  between ({ provider, consumer, datasetId }: AgreementParties): readonly StandingAgreement[] {
    return this.about(provider, datasetId).filter(each => each.consumer === consumer)
  }

  about (provider: string, datasetId: string): readonly StandingAgreement[] {
    const ids = this.#byDataset.get(`${provider}/${datasetId}`) ?? []
    return [...ids].flatMap(id => this.#byId.get(id) ?? [])
  }

  get (id: string): StandingAgreement | undefined {
    return this.#byId.get(id)
  }

  all (): Iterable<StandingAgreement> {
    return this.#byId.values()
  }

  /** Whether it could be read again after a start, and there is room for it. Nothing that cannot be kept may be agreed. */
  isKeepable (agreement: StandingAgreement): boolean {
    const hasRoom = this.#byId.has(agreement.id) || this.#byId.size < AGREEMENTS_MAX
    return hasRoom && decodeCanonical(encodeCanonical(agreement), schema, ROW_BYTES_MAX).ok
  }

  /** False where it is not keepable. */
  async put (agreement: StandingAgreement): Promise<boolean> {
    if (!this.isKeepable(agreement)) return false
    this.#index(agreement)
    this.changed.emit(agreement)
    await this.#store.commit([rowOf(agreement)])
    return true
  }

  /** Ends an agreement from `effectiveMs` on; told again, the earlier time counts. False where it is not known. */
  async revoke (id: string, effectiveMs: number, endedHere = false): Promise<boolean> {
    const held = this.#byId.get(id)
    if (held === undefined) return false
    return this.put({ ...held, revokedAtMs: Math.min(held.revokedAtMs ?? effectiveMs, effectiveMs), endedHere: held.endedHere || endedHere })
  }

  async setDuty (id: string, rule: string, state: Parsed<typeof dutyState>): Promise<boolean> {
    const held = this.#byId.get(id)
    if (held === undefined) return false
    return this.put({ ...held, duties: [...held.duties.filter(each => each.rule !== rule), { rule, state }].slice(-DUTIES_MAX) })
  }

  // --- Leases ------------------------------------------------------------------------------------------------------

  /** The feed of grants came from the provider itself, by wire or bundle, as it was at `timeMs`. */
  async heard (provider: Did, timeMs: number): Promise<void> {
    const before = this.#heardMs.get(provider)
    if (before !== undefined && before >= timeMs) return
    this.#heardMs.set(provider, timeMs)
    this.changed.emit(undefined)
    const rows: Row[] = [{ type: 'put', key: HEARD, value: encodeCanonical([...this.#heardMs].slice(-HEARD_MAX)) }]
    await this.#store.commit(rows)
  }

  /** For how long the provider was not heard; undefined: never was it. */
  leaseAgeMs (provider: Did): number | undefined {
    const heardMs = this.#heardMs.get(provider)
    return heardMs === undefined ? undefined : Math.max(0, this.#clock.nowMs() - heardMs)
  }

  // --- What is told anew after a start -----------------------------------------------------------------------------

  declare (emergency: DeclaredEmergency): void {
    this.#emergencies.set(emergency.id, emergency)
    this.changed.emit(undefined)
  }

  withdraw (emergencyId: string): void {
    if (this.#emergencies.delete(emergencyId)) this.changed.emit(undefined)
  }

  emergencies (): readonly DeclaredEmergency[] {
    return [...this.#emergencies.values()]
  }

  setPayment (agreementId: string, payment: { readonly owedMinor: number, readonly vouchedMinor: number }): void {
    this.#payments.set(agreementId, payment)
    this.changed.emit(this.#byId.get(agreementId))
  }

  payment (agreementId: string): { readonly owedMinor: number, readonly vouchedMinor: number } | undefined {
    return this.#payments.get(agreementId)
  }

  #index (agreement: StandingAgreement): void {
    this.#byId.set(agreement.id, agreement)
    const name = `${agreement.provider}/${agreement.datasetId}`
    const ids = this.#byDataset.get(name) ?? new Set()
    this.#byDataset.set(name, ids.add(agreement.id))
  }
}

const HEARD = metaKey('heard')
const HEARD_MAX = 4_096
const HEARD_BYTES_MAX = 1 << 20
const heardSchema = list(tuple(didSchema, uint()), HEARD_MAX)

function rowOf (agreement: StandingAgreement): Row {
  return { type: 'put', key: agreementKey(utf8(agreement.id)), value: encodeCanonical(agreement) }
}
