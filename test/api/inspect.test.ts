import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileInspector } from '../../src/intake/inspection/index.ts'
import { createClient, type Progress } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

const CSV = 'bin,fill\na,1\nb,2\n'

describe('a file that is sent to be looked at', () => {
  let folder: string
  let served: Served

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hanse-inspect-'))
    served = await serve({}, { inspector: new FileInspector({ folder: join(folder, 'spool'), random: size => new Uint8Array(randomBytes(size)), nowMs: Date.now, later: () => {} }) })
  })
  after(async () => {
    await served.api.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is described, and published by its name by whoever sent it, once', async () => {
    const { client } = served
    const looked = await client.inspect(new Blob([CSV]), 'bins <b>.csv')
    assert.ok(looked.ok, JSON.stringify(looked))
    const { name, rows, preview, suggested } = looked.value
    assert.deepEqual([rows, preview, suggested.datasetId], [2, [['a', '1'], ['b', '2']], 'bins-b'])
    const other = createClient({ baseUrl: served.api.url, token: served.tokens.operate })
    const foreign = await other.publishInspected(name, { description: describeDataset('stolen') })
    assert.ok(!foreign.ok && foreign.failure.code === 'not-found')
    const told: Progress[] = []
    const published = await client.publishInspected(name, { description: describeDataset('bins') }, progress => { told.push(progress) })
    assert.ok(published.ok, JSON.stringify(published))
    assert.equal(published.value.distribution.fileName, 'bins <b>.csv')
    const again = await client.publishInspected(name, { description: describeDataset('bins') })
    assert.ok(!again.ok && again.failure.code === 'not-found')
    assert.deepEqual(await readdir(join(folder, 'spool')), [])
  })

  it('leaves nothing where it is removed', async () => {
    const { client } = served
    const looked = await client.inspect(new Blob([CSV]), 'a.csv')
    assert.ok(looked.ok)
    assert.ok((await client.removeInspected(looked.value.name)).ok)
    assert.deepEqual(await readdir(join(folder, 'spool')), [])
    assert.deepEqual(served.errors, [])
  })

  it('is not taken from those who may only look', async () => {
    const reader = createClient({ baseUrl: served.api.url, token: served.tokens.read })
    const refused = await reader.inspect(new Blob([CSV]), 'a.csv')
    assert.ok(!refused.ok && refused.failure.code === 'forbidden')
  })
})
