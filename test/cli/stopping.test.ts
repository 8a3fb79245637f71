import { strict as assert } from 'node:assert'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../scripts/ports.ts'
import { utf8 } from '../../src/base/index.ts'
import { createClient, type Client, type Content } from '../../src/sdk/index.ts'
import { describeDataset } from '../support/apiServer.ts'
import { until } from '../support/nodes.ts'
import { documentOf, hanseHere, temporaryFolder } from './support.ts'

/** 48 MiB: buffers of sockets and streams hold some MiB. */
const PARTS = 768
const PART_BYTES = 65_536
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

describe('a process that is stopped while somebody publishes', () => {
  const folder = temporaryFolder()
  const environment: Record<string, string> = {}
  let child: ChildProcess | undefined

  before(async () => {
    for (const [key, port] of [['NETWORK__LISTEN', await freePort()], ['NETWORK__JOIN_LISTEN', await freePort()]] as const) environment[`HANSE_${key}`] = `/ip4/127.0.0.1/tcp/${port}`
    Object.assign(environment, { HANSE_API__LISTEN: '127.0.0.1:0', HANSE_API__METRICS_LISTEN: '127.0.0.1:0', HANSE_NETWORK__LAN: 'false', HANSE_LEDGER__PROFILE: 'lan' })
    await done('init', '--name', 'Kent', '--no-input')
  })
  after(async () => {
    if (child?.exitCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    folder.remove()
  })

  const done = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
    const ran = await hanseHere([...args, '--data', folder.path, '--json'], environment)
    assert.equal(ran.code, 0, ran.error)
    return documentOf(ran)
  }

  async function start (): Promise<{ readonly process: ChildProcess, readonly client: Client }> {
    const process_ = spawn(process.execPath, [MAIN, 'start', '--data', folder.path, '--ndjson'], { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
    child = process_
    const [line] = await once(createInterface({ input: process_.stdout }), 'line')
    assert.match(String(line), /"ready":true/)
    const { url, token } = JSON.parse(readFileSync(join(folder.path, 'api.json'), 'utf8')) as { readonly url: string, readonly token: string }
    return { process: process_, client: createClient({ baseUrl: url, token }) }
  }

  /** Parts that come, and then no more of them, and no end either. They are more than lies between the two: when all are given, the node has begun. */
  async function * parts<T> (part: T, given: PromiseWithResolvers<void>): AsyncGenerator<T> {
    for (let at = 0; at < PARTS; at++) yield part
    given.resolve()
    await new Promise(() => {})
  }

  const contents: Readonly<Record<string, (given: PromiseWithResolvers<void>) => Content>> = {
    table: given => ({ form: 'table', mediaType: 'text/csv', fileName: 'a.csv', sizeBytes: null, records: parts({ key: utf8('k'), timeMs: 1, operation: 'put', mediaType: 'text/csv', body: new Uint8Array(PART_BYTES).fill(0x61) }, given) }),
    file: given => ({ form: 'file', mediaType: 'image/png', fileName: 'a.png', sizeBytes: null, bytes: parts(new Uint8Array(PART_BYTES), given) })
  }
  for (const [form, contentThat] of Object.entries(contents)) {
    it(`tells so whoever does, and ends in order: ${form}`, async () => {
      const { process: node, client } = await start()
      if (form === 'table') await done('invite', '--federation', 'Alone', '--founders', '1')
      await until(async () => {
        const status = await client.status()
        return status.ok && status.value.state === 'ready'
      }, 'it is founded')
      const given = Promise.withResolvers<void>()
      const publishing = client.publish(describeDataset('slow'), contentThat(given))
      await given.promise
      const gone = once(node, 'exit')
      assert.ok((await client.stop()).ok)
      const published = await publishing
      assert.equal(published.ok ? 'published' : published.failure.reason, 'the node was stopped before all of it was stored, and nothing of it is published')
      assert.deepEqual(await gone, [0, null])
    })
  }

  it('has published nothing of it', async () => {
    const { client, process: node } = await start()
    const dataset = await client.dataset('slow')
    assert.equal(dataset.ok ? 'there' : dataset.failure.code, 'not-found')
    const gone = once(node, 'exit')
    assert.ok((await client.stop()).ok)
    assert.deepEqual(await gone, [0, null])
  })
})
