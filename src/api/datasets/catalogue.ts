/** Handlers of the catalogue: find, publish, append, withdraw. */
import { fail, ok, type Result } from '../../base/index.ts'
import type { HanseNode, RecordInput } from '../../node/contract/index.ts'
import type { DatasetCalls } from '../../sdk/contract/index.ts'
import type { HistoryCalls } from '../../sdk/history/index.ts'
import {
  datasetPath, linesOf, MEDIA_TYPES, publishStartSchema, recordOfLine, RecordStreamReader, StreamBroken, type DatasetPage, type PublishStart
} from '../../sdk/index.ts'
import { askerOf, ownDatasetId, type Context, type Handler } from '../context/index.ts'
import { BodyBroken, invalid, json, jsonOrProblem, parseJson, problem, splitLine, tagged, type AnyFailure } from '../http/index.ts'

export const listDatasets: Handler<DatasetCalls['datasets.list']> = (context, request, { query }) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const datasets = context.node.datasets(query, asker.value)
  const last = datasets.length < query.limit ? undefined : datasets.at(-1)
  const page: DatasetPage = { datasets, next: last?.id ?? null }
  return tagged(page)
}

export const showDataset: Handler<DatasetCalls['datasets.show']> = (context, request) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const dataset = context.node.dataset(request.reference, asker.value)
  return dataset.ok ? tagged(dataset.value) : problem(dataset.failure)
}

export const showHistory: Handler<HistoryCalls['datasets.history']> = async (context, request) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const history = await context.node.history(request.reference, asker.value)
  return history.ok ? tagged(history.value) : problem(history.failure)
}

export const publish: Handler<DatasetCalls['datasets.publish']> = async ({ node, limits }, request) => {
  const split = await splitLine(request.chunks(), limits.jsonBytesMax)
  if (split === undefined) return problem(invalid('the body does not begin with a line of JSON', 'begin it with the description'))
  const start = parseJson(split.line, publishStartSchema)
  if (!start.ok) return problem(start.failure)
  const terms = start.value.terms === undefined ? ok(undefined) : node.readTerms(start.value.terms)
  if (!terms.ok) return problem(terms.failure)
  const published = await node.publish(start.value.description, contentOf(start.value, split.rest), undefined, terms.value)
  if (!published.ok) return problem(published.failure)
  return json(published.value, 201, { location: datasetPath(published.value.id) })
}

function contentOf ({ content }: PublishStart, rest: AsyncIterable<Uint8Array>): Parameters<HanseNode['publish']>[1] {
  const { form, mediaType } = content
  if (form === 'stream') return { form, mediaType }
  const { fileName } = content
  return form === 'file' ? { form, mediaType, fileName, bytes: rest } : { form, mediaType, fileName, records: recordsOf(rest) }
}

/** Records of a record stream. Throws `BodyBroken` where it is malformed or cut, so that no part is published as a whole. */
async function * recordsOf (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly RecordInput[]> {
  const reader = new RecordStreamReader()
  const checked = <T>(result: Result<T, { readonly code: string, readonly record: number, readonly reason: string }>): T => {
    if (result.ok) return result.value
    const { code, record, reason } = result.failure
    throw new BodyBroken({ code, reason: `record ${record}: ${reason}`, hint: 'send the records again' })
  }
  for await (const chunk of chunks) yield checked(reader.push(chunk))
  checked(reader.end())
}

export const append: Handler<DatasetCalls['datasets.append']> = async (context, request, { query }) => {
  const datasetId = ownDatasetId(context.node, request.reference)
  if (!datasetId.ok) return problem(datasetId.failure)
  const body = await request.bytes(context.limits.appendBytesMax)
  if (!body.ok) return problem(body.failure)
  const records = await appendedRecords(context, datasetId.value, request.mediaType(), body.value)
  if (!records.ok) return problem(records.failure)
  return jsonOrProblem(await context.node.append(datasetId.value, records.value, { flush: query.flush === 'true' }), 201)
}

async function appendedRecords (
  { node, limits, nowMs }: Context, datasetId: string, mediaType: string, body: Uint8Array
): Promise<Result<readonly RecordInput[], AnyFailure>> {
  const records: RecordInput[] = []
  try {
    if (mediaType === MEDIA_TYPES.records) for await (const some of recordsOf(once(body))) records.push(...some)
    else {
      const dataset = node.dataset(`${node.status().member.did}/${datasetId}`)
      const defaults = { key: datasetId, timeMs: nowMs(), mediaType: dataset.ok ? dataset.value.distribution.mediaType : 'text/plain' }
      for await (const line of linesOf(once(body))) {
        const record = recordOfLine(line, defaults)
        if (!record.ok) return fail(invalid(`record ${records.length}: ${record.failure.reason}`, 'nothing was appended: mend the line and send all again'))
        records.push(record.value)
      }
    }
  } catch (error) {
    if (error instanceof BodyBroken) return fail(error.failure)
    if (error instanceof StreamBroken) return fail(invalid(error.message, 'send lines of JSON in UTF-8'))
    throw error
  }
  if (records.length === 0) return fail(invalid('there is no record in the body', 'send at least one'))
  if (records.length > limits.appendRecordsMax) {
    return fail({ code: 'too-large', reason: `more than ${limits.appendRecordsMax} records at once`, hint: 'send them in several parts' })
  }
  return ok(records)
}

async function * once (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export const withdraw: Handler<DatasetCalls['datasets.withdraw']> = async ({ node }, request) => {
  const datasetId = ownDatasetId(node, request.reference)
  if (!datasetId.ok) return problem(datasetId.failure)
  const withdrawn = await node.withdraw(datasetId.value)
  return withdrawn.ok ? { type: 'nothing' } : problem(withdrawn.failure)
}
