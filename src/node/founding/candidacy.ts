import { bytes, decodeCanonical, encodeCanonical, fail, list, literal, nullable, ok, struct, text, type Result } from '../../base/index.ts'
import {
  APPLY_ADDRESSES_MAX, candidateRequest, candidateStep, decodeCandidate, encodeCandidate, fourWords, INTRODUCED_MAX, startCandidate, type Candidate, type Introduced
} from '../../core/admission/index.ts'
import {
  CERTIFICATE_LIFETIME_MS_MAX, decodeTicket, didSchema, issueCertificate, KEY_SIZE_BYTES, type Charter, type MemberFacts, type SigningKey
} from '../../core/identity/index.ts'
import type { Clock, JoinPort, Store } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { metaKey } from '../rows/index.ts'
import type { FoundingFailure, FoundingStatus } from '../contract/index.ts'
import { ADMISSION_REFUSALS, ROOT_LOCKED, TICKET_FAILURES, UNREACHABLE } from './failures.ts'
import type { Keys } from './keys.ts'

const CALL_TIMEOUT_MS = 10_000
const ASK_EVERY_MS = 2_000
/** A vote may take weeks: who waits longer than a minute asks less often, as join listeners demand. */
const ASKS_OFTEN = 30
const ASK_LATER_MS = 30_000
const CANDIDATE = metaKey('admission/candidate')
const WELCOME = metaKey('admission/welcome')
const WELCOME_SIZE_BYTES_MAX = 262_144

export type CandidacyOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly join: JoinPort
  readonly keys: Keys
  readonly consensusKey: () => Promise<Uint8Array>
  readonly name: string
  readonly addresses: readonly string[]
}

/** What the inviter told a newcomer, to begin from. */
export type Welcome = {
  /** The own node and those of members, taken on the inviter's word until the ledger says who belongs. */
  readonly introduced: readonly MemberFacts[]
  /** The inviter's signed word where the ledger stood. */
  readonly checkpoint: Uint8Array | null
}

/** Applies for membership of a federation that exists, and goes on asking until the members have decided. */
export class Candidacy {
  readonly #options: CandidacyOptions
  #candidate: Candidate | undefined
  #cancelAsk: () => void = () => {}
  #asks = 0
  #isStopped = false
  /** The members have admitted this one. */
  readonly admitted: Signal<Charter> = new Signal()
  readonly changed: Signal<void> = new Signal()
  /** Why it cannot go on; for the status. */
  problem: string | undefined

  constructor (options: CandidacyOptions) {
    this.#options = options
  }

  /** Goes on where the last run of this node left off, unless it belongs to a federation by now. */
  async resume (isFounded: boolean): Promise<void> {
    const read = await this.#options.store.get(CANDIDATE)
    this.#candidate = !isFounded && read.state === 'found' ? decodeCandidate(read.value) : undefined
    if (this.#candidate !== undefined) this.#askSoon(0)
  }

  /**
   * What a newcomer begins from; undefined for a founder. Who lost what the inviter said still knows itself, and the founders
   * by the charter.
   */
  async welcome ({ founders }: Charter): Promise<Welcome | undefined> {
    const { store, keys, addresses } = this.#options
    if (founders.some(({ member }) => member === keys.did)) return undefined
    const read = await store.get(WELCOME)
    const kept = read.state === 'found' ? decodeWelcome(read.value) : undefined
    return kept ?? {
      introduced: [{
        did: keys.did, sinceHeight: 0, endedSinceMs: undefined,
        nodes: [{ transportKey: keys.transport.publicKey, addresses, certificate: undefined }]
      }],
      checkpoint: null
    }
  }

  status (): FoundingStatus | null {
    return this.#candidate === undefined ? null : this.#statusOf(this.#candidate)
  }

  /** Whether this is a ticket for new members. */
  takes (ticket: string): boolean {
    const decoded = decodeTicket(ticket, this.#options.clock.nowMs())
    return decoded.ok && decoded.value.role === 'member'
  }

  /** Applies. Resolves once the inviter has the application. */
  async join (pasted: string): Promise<Result<FoundingStatus, FoundingFailure>> {
    const { clock, keys, name, addresses } = this.#options
    const { root } = keys
    if (root === undefined) return fail(ROOT_LOCKED)
    const decoded = decodeTicket(pasted, clock.nowMs())
    if (!decoded.ok) return fail(TICKET_FAILURES[decoded.failure.code])
    const ticket = decoded.value
    if (ticket.inviter === keys.did || ticket.federation === null) {
      return fail({ code: 'refused', reason: 'this is your own ticket', hint: 'pass it on to those who shall be members' })
    }
    if (this.#candidate?.ticket.text !== ticket.text) {
      const nowMs = clock.nowMs()
      const certificate = issueCertificate({
        federation: ticket.federation, nodeKey: keys.node.publicKey, transportKey: keys.transport.publicKey, encryptionKey: keys.encryptionKey,
        notBeforeMs: nowMs, notAfterMs: nowMs + CERTIFICATE_LIFETIME_MS_MAX
      }, root)
      this.#candidate = startCandidate({ ticket, name, certificate, consensusKey: await this.#options.consensusKey(), addresses: addresses.slice(0, APPLY_ADDRESSES_MAX) }, root)
      await this.#keep()
    }
    const applied = this.#statusOf(this.#candidate)
    this.#asks = 0
    const asked = await this.#ask(root)
    return asked.ok ? ok(applied) : asked
  }

  #statusOf ({ ticket: { name, inviter }, federation }: Candidate): FoundingStatus {
    const { keys: { did }, name: own } = this.#options
    return { name, have: 0, want: 0, convener: inviter, newcomers: [{ name: own, words: fourWords({ to: federation, applicant: did, inviter }) }] }
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    this.#cancelAsk()
  }

  #askSoon (delayMs: number): void {
    this.#cancelAsk()
    this.#cancelAsk = this.#options.clock.wake(delayMs, () => {
      const { root } = this.#options.keys
      if (root !== undefined && this.#candidate !== undefined) void this.#ask(root)
    })
  }

  /** Asks the inviter until there is something to wait for. */
  async #ask (root: SigningKey): Promise<Result<null, FoundingFailure>> {
    const { join, keys } = this.#options
    while (this.#candidate !== undefined && !this.#isStopped) {
      const asking = this.#candidate
      const answer = await join.call({
        transportSeed: keys.transportSeed, addresses: asking.ticket.addresses, request: candidateRequest(asking, root), timeoutMs: CALL_TIMEOUT_MS
      })
      // Given up or begun anew meanwhile.
      if (this.#candidate !== asking) return ok(null)
      if (!answer.ok) {
        this.problem = `the one who invited you does not answer: ${answer.failure.reason}`
        this.#askSoon(ASK_LATER_MS)
        return asking.application === undefined ? fail(UNREACHABLE) : ok(null)
      }
      const { state, outcome } = candidateStep(asking, answer.value)
      this.problem = undefined
      if (state !== asking) {
        this.#candidate = state
        await this.#keep()
      }
      switch (outcome.type) {
        case 'next': continue
        case 'wait':
          this.#askSoon(this.#asks++ < ASKS_OFTEN ? ASK_EVERY_MS : ASK_LATER_MS)
          this.changed.emit()
          return ok(null)
        case 'admitted':
          await this.#welcomed(state, outcome)
          return ok(null)
        case 'rejected': return this.#ended('the members voted against this application', 'talk to the one who invited you')
        case 'refused': case 'distrust': {
          const [reason, hint] = ADMISSION_REFUSALS[outcome.code] ?? [`the inviter refused: ${outcome.code}`, 'ask the one who invited you']
          return this.#ended(reason, hint)
        }
      }
    }
    return ok(null)
  }

  async #welcomed ({ certificate }: Candidate, told: { readonly charter: Charter, readonly checkpoint: Uint8Array | null, readonly members: readonly Introduced[] }): Promise<void> {
    const { keys, addresses, store } = this.#options
    const own = { member: keys.did, transportKey: keys.transport.publicKey, addresses: addresses.slice(0, APPLY_ADDRESSES_MAX), certificate: certificate.envelope }
    const others = told.members.filter(({ member }) => member !== keys.did).map(each => ({ ...each, certificate: null }))
    const row = encodeCanonical({ v: 1, checkpoint: told.checkpoint, nodes: [own, ...others] })
    // The application stays until there is a charter: a restart in between asks once more.
    await store.commit([{ type: 'put', key: WELCOME, value: row }])
    this.#candidate = undefined
    this.admitted.emit(told.charter)
  }

  async #ended (reason: string, hint: string): Promise<Result<null, FoundingFailure>> {
    this.#cancelAsk()
    this.#candidate = undefined
    await this.#options.store.commit([{ type: 'delete', key: CANDIDATE }])
    this.problem = reason
    this.changed.emit()
    return fail({ code: 'refused', reason, hint })
  }

  async #keep (): Promise<void> {
    if (this.#candidate === undefined) return
    await this.#options.store.commit([{ type: 'put', key: CANDIDATE, value: encodeCandidate(this.#candidate) }])
  }
}

const welcomeSchema = struct({
  v: literal(1),
  checkpoint: nullable(bytes(1, 65_536)),
  nodes: list(struct({
    member: didSchema, transportKey: bytes(KEY_SIZE_BYTES), addresses: list(text(256), APPLY_ADDRESSES_MAX), certificate: nullable(bytes(1, 1_024))
  }), INTRODUCED_MAX + 1, 1)
})

function decodeWelcome (row: Uint8Array): Welcome | undefined {
  const parsed = decodeCanonical(row, welcomeSchema, WELCOME_SIZE_BYTES_MAX)
  if (!parsed.ok) return undefined
  const byMember = Map.groupBy(parsed.value.nodes, ({ member }) => member)
  const introduced = [...byMember].map(([did, nodes]): MemberFacts => ({
    did, sinceHeight: 0, endedSinceMs: undefined,
    nodes: nodes.map(({ transportKey, addresses, certificate }) => ({ transportKey, addresses, certificate: certificate ?? undefined }))
  }))
  return { introduced, checkpoint: parsed.value.checkpoint }
}
