import { z } from 'zod'
import { API_PATH, MEDIA_TYPES } from '../bodies/index.ts'
import {
  confirmSchema, declareSchema, emergenciesSchema, emergencySchema, eraseSchema, erasuresSchema, receiptsSchema, useReportSchema,
  type EmergencyRequest, type EraseBasis, type EraseScope
} from '../duties/index.ts'
import { bytes, json, kept, type Call, type Operations } from '../operation/index.ts'
import { pageSize, reference, wholeNumber } from './queries.ts'

const RECEIPTS = 100
const RECEIPTS_MAX = 10_000

/** What comes after data were given out: erasure, receipts, the use of a dataset, emergencies. */
export type DutyCalls = {
  'datasets.erase': Call<undefined, { readonly scope: EraseScope, readonly basis: EraseBasis }>
  'erasures.list': Call
  'receipts.list': Call<{ readonly limit: number, readonly dataset?: string }>
  'uses.show': Call
  'uses.prove': Call<{ readonly feed: string, readonly record: number }>
  'emergencies.list': Call
  'emergencies.declare': Call<undefined, EmergencyRequest>
  'emergencies.end': Call
  'emergencies.confirm': Call<undefined, { readonly dataset: string }>
  'emergencies.review': Call
}

const DATASET = `${API_PATH}/datasets/:reference`
const EMERGENCIES = `${API_PATH}/emergencies`
const read = { tag: 'Duties', method: 'GET', scope: 'read' } as const
const decide = { tag: 'Duties', method: 'POST', scope: 'decide', problems: [409, 410] } as const
const done = { 200: json(z.object({})) }

export const DUTY_OPERATIONS: Operations<DutyCalls> = {
  'datasets.erase': {
    ...decide, path: `${DATASET}/erase`, summary: 'Have an own dataset, or parts of it, erased by everybody who holds it',
    body: { as: 'json', schema: eraseSchema }, answers: { 200: json(erasuresSchema) }, problems: [409, 507]
  },
  'erasures.list': { ...read, path: `${API_PATH}/erasures`, summary: 'Erasures, and who has confirmed them', answers: kept(erasuresSchema) },
  'receipts.list': {
    ...read, path: `${API_PATH}/receipts`, summary: 'What others said they received and did, newest first',
    query: z.strictObject({ limit: pageSize(RECEIPTS, RECEIPTS_MAX), dataset: reference.exactOptional() }), answers: kept(receiptsSchema), problems: [404, 409]
  },
  'uses.show': { ...read, path: `${DATASET}/uses`, summary: 'Who had a dataset, when, under what terms', answers: kept(useReportSchema), problems: [409] },
  'uses.prove': {
    ...read, path: `${API_PATH}/uses/proof`, summary: 'The proof of one entry of a use',
    query: z.strictObject({ feed: reference, record: wholeNumber() }), answers: { 200: bytes(MEDIA_TYPES.cbor) }, problems: [404, 409]
  },
  'emergencies.list': { ...read, path: EMERGENCIES, summary: 'Declared emergencies, and what was used under them', answers: kept(emergenciesSchema) },
  'emergencies.declare': {
    ...decide, path: EMERGENCIES, summary: 'Declare an emergency', body: { as: 'json', schema: declareSchema }, answers: { 201: json(emergencySchema) }, problems: [404, 409, 410]
  },
  'emergencies.end': { ...decide, path: `${EMERGENCIES}/:id/end`, summary: 'End an emergency before its time', answers: done },
  'emergencies.confirm': {
    ...decide, path: `${EMERGENCIES}/:id/confirm`, summary: 'Open a dataset for an emergency', body: { as: 'json', schema: confirmSchema }, answers: done
  },
  'emergencies.review': { ...decide, path: `${EMERGENCIES}/:id/review`, summary: 'Say that somebody looked at what was used under an emergency', answers: done }
}
