/** Handlers of a dataset's data: read, live, content, fetch, verify, proof. */
import { concat } from '../../base/index.ts'
import type { NumberedRecord } from '../../node/contract/index.ts'
import type { DatasetCalls } from '../../sdk/contract/index.ts'
import { MEDIA_TYPES, textOfRecord } from '../../sdk/index.ts'
import { askerOf, rangeOf, type Handler } from '../context/index.ts'
import { bytesOrProblem, line, problem, progressing, type Headers } from '../http/index.ts'
import { recordEvents } from '../live/index.ts'

const CHUNK_BYTES = 65_536

export const readRecords: Handler<DatasetCalls['datasets.records']> = (context, request, { query }) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const records = context.node.read(request.reference, query, asker.value)
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

export const followRecords: Handler<DatasetCalls['datasets.follow']> = (context, request, { query }) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const lastId = request.header('last-event-id')
  const start = lastId !== undefined && /^(?:\d{1,15}|-1)$/.test(lastId) ? { from: Number(lastId) + 1 } : { last: query.last }
  const followed = recordEvents({ node: context.node, heartbeatMs: context.limits.heartbeatMs }, request.reference, start, asker.value, request.signal)
  return followed.ok ? followed.value : problem(followed.failure)
}

export const sendContent: Handler<DatasetCalls['datasets.content']> = async (context, request) => {
  const { node } = context
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const dataset = node.dataset(request.reference, asker.value)
  if (!dataset.ok) return problem(dataset.failure)
  const { sizeBytes, sha256 } = dataset.value.distribution
  const asked = sizeBytes !== null ? rangeOf(request.header('range'), sizeBytes) : undefined
  if (asked === 'unsatisfiable') {
    const reason = `the content has ${sizeBytes} bytes, the range lies outside`
    return problem({ code: 'range', reason, hint: 'ask for a range within' }, { 'content-range': `bytes */${sizeBytes}` })
  }
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

export const fetchDataset: Handler<DatasetCalls['datasets.fetch']> = async ({ node, limits }, request, { query: { timeoutMs } }) => {
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

export const verify: Handler<DatasetCalls['datasets.verify']> = async ({ node, limits }, request) => {
  return await progressing(onProgress => node.verify(request.reference, onProgress), limits.heartbeatMs)
}

export const prove: Handler<DatasetCalls['datasets.prove']> = async (context, request, { query }) => {
  const asker = askerOf(context, request)
  return asker.ok ? bytesOrProblem(await context.node.proof(request.reference, query.record, asker.value)) : problem(asker.failure)
}
