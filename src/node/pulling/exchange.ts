import { decodeResult, encodeRequest, ItemReader, type Item, type Request } from '../../core/sync/index.ts'
import type { Peer, RequestErrorCode } from '../../host/index.ts'

export const SYNC_PROTOCOL = '/hanse/sync/1'
/** Requests that must not wait behind bulk. */
export const LIVE_PROTOCOL = '/hanse/live/1'

/**
 * A peer sent what cannot be, or did not answer. Ends this source for this piece of work, nothing else.
 * `contradicts`: what it sent belongs to another history than the signed one; its fault, unless its own head shows a fork.
 */
export class PeerFault extends Error {
  override readonly name = 'PeerFault'
  readonly code: 'fault' | 'contradicts' | 'unanswered' | RequestErrorCode

  constructor (code: PeerFault['code'], reason: string) {
    super(reason)
    this.code = code
  }
}

export type Answer = { partial: boolean }

/**
 * Asks and yields the items of the answer. Credit goes back as chunks are taken, so a slow consumer slows the sender.
 * Throws `PeerFault` where the request ends in any way but END. `answer.partial` tells, at the end, what END said.
 */
export async function * ask (
  peer: Peer, protocol: string, request: Request, signal: AbortSignal, answer: Answer = { partial: false }
): AsyncGenerator<Item> {
  const exchange = peer.request(protocol, encodeRequest(request), request.creditBytes)
  const cancel = (): void => exchange.cancel()
  signal.addEventListener('abort', cancel)
  try {
    if (signal.aborted) throw new PeerFault('unanswered', 'given up')
    const reader = new ItemReader()
    for await (const chunk of exchange.data) {
      const items = reader.push(chunk)
      if (!items.ok) throw new PeerFault('fault', items.failure.reason)
      yield * items.value
      exchange.grant(chunk.length)
    }
    const outcome = await exchange.outcome
    if (outcome.type === 'error') {
      const code = outcome.code === 'closed' || outcome.code === 'timeout' || outcome.code === 'cancelled' ? 'unanswered' : outcome.code
      throw new PeerFault(code, outcome.reason)
    }
    const result = decodeResult(outcome.body)
    if (!result.ok || !reader.isBetweenItems) throw new PeerFault('fault', 'an answer that ends in the middle')
    answer.partial = result.value.code === 'partial'
  } finally {
    signal.removeEventListener('abort', cancel)
    exchange.cancel()
  }
}

/** Whether the peer is to blame for it. */
export function isFault (cause: unknown): boolean {
  return cause instanceof PeerFault && (cause.code === 'fault' || cause.code === 'limit')
}
