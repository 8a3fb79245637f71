/** What the client likes best of what there is, by its `Accept` header (RFC 9110, section 12.5.1); undefined where it takes none of it. */
export function preferred (accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0]
  const ranges = accept.slice(0, ACCEPT_LENGTH_MAX).split(',').map(rangeOf)
  const graded = offered.map(mediaType => ({ mediaType, quality: qualityOf(mediaType, ranges) })).filter(({ quality }) => quality > 0)
  return graded.toSorted((one, other) => other.quality - one.quality)[0]?.mediaType
}

const ACCEPT_LENGTH_MAX = 2_048

type Range = { readonly type: string, readonly subtype: string, readonly quality: number }

function rangeOf (text: string): Range {
  const [range = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const [type = '', subtype = ''] = range.split('/')
  const quality = Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? '1')
  return { type, subtype, quality: Number.isNaN(quality) ? 1 : quality }
}

/** By the range that says most: an exact one before one of a type, that before any. */
function qualityOf (mediaType: string, ranges: readonly Range[]): number {
  const [type = '', subtype = ''] = mediaType.split(';')[0]?.trim().split('/') ?? []
  // What may be of any type is said only by the answer.
  if (type === '*') return ranges.some(({ quality }) => quality > 0) ? 1 : 0
  const [best] = ranges
    .filter(range => (range.type === '*' && range.subtype === '*') || (range.type === type && (range.subtype === '*' || range.subtype === subtype)))
    .toSorted((one, other) => weightOf(other) - weightOf(one))
  return best?.quality ?? 0
}

function weightOf ({ type, subtype }: Range): number {
  return type === '*' ? 0 : subtype === '*' ? 1 : 2
}
