/** Says what client and server exchange about how a node is: the checks of `hanse doctor` that a running node can make of itself. */
import { z } from 'zod'
import { json, type Call, type Operations } from '../operation/index.ts'

export type HealthCheck = {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  /** What was found, and for `warn` and `fail` its cause. */
  readonly finding: string
  /** What to do; null where nothing is to be done. */
  readonly fix: string | null
}

export type Diagnosis = {
  readonly checks: readonly HealthCheck[]
  readonly version: { readonly hanse: string, readonly node: string, readonly platform: string }
  readonly storage: {
    /** Of the disk; null where that cannot be told. */
    readonly freeFraction: number | null
    readonly storedBytes: number
    /** For data of other members. */
    readonly quotaBytes: number
    /** Within so many hours all of it is checked. */
    readonly scrubHours: number
  }
  /** Some of what Prometheus gets, by its names there. */
  readonly figures: Readonly<Record<string, number>>
}

/** Makes the checks now. */
export type Diagnose = () => Promise<Diagnosis>

const checkSchema: z.ZodType<HealthCheck> = z.object({ name: z.string(), state: z.enum(['ok', 'warn', 'fail']), finding: z.string(), fix: z.string().nullable() })
export const diagnosisSchema: z.ZodType<Diagnosis> = z.object({
  checks: z.array(checkSchema), version: z.object({ hanse: z.string(), node: z.string(), platform: z.string() }),
  storage: z.object({ freeFraction: z.number().nullable(), storedBytes: z.number(), quotaBytes: z.number(), scrubHours: z.number() }), figures: z.record(z.string(), z.number())
})

export type DiagnosisCalls = { 'node.diagnose': Call }
export const DIAGNOSIS_PATH = '/api/v1/diagnosis'

export const DIAGNOSIS_OPERATIONS: Operations<DiagnosisCalls> = {
  'node.diagnose': { tag: 'Node', scope: 'read', method: 'GET', path: DIAGNOSIS_PATH, summary: 'Check this node and its machine, and say how to mend what is wrong', answers: { 200: json(diagnosisSchema) }, problems: [409] }
}
