import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { fail, ok, plain, type Result } from '../../base/index.ts'
import { openArchive, type Archive } from '../archive/index.ts'
import { splitBytes } from '../file/index.ts'
import type { Output, ReadContext, Reader, ReadFailure, Reading, ReadWarning, Rejected } from '../reader/index.ts'
import { lookAt, namesOf, recordsOf } from './rows.ts'
import { TABLES, tableOfFields, type GtfsTable } from './tables.ts'

const TIMETABLE_TTL_MS = 3_600_000
const MARKS = 'stop_id and stop_lat, or route_id and route_type'

export function scheduleReader (): Reader {
  return {
    kind: 'gtfs',
    accept: 'application/zip, text/csv;q=0.9, */*;q=0.1',
    begin: context => {
      let reading: Result<Reading, ReadFailure> = fail({ code: 'malformed', reason: 'there was no document', hint: 'set the address of a timetable' })
      let archive: Archive | undefined
      return {
        take: async document => {
          const path = await document.file()
          if (!path.ok) return path
          if (await isArchive(path.value)) {
            const opened = await openArchive(path.value)
            if (!opened.ok) return fail({ code: 'unreadable', reason: `the timetable cannot be unpacked: ${opened.failure.reason}`, hint: opened.failure.hint })
            archive = opened.value
            reading = await readArchive(archive, context)
          } else {
            reading = await readBare(path.value, context)
          }
          return reading.ok ? ok([]) : reading
        },
        finish: async () => reading,
        close: () => archive?.close()
      }
    }
  }
}

/** A zip file begins with a local header, or with the end of its directory where it is empty. */
async function isArchive (path: string): Promise<boolean> {
  await using file = await open(path, 'r')
  const { buffer } = await file.read(new Uint8Array(4), 0, 4, 0)
  return buffer[0] === 0x50 && buffer[1] === 0x4b && (buffer[2] === 3 || buffer[2] === 5)
}

/** The tables of an archive, each for itself: one that is damaged is left out and said. */
async function readArchive (archive: Archive, context: ReadContext): Promise<Result<Reading, ReadFailure>> {
  const outputs: Output[] = []
  const warnings: ReadWarning[] = []
  const rejected: Rejected[] = []
  for (const [tableName, table] of TABLES) {
    // Some archives hold all tables in one folder.
    const entry = archive.entries.find(({ name }) => name === `${tableName}.txt`) ?? archive.entries.find(({ name }) => name.endsWith(`/${tableName}.txt`))
    if (entry === undefined) continue
    const output = await outputOf(tableName, table, () => archive.read(entry), context)
    if (output.ok) outputs.push({ ...output.value.output, suffix: tableName.replaceAll('_', '-') })
    warnings.push(...output.ok ? output.value.warnings : [{ code: 'table', sentence: output.failure.reason }])
    if (!output.ok) rejected.push({ reason: output.failure.reason, bytes: new Uint8Array(0) })
  }
  if (outputs.length === 0) {
    return fail({ code: 'malformed', reason: 'the archive holds no table of GTFS that can be read', hint: 'a timetable is a zip file with stops.txt, routes.txt and others' })
  }
  return ok(timetable(outputs, warnings, rejected))
}

/** One table that came by itself, such as `stops.txt`: the dataset itself. */
async function readBare (path: string, context: ReadContext): Promise<Result<Reading, ReadFailure>> {
  const read = (): AsyncIterable<Uint8Array> => bytesOf(path)
  const tableName = tableOfFields(await fieldNamesOf(read()))
  const table = tableName === undefined ? undefined : TABLES.get(tableName)
  if (tableName === undefined || table === undefined) {
    return fail({ code: 'malformed', reason: 'the document is neither a zip file nor a table of GTFS', hint: `a table is known by its fields, for instance ${MARKS}` })
  }
  const output = await outputOf(tableName, table, read, context)
  return output.ok ? ok(timetable([output.value.output], output.value.warnings, [])) : output
}

async function * bytesOf (path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) yield plain(chunk)
}

async function fieldNamesOf (chunks: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const kind = { type: 'csv', mediaType: 'text/csv', dialect: { delimiter: ',', lineEnd: '\n', header: true, encoding: 'utf-8' } } as const
  try {
    for await (const { part, bytes } of splitBytes(chunks, kind)) if (part === 'header') return namesOf(bytes)
  } catch {
    // Its first line is longer than a record: no table.
  }
  return []
}

async function outputOf (
  tableName: string, table: GtfsTable, read: () => AsyncIterable<Uint8Array>, { nowMs }: ReadContext
): Promise<Result<{ readonly output: Output, readonly warnings: readonly ReadWarning[] }, ReadFailure>> {
  const fileName = `${tableName}.txt`
  try {
    const looked = await lookAt(read())
    if (looked === undefined) return fail({ code: 'malformed', reason: `${fileName} has no line that names its fields`, hint: 'ask its publisher for a valid timetable' })
    const { columns, sizeBytes, sha256, box, ragged } = looked
    const warnings = ragged === 0 ? [] : [{ code: 'ragged-rows', sentence: `${ragged} rows of ${fileName} have more or fewer fields than its first line.` }]
    return ok({
      warnings,
      output: {
        form: 'table', suffix: null, title: table.title, columns, model: null, spatial: box, licence: null, personal: null, simulated: false,
        mediaType: 'text/csv', fileName, sizeBytes, sha256, records: () => recordsOf(read(), columns, table.key, nowMs)
      }
    })
  } catch (cause) {
    const reason = `${fileName} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
    return fail({ code: 'unreadable', reason, hint: 'ask its publisher for a valid timetable' })
  }
}

function timetable (outputs: readonly Output[], warnings: readonly ReadWarning[], rejected: readonly Rejected[]): Reading {
  return { outputs, found: [], ttlMs: TIMETABLE_TTL_MS, updatedMs: null, warnings, rejected }
}
