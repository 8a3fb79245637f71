import type { Liar } from '../ground/index.ts'

/** Votes, and never gives a block to those who ask; its proposals reach few. */
export const withholder: Liar = ({ chance, others }) => ({
  leaving: (peer, message) => {
    if (message.kind === 'block' || message.kind === 'range' || message.kind === 'certs') return []
    if (message.kind === 'proposal') return others().indexOf(peer) < others().length / 2 && chance.isBelow(0.9) ? [message] : []
    return [message]
  }
})
