import { textOf, utf8 } from '../../base/index.ts'
import { formatOf, objectOfRow, placeOf, readRow, type RowFormat, type Scalar } from '../../core/rows/index.ts'
import type { Asker, Dataset, HanseNode, NumberedRecord, QueriedRecord } from '../../node/contract/index.ts'
import { entityIdOf, isAttributeName, isGeometry, MODELS } from '../../sdk/models/index.ts'
import { pagesOfDatasets } from '../context/index.ts'
import { entityOfBody, type KeptEntity } from '../entities/index.ts'

/** A dataset whose records are entities of a type: of its data model, or, where it names none and has columns, of a type by its own name. */
export type Source = { readonly dataset: Dataset, readonly type: string, readonly isModelled: boolean, readonly isOwn: boolean }

const PAGE = 1_000
export const SOURCES_MAX = 256

/** What the asker may know of, own datasets first; of these types alone, or of all. */
export async function sourcesOf (node: HanseNode, asker: Asker, types: ReadonlySet<string> | null): Promise<readonly Source[]> {
  const found: Source[] = []
  for await (const page of pagesOfDatasets(node, asker)) found.push(...sourcesAmong(node, page, types))
  return found.toSorted(ownFirst)
}

/** The same at once, for who has to listen before anything more happens. */
export function sourcesNow (node: HanseNode, asker: Asker, types: ReadonlySet<string> | null): readonly Source[] {
  const found: Source[] = []
  for (let after: string | undefined; ;) {
    const page = node.datasets({ limit: PAGE, ...after === undefined ? {} : { after } }, asker)
    found.push(...sourcesAmong(node, page, types))
    after = page.at(-1)?.id
    if (page.length < PAGE || after === undefined) break
  }
  return found.toSorted(ownFirst)
}

function sourcesAmong (node: HanseNode, datasets: readonly Dataset[], types: ReadonlySet<string> | null): readonly Source[] {
  const { did } = node.status().member
  return datasets.flatMap(dataset => sourceOf(dataset, did) ?? []).filter(({ type }) => types === null || types.has(type))
}

function ownFirst (one: Source, other: Source): number {
  return Number(other.isOwn) - Number(one.isOwn) || (one.dataset.id < other.dataset.id ? -1 : 1)
}

function sourceOf (dataset: Dataset, own: string): Source | undefined {
  const isOwn = dataset.publisher.did === own
  if (dataset.distribution.form === 'file') return undefined
  if (dataset.model !== null) return { dataset, type: dataset.model, isModelled: true, isOwn }
  return dataset.schema.length === 0 ? undefined : { dataset, type: typeNamed(dataset.datasetId), isModelled: false, isOwn }
}

/** `waste-bins` becomes `WasteBins`. */
function typeNamed (datasetId: string): string {
  const name = datasetId.split('-').map(part => part.slice(0, 1).toUpperCase() + part.slice(1)).join('')
  return /^\d/.test(name) ? `Dataset${name}` : name
}

/** The key of the record that holds an entity; undefined where this dataset has none of such an id. */
export function keyOf ({ type, isModelled }: Source, id: string): Uint8Array | undefined {
  if (isModelled) return utf8(id)
  const prefix = `urn:ngsi-ld:${type}:`
  if (!id.startsWith(prefix)) return undefined
  try {
    return utf8(decodeURIComponent(id.slice(prefix.length)))
  } catch {
    return undefined
  }
}

/** The entity in a record that was not read by the index; undefined where there is none. */
export function entityOfRecord (source: Source, record: NumberedRecord, asker: Asker): KeptEntity | undefined {
  const kept = source.isModelled ? entityOfBody(source.type, record.key, record.body, record.timeMs) : undefined
  if (kept !== undefined) return shownTo(asker, kept)
  const { schema, distribution: { mediaType } } = source.dataset
  const format = formatOf({ mediaType, schema }, record.body)
  const read = format.ok ? readRow(format.value, record.key, record.body) : undefined
  if (!format.ok || read?.type !== 'row') return undefined
  return entityOfRow(source, { ...record, values: read.values, place: placeOf(format.value, read.values) ?? null }, asker)
}

/** The entity that a row is. */
export function entityOfRow ({ type, isModelled }: Source, row: QueriedRecord, asker: Asker): KeptEntity {
  const kept = isModelled ? entityOfBody(type, row.key, row.body, row.timeMs) : undefined
  if (kept !== undefined) return shownTo(asker, kept)
  const attributes: [string, unknown][] = []
  for (const [column, value] of row.values) {
    const name = isAttributeName(column) ? column : `_${column.replaceAll(/[^\p{L}\p{N}_-]/gu, '_').slice(0, 100)}`
    if (value !== null) attributes.push([name, jsonOf(value)])
  }
  const location = attributes.some(([name]) => name === 'location') || row.place === null
    ? [] : [['location', { type: 'Point', coordinates: [row.place.longitude, row.place.latitude] }] as const]
  return shownTo(asker, { entity: { id: entityIdOf(type, textOf(row.key) ?? ''), type, ...Object.fromEntries([...attributes, ...location]) }, notes: {}, timeMs: row.timeMs })
}

/** What a model says to tell of a person is for the people of this node; others get it from the records, where terms let them. */
function shownTo ({ requester }: Asker, kept: KeptEntity): KeptEntity {
  const personal = requester === undefined ? [] : [...MODELS.get(kept.entity.type)?.attributes ?? []].filter(([name, { isPersonal }]) => isPersonal === true && Object.hasOwn(kept.entity, name))
  if (personal.length === 0) return kept
  const names = new Set(personal.map(([name]) => name))
  const without = <T extends object>(object: T): T => Object.fromEntries(Object.entries(object).filter(([name]) => !names.has(name))) as T
  return { ...kept, entity: without(kept.entity), notes: without(kept.notes) }
}

function jsonOf (value: Exclude<Scalar, null>): unknown {
  if (value.type === 'boolean') return value.value
  if (value.type === 'number') return Number(value.text)
  const geometry = value.text.startsWith('{') ? objectOfRow(TEXT, utf8(value.text)) : undefined
  return isGeometry(geometry) ? geometry : value.text
}

/** A text is read within the bounds of a row: what is nested deeper could not be written again. */
const TEXT: RowFormat = { delimiter: null, columns: [] }

/** Whether the place by which the index finds rows is this attribute. */
export function isIndexedPlace ({ dataset: { schema } }: Source, property: string): boolean {
  const has = (type: string): boolean => schema.some(column => column.type === type)
  if (has('latitude') && has('longitude')) return property === 'location' && !schema.some(({ name }) => name === 'location')
  return schema.find(({ type }) => type === 'geometry')?.name === property
}
