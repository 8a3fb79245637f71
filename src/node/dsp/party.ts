import type { Result } from '../../base/index.ts'
import type {
  ContractOfferMessage, ContractRequestMessage, Dataset, DataService, Negotiation, NegotiationMove, Transfer, TransferMove, TransferRequestMessage
} from '../../core/agreement/index.ts'

/** Why a process is not opened. `hidden`: the peer may not know of what it asks for. */
export type OpeningFailure = { readonly code: string, readonly reason: string, readonly isHidden: boolean }

/** How one side conducts its processes of one kind. */
export interface Conduct<First, P, Move> {
  /** Before there is a process; nothing is kept of what is refused here. */
  mayOpen (peer: string, message: First): Result<null, OpeningFailure>
  /** What to do in the state that the process has come into. */
  decide (process: P): Promise<Move>
  /** A person is to decide. */
  ask (process: P): void
  /** It is over; told again after each start. Resolves when what follows from it is durable. */
  final (process: P): Promise<void>
}

export type CataloguePage = {
  readonly datasets: readonly Dataset[]
  readonly next: string | null
  readonly previous: string | null
}

/** Whom this node speaks for in the protocol: what it offers, and how it decides. */
export interface Party {
  readonly participantId: string
  /** Undefined where the page is none of this viewer's catalogue as it is now. */
  catalogue (viewer: string, page: string | null): CataloguePage | undefined
  dataset (viewer: string, id: string): Dataset | undefined
  services (): readonly DataService[]
  /** Whether that address is one of the peer's own. */
  isAddressOf (peer: string, address: string): boolean
  readonly negotiations: Conduct<ContractRequestMessage | ContractOfferMessage, Negotiation, NegotiationMove>
  readonly transfers: Conduct<TransferRequestMessage, Transfer, TransferMove>
}
