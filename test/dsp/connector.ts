/** A connector that is no node: what a city has already, as far as these tests need one. Known to a node by a token. */
import { strict as assert } from 'node:assert'
import { request } from 'node:http'
import { listenDsp, type DspListener } from '../../src/api/dsp/index.ts'
import { utf8 } from '../../src/base/index.ts'
import type { JsonObject } from '../../src/core/agreement/index.ts'
import { until } from '../support/nodes.ts'
import { complaintOf } from './kit.ts'

const CONTEXT = ['https://w3id.org/dspace/2025/1/context.jsonld']

export type Answered = { readonly status: number, readonly headers: Readonly<Record<string, string | string[] | undefined>>, readonly text: string, readonly json: JsonObject | null }

export class Connector {
  readonly heard: { readonly path: string, readonly body: JsonObject }[] = []
  readonly #token: string
  #listener: DspListener | undefined
  #messages = 0

  constructor (token: string) {
    this.#token = token
  }

  async open (): Promise<void> {
    const opened = await listenDsp({
      listen: { host: '127.0.0.1', port: 0 }, whoIs: () => 'node', participantId: 'connector', log: () => {},
      answer: async ({ path, body }) => {
        const json = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array())) as JsonObject
        assert.equal(complaintOf(json), '')
        this.heard.push({ path, body: json })
        return { status: 200, body: null }
      }
    })
    assert.ok(opened.ok)
    this.#listener = opened.value
  }

  get address (): string {
    return this.#listener?.address ?? assert.fail('it is open')
  }

  async close (): Promise<void> {
    await this.#listener?.stop()
  }

  say (url: string, type: string, parts: object, authorization: string | null = `Bearer ${this.#token}`): Promise<Answered> {
    this.#messages++
    return ask('POST', url, authorization, { '@context': CONTEXT, '@type': type, '@id': `urn:x:message:${this.#messages}`, ...parts })
  }

  get (url: string, authorization: string | null = `Bearer ${this.#token}`): Promise<Answered> {
    return ask('GET', url, authorization, null)
  }

  /** The next message that comes at a path that ends so. */
  async hear (tail: string): Promise<JsonObject> {
    const at = (): number => this.heard.findIndex(({ path }) => path.endsWith(tail))
    await until(() => at() >= 0, `a message at ${tail}`, 10_000)
    const [found] = this.heard.splice(at(), 1)
    return found?.body ?? assert.fail('it was heard')
  }
}

export function ask (method: 'GET' | 'POST', url: string, authorization: string | null, body: object | null): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...authorization === null ? {} : { authorization } }
    const message = request(url, { method, headers }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
        const isJson = (response.headers['content-type'] ?? '').includes('json') && !(response.headers['content-type'] ?? '').includes('ndjson')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: isJson && text !== '' ? JSON.parse(text) as JsonObject : null })
      })
    })
    message.on('error', reject)
    message.end(body === null ? undefined : utf8(JSON.stringify(body)))
  })
}
