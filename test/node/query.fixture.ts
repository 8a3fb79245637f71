import { strict as assert } from 'node:assert'
import { compareBytes, hex, utf8 } from '../../src/base/index.ts'
import { meets, meetsAll, objectOfRow, type RowFormat } from '../../src/core/rows/index.ts'
import type { HanseNode, NumberedRecord, QueriedRecord, RecordInput, RecordQuery } from '../../src/node/contract/index.ts'
import { naiveRows } from '../support/naiveQuery.ts'

export const SCHEMA: RowFormat['columns'] = [
  { name: 'id', type: 'text' }, { name: 'lat', type: 'latitude' }, { name: 'lon', type: 'longitude' }, { name: 'speed', type: 'number' }, { name: 'shape', type: 'geometry' }
]
const FORMAT: RowFormat = { delimiter: null, columns: SCHEMA }
export const HOUR_MS = 3_600_000
export const START_MS = Date.UTC(2026, 0, 1)

/** Things that move: mostly in one city, some over the antimeridian and at the poles, some nowhere; late, deleted, malformed. */
export function movements (random: () => number, count: number, keys: number): readonly RecordInput[] {
  const one = (max: number): number => Math.floor(random() * max)
  return Array.from({ length: count }, (_, at) => {
    const key = one(keys)
    const timeMs = START_MS + Math.floor(at / count * 100 * HOUR_MS) - (random() < 0.02 ? one(90 * HOUR_MS) : 0)
    const isDelete = random() < 0.02
    const body = isDelete ? new Uint8Array(0) : utf8(random() < 0.005 ? 'no row' : JSON.stringify({ id: `thing ${key}`, speed: one(60), ...placeOf(random, key) }))
    return { key: utf8(`thing/${key}`), timeMs: Math.max(START_MS, timeMs), operation: isDelete ? 'delete' : 'put', mediaType: 'application/json', body }
  })
}

function placeOf (random: () => number, key: number): Readonly<Record<string, unknown>> {
  const [x, y] = [random(), random()]
  const rounded = (degrees: number): number => Number(degrees.toFixed(6))
  switch (key % 10) {
    case 0: return { lat: rounded(-18 + y), lon: rounded(x < 0.5 ? 179 + x : -179.5 + x - 0.5) }
    case 1: return { lat: y < 0.5 ? 90 : rounded(-90 + y / 10), lon: rounded(x * 360 - 180) }
    case 2: return {}
    case 3: return { lat: 91, lon: 10 }
    case 4: return { shape: { type: 'LineString', coordinates: [[rounded(-122.4 + x / 5), rounded(47.5 + y / 5)], [rounded(-122.4 + y / 5), rounded(47.5 + x / 5)]] } }
    case 5: return { shape: { type: 'Polygon', coordinates: [[[170, -10], [180, -10], [180, rounded(-10 + y)], [170, -10]]] } }
    default: return { lat: rounded(47.5 + y / 5), lon: rounded(-122.4 + x / 5) }
  }
}

/** Questions of all kinds, most of which have some answer. */
export function questions (random: () => number, keys: number): () => Omit<RecordQuery, 'limit'> {
  const one = (max: number): number => Math.floor(random() * max)
  const box = (): NonNullable<RecordQuery['box']> => {
    const size = 10 ** -(random() * 3)
    const corner = one(5)
    if (corner === 0) return { west: 180 - size, south: -18.5, east: -180 + size, north: -17.2 }
    if (corner === 1) return { west: -180 + one(300), south: 90 - size, east: one(180), north: 90 }
    if (corner === 2) return { west: -180, south: -90, east: 180, north: random() < 0.5 ? 90 : 0 }
    const [west, south] = [-122.4 + random() / 5, 47.5 + random() / 5]
    return { west, south, east: west + size / 5, north: south + size / 5 }
  }
  return () => {
    const fromMs = START_MS + one(100) * HOUR_MS
    return {
      ...random() < 0.3 ? { key: utf8(`thing/${one(keys + 3)}`) } : {},
      ...random() < 0.35 ? { latest: true } : {},
      ...random() < 0.5 ? { fromMs } : {},
      ...random() < 0.5 ? { toMs: fromMs + 1 + one(20 * HOUR_MS) } : {},
      ...random() < 0.6 ? { box: box() } : {},
      ...random() < 0.25 ? { where: [{ column: 'speed', op: '<' as const, value: one(60) }] } : {}
    }
  }
}

/** What all records say, looked at once; and what is asked of them, without an index. */
export class Naive {
  readonly #rows: readonly QueriedRecord[]
  readonly #latest: readonly QueriedRecord[]
  readonly #format: RowFormat

  constructor (records: readonly NumberedRecord[], format: RowFormat = FORMAT) {
    this.#format = format
    this.#rows = naiveRows(format, records, {})
    this.#latest = naiveRows(format, records, { latest: true })
  }

  answer ({ key, latest, fromMs = 0, toMs = Infinity, box, where = [] }: Omit<RecordQuery, 'limit'>): readonly QueriedRecord[] {
    return (latest === true ? this.#latest : this.#rows).filter(row => row.timeMs >= fromMs && row.timeMs < toMs && (key === undefined || hex(key) === hex(row.key)) &&
      (box === undefined || (row.place !== null && meets(row.place.box, box))) && meetsAll(this.#format, where, row.values, () => objectOfRow(this.#format, row.body)))
  }
}

export function numbered (records: readonly RecordInput[], first = 0): readonly NumberedRecord[] {
  return records.map((record, at) => ({ ...record, number: first + at }))
}

export async function appendAll (node: HanseNode, datasetId: string, records: readonly RecordInput[], flush = false): Promise<void> {
  for (let at = 0; at < records.length; at += 1_000) {
    const appended = await node.append(datasetId, records.slice(at, at + 1_000), { flush })
    assert.ok(appended.ok, JSON.stringify(appended))
  }
}

/** All pages of a question. Where it may lack rows, says so. */
export async function allOf (node: HanseNode, reference: string, query: Omit<RecordQuery, 'limit'>, limit: number, asker?: Parameters<HanseNode['query']>[2]): Promise<{ readonly rows: readonly QueriedRecord[], readonly pages: number, readonly incomplete: string | null }> {
  const rows: QueriedRecord[] = []
  let [after, pages, incomplete]: [string | undefined, number, string | null] = [undefined, 0, null]
  do {
    const page = await node.query(reference, { ...query, limit, after }, asker)
    assert.ok(page.ok, JSON.stringify(page))
    assert.ok(page.value.rows.length <= limit)
    rows.push(...page.value.rows)
    incomplete ??= page.value.incomplete
    after = page.value.next ?? undefined
    assert.ok(++pages < 10_000, 'the pages have an end')
  } while (after !== undefined)
  return { rows, pages, incomplete }
}

export function sameRows (found: readonly QueriedRecord[], expected: readonly QueriedRecord[], said: string, inAnyOrder = false): void {
  const ordered = (rows: readonly QueriedRecord[]): readonly QueriedRecord[] => inAnyOrder ? rows.toSorted((a, b) => compareBytes(a.key, b.key) || a.number - b.number) : rows
  const shown = (rows: readonly QueriedRecord[]): readonly unknown[] => ordered(rows).map(({ number, key, timeMs, body, place }) => [number, new TextDecoder().decode(key), timeMs, new TextDecoder().decode(body), place])
  assert.deepEqual(shown(found), shown(expected), said)
}
