import { strict as assert } from 'node:assert'
import { encodeCanonical, readUint } from '../../src/base/index.ts'
import type { Outcome, Reply } from '../../src/host/index.ts'
import { Channel } from '../../src/host/libp2p/channel.ts'
import { FrameReader, HEADER_SIZE_BYTES, type Breach } from '../../src/host/libp2p/frame.ts'
import { LIMITS, type Credit, type Limits } from '../../src/host/libp2p/limits.ts'

const FREE: Credit = { take: () => true, give: () => {} }

type Frame = { readonly kind: number, readonly id: number, readonly body: Uint8Array }
type Side = {
  readonly channel: Channel
  readonly replies: Reply[]
  readonly notes: Uint8Array[]
}

/** Two channels without a stream, and a clock that only the test moves. */
export function pair (limits: Limits = LIMITS, credit: Credit = FREE): { readonly asker: Side, readonly answerer: Side, readonly clock: { nowMs: number } } {
  const clock = { nowMs: 0 }
  const side = (opener: boolean): Side => {
    const replies: Reply[] = []
    const notes: Uint8Array[] = []
    const channel = new Channel({
      opener,
      limits,
      credit,
      nowMs: () => clock.nowMs,
      onRequest: (_body, reply) => {
        replies.push(reply)
        return new Promise(() => {})
      },
      onNote: body => { notes.push(body) },
      onFault: () => {}
    })
    return { channel, replies, notes }
  }
  return { asker: side(true), answerer: side(false), clock }
}

/** Moves all that one side has to write to the other; says what frames it were. */
export function flow (from: Side, to: Side): { readonly frames: readonly Frame[], readonly breach: Breach | undefined } {
  const frames: Frame[] = []
  let breach: Breach | undefined
  const reader = new FrameReader(to.channel, LIMITS.controlBytesMax)
  for (let write = from.channel.takeWrite(); write !== undefined; write = from.channel.takeWrite()) {
    frames.push(...framesOf(write))
    breach ??= reader.read(write)
  }
  return { frames, breach }
}

function framesOf (bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + (readUint(bytes, at, 4) ?? 0)
    frames.push({ kind: bytes[at + 4] ?? 0, id: readUint(bytes, at + 5, 4) ?? 0, body: bytes.slice(at + HEADER_SIZE_BYTES, end) })
    at = end
  }
  return frames
}

export function bodyOf (creditBytes: number): Uint8Array {
  return encodeCanonical({ creditBytes })
}

export function only (side: Side): Reply {
  const reply = side.replies[0]
  assert.ok(reply !== undefined)
  return reply
}

export function feed (side: Side, ...frames: readonly Uint8Array[]): Breach | undefined {
  const reader = new FrameReader(side.channel, LIMITS.controlBytesMax)
  let breach: Breach | undefined
  for (const frame of frames) breach ??= reader.read(frame)
  return breach
}

export async function codeOf (outcome: Promise<Outcome>): Promise<string> {
  const settled = await outcome
  return settled.type === 'end' ? 'end' : settled.code
}
