import type { z } from 'zod'
import { fail, ok } from '../base/index.ts'
import {
  applicationsSchema, auditSchema, blockPageSchema, ledgerCheckSchema, ledgerMembersSchema, ledgerStatusSchema, proposalsSchema, proposedSchema,
  publicCheckpointSchema, submittedSchema, type ApplicationView, type AuditEntry, type BlockPage, type LedgerCheck, type LedgerMember,
  type LedgerStatus, type ProposalRequest, type ProposalView, type Proposed, type PublicCheckpoint, type Submitted
} from './ledger/index.ts'
import { API_PATH, CHECKPOINT_PATH, MEDIA_TYPES } from './bodies/index.ts'
import type { Answer, Call, Transport } from './transport.ts'

/**
 * What a program asks of the federation's ledger. Where `withinMs` is given, the answer comes when the ledger has decided or
 * that time is over: the state is then `waiting`, and the node goes on by itself.
 */
export type LedgerClient = {
  ledger (): Answer<LedgerStatus>
  ledgerMembers (): Answer<readonly LedgerMember[]>
  applications (): Answer<readonly ApplicationView[]>
  /** Newest first: final blocks below `before`. */
  blocks (query: { readonly before?: number | undefined, readonly limit: number }): Answer<BlockPage>
  proposals (): Answer<readonly ProposalView[]>
  /** Opens a proposal and votes yes on it. */
  propose (request: ProposalRequest, withinMs: number): Answer<Proposed>
  vote (proposal: string, yes: boolean, withinMs: number): Answer<Submitted>
  rotateKey (withinMs: number): Answer<Submitted>
  /** Takes a signed transaction of anyone's. */
  submit (transaction: Uint8Array, withinMs: number): Answer<Submitted>
  verifyLedger (): Answer<LedgerCheck>
  /** Proof of one record up to the ledger's finality, for whoever holds the charter. */
  ledgerProof (reference: string, record: number): Answer<Uint8Array>
  audit (subject: string): Answer<readonly AuditEntry[]>
  checkpoint (): Answer<Uint8Array>
  /** The same as anybody may ask for it. */
  publicCheckpoint (): Answer<PublicCheckpoint>
}

const LEDGER = `${API_PATH}/ledger`

export function ledgerClient (transport: Transport, signal: AbortSignal | undefined): LedgerClient {
  const get = <T>(path: string, schema: z.ZodType<T>, query: Call['query'] = {}): Answer<T> => transport.json({ method: 'GET', path, query }, schema)
  const post = <T>(part: string, body: unknown, withinMs: number, schema: z.ZodType<T>): Answer<T> => transport.json({
    method: 'POST', path: `${LEDGER}/${part}`, query: { withinMs }, headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(body), signal
  }, schema)
  return {
    ledger: () => get(LEDGER, ledgerStatusSchema),
    ledgerMembers: () => get(`${LEDGER}/members`, ledgerMembersSchema),
    applications: () => get(`${API_PATH}/applications`, applicationsSchema),
    blocks: query => get(`${LEDGER}/blocks`, blockPageSchema, query),
    proposals: () => get(`${LEDGER}/proposals`, proposalsSchema),
    propose: (request, withinMs) => post('proposals', request, withinMs, proposedSchema),
    vote: (proposal, yes, withinMs) => post('votes', { proposal, yes }, withinMs, submittedSchema),
    rotateKey: withinMs => transport.json({ method: 'POST', path: `${LEDGER}/rotate-key`, query: { withinMs }, signal }, submittedSchema),
    submit: (transaction, withinMs) => transport.json({
      method: 'POST', path: `${LEDGER}/transactions`, query: { withinMs }, headers: { 'content-type': MEDIA_TYPES.cbor }, body: transaction, signal
    }, submittedSchema),
    verifyLedger: () => transport.progressing({ method: 'POST', path: `${LEDGER}/verify`, signal }, ledgerCheckSchema, undefined),
    ledgerProof: (dataset, record) => bytesOf(transport, { method: 'GET', path: `${LEDGER}/proof`, query: { dataset, record }, signal }),
    audit: subject => get(`${LEDGER}/audit`, auditSchema, { subject }),
    checkpoint: () => bytesOf(transport, { method: 'GET', path: `${LEDGER}/checkpoint` }),
    publicCheckpoint: () => get(CHECKPOINT_PATH, publicCheckpointSchema)
  }
}

/** An answer that is bytes, whole. */
export async function bytesOf (transport: Transport, call: Call): Answer<Uint8Array> {
  const response = await transport.call(call)
  if (!response.ok) return response
  try {
    return ok(new Uint8Array(await response.value.arrayBuffer()))
  } catch {
    return fail({ code: 'cut', reason: 'the answer broke off', hint: 'try again', status: null })
  }
}
