import { PROPOSE, SEAL } from '../../core/finality/index.ts'
import type { Liar } from '../ground/index.ts'

/** Proposes seals where none is due, seals that name others, and blocks with content below a seal. */
export const reconfigurer: Liar = ({ chance, sign, sealed, engine }) => ({
  leaving: (_peer, message) => {
    if (message.kind !== 'proposal' || engine()?.epoch.number !== message.block.header.epoch || !chance.isBelow(0.6)) return [message]
    const seats = engine()?.epoch.set.validators ?? []
    const next = seats.length > 1 && chance.isBelow(0.5) ? seats.slice(1) : seats
    const block = sealed(message.block, message.block.header.type === SEAL && chance.isBelow(0.3) ? null : next)
    const vote = sign(PROPOSE, block.header.view, block.digest)
    return vote === undefined ? [message] : [{ kind: 'proposal', block, signature: vote.signature }]
  }
})
