import type { Clock, Exchange, Outcome, Peer, ProtocolHandler, Reply, RequestErrorCode } from '../../src/host/index.ts'
import type { Link } from '../../src/node/pulling/index.ts'
import { Lane } from '../../src/node/pulling/lane.ts'

const FRAME_BYTES = 262_144

/** What a source does to what it sends. */
export type Conduct = {
  /** Changes a frame on its way. */
  readonly alter?: (frame: Uint8Array, sentBytes: number) => Uint8Array
  /** Leaves after so many bytes. */
  readonly leavesAfterBytes?: number
}

export type Loopback = { readonly link: Link, readonly blames: string[], readonly requests: Uint8Array[], sentBytes: number }

/** A peer without a network: requests go straight to `handler`, within credit, in frames as on the wire. */
export function loopback (name: string, handler: ProtocolHandler, conduct: Conduct = {}): Loopback {
  const self: Loopback = { link: linkTo({ peerId: name, request, note: () => true, drop: () => {}, blame: reason => { self.blames.push(reason) } }), blames: [], requests: [], sentBytes: 0 }
  return self

  function request (_protocol: string, body: Uint8Array, creditBytes: number): Exchange {
    self.requests.push(body)
    const queue: Uint8Array[] = []
    const stop = new AbortController()
    let credit = creditBytes
    let isOver = false
    let wake = (): void => {}
    let settle: (outcome: Outcome) => void = () => {}
    const outcome = new Promise<Outcome>(resolve => { settle = resolve })
    const finish = (result: Outcome): void => {
      isOver = true
      settle(result)
      wake()
    }
    const until = async (isReady: () => boolean): Promise<void> => {
      while (!isReady() && !stop.signal.aborted && !isOver) {
        await new Promise<void>(resolve => {
          const before = wake
          wake = () => { before(); resolve() }
        })
        wake = () => {}
      }
    }
    const reply: Reply = {
      signal: stop.signal,
      async send (chunk) {
        for (let at = 0; at < chunk.length; at += FRAME_BYTES) {
          const frame = chunk.subarray(at, Math.min(chunk.length, at + FRAME_BYTES)).slice()
          await until(() => credit > 0)
          if (stop.signal.aborted || isOver) throw new Error('the asker left')
          credit -= frame.length
          queue.push(conduct.alter?.(frame, self.sentBytes) ?? frame)
          self.sentBytes += frame.length
          wake()
          if (self.sentBytes >= (conduct.leavesAfterBytes ?? Infinity)) {
            finish({ type: 'error', code: 'closed', reason: 'gone' })
            throw new Error('gone')
          }
        }
      },
      end: result => finish({ type: 'end', body: result }),
      error: (code: RequestErrorCode, reason: string) => finish({ type: 'error', code, reason })
    }
    queueMicrotask(() => {
      handler.request(self.link.peer, body, reply).catch(() => finish({ type: 'error', code: 'fault', reason: 'the handler failed' }))
    })
    return {
      data: (async function * () {
        for (;;) {
          const chunk = queue.shift()
          if (chunk !== undefined) yield chunk
          else if (isOver || stop.signal.aborted) return
          else await until(() => queue.length > 0)
        }
      })(),
      outcome,
      grant: size => {
        credit += size
        wake()
      },
      cancel: () => {
        if (isOver) return
        stop.abort()
        finish({ type: 'error', code: 'cancelled', reason: 'cancelled' })
      }
    }
  }
}

function linkTo (peer: Peer): Link {
  return {
    peer, member: `did:key:${peer.peerId}`, lane: new Lane(), heads: new Lane(), gone: new AbortController(), digest: new Uint8Array(32), uncompared: new Map(),
    doubted: new Set(), isListing: false
  }
}

/** A clock that stands still. */
export function stillClock (nowMs: number): Clock {
  return { nowMs: () => nowMs, monotonicMs: () => 0, wake: () => () => {} }
}
