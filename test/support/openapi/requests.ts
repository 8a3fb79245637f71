/** Requests made from an OpenAPI document: such as it describes, and such as it does not. */
import fc from 'fast-check'
import { concat, utf8 } from '../../../src/base/index.ts'
import { encodeRecord, encodeRecordsEnd } from '../../../src/sdk/index.ts'
import type { OpenApi, OpenApiOperation, OpenApiParameter } from '../../../src/sdk/openapi/index.ts'
import { describeDataset } from '../apiServer.ts'
import { hostileText, mutated, valueOf, type Known } from './values.ts'

export type Sent = {
  readonly operationId: string
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
}

type Parts = {
  readonly method: string
  readonly path: Readonly<Record<string, string>>
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
}

const UNKNOWN_METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'QUERY']
const MEDIA_TYPES = ['application/json', 'application/x-ndjson', 'application/cbor', 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data', 'nonsense', '']

/** `known`: values of parameters that lead somewhere, by name. `gone`: references for calls that take away what they name. */
export function requests (document: OpenApi, known: Known, gone: readonly string[]): fc.Arbitrary<Sent> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
  return fc.constantFrom(...operations).chain(({ path, method, operation }) => {
    const used = isDestructive(method, operation) ? { ...known, reference: gone, dataset: gone } : known
    const valid = partsOf(method.toUpperCase(), operation, used)
    return fc.oneof({ weight: 2, arbitrary: valid }, { weight: 3, arbitrary: valid.chain(mangled) }).map(parts => sentOf(path, operation.operationId, parts))
  })
}

function isDestructive (method: string, { operationId }: OpenApiOperation): boolean {
  return method === 'delete' || /erase|revoke|withdraw/.test(operationId)
}

function partsOf (method: string, { parameters, requestBody }: OpenApiOperation, known: Known): fc.Arbitrary<Parts> {
  const of = (where: OpenApiParameter['in']): fc.Arbitrary<Record<string, string>> => {
    const wanted = parameters.filter(parameter => parameter.in === where)
    return fc.record(
      Object.fromEntries(wanted.map(({ name, schema }) => [name, valueOf(schema, known, name).map(value => typeof value === 'string' ? value : JSON.stringify(value))])),
      { requiredKeys: wanted.filter(({ required }) => required).map(({ name }) => name) }
    )
  }
  const bodies = Object.entries(requestBody?.content ?? {}).map(([mediaType, { schema }]) =>
    (schema === undefined ? bytesOf(mediaType) : valueOf(schema, known).map(value => utf8(JSON.stringify(value)))).map(body => ({ mediaType, body })))
  const body = bodies.length === 0 ? fc.constant(undefined) : fc.oneof(...bodies)
  return fc.tuple(of('path'), of('query'), of('header'), body).map(([path, query, headers, sent]) => ({
    method, path, query: Object.entries(query), body: sent?.body ?? null,
    headers: { ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerText(value)])), ...sent === undefined ? {} : { 'content-type': sent.mediaType } }
  }))
}

/** Bodies that no schema describes. */
function bytesOf (mediaType: string): fc.Arbitrary<Uint8Array> {
  const text = fc.string({ maxLength: 40 })
  const record = fc.record({ key: text.map(each => utf8(`k${each}`)), timeMs: fc.nat(), operation: fc.constant('put' as const), mediaType: fc.constant('text/plain'), body: fc.uint8Array({ maxLength: 60 }).map(each => new Uint8Array(each)) })
  const frames = fc.array(record, { maxLength: 4 }).map(records => concat([...records.map(encodeRecord), encodeRecordsEnd(records.length)]))
  const raw = fc.uint8Array({ maxLength: 400 }).map(each => new Uint8Array(each))
  if (mediaType.endsWith('hanse.records')) return fc.oneof(frames, raw)
  if (mediaType === 'application/x-ndjson') return fc.oneof(fc.array(fc.record({ key: text, body: fc.jsonValue() })).map(lines => utf8(lines.map(each => JSON.stringify(each)).join('\n'))), raw)
  if (!mediaType.endsWith('hanse.publish')) return raw
  const start = (content: object, datasetId: string): Uint8Array => utf8(`${JSON.stringify({ description: describeDataset(datasetId), content })}\n`)
  const datasetId = fc.stringMatching(/^fuzz[a-c]{1,3}$/)
  return fc.oneof(
    datasetId.map(id => start({ form: 'stream', mediaType: 'application/json' }, id)),
    fc.tuple(datasetId, frames).map(([id, more]) => concat([start({ form: 'table', mediaType: 'text/csv', fileName: 'a.csv' }, id), more])),
    fc.tuple(datasetId, raw).map(([id, more]) => concat([start({ form: 'file', mediaType: 'text/plain', fileName: 'ä "1".txt' }, id), more])), raw
  )
}

function mangled (parts: Parts): fc.Arbitrary<Parts> {
  const { path, query, headers, body } = parts
  const json = jsonOf(body)
  const changes: fc.Arbitrary<Parts>[] = [
    fc.constantFrom(...UNKNOWN_METHODS).map(method => ({ ...parts, method })),
    fc.tuple(hostileText, hostileText).map(one => ({ ...parts, query: [...query, one] })),
    fc.constantFrom('', '*/*', 'text/html', 'application/xml;q=0.1', 'x', 'application/json;q=0', '*/*;q=0.0', ','.repeat(200)).map(accept => ({ ...parts, headers: { ...headers, accept } }))
  ]
  if (Object.keys(path).length > 0) changes.push(hostileText.map(text => ({ ...parts, path: Object.fromEntries(Object.keys(path).map(name => [name, text])) })))
  if (query.length > 0) {
    const at = fc.nat(query.length - 1)
    changes.push(
      fc.tuple(at, hostileText).map(([index, text]) => ({ ...parts, query: query.with(index, [query[index]?.[0] ?? '', text]) })),
      at.map(index => ({ ...parts, query: [...query, query[index] ?? ['', '']] })), at.map(index => ({ ...parts, query: query.toSpliced(index, 1) }))
    )
  }
  for (const name of ['range', 'last-event-id', 'if-none-match', 'hanse-purpose', 'content-encoding']) changes.push(hostileText.map(text => ({ ...parts, headers: { ...headers, [name]: headerText(text) } })))
  if (body !== null) {
    changes.push(
      fc.constantFrom(...MEDIA_TYPES).map(type => ({ ...parts, headers: { ...headers, 'content-type': type } })),
      fc.nat(body.length).map(end => ({ ...parts, body: body.slice(0, end) })), fc.uint8Array({ maxLength: 100 }).map(bytes => ({ ...parts, body: new Uint8Array(bytes) })),
      fc.constantFrom('[', '{"a":').map(open => ({ ...parts, body: utf8(open.repeat(50_000)) })), fc.constant({ ...parts, body: new Uint8Array(1_048_577).fill(32) }),
      fc.constant({ ...parts, body: null })
    )
    if (json !== undefined) for (let weight = 0; weight < 6; weight++) changes.push(mutated(json).map(value => ({ ...parts, body: utf8(JSON.stringify(value) ?? '') })))
  }
  return fc.oneof(...changes)
}

function jsonOf (body: Uint8Array | null): unknown {
  try {
    return body === null ? undefined : JSON.parse(new TextDecoder().decode(body)) as unknown
  } catch {
    return undefined
  }
}

/** What a client can put into a header at all. */
function headerText (text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 2_000)
}

function sentOf (template: string, operationId: string, { method, path, query, headers, body }: Parts): Sent {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent((path[name] ?? '').toWellFormed()))
  const search = query.map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`).join('&')
  return { operationId, method, path: search === '' ? filled : `${filled}?${search}`, headers, body }
}
