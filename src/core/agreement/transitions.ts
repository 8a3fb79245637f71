/** The one table of who may do what when: nothing else in this room knows the order of messages. */

export type Role = 'provider' | 'consumer'

export const NEGOTIATION_STATES = ['REQUESTED', 'OFFERED', 'ACCEPTED', 'AGREED', 'VERIFIED', 'FINALIZED', 'TERMINATED'] as const
export type NegotiationState = (typeof NEGOTIATION_STATES)[number]
export type NegotiationAct = 'request' | 'offer' | 'accept' | 'agree' | 'verify' | 'finalize' | 'terminate'

export const TRANSFER_STATES = ['REQUESTED', 'STARTED', 'SUSPENDED', 'COMPLETED', 'TERMINATED'] as const
export type TransferState = (typeof TRANSFER_STATES)[number]
export type TransferAct = 'request' | 'start' | 'suspend' | 'complete' | 'terminate'

/** `from` null: there is no process yet, the message is a first one and opens it. */
export type Transition<S extends string, A extends string> = {
  readonly act: A
  readonly sender: Role
  readonly from: S | null
  readonly to: S
}

export type TransitionTable<S extends string, A extends string> = {
  readonly transitions: ReadonlyArray<Transition<S, A>>
  /** States that nothing leads out of. */
  readonly final: readonly S[]
  /**
   * Who wins when messages of both sides cross: the one that leads to the higher state. The other is refused until that is
   * settled, so that both sides end in one state. 0 where nothing is said.
   */
  readonly weight: Readonly<Record<S, number>>
}

const NEGOTIATING: readonly NegotiationState[] = ['REQUESTED', 'OFFERED', 'ACCEPTED', 'AGREED', 'VERIFIED']
const TRANSFERRING: readonly TransferState[] = ['REQUESTED', 'STARTED', 'SUSPENDED']
const BOTH: readonly Role[] = ['provider', 'consumer']

export const NEGOTIATION_TABLE: TransitionTable<NegotiationState, NegotiationAct> = {
  transitions: [
    { act: 'request', sender: 'consumer', from: null, to: 'REQUESTED' },
    { act: 'request', sender: 'consumer', from: 'OFFERED', to: 'REQUESTED' },
    { act: 'offer', sender: 'provider', from: null, to: 'OFFERED' },
    { act: 'offer', sender: 'provider', from: 'REQUESTED', to: 'OFFERED' },
    { act: 'offer', sender: 'provider', from: 'OFFERED', to: 'OFFERED' },
    { act: 'accept', sender: 'consumer', from: 'OFFERED', to: 'ACCEPTED' },
    { act: 'agree', sender: 'provider', from: 'REQUESTED', to: 'AGREED' },
    { act: 'agree', sender: 'provider', from: 'ACCEPTED', to: 'AGREED' },
    { act: 'verify', sender: 'consumer', from: 'AGREED', to: 'VERIFIED' },
    { act: 'finalize', sender: 'provider', from: 'VERIFIED', to: 'FINALIZED' },
    ...BOTH.flatMap(sender => NEGOTIATING.map(from => ({ act: 'terminate', sender, from, to: 'TERMINATED' } as const)))
  ],
  final: ['FINALIZED', 'TERMINATED'],
  weight: { REQUESTED: 0, OFFERED: 0, ACCEPTED: 0, AGREED: 0, VERIFIED: 0, TERMINATED: 1, FINALIZED: 2 }
}

export const TRANSFER_TABLE: TransitionTable<TransferState, TransferAct> = {
  transitions: [
    { act: 'request', sender: 'consumer', from: null, to: 'REQUESTED' },
    { act: 'start', sender: 'provider', from: 'REQUESTED', to: 'STARTED' },
    ...BOTH.flatMap(sender => [
      { act: 'start', sender, from: 'SUSPENDED', to: 'STARTED' } as const,
      { act: 'complete', sender, from: 'STARTED', to: 'COMPLETED' } as const,
      { act: 'suspend', sender, from: 'STARTED', to: 'SUSPENDED' } as const,
      ...TRANSFERRING.map(from => ({ act: 'terminate', sender, from, to: 'TERMINATED' } as const))
    ])
  ],
  final: ['COMPLETED', 'TERMINATED'],
  weight: { REQUESTED: 0, STARTED: 0, SUSPENDED: 1, COMPLETED: 2, TERMINATED: 3 }
}

/** Where an act of that role leads from a state; undefined where the table does not allow it. */
export function targetOf<S extends string, A extends string> (
  { transitions }: TransitionTable<S, A>, act: A, sender: Role, from: S | null
): S | undefined {
  return transitions.find(each => each.act === act && each.sender === sender && each.from === from)?.to
}

export function otherRole (role: Role): Role {
  return role === 'provider' ? 'consumer' : 'provider'
}
