/** Handlers of the node itself and its federation: status, members, founding, bundles, scrub, stop. */
import { ok } from '../base/index.ts'
import { inviteSchema, joinSchema, MEDIA_TYPES, referencesSchema, type Readiness } from '../sdk/index.ts'
import type { Context } from './context.ts'
import { invalid, json, jsonOrProblem, problem, progressing, type ApiRequest, type Reply } from './http/index.ts'
import { liveReply } from './live.ts'

export function status ({ node }: Context): Reply {
  return json(node.status())
}

export function peers ({ node }: Context): Reply {
  return json(node.peers())
}

export function members ({ node }: Context): Reply {
  return json(node.members())
}

/** Alive: the process answers. Says nothing more, as anybody on this machine may ask. */
export function health (): Reply {
  return json({ alive: true })
}

export function readiness ({ node }: Context): Reply {
  const { state, alarms } = node.status()
  const reasons = [...STATE_REASONS[state], ...alarms.map(reason => ({ code: 'alarm', reason }))]
  const value: Readiness = { ready: reasons.length === 0, reasons }
  return json(value, value.ready ? 200 : 503)
}

const STATE_REASONS: Readonly<Record<'alone' | 'founding' | 'ready' | 'stopping', Readiness['reasons']>> = {
  alone: [{ code: 'alone', reason: 'the node belongs to no federation yet' }],
  founding: [{ code: 'founding', reason: 'the charter of the federation is not signed by all founders yet' }],
  ready: [],
  stopping: [{ code: 'stopping', reason: 'the node is stopping' }]
}

export async function invite ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const options = await request.json(inviteSchema)
  return options.ok ? jsonOrProblem(await node.invite(options.value), 201) : problem(options.failure)
}

export async function join ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(joinSchema)
  return body.ok ? jsonOrProblem(await node.join(body.value.ticket)) : problem(body.failure)
}

export async function revoke ({ node, limits }: Context, request: ApiRequest): Promise<Reply> {
  const expected = request.expect(MEDIA_TYPES.cbor)
  if (!expected.ok) return problem(expected.failure)
  const envelope = await request.bytes(limits.statementBytesMax)
  if (!envelope.ok) return problem(envelope.failure)
  if (envelope.value.length === 0) return problem(invalid('the body is empty', 'send the signed revocation'))
  const revoked = await node.revoke(envelope.value)
  return revoked.ok ? { type: 'nothing' } : problem(revoked.failure)
}

export async function makeBundle ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const body = await request.json(referencesSchema)
  if (!body.ok) return problem(body.failure)
  const bundle = await node.makeBundle(body.value.references, body.value.recipient)
  if (!bundle.ok) return problem(bundle.failure)
  return { type: 'stream', status: 200, headers: { 'content-type': MEDIA_TYPES.car }, chunks: bundle.value }
}

export async function openBundle ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const expected = request.expect(MEDIA_TYPES.car)
  if (!expected.ok) return problem(expected.failure)
  return jsonOrProblem(await node.openBundle(request.chunks()))
}

export async function scrub ({ node, limits }: Context): Promise<Reply> {
  return await progressing(async onProgress => ok(await node.scrub(onProgress)), limits.heartbeatMs)
}

export function watchEvents ({ events, limits }: Context, request: ApiRequest): Reply {
  return liveReply(events.after(request.header('last-event-id'), request.signal), limits.heartbeatMs)
}

export function stop ({ requestStop }: Context): Reply {
  requestStop()
  return { type: 'nothing' }
}
