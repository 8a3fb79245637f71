import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { ok } from '../../src/base/index.ts'
import { Supervisor } from '../../src/intake/connector/index.ts'
import { createPushConnector } from '../../src/intake/push/index.ts'
import { MemorySink, noWeb, TestClock } from '../intake/memory-sink.fixture.ts'
import { MemoryNode } from '../support/memoryNode.ts'

const TOKEN = createToken(new Uint8Array(32).fill(7))
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const dataset = (id: string): object => ({ id, title: id })

describe('connectors over HTTP', () => {
  let [api, supervisor, folder]: [Api, Supervisor, string] = [undefined as never, undefined as never, '']
  const ask = async (path: string, token: string, body: object): Promise<{ readonly status: number, readonly said: Record<string, unknown> }> => {
    const answer = await fetch(`${api.url}/api/v1/${path}`, { method: 'POST', headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return { status: answer.status, said: await answer.json() as Record<string, unknown> }
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hanse-connectors-'))
    const idle = (): { readonly run: (signal: AbortSignal) => Promise<void> } => ({ run: signal => new Promise(resolve => { signal.addEventListener('abort', () => { resolve() }) }) })
    supervisor = new Supervisor({
      factories: { push: createPushConnector, mqtt: idle, url: idle, folder: idle }, sink: new MemorySink(), folder, web: noWeb, clock: new TestClock(), chance: () => 0, log: () => {},
      file: { add: declaration => Promise.resolve(ok(declaration)), remove: () => Promise.resolve(ok(null)) }
    })
    const created = await createApi({
      node: new MemoryNode(), tokens: [knownToken(TOKEN, 'decide')], random, connectors: supervisor, listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, requestStop: () => {}
    })
    assert.ok(created.ok)
    api = created.value
  })
  afterEach(async () => {
    await api.stop()
    await supervisor.stop()
    await rm(folder, { recursive: true })
  })

  it('are added by admins alone where they name files of the machine: whoever decides else would read all that the node may', async () => {
    const made = await ask('tokens', TOKEN, { label: 'approver', scope: 'decide' })
    assert.equal(made.status, 201)
    const approver = String(made.said['token'])
    const naming = [
      { kind: 'folder', name: 'a', path: '/etc', dataset: dataset('a') },
      { kind: 'mqtt', name: 'b', broker: 'mqtts://broker.example', topics: ['t'], password_file: '/etc/shadow', dataset: dataset('b') },
      { kind: 'mqtt', name: 'c', broker: 'mqtts://broker.example', topics: ['t'], ca_file: '/etc/shadow', dataset: dataset('c') },
      { kind: 'url', name: 'd', url: 'https://feed.example/', headers_file: '/etc/shadow', dataset: dataset('d') }
    ]
    for (const declaration of naming) {
      const refused = await ask('connectors', approver, declaration)
      assert.deepEqual([refused.status, refused.said['code']], [403, 'forbidden'], declaration.name)
    }
    for (const declaration of [{ kind: 'url', name: 'e', url: 'https://feed.example/', dataset: dataset('e') }, { kind: 'push', name: 'f', dataset: dataset('f') }]) {
      assert.equal((await ask('connectors', approver, declaration)).status, 201, declaration.name)
    }
    for (const declaration of naming) assert.equal((await ask('connectors', TOKEN, declaration)).status, 201, declaration.name)
  })
})
