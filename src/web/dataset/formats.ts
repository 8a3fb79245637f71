import type { Dataset } from '../../sdk/index.ts'

export type Format = 'csv' | 'geojson' | 'ndjson' | 'parquet'

/** In which forms rows can be had: with columns in all, in GeoJSON where these say where a row is. Of a file there are no rows. */
export function formatsOf ({ distribution: { form }, schema }: Pick<Dataset, 'distribution' | 'schema'>): readonly Format[] {
  if (form === 'file') return []
  if (schema.length === 0) return ['ndjson']
  const has = (wanted: Dataset['schema'][number]['type']): boolean => schema.some(({ type }) => type === wanted)
  return ['csv', ...has('geometry') || (has('latitude') && has('longitude')) ? ['geojson' as const] : [], 'ndjson', 'parquet']
}
