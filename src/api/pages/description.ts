import type { Dataset } from '../../node/contract/index.ts'
import { DOWNLOAD_FORMATS, DOWNLOAD_TYPES } from '../../sdk/contract/index.ts'
import { datasetPath } from '../../sdk/index.ts'

export type Way = { readonly name: string, readonly mediaType: string, readonly path: string }

/** All ways in which it is to be had whole, the one in which it was published first. */
export function waysOf ({ id, distribution: { form, mediaType, fileName }, schema, spatial }: Dataset): readonly Way[] {
  const asPublished: readonly Way[] = form === 'stream' ? [] : [{ name: fileName === '' ? 'As published' : fileName, mediaType, path: datasetPath(id, 'content') }]
  if (form === 'file') return asPublished
  const isPlaced = spatial !== null || schema.some(({ type }) => type === 'latitude' || type === 'geometry')
  const formats = DOWNLOAD_FORMATS.filter(format => format === 'ndjson' || (schema.length > 0 && (format !== 'geojson' || isPlaced)))
  return [...asPublished, ...formats.map(format => ({ name: NAMES[format], mediaType: DOWNLOAD_TYPES[format], path: `${datasetPath(id, 'download')}?format=${format}` }))]
}

const NAMES = { csv: 'CSV', geojson: 'GeoJSON', ndjson: 'NDJSON', parquet: 'Parquet' } as const

/** The Dataset of schema.org. */
export function schemaOrgOf (dataset: Dataset, origin: string): object {
  const { id, title, description, keywords, publisher, version, issuedMs, modifiedMs, spatial, temporal, schema, licence, sources, distribution } = dataset
  return {
    '@context': 'https://schema.org/', '@type': 'Dataset', '@id': id, 'identifier': id, 'url': `${origin}/datasets/${encodeURIComponent(id)}`, 'name': title,
    'description': description.trim() === '' ? title : description, 'version': String(version), 'datePublished': timeOf(issuedMs), 'dateModified': timeOf(modifiedMs),
    'creator': { '@type': 'Organization', '@id': publisher.did, 'name': publisher.name },
    ...keywords.length === 0 ? {} : { keywords }, ...licence.trim() === '' ? {} : { license: licenceOf(licence.trim()) }, 'isAccessibleForFree': isFree(dataset),
    ...spatial === null ? {} : { spatialCoverage: { '@type': 'Place', 'geo': { '@type': 'GeoShape', 'box': `${spatial.south} ${spatial.west} ${spatial.north} ${spatial.east}` } } },
    ...temporal === null ? {} : { temporalCoverage: `${timeOf(temporal.fromMs)}/${timeOf(temporal.toMs)}` },
    ...schema.length === 0 ? {} : { variableMeasured: schema.map(({ name, unit }) => ({ '@type': 'PropertyValue', name, ...unit === null ? {} : { unitText: unit } })) },
    ...sources.length === 0 ? {} : { isBasedOn: sources },
    'distribution': waysOf(dataset).map(({ mediaType, path }) => ({
      '@type': 'DataDownload', 'contentUrl': `${origin}${path}`, 'encodingFormat': mediaType,
      ...distribution.sha256 !== null && path.endsWith('/content') ? { sha256: distribution.sha256, contentSize: `${distribution.sizeBytes} B` } : {}
    }))
  }
}

function timeOf (timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** An address as it is, an SPDX name by its list, anything else as it is written: as the DCAT catalogue has it. */
function licenceOf (licence: string): string {
  if (/^https?:\/\/\S+$/.test(licence)) return licence
  return /^[A-Za-z0-9][A-Za-z0-9.+-]{1,63}$/.test(licence) ? `https://spdx.org/licenses/${licence}` : licence
}

/** Terms with a fee have the duty to compensate. */
function isFree ({ terms }: Dataset): boolean {
  return terms === null || !JSON.stringify(terms.policy).includes('compensate')
}
