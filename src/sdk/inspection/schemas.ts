import { z } from 'zod'
import { API_PATH, boxSchema, descriptionSchema } from '../bodies/index.ts'
import { termsFileSchema } from '../terms/index.ts'
import type { Inspection, PublishInspected } from './types.ts'

export const INSPECT_PATH: string = `${API_PATH}/inspect`

const count = z.int().min(0)
const columnType = z.enum(['text', 'integer', 'number', 'boolean', 'time', 'latitude', 'longitude', 'geometry'])

export const inspectionSchema: z.ZodType<Inspection> = z.object({
  name: z.string(), expiresMs: z.int(), fileName: z.string(), sizeBytes: count, mediaType: z.string(), kind: z.enum(['csv', 'ndjson', 'geojson', 'other']),
  form: z.enum(['table', 'file']), rows: count, columns: z.array(z.object({ name: z.string(), type: columnType, unit: z.string().nullable() })),
  time: z.object({ column: z.string(), isLocal: z.boolean(), fromMs: z.int(), toMs: z.int() }).nullable(),
  position: z.union([z.object({ latitude: z.string(), longitude: z.string() }), z.literal('geometry')]).nullable(), box: boxSchema.nullable(),
  warnings: z.array(z.object({ code: z.string(), sentence: z.string(), column: z.string().nullable(), certainty: z.enum(['likely', 'possible']).nullable() })),
  preview: z.array(z.array(z.string())), suggested: z.object({ datasetId: z.string(), title: z.string(), model: z.string().nullable() })
})

export const publishInspectedSchema: z.ZodType<PublishInspected> = z.strictObject({ description: descriptionSchema, terms: termsFileSchema.optional() })
