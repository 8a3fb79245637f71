import { NOTARIZE, PROPOSE } from '../../core/finality/index.ts'
import type { Liar, Power } from '../ground/index.ts'

type Just = Parameters<Power['rejustified']>[1]

/** Proposes blocks whose justification does not hold, and notarises them itself. */
export const badJustifier: Liar = ({ chance, sign, send, others, rejustified, engine }) => {
  const spoilt = ({ parentCert, nulls }: Just): Just => {
    switch (chance.between(0, 3)) {
      case 0: return { parentCert, nulls: nulls.slice(1) }
      case 1: return { parentCert: parentCert === null ? null : { ...parentCert, signatures: parentCert.signatures.map((byte, at) => at === 5 ? byte ^ 1 : byte) }, nulls }
      case 2: return { parentCert: parentCert === null ? null : { ...parentCert, type: 3, digest: null }, nulls }
      default: return { parentCert: null, nulls }
    }
  }
  return {
    leaving: (peer, message) => {
      if (message.kind !== 'proposal' || !chance.isBelow(0.6) || engine()?.epoch.number !== message.block.header.epoch) return [message]
      const block = rejustified(message.block, spoilt(message.block.just))
      const [proposal, vote] = [sign(PROPOSE, block.header.view, block.digest), sign(NOTARIZE, block.header.view, block.digest)]
      if (proposal === undefined || vote === undefined) return [message]
      for (const other of others()) if (other !== peer) send(other, { kind: 'vote', vote })
      return [{ kind: 'proposal', block, signature: proposal.signature }]
    }
  }
}
