/** APIs over a node in memory, of which a test knows who may what. Files that use it end with `afterEach(closeAll)`. */
import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi, createToken, knownToken, type Api, type ApiOptions } from '../../src/api/index.ts'
import type { Result } from '../../src/base/index.ts'
import type { Failure } from '../../src/sdk/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'

export const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

export function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

export type Got = { readonly status: number, readonly code: string, readonly headers: Headers, readonly body: unknown }
type Sent = { readonly method?: string, readonly headers?: Readonly<Record<string, string>>, readonly body?: unknown }

/** An API that is ended after each test. */
export type World = Api & { readonly node: MemoryNode, readonly token: string, readonly send: (path: string, sent?: Sent) => Promise<Got> }
export const running: Api[] = []
const folders: string[] = []

export async function open (options: Partial<ApiOptions> = {}): Promise<World> {
  const node = new MemoryNode()
  const token = createToken(random(32))
  const created = await createApi({
    node, tokens: [knownToken(token, 'decide')], listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random, log: () => undefined, requestStop: () => undefined, ...options
  })
  assert.ok(created.ok, JSON.stringify(created))
  const api = created.value
  running.push(api)
  return { ...api, node, token, send: (path, sent) => send(api.url, path, sent) }
}

/** Raw, because `fetch` does not let some headers be set. */
export async function send (url: string, path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Got> {
  return await new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const asked = request(url + path, { method, agent: false, headers: { ...text === undefined ? {} : { 'content-type': 'application/json' }, ...headers } }, response => {
      const chunks: Buffer[] = []
      const done = (): void => {
        const all = Buffer.concat(chunks).toString()
        const parsed = response.headers['content-type']?.includes('json') === true && !response.headers['content-type'].includes('ndjson') ? JSON.parse(all) as { readonly code?: string } : undefined
        resolve({ status: response.statusCode ?? 0, code: parsed?.code ?? '', headers: new Headers(Object.entries(response.headers).map(([name, each]) => [name, String(each)])), body: parsed })
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        // A stream without an end has said enough.
        if (response.headers['content-type'] !== 'text/event-stream') return
        done()
        response.destroy()
      })
      response.on('end', done)
      response.on('error', () => undefined)
    })
    asked.on('error', reject)
    asked.end(text)
  })
}

export async function folder (): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hanse-access-'))
  folders.push(made)
  return made
}

export async function closeAll (): Promise<void> {
  for (const api of running.splice(0)) await api.stop()
  for (const each of folders.splice(0)) await rm(each, { recursive: true, force: true })
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
