import { z } from 'zod'
import { boxSchema, type Box } from '../bodies/index.ts'

const COLUMN_LENGTH_MAX = 256
const TEXT_LENGTH_MAX = 1_024
const VALUES_MAX = 256
const FILTERS_MAX = 32
const WHERE_LENGTH_MAX = 16_384

const value = z.union([z.string().max(TEXT_LENGTH_MAX), z.number(), z.boolean()])
const column = z.string().min(1).max(COLUMN_LENGTH_MAX)

type FilterValue = string | number | boolean
/** A condition on one column. In the text of `like`, `%` is any text and `_` any character. */
export type FilterText =
  | { readonly column: string, readonly op: '=' | '!=' | '<' | '<=' | '>' | '>=', readonly value: FilterValue }
  | { readonly column: string, readonly op: 'in', readonly value: readonly FilterValue[] }
  | { readonly column: string, readonly op: 'like', readonly value: string }
  | { readonly column: string, readonly op: 'exists', readonly value: boolean }

export const filtersSchema: z.ZodType<readonly FilterText[]> = z.array(z.union([
  z.strictObject({ column, op: z.enum(['=', '!=', '<', '<=', '>', '>=']), value }),
  z.strictObject({ column, op: z.literal('in'), value: z.array(value).max(VALUES_MAX) }),
  z.strictObject({ column, op: z.literal('like'), value: z.string().max(TEXT_LENGTH_MAX) }),
  z.strictObject({ column, op: z.literal('exists'), value: z.boolean() })
])).max(FILTERS_MAX)

/** What a client asks. */
export type QueryRequest = {
  readonly key?: string | undefined
  readonly latest?: boolean | undefined
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  readonly box?: Box | undefined
  readonly where?: readonly FilterText[] | undefined
  /** From the row of this number on, where nothing is asked of the latest. */
  readonly number?: number | undefined
  readonly limit: number
  readonly after?: string | undefined
}

// --- In the address ------------------------------------------------------------------------------------------------

const DEGREES = String.raw`-?\d{1,3}(\.\d{1,12})?`
const BOX = new RegExp(`^${DEGREES},${DEGREES},${DEGREES},${DEGREES}$`)

export const boxText: z.ZodType<Box, string> = z.string().regex(BOX, 'west,south,east,north in degrees').transform((given, issues) => {
  const [west, south, east, north] = given.split(',').map(Number)
  const parsed = boxSchema.safeParse({ west, south, east, north })
  if (parsed.success) return parsed.data
  issues.addIssue('west,south,east,north in degrees')
  return z.NEVER
}).meta({ description: 'west,south,east,north in degrees' })

/** RFC 3339, or milliseconds since 1970. */
const TIME = /^(\d{1,15}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))$/

export const timeText: z.ZodType<number, string> = z.string().regex(TIME, 'a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970').transform((given, issues) => {
  const timeMs = /^\d+$/.test(given) ? Number(given) : Date.parse(given)
  if (timeMs >= 0) return timeMs
  issues.addIssue('a time since 1970')
  return z.NEVER
}).meta({ description: 'a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970' })

export const whereText: z.ZodType<readonly FilterText[], string> = z.string().max(WHERE_LENGTH_MAX).transform((given, issues) => {
  const parsed = filtersSchema.safeParse(jsonOf(given))
  if (parsed.success) return parsed.data
  issues.addIssue('a JSON list of conditions such as [{"column": "speedKmh", "op": ">", "value": 50}]')
  return z.NEVER
}).meta({ description: 'a JSON list of conditions such as [{"column": "speedKmh", "op": ">", "value": 50}]' })

function jsonOf (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// --- Answers -------------------------------------------------------------------------------------------------------

const count = z.int().min(0)
/** Any name can be that of a column, also those that objects have of themselves: what reads one finds what the row says, or nothing. */
const valuesSchema = z.unknown().refine(given => typeof given === 'object' && given !== null && !Array.isArray(given), 'an object')
  .overwrite(given => Object.assign(Object.create(null) as object, given)).meta({ type: 'object' }) as unknown as z.ZodType<Readonly<Record<string, unknown>>>

const rowSchema = z.object({
  number: count, timeMs: count, key: z.string().optional(), keyHex: z.string().optional(), values: valuesSchema,
  place: z.object({ longitude: z.number(), latitude: z.number(), box: boxSchema }).nullable()
})

/** A row: the number and time of its record, the key as text or, where it is none, as hex; what it says, and where it is. */
export type QueriedRow = z.output<typeof rowSchema>
export type QueryRows = { readonly rows: readonly QueriedRow[], readonly next: string | null, readonly incomplete: string | null }

export const queryPageSchema: z.ZodType<QueryRows> = z.object({ rows: z.array(rowSchema), next: z.string().nullable(), incomplete: z.string().nullable() })
