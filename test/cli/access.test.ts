import { strict as assert } from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeApiFile } from '../../src/api/index.ts'
import { openApi } from '../../src/sdk/openapi/index.ts'
import { serve, type Served } from '../support/apiServer.ts'
import { documentOf, hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'node')
const run = (...args: readonly string[]): Promise<Ran> => hanseHere([...args, '--data', data])

describe('commands about who may use the node', () => {
  let served: Served
  before(async () => {
    served = await serve()
    mkdirSync(data)
    await writeApiFile(data, { url: served.api.url, token: served.token })
  })
  after(async () => {
    await served.api.stop()
    folder.remove()
  })
  const statusOf = async (token: string, path: string): Promise<number> =>
    (await fetch(`${served.api.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } })).status

  it('make a token that is shown once, list it, and end it by its label', async () => {
    assert.match((await run('token', 'list')).out, /There is none/)
    const made = await run('token', 'add', 'gateway', '--scope', 'operate', '--days', '90')
    assert.equal(made.code, 0, made.error)
    const [token = ''] = made.out.split('\n')
    assert.match(token, /^hanse_/)
    assert.equal(await statusOf(token, 'status'), 200)
    const listed = await run('token', 'list')
    assert.match(listed.out, /gateway +operate +you/)
    assert.ok(!listed.out.includes(token.slice(6)))
    assert.equal((await run('token', 'revoke', 'gateway')).code, 0)
    assert.equal(await statusOf(token, 'status'), 401)
    assert.equal((await run('token', 'revoke', 'gateway')).code, 4)
  })

  it('make a token in whose name another member reads, which can do nothing else', async () => {
    const made = await run('token', 'add', 'planner', '--for', 'Renton', '--purpose', 'urn:hanse:purpose:1:waste.collection', '--json')
    const { token, requester, purpose } = documentOf(made)
    assert.deepEqual([requester, purpose], ['did:key:z6MkRenton', 'urn:hanse:purpose:1:waste.collection'])
    assert.deepEqual([await statusOf(String(token), 'datasets'), await statusOf(String(token), 'status')], [200, 403])
    for (const wrong of [['--for', 'Renton', '--scope', 'operate'], ['--scope', 'admin'], ['--days', '0'], ['--for', 'Atlantis']]) {
      assert.notEqual((await run('token', 'add', 'x', ...wrong)).code, 0, wrong.join(' '))
    }
  })

  it('print a link with which a browser enters once', async () => {
    const opened = await run('open')
    const [url = ''] = opened.out.split('\n')
    assert.ok(url.startsWith(`${served.api.url}/#entry=`), opened.out)
    const enter = async (): Promise<number> => (await fetch(`${served.api.url}/api/v1/session`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ entry: new URL(url).hash.slice('#entry='.length) })
    })).status
    assert.deepEqual([await enter(), await enter()], [201, 401])
  })

  it('print the API without a node', async () => {
    const printed = await hanseHere(['api', '--data', join(folder.path, 'none')])
    assert.deepEqual(JSON.parse(printed.out), JSON.parse(JSON.stringify(openApi())))
  })
})
