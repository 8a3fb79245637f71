import { z } from 'zod'
import { sentencesSchema, termsFileSchema } from '../terms/index.ts'
import { END_CODES, type AgreementRequest, type AgreementView, type EndCode, type NegotiationAnswer, type NegotiationView } from './types.ts'

const REFERENCE_LENGTH_MAX = 512
const PURPOSE_LENGTH_MAX = 128
const REASON_LENGTH_MAX = 1_000

const common = {
  id: z.string(), role: z.enum(['provider', 'consumer']), other: z.object({ did: z.string(), name: z.string() }), dataset: z.string(), purpose: z.string().nullable(), sentences: sentencesSchema
}

export const negotiationSchema: z.ZodType<NegotiationView> = z.object({
  ...common, state: z.string().nullable(), states: z.array(z.string()), isAsked: z.boolean(), terms: termsFileSchema.nullable(), agreementId: z.string().nullable(), changedMs: z.int(),
  ended: z.object({ by: z.enum(['us', 'peer']), code: z.string().nullable(), reasons: z.array(z.string()) }).nullable()
})
export const negotiationsSchema: z.ZodType<readonly NegotiationView[]> = z.array(negotiationSchema)

export const agreementSchema: z.ZodType<AgreementView> = z.object({
  ...common, inForceFromMs: z.int(), revokedAtMs: z.int().nullable(), isCountersigned: z.boolean(), ledger: z.enum(['none', 'waiting', 'final'])
})
export const agreementsSchema: z.ZodType<readonly AgreementView[]> = z.array(agreementSchema)

export const requestSchema: z.ZodType<AgreementRequest> = z.strictObject({
  dataset: z.string().min(1).max(REFERENCE_LENGTH_MAX), purpose: z.string().min(1).max(PURPOSE_LENGTH_MAX), untilMs: z.int().min(0).exactOptional()
})
export const answerSchema: z.ZodType<NegotiationAnswer> = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('approve'), changedMs: z.int().min(0) }),
  z.strictObject({ do: z.literal('limit'), terms: termsFileSchema }),
  z.strictObject({ do: z.literal('deny'), reason: z.string().max(REASON_LENGTH_MAX) })
])
export const endSchema: z.ZodType<{ readonly code: EndCode }> = z.strictObject({ code: z.enum(END_CODES) })
