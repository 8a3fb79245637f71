import { strict as assert } from 'node:assert'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve, type Served } from '../support/apiServer.ts'

describe('maps of the operator', () => {
  let folder: string
  let served: Served

  const get = (name: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${served.api.url}/api/v1/basemap/${name}`, { headers: { authorization: `Bearer ${served.token}`, ...headers } })

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hanse-basemap-'))
    await mkdir(join(folder, 'basemap', 'deep.geojson'), { recursive: true })
    await writeFile(join(folder, 'secret.geojson'), 'secret')
    await writeFile(join(folder, 'basemap', 'streets.geojson'), '{"type":"FeatureCollection","features":[]}')
    await writeFile(join(folder, 'basemap', 'streets.geojson.txt'), '© OpenStreetMap contributors, ODbL\n')
    await writeFile(join(folder, 'basemap', 'tiles.pmtiles'), 'PMTiles')
    await writeFile(join(folder, 'basemap', 'notes.md'), 'no map')
    await symlink(join(folder, 'secret.geojson'), join(folder, 'basemap', 'link.geojson'))
    served = await serve({}, { basemapFolder: join(folder, 'basemap') })
  })
  after(async () => {
    await served.api.stop()
    await rm(folder, { recursive: true })
  })

  it('are listed with what stands beside them, and nothing else is', async () => {
    const listed = await served.client.basemap()
    assert.deepEqual(listed.ok && listed.value, [
      { name: 'streets.geojson', form: 'geojson', sizeBytes: 42, attribution: '© OpenStreetMap contributors, ODbL' },
      { name: 'tiles.pmtiles', form: 'pmtiles', sizeBytes: 7, attribution: null }
    ])
  })

  it('go out whole and in ranges', async () => {
    const whole = await get('streets.geojson')
    assert.equal(whole.status, 200)
    assert.equal((await whole.text()).length, 42)
    const part = await get('tiles.pmtiles', { range: 'bytes=2-4' })
    assert.deepEqual([part.status, part.headers.get('content-range'), await part.text()], [206, 'bytes 2-4/7', 'Til'])
    assert.equal((await get('tiles.pmtiles', { range: 'bytes=7-' })).status, 416)
  })

  it('are plain files of that folder alone', async () => {
    for (const name of ['..%2Fsecret.geojson', 'link.geojson', 'deep.geojson', 'notes.md', 'streets.geojson.txt', '%2e%2e', 'a%00.geojson']) {
      assert.equal((await get(name)).status, 404, name)
    }
    const stranger = await fetch(`${served.api.url}/api/v1/basemap`)
    assert.equal(stranger.status, 401)
  })
})
