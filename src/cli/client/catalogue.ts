import type { Box, Dataset, DatasetHistory } from '../../sdk/index.ts'
import { answer, count, EXIT, formatBytes, formatTime, pairs, problem, table, type Call, type Command, type Problem } from '../terminal/index.ts'
import { argument, failed, wholeNumber, withNode } from './connection.ts'
import { originRows, versionsText } from './history.ts'

const LIMIT = 100
const LIMIT_MAX = 1_000

export const lsCommand: Command = {
  name: 'ls',
  summary: 'List the datasets of all members, or find some of them',
  arguments: [],
  options: [
    { name: 'text', value: 'WORDS', help: 'words that the title, description or keywords hold' },
    { name: 'publisher', value: 'MEMBER', help: 'the name or key of the member that publishes' },
    { name: 'theme', value: 'THEME', help: 'the theme, for instance transport' },
    { name: 'box', value: 'W,S,E,N', help: 'datasets that touch this area, in degrees' },
    { name: 'limit', value: 'N', help: `at most so many (default ${LIMIT})` },
    { name: 'after', value: 'ID', help: 'go on behind this dataset: the "next" of the answer before' }
  ],
  examples: ['hanse ls', 'hanse ls --text counter --publisher Bellevue', 'hanse ls --box -122.5,47.4,-122.0,47.8'],
  run: async call => {
    const limit = wholeNumber(call, 'limit', LIMIT, { min: 1, max: LIMIT_MAX })
    if (!limit.ok) return limit
    const box = boxOf(call)
    if (box !== undefined && 'ok' in box) return box
    const query = {
      limit: limit.value, ...given(call, 'text'), ...given(call, 'publisher'), ...given(call, 'theme'), ...given(call, 'after'),
      ...box === undefined ? {} : { box }
    }
    return await withNode(call, async client => {
      const page = await client.datasets(query)
      if (!page.ok) return failed(page.failure)
      const { datasets, next } = page.value
      const more = next === null ? '' : `\nThere are more: add --after '${next}'`
      return answer(page.value, datasets.length === 0 ? emptyText(call) : listing(datasets) + more)
    })
  }
}

function given<Name extends 'text' | 'publisher' | 'theme' | 'after'> (call: Call, name: Name): { readonly [K in Name]?: string } {
  const value = call.text(name)
  return (value === undefined ? {} : { [name]: value }) as { readonly [K in Name]?: string }
}

function boxOf (call: Call): Box | { readonly ok: false, readonly failure: Problem } | undefined {
  const text = call.text('box')
  if (text === undefined) return undefined
  const [west = NaN, south = NaN, east = NaN, north = NaN, ...more] = text.split(',').map(part => part.trim() === '' ? NaN : Number(part))
  const right = more.length === 0 && Math.abs(west) <= 180 && Math.abs(east) <= 180 && south >= -90 && south <= north && north <= 90
  return right
    ? { west, south, east, north }
    : problem(EXIT.usage, 'usage', `--box takes four numbers, not "${text}"`, 'Write west, south, east and north in degrees: --box -122.5,47.4,-122.0,47.8')
}

function emptyText (call: Call): string {
  const asked = ['text', 'publisher', 'theme', 'box', 'after'].some(name => call.text(name) !== undefined)
  return asked ? 'No dataset fits.' : 'No datasets yet. Publish the first with hanse publish FILE.'
}

function listing (datasets: readonly Dataset[]): string {
  return table([
    { heading: 'DATASET' }, { heading: 'TITLE' }, { heading: 'FORM' }, { heading: 'SIZE', right: true }, { heading: 'HERE' }, { heading: 'STATE' }
  ], datasets.map(dataset => [
    shortName(dataset), dataset.title + (dataset.simulated ? ' (simulated)' : ''), dataset.distribution.form, sizeText(dataset), hereText(dataset), stateText(dataset)
  ]))
}

/** How a person names the dataset. */
export function shortName ({ publisher, datasetId }: Dataset): string {
  return `${publisher.name}/${datasetId}`
}

function sizeText ({ distribution: { form, records, sizeBytes }, held }: Dataset): string {
  if (form === 'stream') return count(held.records, 'record')
  if (form === 'table' && records !== null) return count(records, 'record')
  return sizeBytes === null ? '' : formatBytes(sizeBytes)
}

function hereText ({ held }: Dataset): string {
  switch (held.phase) {
    case 'complete': return 'all'
    case 'fetching': return `${held.segmentsHave} of ${held.segmentsKnown} segments`
    case 'waiting': return held.because === null ? 'waiting' : `waiting: ${held.because}`
    case 'not-wanted': return 'not wanted'
    case 'frozen': return 'frozen: its publisher signed two histories'
  }
}

function stateText ({ held: { state, replicas } }: Dataset): string {
  return replicas > 0 ? `${state}, ${count(replicas, 'replica')}` : state
}

export const showCommand: Command = {
  name: 'show',
  summary: 'Show all that is known of a dataset',
  arguments: [{ name: 'DATASET', help: 'its name as hanse ls shows it, its id, or its short name where only one has it' }],
  options: [],
  examples: ['hanse show Bellevue/i90-counter', 'hanse show i90-counter --json'],
  run: async call => await withNode(call, async client => {
    const dataset = await client.dataset(argument(call))
    if (!dataset.ok) return failed(dataset.failure)
    const history = await client.history(dataset.value.id)
    return history.ok ? answer({ dataset: dataset.value, history: history.value }, datasetText(dataset.value, history.value)) : failed(history.failure)
  })
}

const ACCESS: Readonly<Record<Dataset['access'], string>> = {
  public: 'anyone', members: 'members of the federation', restricted: 'members that have an agreement'
}

function datasetText (dataset: Dataset, history: DatasetHistory): string {
  const { distribution, held, spatial, temporal, schema } = dataset
  const rows: (readonly [string, string])[] = [
    ['dataset', shortName(dataset)],
    ['title', dataset.title + (dataset.simulated ? ' (simulated data, no measurements)' : '')],
    ...dataset.description === '' ? [] : [['description', dataset.description] as const],
    ['publisher', `${dataset.publisher.name} (${dataset.publisher.did})`],
    ['version', `${dataset.version}, of ${formatTime(dataset.modifiedMs)}`],
    ['access', ACCESS[dataset.access] + (dataset.terms === null ? '' : `; see hanse terms show ${shortName(dataset)}`)],
    ['licence', dataset.licence === '' ? 'not stated' : dataset.licence],
    ...dataset.theme === '' ? [] : [['theme', dataset.theme] as const],
    ...dataset.keywords.length === 0 ? [] : [['keywords', dataset.keywords.join(', ')] as const],
    ...dataset.model === null ? [] : [['data model', dataset.model] as const],
    ...spatial === null ? [] : [['area', `${spatial.south} to ${spatial.north} N, ${spatial.west} to ${spatial.east} E`] as const],
    ...temporal === null ? [] : [['time', `${formatTime(temporal.fromMs)} to ${formatTime(temporal.toMs)}`] as const],
    ['form', `${distribution.form}, ${distribution.mediaType}${distribution.fileName === '' ? '' : `, ${distribution.fileName}`}`],
    ...distribution.sizeBytes === null ? [] : [['size', `${formatBytes(distribution.sizeBytes)}${distribution.records === null || distribution.form === 'file' ? '' : `, ${count(distribution.records, 'record')}`}`] as const],
    ...distribution.sha256 === null ? [] : [['sha256', distribution.sha256] as const],
    ['here', `${hereText(dataset)} (${count(held.records, 'record')}, ${formatBytes(held.bytes)})`],
    ['state', stateText(dataset)],
    ...originRows(history),
    ['feed', distribution.feed]
  ]
  const columns = schema.map(({ name, type, unit }) => [name, type, unit ?? ''])
  return [
    pairs(rows), ...schema.length === 0 ? [] : [table([{ heading: 'COLUMN' }, { heading: 'TYPE' }, { heading: 'UNIT' }], columns)], versionsText(history)
  ].join('\n\n')
}

export const withdrawCommand: Command = {
  name: 'withdraw',
  summary: 'Take an own dataset out of the catalogue',
  arguments: [{ name: 'DATASET', help: 'the name of an own dataset' }],
  options: [],
  examples: ['hanse withdraw i90-counter'],
  run: async call => await withNode(call, async client => {
    const withdrawn = await client.withdraw(argument(call))
    return withdrawn.ok
      ? answer({ withdrawn: argument(call) }, `${argument(call)} is no longer in the catalogue. Copies that others hold stay theirs.`)
      : failed(withdrawn.failure)
  })
}
