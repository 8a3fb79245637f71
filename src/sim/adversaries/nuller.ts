import { NULLIFY } from '../../core/finality/index.ts'
import type { Liar } from '../ground/index.ts'

/** Gives up every view as soon as it hears of it, and the next ones as well. */
export const nuller: Liar = ({ chance, sign, send, others, engine }) => ({
  arriving: (_from, message) => {
    if (message.kind !== 'proposal' && message.kind !== 'vote') return message
    const view = message.kind === 'vote' ? message.vote.view : message.block.header.view
    const epoch = message.kind === 'vote' ? message.vote.epoch : message.block.header.epoch
    if (engine()?.epoch.number !== epoch || !chance.isBelow(0.4)) return message
    const vote = sign(NULLIFY, view + (chance.isBelow(0.1) ? 1 : 0), null)
    if (vote !== undefined) for (const peer of others()) send(peer, { kind: 'vote', vote })
    return message
  },
  leaving: (_peer, message) => message.kind === 'proposal' || (message.kind === 'vote' && message.vote.type !== NULLIFY && chance.isBelow(0.8)) ? [] : [message]
})
