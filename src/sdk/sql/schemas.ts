import { z } from 'zod'
import { sentencesSchema } from '../terms/index.ts'

const SQL_TEXT_LENGTH_MAX = 32_768
const ROWS_MAX = 1_000_000

const column = z.object({ name: z.string(), type: z.enum(['text', 'integer', 'number', 'boolean', 'time', 'decimal', 'date', 'other']) })
const count = z.int().min(0)

export const sqlAnswerSchema = z.object({
  columns: z.array(column),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  /** There are more rows than were asked for. */
  isCut: z.boolean(),
  sources: z.array(z.object({
    dataset: z.string(), publisher: z.object({ did: z.string(), name: z.string() }), records: count, agreementId: z.string().nullable(), policyCid: z.string().nullable(),
    minGroupSize: count.nullable()
  })),
  conditions: sentencesSchema,
  proof: z.string().nullable(),
  timeMs: count
})
export type SqlResult = z.output<typeof sqlAnswerSchema>

export const sqlTablesSchema = z.array(z.object({ name: z.string(), dataset: z.string(), columns: z.array(column), isHere: z.boolean() }))
export type SqlTable = z.output<typeof sqlTablesSchema>[number]

/** `purpose`: what for, as a full IRI; it goes before the header of the same meaning. */
export type SqlQuestion = {
  readonly sql: string
  readonly format?: 'json' | 'csv' | 'parquet'
  readonly purpose?: string
  readonly rowsMax?: number
}

export const sqlQuestionSchema: z.ZodType<SqlQuestion> = z.strictObject({
  sql: z.string().min(1).max(SQL_TEXT_LENGTH_MAX),
  format: z.enum(['json', 'csv', 'parquet']).exactOptional(),
  purpose: z.string().max(128).regex(/^[a-zA-Z][a-zA-Z0-9+.-]*:[\x21-\x7e]+$/, 'an IRI such as urn:hanse:purpose:1:waste.collection').exactOptional(),
  rowsMax: z.int().min(1).max(ROWS_MAX).exactOptional()
})
