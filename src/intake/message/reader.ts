import { concat, fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Mapping, PushDeclaration, RecordInput } from '../../sdk/index.ts'
import { fieldsOf, isNestedDeeply, splitBytes, type Dialect, type FileKind } from '../file/index.ts'
import { frameOf, GapCounter, readUplink, recordsOf, uplinkIdentity, type UplinkSettings } from '../lorawan/index.ts'
import { Mapper } from '../mapping/index.ts'
import { contentIdentity } from '../connector/index.ts'
import { BATCH_RECORDS_MAX, COLUMNS_MAX, HEADER_BYTES_MAX, MESSAGE_BYTES_MAX } from './limits.ts'
import { readSenml, SENML_COLUMNS } from './senml.ts'
import { OBSERVATION_COLUMNS, readObservations } from './sensorthings.ts'
import type { Batch, Message, MessageReader, Rejected } from './types.ts'

export type ReaderSettings = Pick<PushDeclaration, 'format' | 'mapping' | 'decoder' | 'devices'> & { readonly dataset: Pick<PushDeclaration['dataset'], 'model'> }
type Format = ReaderSettings['format']

const LINE_FEED = 0x0a
const UPLINK_FORMATS: ReadonlySet<Format> = new Set(['auto-lorawan', 'chirpstack', 'ttn'])
/** What each item is by itself, where nothing is mapped: an object with an `id`. */
const BY_ID: Mapping = { key: ['id'], time_format: 'iso' }

/** The reader that a declaration asks for. It holds the counters of one run: a new run needs a new one. */
export function createReader (settings: ReaderSettings): MessageReader {
  const { format, mapping, decoder, devices, dataset: { model } } = settings
  if (UPLINK_FORMATS.has(format)) {
    const byEui = new Map(Object.entries(devices).map(([eui, device]) => [eui.toLowerCase(), device]))
    return uplinkReader({ devices: byEui, decoder })
  }
  const mapper = new Mapper(mapping ?? BY_ID, model)
  const columns = format === 'senml' ? SENML_COLUMNS : format === 'sensorthings' ? OBSERVATION_COLUMNS : mapper.columns
  return { columns, read: message => readAs(formatOf(message.mediaType, format), message, mapper) }
}

/** A bringer that names a media type means it; plain JSON is what the connector is declared for. */
function formatOf (mediaType: string, declared: Format): Format {
  const [type = ''] = mediaType.toLowerCase().split(';')
  switch (type.trim()) {
    case 'application/senml+json': return 'senml'
    case 'application/x-ndjson': case 'application/ndjson': case 'application/jsonl': return 'ndjson'
    case 'text/csv': return 'csv'
    case 'application/json': case 'application/geo+json': return declared === 'ndjson' || declared === 'csv' ? 'json' : declared
    default: return declared
  }
}

async function * readAs (format: Format, message: Message, mapper: Mapper): AsyncGenerator<Batch> {
  if (format === 'ndjson') return yield * readRows(message, { type: 'ndjson', mediaType: 'application/x-ndjson' }, mapper)
  if (format === 'csv') {
    const { delimiter, chunks } = await headed(message.chunks)
    return yield * readRows({ ...message, chunks }, { type: 'csv', mediaType: 'text/csv', dialect: { ...COMMA, delimiter } }, mapper)
  }
  const whole = await wholeOf(message)
  if (!whole.ok) return yield { records: [], rejected: [whole.failure] }
  const { bytes, value } = whole.value
  const read = format === 'senml' ? readSenml(value, message.receivedMs)
    : format === 'sensorthings' ? readObservations(value, message.origin, message.receivedMs) : readItems(value, message.receivedMs, mapper)
  if (!read.ok) return yield { records: [], rejected: [{ reason: read.failure.reason, mediaType: 'application/json', bytes }] }
  yield {
    records: read.value.records,
    rejected: read.value.rejected.map(({ reason, item }) => ({ reason, mediaType: 'application/json', bytes: utf8(JSON.stringify(item) ?? 'null') }))
  }
}

function readItems (value: unknown, receivedMs: number, mapper: Mapper): ReturnType<typeof readSenml> {
  const items = mapper.itemsOf(value)
  if (!items.ok) return items
  const records: RecordInput[] = []
  const rejected: { readonly reason: string, readonly item: unknown }[] = []
  for (const item of items.value) {
    const record = mapper.recordOf(item, receivedMs)
    if (record.ok) records.push(record.value)
    else rejected.push({ reason: record.failure.reason, item })
  }
  return ok({ records, rejected })
}

/** All of a message as JSON. */
async function wholeOf ({ chunks }: Message): Promise<Result<{ readonly bytes: Uint8Array, readonly value: unknown }, Rejected>> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of chunks) {
    sizeBytes += chunk.length
    // The rest is still taken, so that whoever brings it gets an answer.
    if (sizeBytes <= MESSAGE_BYTES_MAX) parts.push(chunk)
  }
  const bytes = concat(parts)
  const wrong = (reason: string): Result<never, Rejected> => fail({ reason, mediaType: 'application/json', bytes })
  if (sizeBytes > MESSAGE_BYTES_MAX) return wrong(`the message has ${sizeBytes} bytes, at most ${MESSAGE_BYTES_MAX}`)
  if (isNestedDeeply(bytes)) return wrong('the message is nested too deeply')
  try {
    return ok({ bytes, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown })
  } catch {
    return wrong('the message is not JSON')
  }
}

const COMMA: Dialect = { delimiter: ',', lineEnd: '\n', header: true, encoding: 'utf-8' }

async function * readRows ({ chunks, receivedMs }: Message, kind: Extract<FileKind, { type: 'ndjson' | 'csv' }>, mapper: Mapper): AsyncGenerator<Batch> {
  let records: RecordInput[] = []
  let rejected: Rejected[] = []
  let names: readonly string[] = []
  const dialect = kind.type === 'csv' ? kind.dialect : COMMA
  const onTooLarge: Parameters<typeof splitBytes>[2] = error => {
    // Without its header the rows behind it say nothing.
    if (kind.type === 'csv' && names.length === 0) throw error
    rejected.push({ reason: error.message, mediaType: kind.mediaType, bytes: new Uint8Array(0) })
  }
  try {
    for await (const { part, bytes } of splitBytes(chunks, kind, onTooLarge)) {
      if (part === 'header') {
        names = fieldsOf(bytes, dialect).map(name => name.replace(/^\uFEFF/, '').trim())
      }
      if (part !== 'row') continue
      const item = kind.type === 'csv' ? itemOfRow(names, fieldsOf(bytes, dialect)) : itemOfLine(bytes)
      const record = item.ok ? mapper.recordOf(item.value, receivedMs) : item
      if (record.ok) records.push(record.value)
      else rejected.push({ reason: record.failure.reason, mediaType: kind.mediaType, bytes })
      if (records.length + rejected.length < BATCH_RECORDS_MAX) continue
      yield { records, rejected }
      records = []
      rejected = []
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'row-too-large')) throw cause
    rejected.push({ reason: cause.message, mediaType: kind.mediaType, bytes: new Uint8Array(0) })
  }
  yield { records, rejected }
}

/** Looks at the header before anything is split: where a row ends depends on what divides its fields. */
async function headed (chunks: Message['chunks']): Promise<{ readonly delimiter: Dialect['delimiter'], readonly chunks: AsyncIterable<Uint8Array> }> {
  const source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  const taken: Uint8Array[] = []
  let sizeBytes = 0
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    taken.push(next.value)
    sizeBytes += next.value.length
    if (next.value.includes(LINE_FEED) || sizeBytes > HEADER_BYTES_MAX) break
  }
  const rest = async function * (): AsyncGenerator<Uint8Array> {
    yield * taken
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value
  }
  return { delimiter: delimiterOf(concat(taken)), chunks: rest() }
}

function delimiterOf (beginning: Uint8Array): Dialect['delimiter'] {
  const text = new TextDecoder().decode(beginning).split('\n')[0] ?? ''
  const counted = ([',', ';', '\t', '|'] as const).map(delimiter => ({ delimiter, count: text.split(delimiter).length }))
  return counted.toSorted((a, b) => b.count - a.count)[0]?.delimiter ?? ','
}

function itemOfRow (names: readonly string[], fields: readonly string[]): Result<unknown, { readonly reason: string }> {
  if (names.length > COLUMNS_MAX) return fail({ reason: `the table has more than ${COLUMNS_MAX} columns` })
  if (fields.length !== names.length) return fail({ reason: `the row has ${fields.length} fields, the header ${names.length}` })
  return ok(Object.fromEntries(names.flatMap((name, index) => fields[index] === '' ? [] : [[name, fields[index]]])))
}

function itemOfLine (bytes: Uint8Array): Result<unknown, { readonly reason: string }> {
  if (isNestedDeeply(bytes)) return fail({ reason: 'the line is nested too deeply' })
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown)
  } catch {
    return fail({ reason: 'the line is not JSON' })
  }
}

function uplinkReader (settings: UplinkSettings): MessageReader {
  const counter = new GapCounter()
  return {
    columns: [],
    identityOf: record => uplinkIdentity(record) ?? contentIdentity(record),
    gaps: {
      observe: record => {
        const frame = frameOf(record)
        if (frame !== undefined) counter.observe(frame.devEui, frame.session, frame.fCnt)
      },
      total: () => counter.total
    },
    async * read ({ chunks, receivedMs }) {
      const parts: Uint8Array[] = []
      let sizeBytes = 0
      for await (const chunk of chunks) {
        sizeBytes += chunk.length
        if (sizeBytes <= MESSAGE_BYTES_MAX) parts.push(chunk)
      }
      const bytes = concat(parts)
      const uplink = isNestedDeeply(bytes) ? fail({ code: 'malformed', reason: 'the message is nested too deeply' }) : readUplink(bytes, receivedMs)
      yield uplink.ok ? { records: recordsOf(uplink.value, settings), rejected: [] }
        : { records: [], rejected: [{ reason: uplink.failure.reason, mediaType: uplink.failure.code === 'binary' ? 'application/octet-stream' : 'application/json', bytes }] }
    }
  }
}
