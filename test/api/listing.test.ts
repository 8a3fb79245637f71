import { strict as assert } from 'node:assert'
import { pagesOfDatasets } from '../../src/api/context/index.ts'
import type { Dataset } from '../../src/node/contract/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

const DATASETS = 1_200

describe('listing all datasets', () => {
  let served: Served
  beforeEach(async () => {
    served = await serve()
    const schema = [{ name: 'lat', type: 'latitude' as const, unit: null }, { name: 'lon', type: 'longitude' as const, unit: null }]
    for (let at = 0; at < DATASETS; at++) await served.node.publish({ ...describeDataset(`bins-${String(at).padStart(5, '0')}`), schema, model: 'WasteContainer' }, { form: 'stream', mediaType: 'application/json' })
  })
  afterEach(async () => { await served.api.stop() })

  /** Between which two pages that a call asked for other work had its turn. */
  async function turnsOf (path: string): Promise<readonly boolean[]> {
    const turns: boolean[] = []
    let hasTurned = true
    const { node } = served
    const datasets = node.datasets.bind(node)
    node.datasets = (...given) => {
      turns.push(hasTurned)
      hasTurned = false
      setImmediate(() => { hasTurned = true })
      return datasets(...given)
    }
    const answer = await fetch(served.api.url + path, { headers: { authorization: `Bearer ${served.token}` } })
    await answer.arrayBuffer()
    return turns
  }

  for (const path of ['/ogc/collections', '/ngsi-ld/v1/entities?type=WasteContainer', '/ngsi-ld/v1/entities/urn:ngsi-ld:WasteContainer:1']) {
    it(`leaves the node its turns: ${path}`, async () => {
      const turns = await turnsOf(path)
      assert.ok(turns.length > 1)
      assert.deepEqual(turns, turns.map(() => true))
    })
  }

  it('names each once, also where some are withdrawn meanwhile', async () => {
    const { node } = served
    const all = node.datasets({ limit: DATASETS })
    const left = new Set(all)
    // As a node does: behind a dataset that it no longer has comes the first.
    node.datasets = ({ limit, after }) => {
      const known = all.filter(each => left.has(each))
      const start = after === undefined ? 0 : known.findIndex(({ id }) => id === after) + 1
      return known.slice(start, start + limit)
    }
    const found: Dataset[] = []
    let hasWithdrawn = false
    for await (const page of pagesOfDatasets(node, {})) {
      found.push(...page)
      const last = page.at(-1)
      if (!hasWithdrawn && last !== undefined) left.delete(last)
      hasWithdrawn = true
    }
    assert.deepEqual(found, all)
  })
})
