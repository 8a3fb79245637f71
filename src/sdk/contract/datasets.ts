import { z } from 'zod'
import {
  API_PATH, appendedSchema, datasetPageSchema, datasetSchema, MEDIA_TYPES, PURPOSE_HEADER, recordTextSchema, verifyReportSchema, type Box
} from '../bodies/index.ts'
import { bytes, events, json, kept, lines, type Call, type Operations } from '../operation/index.ts'
import { boxText } from '../query/index.ts'
import { progressLines } from './progress.ts'
import { INSPECT_PATH, inspectionSchema, publishInspectedSchema, type PublishInspected } from '../inspection/index.ts'
import { pageSize, READ_RECORDS_MAX, TAIL_RECORDS_MAX, wholeNumber } from './queries.ts'

const PAGE_SIZE = 100
const READ_RECORDS = 1_000
const FETCH_TIMEOUT_MS = 600_000
const FETCH_TIMEOUT_MS_MAX = 86_400_000

type ListQuery = {
  readonly text?: string, readonly publisher?: string, readonly theme?: string, readonly box?: Box, readonly limit: number, readonly after?: string
}

/** Datasets and their data: find, publish, append, read, follow, fetch, verify, prove. */
export type DatasetCalls = {
  'datasets.list': Call<ListQuery>
  'datasets.publish': Call
  'datasets.show': Call
  'datasets.withdraw': Call
  'datasets.records': Call<{ readonly from: number, readonly limit: number }>
  'datasets.append': Call<{ readonly flush: 'true' | 'false' }>
  'datasets.follow': Call<{ readonly last: number }>
  'datasets.content': Call
  'datasets.fetch': Call<{ readonly timeoutMs: number }>
  'datasets.verify': Call
  'datasets.prove': Call<{ readonly record: number }>
}

const DATASET = `${API_PATH}/datasets/:reference`
const purpose = { [PURPOSE_HEADER]: 'what for, as a full IRI, where more than one agreement holds' }
const read = { tag: 'Datasets', scope: 'read', method: 'GET', problems: [409] } as const
const operate = { tag: 'Datasets', scope: 'operate', method: 'POST', problems: [409, 503, 507] } as const

export const DATASET_OPERATIONS: Operations<DatasetCalls> = {
  'datasets.list': {
    ...read, path: `${API_PATH}/datasets`, summary: 'The catalogue, own datasets and those of all members, in pages', forOthers: true,
    query: z.strictObject({
      text: z.string().max(512).exactOptional(), publisher: z.string().max(256).exactOptional(), theme: z.string().max(256).exactOptional(),
      box: boxText.exactOptional(), limit: pageSize(PAGE_SIZE), after: z.string().max(512).exactOptional()
    }),
    answers: kept(datasetPageSchema)
  },
  'datasets.publish': {
    ...operate, path: `${API_PATH}/datasets`, summary: 'Publish a table, a file or a stream',
    description: 'The body is a line of JSON that says what is published, and then its records as frames, the bytes of the file, or nothing.',
    body: { as: 'stream', mediaTypes: [MEDIA_TYPES.publish] }, answers: { 201: json(datasetSchema) }, problems: [404, 409, 507]
  },
  'datasets.show': {
    ...read, path: DATASET, summary: 'One dataset', forOthers: true,
    answers: kept(datasetSchema)
  },
  'datasets.withdraw': { ...operate, method: 'DELETE', path: DATASET, summary: 'Take an own dataset from the catalogue', answers: { 204: null } },
  'datasets.records': {
    ...read, path: `${DATASET}/records`, summary: 'Records by number', forOthers: true, headers: purpose,
    query: z.strictObject({ from: wholeNumber().default(0), limit: wholeNumber(READ_RECORDS_MAX).default(READ_RECORDS) }), answers: { 200: lines(recordTextSchema) }
  },
  'datasets.append': {
    ...operate, path: `${DATASET}/records`, summary: 'Append records to an own stream',
    query: z.strictObject({ flush: z.enum(['true', 'false']).default('true') }),
    body: { as: 'stream', mediaTypes: [MEDIA_TYPES.records, MEDIA_TYPES.lines] }, answers: { 201: json(appendedSchema) }
  },
  'datasets.follow': {
    ...read, path: `${DATASET}/live`, summary: 'The last records and then each new one', live: true, forOthers: true,
    query: z.strictObject({ last: wholeNumber(TAIL_RECORDS_MAX).default(0) }),
    headers: { ...purpose, 'last-event-id': 'resumes behind this record' }, answers: { 200: events(recordTextSchema) }
  },
  'datasets.content': {
    ...read, path: `${DATASET}/content`, summary: 'The content as it was published', forOthers: true,
    headers: { ...purpose, range: 'one range of bytes' }, answers: { 200: bytes('*/*'), 206: bytes('*/*') }, problems: [409, 416]
  },
  'datasets.fetch': {
    ...operate, path: `${DATASET}/fetch`, summary: 'Wait until all of the dataset is here',
    query: z.strictObject({ timeoutMs: wholeNumber(FETCH_TIMEOUT_MS_MAX).default(FETCH_TIMEOUT_MS) }), answers: { 200: progressLines(datasetSchema) }, problems: [409, 504]
  },
  'datasets.verify': {
    ...read, method: 'POST', path: `${DATASET}/verify`, summary: 'Read and check everything, from the records up to the charter', answers: { 200: progressLines(verifyReportSchema) }
  },
  'datasets.prove': {
    ...read, path: `${DATASET}/proof`, summary: 'The proof of one record', forOthers: true, headers: purpose,
    query: z.strictObject({ record: wholeNumber() }), answers: { 200: bytes(MEDIA_TYPES.cbor) }
  }
}

/** A file that is looked at before it is published. */
export type InspectionCalls = {
  'inspections.begin': Call<{ readonly fileName: string }>
  'inspections.publish': Call<undefined, PublishInspected>
  'inspections.remove': Call
}

const FILE_NAME_LENGTH_MAX = 255

export const INSPECTION_OPERATIONS: Operations<InspectionCalls> = {
  'inspections.begin': {
    ...operate, path: INSPECT_PATH, summary: 'Look at a file before it is published: what it holds, what to mind, its first rows',
    description: 'The file lies in a spool for some minutes under the name that is answered, to be published by it without being sent again.',
    query: z.strictObject({ fileName: z.string().min(1).max(FILE_NAME_LENGTH_MAX) }),
    body: { as: 'stream', mediaTypes: ['application/octet-stream'] }, answers: { 200: progressLines(inspectionSchema) }
  },
  'inspections.publish': {
    ...operate, path: `${INSPECT_PATH}/:name/publish`, summary: 'Publish the file that was looked at',
    body: { as: 'json', schema: publishInspectedSchema }, answers: { 200: progressLines(datasetSchema) }
  },
  'inspections.remove': { ...operate, method: 'DELETE', path: `${INSPECT_PATH}/:name`, summary: 'Throw away the file that was looked at', answers: { 204: null } }
}
