import { z } from 'zod'
import type {
  ApplicationView, AuditEntry, BlockPage, BlockView, LedgerCheck, LedgerMember, LedgerStatus, OperationView, ProposalRequest, ProposalView,
  Proposed, PublicCheckpoint, Submitted, TransactionView
} from './types.ts'

const PARAMS_MAX = 64
const MEMBER_CHARACTERS_MAX = 512
const PARAMETER_CHARACTERS_MAX = 64

const count = z.int().min(0)
const timeMs = z.int()
const named = z.object({ did: z.string(), name: z.string() })
const member = z.string().min(1).max(MEMBER_CHARACTERS_MAX)

export const PROPOSAL_ID: RegExp = /^[0-9a-f]{64}$/

// --- Answers -------------------------------------------------------------------------------------------------------

export const ledgerStatusSchema: z.ZodType<LedgerStatus> = z.object({
  epoch: count,
  height: count,
  digest: z.string(),
  stateRoot: z.string(),
  finalMs: timeMs,
  role: z.enum(['validator', 'learner', 'observer', 'locked']),
  validators: count,
  toleratedFaults: count,
  reachable: count,
  waiting: count,
  view: count,
  sentence: z.string()
})

export const ledgerMembersSchema: z.ZodType<readonly LedgerMember[]> = z.array(z.object({
  did: z.string(),
  name: z.string(),
  seat: z.enum(['validator', 'learner', 'parked', 'none']),
  sinceHeight: count,
  nodes: z.array(z.object({ peerId: z.string(), addresses: z.array(z.string()) })),
  removed: z.boolean()
}))

export const applicationsSchema: z.ZodType<readonly ApplicationView[]> = z.array(z.object({
  id: z.string(), did: z.string(), name: z.string(), receivedMs: timeMs, addresses: z.array(z.string()), words: z.array(z.string())
}))

const operation: z.ZodType<OperationView> = z.object({ index: count, name: z.string(), fields: z.record(z.string(), z.unknown()) })
const transaction: z.ZodType<TransactionView> = z.object({ id: z.string(), author: named, operations: z.array(operation) })
const block: z.ZodType<BlockView> = z.object({
  epoch: count,
  height: count,
  view: count,
  digest: z.string(),
  parent: z.string(),
  type: z.enum(['normal', 'flush', 'seal']),
  timeMs,
  proposer: named,
  stateRoot: z.string(),
  transactions: z.array(transaction)
})
export const blockPageSchema: z.ZodType<BlockPage> = z.object({ blocks: z.array(block), next: count.nullable() })

export const proposalsSchema: z.ZodType<readonly ProposalView[]> = z.array(z.object({
  id: z.string(),
  kind: z.enum(['join', 'remove', 'park', 'params', 'charter', 'rebind', 'protocol']),
  by: named,
  sentence: z.string(),
  fields: z.record(z.string(), z.unknown()),
  openedHeight: count,
  notAfterMs: timeMs,
  state: z.enum(['open', 'passed', 'rejected', 'expired']),
  yes: z.array(z.string()),
  no: z.array(z.string()),
  needed: count,
  members: count
}))

const submitted = { id: z.string(), state: z.enum(['waiting', 'final']), height: count.nullable() }
export const submittedSchema: z.ZodType<Submitted> = z.object(submitted)
export const proposedSchema: z.ZodType<Proposed> = z.object({ ...submitted, proposal: z.string() })

export const ledgerCheckSchema: z.ZodType<LedgerCheck> = z.object({
  verified: z.boolean(),
  fromHeight: count,
  height: count,
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() }))
})

export const auditSchema: z.ZodType<readonly AuditEntry[]> =
  z.array(z.object({ height: count, timeMs, transaction: z.string(), operation, by: named }))

export const publicCheckpointSchema: z.ZodType<PublicCheckpoint> = z.object({
  member: z.string(), federation: z.string(), epoch: count, height: count, digest: z.string(), timeMs, statement: z.base64()
})

// --- Bodies --------------------------------------------------------------------------------------------------------

export const proposalRequestSchema: z.ZodType<ProposalRequest> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('join'), member, seat: z.boolean() }),
  z.strictObject({ kind: z.literal('remove'), member }),
  z.strictObject({ kind: z.literal('park'), member }),
  z.strictObject({
    kind: z.literal('params'),
    params: z.record(z.string().min(1).max(PARAMETER_CHARACTERS_MAX), z.int())
      .refine(params => Object.keys(params).length > 0 && Object.keys(params).length <= PARAMS_MAX, `1 to ${PARAMS_MAX} parameters`)
  }),
  z.strictObject({ kind: z.literal('charter'), votesAbove: z.strictObject({ parts: count, of: count }) }),
  z.strictObject({ kind: z.literal('rebind'), member, root: member }),
  z.strictObject({ kind: z.literal('protocol'), version: count, notBeforeHeight: count, release: z.hex().length(64) })
])

export const voteSchema: z.ZodType<{ readonly proposal: string, readonly yes: boolean }> =
  z.strictObject({ proposal: z.string().regex(PROPOSAL_ID, 'the id of a proposal: 64 hexadecimal digits'), yes: z.boolean() })
