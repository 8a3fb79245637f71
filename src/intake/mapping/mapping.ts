import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Column, MappedColumn, Mapping, RecordInput } from '../../sdk/index.ts'
import { entityIdOf, validateEntity } from '../../sdk/models/index.ts'
import { stepsOf, valueAt } from './pointer.ts'

const ITEMS_MAX = 100_000
const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const DATE_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

/** Why an item gives no record, for a person. */
export type ItemFailure = { readonly reason: string }

type Compiled = {
  readonly items: readonly string[]
  readonly key: readonly (readonly string[])[]
  readonly time: readonly string[] | undefined
  readonly timeFormat: Mapping['time_format']
  readonly location: { readonly longitude: readonly string[], readonly latitude: readonly string[] } | undefined
  readonly columns: readonly (MappedColumn & { readonly name: string, readonly steps: readonly string[] | undefined })[] | undefined
}

export class Mapper {
  readonly #compiled: Compiled
  /** Type of entities; null: records are no entities. */
  readonly #type: string | null
  readonly columns: readonly Column[]

  /** `model`: the data model of the dataset, where it has one. */
  constructor (mapping: Mapping, model: string | null) {
    const columns = mapping.columns === undefined ? undefined : Object.entries(mapping.columns)
    this.#type = mapping.entity_type ?? model
    this.#compiled = {
      items: stepsOf(mapping.items ?? ''), key: mapping.key.map(stepsOf), time: mapping.time === undefined ? undefined : stepsOf(mapping.time), timeFormat: mapping.time_format,
      location: mapping.location === undefined ? undefined : { longitude: stepsOf(mapping.location.longitude), latitude: stepsOf(mapping.location.latitude) },
      columns: columns?.map(([name, column]) => ({ ...column, name, steps: column.from === undefined ? undefined : stepsOf(column.from) }))
    }
    this.columns = columns === undefined ? [] : [
      ...this.#type === null ? [] : [{ name: 'id', type: 'text', unit: null }, { name: 'type', type: 'text', unit: null }] as const,
      ...mapping.location === undefined ? [] : [{ name: 'location', type: 'geometry', unit: null }] as const,
      ...columns.map(([name, { type, unit }]) => ({ name, type: type === 'json' ? 'text' as const : type, unit: unit ?? null }))
    ]
  }

  /** The items of a message: what is at `items`, a list or one. */
  itemsOf (message: unknown): Result<readonly unknown[], ItemFailure> {
    const found = valueAt(message, this.#compiled.items)
    if (found === undefined) return fail({ reason: 'there are no items where the mapping looks for them' })
    const items: readonly unknown[] = Array.isArray(found) ? found : [found]
    return items.length > ITEMS_MAX ? fail({ reason: `more than ${ITEMS_MAX} items in one message` }) : ok(items)
  }

  recordOf (item: unknown, receivedMs: number): Result<RecordInput, ItemFailure> {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return fail({ reason: 'the item is no JSON object' })
    const key = this.#keyOf(item)
    if (!key.ok) return key
    const time = this.#compiled.time === undefined ? ok(receivedMs) : timeOf(valueAt(item, this.#compiled.time), this.#compiled.timeFormat)
    if (!time.ok) return time
    const fields = this.#fieldsOf(item)
    if (!fields.ok) return fields
    const entity = this.#type === null ? ok(fields.value) : this.#entityOf(this.#type, key.value, fields.value)
    if (!entity.ok) return entity
    const id = 'id' in entity.value && this.#type !== null ? String(entity.value['id']) : key.value
    return ok({ key: utf8(id), timeMs: time.value, operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(entity.value)) })
  }

  #keyOf (item: object): Result<string, ItemFailure> {
    const parts: string[] = []
    for (const steps of this.#compiled.key) {
      const value = valueAt(item, steps)
      if (typeof value === 'string' ? value === '' : typeof value !== 'number') return fail({ reason: `the item has no key at ${steps.join('.') || 'its beginning'}` })
      parts.push(String(value))
    }
    return ok(parts.join('/'))
  }

  #fieldsOf (item: object): Result<Readonly<Record<string, unknown>>, ItemFailure> {
    const { columns, location } = this.#compiled
    const fields: Record<string, unknown> = columns === undefined ? { ...item } : {}
    for (const column of columns ?? []) {
      if (UNSAFE_NAMES.has(column.name)) continue
      const value = fieldOf(item, column)
      if (!value.ok) return value
      if (value.value !== undefined) fields[column.name] = value.value
    }
    if (location !== undefined) {
      const [longitude, latitude] = [numberOf(valueAt(item, location.longitude)), numberOf(valueAt(item, location.latitude))]
      if (longitude !== undefined && latitude !== undefined && Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90) {
        fields['location'] = { type: 'Point', coordinates: [longitude, latitude] }
      }
    }
    return ok(fields)
  }

  #entityOf (type: string, key: string, fields: Readonly<Record<string, unknown>>): Result<Readonly<Record<string, unknown>>, ItemFailure> {
    const id = key.startsWith('urn:') ? key : entityIdOf(type, key)
    const entity = validateEntity(type, { ...fields, id, type })
    return entity.ok ? entity : fail({ reason: `no ${type}: ${entity.failure.position} ${entity.failure.reason}` })
  }
}

/** Undefined: nothing is there. */
function fieldOf (item: object, { name, steps, constant, type, format, scale = 1, offset = 0, required }: NonNullable<Compiled['columns']>[number]): Result<unknown, ItemFailure> {
  const value = steps === undefined ? constant : valueAt(item, steps)
  if (value === undefined || value === null) return required ? fail({ reason: `the item has no ${name}` }) : ok(undefined)
  const wrong = (what: string): Result<unknown, ItemFailure> => required ? fail({ reason: `${name} is no ${what}` }) : ok(undefined)
  switch (type) {
    case 'json': return ok(value)
    case 'text': return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? ok(String(value)) : wrong('text')
    case 'boolean': return typeof value === 'boolean' ? ok(value) : value === 'true' || value === 1 ? ok(true) : value === 'false' || value === 0 ? ok(false) : wrong('boolean')
    case 'number': {
      const number = numberOf(value)
      return number === undefined ? wrong('number') : ok(scale === 1 && offset === 0 ? number : roundedTo12(number * scale + offset))
    }
    case 'time': {
      const time = timeOf(value, format === 's' || format === 'ms' ? format : 'iso')
      return time.ok ? ok(new Date(time.value).toISOString()) : wrong('time')
    }
  }
}

/** What scaling adds to the last binary digits is no measurement. */
function roundedTo12 (number: number): number {
  return Number(number.toPrecision(12))
}

function numberOf (value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'string' && /^[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,3})?$/.test(value.trim()) ? Number(value) : undefined
}

/** Milliseconds since 1970. A time without a zone is taken as UTC. */
export function timeOf (value: unknown, format: Mapping['time_format']): Result<number, ItemFailure> {
  const wrong = fail({ reason: `${JSON.stringify(value)?.slice(0, 64) ?? 'what is missing'} is no time written as ${format}` })
  if (format !== 'iso') {
    const number = numberOf(value)
    const timeMs = number === undefined ? NaN : Math.round(format === 's' ? number * 1_000 : number)
    return Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= TIME_MS_MAX ? ok(timeMs) : wrong
  }
  if (typeof value !== 'string' || !DATE_TIME.test(value)) return wrong
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(value.slice(10))
  const timeMs = Date.parse(hasZone || value.length === 10 ? value : `${value}Z`)
  return Number.isFinite(timeMs) && timeMs >= 0 && isDay(value.slice(0, 10)) ? ok(timeMs) : wrong
}

/** The 30th of February would be read as the 1st of March. */
function isDay (day: string): boolean {
  const timeMs = Date.parse(`${day}T00:00:00Z`)
  return Number.isFinite(timeMs) && new Date(timeMs).toISOString().startsWith(day)
}

/** The last moment that a Date can tell. */
const TIME_MS_MAX = 8_640_000_000_000_000
