/**
 * Reads shared vehicles that a city regulates: answers of a provider by MDS 2.0 (vehicles, vehicle status, events, telemetry, trips).
 *
 * What moves is somebody: all of it is private by nature, and published restricted with terms that allow aggregates only. Records are the
 * items as they are, keyed by device, event, telemetry or trip. Status and vehicles are whole; events, telemetry and trips are what came
 * new. Pages follow `links.next`.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import type { Column } from '../../sdk/index.ts'
import {
  DOCUMENT_BYTES_MAX, feedTimeMs, Gathering, isObject, listOf, malformed, member, numberIn, objectOf, parseJson, pointOf, textIn, type Asked, type Document, type JsonObject, type Output, type ReadContext,
  type Reader, type ReadFailure, type Reading, type ReadSession
} from '../reader/index.ts'

type List = 'vehicles' | 'vehicles_status' | 'events' | 'telemetry' | 'trips'

type Kind = {
  readonly suffix: string
  readonly title: string
  readonly key: string
  readonly complete: boolean
  /** Where in an item its time, and the object with `lat` and `lng`, are. */
  readonly time: readonly (readonly string[])[]
  readonly location: readonly string[]
  readonly columns: readonly Column[]
}

const text = (name: string): Column => ({ name, type: 'text', unit: null })
const integer = (name: string): Column => ({ name, type: 'integer', unit: null })
/** Times are numbers in MDS: milliseconds since 1970. */
const moment = (name: string): Column => ({ name, type: 'integer', unit: 'ms' })
const place = (path: string): readonly Column[] => [
  { name: `${path}.lat`, type: 'latitude', unit: null }, { name: `${path}.lng`, type: 'longitude', unit: null }, { name: `${path}.heading`, type: 'number', unit: 'deg' },
  { name: `${path}.speed`, type: 'number', unit: 'm/s' }, { name: `${path}.horizontal_accuracy`, type: 'number', unit: 'm' }
]
const ids: readonly Column[] = [text('device_id'), text('provider_id')]

const KINDS: Readonly<Record<List, Kind>> = {
  vehicles_status: {
    suffix: 'status', title: 'Status of shared vehicles', key: 'device_id', complete: true, time: [['last_telemetry', 'timestamp'], ['last_event', 'timestamp']], location: ['last_telemetry', 'location'],
    columns: [...ids, text('last_event.event_id'), text('last_event.vehicle_state'), moment('last_event.timestamp'), moment('last_telemetry.timestamp'), ...place('last_telemetry.location')]
  },
  vehicles: {
    suffix: 'vehicles', title: 'Shared vehicles', key: 'device_id', complete: true, time: [], location: [],
    columns: [...ids, text('vehicle_id'), text('vehicle_type'), integer('maximum_speed')]
  },
  events: {
    suffix: 'events', title: 'Events of shared vehicles', key: 'event_id', complete: false, time: [['timestamp']], location: ['location'],
    columns: [...ids, text('event_id'), text('vehicle_state'), moment('timestamp'), ...place('location')]
  },
  telemetry: {
    suffix: 'telemetry', title: 'Telemetry of shared vehicles', key: 'telemetry_id', complete: false, time: [['timestamp']], location: ['location'],
    columns: [...ids, text('telemetry_id'), moment('timestamp'), ...place('location')]
  },
  trips: {
    suffix: 'trips', title: 'Trips of shared vehicles', key: 'trip_id', complete: false, time: [['end_time'], ['start_time']], location: ['start_location'],
    columns: [...ids, text('trip_id'), moment('start_time'), moment('end_time'), integer('distance'), integer('duration'), ...place('start_location'), ...place('end_location')]
  }
}

const PAGES_MAX = 500
const TTL_MS_MAX = 86_400_000

export function mdsReader (): Reader {
  return { kind: 'mds', accept: 'application/vnd.mds+json;version=2.0, application/json;q=0.9', begin: context => new MdsSession(context) }
}

class MdsSession implements ReadSession {
  readonly #context: ReadContext
  readonly #gathered = new Map<List, Gathering>()
  #pages = 0
  #ttlMs: number | null = null
  #updatedMs: number | null = null

  constructor (context: ReadContext) {
    this.#context = context
  }

  async take (document: Document): Promise<Result<readonly Asked[], ReadFailure>> {
    const bytes = await document.bytes(DOCUMENT_BYTES_MAX)
    if (!bytes.ok) return bytes
    const json = parseJson(bytes.value)
    if (!json.ok) return json
    const answer = objectOf(json.value)
    const version = textIn(member(answer, 'version')) ?? ''
    if (!/^2\.\d+/.test(version)) return unsupported(version)
    const lists = (Object.keys(KINDS) as List[]).filter(list => Array.isArray(member(answer, list)))
    if (lists.length === 0) return malformed('it has no vehicles, vehicles_status, events, telemetry or trips')
    for (const list of lists) this.#takeList(list, listOf(member(answer, list)))
    const ttlMs = numberIn(member(answer, 'ttl'), 0, TTL_MS_MAX)
    if (ttlMs !== undefined) this.#ttlMs = ttlMs
    this.#updatedMs = feedTimeMs(member(answer, 'last_updated')) ?? this.#updatedMs
    const next = textIn(member(member(answer, 'links'), 'next'), 8_192)
    return next === undefined ? ok([]) : this.#next(next, document.url)
  }

  #next (next: string, url: string | null): Result<readonly Asked[], ReadFailure> {
    if (++this.#pages >= PAGES_MAX) return fail({ code: 'too-large', reason: `it has more than ${PAGES_MAX} pages`, hint: 'ask for a shorter time' })
    const target = URL.parse(next, url ?? undefined)
    return target === null ? malformed('the address of its next page is none') : ok([{ name: `page ${this.#pages}`, url: target.href, optional: false }])
  }

  #takeList (list: List, items: readonly unknown[]): void {
    const gathering = this.#gathered.get(list) ?? new Gathering(this.#context.nowMs)
    this.#gathered.set(list, gathering)
    const { key, time, location } = KINDS[list]
    for (const item of items) {
      const id = textIn(member(item, key), 256)
      if (id === undefined || !isObject(item)) {
        gathering.reject(`an item of ${list} has no ${key}`, item)
        continue
      }
      const timeMs = time.map(path => feedTimeMs(at(item, path))).find(each => each !== undefined)
      gathering.put(id, timeMs, item)
      const where = location.length === 0 ? undefined : at(item, location)
      const point = pointOf(member(where, 'lng'), member(where, 'lat'))
      if (point !== undefined) gathering.place(...point.coordinates)
    }
  }

  async finish (): Promise<Result<Reading, ReadFailure>> {
    const outputs = [...this.#gathered].map(([list, { records, box }]): Output => {
      const { suffix, title, columns, complete } = KINDS[list]
      return { suffix, title, columns, model: null, spatial: box, licence: null, personal: 'device_id', simulated: false, form: 'records', complete, records }
    })
    const all = [...this.#gathered.values()]
    return ok({
      outputs, found: [], ttlMs: this.#ttlMs, updatedMs: this.#updatedMs, warnings: all.flatMap(({ warnings }) => warnings), rejected: all.flatMap(({ rejected }) => rejected)
    })
  }

  close (): void {}
}

function at (item: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => member(value, name), item)
}

function unsupported (version: string): Result<never, ReadFailure> {
  return fail({
    code: 'unsupported', reason: `the answer is MDS ${version.slice(0, 16) || 'of no version'}, and 2.0 is read`, hint: 'ask the provider for MDS 2.0: application/vnd.mds+json;version=2.0'
  })
}
