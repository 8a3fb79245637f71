import type { Liar, Power } from '../ground/index.ts'

type Message = Parameters<Power['send']>[1]
const REMEMBERED_MAX = 200

/** Says again what was said long ago, by itself and by others: old views, old epochs. */
export const outdated: Liar = ({ chance, send, others }) => {
  const remembered: Message[] = []
  const remember = (message: Message): void => {
    if (remembered.length < REMEMBERED_MAX) remembered.push(message)
    else if (chance.isBelow(0.05)) remembered[chance.between(0, REMEMBERED_MAX - 1)] = message
  }
  return {
    arriving: (_from, message) => {
      remember(message)
      if (chance.isBelow(0.15) && remembered.length > 0) for (const peer of others()) if (chance.isBelow(0.5)) send(peer, chance.pick(remembered))
      return message
    },
    leaving: (_peer, message) => {
      remember(message)
      return chance.isBelow(0.3) ? [chance.pick(remembered), message] : [message]
    }
  }
}
