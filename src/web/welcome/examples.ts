/**
 * A small city to look at: three datasets that nobody measured, made here by a seed. They are published like all others, marked as
 * simulated and shown to nobody but this node.
 */
import type { Client, Column, DatasetDescription, Failure, Place, RecordInput } from '../../sdk/index.ts'
import { t } from '../text/index.ts'

export const EXAMPLES = ['example-bins', 'example-bicycles', 'example-air'] as const
type Id = typeof EXAMPLES[number]
type Table = { readonly columns: readonly Column[], readonly rows: readonly (readonly (string | number)[])[] }

/** Where the example city lies when nobody said where this one is: Lübeck. */
const LUEBECK: Place = { latitude: 53.8667, longitude: 10.6847 }
const HOUR_MS = 3_600_000
const BINS = 60
const HOURS = 168
const DAYS = 90
const COUNTERS = 4
const STATIONS = 3
const SEED = 1_356

/** Numbers from 0 to 1, the same ones each time (mulberry32). */
function chance (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const column = (name: string, type: Column['type'], unit: string | null = null): Column => ({ name, type, unit })
const PLACE = [column('latitude', 'latitude'), column('longitude', 'longitude')]
const timeOf = (timeMs: number): string => new Date(timeMs).toISOString()

function near ({ latitude, longitude }: Place, random: () => number): readonly [number, number] {
  const spread = 0.03
  const at = (middle: number, wide: number, most: number): number => Number(Math.max(-most, Math.min(most, middle + (random() + random() - 1) * wide)).toFixed(5))
  return [at(latitude, spread, 90), at(longitude, spread / Math.max(0.1, Math.cos(latitude * Math.PI / 180)), 180)]
}

/** What the datasets hold, up to the last full hour before `nowMs`. */
function tableOf (id: Id, place: Place, nowMs: number): Table {
  const random = chance(SEED + EXAMPLES.indexOf(id))
  const endMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS
  if (id === 'example-bins') {
    const rows = Array.from({ length: BINS }, (_, at) => [timeOf(endMs), `bin-${at + 1}`, Math.round(random() ** 0.7 * 100), ...near(place, random)])
    return { columns: [column('time', 'time'), column('bin', 'text'), column('fill', 'integer', '%'), ...PLACE], rows }
  }
  if (id === 'example-bicycles') {
    const counters = Array.from({ length: COUNTERS }, (_, at) => ({ name: `counter-${at + 1}`, busy: 40 + random() * 160, place: near(place, random) }))
    const rows = Array.from({ length: HOURS }, (_, at) => endMs - (HOURS - at) * HOUR_MS).flatMap(timeMs => counters.map(({ name, busy, place: there }) =>
      [timeOf(timeMs), name, Math.round(busy * rush(new Date(timeMs).getUTCHours()) * (0.8 + random() * 0.4)), ...there]))
    return { columns: [column('time', 'time'), column('counter', 'text'), column('bicycles', 'integer', '1/h'), ...PLACE], rows }
  }
  const stations = Array.from({ length: STATIONS }, (_, at) => ({ name: `station-${at + 1}`, level: 12 + random() * 20, place: near(place, random) }))
  const rows = Array.from({ length: DAYS }, (_, at) => endMs - (DAYS - at) * 24 * HOUR_MS).flatMap(timeMs => stations.map(({ name, level, place: there }) =>
    [timeOf(timeMs), name, Number((level * (0.7 + random() * 0.6)).toFixed(1)), ...there]))
  return { columns: [column('time', 'time'), column('station', 'text'), column('no2', 'number', 'µg/m³'), ...PLACE], rows }
}

/** Two peaks a day. */
function rush (hour: number): number {
  return 0.05 + Math.exp(-(((hour - 7) / 2) ** 2)) + Math.exp(-(((hour - 16) / 3) ** 2))
}

function recordsOf ({ columns, rows }: Table): readonly RecordInput[] {
  const write = new TextEncoder()
  return [columns.map(({ name }) => name), ...rows].map((cells, at) => (
    { key: write.encode(at === 0 ? 'header/0' : `row/${at - 1}`), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: write.encode(`${cells.join(',')}\n`) }))
}

/** Its name in the texts. */
function nameOf (id: Id): 'bins' | 'bicycles' | 'air' {
  return id === 'example-bins' ? 'bins' : id === 'example-bicycles' ? 'bicycles' : 'air'
}

function describe (id: Id, { columns, rows }: Table): DatasetDescription {
  const theme = { 'example-bins': 'waste', 'example-bicycles': 'transport', 'example-air': 'environment' }[id]
  const numbers = (name: string): readonly number[] => rows.map(cells => Number(cells[columns.findIndex(each => each.name === name)]))
  const [latitudes, longitudes, times] = [numbers('latitude'), numbers('longitude'), rows.map(([time]) => Date.parse(String(time)))]
  return {
    datasetId: id, title: t(`example.${nameOf(id)}.title`), description: t('example.about'), theme, keywords: [], licence: 'CC0-1.0', schema: columns, access: 'restricted', simulated: true,
    spatial: { west: Math.min(...longitudes), south: Math.min(...latitudes), east: Math.max(...longitudes), north: Math.max(...latitudes) },
    temporal: { fromMs: Math.min(...times), toMs: Math.max(...times) }
  }
}

/** Publishes them, one after the other; the answer is what went wrong. */
export async function loadExamples (client: Client, own: string, onloaded: (count: number) => void): Promise<Failure | null> {
  const [profile, template] = [await client.profile(), await client.termsTemplate('members')]
  if (!template.ok) return template.failure
  const form: object = typeof template.value.terms === 'object' && template.value.terms !== null ? template.value.terms : {}
  const terms = { terms: { ...form, audience: { type: 'named', members: [own] }, passOn: { type: 'no' }, creditTexts: [] }, dataset: { replicas: 'nobody' }, visibility: [] }
  const place = profile.ok && profile.value.place !== null ? profile.value.place : LUEBECK
  for (const [at, id] of EXAMPLES.entries()) {
    const table = tableOf(id, place, Date.now())
    const content = { form: 'table', mediaType: 'text/csv', fileName: `${id}.csv`, sizeBytes: null, records: recordsOf(table) } as const
    const published = await client.publish(describe(id, table), content, undefined, terms)
    if (!published.ok) return published.failure
    onloaded(at + 1)
  }
  return null
}

export async function removeExamples (client: Client, loaded: readonly string[]): Promise<Failure | null> {
  for (const id of loaded) {
    const withdrawn = await client.withdraw(id)
    if (!withdrawn.ok) return withdrawn.failure
  }
  return null
}
