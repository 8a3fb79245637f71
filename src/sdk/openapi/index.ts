/**
 * Writes the contract of the API as OpenAPI 3.1, for tools that are no Hanse client.
 *
 * Generated from the table of operations, so that it says what the server does. Lines of NDJSON and server-sent events have no place
 * in OpenAPI 3.1: such an answer is a string there, and `x-item-schema` says what each line, or the data of each event, is. `x-scope`
 * is what a token must allow, `x-for-others` that also callers may use it who are not of the node's people.
 */
import { z } from 'zod'
import { problemSchema } from '../bodies/index.ts'
import { operations } from '../contract/index.ts'
import { problemsOf, type AnswerShape, type Operation, type RequestBody } from '../operation/index.ts'

export type OpenApi = Readonly<Record<string, unknown>> & { readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>> }

export type OpenApiOperation = {
  readonly operationId: string
  readonly parameters: readonly OpenApiParameter[]
  readonly requestBody?: { readonly required: true, readonly content: Readonly<Record<string, MediaType>> }
  readonly responses: Readonly<Record<string, OpenApiResponse>>
  readonly [more: string]: unknown
}
export type OpenApiParameter = { readonly name: string, readonly in: 'path' | 'query' | 'header', readonly required: boolean, readonly schema: JsonSchema, readonly description?: string }
export type OpenApiResponse = { readonly description: string, readonly content?: Readonly<Record<string, MediaType>> }
export type MediaType = { readonly schema?: JsonSchema, readonly 'x-item-schema'?: JsonSchema }
export type JsonSchema = Readonly<Record<string, unknown>>

/** Of the contract, not of the program: the first number changes where a client that worked would not any more. */
const CONTRACT_VERSION = '1.0.0'

/** The same each time: written once, when it is first asked for. */
export function openApi (): OpenApi {
  return written ??= documentOf()
}

let written: OpenApi | undefined

function documentOf (): OpenApi {
  const entries = operations().map(([id, operation]) => ({ id, operation, path: operation.path.replaceAll(/:(\w+)/g, '{$1}') }))
  const paths = Map.groupBy(entries, ({ path }) => path)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hanse', version: CONTRACT_VERSION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'What programs do with a node that a city runs to share data with its neighbours. Failures are problem documents of RFC 9457.'
    },
    servers: [{ url: '/' }],
    tags: [...new Set(entries.map(({ operation: { tag } }) => tag))].map(name => ({ name })),
    paths: Object.fromEntries([...paths].map(([path, methods]) =>
      [path, Object.fromEntries(methods.map(({ id, operation }) => [operation.method.toLowerCase(), described(id, operation)]))])),
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `hanse token add`, or that of api.json in the data folder.' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-sid', description: 'A browser that entered by a link of `hanse open`; writes carry the header hanse-csrf.' }
      },
      schemas: { Problem: schemaOf(problemSchema, 'output') },
      responses: { Problem: { description: 'Why not, and what to do', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } } }
    }
  }
}

function described (id: string, operation: Operation): OpenApiOperation {
  const { tag, summary, description, scope, body, live, forOthers } = operation
  return {
    operationId: id, tags: [tag], summary, ...description === undefined ? {} : { description },
    security: scope === null ? [] : [{ token: [scope] }, { session: [scope] }],
    parameters: [...pathParameters(operation.path), ...queryParameters(operation), ...headerParameters(operation)],
    ...body === undefined ? {} : { requestBody: { required: true as const, content: bodyContent(body) } },
    responses: responsesOf(operation),
    'x-scope': scope, ...live === true ? { 'x-live': true } : {}, ...forOthers === true ? { 'x-for-others': true } : {}
  }
}

function pathParameters (path: string): readonly OpenApiParameter[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({ name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } }))
}

function queryParameters ({ query }: Operation): readonly OpenApiParameter[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = schemaOf(query, 'input') as { readonly properties?: Readonly<Record<string, JsonSchema>>, readonly required?: readonly string[] }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }))
}

function headerParameters ({ headers = {}, answers }: Operation): readonly OpenApiParameter[] {
  const tag: Readonly<Record<string, string>> = 304 in answers ? { 'if-none-match': 'the tag of an answer that is held already' } : {}
  return Object.entries({ ...tag, ...headers }).map(([name, description]) => ({ name, in: 'header', required: false, schema: { type: 'string' }, description }))
}

function bodyContent (body: RequestBody<unknown>): Readonly<Record<string, MediaType>> {
  const mediaTypes = body.mediaTypes ?? ['application/json']
  const content: MediaType = body.as === 'json' ? { schema: schemaOf(body.schema, 'input') } : {}
  return Object.fromEntries(mediaTypes.map(mediaType => [mediaType, content]))
}

function responsesOf (operation: Operation): Readonly<Record<string, OpenApiResponse>> {
  const problems = problemsOf(operation).map((status): [string, OpenApiResponse] => [String(status), { $ref: '#/components/responses/Problem' } as unknown as OpenApiResponse])
  const answers = Object.entries(operation.answers).map(([status, shape]): [string, OpenApiResponse] => {
    const shapes: readonly AnswerShape[] = shape === null ? [] : 'mediaType' in shape ? [shape] : shape
    const both = Number(status) >= 400 ? { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } : {}
    const content = { ...Object.fromEntries(shapes.map(each => [each.mediaType, answerContent(each)])), ...both }
    return [status, { description: DESCRIPTIONS[status] ?? 'Done', ...Object.keys(content).length === 0 ? {} : { content } }]
  })
  return Object.fromEntries([...problems, ...answers])
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  101: 'Another protocol from here on', 200: 'What was asked for', 201: 'Made', 204: 'Done, and there is nothing to say', 206: 'The range that was asked for',
  304: 'It is what the client holds', 503: 'Not now, and why'
}

function answerContent (shape: AnswerShape): MediaType {
  switch (shape.as) {
    case 'json': return { schema: schemaOf(shape.schema, 'output') }
    case 'lines':
    case 'events': return { schema: { type: 'string' }, 'x-item-schema': schemaOf(shape.schema, 'output') }
    case 'text': return { schema: { type: 'string' } }
    case 'bytes': return {}
  }
}

/** Answers may carry more than a client knows, so their objects stay open. Tuples of one kind are lists of one length: more tools know those. */
function schemaOf (schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...plain } = z.toJSONSchema(schema, {
    io, unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (io === 'output' && zodSchema._zod.def.type === 'object' && jsonSchema.additionalProperties === false && !isStrict(zodSchema)) delete jsonSchema.additionalProperties
      const [first, ...others] = jsonSchema.prefixItems ?? []
      if (first === undefined || others.some(each => JSON.stringify(each) !== JSON.stringify(first))) return
      delete jsonSchema.prefixItems
      jsonSchema.items = first
    }
  })
  return plain
}

function isStrict (schema: z.core.$ZodType): boolean {
  const { def } = schema._zod
  return 'catchall' in def && def.catchall !== undefined
}
