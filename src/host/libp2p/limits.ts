import { assert } from '../../base/index.ts'

/** Every number of this room that bounds something. Tests shorten the times; nothing else changes them. */
export type Limits = {
  readonly controlBytesMax: number
  readonly helloBytesMax: number
  readonly writeBytesMax: number
  readonly controlQueueFramesMax: number
  readonly controlQueueBytesMax: number
  readonly controlFramesPerSecondMax: number
  readonly requestsInFlightMax: number
  readonly chunksQueuedMax: number
  readonly noteBytesMax: number
  readonly notesQueuedMax: number
  readonly notesQueuedBytesMax: number
  readonly creditPerStreamMax: number
  readonly creditPerNodeMax: number
  readonly progressTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly tickMs: number
  readonly helloTimeoutMs: number
  readonly streamsWaitingForHelloMax: number
  readonly streamOpenTimeoutMs: number
  readonly streamReopenDelayMsMax: number
  readonly connectionsMax: number
  readonly connectionsPendingMax: number
  readonly connectionsPerHostAndSecondMax: number
  readonly connectionsPerSecondMaxOnLoopback: number
  readonly addressesPerPeerMax: number
  readonly addressBytesMax: number
  readonly dialsMax: number
  readonly redialDelayMs: number
  readonly redialDelayMsMax: number | undefined
  readonly breachesMax: number
  readonly breachWindowMs: number
  readonly misbehavingMs: number
  readonly gossipBytesMax: number
  readonly gossipFrameBytesMax: number
  readonly gossipBufferBytesMax: number
  readonly gossipTopicsMax: number
  readonly publishesPerSecondMax: number
  readonly publishesBurstMax: number
  readonly watchdogPeriodMs: number
  readonly watchdogGraceMs: number
  readonly watchdogMutedMs: number
  readonly watchdogClosesPerHourMax: number
  readonly stopTimeoutMs: number
  readonly joinConnectionsMax: number
  readonly joinPerHostAndHourMax: number
  readonly joinHostsMax: number
  readonly joinRequestsMax: number
  readonly joinRequestBytesMax: number
  readonly joinAnswerBytesMax: number
  readonly joinLifetimeMs: number
}

const KiB = 1024
const MiB = 1024 * KiB

export const LIMITS: Limits = {
  controlBytesMax: 64 * KiB,
  helloBytesMax: 8 * KiB,
  writeBytesMax: 64 * KiB,
  controlQueueFramesMax: 1024,
  controlQueueBytesMax: 8 * MiB,
  controlFramesPerSecondMax: 20_000,
  requestsInFlightMax: 32,
  chunksQueuedMax: 256,
  noteBytesMax: 64 * KiB,
  notesQueuedMax: 256,
  notesQueuedBytesMax: 4 * MiB,
  creditPerStreamMax: 2 * MiB,
  creditPerNodeMax: 128 * MiB,
  progressTimeoutMs: 30_000,
  drainTimeoutMs: 30_000,
  tickMs: 1_000,
  helloTimeoutMs: 5_000,
  streamsWaitingForHelloMax: 8,
  streamOpenTimeoutMs: 5_000,
  streamReopenDelayMsMax: 30_000,
  connectionsMax: 300,
  connectionsPendingMax: 32,
  connectionsPerHostAndSecondMax: 5,
  // Only processes of this machine reach a loopback address: a limit per host would take them for one.
  connectionsPerSecondMaxOnLoopback: 1_000_000,
  addressesPerPeerMax: 8,
  addressBytesMax: 256,
  dialsMax: 8,
  redialDelayMs: 1_000,
  redialDelayMsMax: undefined,
  breachesMax: 10,
  breachWindowMs: 10 * 60_000,
  misbehavingMs: 60 * 60_000,
  gossipBytesMax: 1 * KiB,
  gossipFrameBytesMax: 4 * MiB,
  gossipBufferBytesMax: 8 * MiB,
  gossipTopicsMax: 258,
  publishesPerSecondMax: 10,
  publishesBurstMax: 20,
  watchdogPeriodMs: 30_000,
  watchdogGraceMs: 10_000,
  watchdogMutedMs: 60_000,
  watchdogClosesPerHourMax: 2,
  stopTimeoutMs: 5_000,
  joinConnectionsMax: 8,
  joinPerHostAndHourMax: 120,
  joinHostsMax: 4_096,
  joinRequestsMax: 3,
  joinRequestBytesMax: 16 * KiB,
  joinAnswerBytesMax: 256 * KiB,
  joinLifetimeMs: 30_000
}

/** Refills steadily up to a burst; `take` says whether one more may pass now. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor (perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = nowMs
  }

  take (nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perSecond / 1000)
    this.#atMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

/** What one channel may draw credit from. */
export interface Credit {
  take (sizeBytes: number): boolean
  give (sizeBytes: number): void
}

/**
 * Credit that this node has out with all its peers together. One peer may hold an equal share of it, and never less
 * than what one stream may hold, so that a few busy peers cannot starve the others and a lone peer is not slowed.
 */
export class CreditPool {
  readonly #limits: Limits
  readonly #heldByPeer = new Map<string, number>()
  readonly #wake: () => void
  #held = 0
  #waking = false

  /** `wake` is called when credit came back, so that waiting requests are looked at again. */
  constructor (limits: Limits, wake: () => void) {
    this.#limits = limits
    this.#wake = wake
  }

  get heldBytes (): number {
    return this.#held
  }

  of (peerId: string): Credit {
    return {
      take: sizeBytes => {
        const { creditPerNodeMax, creditPerStreamMax } = this.#limits
        const held = this.#heldByPeer.get(peerId) ?? 0
        const others = this.#heldByPeer.size - (held > 0 ? 1 : 0)
        const share = Math.max(creditPerStreamMax, creditPerNodeMax / (others + 1))
        if (this.#held + sizeBytes > creditPerNodeMax || held + sizeBytes > share) return false
        this.#held += sizeBytes
        this.#heldByPeer.set(peerId, held + sizeBytes)
        return true
      },
      give: sizeBytes => {
        if (sizeBytes === 0) return
        const held = (this.#heldByPeer.get(peerId) ?? 0) - sizeBytes
        assert(held >= 0, 'credit that comes back was taken before')
        this.#held -= sizeBytes
        if (held === 0) this.#heldByPeer.delete(peerId)
        else this.#heldByPeer.set(peerId, held)
        this.#wakeSoon()
      }
    }
  }

  /** Later, so that nobody is woken in the middle of what gave the credit back; once for many. */
  #wakeSoon (): void {
    if (this.#waking) return
    this.#waking = true
    queueMicrotask(() => {
      this.#waking = false
      this.#wake()
    })
  }
}

/** Counts breaches per peer; whoever reaches the limit within the window is misbehaving for a while. */
export class Breaches {
  readonly #limits: Limits
  readonly #nowMs: () => number
  readonly #timesByPeer = new Map<string, number[]>()
  readonly #untilByPeer = new Map<string, number>()

  constructor (limits: Limits, nowMs: () => number) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  /** True when this breach was the one too many. */
  add (peerId: string): boolean {
    const now = this.#nowMs()
    const times = (this.#timesByPeer.get(peerId) ?? []).filter(timeMs => timeMs > now - this.#limits.breachWindowMs)
    times.push(now)
    this.#timesByPeer.set(peerId, times)
    if (times.length < this.#limits.breachesMax) return false
    this.#timesByPeer.delete(peerId)
    this.#untilByPeer.set(peerId, now + this.#limits.misbehavingMs)
    return true
  }

  isMisbehaving (peerId: string): boolean {
    return (this.#untilByPeer.get(peerId) ?? 0) > this.#nowMs()
  }

  /** Those who are no members any longer are not remembered, which bounds both maps. */
  keepOnly (isMember: (peerId: string) => boolean): void {
    for (const peerId of this.#timesByPeer.keys()) if (!isMember(peerId)) this.#timesByPeer.delete(peerId)
    for (const peerId of this.#untilByPeer.keys()) if (!isMember(peerId)) this.#untilByPeer.delete(peerId)
  }
}
