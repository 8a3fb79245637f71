import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileInspector } from '../../src/intake/inspection/index.ts'
import { createClient, type Progress } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'
import { bearer, closeAll, open } from './access.fixture.ts'

const CSV = 'bin,fill\na,1\nb,2\n'

afterEach(closeAll)

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

  it('is of the account that sent it, in whichever of its sessions, and of no other of that name', async () => {
    const owners: string[] = []
    const refusal = { code: 'not-found', reason: 'none', hint: 'none' }
    const noted = (owner: string): Promise<{ readonly ok: false, readonly failure: typeof refusal }> => {
      owners.push(owner)
      return Promise.resolve({ ok: false, failure: refusal })
    }
    const world = await open({ inspector: { take: noted, publish: noted, remove: noted } })
    const passphrase = 'a horse that nobody staples'
    for (const name of ['Ada', 'Ben']) await world.send('/api/v1/accounts', { method: 'POST', headers: bearer(world.token), body: { name, role: 'publisher', passphrase } })
    for (const name of ['Ada', 'Ada', 'Ben']) {
      const begun = await world.send('/api/v1/session', { method: 'POST', body: { name, passphrase } })
      assert.equal(begun.status, 201)
      const own = { 'cookie': begun.headers.get('set-cookie')?.split(';')[0] ?? '', 'origin': world.url, 'sec-fetch-site': 'same-origin', 'hanse-csrf': (begun.body as { readonly csrf: string }).csrf }
      assert.equal((await world.send('/api/v1/inspect/x', { method: 'DELETE', headers: own })).code, 'not-found')
    }
    await world.send('/api/v1/inspect/x', { method: 'DELETE', headers: bearer(world.token) })
    const [ada, again, ben, token] = owners
    assert.equal(ada, again)
    assert.equal(new Set([ada, ben, token]).size, 3)
  })

  it('is not taken from those who may only look', async () => {
    const reader = createClient({ baseUrl: served.api.url, token: served.tokens.read })
    const refused = await reader.inspect(new Blob([CSV]), 'a.csv')
    assert.ok(!refused.ok && refused.failure.code === 'forbidden')
  })
})
