import { isGeometry, MODELS, type Geometry } from '../../sdk/models/index.ts'
import type { Names } from './contexts.ts'
import { ownMember, typeOf, type KeptEntity, type Note } from './kept.ts'

export type WrittenForm = 'normalized' | 'keyValues'

/** Units of models in the codes of UN/CEFACT Recommendation 20; from memory. */
const UNIT_CODES: Readonly<Record<string, string>> = {
  'kg': 'KGM', 'Cel': 'CEL', 'L': 'LTR', 'km/h': 'KMH', 'm': 'MTR', 's': 'SEC', 'deg': 'DD', 'mm': 'MMT', 'm/s': 'MTS', 'hPa': 'A97', 'ug/m3': 'GQ', '[ppm]': '59', 'km': 'KMT'
}

/** The entity with the attributes of `wanted` alone, or all. */
export function writeEntity ({ entity, notes }: KeptEntity, form: WrittenForm, names: Names, wanted?: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  return { id: entity.id, type: names.shown(entity.type), ...attributesOf({ entity, notes }, form, names, wanted) }
}

/** As a feature of GeoJSON, at the place that `geometryName` holds (ETSI GS CIM 009, 4.5.16). */
export function writeFeature (kept: KeptEntity, form: WrittenForm, names: Names, geometryName: string, wanted?: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const place = ownMember(kept.entity, geometryName)
  return {
    id: kept.entity.id, type: 'Feature', geometry: isGeometry(place) ? place satisfies Geometry : null,
    properties: { type: names.shown(kept.entity.type), ...attributesOf(kept, form, names, wanted) }
  }
}

function attributesOf ({ entity, notes }: Pick<KeptEntity, 'entity' | 'notes'>, form: WrittenForm, names: Names, wanted: ReadonlySet<string> | undefined): Readonly<Record<string, unknown>> {
  const written: [string, unknown][] = []
  for (const [name, value] of Object.entries(entity)) {
    // Null says that nothing is known, which NGSI-LD says by leaving it out.
    if (name === 'id' || name === 'type' || value === null || value === undefined || (wanted !== undefined && !wanted.has(name))) continue
    const note = ownMember(notes, name) as Note | undefined
    written.push([names.shown(name), form === 'keyValues' ? value : normalized(entity.type, name, value, note ?? {}, names)])
  }
  return Object.fromEntries(written)
}

function normalized (entityType: string, name: string, value: unknown, note: Note, names: Names): unknown {
  const type = note.type ?? typeOf(entityType, name, value)
  const attribute = MODELS.get(entityType)?.attributes.get(name)
  const unitCode = note.unitCode ?? (typeof value === 'number' && attribute?.unit != null ? UNIT_CODES[attribute.unit] : undefined)
  const valueType = note.valueType ?? (attribute?.kind === 'time' && typeof value === 'string' ? 'DateTime' : undefined)
  return {
    type,
    ...type === 'Relationship' ? { object: value } : { value: valueType === undefined ? value : { '@type': valueType, '@value': value } },
    ...note.observedAt === undefined ? {} : { observedAt: note.observedAt },
    ...unitCode === undefined ? {} : { unitCode },
    ...Object.fromEntries(Object.entries(note.of ?? {}).map(([sub, said]) => [names.shown(sub), said]))
  }
}
