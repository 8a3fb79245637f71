import { z } from 'zod'
import { MEASURES, type DatasetTerms, type DerivationStatus, type DeriveRequest, type TermsExplanation, type TermsFile, type TermsReview, type TermsSentence } from './types.ts'

const REFERENCE_LENGTH_MAX = 512

const file = z.strictObject({
  template: z.string().max(64).optional(), terms: z.unknown().optional(), policy: z.unknown().optional(), dataset: z.unknown().optional(), visibility: z.unknown().optional(),
  questions: z.unknown().optional()
})
export const termsFileSchema: z.ZodType<TermsFile> = file

/** Terms to look at, and the dataset that they would be for. */
export const reviewSchema: z.ZodType<{ readonly terms: TermsFile, readonly dataset?: string | undefined }> =
  z.strictObject({ terms: file, dataset: z.string().min(1).max(REFERENCE_LENGTH_MAX).optional() })

const labels = z.array(z.enum(['enforced', 'attested', 'contractual']))
const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]))
const sentences = z.array(z.object({ clause: z.int(), sentence: z.string(), code: z.string(), values, labels }))
export const sentencesSchema: z.ZodType<readonly TermsSentence[]> = sentences
const findings = z.array(z.object({ code: z.string(), position: z.string(), reason: z.string(), remedy: z.string() }))

export const datasetTermsSchema: z.ZodType<DatasetTerms> = z.object({
  policyCid: z.string().nullable(), policy: z.unknown(), sentences, findings, visibility: z.enum(['members', 'named']),
  replicas: z.enum(['members', 'recipients', 'nobody']), legalNotice: z.string().nullable()
})

export const termsReviewSchema: z.ZodType<TermsReview> = z.object({
  policyCid: z.string(), policy: z.unknown(), access: z.enum(['public', 'members', 'restricted']), sentences, findings,
  derived: z.object({ byEntity: z.boolean() }).nullable(), anyone: z.boolean(),
  readers: z.array(z.object({
    did: z.string(), name: z.string(), may: z.enum(['now', 'after-agreement', 'never']), sees: z.string(),
    reasons: z.array(z.object({ code: z.string(), sentence: z.string() }))
  }))
})

export const explanationSchema: z.ZodType<TermsExplanation> = z.object({
  dataset: z.string(), member: z.object({ did: z.string(), name: z.string() }).nullable(), door: z.string(), purpose: z.string().nullable(), allow: z.boolean(),
  policyCid: z.string().nullable(), agreementId: z.string().nullable(), evaluatedAtMs: z.int(), validUntilMs: z.int().nullable(), dependsOn: z.array(z.string()),
  reasons: z.array(z.object({
    code: z.string(), sentence: z.string(), subject: z.string().nullable(), rule: z.string().nullable(), clause: z.int().nullable(), source: z.array(z.string())
  })),
  rules: z.array(z.unknown())
})

const COLUMNS_MAX = 64
const TITLE_LENGTH_MAX = 256
const DESCRIPTION_LENGTH_MAX = 8_192
const column = z.string().min(1).max(256)

export const deriveSchema: z.ZodType<DeriveRequest> = z.strictObject({
  datasetId: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower case letters, digits and hyphens, at most 64'),
  title: z.string().min(1).max(TITLE_LENGTH_MAX), description: z.string().max(DESCRIPTION_LENGTH_MAX), terms: file,
  entityKey: column.optional(), groupBy: z.array(column).max(COLUMNS_MAX).optional(),
  measures: z.array(z.strictObject({ measure: z.enum(MEASURES), field: column.nullable() })).min(1).max(COLUMNS_MAX).optional(),
  closeAfterMs: z.int().min(0).optional()
})

export const derivationsSchema: z.ZodType<readonly DerivationStatus[]> = z.array(z.object({
  datasetId: z.string(), source: z.string(), recipe: z.string(), state: z.enum(['following', 'waiting', 'ended']), because: z.string().nullable(),
  recordsDone: z.int(), recordsBehind: z.int(), dueMs: z.int().nullable(), tally: z.record(z.string(), z.int())
}))
