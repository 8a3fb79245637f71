import { z } from 'zod'
import { declarationSchema } from './declaration.ts'
import { CONNECTOR_STATES, type ConnectorView, type DeadLetter, type Taken } from './types.ts'

const count = z.int().min(0)

const statusSchema = z.object({
  state: z.enum(CONNECTOR_STATES), sinceMs: z.int(),
  counters: z.object({ received: count, stored: count, duplicates: count, rejected: count, gaps: count }),
  lastRecordMs: z.int().nullable(), lastError: z.object({ sentence: z.string(), atMs: z.int() }).nullable(), notes: z.array(z.string())
})

export const connectorSchema: z.ZodType<ConnectorView> = z.object({
  name: z.string(), kind: z.string(), datasetId: z.string(), declaration: declarationSchema, status: statusSchema
})
export const connectorsSchema: z.ZodType<readonly ConnectorView[]> = z.array(connectorSchema)

const letterSchema: z.ZodType<DeadLetter> = z.object({
  number: count, connector: z.string(), timeMs: z.int(), reason: z.string(), origin: z.string(), mediaType: z.string(), sizeBytes: count, body: z.string()
})
export const lettersSchema: z.ZodType<readonly DeadLetter[]> = z.array(letterSchema)

export const takenSchema: z.ZodType<Taken> = z.object({ stored: count, duplicates: count, rejected: count })
