import { z } from 'zod'
import { sentencesSchema } from '../terms/index.ts'
import {
  EMERGENCY_KINDS, ERASE_BASES, type EmergencyRequest, type EmergencyView, type EraseBasis, type EraseScope, type ErasureView, type UseEntry, type UseReport
} from './types.ts'

const RANGES_MAX = 1_024
const CELLS_MAX = 512
const REFERENCE_LENGTH_MAX = 512

const member = z.object({ did: z.string(), name: z.string() })
const count = z.int().min(0)
const range = z.tuple([count, count])
const reference = z.string().min(1).max(REFERENCE_LENGTH_MAX)

const erasureSchema: z.ZodType<ErasureView> = z.object({
  notice: z.string(), publisher: member, datasetId: z.string(), feed: z.string(),
  scope: z.object({ type: z.enum(['epochs', 'segments', 'records']), ranges: z.array(range) }),
  basis: z.enum(ERASE_BASES), timeMs: z.int(), deadlineMs: z.int(), here: z.enum(['waiting', 'begun', 'gone', 'done']),
  holders: z.array(z.object({ member, confirmedMs: z.int().nullable() }))
})
export const erasuresSchema: z.ZodType<readonly ErasureView[]> = z.array(erasureSchema)

const useEntrySchema: z.ZodType<UseEntry> = z.object({
  feed: z.string(), record: count, period: count.nullable(), isOnLedger: z.boolean(), timeMs: z.int(),
  what: z.enum(['served', 'refused', 'granted', 'received', 'deleted', 'summarised', 'reported-use', 'published']), member: member.nullable(),
  door: z.string().nullable(), purpose: z.string().nullable(), agreementId: z.string().nullable(), policyCid: z.string().nullable(),
  records: count.nullable(), bytes: count.nullable(), segments: range.nullable(), reasons: z.array(z.string()),
  because: z.string().nullable(), notice: z.string().nullable()
})
export const receiptsSchema: z.ZodType<readonly UseEntry[]> = z.array(useEntrySchema)

export const useReportSchema: z.ZodType<UseReport> = z.object({
  dataset: z.string(), entries: z.array(useEntrySchema), erasures: z.array(erasureSchema),
  agreements: z.array(z.object({
    id: z.string(), provider: member, consumer: member, purpose: z.string().nullable(), inForceFromMs: z.int(), revokedAtMs: z.int().nullable(),
    policyCid: z.string().nullable(), sentences: sentencesSchema, isOnLedger: z.boolean().nullable(),
    duties: z.array(z.object({ rule: z.string(), state: z.enum(['pending', 'fulfilled', 'violated']) }))
  }))
})

export const emergencySchema: z.ZodType<EmergencyView> = z.object({
  id: z.string(), incident: z.string(), declarer: member, kinds: z.array(z.string()), area: z.array(z.string()), declaredAtMs: z.int(), expiresAtMs: z.int(),
  endedMs: z.int().nullable(), isActive: z.boolean(),
  review: z.object({
    dueMs: z.int(), reviewedMs: z.int().nullable(),
    uses: z.array(z.object({ member, dataset: z.string(), firstMs: z.int(), requests: count, records: count }))
  }).nullable()
})
export const emergenciesSchema: z.ZodType<readonly EmergencyView[]> = z.array(emergencySchema)

// --- Bodies --------------------------------------------------------------------------------------------------------

const ranges = z.array(range).min(1).max(RANGES_MAX)
export const eraseSchema: z.ZodType<{ readonly scope: EraseScope, readonly basis: EraseBasis }> = z.strictObject({
  scope: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('dataset') }), z.strictObject({ type: z.literal('epochs'), ranges }),
    z.strictObject({ type: z.literal('segments'), ranges }), z.strictObject({ type: z.literal('records'), ranges })
  ]),
  basis: z.enum(ERASE_BASES)
})

const degrees = (max: number): z.ZodNumber => z.number().min(-max).max(max)
export const declareSchema: z.ZodType<EmergencyRequest> = z.strictObject({
  incident: z.string().regex(/^[a-z0-9-]{1,64}$/), kinds: z.array(z.enum(EMERGENCY_KINDS)).min(1).max(EMERGENCY_KINDS.length),
  area: z.union([
    z.array(z.string().max(16)).min(1).max(CELLS_MAX), z.strictObject({ west: degrees(180), south: degrees(90), east: degrees(180), north: degrees(90) })
  ]),
  lifetimeMs: z.int().min(1).max(259_200_000), supersedes: z.string().max(128).exactOptional()
})
export const confirmSchema: z.ZodType<{ readonly dataset: string }> = z.strictObject({ dataset: reference })
