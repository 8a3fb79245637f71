import type { DerivationStatus } from '../../sdk/index.ts'
import { argument, failed, readTerms, shortName, withheld, withNode } from '../client/index.ts'
import { answer, count, EXIT, formatTime, plain, problem, table, type Command } from '../terminal/index.ts'
import { caughtUp, derivedText } from './deriving.ts'
import { WISHES, wishesOf } from './wishes.ts'

export const deriveCommand: Command = {
  name: 'derive',
  summary: 'Publish a dataset with less detail, made of another and kept up to date from it',
  arguments: [{ name: 'SOURCE', help: 'the dataset that it is made of, as hanse ls shows it' }],
  options: [
    { name: 'id', value: 'ID', help: 'short name of the new dataset' },
    { name: 'terms', value: 'FILE', help: 'its terms, made by hanse terms new: how much detail is left, and who may have it' },
    { name: 'title', value: 'TEXT', help: 'title (default: that of the source)' },
    { name: 'description', value: 'TEXT', help: 'what it is, for people' },
    ...WISHES
  ],
  examples: [
    'hanse derive bins --id bins-hourly --terms summary.terms.json --entity bin',
    'hanse derive Bellevue/trips --id trips-late --terms delayed.terms.json'
  ],
  run: async call => {
    const [id, path] = [call.text('id'), call.text('terms')]
    if (id === undefined || path === undefined) return problem(EXIT.usage, 'usage', 'hanse derive needs --id and --terms', 'Make terms with hanse terms new --template aggregates.')
    const wishes = wishesOf(call)
    if (!wishes.ok) return wishes
    const terms = await readTerms(path)
    if (!terms.ok) return terms
    return await withNode(call, async client => {
      const source = await client.dataset(argument(call))
      if (!source.ok) return failed(source.failure)
      const derived = await client.derive(source.value.id, {
        datasetId: id, title: call.text('title') ?? source.value.title, description: call.text('description') ?? '', terms: terms.value, ...wishes.value
      })
      if (!derived.ok) return withheld(derived.failure)
      for (const sentence of derived.value.warnings) call.terminal.warn(plain(sentence))
      const status = await caughtUp(call, client, id)
      return answer({ dataset: derived.value.dataset, derivation: status ?? null, warnings: derived.value.warnings },
        derivedText(shortName(derived.value.dataset), shortName(source.value), derived.value.dataset.version, status))
    })
  }
}

export const derivationsCommand: Command = {
  name: 'derivations',
  summary: 'Show which datasets this node derives from others, and how far each has come',
  arguments: [],
  options: [],
  examples: ['hanse derivations', 'hanse derivations --json'],
  run: async call => await withNode(call, async client => {
    const derivations = await client.derivations()
    if (!derivations.ok) return failed(derivations.failure)
    if (derivations.value.length === 0) return answer({ derivations: [] }, 'Nothing is derived here yet. Make a dataset with less detail by hanse derive.')
    const rows = derivations.value.map(each => [
      each.datasetId, each.source.split('/').at(-1) ?? '', each.state, count(each.recordsDone, 'record'), leftOutText(each), standingText(each)
    ])
    return answer({ derivations: derivations.value }, table([
      { heading: 'DATASET' }, { heading: 'MADE OF' }, { heading: 'STATE' }, { heading: 'READ', right: true }, { heading: 'LEFT OUT' }, { heading: 'NEXT' }
    ], rows))
  })
}

/** Rows of which nothing can become a part: no columns as described, too late, from the future. */
function leftOutText ({ tally }: DerivationStatus): string {
  const said = Object.entries(tally).filter(([why, rows]) => why !== 'taken' && rows > 0).map(([why, rows]) => `${count(rows, 'record')} ${why}`)
  return said.length === 0 ? 'none' : said.join(', ')
}

function standingText ({ because, recordsBehind, dueMs }: DerivationStatus): string {
  if (because !== null) return because
  if (dueMs !== null) return `at ${formatTime(dueMs)}`
  return recordsBehind === 0 ? 'with the next records' : `${count(recordsBehind, 'record')} to read`
}
