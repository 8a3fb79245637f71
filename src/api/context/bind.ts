import { z } from 'zod'
import { fail, ok, type Result } from '../../base/index.ts'
import { MEDIA_TYPES } from '../../sdk/index.ts'
import type { Answers, Call, Operation, RequestBody } from '../../sdk/operation/index.ts'
import { preferred, problem, type AnyFailure, type ApiRequest, type Reply, type Route } from '../http/index.ts'
import type { Context, Handler } from './context.ts'

const NO_QUERY = z.strictObject({})

/** A route that reads requests as the operation says, before its handler sees them. */
export function routeOf (context: Context, operation: Operation, handle: Handler<Call<unknown, unknown>>): Route {
  const { method, path, scope, live, forOthers, byAdmin, query: querySchema = NO_QUERY, body: shape, invalidStatus } = operation
  // What may be answered by "it is what you hold" has a tag to hold it by.
  const isKept = 304 in operation.answers
  const offered = successTypes(operation.answers)
  const refusal = (failure: AnyFailure): Reply => problem(failure, undefined, failure.code === 'invalid' ? invalidStatus : undefined)
  return {
    method, path, scope, live: live === true, forOthers: forOthers === true, byAdmin: byAdmin === true,
    handle: async request => {
      const accepted = offered.length === 0 ? '' : preferred(request.header('accept'), offered)
      if (accepted === undefined) {
        return problem({ code: 'not-acceptable', reason: 'the client takes none of the forms that there are', hint: `ask with Accept: ${offered.join(' or ')}` })
      }
      const query = request.query(querySchema)
      if (!query.ok) return refusal(query.failure)
      const body = shape === undefined ? ok(undefined) : await bodyOf(request, shape)
      if (!body.ok) return refusal(body.failure)
      const reply = await handle(context, request, { query: query.value, body: body.value, accepted })
      return reply.type === 'json' && isKept ? { ...reply, tagged: true } : reply
    }
  }
}

async function bodyOf (request: ApiRequest, shape: RequestBody<unknown>): Promise<Result<unknown, AnyFailure>> {
  const expected = request.expect(...shape.mediaTypes ?? [MEDIA_TYPES.json])
  if (!expected.ok) return expected
  switch (shape.as) {
    case 'stream': return ok(undefined)
    case 'json': return await request.json(shape.schema, shape.sizeBytesMax)
    case 'bytes': {
      const bytes = await request.bytes(shape.sizeBytesMax)
      return bytes.ok && bytes.value.length === 0 ? fail({ code: 'invalid', reason: 'the body is empty', hint: 'send what the call is about' }) : bytes
    }
  }
}

/** Media types of all answers of success. */
function successTypes (answers: Answers): readonly string[] {
  const shapes = Object.entries(answers).filter(([status]) => status.startsWith('2')).flatMap(([, shape]) => shape ?? [])
  return [...new Set(shapes.map(({ mediaType }) => mediaType))]
}
