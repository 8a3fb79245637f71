/** Queries that calls of several rooms have. */
import { z } from 'zod'

const REFERENCE_LENGTH_MAX = 512
export const READ_RECORDS_MAX = 10_000_000
export const TAIL_RECORDS_MAX = 10_000
const PAGE_SIZE_MAX = 1_000
/** For how long an answer waits for the ledger where nothing is said, and at most: less than a quiet connection stays open. */
const DECIDE_MS = 10_000
const DECIDE_MS_MAX = 45_000

export const reference: z.ZodString = z.string().min(1).max(REFERENCE_LENGTH_MAX)

export function wholeNumber (max: number = Number.MAX_SAFE_INTEGER): z.ZodCoercedNumber<string> {
  return z.coerce.number<string>().int().min(0).max(max)
}

export function pageSize (usual: number, max: number = PAGE_SIZE_MAX): z.ZodDefault<z.ZodCoercedNumber<string>> {
  return z.coerce.number<string>().int().min(1).max(max).default(usual)
}

/** For how long an answer may wait for a decision. */
export type Patience = { readonly withinMs: number }
export const patience: z.ZodType<Patience> = z.strictObject({ withinMs: wholeNumber(DECIDE_MS_MAX).default(DECIDE_MS) })

export type RecordOf = { readonly dataset: string, readonly record: number }
