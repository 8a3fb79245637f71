import { z } from 'zod'
import { API_PATH, CHECKPOINT_PATH, MEDIA_TYPES } from '../bodies/index.ts'
import {
  auditSchema, blockPageSchema, ledgerCheckSchema, ledgerMembersSchema, ledgerStatusSchema, proposalRequestSchema, proposalsSchema, proposedSchema,
  publicCheckpointSchema, submittedSchema, voteSchema, type ProposalRequest
} from '../ledger/index.ts'
import { bytes, json, kept, type Call, type Operations } from '../operation/index.ts'
import { progressLines } from './progress.ts'
import { pageSize, patience, reference, wholeNumber, type Patience, type RecordOf } from './queries.ts'

const BLOCKS = 20
const TRANSACTION_BYTES_MAX = 65_536

/** The federation's ledger: what it holds, what people decide, what it proves. */
export type LedgerCalls = {
  'ledger.show': Call
  'ledger.members': Call
  'ledger.blocks': Call<{ readonly before?: number, readonly limit: number }>
  'ledger.proposals': Call
  'ledger.propose': Call<Patience, ProposalRequest>
  'ledger.vote': Call<Patience, { readonly proposal: string, readonly yes: boolean }>
  'ledger.rotate-key': Call<Patience>
  'ledger.submit': Call<Patience, Uint8Array>
  'ledger.verify': Call
  'ledger.prove': Call<RecordOf>
  'ledger.audit': Call<{ readonly subject: string }>
  'ledger.checkpoint': Call
  'ledger.public-checkpoint': Call
}

const LEDGER = `${API_PATH}/ledger`
const read = { tag: 'Ledger', method: 'GET', scope: 'read', problems: [409] } as const
const decide = { tag: 'Ledger', method: 'POST', scope: 'decide', query: patience, problems: [404, 409, 410, 504] } as const

export const LEDGER_OPERATIONS: Operations<LedgerCalls> = {
  'ledger.show': { ...read, path: LEDGER, summary: 'Where the ledger stands', answers: { 200: json(ledgerStatusSchema) } },
  'ledger.members': { ...read, path: `${LEDGER}/members`, summary: 'Members as the ledger has them', answers: kept(ledgerMembersSchema) },
  'ledger.blocks': {
    ...read, path: `${LEDGER}/blocks`, summary: 'Final blocks, newest first, in pages',
    query: z.strictObject({ before: wholeNumber().exactOptional(), limit: pageSize(BLOCKS) }), answers: kept(blockPageSchema)
  },
  'ledger.proposals': { ...read, path: `${LEDGER}/proposals`, summary: 'What members vote on', answers: kept(proposalsSchema) },
  'ledger.propose': {
    ...decide, path: `${LEDGER}/proposals`, summary: 'Open a proposal and vote yes on it', body: { as: 'json', schema: proposalRequestSchema }, answers: { 201: json(proposedSchema) }
  },
  'ledger.vote': { ...decide, path: `${LEDGER}/votes`, summary: 'Vote on a proposal', body: { as: 'json', schema: voteSchema }, answers: { 200: json(submittedSchema) } },
  'ledger.rotate-key': { ...decide, path: `${LEDGER}/rotate-key`, summary: 'A new key for this member\'s votes', answers: { 200: json(submittedSchema) } },
  'ledger.submit': {
    ...decide, path: `${LEDGER}/transactions`, summary: 'Take a signed transaction of anyone\'s',
    body: { as: 'bytes', mediaTypes: [MEDIA_TYPES.cbor], sizeBytesMax: TRANSACTION_BYTES_MAX }, answers: { 201: json(submittedSchema) }
  },
  'ledger.verify': { ...read, method: 'POST', path: `${LEDGER}/verify`, summary: 'Check the whole ledger, from the charter on', answers: { 200: progressLines(ledgerCheckSchema) } },
  'ledger.prove': {
    ...read, path: `${LEDGER}/proof`, summary: 'Proof of one record up to the ledger\'s finality',
    query: z.strictObject({ dataset: reference, record: wholeNumber() }), answers: { 200: bytes(MEDIA_TYPES.cbor) }, problems: [404, 409]
  },
  'ledger.audit': {
    ...read, path: `${LEDGER}/audit`, summary: 'What the ledger says of a member or a dataset', query: z.strictObject({ subject: reference }),
    answers: kept(auditSchema), problems: [404, 409]
  },
  'ledger.checkpoint': { ...read, path: `${LEDGER}/checkpoint`, summary: 'This member\'s signed word of where the ledger stands', answers: { 200: bytes(MEDIA_TYPES.cbor) } },
  'ledger.public-checkpoint': {
    ...read, path: CHECKPOINT_PATH, scope: null, summary: 'The same as anybody may ask for it', answers: { 200: json(publicCheckpointSchema) }
  }
}
