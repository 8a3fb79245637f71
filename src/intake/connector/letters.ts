import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { DeadLetter, RecordInput } from '../../sdk/index.ts'
import { LETTER_BYTES_MAX, LETTERS_LISTED_MAX, LETTERS_PER_DAY_MAX, LETTERS_READ_MAX, SENTENCE_LENGTH_MAX } from './limits.ts'
import type { LetterInput, Sink, SinkFailure } from './types.ts'

export const LETTERS_DATASET_ID = 'dead-letters'
const DAY_MS = 86_400_000

/** Keeps what connectors could not take in one private stream of the node. Keys are names of connectors. */
export class Letters {
  readonly #sink: Sink
  readonly #nowMs: () => number
  readonly #today = new Map<string, { readonly day: number, count: number }>()
  #counted: Promise<void> | undefined

  constructor (sink: Sink, nowMs: () => number) {
    this.#sink = sink
    this.#nowMs = nowMs
  }

  /** Whether the connector has kept as many today as it may. */
  isFull (connector: string): boolean {
    return this.#of(connector).count >= LETTERS_PER_DAY_MAX
  }

  async keep (connector: string, { reason, origin, mediaType, bytes }: LetterInput): Promise<Result<null, SinkFailure>> {
    const opened = await this.#sink.ensurePrivateStream(LETTERS_DATASET_ID, 'Dead letters: what connectors could not take')
    if (!opened.ok) return opened
    // What was kept before a restart counts too.
    this.#counted ??= this.#count()
    await this.#counted.catch((cause: unknown) => {
      this.#counted = undefined
      throw cause
    })
    if (this.isFull(connector)) return ok(null)
    // At once, so that those who come together stay within the limit.
    const today = this.#of(connector)
    today.count++
    const body = {
      connector, reason: reason.slice(0, SENTENCE_LENGTH_MAX), origin: origin.slice(0, SENTENCE_LENGTH_MAX), mediaType, sizeBytes: bytes.length,
      body: Buffer.from(bytes.subarray(0, LETTER_BYTES_MAX)).toString('base64')
    }
    const record: RecordInput = {
      key: utf8(connector), timeMs: this.#nowMs(), operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(body))
    }
    const appended = await this.#sink.append(LETTERS_DATASET_ID, [record])
    if (!appended.ok) today.count--
    return appended
  }

  /** Newest first. */
  async list ({ connector, limit }: { readonly connector?: string | undefined, readonly limit: number }): Promise<Result<readonly DeadLetter[], SinkFailure>> {
    const tail = await this.#sink.tail(LETTERS_DATASET_ID, LETTERS_READ_MAX)
    if (!tail.ok) return tail.failure.code === 'not-found' ? ok([]) : fail(tail.failure)
    const letters: DeadLetter[] = []
    for await (const record of tail.value) {
      const letter = letterOf(record, record.number)
      if (letter !== undefined && (connector === undefined || letter.connector === connector)) letters.push(letter)
    }
    return ok(letters.toReversed().slice(0, Math.min(limit, LETTERS_LISTED_MAX)))
  }

  async #count (): Promise<void> {
    const tail = await this.#sink.tail(LETTERS_DATASET_ID, LETTERS_READ_MAX)
    if (!tail.ok) return
    const day = Math.floor(this.#nowMs() / DAY_MS)
    for await (const record of tail.value) {
      if (Math.floor(record.timeMs / DAY_MS) === day) this.#of(new TextDecoder().decode(record.key)).count++
    }
  }

  #of (connector: string): { readonly day: number, count: number } {
    const day = Math.floor(this.#nowMs() / DAY_MS)
    const known = this.#today.get(connector)
    if (known?.day === day) return known
    const fresh = { day, count: 0 }
    this.#today.set(connector, fresh)
    return fresh
  }
}

function letterOf ({ body, timeMs }: RecordInput, number: number): DeadLetter | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as Partial<DeadLetter>
    const { connector = '', reason = '', origin = '', mediaType = '', sizeBytes = 0, body: kept = '' } = value
    return { number, connector, timeMs, reason, origin, mediaType, sizeBytes, body: kept }
  } catch {
    return undefined
  }
}
