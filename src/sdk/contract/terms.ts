import { z } from 'zod'
import { API_PATH, datasetSchema, derivedSchema } from '../bodies/index.ts'
import { json, kept, type Call, type Operations } from '../operation/index.ts'
import {
  derivationsSchema, deriveSchema, DOORS, explanationSchema, reviewSchema, termsFileSchema, termsReviewSchema, type DeriveRequest, type TermsFile
} from '../terms/index.ts'

const PURPOSE_LENGTH_MAX = 128

type ExplainText = { readonly member?: string, readonly outside: 'true' | 'false', readonly door?: typeof DOORS[number], readonly purpose?: string }

/** Terms: files to begin with, what they would mean, setting them, deriving as they say, why something was decided. */
export type TermsCalls = {
  'terms.template': Call
  'terms.review': Call<undefined, { readonly terms: TermsFile, readonly dataset?: string | undefined }>
  'terms.set': Call<undefined, TermsFile>
  'terms.explain': Call<ExplainText>
  'derivations.make': Call<undefined, DeriveRequest>
  'derivations.list': Call
}

const DATASET = `${API_PATH}/datasets/:reference`
const terms = { tag: 'Terms' } as const

export const TERMS_OPERATIONS: Operations<TermsCalls> = {
  'terms.template': {
    ...terms, method: 'GET', path: `${API_PATH}/terms/templates/:name`, scope: 'read', summary: 'A file of terms to begin with', answers: { 200: json(termsFileSchema) }
  },
  'terms.review': {
    ...terms, method: 'POST', path: `${API_PATH}/terms/review`, scope: 'read', summary: 'Who could read what, were these the terms',
    body: { as: 'json', schema: reviewSchema }, answers: { 200: json(termsReviewSchema) }, problems: [404, 409]
  },
  'terms.set': {
    ...terms, method: 'PUT', path: `${DATASET}/terms`, scope: 'operate', summary: 'Other terms for an own dataset',
    body: { as: 'json', schema: termsFileSchema }, answers: { 200: json(datasetSchema) }, problems: [409, 507]
  },
  'terms.explain': {
    ...terms, method: 'GET', path: `${DATASET}/explain`, scope: 'read', summary: 'Why a member may do something with a dataset, or may not',
    query: z.strictObject({
      member: z.string().min(1).max(512).exactOptional(), outside: z.enum(['true', 'false']).default('false'),
      door: z.enum(DOORS).exactOptional(), purpose: z.string().min(1).max(PURPOSE_LENGTH_MAX).exactOptional()
    }),
    answers: { 200: json(explanationSchema) }, problems: [409]
  },
  'derivations.make': {
    ...terms, method: 'POST', path: `${DATASET}/derivations`, scope: 'operate', summary: 'Publish a dataset with less detail, made of this one',
    body: { as: 'json', schema: deriveSchema }, answers: { 201: json(derivedSchema) }, problems: [409, 507]
  },
  'derivations.list': {
    ...terms, method: 'GET', path: `${API_PATH}/derivations`, scope: 'read', summary: 'Derivations of the node, and where they stand', answers: kept(derivationsSchema)
  }
}
