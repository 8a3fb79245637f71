import type { Liar } from '../ground/index.ts'

/** Sends its votes as if others had given them, and repeats those of others with another content. */
export const impersonator: Liar = ({ chance, engine }) => ({
  leaving: (_peer, message) => {
    if (message.kind !== 'vote' || !chance.isBelow(0.5)) return [message]
    const count = engine()?.epoch.nodes.length ?? 1
    return [message, { kind: 'vote', vote: { ...message.vote, signer: chance.between(0, count) } }]
  },
  arriving: (_from, message) => message
})
