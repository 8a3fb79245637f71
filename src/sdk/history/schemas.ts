import { z } from 'zod'
import type { DatasetHistory } from './types.ts'

const count = z.int().min(0)
const names = z.array(z.string())
const access = z.enum(['public', 'members', 'restricted'])

const named = z.object({ did: z.string(), name: z.string() })

const change = z.discriminatedUnion('what', [
  z.object({ what: z.enum(['title', 'licence']), before: z.string(), after: z.string() }),
  z.object({ what: z.literal('access'), before: access, after: access }),
  z.object({ what: z.literal('records'), before: count.nullable(), after: count.nullable() }),
  z.object({ what: z.literal('columns'), added: names, removed: names, altered: names }),
  z.object({ what: z.enum(['description', 'terms', 'data', 'about', 'withdrawn', 'returned']) })
])

export const historySchema: z.ZodType<DatasetHistory> = z.object({
  versions: z.array(z.object({ version: count, modifiedMs: z.int(), title: z.string(), records: count.nullable(), changes: z.array(change).nullable() })),
  isPart: z.boolean(),
  sources: z.array(z.object({ id: z.string(), publisher: named, title: z.string().nullable() })),
  recipe: z.object({
    recipe: z.string(), operations: z.array(z.enum(['redact', 'coarsen', 'roundTime', 'summarise', 'delay'])), minGroupSize: count, h3Resolution: count,
    timeStepMs: count, delayMs: count, redactedFields: names
  }).nullable(),
  holders: z.array(z.object({ member: named, segments: count })),
  segments: count
})
