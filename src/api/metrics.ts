import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { utf8 } from '../base/index.ts'
import type { HttpCounters, Reply } from './http/index.ts'

/** Names with labels as the node gives them: `hanse_network_denied_total{hook="denyDialPeer"}`. */
type Figures = ReadonlyMap<string, number>

const SERIES_MAX = 10_000

/** The text of a scrape: figures of the node, of this server and of the process. */
export class Metrics {
  readonly #process = new Registry()

  constructor () {
    collectDefaultMetrics({ register: this.#process })
  }

  async scrape (node: Figures, http: HttpCounters): Promise<Reply> {
    const figures = new Registry()
    fill(figures, [...node, ...httpFigures(http)])
    const all = Registry.merge([figures, this.#process])
    const text = utf8(await all.metrics())
    const headers = { 'content-type': all.contentType, 'content-length': String(text.length) }
    return { type: 'stream', status: 200, headers, chunks: only(text) }
  }

  close (): void {
    this.#process.clear()
  }
}

async function * only (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function httpFigures ({ requestsByStatus, inFlight, liveStreams, refusedBusy, refusedRate }: HttpCounters): [string, number][] {
  return [
    ...[...requestsByStatus].map(([status, count]): [string, number] => [`hanse_api_requests_total{status="${status}"}`, count]),
    ['hanse_api_in_flight', inFlight],
    ['hanse_api_live_streams', liveStreams],
    ['hanse_api_refused_busy_total', refusedBusy],
    ['hanse_api_refused_rate_total', refusedRate]
  ]
}

type Series = { readonly name: string, readonly labels: Readonly<Record<string, string>>, readonly value: number }

function fill (registry: Registry, figures: readonly (readonly [string, number])[]): void {
  const series = figures.slice(0, SERIES_MAX).flatMap(([key, value]) => seriesOf(key, value) ?? [])
  for (const [name, members = []] of Object.entries(Object.groupBy(series, each => each.name))) {
    const labelNames = [...new Set(members.flatMap(({ labels }) => Object.keys(labels)))]
    const options = { name, help: name.replaceAll('_', ' '), labelNames, registers: [registry] }
    if (name.endsWith('_total')) {
      const counter = new Counter(options)
      for (const { labels, value } of members) counter.inc(labels, value)
    } else {
      const gauge = new Gauge(options)
      for (const { labels, value } of members) gauge.set(labels, value)
    }
  }
}

/** Undefined for a key that is no metric: a figure less, not a scrape less. */
function seriesOf (key: string, value: number): Series | undefined {
  const [, name, text = ''] = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})?$/.exec(key) ?? []
  if (name === undefined || !Number.isFinite(value) || (name.endsWith('_total') && value < 0)) return undefined
  const labels = Object.fromEntries([...text.matchAll(/([a-zA-Z_]\w*)="([^"]*)"/g)].map(([, label = '', content = '']) => [label, content]))
  return { name, labels, value }
}
