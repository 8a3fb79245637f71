import { NOTARIZE, NULLIFY, PROPOSE } from '../../core/finality/index.ts'
import type { Liar } from '../ground/index.ts'

/** Says one thing to some and the contrary to the rest: two digests, or a block and nothing. */
export const conflicter: Liar = ({ chance, sign, engine }) => ({
  leaving: (_peer, message) => {
    if (message.kind !== 'vote' || message.vote.digest === null || !chance.isBelow(0.6)) return [message]
    const { view, type, digest, epoch } = message.vote
    if (engine()?.epoch.number !== epoch) return [message]
    const others = [...engine()?.blocks.values() ?? []].filter(each => each.block.header.view === view && each.name !== '')
    const other = others.length > 1 && chance.isBelow(0.6) ? chance.pick(others).block.digest : chance.bytes(digest.length)
    const lie = chance.isBelow(0.4) ? sign(NULLIFY, view, null) : sign(type === PROPOSE ? NOTARIZE : type, view, other)
    if (lie === undefined) return [message]
    return chance.isBelow(0.3) ? [message, { kind: 'vote', vote: lie }] : [{ kind: 'vote', vote: lie }]
  }
})
