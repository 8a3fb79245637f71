/** Handlers of a dataset's data: read, live, content, fetch, verify, proof. */
import { z } from 'zod'
import { concat } from '../base/index.ts'
import type { NumberedRecord } from '../node/contract/index.ts'
import { MEDIA_TYPES, textOfRecord } from '../sdk/index.ts'
import type { Context } from './context.ts'
import { bytesOrProblem, line, problem, progressing, type ApiRequest, type Headers, type Reply } from './http/index.ts'
import { followedRecords, liveReply } from './live.ts'
import { askerOf } from './terms.ts'

const READ_RECORDS = 1_000
const FETCH_TIMEOUT_MS = 600_000
const CHUNK_BYTES = 65_536

const wholeNumber = (max: number): z.ZodCoercedNumber<string> => z.coerce.number<string>().int().min(0).max(max)

export function readRecords ({ node, limits }: Context, request: ApiRequest): Reply {
  const query = request.query(z.strictObject({
    from: wholeNumber(Number.MAX_SAFE_INTEGER).default(0),
    limit: wholeNumber(limits.readRecordsMax).default(READ_RECORDS)
  }))
  if (!query.ok) return problem(query.failure)
  const asker = askerOf(request)
  if (!asker.ok) return problem(asker.failure)
  const records = node.read(request.reference, query.value, asker.value)
  if (!records.ok) return problem(records.failure)
  return {
    type: 'stream', status: 200, headers: { 'content-type': MEDIA_TYPES.lines, 'cache-control': 'no-store' },
    chunks: recordLines(records.value)
  }
}

/** Lines packed into chunks: a write for each record would cost more than the record. */
async function * recordLines (records: AsyncIterable<NumberedRecord>): AsyncGenerator<Uint8Array> {
  let lines: Uint8Array[] = []
  let size = 0
  for await (const record of records) {
    const bytes = line(textOfRecord(record))
    lines.push(bytes)
    size += bytes.length
    if (size < CHUNK_BYTES) continue
    yield concat(lines)
    lines = []
    size = 0
  }
  if (size > 0) yield concat(lines)
}

export function followRecords ({ node, limits }: Context, request: ApiRequest): Reply {
  const query = request.query(z.strictObject({ last: wholeNumber(limits.tailRecordsMax).default(0) }))
  if (!query.ok) return problem(query.failure)
  const lastId = request.header('last-event-id')
  const seen = lastId !== undefined && /^\d{1,15}$/.test(lastId) ? Number(lastId) : undefined
  const asker = askerOf(request)
  if (!asker.ok) return problem(asker.failure)
  const followed = followedRecords(node, request.reference, { last: query.value.last, seen, signal: request.signal, asker: asker.value })
  return followed.ok ? liveReply(followed.value, limits.heartbeatMs) : problem(followed.failure)
}

export async function sendContent ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const dataset = node.dataset(request.reference)
  if (!dataset.ok) return problem(dataset.failure)
  const { sizeBytes, sha256 } = dataset.value.distribution
  const asked = sizeBytes !== null ? rangeOf(request.header('range'), sizeBytes) : undefined
  if (asked === 'unsatisfiable') {
    const reason = `the content has ${sizeBytes} bytes, the range lies outside`
    return problem({ code: 'range', reason, hint: 'ask for a range within' }, { 'content-range': `bytes */${sizeBytes}` })
  }
  const asker = askerOf(request)
  if (!asker.ok) return problem(asker.failure)
  const content = await node.content(request.reference, asked, asker.value)
  if (!content.ok) return problem(content.failure)
  const range = asked === undefined
    ? { 'content-length': String(content.value.sizeBytes) }
    : { 'content-length': String(asked.to - asked.from), 'content-range': `bytes ${asked.from}-${asked.to - 1}/${sizeBytes}` }
  return {
    type: 'stream', status: asked === undefined ? 200 : 206, chunks: content.value.bytes,
    headers: {
      ...range, ...downloadHeaders(content.value.mediaType, content.value.fileName), 'accept-ranges': 'bytes',
      ...(sha256 === null ? {} : { etag: `"${sha256}"` })
    }
  }
}

/** A dataset is somebody else's bytes: a browser shall store them and run nothing in them. */
function downloadHeaders (mediaType: string, fileName: string): Headers {
  return {
    'content-type': mediaType.replaceAll(/[^\x20-\x7e]/g, ''),
    'content-disposition': `attachment; filename*=UTF-8''${encodeName(fileName)}`,
    'content-security-policy': 'sandbox'
  }
}

function encodeName (name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(/['()*]/g, character => `%${character.charCodeAt(0).toString(16)}`)
}

/** The one range of RFC 9110 section 14.1.2; several at once are answered by the whole, which it allows. */
function rangeOf (
  header: string | undefined, sizeBytes: number
): { readonly from: number, readonly to: number } | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const from = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const to = first === '' || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  return from < to ? { from, to } : 'unsatisfiable'
}

export async function fetchDataset ({ node, limits }: Context, request: ApiRequest): Promise<Reply> {
  const query = request.query(z.strictObject({ timeoutMs: wholeNumber(limits.fetchTimeoutMsMax).default(FETCH_TIMEOUT_MS) }))
  if (!query.ok) return problem(query.failure)
  const { timeoutMs } = query.value
  return await progressing(async onProgress => {
    const tooLate = new AbortController()
    const timer = setTimeout(() => { tooLate.abort() }, timeoutMs)
    try {
      return await node.fetch(request.reference, AbortSignal.any([request.signal, tooLate.signal]), onProgress)
    } finally {
      clearTimeout(timer)
    }
  }, limits.heartbeatMs)
}

export async function verify ({ node, limits }: Context, request: ApiRequest): Promise<Reply> {
  return await progressing(onProgress => node.verify(request.reference, onProgress), limits.heartbeatMs)
}

export async function prove ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const query = request.query(z.strictObject({ record: wholeNumber(Number.MAX_SAFE_INTEGER) }))
  if (!query.ok) return problem(query.failure)
  const asker = askerOf(request)
  return asker.ok ? bytesOrProblem(await node.proof(request.reference, query.value.record, asker.value)) : problem(asker.failure)
}
