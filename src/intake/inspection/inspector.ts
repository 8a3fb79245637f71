import { fail, hex, ok, type Result } from '../../base/index.ts'
import type { Inspection, InspectedContent, Inspector } from '../../sdk/inspection/index.ts'
import { Spool, type Spooled } from '../arrival/index.ts'
import { bytesOfFile, cellsOf, describeFile, recordBatchesOfFile, splitRows, type FileDescription } from '../file/index.ts'
import { idOf, modelOf, titleOf } from './naming.ts'

const NAME_BYTES = 16
const KEPT_MS = 30 * 60_000
const KEPT_MAX = 8
const PREVIEW_ROWS = 200
const PREVIEW_COLUMNS_MAX = 100
const CELL_LENGTH_MAX = 200
const FALLBACK_ID = 'dataset'

export type InspectorOptions = {
  readonly folder: string
  readonly random: (sizeBytes: number) => Uint8Array
  readonly nowMs: () => number
  /** Runs something after a while. */
  readonly later: (delayMs: number, run: () => void) => void
}

type Refused = { readonly code: string, readonly reason: string, readonly hint: string }
type Kept = { readonly owner: string, readonly expiresMs: number, readonly spooled: Spooled, readonly file: FileDescription }

const GONE: Refused = { code: 'not-found', reason: 'this file is not here any more', hint: 'choose it again: a file that is not published is kept for half an hour' }

/** Keeps files that were sent to be looked at, each for a while and for whoever sent it. */
export class FileInspector implements Inspector {
  readonly #options: InspectorOptions
  readonly #spool: Spool
  readonly #kept = new Map<string, Kept>()
  readonly #ready: Promise<void>
  #taking = 0

  constructor (options: InspectorOptions) {
    this.#options = options
    this.#spool = new Spool(options.folder)
    this.#ready = this.#spool.clear()
    // Whoever takes the first file is told.
    this.#ready.catch(() => {})
  }

  async take (
    owner: string, fileName: string, chunks: AsyncIterable<Uint8Array>, reading: { readonly signal: AbortSignal, readonly onBytes: (done: number, total: number) => void }
  ): Promise<Result<Inspection, Refused>> {
    await this.#forgetOld()
    if (this.#kept.size + this.#taking >= KEPT_MAX) return fail({ code: 'too-many', reason: `${KEPT_MAX} files wait to be published`, hint: 'publish or remove one of them, or try again in half an hour' })
    this.#taking++
    try {
      await this.#ready
      const spooled = await this.#spool.take(chunks, fileName, 'unpack')
      if (!spooled.ok) return spooled
      return await this.#look(owner, spooled.value, reading)
    } finally {
      this.#taking--
    }
  }

  async content (owner: string, name: string): Promise<Result<InspectedContent, Refused>> {
    const kept = this.#of(owner, name)
    if (kept === undefined) return fail(GONE)
    const { file, spooled: { path, fileName } } = kept
    const { mediaType, sizeBytes } = file
    return ok(file.form === 'table'
      ? { form: 'table', mediaType, fileName, sizeBytes, records: recordBatchesOfFile(path, file, this.#options.nowMs()) }
      : { form: 'file', mediaType, fileName, sizeBytes, bytes: bytesOfFile(path) })
  }

  async remove (owner: string, name: string): Promise<Result<null, Refused>> {
    const kept = this.#of(owner, name)
    if (kept === undefined) return fail(GONE)
    this.#kept.delete(name)
    await kept.spooled.remove()
    return ok(null)
  }

  #of (owner: string, name: string): Kept | undefined {
    const kept = this.#kept.get(name)
    return kept?.owner === owner && kept.expiresMs > this.#options.nowMs() ? kept : undefined
  }

  async #look (owner: string, spooled: Spooled, reading: Parameters<Inspector['take']>[3]): Promise<Result<Inspection, Refused>> {
    let isKept = false
    try {
      const file = await describeFile(spooled.path, reading)
      if (!file.ok) return file
      const preview = file.value.form === 'table' ? await previewOf(spooled.path, file.value) : []
      const name = hex(this.#options.random(NAME_BYTES))
      const expiresMs = this.#options.nowMs() + KEPT_MS
      this.#kept.set(name, { owner, expiresMs, spooled, file: file.value })
      isKept = true
      // Also where nobody sends another: what is in it was never meant to stay.
      this.#options.later(KEPT_MS, () => { this.#forgetOld().catch(() => {}) })
      return ok(viewOf(name, expiresMs, spooled.fileName, file.value, preview))
    } finally {
      if (!isKept) await spooled.remove()
    }
  }

  async #forgetOld (): Promise<void> {
    const nowMs = this.#options.nowMs()
    for (const [name, { expiresMs, spooled }] of this.#kept) {
      if (expiresMs > nowMs) continue
      this.#kept.delete(name)
      await spooled.remove()
    }
  }
}

async function previewOf (path: string, { kind, columns }: FileDescription): Promise<readonly (readonly string[])[]> {
  const names = columns.slice(0, PREVIEW_COLUMNS_MAX).map(({ name }) => name)
  const rows: (readonly string[])[] = []
  for await (const { part, bytes } of splitRows(path, kind)) {
    if (part !== 'row') continue
    rows.push(cellsOf(bytes, kind, names).map(cell => cell.length > CELL_LENGTH_MAX ? `${cell.slice(0, CELL_LENGTH_MAX)} …` : cell))
    if (rows.length === PREVIEW_ROWS) break
  }
  return rows
}

function viewOf (name: string, expiresMs: number, fileName: string, file: FileDescription, preview: Inspection['preview']): Inspection {
  const { sizeBytes, mediaType, kind, form, rows, columns, time, position, box, warnings } = file
  return {
    name, expiresMs, fileName, sizeBytes, mediaType, kind: kind.type, form, rows, columns, box, preview,
    time: time === null ? null : { column: time.column, isLocal: time.withoutZone, fromMs: time.fromMs, toMs: time.toMs },
    position: position === null ? null : position.type === 'geometry' ? 'geometry' : { latitude: position.latitude, longitude: position.longitude },
    warnings: warnings.map(warning => ({
      code: warning.code, sentence: warning.sentence, column: 'column' in warning ? warning.column : null, certainty: 'certainty' in warning ? warning.certainty : null
    })),
    suggested: { datasetId: idOf(fileName) || FALLBACK_ID, title: titleOf(fileName), model: modelOf(columns.map(column => column.name)) }
  }
}
