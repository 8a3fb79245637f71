import type { Clock } from '../../host/index.ts'
import type { ListenEnd, Listener } from '../contract/index.ts'
import { refusalOf, sealedRefusal, type Passage } from '../doors/index.ts'
import { Incomplete } from '../reading/index.ts'
import { incomplete, type Broadcast, type Portion, type Seat } from './broadcast.ts'
import type { LiveLimits } from './limits.ts'

export type SeatOptions = {
  readonly broadcast: Broadcast
  readonly listener: Listener
  /** Open: its right to listen. */
  readonly passage: Passage
  readonly clock: Clock
  readonly limits: LiveLimits
  /** Number of the first record that it gets. */
  readonly from: number
  readonly onEnd: (why: ListenEnd | undefined) => void
}

/** One listener's place: how far it has come, and its right to go on. */
export class ListenerSeat implements Seat {
  readonly #options: SeatOptions
  readonly #passage: Passage
  #position: number
  /** Of what it was told, counted as the broadcast counts. */
  #bytes: number
  #isBehind = false
  /** Before it has come to the head for the first time it may take as long as it likes. */
  #hasCaughtUp = false
  #lagsSinceMs: number | undefined
  #isOver = false

  /** Joins the broadcast, or reads first what lies before it. */
  constructor (options: SeatOptions) {
    const { broadcast, from, passage } = options
    this.#options = options
    this.#position = from
    this.#bytes = broadcast.bytes
    this.#passage = passage
    passage.signal.addEventListener('abort', () => { this.finish(refusalOf(passage.decision)) }, { once: true })
    broadcast.enter(this)
    if (from < broadcast.position) this.#fallBehind(Promise.resolve())
    else this.#hasCaughtUp = true
  }

  /** What comes, while it is at the head; otherwise it reads that when it gets there. */
  tell (portion: Portion): void {
    if (this.#isOver || this.#position >= portion.next) return
    if (this.#isBehind) return this.#checkLag(portion)
    const part = this.#position === portion.from ? portion : partOf(portion, this.#position)
    const taken = this.#give(part)
    if (taken === undefined) this.#took(part)
    else this.#fallBehind(taken.then(() => { this.#took(part) }))
  }

  finish (why: ListenEnd | undefined): void {
    if (this.#isOver) return
    this.stop()
    this.#options.onEnd(why)
    this.#options.listener.end(why)
  }

  stop (): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.broadcast.leave(this)
    // A disk that does not keep it has been heard of elsewhere.
    this.#passage.end().catch(() => {})
  }

  /** Lets it through the door and hands it over; undefined where that is done already. */
  #give ({ records, bytes }: Portion): Promise<void> | undefined {
    if (records.length === 0) return undefined
    const isLet = this.#passage.take({ records: records.length, bytes })
    if (isLet === true) return this.#options.listener.take(records) ?? undefined
    return Promise.resolve(isLet).then(async isKept => {
      if (!isKept) return this.finish(refusalOf(this.#passage.decision))
      if (!this.#isOver) await this.#options.listener.take(records)
    })
  }

  #took ({ next, bytes }: Portion): void {
    this.#position = next
    this.#bytes += bytes
  }

  #fallBehind (until: Promise<void>): void {
    this.#isBehind = true
    until.then(() => this.#catchUp()).catch((cause: unknown) => {
      this.finish(cause instanceof Incomplete && cause.code === 'sealed' ? sealedRefusal(cause.message) : incomplete(cause))
    })
  }

  async #catchUp (): Promise<void> {
    const { broadcast } = this.#options
    while (!this.#isOver && this.#position < broadcast.position) {
      for await (const portion of broadcast.portions(this.#position, broadcast.position)) {
        if (this.#isOver) return
        await this.#give(portion)
        this.#took(portion)
      }
    }
    // Nothing was waited for since the question whether it is at the head, so no round came between.
    this.#isBehind = false
    this.#hasCaughtUp = true
    this.#lagsSinceMs = undefined
    this.#bytes = broadcast.bytes
  }

  #checkLag ({ next }: Portion): void {
    const { broadcast, clock, limits: { lagRecordsMax, lagBytesMax, lagMs } } = this.#options
    if (!this.#hasCaughtUp) return
    const records = next - this.#position
    if (records <= lagRecordsMax && broadcast.bytes - this.#bytes <= lagBytesMax) {
      this.#lagsSinceMs = undefined
      return
    }
    const nowMs = clock.monotonicMs()
    this.#lagsSinceMs ??= nowMs
    if (nowMs - this.#lagsSinceMs < lagMs) return
    this.finish({
      code: 'slow', reason: `${records} records wait for this reader, which took less than came for ${Math.round(lagMs / 1_000)} s`,
      hint: 'read faster, or begin again behind the last record that you have: nothing is lost'
    })
  }
}

/** For one that begins in the middle of a round. */
function partOf ({ next, records }: Portion, from: number): Portion {
  const kept = records.filter(({ number }) => number >= from)
  return { from, next, records: kept, bytes: kept.reduce((sum, { body }) => sum + body.length, 0) }
}
