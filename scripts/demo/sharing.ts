import { utf8 } from '../../src/base/index.ts'
import { PURPOSE_NS, type DatasetDescription, type Failure } from '../../src/sdk/index.ts'
import type { City } from './city.ts'

type Answered<T> = { readonly ok: true, readonly value: T } | { readonly ok: false, readonly failure: Failure }

/** A table of a few lines that are invented, and whom it is for; without `terms` for all members. */
export type Invented = Pick<DatasetDescription, 'datasetId' | 'title' | 'description' | 'theme' | 'spatial' | 'schema'> & {
  readonly lines: readonly string[]
  readonly terms?: { readonly template: string, readonly clauses: Readonly<Record<string, unknown>>, readonly replicas?: 'nobody' }
}

export function sure<T> (answer: Answered<T>, what: string): T {
  if (!answer.ok) throw new Error(`${what}: ${answer.failure.reason}`)
  return answer.value
}

export function purposes (...names: readonly string[]): readonly string[] {
  return names.map(name => PURPOSE_NS + name)
}

/** Publishes it where it is not there yet. */
export async function publishInvented ({ name, client }: City, { lines, terms, ...described }: Invented): Promise<void> {
  if ((await client.dataset(`${name}/${described.datasetId}`)).ok) return
  const description = { ...described, keywords: ['simulated'], licence: 'CC0-1.0', temporal: null, access: terms === undefined ? 'members' : 'restricted', simulated: true } as const
  const header = `${described.schema.map(column => column.name).join(',')}\n`
  const records = [header, ...lines.map(line => `${line}\n`)].map((line, at) => ({
    key: utf8(at === 0 ? 'header/0' : `row/${at}`), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8(line)
  } as const))
  const content = { form: 'table', mediaType: 'text/csv', fileName: `${described.datasetId}.csv`, sizeBytes: null, records } as const
  sure(await client.publish(description, content, undefined, terms === undefined ? undefined : await filled(client, terms)), `${name} could not publish ${described.title}`)
}

/** A template of the node with clauses of its own; of an emergency, beside what the template has. */
async function filled (client: City['client'], { template, clauses, replicas }: NonNullable<Invented['terms']>): Promise<{ readonly terms: unknown }> {
  const { terms, ...file } = sure(await client.termsTemplate(template), `there is no template ${template}`)
  const dataset = replicas === undefined ? {} : { dataset: { ...objectOf(file.dataset), replicas } }
  return { ...file, ...dataset, terms: { ...objectOf(terms), ...clauses, ...'emergency' in clauses ? { emergency: { ...objectOf(objectOf(terms)['emergency']), ...objectOf(clauses['emergency']) } } : {} } }
}

function objectOf (value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
