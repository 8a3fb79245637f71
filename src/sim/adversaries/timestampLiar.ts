import { PROPOSE } from '../../core/finality/index.ts'
import type { Liar } from '../ground/index.ts'

const HOUR_MS = 3_600_000

/** Its blocks are of another time: before their parent, far ahead, or just within what is borne. */
export const timestampLiar: Liar = ({ chance, sign, retimed, engine }) => ({
  leaving: (_peer, message) => {
    if (message.kind !== 'proposal' || engine()?.epoch.number !== message.block.header.epoch || !chance.isBelow(0.7)) return [message]
    const byMs = chance.pick([-HOUR_MS, HOUR_MS, 29_000, 31_000, -1])
    const block = retimed(message.block, message.block.header.timeMs + byMs)
    const vote = sign(PROPOSE, block.header.view, block.digest)
    return vote === undefined ? [message] : [{ kind: 'proposal', block, signature: vote.signature }]
  }
})
