import { fail, ok, type Result } from '../../base/index.ts'
import type { DatasetDeclaration, DatasetDescription } from '../../sdk/index.ts'
import { descriptionOf, type ConnectorContext, type SinkFailure } from '../connector/index.ts'
import { bytesOfFile, describeFile, recordBatchesOfFile, type FileDescription, type FileWarning } from '../file/index.ts'
import type { Spooled } from './spool.ts'

/** `auto`: a table where it is one, and else a file. `file`: whatever it is, whole. */
export type FileFormat = 'auto' | 'csv' | 'geojson' | 'ndjson' | 'file'

type Context = Pick<ConnectorContext, 'sink' | 'report'>

/** Nothing that is so is published by itself: a person would have been asked. */
const REFUSED: ReadonlySet<FileWarning['code']> = new Set(['row-too-large', 'too-deep', 'no-table', 'cut-short', 'open-quote'])
const NAMES: Readonly<Record<FileFormat, string>> = { auto: 'table', csv: 'CSV table', geojson: 'list of GeoJSON features', ndjson: 'table of JSON lines', file: 'file' }

/** Publishes a file as the next version of its dataset, all of it or nothing. `changed`: false where it is the version that is there. */
export async function publishContent (
  file: Spooled, dataset: DatasetDeclaration, format: FileFormat, context: Context, { nowMs, signal }: { readonly nowMs: number, readonly signal: AbortSignal }
): Promise<Result<{ readonly changed: boolean, readonly rows: number }, SinkFailure>> {
  const { sink, report } = context
  if (file.sizeBytes === 0) return refused('empty', 'there is nothing in it')
  if (sink.contentSha256(dataset.id) === file.sha256) return ok({ changed: false, rows: 0 })
  const described = await describeFile(file.path, { signal, onBytes: () => {} })
  if (!described.ok) return described
  const content = described.value
  const complaint = complaintOf(content, format)
  if (complaint !== undefined) return complaint
  for (const warning of content.warnings) report.note(noteOf(warning), warning.sentence)
  const description = withContent(descriptionOf(dataset, content.columns), content)
  const { mediaType } = content
  const named = { mediaType, fileName: file.fileName }
  const isTable = format !== 'file' && content.form === 'table'
  const published = isTable
    ? await sink.publishTable(description, { ...named, records: recordBatchesOfFile(file.path, content, nowMs) })
    : await sink.publishFile({ ...description, schema: [] }, { ...named, bytes: bytesOfFile(file.path) })
  return published.ok ? ok({ changed: true, rows: isTable ? content.rows : 1 }) : published
}

function complaintOf ({ kind, form, warnings }: FileDescription, format: FileFormat): Result<never, SinkFailure> | undefined {
  if (format === 'file') return undefined
  const wrong = warnings.find(({ code }) => REFUSED.has(code))
  if (wrong !== undefined) return refused(wrong.code, wrong.sentence.replace(/ (It|The file) is published whole, not row by row\.$/, ''))
  if (format !== 'auto' && (kind.type !== format || form !== 'table')) return refused('format', `it is no ${NAMES[format]}`)
  // What calls itself a table and of which most rows are none.
  if (format === 'auto' && kind.type !== 'other' && form !== 'table') return refused('format', 'most of its rows are not what they should be')
  return undefined
}

function withContent (description: DatasetDescription, { box, time }: FileDescription): DatasetDescription {
  return { ...description, spatial: box, temporal: time === null ? null : { fromMs: time.fromMs, toMs: time.toMs } }
}

function noteOf (warning: FileWarning): string {
  return 'column' in warning ? `${warning.code}/${warning.column}` : warning.code
}

function refused (code: string, reason: string): { readonly ok: false, readonly failure: SinkFailure } {
  return fail({ code, reason, hint: 'mend it where it comes from; what was published before stays as it is' })
}
