import type { Liar } from '../ground/index.ts'

/** Proposes just before the others lose patience. */
export const slowLeader: Liar = ({ chance, send, after, engine }) => ({
  leaving: (peer, message) => {
    if (message.kind !== 'proposal') return [message]
    const deltaMs = engine()?.deltaMs ?? 1_000
    after(deltaMs * (1.2 + 0.8 * chance.next()), () => send(peer, message))
    return []
  }
})
