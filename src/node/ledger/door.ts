import { fail, type Result } from '../../base/index.ts'
import type { Failure, NodeLedger, NotReady } from '../contract/index.ts'
import type { LedgerRoom } from './room.ts'

/** The ledger's part of the contract, for a node that may belong to no federation yet. */
export function ledgerOf (room: () => LedgerRoom | undefined, notReady: NotReady): NodeLedger {
  const within = async <T, F>(work: (room: LedgerRoom) => Result<T, F> | Promise<Result<T, F>>): Promise<Result<T, F | Failure<'not-ready'>>> => {
    const here = room()
    return here === undefined ? fail(notReady) : work(here)
  }
  return {
    ledger: () => room()?.ledger(),
    ledgerMembers: () => room()?.ledgerMembers() ?? [],
    applications: () => room()?.applications() ?? [],
    blocks: async query => await room()?.blocks(query) ?? [],
    proposals: () => room()?.proposals() ?? [],
    propose: (request, withinMs) => within(here => here.propose(request, withinMs)),
    vote: (proposal, yes, withinMs) => within(here => here.vote(proposal, yes, withinMs)),
    rotateKey: withinMs => within(here => here.rotateKey(withinMs)),
    author: (operations, withinMs) => within(here => here.author(operations, withinMs)),
    submit: (transaction, withinMs) => within(here => here.submit(transaction, withinMs)),
    verifyLedger: async () => room()?.verifyLedger(),
    ledgerProof: (reference, record, asker) => within(here => here.ledgerProof(reference, record, asker)),
    anchor: reference => room()?.anchor(reference) ?? null,
    audit: subject => within(here => here.audit(subject)),
    checkpoint: () => room()?.checkpoint() ?? fail(notReady)
  }
}
