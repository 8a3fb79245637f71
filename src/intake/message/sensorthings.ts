import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Column, RecordInput } from '../../sdk/index.ts'
import { timeOf } from '../mapping/index.ts'
import { OBSERVATIONS_MAX } from './limits.ts'

export const OBSERVATION_COLUMNS: readonly Column[] = [
  { name: 'datastream', type: 'text', unit: null }, { name: 'result', type: 'text', unit: null }, { name: 'phenomenonTime', type: 'time', unit: null },
  { name: 'resultTime', type: 'time', unit: null }
]

type Read = { readonly records: readonly RecordInput[], readonly rejected: readonly { readonly reason: string, readonly item: unknown }[] }
type Item = Readonly<Record<string, unknown>>

/**
 * Observations of OGC SensorThings 1.1: one, a list, a page with `value`, or a data array (section 12.3). The datastream is in the
 * observation, or in the topic `…/Datastreams(<id>)/Observations`.
 */
export function readObservations (message: unknown, origin: string, receivedMs: number): Result<Read, { readonly reason: string }> {
  const items = itemsOf(message)
  if (items.length > OBSERVATIONS_MAX) return fail({ reason: `more than ${OBSERVATIONS_MAX} observations in one message` })
  const ofTopic = /Datastreams\((?:'([^']{1,128})'|([^()']{1,128}))\)\/Observations/.exec(origin)
  const datastream = ofTopic?.[1] ?? ofTopic?.[2]
  const records: RecordInput[] = []
  const rejected: { readonly reason: string, readonly item: unknown }[] = []
  for (const item of items) {
    const record = recordOf(item, datastream, receivedMs)
    if (record.ok) records.push(record.value)
    else rejected.push({ reason: record.failure.reason, item })
  }
  return ok({ records, rejected })
}

function itemsOf (message: unknown): readonly unknown[] {
  const items: readonly unknown[] = Array.isArray(message) ? message : isItem(message) && Array.isArray(message['value']) ? message['value'] : [message]
  return items.flatMap(item => isItem(item) && Array.isArray(item['dataArray']) ? rowsOf(item) : [item])
}

/** `{Datastream, components: ["phenomenonTime", "result", …], dataArray: [[…], …]}` */
function rowsOf (item: Item): readonly unknown[] {
  const { components, dataArray, Datastream } = item
  if (!Array.isArray(components) || !Array.isArray(dataArray)) return [item]
  return dataArray.map((row: unknown) => {
    if (!Array.isArray(row)) return row
    const fields = components.flatMap((name: unknown, index): (readonly [string, unknown])[] => typeof name === 'string' && name !== '__proto__' ? [[name, row[index]]] : [])
    return { ...Object.fromEntries(fields), Datastream }
  })
}

function recordOf (item: unknown, datastreamOfTopic: string | undefined, receivedMs: number): Result<RecordInput, { readonly reason: string }> {
  if (!isItem(item)) return fail({ reason: 'an observation is an object' })
  if (!('result' in item)) return fail({ reason: 'the observation has no result' })
  const stream = item['Datastream']
  const id = isItem(stream) ? stream['@iot.id'] ?? stream['id'] : undefined
  const datastream = typeof id === 'string' || typeof id === 'number' ? String(id) : datastreamOfTopic
  if (datastream === undefined || datastream === '') return fail({ reason: 'the observation names no datastream, neither itself nor by its topic' })
  const phenomenon = item['phenomenonTime'] ?? item['resultTime']
  // An interval is told by its beginning.
  const begin = typeof phenomenon === 'string' ? phenomenon.split('/')[0] : phenomenon
  const time = begin === undefined || begin === null ? ok(receivedMs) : timeOf(begin, 'iso')
  if (!time.ok) return time
  const { Datastream: _stream, '@iot.selfLink': _link, ...rest } = item
  const body = { ...rest, datastream }
  return ok({ key: utf8(datastream), timeMs: time.value, operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(body)) })
}

function isItem (value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
