import { hex } from '../../base/index.ts'
import type { DatasetEntry } from '../../core/catalogue/index.ts'
import type { Box, Dataset, DatasetDescription } from '../contract/index.ts'

/** Coordinates in signed structures are integers of 1e-7 degrees, about a centimetre. */
const UNITS_PER_DEGREE = 1e7

/** In degrees. */
export function boxOfUnits (box: Box): Box {
  return mapBox(box, value => value / UNITS_PER_DEGREE)
}

export function unitsOfBox (box: Box | null): Box | null {
  return box === null ? null : mapBox(box, value => Math.round(value * UNITS_PER_DEGREE))
}

function mapBox ({ west, south, east, north }: Box, change: (value: number) => number): Box {
  return { west: change(west), south: change(south), east: change(east), north: change(north) }
}

function describedOf (entry: DatasetEntry): DatasetDescription & Pick<Dataset, 'model'> {
  const { datasetId, title, description, theme, keywords, licence, spatial, temporal, schema, access, simulated, model } = entry
  return { datasetId, title, description, theme, keywords, licence, spatial: spatial === null ? null : boxOfUnits(spatial), temporal, schema, access, simulated, model }
}

/** An entry as programs see it. */
export function viewOf (
  entry: DatasetEntry, publisher: { readonly did: string, readonly name: string }, terms: Dataset['terms'], held: Dataset['held']
): Dataset {
  const { feed, form, mediaType, fileName, firstRecord, records, sizeBytes, sha256 } = entry.distribution
  return {
    ...describedOf(entry),
    id: `${publisher.did}/${entry.datasetId}`,
    publisher,
    version: entry.version,
    issuedMs: entry.issuedMs,
    modifiedMs: entry.modifiedMs,
    distribution: {
      feed: feed.toString(), form, mediaType, fileName, firstRecord, records, sizeBytes, sha256: sha256 === null ? null : hex(sha256)
    },
    sources: entry.sources.map(source => `${source.publisher}/${source.datasetId}`),
    terms,
    held
  }
}
