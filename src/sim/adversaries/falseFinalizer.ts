import { FINALIZE, NULLIFY } from '../../core/finality/index.ts'
import type { Liar } from '../ground/index.ts'

/** Finalises what it has given up, and what nobody has notarised. */
export const falseFinalizer: Liar = ({ chance, sign, send, others, engine }) => ({
  arriving: (_from, message) => {
    if (message.kind !== 'proposal' || engine()?.epoch.number !== message.block.header.epoch) return message
    const { header: { view }, digest } = message.block
    for (const vote of [sign(NULLIFY, view, null), sign(FINALIZE, view, digest)]) {
      if (vote !== undefined) for (const peer of others()) if (chance.isBelow(0.7)) send(peer, { kind: 'vote', vote })
    }
    return message
  }
})
