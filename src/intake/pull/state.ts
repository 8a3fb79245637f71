import { hex, sha256, utf8 } from '../../base/index.ts'
import type { UrlDeclaration } from '../../sdk/index.ts'

/** What the source said of itself when everything of it was durable last. `url`: its mark. */
export type Conditions = { readonly url: string, readonly etag: string | null, readonly lastModified: string | null, readonly sha256: string | null }

/** What a pull remembers. */
export type PullState = {
  /** Where what was read went, and how it was read: of anything else this says nothing. */
  readonly of: string
  /** When it may look again. */
  readonly nextMs: number
  /** By name of the source: empty for the one that is declared. */
  readonly sources: Readonly<Record<string, Conditions>>
  /** Of a feed: how many documents were read last, with the sources that it named. */
  readonly documents: number
  /** Streams of a feed that have been opened. */
  readonly streams: readonly string[]
}

const NOTHING_KNOWN: Omit<PullState, 'of'> = { nextMs: 0, sources: {}, documents: 0, streams: [] }

const URL_LENGTH_MAX = 256
const VALIDATOR_LENGTH_MAX = 128

/** What tells an address from others: itself, or its hash where it is long, since a state holds a thousand of them. */
export function markOf (url: string): string {
  return url.length <= URL_LENGTH_MAX ? url : hex(sha256(utf8(url)))
}

/** An ETag or a date, as far as it is of a length that a state can hold. */
export function validatorOf (header: string | undefined): string | null {
  return header === undefined || header.length > VALIDATOR_LENGTH_MAX ? null : header
}

/** What a state is of. */
export function purposeOf ({ dataset, format, mode, mapping, main, language, fetch }: UrlDeclaration): string {
  return hex(sha256(utf8(JSON.stringify([dataset.id, format, mode, mapping, main, language, fetch]))))
}

/** Of what cannot be read, or was of something else, nothing is known: it is pulled without conditions. */
export function stateOf (value: unknown, of: string): PullState {
  if (!isObject(value) || !isObject(value['sources']) || value['of'] !== of) return { of, ...NOTHING_KNOWN }
  const { nextMs, documents, streams } = value
  const sources = Object.entries(value['sources']).flatMap(([name, each]) => isConditions(each) ? [[name, each] as const] : [])
  return {
    of, nextMs: typeof nextMs === 'number' ? nextMs : 0, documents: typeof documents === 'number' ? documents : 0,
    streams: Array.isArray(streams) ? streams.filter(each => typeof each === 'string') : [], sources: Object.fromEntries(sources)
  }
}

function isConditions (value: unknown): value is Conditions {
  return isObject(value) && typeof value['url'] === 'string' && ['etag', 'lastModified', 'sha256'].every(name => value[name] === null || typeof value[name] === 'string')
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
