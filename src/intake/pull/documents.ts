import { concat, fail, ok, type Result } from '../../base/index.ts'
import type { Spool, Spooled } from '../arrival/index.ts'
import type { ConnectorContext, SafeAnswer, SinkFailure } from '../connector/index.ts'
import type { Asked, Document, Reader, ReadFailure } from '../reader/index.ts'
import { ask, fileNameOf, type PullFailure } from './asking.ts'
import { DOCUMENTS_BYTES_MAX } from './limits.ts'
import type { Conditions } from './state.ts'

type Options = {
  readonly context: ConnectorContext
  readonly spool: Spool
  readonly reader: Reader
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
}

/** Documents of one reading of a feed. */
export class FeedDocuments {
  readonly #options: Options
  readonly #known: Conditions | undefined
  readonly #signal: AbortSignal
  readonly #files: Spooled[] = []
  #bytes = 0
  count = 0
  ttlMs = 0
  /** Of the first. */
  conditions: Conditions | undefined

  /** `known`: of the first, where it was the only one. */
  constructor (options: Options, known: Conditions | undefined, signal: AbortSignal) {
    this.#options = options
    this.#known = known
    this.#signal = signal
  }

  async get ({ name, url }: Asked): Promise<Result<Document | 'unchanged', PullFailure>> {
    const { context, reader: { accept }, headers } = this.#options
    const isFirst = this.count++ === 0
    // What the operator gave for the address that was declared is for its server alone.
    const own = isFirst || new URL(url).origin === new URL(this.#options.url).origin ? headers : {}
    const asked = await ask(context.web, { url, declared: this.#options.url, accept, headers: own }, isFirst ? this.#known : undefined, context.clock.nowMs(), this.#signal)
    if (!asked.ok) return asked
    this.ttlMs = Math.max(this.ttlMs, isFirst ? asked.value.ttlMs : 0)
    if (asked.value.type === 'unchanged') return ok('unchanged')
    context.report.received(1)
    if (isFirst) this.conditions = asked.value.conditions
    const { answer } = asked.value
    return ok({
      name, url: answer.url, mediaType: answer.headers['content-type'] ?? null,
      bytes: sizeBytesMax => this.#bytesOf(answer, sizeBytesMax), file: () => this.#fileOf(answer)
    })
  }

  async remove (): Promise<void> {
    for (const file of this.#files.splice(0)) await file.remove()
  }

  async #bytesOf (answer: SafeAnswer, sizeBytesMax: number): Promise<Result<Uint8Array, ReadFailure>> {
    const parts: Uint8Array[] = []
    let size = 0
    try {
      for await (const chunk of answer.bytes) {
        size += chunk.length
        if (size > sizeBytesMax) return fail({ code: 'too-large', reason: `the document has more than ${sizeBytesMax} bytes`, hint: 'ask for less of it' })
        parts.push(chunk)
      }
    } catch (error) {
      const failure = failureOf(error)
      if (failure === undefined) throw error
      return fail(readFailure(failure))
    }
    return ok(concat(parts))
  }

  async #fileOf (answer: SafeAnswer): Promise<Result<string, ReadFailure>> {
    const file = await this.#options.spool.take(answer.bytes, fileNameOf(answer, 'document'), 'as-it-is')
    if (!file.ok) return fail(readFailure(file.failure))
    this.#files.push(file.value)
    this.#bytes += file.value.sizeBytes
    if (this.#bytes > DOCUMENTS_BYTES_MAX) return fail({ code: 'too-large', reason: `the documents have more than ${DOCUMENTS_BYTES_MAX} bytes`, hint: 'name a part of the feed' })
    return ok(file.value.path)
  }
}

function failureOf (error: unknown): SinkFailure | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('hint' in error)) return undefined
  return { code: String(error.code), reason: error.message, hint: String(error.hint) }
}

function readFailure ({ code, reason, hint }: SinkFailure): ReadFailure {
  return { code: code === 'too-large' ? 'too-large' : 'unreadable', reason, hint }
}
