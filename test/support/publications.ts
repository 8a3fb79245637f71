import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { Dataset, DatasetDescription, HanseNode, RecordInput } from '../../src/node/index.ts'

type Publishing = readonly [DatasetDescription, Parameters<HanseNode['publish']>[1]]

export function descriptionOf (datasetId: string): DatasetDescription {
  return {
    datasetId, title: `The ${datasetId}`, description: '', theme: 'transport', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: null,
    schema: [], access: 'public', simulated: false
  }
}

export function recordWith (body: string | Uint8Array, mediaType = 'application/json'): RecordInput {
  return { key: utf8('k'), timeMs: 1_000, operation: 'put', mediaType, body: typeof body === 'string' ? utf8(body) : body }
}

export function tableOf (datasetId: string, rows: readonly string[]): Publishing {
  const records = (async function * () { for (const row of rows) yield recordWith(row, 'text/csv') })()
  return [descriptionOf(datasetId), { form: 'table', mediaType: 'text/csv', fileName: `${datasetId}.csv`, records }]
}

export function fileOf (datasetId: string, bytes: Uint8Array): Publishing {
  const content = (async function * () { yield bytes })()
  return [descriptionOf(datasetId), { form: 'file', mediaType: 'image/png', fileName: `${datasetId}.png`, bytes: content }]
}

export function streamOf (datasetId: string): Publishing {
  return [descriptionOf(datasetId), { form: 'stream', mediaType: 'application/json' }]
}

export async function publish (node: HanseNode, [description, content]: Publishing): Promise<void> {
  const published = await node.publish(description, content)
  assert.ok(published.ok, JSON.stringify(published))
}

/** Each record in a segment and under a head of its own. */
export async function append (node: HanseNode, datasetId: string, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const appended = await node.append(datasetId, [recordWith(body)], { flush: true })
    assert.ok(appended.ok, JSON.stringify(appended))
  }
}

/** What a node holds of a dataset; undefined where it does not know it. */
export function heldBy (node: HanseNode, reference: string): Dataset['held'] | undefined {
  const dataset = node.dataset(reference)
  return dataset.ok ? dataset.value.held : undefined
}

export async function contentOf (node: HanseNode, reference: string): Promise<Buffer> {
  const content = await node.content(reference)
  assert.ok(content.ok, JSON.stringify(content))
  const parts: Uint8Array[] = []
  for await (const part of content.value.bytes) parts.push(part)
  return Buffer.concat(parts)
}

export async function bodiesOf (node: HanseNode, reference: string): Promise<readonly string[]> {
  const records = node.read(reference, { from: 0, limit: 1_000_000 })
  assert.ok(records.ok, JSON.stringify(records))
  const bodies: string[] = []
  for await (const { body } of records.value) bodies.push(new TextDecoder().decode(body))
  return bodies
}
