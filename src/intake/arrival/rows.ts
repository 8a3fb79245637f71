import { fail, ok, type Result } from '../../base/index.ts'
import type { Taken } from '../../sdk/index.ts'
import type { ConnectorContext, Inlet, SinkFailure } from '../connector/index.ts'
import { bytesOfFile, describeFile } from '../file/index.ts'
import type { MessageReader } from '../message/index.ts'
import type { Spooled } from './spool.ts'

/** How far into which file everything is durable. */
export type Mark = { readonly id: string, readonly batches: number }

/** Fewer rows than the window of a stream knows lie between two marks. */
const ROW_BATCHES_BETWEEN_MARKS = 16

export type RowsOptions = {
  readonly reader: MessageReader
  readonly inlet: Inlet
  readonly context: Pick<ConnectorContext, 'deadLetter' | 'report'>
  readonly mediaType: string
  /** Of a file of rows with more nothing is taken. */
  readonly rowsMax: number
  readonly origin: string
  /** For rows that tell no time. The same whenever the same file is read again. */
  readonly receivedMs: number
  /** Of this file alone, and the same over a restart. */
  readonly id: string
  readonly mark: Mark | undefined
  readonly onMark: (mark: Mark) => Promise<void>
  readonly signal: AbortSignal
}

/** Appends the rows of a file, in order, from where they are not known to be durable. */
export async function appendRows (file: Spooled, options: RowsOptions): Promise<Result<Taken, SinkFailure>> {
  const complaint = await complaintOf(file, options)
  if (complaint !== undefined) return fail(complaint)
  const { reader, inlet, context, mediaType, origin, receivedMs, id, mark, onMark, signal } = options
  const skip = mark?.id === id ? mark.batches : 0
  let [batches, stored, duplicates, rejected] = [0, 0, 0, 0]
  for await (const batch of reader.read({ chunks: bytesOfFile(file.path), mediaType, origin, receivedMs })) {
    signal.throwIfAborted()
    if (++batches <= skip) continue
    for (const letter of batch.rejected) {
      const kept = await context.deadLetter({ ...letter, origin })
      if (!kept.ok) return kept
    }
    const taken = await inlet.take(batch.records, origin)
    if (!taken.ok) return taken
    stored += taken.value.stored
    duplicates += taken.value.duplicates
    rejected += taken.value.rejected + batch.rejected.length
    if (batches % ROW_BATCHES_BETWEEN_MARKS === 0) await onMark({ id, batches })
  }
  await onMark({ id, batches })
  return ok({ stored, duplicates, rejected })
}

/** Rows are judged one by one; but of a table that is none, or not in UTF-8, each would be a wrong one. */
async function complaintOf (file: Spooled, { mediaType, rowsMax, signal }: RowsOptions): Promise<SinkFailure | undefined> {
  if (mediaType !== 'text/csv' && mediaType !== 'application/x-ndjson') return undefined
  const described = await describeFile(file.path, { signal, onBytes: () => {} })
  if (!described.ok) return described.failure
  const { rows, warnings, kind } = described.value
  if (rows > rowsMax) {
    return { code: 'too-large', reason: `it has ${rows} rows, at most ${rowsMax} are taken at once`, hint: 'ask for a shorter period, or take it as a table' }
  }
  const wrong = warnings.find(({ code }) => code === 'not-utf8' || code === 'row-too-large' || code === 'too-deep' || code === 'no-table' || code === 'open-quote')
  const reason = wrong?.sentence ?? (kind.type === 'other' ? 'it is no table' : undefined)
  return reason === undefined ? undefined : { code: wrong?.code ?? 'format', reason, hint: 'mend it where it comes from; nothing of it was appended' }
}
