/**
 * Keeps who belongs: the membership as it is now, made durable as certificates and revocations arrive.
 *
 * All that the rest of the node knows of membership comes from here, whatever it will be decided by.
 */
import { cidOf, digestOf, hex, type CID, type Result } from '../../base/index.ts'
import {
  decodeCertificate, decodeRevocation, membershipOf, type AddCertificateFailure, type AddRevocationFailure, type Charter,
  type LedgerFacts, type MemberFacts, type Membership
} from '../../core/identity/index.ts'
import type { Speaker } from '../../core/feed/index.ts'
import type { Clock, Store } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { rowsOf, statementKey } from '../rows/index.ts'

export { ledgerFactsOf } from './ledger.ts'

/** What a newcomer begins from: its own node, and nodes of members as its inviter named them. */
export type Introduced = { readonly own: string, readonly members: readonly MemberFacts[] }

export class Members {
  readonly #store: Store
  readonly #clock: Clock
  #current: Membership
  /** Envelopes that were kept of members whom only the ledger knows: they count once it is read. */
  #waiting: Uint8Array[] = []
  /** Keys of statements that are on the disk, or on their way. */
  readonly #kept = new Set<string>()
  readonly #toldNames = new Map<string, string>()
  /** Certificates, revocations or blocks came: who may connect has changed. */
  readonly changed: Signal<Membership> = new Signal()

  readonly #introduced: Introduced | undefined

  private constructor (store: Store, clock: Clock, charter: Charter, introduced: Introduced | undefined) {
    this.#store = store
    this.#clock = clock
    this.#introduced = introduced
    this.#current = membershipOf(charter)
    if (introduced !== undefined) this.#current = this.#current.withLedger({ members: introduced.members, revokedSinceMs: () => undefined })
  }

  static async load (store: Store, clock: Clock, charter: Charter, introduced?: Introduced): Promise<Members> {
    const members = new Members(store, clock, charter, introduced)
    for await (const { key, read } of store.entries(rowsOf('statement'))) {
      if (read.state !== 'found') continue
      members.#kept.add(hex(key))
      members.#take(read.value)
    }
    return members
  }

  get current (): Membership {
    return this.#current
  }

  /** Who says a statement, by the membership as it is when asked. */
  readonly speaker: Speaker = (statement, timeMs) => this.#current.speaker(statement, timeMs)

  /** How many members there are now. */
  belonging (): number {
    return this.#current.members().filter(({ revokedSinceMs }) => revokedSinceMs === undefined).length
  }

  /** As the charter calls a founder, and as others call themselves: whoever takes a name that another has goes by its DID too. */
  nameOf (did: string): string {
    const name = this.#current.member(did)?.name
    if (name !== undefined) return name
    const told = this.#toldNames.get(did)
    if (told === undefined) return shortDid(did)
    const isTaken = this.#current.members().some(other => other.did !== did && isSameName(other.name ?? this.#toldNames.get(other.did) ?? '', told))
    return isTaken ? `${told} (${shortDid(did)})` : told
  }

  /** What a member calls itself in its catalogue. */
  told (did: string, name: string): void {
    this.#toldNames.set(did, name)
  }

  /** Takes what the ledger says of membership as of now. Who was removed is cut off at once. */
  setLedger (facts: LedgerFacts): void {
    const next = this.#current.withLedger(this.#isIntroduction(facts) ? this.#introducedBeside(facts) : facts)
    if (next === this.#current) return
    this.#current = next
    const waiting = this.#waiting
    this.#waiting = []
    for (const envelope of waiting) this.#take(envelope)
    this.changed.emit(this.#current)
  }

  /** Until the ledger here has come so far that it names this member, others are known by what the inviter said. */
  #isIntroduction ({ members }: LedgerFacts): boolean {
    return this.#introduced !== undefined && members.every(({ did }) => did !== this.#introduced?.own)
  }

  #introducedBeside (facts: LedgerFacts): LedgerFacts {
    const named = new Set(facts.members.map(({ did }) => did))
    return { ...facts, members: [...facts.members, ...this.#introduced?.members.filter(({ did }) => !named.has(did)) ?? []] }
  }

  async addCertificate (envelope: Uint8Array): Promise<Result<Membership, AddCertificateFailure>> {
    const next = this.#current.withCertificate(envelope, this.#clock.nowMs())
    // What the ledger alone told of is known, and on the disk only as long as the ledger has no other.
    if (next.ok && (next.value !== this.#current || !this.#kept.has(hex(keyOf(envelope))))) await this.#keep(envelope, next.value)
    return next
  }

  async addRevocation (envelope: Uint8Array): Promise<Result<Membership, AddRevocationFailure>> {
    const next = this.#current.withRevocation(envelope)
    if (next.ok) await this.#keep(envelope, next.value)
    return next
  }

  /** A certificate or revocation by its id. */
  async statement (id: CID): Promise<Uint8Array | undefined> {
    const read = await this.#store.get(statementKey(digestOf(id)))
    return read.state === 'found' ? read.value : this.#current.certificate(id)?.envelope
  }

  /** Envelopes of all revocations, for whoever must judge without this node. */
  async revocations (): Promise<readonly Uint8Array[]> {
    const envelopes: Uint8Array[] = []
    for await (const { read } of this.#store.entries(rowsOf('statement'))) {
      if (read.state === 'found' && decodeRevocation(read.value).ok) envelopes.push(read.value)
    }
    return envelopes
  }

  async #keep (envelope: Uint8Array, next: Membership): Promise<void> {
    const key = keyOf(envelope)
    this.#kept.add(hex(key))
    // In force at once: a revocation does not wait for the disk.
    this.#current = next
    this.changed.emit(next)
    await this.#store.commit([{ type: 'put', key, value: envelope }])
  }

  #take (envelope: Uint8Array): void {
    const next = decodeCertificate(envelope).ok
      ? this.#current.withCertificate(envelope, this.#clock.nowMs())
      : decodeRevocation(envelope).ok ? this.#current.withRevocation(envelope, true) : undefined
    if (next?.ok === true) this.#current = next.value
    else if (next?.failure.code === 'unknown-member') this.#waiting.push(envelope)
  }
}

function keyOf (envelope: Uint8Array): Uint8Array {
  return statementKey(digestOf(cidOf('dagCbor', envelope)))
}

/** Enough of a DID to tell members apart. */
function shortDid (did: string): string {
  return `${did.slice(0, 12)}…${did.slice(-6)}`
}

function isSameName (a: string, b: string): boolean {
  return a.normalize('NFKC').toLowerCase() === b.normalize('NFKC').toLowerCase()
}
