import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApi, createToken, knownToken, writeApiFile, type Api } from '../../src/api/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()

describe('hanse account', () => {
  let api: Api
  const hanse = (...args: readonly string[]): Promise<Ran> => hanseHere([...args, '--data', folder.path])

  before(async () => {
    const token = createToken(new Uint8Array(32).fill(1))
    const created = await createApi({
      node: new MemoryNode(), tokens: [knownToken(token, 'decide')], accountFile: join(folder.path, 'accounts.json'), listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {},
      random: size => new Uint8Array(randomBytes(size)), requestStop: () => {}
    })
    assert.ok(created.ok)
    api = created.value
    await writeApiFile(folder.path, { url: api.url, token })
    writeFileSync(join(folder.path, 'secret'), 'a horse that nobody staples\n')
  })
  after(async () => {
    await api.stop()
    folder.remove()
  })

  it('makes, shows and removes accounts, and takes no passphrase on the command line', async () => {
    assert.match((await hanse('account', 'list')).out, /There is none/)
    const made = await hanse('account', 'add', 'Ada', '--role', 'approver', '--passphrase-file', join(folder.path, 'secret'))
    assert.equal(made.code, 0, made.error)
    assert.match((await hanse('account', 'list')).out, /Ada +approver/)
    assert.equal((await hanse('account', 'add', 'Ben', '--role', 'king', '--passphrase-file', join(folder.path, 'secret'))).code, 2)
    assert.notEqual((await hanse('account', 'add', 'Ada', '--passphrase-file', join(folder.path, 'secret'))).code, 0)
    writeFileSync(join(folder.path, 'other'), 'another horse that nobody staples\n')
    assert.equal((await hanse('account', 'passphrase', 'ada', '--passphrase-file', join(folder.path, 'other'))).code, 0)
    const entering = async (passphrase: string): Promise<number> => (await fetch(`${api.url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'Ada', passphrase }) })).status
    assert.deepEqual([await entering('a horse that nobody staples'), await entering('another horse that nobody staples')], [401, 201])
    assert.equal((await hanse('account', 'passphrase', 'Ben', '--passphrase-file', join(folder.path, 'other'))).code, 4)
    assert.equal((await hanse('account', 'remove', 'Ada')).code, 0)
    assert.equal((await hanse('account', 'remove', 'Ada')).code, 4)
  })
})
