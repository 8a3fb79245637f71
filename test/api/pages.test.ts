import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { utf8, type Result } from '../../src/base/index.ts'
import type { DatasetDescription, Failure } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

let served: Served
beforeEach(async () => { served = await serve() })
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

const HOSTILE = '</title></script><script>a()</script><img onerror="a()">\u2028&\''

async function page (more: Partial<DatasetDescription>): Promise<{ readonly headers: Headers, readonly html: string, readonly described: Readonly<Record<string, unknown>> }> {
  const published: Result<unknown, Failure> = await served.client.publish({ ...describeDataset('bins'), ...more }, {
    form: 'table', mediaType: 'text/csv', fileName: 'bins.csv', sizeBytes: null,
    records: [{ key: utf8('header/1'), timeMs: 1, operation: 'put', mediaType: 'text/csv', body: utf8('count\n') }]
  })
  assert.ok(published.ok, JSON.stringify(published))
  const response = await fetch(`${served.api.url}/datasets/bins`, { headers: { authorization: `Bearer ${served.tokens.read}`, accept: 'text/html,*/*;q=0.8' } })
  const html = await response.text()
  assert.equal(response.status, 200, html)
  const [, json = ''] = /<script type="application\/ld\+json">(.*?)<\/script>/s.exec(html) ?? []
  return { headers: response.headers, html, described: JSON.parse(json) as Readonly<Record<string, unknown>> }
}

describe('pages of datasets', () => {
  it('say what a dataset is, to people and to search engines', async () => {
    const { html, described } = await page({
      title: 'Waste bins', description: 'How full they are.\n\nEach hour.', licence: 'CC-BY-4.0', spatial: { west: -123, south: 47, east: -122, north: 48 },
      temporal: { fromMs: 0, toMs: 86_400_000 }, schema: [{ name: 'count', type: 'integer', unit: 'kg' }]
    })
    for (const said of ['<h1>Waste bins</h1>', '<p>Each hour.</p>', 'Published by Bellevue', 'Anybody may read it.', 'Licence: CC-BY-4.0', '<td>kg</td>']) assert.ok(html.includes(said), said)
    const dataset = served.node.dataset('bins')
    assert.ok(dataset.ok)
    const path = `${served.api.url}/api/v1/datasets/${encodeURIComponent(dataset.value.id)}`
    assert.deepEqual(described, {
      '@context': 'https://schema.org/', '@type': 'Dataset', '@id': dataset.value.id, 'identifier': dataset.value.id,
      'url': `${served.api.url}/datasets/${encodeURIComponent(dataset.value.id)}`, 'name': 'Waste bins', 'description': 'How full they are.\n\nEach hour.', 'version': '1',
      'datePublished': '2023-11-14T22:13:20.000Z', 'dateModified': '2023-11-14T22:13:20.000Z', 'creator': { '@type': 'Organization', '@id': dataset.value.publisher.did, 'name': 'Bellevue' },
      'keywords': ['counter'], 'license': 'https://spdx.org/licenses/CC-BY-4.0', 'isAccessibleForFree': true,
      'spatialCoverage': { '@type': 'Place', 'geo': { '@type': 'GeoShape', 'box': '47 -123 48 -122' } }, 'temporalCoverage': '1970-01-01T00:00:00.000Z/1970-01-02T00:00:00.000Z',
      'variableMeasured': [{ '@type': 'PropertyValue', 'name': 'count', 'unitText': 'kg' }],
      'distribution': [
        { '@type': 'DataDownload', 'contentUrl': `${path}/content`, 'encodingFormat': 'text/csv', 'sha256': dataset.value.distribution.sha256, 'contentSize': '6 B' },
        ...[['csv', 'text/csv'], ['geojson', 'application/geo+json'], ['ndjson', 'application/x-ndjson'], ['parquet', 'application/vnd.apache.parquet']]
          .map(([format, encodingFormat]) => ({ '@type': 'DataDownload', 'contentUrl': `${path}/download?format=${format}`, encodingFormat }))
      ]
    })
  })

  it('show words of publishers as text, whatever stands in them', async () => {
    const { html, described } = await page({
      title: HOSTILE, description: HOSTILE, theme: HOSTILE, keywords: [HOSTILE], licence: HOSTILE, schema: [{ name: HOSTILE, type: 'text', unit: '<img>' }]
    })
    assert.equal(described['name'], HOSTILE)
    assert.equal(html.match(/<script/g)?.length, 1)
    assert.equal(html.match(/<img|onerror="/g), null)
  })

  it('let nothing be loaded or run, and their style by its hash alone', async () => {
    const { headers, html } = await page({})
    const policy = headers.get('content-security-policy') ?? ''
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? []
    assert.ok(policy.includes(`default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`), policy)
    assert.doesNotMatch(html, / style="| on\w+="/)
  })

  it('find nothing where there is nothing', async () => {
    const response = await fetch(`${served.api.url}/datasets/none`, { headers: { authorization: `Bearer ${served.tokens.read}` } })
    assert.equal(response.status, 404)
    await response.body?.cancel()
  })
})
