/** Answers calls about the node itself and its federation: status, members, founding, bundles, scrub, stop. */
import { ok } from '../../base/index.ts'
import type { NodeCalls } from '../../sdk/contract/index.ts'
import { MEDIA_TYPES, type Readiness } from '../../sdk/index.ts'
import { openApi } from '../../sdk/openapi/index.ts'
import { NO_LEDGER, type Handler, type Handlers } from '../context/index.ts'
import { json, jsonOrProblem, problem, progressing, tagged } from '../http/index.ts'
import { liveReply } from '../live/index.ts'

/** For whatever watches the process, which has no token: what an alarm is about, names of datasets and members among it, is for the people of this node. */
const readiness: Handler<NodeCalls['node.readiness']> = ({ node }, request) => {
  const { state, alarms } = node.status()
  const isOwn = request.caller !== undefined && request.caller.requester === undefined
  const told = isOwn ? alarms : alarms.slice(0, 1).map(() => 'there is an alarm: see the status of the node, with a token')
  const reasons = [...STATE_REASONS[state], ...told.map(reason => ({ code: 'alarm', reason }))]
  const value: Readiness = { ready: reasons.length === 0, reasons }
  return json(value, value.ready ? 200 : 503)
}

const STATE_REASONS: Readonly<Record<'alone' | 'founding' | 'ready' | 'stopping', Readiness['reasons']>> = {
  alone: [{ code: 'alone', reason: 'the node belongs to no federation yet' }],
  founding: [{ code: 'founding', reason: 'the charter of the federation is not signed by all founders yet' }],
  ready: [],
  stopping: [{ code: 'stopping', reason: 'the node is stopping' }]
}

const makeBundle: Handler<NodeCalls['bundles.make']> = async ({ node }, _request, { body }) => {
  const bundle = await node.makeBundle(body.references, body.recipient)
  return bundle.ok ? { type: 'stream', status: 200, headers: { 'content-type': MEDIA_TYPES.car }, chunks: bundle.value } : problem(bundle.failure)
}

const downloadBundle: Handler<NodeCalls['bundles.download']> = async ({ node }, _request, { query: { references, recipient } }) => {
  const bundle = await node.makeBundle(references.split(','), recipient)
  const headers = { 'content-type': MEDIA_TYPES.car, 'content-disposition': 'attachment' }
  return bundle.ok ? { type: 'stream', status: 200, headers, chunks: bundle.value } : problem(bundle.failure)
}

export const nodeHandlers: Handlers<NodeCalls> = {
  'api.describe': () => tagged(openApi()),
  // Alive: the process answers. Says nothing more, as anybody on this machine may ask.
  'node.health': () => json({ alive: true }),
  'node.readiness': readiness,
  'node.status': ({ node }) => json(node.status()),
  'node.peers': ({ node }) => json(node.peers()),
  'node.members': ({ node }) => json(node.members()),
  'profile.show': ({ node }) => json(node.profile()),
  'profile.change': async ({ node }, _request, { body: { place } }) => {
    await node.setPlace(place)
    return json(node.profile())
  },
  'node.events': ({ events, limits }, request) => liveReply(events.after(request.header('last-event-id'), request.signal), limits.heartbeatMs),
  'node.scrub': ({ node, limits }) => progressing(async onProgress => ok(await node.scrub(onProgress)), limits.heartbeatMs),
  'node.stop': ({ requestStop }) => {
    requestStop()
    return { type: 'nothing' }
  },
  'bundles.make': makeBundle,
  'bundles.download': downloadBundle,
  'bundles.open': async ({ node }, request) => jsonOrProblem(await node.openBundle(request.chunks())),
  'federation.invite': async ({ node }, _request, { body }) => jsonOrProblem(await node.invite(body), 201),
  'federation.join': async ({ node }, _request, { body }) => jsonOrProblem(await node.join(body.ticket)),
  'federation.revoke': async ({ node }, _request, { body }) => {
    const revoked = await node.revoke(body)
    return revoked.ok ? { type: 'nothing' } : problem(revoked.failure)
  },
  'federation.applications': ({ node }) => node.ledger() === undefined ? problem(NO_LEDGER) : json(node.applications())
}
