import { fail, ok, type Result } from '../../base/index.ts'
import {
  negotiationKey, openNegotiation, openTransfer, requestNegotiation, requestTransfer, transferKey,
  type DataAddress, type Negotiation, type NegotiationMessage, type NegotiationMove, type NegotiationState, type Offer, type Transfer,
  type ContractOfferMessage, type ContractRequestMessage, type TransferMessage, type TransferMove, type TransferRequestMessage, type TransferState
} from '../../core/agreement/index.ts'
import type { Clock, Log, Random, Store } from '../../host/index.ts'
import type { Carry, DspAnswer, DspRequest } from '../contract/index.ts'
import { Signal } from '../feeds/index.ts'
import { answerCatalogue } from './catalogue.ts'
import { freshUrn } from './ids.ts'
import { NEGOTIATIONS, TRANSFERS } from './kinds.ts'
import {
  answerProcess, decodeNegotiationFirst, decodeNegotiationLater, decodeTransferFirst, decodeTransferLater, type Opened
} from './messages.ts'
import type { Party } from './party.ts'
import { segmentsOf } from './paths.ts'
import { Processes } from './processes.ts'
import type { RunningOptions } from './running.ts'

type NegotiationFirst = ContractRequestMessage | ContractOfferMessage
export type Negotiations = Processes<NegotiationFirst, NegotiationState, NegotiationMessage, Negotiation, NegotiationMove>
export type Transfers = Processes<TransferRequestMessage, TransferState, TransferMessage, Transfer, TransferMove>

export type DspOptions = {
  readonly party: Party
  readonly carry: Carry
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

/** The protocol, spoken for one party: answers what either binding brings, and begins processes as consumer. */
export class Dsp {
  readonly #options: DspOptions
  readonly negotiations: Negotiations
  readonly transfers: Transfers
  readonly negotiated: Signal<Negotiation> = new Signal()
  readonly transferred: Signal<Transfer> = new Signal()

  private constructor (options: DspOptions) {
    const { party, carry, store, clock, random, onFatal, log } = options
    this.#options = options
    const common = { carry, store, clock, random, onFatal, log }
    const negotiations: RunningOptions<NegotiationFirst, NegotiationState, NegotiationMessage, Negotiation, NegotiationMove> =
      { ...common, kind: NEGOTIATIONS, conduct: party.negotiations, changed: process => this.negotiated.emit(process) }
    const transfers: RunningOptions<TransferRequestMessage, TransferState, TransferMessage, Transfer, TransferMove> =
      { ...common, kind: TRANSFERS, conduct: party.transfers, changed: process => this.transferred.emit(process) }
    this.negotiations = new Processes(negotiations)
    this.transfers = new Processes(transfers)
  }

  /** Loads what was there; `resume` goes on with it, once messages can be sent. */
  static async open (options: DspOptions): Promise<Dsp> {
    const dsp = new Dsp(options)
    await dsp.negotiations.load()
    await dsp.transfers.load()
    return dsp
  }

  resume (): void {
    this.negotiations.resume()
    this.transfers.resume()
  }

  async stop (): Promise<void> {
    await Promise.all([this.negotiations.stop(), this.transfers.stop()])
  }

  /** Answers a request of either binding. */
  async answer (request: DspRequest): Promise<DspAnswer> {
    const { party } = this.#options
    const [collection, ...rest] = segmentsOf(request.path) ?? []
    switch (collection) {
      case 'catalog': return answerCatalogue(party, request, rest)
      case 'negotiations': return answerProcess({
        kind: NEGOTIATIONS, request, rest, processes: this.negotiations, party, conduct: party.negotiations, firstKey: negotiationKey, random: this.#options.random,
        decodeFirst: decodeNegotiationFirst, decodeLater: decodeNegotiationLater,
        open: (peer, peerAddress, ownPid, message) => openNegotiation({ peer, peerAddress, ownPid, message, nowMs: this.#options.clock.nowMs() })
      })
      case 'transfers': return answerProcess({
        kind: TRANSFERS, request, rest, processes: this.transfers, party, conduct: party.transfers, firstKey: transferKey, random: this.#options.random,
        decodeFirst: decodeTransferFirst, decodeLater: decodeTransferLater,
        open: (peer, peerAddress, ownPid, message) => openTransfer({ peer, peerAddress, ownPid, message, nowMs: this.#options.clock.nowMs() })
      })
      case undefined:
      default: return { status: 404, body: null }
    }
  }

  /** Asks a provider for an agreement; the pid that the process has here. */
  async requestNegotiation (
    { peer, peerAddress, ownAddress, offer }: { readonly peer: string, readonly peerAddress: string, readonly ownAddress: string, readonly offer: Offer }
  ): Promise<Result<string, { readonly code: 'busy' }>> {
    const { clock, random } = this.#options
    if (!this.negotiations.mayOpen(peer)) return fail({ code: 'busy' })
    const consumerPid = freshUrn(random)
    return ok(await this.#begin(this.negotiations, consumerPid, requestNegotiation({
      peer, peerAddress, ownAddress, consumerPid, offer, messageId: freshUrn(random), nowMs: clock.nowMs()
    })))
  }

  /** Asks a provider for data under an agreement. */
  async requestTransfer (
    { peer, peerAddress, ownAddress, agreementId, format, dataAddress }: {
      readonly peer: string, readonly peerAddress: string, readonly ownAddress: string, readonly agreementId: string
      readonly format: string, readonly dataAddress: DataAddress | null
    }
  ): Promise<Result<string, { readonly code: 'busy' }>> {
    const { clock, random } = this.#options
    if (!this.transfers.mayOpen(peer)) return fail({ code: 'busy' })
    const consumerPid = freshUrn(random)
    return ok(await this.#begin(this.transfers, consumerPid, requestTransfer({
      peer, peerAddress, ownAddress, consumerPid, agreementId, format, dataAddress, messageId: freshUrn(random), nowMs: clock.nowMs()
    })))
  }

  async #begin<S extends string, P> (processes: Opened<S, P>, pid: string, step: Parameters<Opened<S, P>['open']>[2]): Promise<string> {
    await processes.open(pid, null, step).begin(step)
    return pid
  }
}
