import { hex, sha256, utf8 } from '../../base/index.ts'
import type { Box, Column } from '../../sdk/index.ts'
import { Gathering, isoOf, isoTimeMs, known, TEXT_LENGTH_MAX, type FoundSource, type Output, type Reading, type ReadWarning } from '../reader/index.ts'
import { DISTRIBUTIONS_MAX, FOUND_MAX, HARVEST_TTL_MS, KEYWORDS_MAX } from './limits.ts'

export type Distribution = {
  readonly title?: string | undefined
  readonly accessUrl?: string | undefined
  readonly downloadUrl?: string | undefined
  readonly mediaType?: string | undefined
  readonly format?: string | undefined
  readonly licence?: string | undefined
  readonly sizeBytes?: number | undefined
}

/** What another catalogue says of one dataset. */
export type Entry = {
  /** Of that catalogue: never changes. */
  readonly identifier: string
  readonly title: string
  readonly description?: string | undefined
  readonly publisher?: string | undefined
  readonly licence?: string | undefined
  readonly landingPage?: string | undefined
  readonly keywords: readonly string[]
  readonly themes: readonly string[]
  readonly issued?: string | undefined
  readonly modified?: string | undefined
  readonly accrualPeriodicity?: string | undefined
  readonly temporal?: { readonly from?: string | undefined, readonly to?: string | undefined } | undefined
  readonly spatial?: Box | undefined
  readonly distributions: readonly Distribution[]
}

const text = (name: string): Column => ({ name, type: 'text', unit: null })
const time = (name: string): Column => ({ name, type: 'time', unit: null })

const COLUMNS: readonly Column[] = [
  text('id'), text('identifier'), text('source'), text('title'), text('description'), text('publisher'), text('licence'), text('landingPage'), text('keywords'), text('themes'), time('issued'),
  time('modified'), text('accrualPeriodicity'), time('temporal.from'), time('temporal.to'), { name: 'geometry', type: 'geometry', unit: null }, text('distributions')
]

const ID_BYTES = 16
const SUFFIX_DIGITS = 12

/** Collects the entries of all pages of one catalogue. */
export class Harvest {
  readonly #gathering: Gathering
  readonly #source: string
  readonly #fetch: boolean
  readonly #seen = new Set<string>()
  readonly #found: FoundSource[] = []
  readonly #warnings: ReadWarning[] = []
  #foundMore = 0

  /** `source`: the address of the catalogue, which is part of each id. */
  constructor ({ nowMs, source, fetch }: { readonly nowMs: number, readonly source: string, readonly fetch: boolean }) {
    this.#gathering = new Gathering(nowMs)
    this.#source = source
    this.#fetch = fetch
  }

  get entries (): number {
    return this.#seen.size
  }

  reject (reason: string, part: unknown): void {
    this.#gathering.reject(reason, part)
  }

  take (entry: Entry): void {
    const id = hex(sha256(utf8(JSON.stringify([this.#source, entry.identifier]))).subarray(0, ID_BYTES))
    // Catalogues that change while they are read show an entry on two pages.
    if (this.#seen.has(id)) return
    this.#seen.add(id)
    const { spatial, temporal, distributions, keywords, themes, issued, modified, title, description, ...rest } = entry
    this.#gathering.put(id, isoTimeMs(modified) ?? isoTimeMs(issued), known({
      ...rest, id, source: this.#source, title: title.slice(0, 1_024), description: description?.slice(0, TEXT_LENGTH_MAX),
      keywords: keywords.slice(0, KEYWORDS_MAX), themes: themes.slice(0, KEYWORDS_MAX), issued: dayOrTime(issued), modified: dayOrTime(modified),
      temporal: temporal === undefined ? undefined : known({ from: dayOrTime(temporal.from), to: dayOrTime(temporal.to) }),
      geometry: spatial === undefined ? undefined : polygonOf(spatial),
      distributions: distributions.slice(0, DISTRIBUTIONS_MAX).map(distribution => known(distribution))
    }))
    if (spatial !== undefined) {
      this.#gathering.place(spatial.west, spatial.south)
      this.#gathering.place(spatial.east, spatial.north)
    }
    if (this.#fetch) this.#find(id, entry)
  }

  /** The first distribution that is a table or GeoJSON. */
  #find (id: string, entry: Entry): void {
    for (const distribution of entry.distributions) {
      const kind = kindOf(distribution)
      const url = distribution.downloadUrl ?? (distribution.format === undefined ? undefined : distribution.accessUrl)
      if (kind === undefined || url === undefined) continue
      if (this.#found.length >= FOUND_MAX) {
        this.#foundMore++
        return
      }
      const { title, description = '', keywords, spatial = null } = entry
      const licence = distribution.licence ?? entry.licence ?? ''
      this.#found.push({
        suffix: id.slice(0, SUFFIX_DIGITS), url, kind, title: title.slice(0, 256), description: description.slice(0, 8_192), keywords: keywords.slice(0, 64).map(each => each.slice(0, 64)), licence, spatial
      })
      return
    }
  }

  reading (): Reading {
    if (this.#foundMore > 0) this.#warnings.push({ code: 'found', sentence: `The data of ${this.#foundMore} further datasets are not fetched: at most ${FOUND_MAX} are.` })
    const output: Output = {
      suffix: null, title: 'Catalogue', columns: COLUMNS, model: null, spatial: this.#gathering.box, licence: null, personal: null, simulated: false,
      form: 'records', complete: true, records: this.#gathering.records
    }
    return {
      outputs: [output], found: this.#found, ttlMs: HARVEST_TTL_MS, updatedMs: null, warnings: [...this.#gathering.warnings, ...this.#warnings], rejected: this.#gathering.rejected
    }
  }
}

/** Times of catalogues are often days. */
function dayOrTime (text: string | undefined): string | undefined {
  const timeMs = isoTimeMs(text) ?? isoTimeMs(/^\d{4}-\d{2}-\d{2}$/.test(text ?? '') ? `${text}T00:00:00Z` : undefined)
  return timeMs === undefined ? undefined : isoOf(timeMs)
}

function polygonOf ({ west, south, east, north }: Box): unknown {
  return west === east && south === north
    ? { type: 'Point', coordinates: [west, south] }
    : { type: 'Polygon', coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] }
}

function kindOf ({ mediaType = '', format = '', downloadUrl = '' }: Distribution): FoundSource['kind'] | undefined {
  const said = `${mediaType} ${format}`.toLowerCase()
  if (/geo\+?json/.test(said)) return 'geojson'
  if (/\bcsv\b/.test(said)) return 'csv'
  if (said.trim() !== '') return undefined
  const path = URL.parse(downloadUrl)?.pathname.toLowerCase() ?? ''
  return path.endsWith('.geojson') ? 'geojson' : path.endsWith('.csv') ? 'csv' : undefined
}

/** The numbers of a geometry, in whatever notation (WKT or GeoJSON), as the box around them: longitude, latitude, in turn. */
export function boxOf (notation: string): Box | undefined {
  if (/^\s*<[^>]*>/.test(notation) && !/CRS84|4326/.test(notation)) return undefined
  const numbers = [...notation.slice(0, TEXT_LENGTH_MAX).replace(/^\s*<[^>]*>/, '').matchAll(/-?\d{1,3}(?:\.\d{1,15})?(?:e-?\d{1,2})?/gi)].map(([digits]) => Number(digits))
  // ENVELOPE of the Simple Catalogue has west, east, north, south.
  const pairs = /ENVELOPE/i.test(notation) ? [[numbers[0], numbers[3]], [numbers[1], numbers[2]]] : Array.from({ length: Math.floor(numbers.length / 2) }, (_, at) => [numbers[2 * at], numbers[2 * at + 1]])
  let box: Box | undefined
  for (const [longitude = 999, latitude = 999] of pairs) {
    if (Math.abs(longitude) > 180 || Math.abs(latitude) > 90) return undefined
    box = box === undefined ? { west: longitude, south: latitude, east: longitude, north: latitude } : {
      west: Math.min(box.west, longitude), south: Math.min(box.south, latitude), east: Math.max(box.east, longitude), north: Math.max(box.north, latitude)
    }
  }
  return box
}
