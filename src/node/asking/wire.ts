import { bytes, concat, decodeCanonical, encodeCanonical, list, literal, nullable, struct, text, uint, boolean, union, type Parsed } from '../../base/index.ts'
import { ANSWER_CSV_BYTES_MAX, QUESTION_BYTES_MAX } from '../../core/sql/index.ts'
import type { Clock, Peer, ProtocolHandler } from '../../host/index.ts'
import { COLUMNS_MAX, NAME_LENGTH_MAX, SEND_TIMEOUT_MS } from './limits.ts'

export const SQL_PROTOCOL = '/hanse/sql/1'

const CHUNK_BYTES = 65_536
const CREDIT_BYTES = 1 << 20
/** END is one control frame of 64 KiB. */
const END_BYTES_MAX = 65_536

const requestSchema = struct({ question: bytes(1, 2 * QUESTION_BYTES_MAX), creditBytes: uint() })
const column = struct({ name: text(NAME_LENGTH_MAX), type: literal('text', 'integer', 'number', 'boolean', 'time', 'decimal', 'date', 'other') })
const endSchema = union('type', {
  answer: struct({ type: literal('answer'), answer: bytes(1, 49_152), columns: list(column, COLUMNS_MAX), isCut: boolean() }),
  failure: struct({ type: literal('failure'), code: text(64), reason: text(4_096), hint: text(4_096), position: nullable(uint()), reasons: list(text(64), 64) })
})

/** How a request ends. */
export type End = Parsed<typeof endSchema>
export type Answered = { readonly end: End, readonly csv: Uint8Array }

/** The answering side: whoever is connected is a member, and known. */
export function sqlHandler (
  { memberOf, answer }: { readonly memberOf: (peerId: string) => string | undefined, readonly answer: (member: string, question: Uint8Array, signal: AbortSignal) => Promise<Answered> }
): ProtocolHandler {
  return {
    request: async (peer, body, reply) => {
      const member = memberOf(peer.peerId)
      const request = decodeCanonical(body, requestSchema, 3 * QUESTION_BYTES_MAX)
      if (!request.ok) {
        peer.blame('a question that cannot be')
        return reply.error('limit', 'the request is malformed')
      }
      if (member === undefined) return reply.error('refused', 'not a member')
      const { end, csv } = await answer(member, request.value.question, reply.signal)
      for (let at = 0; at < csv.length; at += CHUNK_BYTES) await reply.send(csv.subarray(at, at + CHUNK_BYTES))
      reply.end(encodeCanonical(end))
    },
    note: peer => { peer.blame('this protocol has no notes') }
  }
}

/** The asking side. Undefined: it did not come to an end, or is no answer. */
export async function askPeer (peer: Peer, question: Uint8Array, clock: Clock, signal: AbortSignal | undefined): Promise<Answered | undefined> {
  const exchange = peer.request(SQL_PROTOCOL, encodeCanonical({ question, creditBytes: CREDIT_BYTES }), CREDIT_BYTES)
  const stop = (): void => exchange.cancel()
  const cancel = clock.wake(SEND_TIMEOUT_MS, stop)
  signal?.addEventListener('abort', stop)
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of exchange.data) {
      size += chunk.length
      if (size > ANSWER_CSV_BYTES_MAX) {
        exchange.cancel()
        peer.blame('an answer that is too long')
        return undefined
      }
      parts.push(chunk)
      exchange.grant(chunk.length)
    }
    const outcome = await exchange.outcome
    const end = outcome.type === 'end' ? decodeCanonical(outcome.body, endSchema, END_BYTES_MAX) : undefined
    return end?.ok === true ? { end: end.value, csv: concat(parts) } : undefined
  } finally {
    cancel()
    signal?.removeEventListener('abort', stop)
  }
}
