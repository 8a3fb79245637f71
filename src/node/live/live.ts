import { fail, ok, type Result } from '../../base/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Failure, Listener, Listening } from '../contract/index.ts'
import { refusalOf, type Doors, type Question } from '../doors/index.ts'
import type { Feed } from '../feeds/index.ts'
import type { Readable } from '../reading/index.ts'
import { Broadcast } from './broadcast.ts'
import { LIVE_LIMITS, type LiveLimits } from './limits.ts'
import { ListenerSeat } from './seat.ts'

export type LiveOptions = {
  readonly readable: Readable
  readonly doors: Doors
  readonly clock: Clock
  /** Keeps what others publish coming, until the returned function is called. */
  readonly follow: (feed: Feed) => () => void
  readonly stopped: AbortSignal
  readonly limits?: LiveLimits
}

/** All that is being listened to. */
export class Live {
  readonly #options: LiveOptions
  readonly #limits: LiveLimits
  /** By feed and the record that its dataset begins with. */
  readonly #broadcasts = new Map<string, Broadcast>()
  #slow = 0

  constructor (options: LiveOptions) {
    this.#options = options
    this.#limits = options.limits ?? LIVE_LIMITS
    options.stopped.addEventListener('abort', () => { for (const broadcast of this.#broadcasts.values()) broadcast.close(undefined) }, { once: true })
  }

  /** The question was answered with yes; the passage that it gives is the listener's own. */
  listen (
    { feed, firstRecord }: { readonly feed: Feed, readonly firstRecord: number }, question: Question,
    where: { readonly from: number } | { readonly last: number }, listener: Listener
  ): Result<Listening, Failure<'not-found' | 'refused'>> {
    const { doors, clock } = this.#options
    const passage = doors.enter(question)
    if (!passage.isOpen) return fail(refusalOf(passage.decision))
    const broadcast = this.#broadcastOf(feed, firstRecord)
    const from = Math.max(0, 'from' in where ? where.from : broadcast.end - where.last)
    const seat = new ListenerSeat({
      broadcast, listener, passage, clock, limits: this.#limits, from, onEnd: why => { if (why?.code === 'slow') this.#slow++ }
    })
    return ok({ from, stop: () => { seat.stop() } })
  }

  metrics (): readonly (readonly [string, number])[] {
    return [
      ['hanse_live_listeners', [...this.#broadcasts.values()].reduce((sum, { seats }) => sum + seats, 0)],
      ['hanse_live_broadcasts', this.#broadcasts.size],
      ['hanse_live_slow_total', this.#slow]
    ]
  }

  #broadcastOf (feed: Feed, firstRecord: number): Broadcast {
    const name = `${feed.key} ${firstRecord}`
    const known = this.#broadcasts.get(name)
    if (known !== undefined) return known
    const { readable, clock, follow } = this.#options
    const broadcast = new Broadcast({
      readable, feed, firstRecord, clock, limits: this.#limits, follow: () => follow(feed), onOver: () => { this.#broadcasts.delete(name) }
    })
    this.#broadcasts.set(name, broadcast)
    return broadcast
  }
}
