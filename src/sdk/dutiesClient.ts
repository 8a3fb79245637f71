import { z } from 'zod'
import { ok } from '../base/index.ts'
import {
  emergenciesSchema, emergencySchema, erasuresSchema, receiptsSchema, useReportSchema,
  type EmergencyRequest, type EmergencyView, type EraseBasis, type EraseScope, type ErasureView, type UseEntry, type UseReport
} from './duties/index.ts'
import { bytesOf } from './ledgerClient.ts'
import { API_PATH, datasetPath, MEDIA_TYPES } from './paths.ts'
import type { Answer, Call, Transport } from './transport.ts'

/** What a program does about erasure, receipts and emergencies. */
export type DutiesClient = {
  /** Has all or parts of an own dataset erased by everybody who holds it; answers when it is gone from the node's disk. */
  erase (reference: string, scope: EraseScope, basis: EraseBasis): Answer<readonly ErasureView[]>
  erasures (): Answer<readonly ErasureView[]>
  /** Newest first. */
  receipts (query: { readonly limit: number, readonly dataset?: string | undefined }): Answer<readonly UseEntry[]>
  /** Who had a dataset, when, under what terms. */
  uses (reference: string): Answer<UseReport>
  /** The proof of one entry of `uses`, by its feed and record. */
  proveUse (feed: string, record: number): Answer<Uint8Array>
  declareEmergency (request: EmergencyRequest): Answer<EmergencyView>
  emergencies (): Answer<readonly EmergencyView[]>
  endEmergency (reference: string): Answer<null>
  confirmEmergency (reference: string, dataset: string): Answer<null>
  reviewEmergency (reference: string): Answer<null>
}

const EMERGENCIES = `${API_PATH}/emergencies`

export function dutiesClient (transport: Transport, signal: AbortSignal | undefined): DutiesClient {
  const post = (path: string, body: unknown): Call => ({
    method: 'POST', path, headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(body), signal
  })
  const done = async (call: Call): Answer<null> => {
    const answered = await transport.json(call, z.object({}))
    return answered.ok ? ok(null) : answered
  }
  const of = (reference: string, what: string): string => `${EMERGENCIES}/${encodeURIComponent(reference)}/${what}`
  return {
    erase: (reference, scope, basis) => transport.json(post(datasetPath(reference, 'erase'), { scope, basis }), erasuresSchema),
    erasures: () => transport.json({ method: 'GET', path: `${API_PATH}/erasures` }, erasuresSchema),
    receipts: query => transport.json({ method: 'GET', path: `${API_PATH}/receipts`, query }, receiptsSchema),
    uses: reference => transport.json({ method: 'GET', path: datasetPath(reference, 'uses'), signal }, useReportSchema),
    proveUse: (feed, record) => bytesOf(transport, { method: 'GET', path: `${API_PATH}/uses/proof`, query: { feed, record } }),
    declareEmergency: request => transport.json(post(EMERGENCIES, request), emergencySchema),
    emergencies: () => transport.json({ method: 'GET', path: EMERGENCIES }, emergenciesSchema),
    endEmergency: reference => done(post(of(reference, 'end'), {})),
    confirmEmergency: (reference, dataset) => done(post(of(reference, 'confirm'), { dataset })),
    reviewEmergency: reference => done(post(of(reference, 'review'), {}))
  }
}
