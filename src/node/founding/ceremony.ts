import { assert, fail, ok, type Result } from '../../base/index.ts'
import { fourWords } from '../../core/admission/index.ts'
import {
  APPLICATION_NONCE_SIZE_BYTES, applicantRequest, applicantStep, CHARTER_NONCE_SIZE_BYTES, charterSignature, decodeApplicant, decodeFounding,
  decodeTicket, encodeApplicant, encodeTicket, foundingStep, FOUNDERS_MAX, startApplicant, startFounding, TICKET_NONCE_SIZE_BYTES,
  type Applicant, type Charter, type Founding, type FoundingEffect, type FoundingInput, type FoundingStep, type SigningKey
} from '../../core/identity/index.ts'
import type { Clock, JoinPort, Random, Store } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { metaKey } from '../rows/index.ts'
import type { FoundingFailure, FoundingStatus, Ticket } from '../contract/index.ts'
import { ROOT_LOCKED, TICKET_FAILURES, UNREACHABLE } from './failures.ts'
import type { Keys } from './keys.ts'
import type { JoinListener } from './listener.ts'

const CALL_TIMEOUT_MS = 10_000
const ASK_EVERY_MS = 2_000
/** Founders mostly act within a minute; who waits longer asks less often, as join listeners demand. */
const ASKS_OFTEN = 30
const ASK_LATER_MS = 30_000
const CONVENER = metaKey('founding/convener')
const APPLICANT = metaKey('founding/applicant')

/** Tells a person what a refusal means. */
const REFUSALS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  'expired': ['the ticket is no longer valid', 'ask the one who invited you for a new ticket'],
  'closed': ['all founders of this federation are found', 'ask a member for a ticket of the federation: the members vote on new ones'],
  'foreign-ticket': ['the node at that address invites with another ticket', 'ask the one who invited you for the newest ticket'],
  'already-applied': ['this member applied before with other keys or addresses', 'ask the one who invited you to begin anew with a new ticket'],
  'key-taken': ['another founder uses one of these keys', 'make a node of your own with "hanse init"; never copy a data folder'],
  'name': ['the charter that came is not the one the ticket promised: other name', 'do not join; tell the one who invited you'],
  'rules': ['the charter that came has other rules than this version knows', 'run the same version of Hanse on all nodes'],
  'own-entry': ['the charter that came does not hold this node as it applied', 'do not join; tell the one who invited you'],
  'changed': ['a second, different charter came', 'do not join; tell the one who invited you']
}

/**
 * Founds a federation together with others: as the convener who invites, or as one who was invited. Survives restarts at
 * every step, because each is kept before its answer leaves.
 */
export class Ceremony {
  readonly #store: Store
  readonly #clock: Clock
  readonly #random: Random
  readonly #join: JoinPort
  readonly #keys: Keys
  readonly #consensusKey: () => Promise<Uint8Array>
  readonly #name: string
  readonly #addresses: readonly string[]
  readonly #listener: JoinListener
  #convening: Founding | undefined
  #applying: Applicant | undefined
  #standing = { have: 0, want: 0 }
  #turn: Promise<unknown> = Promise.resolve()
  #cancelAsk: () => void = () => {}
  #asks = 0
  #isStopped = false
  /** All founders have signed. */
  readonly founded: Signal<Charter> = new Signal()
  readonly changed: Signal<void> = new Signal()
  /** Why the ceremony cannot go on; for the status. */
  problem: string | undefined

  constructor (options: {
    readonly store: Store, readonly clock: Clock, readonly random: Random, readonly join: JoinPort, readonly keys: Keys,
    /** The public key that this node will vote with; its secret is on the disk. */
    readonly consensusKey: () => Promise<Uint8Array>,
    readonly name: string, readonly addresses: readonly string[], readonly listener: JoinListener
  }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#random = options.random
    this.#join = options.join
    this.#keys = options.keys
    this.#consensusKey = options.consensusKey
    this.#name = options.name
    this.#addresses = options.addresses
    this.#listener = options.listener
    this.#listener.add(request => this.#convene({ type: 'request', request, nowMs: this.#clock.nowMs() }))
  }

  /** Goes on where the last run of this node left off. `isFounded`: answers late founders, applies no more. */
  async resume (isFounded: boolean): Promise<void> {
    const [convener, applicant] = await this.#store.getMany([CONVENER, APPLICANT])
    this.#convening = convener?.state === 'found' ? decodeFounding(convener.value) : undefined
    this.#applying = !isFounded && applicant?.state === 'found' ? decodeApplicant(applicant.value) : undefined
    if (this.#convening !== undefined && this.#clock.nowMs() < this.#convening.ticket.expiresMs + ANSWER_LATE_MS) {
      await this.#listener.open()
      await this.#convene({ type: 'resume' })
    }
    if (this.#applying !== undefined) this.#askSoon(0)
  }

  status (): FoundingStatus | null {
    if (this.#convening !== undefined && this.#convening.charter === undefined) {
      const { ticket, applications, signatures } = this.#convening
      const signed = signatures.filter(each => each !== undefined).length
      const have = this.#convening.draft === undefined ? applications.length + 1 : signed
      const newcomers = applications.map(({ founder }) => ({ name: founder.name, words: wordsOf(ticket, founder.member) }))
      return { name: ticket.name, have, want: ticket.founders, convener: this.#keys.did, newcomers }
    }
    return this.#applying === undefined ? null : this.#applied(this.#applying.ticket, this.#standing.have)
  }

  #applied (ticket: Applicant['ticket'], have: number): FoundingStatus {
    return { name: ticket.name, have, want: ticket.founders, convener: ticket.inviter, newcomers: [{ name: this.#name, words: wordsOf(ticket, this.#keys.did) }] }
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    this.#cancelAsk()
    await this.#turn.catch(() => {})
  }

  // --- Convener ----------------------------------------------------------------------------------------------------

  async invite (options: { readonly federationName: string, readonly want: number, readonly validMs: number }): Promise<Result<Ticket, FoundingFailure>> {
    const { root } = this.#keys
    if (root === undefined) return fail(ROOT_LOCKED)
    const kept = this.#convening
    if (kept !== undefined && kept.charter === undefined && kept.ticket.name === options.federationName && kept.ticket.founders === options.want) {
      return ok(ticketOf(kept))
    }
    if (this.#applying !== undefined) {
      return fail({ code: 'refused', reason: 'this node is already joining another federation', hint: 'wait for it, or make another node' })
    }
    if (options.want < 1 || options.want > FOUNDERS_MAX) {
      return fail({ code: 'invalid', reason: `a federation is founded by 1 to ${FOUNDERS_MAX} members`, hint: 'choose another number of founders' })
    }
    const addresses = options.want > 1 ? await this.#listener.open() : []
    const ticket = encodeTicket({
      federation: null, name: options.federationName, addresses,
      expiresMs: this.#clock.nowMs() + options.validMs, nonce: this.#random.bytes(TICKET_NONCE_SIZE_BYTES), founders: options.want
    }, root)
    const started = startFounding({
      ticket, nonce: this.#random.bytes(CHARTER_NONCE_SIZE_BYTES), name: this.#name, transportKey: this.#keys.transport.publicKey,
      consensusKey: await this.#consensusKey(), addresses: this.#addresses
    }, this.#clock.nowMs())
    if (!started.ok) return fail({ code: 'invalid', reason: `no charter can be drafted: ${started.failure.code}`, hint: 'check names and addresses in the configuration' })
    await this.#exclusively(() => this.#take(started.value, root))
    return ok(ticketOf(started.value.state))
  }

  #convene (input: FoundingInput): Promise<Uint8Array | undefined> {
    return this.#exclusively(async () => {
      const { root } = this.#keys
      if (this.#convening === undefined || root === undefined) return new Uint8Array(0)
      return this.#take(foundingStep(this.#convening, input), root)
    })
  }

  async #exclusively<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #take ({ state, answer, effects }: FoundingStep, root: SigningKey): Promise<Uint8Array | undefined> {
    this.#convening = state
    for (const effect of effects) await this.#perform(effect, root)
    this.changed.emit()
    return answer
  }

  async #perform (effect: FoundingEffect, root: SigningKey): Promise<void> {
    switch (effect.type) {
      case 'persist': return this.#store.commit([{ type: 'put', key: CONVENER, value: effect.state }])
      case 'founded': return this.founded.emit(effect.charter)
      case 'sign': {
        assert(this.#convening !== undefined, 'who signs a charter convened its founders')
        await this.#take(foundingStep(this.#convening, { type: 'signature', signature: charterSignature(effect.body, root) }), root)
      }
    }
  }

  // --- Applicant ---------------------------------------------------------------------------------------------------

  async join (text: string): Promise<Result<FoundingStatus, FoundingFailure>> {
    const { root } = this.#keys
    if (root === undefined) return fail(ROOT_LOCKED)
    const decoded = decodeTicket(text, this.#clock.nowMs())
    if (!decoded.ok) return fail(TICKET_FAILURES[decoded.failure.code])
    const ticket = decoded.value
    assert(ticket.role === 'founder', 'tickets for members are for those who apply')
    if (ticket.inviter === this.#keys.did) return fail({ code: 'refused', reason: 'this is your own ticket', hint: 'pass it on to the other founders' })
    if (this.#convening !== undefined && this.#convening.charter === undefined) {
      return fail({ code: 'refused', reason: 'this node is founding a federation of its own', hint: 'make another node, or let the others join yours' })
    }
    if (this.#applying?.ticket.text !== ticket.text) {
      this.#applying = startApplicant({
        ticket, name: this.#name, transportKey: this.#keys.transport.publicKey, consensusKey: await this.#consensusKey(),
        addresses: this.#addresses, nonce: this.#random.bytes(APPLICATION_NONCE_SIZE_BYTES)
      }, root)
      await this.#keepApplicant()
    }
    const asked = await this.#ask(root)
    if (!asked.ok) return asked
    return ok(this.status() ?? this.#applied(ticket, ticket.founders))
  }

  #askSoon (delayMs: number): void {
    this.#cancelAsk()
    this.#cancelAsk = this.#clock.wake(delayMs, () => {
      const { root } = this.#keys
      if (root !== undefined && this.#applying !== undefined) void this.#ask(root)
    })
  }

  /** Asks the convener until there is something to wait for. */
  async #ask (root: SigningKey): Promise<Result<null, FoundingFailure>> {
    while (this.#applying !== undefined && !this.#isStopped) {
      const asking = this.#applying
      const answer = await this.#join.call({
        transportSeed: this.#keys.transportSeed, addresses: asking.ticket.addresses, request: applicantRequest(asking, root), timeoutMs: CALL_TIMEOUT_MS
      })
      // Ended, begun anew or moved on meanwhile, by the answer to another question.
      if (this.#applying !== asking) return ok(null)
      if (!answer.ok) {
        // Nobody has to be there at the same time: the application waits here.
        this.problem = `the convener does not answer: ${answer.failure.reason}`
        this.#askSoon(ASK_LATER_MS)
        return asking.application === undefined ? fail(UNREACHABLE) : ok(null)
      }
      const { state, outcome } = applicantStep(asking, answer.value)
      this.#applying = state
      this.problem = undefined
      await this.#keepApplicant()
      switch (outcome.type) {
        case 'next': continue
        case 'wait':
          this.#standing = outcome
          this.#askSoon(this.#asks++ < ASKS_OFTEN ? ASK_EVERY_MS : ASK_LATER_MS)
          this.changed.emit()
          return ok(null)
        case 'founded':
          this.#applying = undefined
          this.founded.emit(outcome.charter)
          return ok(null)
        case 'refused': case 'distrust': return this.#givenUp(outcome.code)
      }
    }
    return ok(null)
  }

  #givenUp (code: string): Result<null, FoundingFailure> {
    const [reason, hint] = REFUSALS[code] ?? [`the convener refused: ${code}`, 'ask the one who invited you']
    this.#applying = undefined
    this.problem = reason
    this.changed.emit()
    return fail({ code: 'refused', reason, hint })
  }

  async #keepApplicant (): Promise<void> {
    if (this.#applying === undefined) return
    await this.#store.commit([{ type: 'put', key: APPLICANT, value: encodeApplicant(this.#applying) }])
  }
}

/** A founder whose node was off when the last one signed still comes for the charter. */
const ANSWER_LATE_MS = 30 * 24 * 3_600_000

function wordsOf ({ id, inviter }: Founding['ticket'], applicant: Founding['convener']['member']): readonly string[] {
  return fourWords({ to: id, applicant, inviter })
}

function ticketOf ({ ticket }: Founding): Ticket {
  return { ticket: ticket.text, expiresMs: ticket.expiresMs, federationName: ticket.name, want: ticket.founders }
}
