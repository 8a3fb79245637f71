/**
 * Says what a call of the HTTP API is, as data: from it the server routes and checks, OpenAPI is written, and tests make requests.
 *
 * A room that adds calls exports a type that names them (`Calls`) and a table of the same ids (`Operations` of that type); both
 * are collected in `sdk/contract`. The server parses query and body by the schemas and gives the handler typed values.
 *
 * - Ids are `noun.verb`. Paths begin at the root; `:name` stands for one segment that is not empty, percent-encoded.
 * - A query by `z.strictObject` refuses names that it does not know, one by `z.object` lets them pass; without a schema there is none.
 * - Every call may answer with the problems of `COMMON_PROBLEMS` and those that follow from its shape (a path with parameters 404, a
 *   body 413 and 415); what else it may answer stands in `problems`. An answer that is not declared is a fault that tests find.
 * - Nobody but the people of the node may use a call, unless `forOthers` is set: then its handler asks the doors in the name of
 *   whoever asks (`askerOf`), be that a member whom a token names or anybody.
 */
import type { z } from 'zod'

/** What a token allows: to look; to publish and run the node; to decide for the member. Each includes those before it. */
export type Scope = 'read' | 'operate' | 'decide'
export const SCOPES = ['read', 'operate', 'decide'] as const satisfies readonly Scope[]

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Types of what a handler gets. `body` is undefined where there is none, and where it is a stream that the handler reads itself. */
export type Call<Query = undefined, Body = undefined> = { readonly query: Query, readonly body: Body }
export type Calls = Readonly<Record<string, Call<unknown, unknown>>>

/** A body, by the media types that are taken. `sizeBytesMax`: where it is not that of JSON. */
export type RequestBody<Body> =
  | { readonly as: 'json', readonly mediaTypes?: readonly string[], readonly schema: z.ZodType<Body>, readonly sizeBytesMax?: number, readonly example?: Body }
  | { readonly as: 'bytes', readonly mediaTypes: readonly string[], readonly sizeBytesMax?: number }
  /** Not read beforehand: `request.chunks()`. */
  | { readonly as: 'stream', readonly mediaTypes: readonly string[] }

export type AnswerShape =
  | { readonly mediaType: string, readonly as: 'json', readonly schema: z.ZodType }
  /** NDJSON, a value of the schema in each line. */
  | { readonly mediaType: string, readonly as: 'lines', readonly schema: z.ZodType }
  /** Server-sent events, the data of each a value of the schema. */
  | { readonly mediaType: string, readonly as: 'events', readonly schema: z.ZodType }
  | { readonly mediaType: string, readonly as: 'text' | 'bytes' }

/** By status: one shape, several for what the client may choose by `Accept`, or null for an answer without a body. */
export type Answers = Readonly<Record<number, AnswerShape | readonly AnswerShape[] | null>>

type Common = {
  readonly method: Method
  readonly path: string
  /** Null: anybody may ask, also without a token. */
  readonly scope: Scope | null
  /** The part of the documentation that it belongs to. */
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Headers that it reads, for the documentation. */
  readonly headers?: Readonly<Record<string, string>>
  readonly answers: Answers
  readonly problems?: readonly number[]
  /** A stream without an end, counted apart from calls. */
  readonly live?: true
  readonly forOthers?: true
  /** For whoever decides who may use the node: whose token is that of its start, or whose account or link is an admin's. */
  readonly byAdmin?: true
  /** The status of a query or body that does not fit, where a standard wants another than 422. */
  readonly invalidStatus?: 400
}

export type Operation<Query = unknown, Body = unknown> = Common & {
  readonly query?: z.ZodType<Query>
  readonly body?: RequestBody<Body>
}

type OperationOf<C extends Call<unknown, unknown>> = Common
  & ([C['query']] extends [undefined] ? { readonly query?: undefined } : { readonly query: z.ZodType<C['query']> })
  & ([C['body']] extends [undefined]
    ? { readonly body?: Extract<RequestBody<never>, { readonly as: 'stream' }> }
    : [C['body']] extends [Uint8Array] ? { readonly body: Extract<RequestBody<never>, { readonly as: 'bytes' }> } : { readonly body: Extract<RequestBody<C['body']>, { readonly as: 'json' }> })

/** A table of operations for calls of these types. */
export type Operations<C extends Calls> = { readonly [Id in keyof C]: OperationOf<C[Id]> }

/** Statuses of problems that every call may answer. */
const COMMON_PROBLEMS: readonly number[] = [400, 401, 403, 406, 408, 421, 422, 429, 431, 503]

/** All statuses of problems that a call may answer. */
export function problemsOf (operation: Operation): readonly number[] {
  const found = new Set([
    ...COMMON_PROBLEMS, ...operation.path.includes(':') ? [404] : [], ...operation.body === undefined ? [] : [413, 415], ...operation.problems ?? []
  ])
  return [...found].toSorted((one, other) => one - other)
}

// --- Answers, in short ---------------------------------------------------------------------------------------------

export function json (schema: z.ZodType, mediaType = 'application/json'): AnswerShape {
  return { mediaType, as: 'json', schema }
}

/** JSON that a client may keep, and ask for again by its tag (`If-None-Match`). */
export function kept (schema: z.ZodType): Answers {
  return { 200: json(schema), 304: null }
}

export function bytes (mediaType: string): AnswerShape {
  return { mediaType, as: 'bytes' }
}

export function text (mediaType: string): AnswerShape {
  return { mediaType, as: 'text' }
}

export function lines (schema: z.ZodType): AnswerShape {
  return { mediaType: 'application/x-ndjson', as: 'lines', schema }
}

export function events (schema: z.ZodType): AnswerShape {
  return { mediaType: 'text/event-stream', as: 'events', schema }
}
