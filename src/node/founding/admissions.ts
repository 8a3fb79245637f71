import { fail, ok, type Result } from '../../base/index.ts'
import {
  decodeAdmissionRequest, decodeReception, encodeReception, fourWords, INTRODUCED_MAX, openReception, outstandingUntilMs, receptionStep, withTicket,
  type Introduced, type Reception, type Standing
} from '../../core/admission/index.ts'
import { encodeTicket, peerIdOfKey, TICKET_NONCE_SIZE_BYTES, type Did } from '../../core/identity/index.ts'
import type { Clock, Log, Random, Store } from '../../host/index.ts'
import type { ApplicationView, FoundingFailure, Ticket } from '../contract/index.ts'
import { Signal } from '../feeds/index.ts'
import type { Members } from '../members/index.ts'
import { metaKey } from '../rows/index.ts'
import type { Decisions } from './decisions.ts'
import { ROOT_LOCKED } from './failures.ts'
import type { Keys } from './keys.ts'
import type { JoinListener } from './listener.ts'

const RECEPTION = metaKey('admission/reception')
const TICKETS_MAX = 64

export type AdmissionsOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly keys: Keys
  readonly members: Members
  /** Where other members reach this node. */
  readonly addresses: readonly string[]
  readonly listener: JoinListener
  readonly decisions: Decisions
  readonly log: Log
}

/** Invites new members, and tells those who applied how the others decided. Survives restarts at every step. */
export class Admissions {
  readonly #options: AdmissionsOptions
  #reception: Reception
  #turn: Promise<unknown> = Promise.resolve()
  /** Somebody applied. */
  readonly changed: Signal<void> = new Signal()

  private constructor (options: AdmissionsOptions, reception: Reception) {
    this.#options = options
    this.#reception = reception
  }

  /** Goes on where the last run of this node left off. */
  static async open (options: AdmissionsOptions): Promise<Admissions> {
    const { store, clock, members, listener } = options
    const read = await store.get(RECEPTION)
    const kept = read.state === 'found' ? decodeReception(read.value) : undefined
    const { federation } = members.current
    const reception = kept?.federation.equals(federation) === true ? kept : openReception(federation)
    const admissions = new Admissions(options, reception)
    listener.add(request => admissions.#answer(request))
    if (clock.nowMs() < outstandingUntilMs(reception)) await listener.open()
    return admissions
  }

  /** A ticket for whoever shall apply. It admits nobody by itself: the members vote. */
  async invite (validMs: number): Promise<Result<Ticket, FoundingFailure>> {
    const { clock, random, keys: { root }, members, listener } = this.#options
    if (root === undefined) return fail(ROOT_LOCKED)
    const addresses = await listener.open()
    return this.#exclusively(async () => {
      const nowMs = clock.nowMs()
      if (this.#reception.tickets.filter(({ expiresMs }) => expiresMs >= nowMs).length >= TICKETS_MAX) {
        return fail({ code: 'refused', reason: `${TICKETS_MAX} tickets are out`, hint: 'give one of them to several, or wait until one is past' })
      }
      const { federation, charter: { name } } = members.current
      const ticket = encodeTicket({ federation, name, addresses, expiresMs: nowMs + validMs, nonce: random.bytes(TICKET_NONCE_SIZE_BYTES), founders: 0 }, root)
      await this.#keep(withTicket(this.#reception, ticket, nowMs))
      return ok({ ticket: ticket.text, expiresMs: ticket.expiresMs, federationName: name, want: 0 })
    })
  }

  /** Those who applied and are no members yet, in the order of arrival. */
  applications (): readonly ApplicationView[] {
    const { federation, applications } = this.#reception
    return applications.filter(({ member }) => !this.#isMember(member)).map(({ id, member, name, receivedMs, addresses }) => ({
      id: id.toString(), did: member, name, receivedMs, addresses, words: fourWords({ to: federation, applicant: member, inviter: this.#options.keys.did })
    }))
  }

  /** Who applied, by DID or by the id of the application. */
  applicant (reference: string): Did | undefined {
    return this.#reception.applications.find(({ id, member }) => member === reference || id.toString() === reference)?.member
  }

  async #answer (request: Uint8Array): Promise<Uint8Array | undefined> {
    if (!decodeAdmissionRequest(request).ok) return undefined
    return this.#exclusively(async () => {
      const { clock, members, log } = this.#options
      const step = receptionStep(this.#reception, request, {
        nowMs: clock.nowMs(), standingOf: did => this.#standingOf(did), memberOfTransport: key => members.current.memberOfPeer(peerIdOfKey(key)),
        welcome: () => ({ charter: members.current.charter.envelope, checkpoint: this.#options.decisions.checkpoint(), members: this.#introduced() })
      })
      if (step.isChanged) await this.#keep(step.state)
      if (step.certificate !== undefined) {
        // From now on it may connect here; all others learn of its node from the ledger.
        const added = await members.addCertificate(step.certificate)
        if (!added.ok) log('warn', 'the certificate of a new member was not taken', { code: added.failure.code })
      }
      return step.answer
    })
  }

  async #keep (reception: Reception): Promise<void> {
    const isNew = reception.applications !== this.#reception.applications
    this.#reception = reception
    await this.#options.store.commit([{ type: 'put', key: RECEPTION, value: encodeReception(reception) }])
    if (isNew) this.changed.emit()
  }

  #isMember (did: Did): boolean {
    const member = this.#options.members.current.member(did)
    return member !== undefined && member.revokedSinceMs === undefined
  }

  #standingOf (did: Did): Standing {
    if (this.#isMember(did)) return { type: 'member' }
    const proposal = this.#options.decisions.proposalOf(did)
    if (proposal === undefined) return { type: 'none' }
    return { type: proposal.state === 'open' ? 'voting' : 'rejected', proposal: proposal.id }
  }

  /** This node first: it is the one that lets a newcomer in. */
  #introduced (): readonly Introduced[] {
    const { keys, members, addresses } = this.#options
    const own = { member: keys.did, transportKey: keys.transport.publicKey, addresses }
    const ownPeer = peerIdOfKey(keys.transport.publicKey)
    const others = members.current.nodes().filter(node => peerIdOfKey(node.transportKey) !== ownPeer && node.addresses.length > 0)
    return [own, ...others].slice(0, INTRODUCED_MAX)
  }

  async #exclusively<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async stop (): Promise<void> {
    await this.#turn.catch(() => {})
  }
}
