import type { Did } from '../identity/index.ts'
import type { Advertisement } from './catalogue.ts'
import type { Box, DatasetEntry } from './entry.ts'
import { QUERY_LENGTH_MAX } from './limits.ts'

/** All that is given must hold. */
export type CatalogueQuery = {
  /** Every word of it must occur, in any case and with or without accents. */
  readonly text?: string
  readonly theme?: string
  /** Must touch the box of the dataset; one without a box is not found. */
  readonly box?: Box
  readonly publisher?: Did
  /** Also what its publisher withdrew. */
  readonly withdrawn?: boolean
}

/** What fits the query, best first: words found in the title, then in the keywords, then elsewhere; then by name. */
export function searchCatalogue (advertisements: Iterable<Advertisement>, query: CatalogueQuery): readonly Advertisement[] {
  const words = folded((query.text ?? '').slice(0, QUERY_LENGTH_MAX)).split(/\s+/).filter(word => word !== '')
  const theme = query.theme === undefined ? undefined : folded(query.theme)
  const found: { readonly advertisement: Advertisement, readonly rank: number }[] = []
  for (const advertisement of advertisements) {
    const { publisher, entry } = advertisement
    if (entry.withdrawn && query.withdrawn !== true) continue
    if (query.publisher !== undefined && query.publisher !== publisher) continue
    if (theme !== undefined && folded(entry.theme) !== theme) continue
    if (query.box !== undefined && (entry.spatial === null || !touches(entry.spatial, query.box))) continue
    const rank = rankOf(entry, words)
    if (rank !== undefined) found.push({ advertisement, rank })
  }
  return found.sort((a, b) => b.rank - a.rank || byName(a.advertisement, b.advertisement)).map(({ advertisement }) => advertisement)
}

/** Undefined where a word is missing. */
function rankOf (entry: DatasetEntry, words: readonly string[]): number | undefined {
  if (words.length === 0) return 0
  const title = folded(entry.title)
  const named = folded([entry.datasetId, entry.theme, ...entry.keywords].join('\n'))
  const rest = folded([entry.description, ...entry.schema.map(({ name }) => name)].join('\n'))
  let rank = 0
  for (const word of words) {
    if (title.includes(word)) rank += 4
    else if (named.includes(word)) rank += 2
    else if (rest.includes(word)) rank += 1
    else return undefined
  }
  return rank
}

function folded (text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

/** By code units, so that two nodes list alike. */
function byName (a: Advertisement, b: Advertisement): number {
  return order(a.entry.datasetId, b.entry.datasetId) || order(a.publisher, b.publisher)
}

function order (a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** Whether two boxes share a point. Borders count. */
export function touches (a: Box, b: Box): boolean {
  if (a.south > b.north || b.south > a.north) return false
  return spansOf(a).some(([west, east]) => spansOf(b).some(([otherWest, otherEast]) => west <= otherEast && otherWest <= east))
}

const HALF_TURN = 1_800_000_000

/** A box across the antimeridian is two spans of longitude. 180 degrees west and east are one meridian. */
function spansOf ({ west, east }: Box): readonly (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = west <= east ? [[west, east]] : [[west, HALF_TURN], [-HALF_TURN, east]]
  if (spans.some(([, end]) => end === HALF_TURN)) spans.push([-HALF_TURN, -HALF_TURN])
  if (spans.some(([start]) => start === -HALF_TURN)) spans.push([HALF_TURN, HALF_TURN])
  return spans
}
