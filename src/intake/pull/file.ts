import { hex, ok, type Result } from '../../base/index.ts'
import type { DatasetDeclaration, RecordInput, UrlDeclaration } from '../../sdk/index.ts'
import { appendRows, publishContent, type FileFormat, type Spool, type Spooled } from '../arrival/index.ts'
import { descriptionOf, type ConnectorContext, type Inlet } from '../connector/index.ts'
import { createReader, type MessageReader } from '../message/index.ts'
import { ask, fileNameOf, type PullFailure, type Source } from './asking.ts'
import { STREAM_ROWS_MAX, WINDOW_RECORDS_MAX } from './limits.ts'
import { markOf, type Conditions } from './state.ts'

/** What became of a look at a source. `conditions`: undefined where those from before hold. */
export type Looked = { readonly ttlMs: number, readonly conditions: Conditions | undefined }

type Look = {
  readonly context: ConnectorContext
  readonly spool: Spool
  readonly source: Source
  readonly known: Conditions | undefined
  readonly signal: AbortSignal
}

/** Fetches a file that is another one than the last time, and gives it to `take`. */
async function lookAt (
  { context, spool, source, known, signal }: Look, fallbackName: string, take: (file: Spooled, nowMs: number) => Promise<Result<unknown, PullFailure>>
): Promise<Result<Looked, PullFailure>> {
  const nowMs = context.clock.nowMs()
  const asked = await ask(context.web, source, known, nowMs, signal)
  if (!asked.ok) return asked
  const { ttlMs } = asked.value
  if (asked.value.type === 'unchanged') return ok({ ttlMs, conditions: undefined })
  const { answer, conditions } = asked.value
  context.report.received(1)
  const file = await spool.take(answer.bytes, fileNameOf(answer, fallbackName), 'unpack')
  if (!file.ok) return file
  try {
    const { sha256 } = file.value
    if (known?.url === markOf(source.url) && known.sha256 === sha256) return ok({ ttlMs, conditions: { ...conditions, sha256 } })
    const taken = await take(file.value, nowMs)
    return taken.ok ? ok({ ttlMs, conditions: { ...conditions, sha256 } }) : taken
  } finally {
    await file.value.remove()
  }
}

/** A file that is a version of its dataset. */
export function pullTable (look: Look, dataset: DatasetDeclaration, format: FileFormat): Promise<Result<Looked, PullFailure>> {
  const { context, signal } = look
  return lookAt(look, dataset.id, async (file, nowMs) => {
    const published = await publishContent(file, dataset, format, context, { nowMs, signal })
    if (published.ok && published.value.changed) context.report.stored(published.value.rows)
    return published
  })
}

/** What of the formats of files is one of messages. */
export type RowFormat = 'csv' | 'ndjson' | 'json' | 'senml' | 'sensorthings'
const MEDIA_TYPES: Readonly<Record<RowFormat, string>> = {
  csv: 'text/csv', ndjson: 'application/x-ndjson', json: '', senml: 'application/senml+json', sensorthings: ''
}

/** A source that shows the newest rows of a stream. */
export class PulledRows {
  readonly #declaration: UrlDeclaration
  readonly #reader: MessageReader
  #inlet: Inlet | undefined

  constructor (declaration: UrlDeclaration, format: RowFormat) {
    this.#declaration = declaration
    this.#reader = createReader({ format, mapping: declaration.mapping, decoder: undefined, devices: {}, dataset: declaration.dataset })
  }

  async pull (look: Look, format: RowFormat): Promise<Result<Looked, PullFailure>> {
    const { context, source, signal } = look
    const { dataset } = this.#declaration
    const inlet = this.#inlet ??= await context.openInlet({
      description: descriptionOf(dataset, this.#reader.columns), identityOf: keyAndTime, windowRecordsMax: WINDOW_RECORDS_MAX
    }, signal)
    // From the beginning each time: what was stored is known by key and time.
    return lookAt(look, dataset.id, (file, nowMs) => appendRows(file, {
      reader: this.#reader, inlet, context, mediaType: MEDIA_TYPES[format], rowsMax: STREAM_ROWS_MAX, origin: source.url, receivedMs: nowMs,
      id: file.sha256, mark: undefined, onMark: async () => {}, signal
    }))
  }
}

function keyAndTime ({ key, timeMs }: RecordInput): string {
  return `${timeMs}/${hex(key)}`
}
