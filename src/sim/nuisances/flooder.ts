import { FINALIZE, NOTARIZE, NULLIFY } from '../../core/finality/index.ts'
import type { Liar } from '../ground/index.ts'

const FLOOD_MS = 5_000
const VOTES = 40

/** Sends many valid and useless things: votes of far views, transactions that never apply, questions. */
export const flooder: Liar = ({ chance, sign, send, others, engine, nowMs }) => {
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    arriving: (_from, message) => {
      const [at, peers] = [engine(), others()]
      if (at === undefined || peers.length === 0 || message.kind === 'status' || nowMs() - lastMs < FLOOD_MS) return message
      lastMs = nowMs()
      const peer = chance.pick(peers)
      for (let count = 0; count < VOTES; count++) {
        const type = chance.pick([NOTARIZE, NULLIFY, FINALIZE] as const)
        const digest = chance.bytes(32)
        const vote = sign(type, at.view + chance.between(1, 80), type === NULLIFY ? null : digest)
        if (vote !== undefined) send(peer, { kind: 'vote', vote })
        send(peer, { kind: 'getBlock', digest })
      }
      send(peer, { kind: 'getRange', fromHeight: 1, max: 64 })
      send(peer, { kind: 'getSeals', fromEpoch: 0 })
      return message
    }
  }
}
