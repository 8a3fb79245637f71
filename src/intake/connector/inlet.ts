import { fail, ok, type Result } from '../../base/index.ts'
import { recordComplaint, type RecordInput, type Taken } from '../../sdk/index.ts'
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, QUEUED_RECORDS_MAX, WINDOW_RECORDS_MAX } from './limits.ts'
import type { Inlet, InletOptions, LetterInput, Sink, SinkFailure } from './types.ts'
import { contentIdentity, Window } from './window.ts'

/** What became of one record: stored, or refused with a reason; or the node took nothing. */
type Outcome = Result<{ readonly refused: string | null }, SinkFailure>

type Waiting = { readonly record: RecordInput, readonly identity: string, readonly settle: (outcome: Outcome) => void }

type StreamInletOptions = InletOptions & {
  readonly sink: Sink
  readonly deadLetter: (letter: LetterInput) => Promise<Result<null, SinkFailure>>
  readonly onTaken: (taken: { readonly stored: number, readonly duplicates: number }) => void
}

/**
 * Stores records of one stream, each once, in batches: while one batch is being made durable the next one gathers, so that many
 * sources share a commit and none waits for a timer.
 */
export class StreamInlet implements Inlet {
  readonly #options: StreamInletOptions
  readonly #identityOf: (record: RecordInput) => string
  readonly #window: Window<Outcome>
  #queue: Waiting[] = []
  #isRunning = false
  #room: (() => void)[] = []

  private constructor (options: StreamInletOptions) {
    this.#options = options
    this.#identityOf = options.identityOf ?? contentIdentity
    this.#window = new Window(options.windowRecordsMax ?? WINDOW_RECORDS_MAX)
  }

  /** Opens the stream and reads back what is known of it. */
  static async open (options: StreamInletOptions): Promise<Result<StreamInlet, SinkFailure>> {
    const { sink, description, onStored, windowRecordsMax = WINDOW_RECORDS_MAX } = options
    const opened = await sink.ensureStream(description)
    if (!opened.ok) return opened
    const inlet = new StreamInlet(options)
    const tail = await sink.tail(description.datasetId, windowRecordsMax)
    if (!tail.ok) return tail
    for await (const record of tail.value) {
      inlet.#window.stored(inlet.#identityOf(record))
      onStored?.(record)
    }
    return ok(inlet)
  }

  async take (records: readonly RecordInput[], origin: string): Promise<Result<Taken, SinkFailure>> {
    const outcomes: Promise<Outcome>[] = []
    const letters: LetterInput[] = []
    const letter = (record: RecordInput, reason: string): void => {
      letters.push({ reason, origin, mediaType: record.mediaType, bytes: record.body })
    }
    let duplicates = 0
    for (const record of records) {
      const complaint = recordComplaint(record)
      if (complaint !== undefined) {
        letter(record, complaint)
        continue
      }
      while (this.#queue.length >= QUEUED_RECORDS_MAX) await new Promise<void>(resolve => this.#room.push(resolve))
      const identity = this.#identityOf(record)
      const known = this.#window.get(identity)
      if (known === undefined) {
        outcomes.push(this.#enqueue(record, identity).then(outcome => {
          if (outcome.ok && outcome.value.refused !== null) letter(record, outcome.value.refused)
          return outcome
        }))
      } else {
        duplicates++
        // Acknowledged only when the first of them is.
        if (known !== null) outcomes.push(known)
      }
    }
    const settled = await Promise.all(outcomes)
    for (const each of letters) {
      const kept = await this.#options.deadLetter(each)
      if (!kept.ok) return kept
    }
    const failed = settled.find(outcome => !outcome.ok)
    if (failed?.ok === false) return failed
    const taken = { stored: records.length - letters.length - duplicates, duplicates, rejected: letters.length }
    this.#options.onTaken(taken)
    return ok(taken)
  }

  #enqueue (record: RecordInput, identity: string): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.#window.begin(identity, promise)
    this.#queue.push({ record, identity, settle: resolve })
    if (!this.#isRunning) void this.#run()
    return promise
  }

  async #run (): Promise<void> {
    this.#isRunning = true
    // One turn later, so that all who come in this turn share the batch.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch()
      for (const resolve of this.#room.splice(0)) resolve()
      await this.#store(batch)
    }
    this.#isRunning = false
  }

  #nextBatch (): readonly Waiting[] {
    let [count, bytes] = [0, 0]
    for (const { record: { key, body } } of this.#queue) {
      bytes += key.length + body.length
      if (count > 0 && (bytes > BATCH_BYTES_MAX || count === BATCH_RECORDS_MAX)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #store (batch: readonly Waiting[]): Promise<void> {
    const { sink, description: { datasetId }, onStored } = this.#options
    const appended = await sink.append(datasetId, batch.map(({ record }) => record))
    if (!appended.ok && appended.failure.code === 'invalid' && batch.length > 1) {
      // One that no stream may hold refuses them all: each for itself, so that it alone is left out.
      for (const each of batch) await this.#store([each])
      return
    }
    for (const { record, identity, settle } of batch) {
      if (appended.ok) {
        this.#window.stored(identity)
        onStored?.(record)
        settle(ok({ refused: null }))
      } else {
        this.#window.forget(identity)
        settle(appended.failure.code === 'invalid' ? ok({ refused: appended.failure.reason }) : fail(appended.failure))
      }
    }
  }
}
