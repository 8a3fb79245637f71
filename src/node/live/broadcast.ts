import type { Clock } from '../../host/index.ts'
import type { ListenEnd, NumberedRecord } from '../contract/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import { Incomplete, readableEnd, recordsOf, type Readable } from '../reading/index.ts'
import type { LiveLimits } from './limits.ts'

/** Records of a dataset from number `from` up to `next`; those that were erased are left out. */
export type Portion = { readonly from: number, readonly next: number, readonly bytes: number, readonly records: readonly NumberedRecord[] }

/** Who is told by a broadcast. */
export interface Seat {
  tell (portion: Portion): void
  finish (why: ListenEnd | undefined): void
}

export type BroadcastOptions = {
  readonly readable: Readable
  readonly feed: Feed
  readonly firstRecord: number
  readonly clock: Clock
  readonly limits: LiveLimits
  /** Keeps what others publish coming while somebody listens. */
  readonly follow: () => () => void
  /** Nobody listens any more, or nothing can follow. */
  readonly onOver: () => void
}

/** Follows a feed and tells all seats what comes, in rounds. */
export class Broadcast {
  readonly #options: BroadcastOptions
  readonly #seats = new Set<Seat>()
  readonly #over = new AbortController()
  readonly #moved = new Signal<void>()
  readonly #stops: readonly (() => void)[]
  #keys = 0
  /** Number behind the last record that was told. */
  position: number
  /** Of all that was told so far. */
  bytes = 0

  constructor (options: BroadcastOptions) {
    const { readable, feed, follow } = options
    this.#options = options
    this.position = this.end
    this.#stops = [
      readable.feeds.changed.on(changed => { if (changed === feed) this.#moved.emit() }),
      readable.keyring.changed.on(() => {
        this.#keys++
        this.#moved.emit()
      }),
      follow()
    ]
    void this.#run().then(() => { this.close(undefined) }, (cause: unknown) => { this.close(incomplete(cause)) })
  }

  /** Number behind the last record that can be read. */
  get end (): number {
    const { feed, firstRecord } = this.#options
    return Math.max(0, readableEnd(feed) - firstRecord)
  }

  get seats (): number {
    return this.#seats.size
  }

  enter (seat: Seat): void {
    this.#seats.add(seat)
  }

  leave (seat: Seat): void {
    this.#seats.delete(seat)
    if (this.#seats.size === 0) this.close(undefined)
  }

  /** Records [from, to) of the dataset. */
  portions (from: number, to: number): AsyncGenerator<Portion> {
    const { readable, feed, firstRecord, limits } = this.#options
    return portionsOf({ readable, feed, firstRecord, limits }, from, to)
  }

  async #run (): Promise<void> {
    const { clock, limits } = this.#options
    let toldMs = -Infinity
    while (!this.#over.signal.aborted) {
      if (this.end <= this.position) {
        await this.#moved.next(this.#over.signal)
        continue
      }
      await this.#pause(toldMs + limits.roundMs - clock.monotonicMs())
      toldMs = clock.monotonicMs()
      await this.#round(this.end)
    }
  }

  async #round (end: number): Promise<void> {
    // A key that comes while this is read is not waited for.
    const keysBefore = this.#keys
    try {
      for await (const portion of this.portions(this.position, end)) {
        if (this.#over.signal.aborted) return
        this.position = portion.next
        this.bytes += portion.bytes
        await this.#tell(portion)
      }
    } catch (cause) {
      if (!(cause instanceof Incomplete) || cause.code !== 'sealed') throw cause
      while (this.#keys === keysBefore && !this.#over.signal.aborted) await this.#moved.next(this.#over.signal)
    }
  }

  /** Other work of the node comes between: a thousand are not told at one go. */
  async #tell (portion: Portion): Promise<void> {
    const { clock, limits: { seatsAtOnce } } = this.#options
    let told = 0
    for (const seat of this.#seats) {
      seat.tell(portion)
      if (++told % seatsAtOnce === 0) await new Promise<void>(resolve => { clock.wake(0, resolve) })
    }
  }

  async #pause (delayMs: number): Promise<void> {
    if (delayMs <= 0) return
    await new Promise<void>(resolve => { this.#options.clock.wake(delayMs, resolve) })
  }

  close (why: ListenEnd | undefined): void {
    if (this.#over.signal.aborted) return
    this.#over.abort()
    for (const stop of this.#stops) stop()
    this.#options.onOver()
    for (const seat of this.#seats) seat.finish(why)
    this.#seats.clear()
  }
}

type Reading = Pick<BroadcastOptions, 'readable' | 'feed' | 'firstRecord' | 'limits'>

async function * portionsOf ({ readable, feed, firstRecord, limits }: Reading, from: number, to: number): AsyncGenerator<Portion> {
  let [at, bytes, records]: [number, number, NumberedRecord[]] = [from, 0, []]
  for await (const record of recordsOf(readable, feed, firstRecord + from, firstRecord + to)) {
    const number = record.number - firstRecord
    records.push({ ...record, number })
    bytes += record.body.length
    if (records.length < limits.portionRecordsMax && bytes < limits.portionBytesMax) continue
    yield { from: at, next: number + 1, bytes, records };
    [at, bytes, records] = [number + 1, 0, []]
  }
  if (at < to) yield { from: at, next: to, bytes, records }
}

export function incomplete (cause: unknown): ListenEnd {
  return {
    code: 'incomplete', reason: `what follows cannot be read here: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'begin again behind what you have; the node fetches what is missing'
  }
}
