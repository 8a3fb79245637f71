import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { Column, HanseNode, SqlAnswer, SqlFailure, TermsOrder } from '../../src/node/index.ts'
import { descriptionOf } from '../support/publications.ts'

export type Types = Readonly<Record<string, Column['type']>>

/** Publishes a table of CSV, all members may read it where no terms are given. */
export async function publishCsv (node: HanseNode, datasetId: string, types: Types, lines: readonly string[], terms?: TermsOrder): Promise<void> {
  const schema = Object.entries(types).map(([name, type]): Column => ({ name, type, unit: null }))
  const records = (async function * () {
    yield { key: utf8('header/0'), timeMs: 0, operation: 'put' as const, mediaType: 'text/csv', body: utf8(`${Object.keys(types).join(',')}\n`) }
    for (const [at, line] of lines.entries()) yield { key: utf8(`row/${at}`), timeMs: 1_000, operation: 'put' as const, mediaType: 'text/csv', body: utf8(`${line}\n`) }
  })()
  const published = await node.publish(
    { ...descriptionOf(datasetId), access: 'members', schema }, { form: 'table', mediaType: 'text/csv', fileName: `${datasetId}.csv`, records }, undefined, terms
  )
  assert.ok(published.ok, JSON.stringify(published))
}

/** Terms by a template, with changes. */
export function termsBy (node: HanseNode, template: string, changes: object, more: object = {}): TermsOrder {
  const begun = node.templateOf(template)
  assert.ok(begun.ok, JSON.stringify(begun))
  const file = begun.value as { readonly terms: object }
  const order = node.readTerms({ ...file, terms: { ...file.terms, ...changes }, dataset: { replicas: 'nobody' }, ...more })
  assert.ok(order.ok, JSON.stringify(order))
  return order.value
}

export async function answerOf (node: HanseNode, text: string, asker?: Parameters<HanseNode['sql']>[1]): Promise<SqlAnswer> {
  const answered = await node.sql({ text }, asker)
  assert.ok(answered.ok, written(answered))
  return answered.value
}

/** Rows with numbers as numbers: those of tests are small. */
export function plainRows ({ rows }: SqlAnswer): readonly (readonly unknown[])[] {
  return rows.map(row => row.map(value => typeof value === 'bigint' ? Number(value) : value))
}

export async function refusalOf (node: HanseNode, text: string, asker?: Parameters<HanseNode['sql']>[1]): Promise<SqlFailure> {
  const answered = await node.sql({ text }, asker)
  assert.ok(!answered.ok, written(answered))
  return answered.failure
}

function written (answered: unknown): string {
  return JSON.stringify(answered, (_key, value: unknown) => typeof value === 'bigint' ? Number(value) : value)
}
