import type { Liar } from '../ground/index.ts'

/** Claims to be far ahead, then lowers its claim; answers with what was not asked for, cut off, or not at all. */
export const syncLiar: Liar = ({ chance }) => ({
  leaving: (_peer, message) => {
    if (message.kind === 'status') {
      const height = message.status.finHeight + chance.pick([-5, 3, 1_000, 1_000_000])
      return [{ kind: 'status', status: { ...message.status, finHeight: Math.max(0, height), epoch: message.status.epoch + (chance.isBelow(0.1) ? 1 : 0) } }]
    }
    if (message.kind === 'range') {
      switch (chance.between(0, 4)) {
        case 0: return []
        case 1: return [{ kind: 'range', blocks: [], proof: null }]
        case 2: return [{ ...message, blocks: message.blocks.toReversed() }]
        case 3: return message.blocks.length > 1 ? [{ ...message, blocks: message.blocks.slice(1) }] : [message]
        default: return [message]
      }
    }
    return message.kind === 'seals' && chance.isBelow(0.5) ? [{ kind: 'seals', proofs: message.proofs.toReversed() }] : [message]
  }
})
