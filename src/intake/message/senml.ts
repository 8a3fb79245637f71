import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Column, RecordInput } from '../../sdk/index.ts'
import { OBSERVATIONS_MAX } from './limits.ts'

export const SENML_COLUMNS: readonly Column[] = [
  { name: 'name', type: 'text', unit: null }, { name: 'value', type: 'number', unit: null }, { name: 'text', type: 'text', unit: null },
  { name: 'flag', type: 'boolean', unit: null }, { name: 'data', type: 'text', unit: null }, { name: 'sum', type: 'number', unit: null },
  { name: 'unit', type: 'text', unit: null }, { name: 'time', type: 'time', unit: null }
]

/** RFC 8428, 4.5.3: below it a time is relative to now. */
const RELATIVE_BELOW_S = 2 ** 28
/** RFC 8428, 4.4: this version. */
const VERSION = 10
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]{0,510}$/

type Read = { readonly records: readonly RecordInput[], readonly rejected: readonly { readonly reason: string, readonly item: unknown }[] }

/** A SenML pack (RFC 8428, JSON): base values resolved, each measurement a record by its name. */
export function readSenml (pack: unknown, receivedMs: number): Result<Read, { readonly reason: string }> {
  if (!Array.isArray(pack)) return fail({ reason: 'a SenML pack is a list' })
  if (pack.length > OBSERVATIONS_MAX) return fail({ reason: `more than ${OBSERVATIONS_MAX} records in one pack` })
  const records: RecordInput[] = []
  const rejected: { readonly reason: string, readonly item: unknown }[] = []
  let base: Base = { name: '', time: 0, unit: null, value: 0, sum: 0 }
  for (const item of pack as readonly unknown[]) {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      rejected.push({ reason: 'a SenML record is an object', item })
      continue
    }
    const fields = new Map(Object.entries(item))
    base = basedOn(base, fields)
    const resolved = resolve(base, fields, receivedMs)
    if (!resolved.ok) rejected.push({ reason: resolved.failure.reason, item })
    else if (resolved.value !== null) records.push(resolved.value)
  }
  return ok({ records, rejected })
}

type Base = { readonly name: string, readonly time: number, readonly unit: string | null, readonly value: number, readonly sum: number }
type Fields = ReadonlyMap<string, unknown>

function basedOn (base: Base, fields: Fields): Base {
  const [name, time, unit, value, sum] = ['bn', 'bt', 'bu', 'bv', 'bs'].map(label => fields.get(label))
  return {
    name: typeof name === 'string' ? name : base.name, time: isNumber(time) ? time : base.time, unit: typeof unit === 'string' ? unit : base.unit,
    value: isNumber(value) ? value : base.value, sum: isNumber(sum) ? sum : base.sum
  }
}

/** Null: it only sets base values. */
function resolve (base: Base, fields: Fields, receivedMs: number): Result<RecordInput | null, { readonly reason: string }> {
  const version = fields.get('bver')
  if (isNumber(version) && version > VERSION) return fail({ reason: `SenML of version ${version} is not known` })
  // RFC 8428, 4.4: labels that end in "_" must be understood, and we know none.
  const unknown = [...fields.keys()].find(label => label.endsWith('_'))
  if (unknown !== undefined) return fail({ reason: `the field ${unknown.slice(0, 64)} has to be understood and is not` })
  const [v, vs, vb, vd, s] = ['v', 'vs', 'vb', 'vd', 's'].map(label => fields.get(label))
  const told = {
    ...isNumber(v) ? { value: base.value + v } : {}, ...typeof vs === 'string' ? { text: vs } : {}, ...typeof vb === 'boolean' ? { flag: vb } : {},
    ...typeof vd === 'string' ? { data: vd } : {}, ...isNumber(s) ? { sum: base.sum + s } : {}
  }
  if (Object.keys(told).length === 0) return fields.has('n') ? fail({ reason: 'the record has neither a value nor a sum' }) : ok(null)
  const n = fields.get('n')
  const name = base.name + (typeof n === 'string' ? n : '')
  if (!NAME.test(name)) return fail({ reason: `"${name.slice(0, 64)}" is no name of RFC 8428: it begins with a letter or digit and has letters, digits and - : . / _` })
  const t = fields.get('t')
  const seconds = base.time + (isNumber(t) ? t : 0)
  const timeMs = Math.round(seconds < RELATIVE_BELOW_S ? receivedMs + seconds * 1_000 : seconds * 1_000)
  if (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs > 8_640_000_000_000_000) return fail({ reason: 'the time is out of range' })
  const u = fields.get('u')
  const unit = typeof u === 'string' ? u : base.unit
  const body = { name, ...told, ...unit === null ? {} : { unit }, time: new Date(timeMs).toISOString() }
  return ok({ key: utf8(name), timeMs, operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(body)) })
}

function isNumber (value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
