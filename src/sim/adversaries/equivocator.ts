import { PROPOSE } from '../../core/finality/index.ts'
import type { Liar } from '../ground/index.ts'

/** As a leader it shows one block to some and another one to the rest. */
export const equivocator: Liar = power => {
  const variants = new Map<string, ReturnType<typeof power.variant>>()
  return {
    leaving: (_peer, message) => {
      if (message.kind !== 'proposal' || !power.chance.isBelow(0.5)) return [message]
      const { block } = message
      const name = `${block.header.epoch}/${block.header.view}`
      const other = variants.get(name) ?? power.variant(block)
      variants.set(name, other)
      const vote = power.sign(PROPOSE, block.header.view, other.digest, block.header.epoch)
      if (vote === undefined) return [message]
      const second = { kind: 'proposal' as const, block: other, signature: vote.signature }
      return power.chance.isBelow(0.2) ? [message, second] : [second]
    }
  }
}
