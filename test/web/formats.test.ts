import { strict as assert } from 'node:assert'
import type { Column, Dataset } from '../../src/sdk/index.ts'
import { formatsOf } from '../../src/web/dataset/formats.ts'

describe('downloads of a dataset', () => {
  const distribution: Dataset['distribution'] = { feed: '', form: 'table', mediaType: 'text/csv', fileName: 'a.csv', firstRecord: 0, records: 1, sizeBytes: 1, sha256: null }
  const column = (type: Column['type']): Column => ({ name: type, type, unit: null })

  it('are offered as GeoJSON only where rows are somewhere', () => {
    assert.deepEqual(formatsOf({ distribution, schema: [column('text'), column('latitude')] }), ['csv', 'ndjson', 'parquet'])
    assert.deepEqual(formatsOf({ distribution, schema: [column('latitude'), column('longitude')] }), ['csv', 'geojson', 'ndjson', 'parquet'])
    assert.deepEqual(formatsOf({ distribution, schema: [column('geometry')] }), ['csv', 'geojson', 'ndjson', 'parquet'])
    assert.deepEqual(formatsOf({ distribution, schema: [] }), ['ndjson'])
    assert.deepEqual(formatsOf({ distribution: { ...distribution, form: 'file' }, schema: [column('geometry')] }), [])
  })
})
