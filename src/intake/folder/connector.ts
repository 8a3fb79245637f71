import { join } from 'node:path'
import { ok, type Result } from '../../base/index.ts'
import type { FolderDeclaration } from '../../sdk/index.ts'
import { appendRows, publishContent, Spool, SPOOLED_BYTES_MAX, type FileFormat, type Mark, type Spooled } from '../arrival/index.ts'
import { descriptionOf, type ConnectorContext, type ConnectorFactory, type Inlet, type SinkFailure } from '../connector/index.ts'
import { createReader, type MessageReader } from '../message/index.ts'
import { bytesOf, Changed, isGone, isSame, look, type Seen } from './looking.ts'
import { move, prepare } from './moving.ts'

export type FolderOptions = {
  /** A folder for what is on its way in. */
  readonly spool: string
}

/** The node takes nothing now, or not into this dataset: whoever is at fault, it is not the file. */
const FOR_LATER: ReadonlySet<string> = new Set(['not-ready', 'busy', 'recovering', 'frozen', 'stopped', 'exists', 'not-found'])
const NODE_RETRY_MS = 5_000

type Take = (file: Spooled, seen: Seen, signal: AbortSignal) => Promise<Result<unknown, SinkFailure>>

export function createFolderConnector (options: FolderOptions): ConnectorFactory<FolderDeclaration> {
  return (declaration, context) => ({
    async run (signal) {
      const { path, interval_s: intervalS } = declaration
      const { clock, report } = context
      const spool = new Spool(join(options.spool, context.name))
      await spool.clear()
      await prepare(path)
      const take = await takerOf(declaration, context, signal)
      report.running()
      let before: ReadonlyMap<string, Seen> = new Map()
      while (!signal.aborted) {
        const now = await look(path)
        let waitMs = intervalS * 1_000
        for (const seen of now.values()) {
          if (signal.aborted) return
          if (!isSame(seen, before.get(seen.name))) continue
          if (await takeIn(declaration, context, spool, seen, take, signal) === 'for-later') {
            waitMs = Math.max(waitMs, NODE_RETRY_MS)
            break
          }
        }
        before = now
        await clock.sleep(waitMs, signal)
      }
    }
  })
}

/** Takes one file in and moves it where it belongs. */
async function takeIn (
  { path, mode, format }: FolderDeclaration, { report }: ConnectorContext, spool: Spool, seen: Seen, take: Take, signal: AbortSignal
): Promise<'moved' | 'left' | 'for-later'> {
  try {
    if (seen.sizeBytes > BigInt(SPOOLED_BYTES_MAX)) return await refuse({ code: 'too-large', reason: `it has more than ${SPOOLED_BYTES_MAX} bytes`, hint: 'put it in several parts, or publish it with hanse publish' })
    // A file that is published as it is stays packed as it is.
    const spooled = await spool.take(bytesOf(path, seen), seen.name, mode === 'table' && format === 'file' ? 'as-it-is' : 'unpack')
    if (!spooled.ok) return await refuse(spooled.failure)
    try {
      report.received(1)
      const taken = await take(spooled.value, seen, signal)
      if (!taken.ok) return await refuse(taken.failure)
    } finally {
      await spooled.value.remove()
    }
    await move(path, seen, 'done')
    report.running()
    return 'moved'
  } catch (error) {
    if (signal.aborted || error instanceof Changed || isGone(error)) return 'left'
    if (!isUnreadable(error)) throw error
    return await refuse({ code: 'unreadable', reason: 'it may not be read', hint: 'give this node the right to read it' })
  }

  async function refuse ({ code, reason, hint }: SinkFailure): Promise<'moved' | 'for-later'> {
    const sentence = `${reason}; ${hint}`
    if (FOR_LATER.has(code)) {
      report.waiting(sentence)
      return 'for-later'
    }
    report.error(`${seen.name}: ${sentence}`)
    await move(path, seen, 'failed', sentence)
    return 'moved'
  }
}

async function takerOf (declaration: FolderDeclaration, context: ConnectorContext, signal: AbortSignal): Promise<Take> {
  const { dataset, format, mode, mapping } = declaration
  if (mode === 'table') {
    return async file => {
      const published = await publishContent(file, dataset, fileFormatOf(format), context, { nowMs: context.clock.nowMs(), signal })
      if (published.ok && published.value.changed) context.report.stored(published.value.rows)
      return published
    }
  }
  const reader = createReader({ format: rowFormatOf(format), mapping, decoder: undefined, devices: {}, dataset })
  const inlet = await context.openInlet({ description: descriptionOf(dataset, reader.columns) }, signal)
  return (file, seen) => takeRows(file, seen, { declaration, context, reader, inlet, signal })
}

async function takeRows (
  file: Spooled, { name, inode, modifiedNs }: Seen,
  { declaration: { format, dataset }, context, reader, inlet, signal }: { readonly declaration: FolderDeclaration, readonly context: ConnectorContext, readonly reader: MessageReader, readonly inlet: Inlet, readonly signal: AbortSignal }
): Promise<Result<unknown, SinkFailure>> {
  const mark = markOf(await context.state.read())
  const appended = await appendRows(file, {
    reader, inlet, context, mediaType: MEDIA_TYPES[rowFormatOf(format)], origin: name, rowsMax: Infinity, receivedMs: Number(modifiedNs / 1_000_000n),
    id: `${dataset.id}/${file.sha256}/${inode}/${modifiedNs}`, mark, onMark: reached => context.state.write(reached), signal
  })
  return appended.ok ? ok(null) : appended
}

function markOf (value: unknown): Mark | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('batches' in value)) return undefined
  const { id, batches } = value
  return typeof id === 'string' && typeof batches === 'number' ? { id, batches } : undefined
}

type RowFormat = 'csv' | 'ndjson' | 'json' | 'senml' | 'sensorthings'
const MEDIA_TYPES: Readonly<Record<RowFormat, string>> = { csv: 'text/csv', ndjson: 'application/x-ndjson', json: '', senml: 'application/senml+json', sensorthings: '' }

/** The schema lets no others be a stream, or a table. */
function rowFormatOf (format: FolderDeclaration['format']): RowFormat {
  return format === 'auto' || format === 'geojson' || format === 'file' ? 'json' : format
}

function fileFormatOf (format: FolderDeclaration['format']): FileFormat {
  return format === 'csv' || format === 'geojson' || format === 'ndjson' || format === 'file' ? format : 'auto'
}

function isUnreadable (error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
}
