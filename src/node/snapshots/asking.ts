import { concat } from '../../base/index.ts'
import type { Clock, Peer } from '../../host/index.ts'
import { encodeSnapshotRequest, type SnapshotRequest } from './messages.ts'

/** An answer has so long, however slowly it comes; then another node is asked. */
const ANSWER_MS = 60_000
const CREDIT_BYTES = 256 * 1024

/** `gone`: the node says that it does not hold it. `silent`: no answer in time, or none at all. `wrong`: more than was asked for. */
export type Answer = { readonly type: 'found', readonly bytes: Uint8Array } | { readonly type: 'gone' | 'silent' | 'wrong' }

/** Asks one node for one thing; never rejects. */
export async function ask (
  peer: Peer, protocol: string, request: SnapshotRequest, sizeBytesMax: number, clock: Clock, signal: AbortSignal
): Promise<Answer> {
  if (signal.aborted) return { type: 'silent' }
  const exchange = peer.request(protocol, encodeSnapshotRequest(request, CREDIT_BYTES), CREDIT_BYTES)
  const cancel = (): void => exchange.cancel()
  const cancelDeadline = clock.wake(ANSWER_MS, cancel)
  signal.addEventListener('abort', cancel)
  try {
    const parts: Uint8Array[] = []
    let sizeBytes = 0
    for await (const part of exchange.data) {
      sizeBytes += part.length
      if (sizeBytes > sizeBytesMax) {
        exchange.cancel()
        return { type: 'wrong' }
      }
      parts.push(part)
      exchange.grant(part.length)
    }
    const outcome = await exchange.outcome
    if (outcome.type === 'end') return { type: 'found', bytes: concat(parts) }
    const isSilent = outcome.code === 'closed' || outcome.code === 'timeout' || outcome.code === 'cancelled' || outcome.code === 'busy'
    return { type: isSilent ? 'silent' : 'gone' }
  } finally {
    cancelDeadline()
    signal.removeEventListener('abort', cancel)
  }
}
