import { fail, hex, ok, type Result } from '../../base/index.ts'
import type { Inspection, InspectedContent, Inspector } from '../../sdk/inspection/index.ts'
import { Spool, type Spooled } from '../arrival/index.ts'
import { bytesOfFile, cellsOf, describeFile, recordBatchesOfFile, splitRows, type FileDescription } from '../file/index.ts'
import { idOf, modelOf, titleOf } from './naming.ts'

const NAME_BYTES = 16
const KEPT_MS = 30 * 60_000
/** Of one sender: the next puts out the oldest of its own, and of nobody else. */
export const KEPT_OF_ONE_MAX = 4
/** Of all: who has none among them is refused. */
export const KEPT_MAX = 16
/** Names of files that gave way, by which their senders are told so. */
const PUT_OUT_MAX = 64
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
const PUT_OUT: Refused = { code: 'not-found', reason: 'this file gave way to newer ones that you sent after it', hint: `choose it again: ${KEPT_OF_ONE_MAX} files of one sender are kept at once` }

const OWN_FULL: Refused = { code: 'too-many', reason: `${KEPT_OF_ONE_MAX} files of yours are being sent or published`, hint: 'wait until one of them is done' }
const ALL_FULL: Refused = { code: 'too-many', reason: `${KEPT_MAX} files wait to be published`, hint: 'try again later: a file that is not published is kept for half an hour' }

/** Keeps files that were sent to be looked at, each for a while and for whoever sent it. */
export class FileInspector implements Inspector {
  readonly #options: InspectorOptions
  readonly #spool: Spool
  readonly #kept = new Map<string, Kept>()
  /** Those that are being published, as often as they are: they stay. */
  readonly #lent: Kept[] = []
  /** Who is sending one. */
  readonly #taking: string[] = []
  /** Whose the files were that gave way. */
  readonly #putOut = new Map<string, string>()
  readonly #ready: Promise<void>

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
    const room = this.#makeRoom(owner)
    if (!room.ok) return room
    this.#taking.push(owner)
    try {
      await room.value
      await this.#ready
      const spooled = await this.#spool.take(chunks, fileName, 'unpack')
      if (!spooled.ok) return spooled
      return await this.#look(owner, spooled.value, reading)
    } finally {
      remove(this.#taking, owner)
    }
  }

  async publish<T, F extends Refused> (owner: string, name: string, run: (content: InspectedContent) => Promise<Result<T, F>>): Promise<Result<T, F | Refused>> {
    const kept = this.#of(owner, name)
    if (kept === undefined) return fail(this.#putOut.get(name) === owner ? PUT_OUT : GONE)
    this.#lent.push(kept)
    try {
      const published = await run(this.#contentOf(kept))
      if (published.ok) await this.#drop(name)
      return published
    } finally {
      remove(this.#lent, kept)
    }
  }

  #contentOf ({ file, spooled: { path, fileName } }: Kept): InspectedContent {
    const { mediaType, sizeBytes } = file
    return file.form === 'table'
      ? { form: 'table', mediaType, fileName, sizeBytes, records: recordBatchesOfFile(path, file, this.#options.nowMs()) }
      : { form: 'file', mediaType, fileName, sizeBytes, bytes: bytesOfFile(path) }
  }

  async remove (owner: string, name: string): Promise<Result<null, Refused>> {
    if (this.#of(owner, name) === undefined) return fail(GONE)
    await this.#drop(name)
    return ok(null)
  }

  async #drop (name: string): Promise<void> {
    const kept = this.#kept.get(name)
    this.#kept.delete(name)
    await kept?.spooled.remove()
  }

  /** Finds a place for one more, taking at most the place of a file of the same sender. Done with what it takes when the inner promise is. */
  #makeRoom (owner: string): Result<Promise<void>, Refused> {
    const own = [...this.#kept].filter(([, kept]) => kept.owner === owner)
    const isOwnFull = own.length + this.#taking.filter(each => each === owner).length >= KEPT_OF_ONE_MAX
    if (!isOwnFull && this.#kept.size + this.#taking.length < KEPT_MAX) return ok(Promise.resolve())
    const oldest = own.find(([, kept]) => !this.#lent.includes(kept))
    if (oldest === undefined) return fail(isOwnFull ? OWN_FULL : ALL_FULL)
    const [name] = oldest
    this.#putOut.set(name, owner)
    const [first] = this.#putOut.keys()
    if (this.#putOut.size > PUT_OUT_MAX && first !== undefined) this.#putOut.delete(first)
    return ok(this.#drop(name))
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
    for (const [name, kept] of this.#kept) if (kept.expiresMs <= nowMs && !this.#lent.includes(kept)) await this.#drop(name)
  }
}

function remove<T> (list: T[], item: T): void {
  list.splice(list.indexOf(item), 1)
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
