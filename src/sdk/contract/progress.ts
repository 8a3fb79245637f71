import { z } from 'zod'
import { problemSchema, progressSchema } from '../bodies/index.ts'
import { lines, type AnswerShape } from '../operation/index.ts'

/** Long work: lines of progress, and at last the result or what went wrong. */
export function progressLines (result: z.ZodType): AnswerShape {
  return lines(z.union([z.strictObject({ progress: progressSchema }), z.strictObject({ problem: problemSchema }), z.strictObject({ result })]))
}
