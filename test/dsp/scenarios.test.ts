import { strict as assert } from 'node:assert'
import type { JsonObject } from '../../src/core/agreement/index.ts'
import { complaintOf, Kit } from './kit.ts'
import { SCENARIOS } from './scenarios.ts'
import { overHttp, overLibp2p } from './underTest.ts'

const CATALOGUE_REQUEST: JsonObject = { '@context': ['https://w3id.org/dspace/2025/1/context.jsonld'], '@type': 'CatalogRequestMessage' }

for (const [binding, join] of [['HTTP', overHttp], ['libp2p', overLibp2p]] as const) {
  describe(`the 67 scenarios of the conformance kit over ${binding}`, () => {
    const kit = new Kit()
    let joined: Awaited<ReturnType<typeof join>>
    before(async () => {
      joined = await join(kit)
      kit.under(joined.node)
    })
    after(() => joined.stop())

    for (const [id, scenario] of Object.entries(SCENARIOS)) {
      if (scenario !== '') it(id, () => kit.play(id, scenario))
    }

    it('MET:01-01', async () => {
      // The version document is found by a web address: there is none to be found otherwise, and nothing of it to be told.
      if (binding === 'libp2p') assert.equal((await joined.node.ask('GET', '/.well-known/dspace-version', null)).status, 404)
      else {
        const { status, body } = await joined.get('/.well-known/dspace-version')
        assert.equal(status, 200)
        const [version] = (body as { readonly protocolVersions: readonly JsonObject[] }).protocolVersions
        assert.deepEqual([version?.['version'], version?.['path'], version?.['binding']], ['2025-1', '/dsp', 'HTTPS'])
      }
    })

    it('CAT:01-01', async () => {
      const { status, body } = await joined.node.ask('POST', '/catalog/request', CATALOGUE_REQUEST)
      assert.equal(status, 200)
      const catalog = body as JsonObject & { readonly dataset: readonly JsonObject[] }
      assert.equal(complaintOf(catalog), '')
      assert.ok(catalog.dataset.some(dataset => dataset['@id'] === 'CAT0101'))
    })

    it('CAT:01-02', async () => {
      const { status, body } = await joined.node.ask('GET', '/catalog/datasets/CAT0102', null)
      assert.equal(status, 200)
      assert.equal(complaintOf(body as JsonObject), '')
      assert.equal((body as JsonObject)['@id'], 'CAT0102')
    })

    it('CAT:01-03', async () => {
      const { status, body } = await joined.node.ask('GET', '/catalog/datasets/CAT0103', null)
      assert.equal(status, 404)
      assert.equal(complaintOf(body as JsonObject), '')
      assert.equal((body as JsonObject)['@type'], 'CatalogError')
    })
  })
}

it('has every scenario of the kit', () => {
  const count = (prefix: string): number => Object.keys(SCENARIOS).filter(id => id.startsWith(`${prefix}:`)).length
  assert.deepEqual(['MET', 'CAT', 'CN', 'CN_C', 'TP', 'TP_C'].map(count), [1, 3, 15, 16, 16, 16])
})
