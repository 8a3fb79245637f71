import type { Liar } from '../ground/index.ts'

/** Flips bits in what it sends, and fields of votes and certificates. */
export const mutator: Liar = ({ chance, sendBytes, encode }) => ({
  leaving: (peer, message) => {
    if (!chance.isBelow(0.3)) return [message]
    if (message.kind === 'vote' && chance.isBelow(0.5)) {
      const { vote } = message
      const forged = [{ ...vote, view: vote.view + 1 }, { ...vote, epoch: vote.epoch + 1 }, { ...vote, signature: chance.bytes(64) }]
      return [message, { kind: 'vote', vote: chance.pick(forged) }]
    }
    if (message.kind === 'cert' && chance.isBelow(0.5)) {
      const { cert } = message
      const forged = [{ ...cert, view: cert.view + chance.between(1, 100) }, { ...cert, bitmap: cert.bitmap.map(byte => byte ^ 3) }, { ...cert, type: 4 as const, digest: cert.digest ?? chance.bytes(32) }]
      return [message, { kind: 'cert', cert: chance.pick(forged) }]
    }
    const bytes = encode(message)
    for (let count = chance.between(1, 4); count > 0; count--) {
      const at = chance.between(0, bytes.length - 1)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.between(0, 7))
    }
    sendBytes(peer, chance.isBelow(0.2) ? bytes.subarray(0, chance.between(0, bytes.length)) : bytes)
    return chance.isBelow(0.7) ? [message] : []
  }
})
