import { fail, ok, type Result } from '../../base/index.ts'
import { dateTimeMsOf } from '../../sdk/models/index.ts'
import type { KeptEntity } from '../entities/index.ts'

/** From `fromMs` on and before `toMs`. */
export type Temporal = { readonly property: 'observedAt' | 'modifiedAt', readonly fromMs: number, readonly toMs: number }

/** ETSI GS CIM 009, 4.11: the end of `between` is not in it. */
export function temporalOf (
  { timerel, timeAt, endTimeAt, timeproperty }: { readonly timerel?: string | undefined, readonly timeAt?: string | undefined, readonly endTimeAt?: string | undefined, readonly timeproperty?: string | undefined }
): Result<Temporal | undefined, string> {
  if (timerel === undefined) return timeAt === undefined && endTimeAt === undefined && timeproperty === undefined ? ok(undefined) : fail('timeAt, endTimeAt and timeproperty go with timerel')
  const property = timeproperty ?? 'observedAt'
  if (property !== 'observedAt' && property !== 'modifiedAt') return fail('timeproperty is observedAt or modifiedAt')
  const [at, end] = [timeAt, endTimeAt].map(each => each === undefined ? undefined : dateTimeMsOf(each))
  if (at === undefined) return fail('timeAt is a date with time and zone, such as 2026-05-04T12:30:00Z')
  if (timerel !== 'between' && endTimeAt !== undefined) return fail('endTimeAt goes with timerel=between')
  switch (timerel) {
    case 'before': return ok({ property, fromMs: -Infinity, toMs: at })
    case 'after': return ok({ property, fromMs: at + 1, toMs: Infinity })
    case 'between': return end === undefined || end < at ? fail('endTimeAt is a date with time and zone, not before timeAt') : ok({ property, fromMs: at, toMs: end })
    default: return fail('timerel is before, after or between')
  }
}

export function fitsTime ({ property, fromMs, toMs }: Temporal, { notes, timeMs }: KeptEntity): boolean {
  const said = property === 'modifiedAt' ? [] : Object.values(notes).flatMap(({ observedAt }) => observedAt === undefined ? [] : dateTimeMsOf(observedAt) ?? [])
  return (said.length === 0 ? [timeMs] : said).some(each => each >= fromMs && each < toMs)
}
