import { randomBytes } from 'node:crypto'
import { createApi, createToken, knownToken, type Api, type Limits } from '../../src/api/index.ts'
import type { Inspector } from '../../src/sdk/inspection/index.ts'
import type { Scope } from '../../src/sdk/operation/index.ts'
import { createClient, type Client, type DatasetDescription } from '../../src/sdk/index.ts'
import { MemoryNode } from './memoryNode.ts'

export type Served = {
  readonly node: MemoryNode
  readonly api: Api
  readonly client: Client
  readonly token: string
  readonly tokens: Readonly<Record<Scope, string>>
  /** Errors that the server logged: faults of ours. */
  readonly errors: string[]
  readonly stopRequests: number[]
}

/** An API over a node in memory, on a free loopback port. */
export async function serve (limits: Partial<Limits> = {}, how: { readonly isPublic?: boolean, readonly basemapFolder?: string, readonly inspector?: Inspector } = {}): Promise<Served> {
  const node = new MemoryNode()
  const tokens = { read: createToken(new Uint8Array(32).fill(1)), operate: createToken(new Uint8Array(32).fill(2)), decide: createToken(new Uint8Array(32).fill(3)) }
  const errors: string[] = []
  const stopRequests: number[] = []
  const created = await createApi({
    node, limits, ...how, random: size => new Uint8Array(randomBytes(size)), tokens: [knownToken(tokens.read, 'read'), knownToken(tokens.operate, 'operate'), knownToken(tokens.decide, 'decide')],
    listen: { host: '127.0.0.1', port: 0 }, metricsListen: { host: '127.0.0.1', port: 0 },
    log: (level, message, facts) => { if (level === 'error') errors.push(`${message} ${JSON.stringify(facts)}`) },
    requestStop: () => { stopRequests.push(1) }
  })
  if (!created.ok) throw new Error(created.failure.reason)
  const api = created.value
  return { node, api, client: createClient({ baseUrl: api.url, token: tokens.decide }), token: tokens.decide, tokens, errors, stopRequests }
}

export function describeDataset (datasetId: string, title: string = datasetId): DatasetDescription {
  return {
    datasetId, title, description: '', theme: 'transport', keywords: ['counter'], licence: 'CC-BY-4.0', spatial: null, temporal: null,
    schema: [{ name: 'count', type: 'integer', unit: null }], access: 'public', simulated: false
  }
}
