import { strict as assert } from 'node:assert'
import { sinkOver } from '../../src/cli/start/sink.ts'
import { utf8 } from '../../src/base/index.ts'
import { LETTERS_DATASET_ID } from '../../src/intake/connector/index.ts'
import type { DerivationOrder } from '../../src/node/index.ts'
import type { DatasetDescription, RecordInput } from '../../src/sdk/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'

const STREAM = { form: 'stream', mediaType: 'application/json' } as const

function description (datasetId: string, access: DatasetDescription['access'] = 'members'): DatasetDescription {
  return { datasetId, title: 'T', description: 'T', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [], access, simulated: false }
}

function record (key: string): RecordInput {
  return { key: utf8(key), timeMs: 1, operation: 'put', mediaType: 'text/plain', body: utf8('x') }
}

describe('what connectors see of the node', () => {
  it('keeps what is private out of streams that others may have', async () => {
    const node = new MemoryNode()
    const sink = sinkOver(node)
    assert.ok((await node.publish(description(LETTERS_DATASET_ID), STREAM)).ok)
    const letters = await sink.ensurePrivateStream(LETTERS_DATASET_ID, 'Dead letters')
    assert.deepEqual(letters.ok ? letters : letters.failure.code, 'exists')
    assert.ok((await node.publish(description('scooters'), STREAM)).ok)
    const personal = await sink.ensureStream(description('scooters', 'restricted'), { template: 'aggregates', countedBy: 'device_id' })
    assert.deepEqual(personal.ok ? personal : personal.failure.code, 'exists')
    assert.ok((await sink.ensureStream(description('scooters'))).ok)
  })

  it('says that nothing can be stored, and not that records are bad, where the stream has become something else', async () => {
    const node = new MemoryNode()
    const sink = sinkOver(node)
    assert.ok((await sink.ensureStream(description('bins'))).ok)
    assert.ok((await sink.append('bins', [record('a')])).ok)
    assert.ok((await node.publish(description('bins'), { form: 'table', mediaType: 'text/csv', fileName: 'bins.csv', records: (async function * () { yield record('a') })() })).ok)
    const appended = await sink.append('bins', [record('a')])
    assert.deepEqual(appended.ok ? appended : appended.failure.code, 'exists')
    assert.ok((await node.publish(description('counts'), STREAM)).ok)
    node.ordered.push({ datasetId: 'counts' } as DerivationOrder)
    const derived = await sink.ensureStream(description('counts'))
    assert.deepEqual(derived.ok ? derived : derived.failure.code, 'exists')
  })
})
