import { strict as assert } from 'node:assert'
import { cidOf, sha256, utf8 } from '../../src/base/index.ts'
import { changesBetween, type DatasetEntry } from '../../src/core/catalogue/index.ts'

const feed = cidOf('dagCbor', utf8('feed'))
const terms = { policy: utf8('{}'), salt: new Uint8Array(32), visibility: 'members', replicas: 'members', legalNotice: null } as const
const first: DatasetEntry = {
  datasetId: 'traffic', title: 'Counts', description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null,
  schema: [{ name: 'day', type: 'text', unit: null }, { name: 'speed', type: 'number', unit: 'mph' }],
  access: 'members', issuedMs: 1, modifiedMs: 1, version: 1,
  distribution: { feed, form: 'table', mediaType: 'text/csv', fileName: 'a.csv', firstRecord: 0, records: 3, sizeBytes: 30, sha256: sha256(utf8('a')) },
  simulated: false, withdrawn: false, terms, sources: [], derivation: null, model: null
}

describe('catalogue: what changed from one version to the next', () => {
  it('names what differs, and nothing that only was written anew', () => {
    assert.deepEqual(changesBetween(first, { ...first, version: 2, modifiedMs: 9, terms: { ...terms, salt: new Uint8Array(32).fill(1) }, distribution: { ...first.distribution, firstRecord: 3 } }), [])
    assert.deepEqual(changesBetween(first, { ...first, title: 'Counts of cars', licence: 'CC0', keywords: ['car'] }), [
      { what: 'title', before: 'Counts', after: 'Counts of cars' }, { what: 'licence', before: '', after: 'CC0' }, { what: 'about' }
    ])
    assert.deepEqual(changesBetween(first, { ...first, terms: null, description: 'Of cars' }), [{ what: 'description' }, { what: 'terms' }])
    assert.deepEqual(changesBetween(first, { ...first, withdrawn: true }), [{ what: 'withdrawn' }])
    assert.deepEqual(changesBetween({ ...first, withdrawn: true }, { ...first, access: 'public' }), [{ what: 'returned' }, { what: 'access', before: 'members', after: 'public' }])
  })

  it('tells columns that came, went, or are of another kind', () => {
    const schema = [{ name: 'speed', type: 'number', unit: 'km/h' }, { name: '__proto__', type: 'text', unit: null }] as const
    assert.deepEqual(changesBetween(first, { ...first, schema }), [{ what: 'columns', added: ['__proto__'], removed: ['day'], altered: ['speed'] }])
    assert.deepEqual(changesBetween(first, { ...first, schema: first.schema.toReversed() }), [], 'their order says nothing')
  })

  it('tells other content from other rows', () => {
    const { distribution } = first
    assert.deepEqual(changesBetween(first, { ...first, distribution: { ...distribution, firstRecord: 3, records: 5, sha256: sha256(utf8('b')) } }), [{ what: 'records', before: 3, after: 5 }])
    assert.deepEqual(changesBetween(first, { ...first, distribution: { ...distribution, firstRecord: 3, sha256: sha256(utf8('b')) } }), [{ what: 'data' }])
    const hidden = { ...first, distribution: { ...distribution, sha256: null } }
    assert.deepEqual(changesBetween(hidden, { ...hidden, distribution: { ...hidden.distribution, firstRecord: 3 } }), [{ what: 'data' }], 'without a digest what stands elsewhere is other content')
  })
})
