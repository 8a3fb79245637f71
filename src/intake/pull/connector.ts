import { join } from 'node:path'
import type { FeedFormat, UrlDeclaration } from '../../sdk/index.ts'
import { Spool, type FileFormat } from '../arrival/index.ts'
import { backoffMs, type ConnectorContext, type ConnectorFactory } from '../connector/index.ts'
import type { Reader } from '../reader/index.ts'
import { headersOf, type PullFailure, type Source } from './asking.ts'
import { datasetIdOf, PulledFeed } from './feed.ts'
import { PulledRows, pullTable, type Looked, type RowFormat } from './file.ts'
import { BACKOFF_MS_MAX, FOUND_MAX, INTERVAL_MS_MIN, JITTER_SHARE } from './limits.ts'
import { purposeOf, stateOf, type PullState } from './state.ts'
import { fail, ok, type Result } from '../../base/index.ts'

export type PullOptions = {
  /** A folder for what is on its way in. */
  readonly spool: string
  /** 32 bytes that only this node knows, for each name others: pseudonyms of feeds follow from them. */
  readonly secretOf: (name: string) => Uint8Array
  readonly readerOf: (format: FeedFormat, declaration: UrlDeclaration) => Reader
}

const FEED_FORMATS: Readonly<Record<FeedFormat, true>> = { 'gtfs': true, 'gtfs-realtime': true, 'gbfs': true, 'wzdx': true, 'cap': true, 'mds': true, 'ckan': true, 'dcat': true }
const ACCEPT: Readonly<Partial<Record<string, string>>> = {
  csv: 'text/csv, */*;q=0.5', geojson: 'application/geo+json, application/json;q=0.9, */*;q=0.5', ndjson: 'application/x-ndjson, */*;q=0.5', json: 'application/json, */*;q=0.5',
  senml: 'application/senml+json, application/json;q=0.9', sensorthings: 'application/json'
}

/** Before the ids of datasets in names of sources that a catalogue names. */
const FOUND = 'found/'

type Pull = (state: PullState, signal: AbortSignal) => Promise<Result<{ readonly state: PullState, readonly ttlMs: number }, PullFailure>>

export function createPullConnector (options: PullOptions): ConnectorFactory<UrlDeclaration> {
  return (declaration, context) => ({
    async run (signal) {
      const { clock, state: kept, report, chance } = context
      const spool = new Spool(join(options.spool, context.name))
      await spool.clear()
      const pull = pullOf(declaration, context, spool, options, await headersOf(declaration.headers_file))
      const intervalMs = Math.max(INTERVAL_MS_MIN, declaration.interval_s * 1_000)
      let state = stateOf(await kept.read(), purposeOf(declaration))
      report.running()
      for (let failures = 0; ;) {
        // A clock that was set back must not keep it waiting for longer than it ever would.
        await clock.sleep(Math.min(Math.max(0, state.nextMs - clock.nowMs()), BACKOFF_MS_MAX + intervalMs), signal)
        if (signal.aborted) return
        const looked = await pull(state, signal)
        if (signal.aborted) return
        if (looked.ok) {
          failures = 0
          report.running()
          const waitMs = Math.max(intervalMs, looked.value.ttlMs)
          state = { ...looked.value.state, nextMs: clock.nowMs() + Math.round(waitMs * (1 + JITTER_SHARE * chance())) }
        } else {
          const { reason, hint, retryAfterMs = 0 } = looked.failure
          report.waiting(`${reason}; ${hint}`)
          state = { ...state, nextMs: clock.nowMs() + Math.max(INTERVAL_MS_MIN, backoffMs(failures++, chance(), 2 * intervalMs, Math.max(intervalMs, BACKOFF_MS_MAX)), retryAfterMs) }
        }
        await kept.write(state)
      }
    }
  })
}

function pullOf (declaration: UrlDeclaration, context: ConnectorContext, spool: Spool, options: PullOptions, headers: Source['headers']): Pull {
  const { url, format, mode, dataset } = declaration
  if (isFeed(format)) {
    const reader = options.readerOf(format, declaration)
    const feed = new PulledFeed({ context, spool, dataset, reader, url, headers, secret: options.secretOf(context.name) })
    return async (state, signal) => {
      const looked = await feed.pull(state, signal)
      if (!looked.ok) return looked
      const { conditions, documents, streams, found, ttlMs } = looked.value
      const sources = conditions === undefined ? state.sources : { ...state.sources, '': conditions }
      const after = await pullFound(found, { ...state, sources, documents, streams }, declaration, context, spool, signal)
      return after.ok ? ok({ state: after.value, ttlMs }) : after
    }
  }
  const rowFormat = mode === 'stream' ? rowFormatOf(format) : undefined
  const rows = rowFormat === undefined ? undefined : new PulledRows(declaration, rowFormat)
  return async (state, signal) => {
    const look = { context, spool, source: { url, declared: url, headers, accept: ACCEPT[format] ?? '*/*' }, known: state.sources[''], signal }
    const looked = await (rows === undefined || rowFormat === undefined ? pullTable(look, dataset, fileFormatOf(format)) : rows.pull(look, rowFormat))
    return looked.ok ? ok({ state: after(state, '', looked.value), ttlMs: looked.value.ttlMs }) : looked
  }
}

/** Sources that a catalogue names, one after the other. One that fails does not stop the others: it is told, and looked at with the next look. */
async function pullFound (
  found: readonly { readonly suffix: string, readonly url: string, readonly kind: 'csv' | 'geojson', readonly title: string, readonly description: string, readonly keywords: readonly string[], readonly licence: string }[],
  state: PullState, { dataset, url: declared }: UrlDeclaration, context: ConnectorContext, spool: Spool, signal: AbortSignal
): Promise<Result<PullState, PullFailure>> {
  if (found.length > FOUND_MAX) return fail({ code: 'too-large', reason: `the catalogue names more than ${FOUND_MAX} files`, hint: 'name a part of it, for instance by a search' })
  const ids = new Set(found.map(({ suffix }) => datasetIdOf(dataset.id, suffix)))
  let now: PullState = { ...state, sources: Object.fromEntries(Object.entries(state.sources).filter(([name]) => !name.startsWith(FOUND) || ids.has(name.slice(FOUND.length)))) }
  for (const { suffix, url, kind, title, description, keywords, licence } of found) {
    if (signal.aborted) break
    const own = { ...dataset, id: datasetIdOf(dataset.id, suffix), title: title || dataset.title, description, keywords: [...keywords], licence: licence || dataset.licence, model: null }
    const name = FOUND + own.id
    const looked = await pullTable({ context, spool, source: { url, declared, headers: {}, accept: ACCEPT[kind] ?? '*/*' }, known: now.sources[name], signal }, own, kind)
    if (looked.ok) now = after(now, name, looked.value)
    else context.report.error(`${own.title}: ${looked.failure.reason}`)
  }
  return ok(now)
}

function after (state: PullState, name: string, { conditions }: Looked): PullState {
  return conditions === undefined ? state : { ...state, sources: { ...state.sources, [name]: conditions } }
}

function isFeed (format: UrlDeclaration['format']): format is FeedFormat {
  return format in FEED_FORMATS
}

/** The schema lets no others be a stream, or a table. */
function rowFormatOf (format: UrlDeclaration['format']): RowFormat | undefined {
  return format === 'csv' || format === 'ndjson' || format === 'json' || format === 'senml' || format === 'sensorthings' ? format : undefined
}

function fileFormatOf (format: UrlDeclaration['format']): FileFormat {
  return format === 'csv' || format === 'geojson' || format === 'ndjson' || format === 'file' ? format : 'auto'
}
