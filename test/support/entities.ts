import { strict as assert } from 'node:assert'
import { serve, type Served } from './apiServer.ts'

export const LD_JSON = 'application/ld+json'
export const CORE = 'https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld'

export type Told = { readonly status: number, readonly headers: Headers, readonly body: unknown }
export type Ask = (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Told>

/** Asks a served node in NGSI-LD; a text is sent as it is. */
export function askOf ({ api, token }: Pick<Served, 'api' | 'token'>): Ask {
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(`${api.url}/ngsi-ld/v1${path}`, {
      method, body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: `Bearer ${token}`, ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers }
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) as unknown }
  }
}

/** The last part of the type of an error. */
export function errorOf ({ body }: Pick<Told, 'body'>): string {
  const { type, title, detail } = body as { readonly type?: unknown, readonly title?: unknown, readonly detail?: unknown }
  assert.ok(typeof type === 'string' && typeof title === 'string' && typeof detail === 'string', JSON.stringify(body))
  return type.replace('https://uri.etsi.org/ngsi-ld/errors/', '')
}

export async function servedEntities (): Promise<{ readonly served: Served, readonly ask: Ask }> {
  const served = await serve()
  return { served, ask: askOf(served) }
}
