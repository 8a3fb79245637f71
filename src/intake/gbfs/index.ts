/**
 * Reads shared bicycles and other vehicles: GBFS 3 and 2, from the file `gbfs.json` that names the others.
 *
 * Stations: what they are and how they stand, joined, by station_id. Vehicles that stand by themselves: under pseudonyms that change
 * with each trip and each day. Names are those of GBFS 3 for both versions, times ISO 8601. Stations and vehicles are whole: what
 * is missing is gone. The system is not asked again before the shortest `ttl` of its files.
 */
import { ok, type Result } from '../../base/index.ts'
import {
  DOCUMENT_BYTES_MAX, feedTimeMs, Gathering, isObject, listOf, malformed, member, numberIn, objectOf, parseJson, textIn, type Asked, type Document, type OutputDescription,
  type ReadContext, type Reader, type ReadFailure, type Reading, type ReadSession
} from '../reader/index.ts'
import { STATION_COLUMNS, takeStations } from './stations.ts'
import { takeVehicles, VEHICLE_COLUMNS } from './vehicles.ts'

const FEEDS = ['station_information', 'station_status', 'vehicle_status', 'free_bike_status', 'system_information'] as const
type Feed = typeof FEEDS[number]

/** What each lists: where there is no list, all of it would be gone. */
const LISTS: Readonly<Partial<Record<Feed, string>>> = { station_information: 'stations', station_status: 'stations', vehicle_status: 'vehicles', free_bike_status: 'bikes' }

/** Those that change from minute to minute. */
const LIVE: readonly Feed[] = ['station_status', 'vehicle_status', 'free_bike_status']
const TTL_SECONDS_MAX = 86_400

/** `language`: which of the languages of GBFS 2 is taken; the first, where it is not there. */
export function gbfsReader (language = 'en'): Reader {
  return { kind: 'gbfs', accept: 'application/json', begin: context => new GbfsSession(context, language) }
}

class GbfsSession implements ReadSession {
  readonly #context: ReadContext
  readonly #language: string
  readonly #data = new Map<Feed, unknown>()
  #ttlMs: number | null = null
  #updatedMs: number | null = null

  constructor (context: ReadContext, language: string) {
    this.#context = context
    this.#language = language
  }

  async take (document: Document): Promise<Result<readonly Asked[], ReadFailure>> {
    const bytes = await document.bytes(DOCUMENT_BYTES_MAX)
    if (!bytes.ok) return bytes
    const json = parseJson(bytes.value)
    if (!json.ok) return json
    const data = member(json.value, 'data')
    if (!isObject(data)) return malformed('it has no data, as all files of GBFS have')
    if (document.name === '') return this.#feedsOf(data, document.url)
    const feed = FEEDS.find(each => each === document.name)
    if (feed === undefined) return malformed('it was not asked for')
    const list = LISTS[feed]
    if (list !== undefined && !Array.isArray(member(data, list))) return malformed(`its ${feed} has no list of ${list}`)
    this.#data.set(feed, data)
    if (LIVE.includes(feed)) this.#takeTimes(objectOf(json.value))
    return ok([])
  }

  #takeTimes (envelope: Readonly<Record<string, unknown>>): void {
    const ttlMs = (numberIn(member(envelope, 'ttl'), 0, TTL_SECONDS_MAX) ?? 0) * 1000
    this.#ttlMs = Math.min(this.#ttlMs ?? ttlMs, ttlMs)
    const updatedMs = feedTimeMs(member(envelope, 'last_updated'))
    if (updatedMs !== undefined) this.#updatedMs = Math.max(this.#updatedMs ?? 0, updatedMs)
  }

  /** Version 3: `data.feeds`. Version 2: the same under each language. */
  #feedsOf (data: Readonly<Record<string, unknown>>, base: string | null): Result<readonly Asked[], ReadFailure> {
    const languages = Object.values(data).filter(each => Array.isArray(member(each, 'feeds')))
    const feeds = member(data, 'feeds') ?? member(member(data, this.#language), 'feeds') ?? member(languages[0], 'feeds')
    const asked = new Map<Feed, Asked>()
    for (const each of listOf(feeds)) {
      const name = FEEDS.find(feed => feed === member(each, 'name'))
      const url = URL.parse(textIn(member(each, 'url'), 8_192) ?? '', base ?? undefined)
      if (name !== undefined && url !== null) asked.set(name, { name, url: url.href, optional: name === 'system_information' })
    }
    const isUseful = asked.has('station_information') || asked.has('vehicle_status') || asked.has('free_bike_status')
    return isUseful ? ok([...asked.values()]) : malformed('it names neither stations nor vehicles: set the address of gbfs.json')
  }

  async finish (): Promise<Result<Reading, ReadFailure>> {
    const [stations, vehicles] = [new Gathering(this.#context.nowMs), new Gathering(this.#context.nowMs)]
    const list = (feed: Feed, name: string): readonly unknown[] => listOf(member(this.#data.get(feed), name))
    takeStations(list('station_information', 'stations'), list('station_status', 'stations'), stations)
    takeVehicles([...list('vehicle_status', 'vehicles'), ...list('free_bike_status', 'bikes')], this.#context, vehicles)
    const system = this.#data.get('system_information')
    const about = { model: null, licence: textIn(member(system, 'license_url'), 512) ?? textIn(member(system, 'license_id'), 512) ?? null, personal: null, simulated: false }
    const described: readonly (OutputDescription & { readonly gathering: Gathering })[] = [
      { ...about, suffix: 'stations', title: 'Stations of shared vehicles', columns: STATION_COLUMNS, spatial: stations.box, gathering: stations },
      { ...about, suffix: 'vehicles', title: 'Shared vehicles to rent', columns: VEHICLE_COLUMNS, spatial: vehicles.box, gathering: vehicles }
    ]
    return ok({
      outputs: described.map(({ gathering, ...description }) => ({ ...description, form: 'records', complete: true, records: gathering.records })),
      found: [], ttlMs: this.#ttlMs, updatedMs: this.#updatedMs, warnings: [...stations.warnings, ...vehicles.warnings], rejected: [...stations.rejected, ...vehicles.rejected]
    })
  }

  close (): void {}
}
