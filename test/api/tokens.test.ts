import { strict as assert } from 'node:assert'
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createApi } from '../../src/api/index.ts'
import type { Asker } from '../../src/node/contract/index.ts'
import { createClient } from '../../src/sdk/index.ts'
import { describeDataset } from '../support/apiServer.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { bearer, closeAll, folder, open, random, value } from './access.fixture.ts'

const RENTON = 'did:key:z6MkRenton'

afterEach(closeAll)

describe('tokens', () => {
  it('are shown once, kept by their digest for the owner alone, and known again after a restart', async () => {
    const path = join(await folder(), 'tokens.json')
    const first = await open({ tokenFile: path })
    const { token, view } = value(await createClient({ baseUrl: first.url, token: first.token }).makeToken({ label: 'gateway', scope: 'operate', validMs: 3_600_000 }))
    assert.match(token, /^hanse_[a-z2-7]{52}$/)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.ok(!(await readFile(path, 'utf8')).includes(token.slice(6)))
    const again = await open({ tokenFile: path })
    const client = createClient({ baseUrl: again.url, token })
    value(await client.status())
    assert.equal((await client.tokens()).ok, false)
    const owner = createClient({ baseUrl: again.url, token: again.token })
    const [listed] = value(await owner.tokens())
    assert.deepEqual({ ...listed, lastUsedHourMs: null }, view)
    assert.equal(listed?.lastUsedHourMs !== null && (listed?.lastUsedHourMs ?? 1) % 3_600_000, 0)
    value(await owner.revokeToken(view.id))
    assert.equal((await again.send('/api/v1/status', { headers: bearer(token) })).status, 401)
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { tokens: [] })
  })

  it('keep the hour of their last use, written at the latest when the node stops', async () => {
    const path = join(await folder(), 'tokens.json')
    const first = await open({ tokenFile: path })
    const { token } = value(await createClient({ baseUrl: first.url, token: first.token }).makeToken({ label: 'gateway', scope: 'read' }))
    value(await createClient({ baseUrl: first.url, token }).status())
    await first.stop()
    assert.match(await readFile(path, 'utf8'), /"lastUsedHourMs": \d+/)
  })

  it('that name a requester read in its name, for its purpose, and can do nothing else', async () => {
    const { url, token, node } = await open()
    const owner = createClient({ baseUrl: url, token })
    value(await owner.publish(describeDataset('bins'), { form: 'stream', mediaType: 'text/plain' }))
    const asked: (Asker | undefined)[] = []
    const read = node.read.bind(node)
    node.read = (reference, how, asker?: Asker): ReturnType<typeof read> => {
      asked.push(asker)
      return read(reference, how)
    }
    const purpose = 'urn:hanse:purpose:1:waste.collection'
    const tokens = [
      value(await owner.makeToken({ label: 'us', scope: 'read' })), value(await owner.makeToken({ label: 'Renton', scope: 'read', requester: 'Renton', purpose })),
      value(await owner.makeToken({ label: 'anybody', scope: 'read', requester: 'outside' }))
    ]
    for (const made of tokens) value(await createClient({ baseUrl: url, token: made.token }).read('bins', { from: 0, limit: 1 }))
    value(await createClient({ baseUrl: url, token: tokens[1]?.token ?? '' }).read('bins', { from: 0, limit: 1, purpose: 'urn:hanse:purpose:1:other' }))
    assert.deepEqual(asked, [{}, { requester: RENTON, purpose }, { requester: null }, { requester: RENTON, purpose: 'urn:hanse:purpose:1:other' }])
    assert.equal(tokens[1]?.view.requester, RENTON)
    for (const scope of ['operate', 'decide'] as const) {
      const refused = await owner.makeToken({ label: 'x', scope, requester: 'Renton' })
      assert.deepEqual([refused.ok, refused.ok ? '' : refused.failure.code], [false, 'invalid'])
    }
    const unknown = await owner.makeToken({ label: 'x', scope: 'read', requester: 'Atlantis' })
    assert.equal(unknown.ok ? '' : unknown.failure.code, 'not-found')
  })

  it('open nothing any more when their time is over', async () => {
    const path = join(await folder(), 'tokens.json')
    const first = await open({ tokenFile: path })
    const { token } = value(await createClient({ baseUrl: first.url, token: first.token }).makeToken({ label: 'old', scope: 'read' }))
    const kept = JSON.parse(await readFile(path, 'utf8')) as { readonly tokens: readonly object[] }
    await writeFile(path, JSON.stringify({ tokens: kept.tokens.map(each => ({ ...each, expiresMs: Date.now() })) }), { mode: 0o600 })
    const again = await open({ tokenFile: path })
    assert.equal((await again.send('/api/v1/status', { headers: bearer(token) })).status, 401)
  })

  it('are none where they could not be kept', async () => {
    const gone = await folder()
    const world = await open({ tokenFile: join(gone, 'tokens.json') })
    await rm(gone, { recursive: true })
    const owner = createClient({ baseUrl: world.url, token: world.token })
    const made = await owner.makeToken({ label: 'lost', scope: 'decide' })
    assert.equal(made.ok, false)
    assert.deepEqual(value(await owner.tokens()), [])
  })

  it('take the streams along that they opened, when they are revoked', async () => {
    const world = await open({ limits: { rightCheckMs: 10 } })
    const owner = createClient({ baseUrl: world.url, token: world.token })
    await world.node.publish(describeDataset('counter'), { form: 'stream', mediaType: 'application/json' })
    const made = await Promise.all([{ label: 'reader', scope: 'read' as const }, { label: 'member', scope: 'read' as const, requester: 'outside' }].map(request => owner.makeToken(request)))
    const streams = await Promise.all(made.map(async each => {
      const answer = await fetch(`${world.url}/api/v1/datasets/counter/live`, { headers: bearer(value(each).token) })
      assert.equal(answer.status, 200)
      return { id: value(each).view.id, text: answer.text() }
    }))
    for (const { id, text } of streams) {
      value(await owner.revokeToken(id))
      await text
    }
  })

  it('stop the node from starting where their file is open to others, is not what it wrote, or gives a requester more than reading', async () => {
    const path = join(await folder(), 'tokens.json')
    const token = { id: 'a', label: 'a', scope: 'decide', requester: 'outside', purpose: null, createdMs: 0, expiresMs: 9e12, lastUsedHourMs: null, sha256: '0'.repeat(64) }
    for (const [content, mode, code] of [['{"tokens":[]}', 0o644, 'loose-mode'], ['{"tokens":', 0o600, 'malformed'], [JSON.stringify({ tokens: [token] }), 0o600, 'malformed']] as const) {
      await writeFile(path, content)
      await chmod(path, mode)
      const created = await createApi({
        node: new MemoryNode(), tokens: [], tokenFile: path, listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random, log: () => undefined, requestStop: () => undefined
      })
      assert.equal(created.ok ? '' : created.failure.code, code)
    }
  })
})
