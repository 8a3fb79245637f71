/**
 * Tells endpoints of entities as they change: subscriptions of NGSI-LD (ETSI GS CIM 009, 5.8).
 *
 * Each listens to the streams of its types in the name of whoever made it, so the doors decide at every record, and what they no longer
 * allow is told no longer. It is told of what comes after it was made. `throttling` puts seconds between notifications, and what changed meanwhile goes
 * together; `timeInterval` tells of all that fits, again and again. Removal of an entity is not told of.
 *
 * Endpoints of https, and of http where the operator allows the address, are asked by the client that is not led into private networks;
 * mqtt through a port. Any status from 200 to 299 is an acknowledgement. What is not acknowledged is told again, after a second, two, and so on; after five
 * failures in a row the subscription rests, with `status: paused` and `notification.status: failed`, until it is changed by PATCH.
 *
 * A member makes and changes its own with any token in its name. Those of the people of this node are made and changed by who may
 * operate it. They go on sending when the time of a session or token is over, and end with a token that is revoked. Who may only look
 * sees all of them.
 *
 * They are kept in the data folder, with how far each has come: after a restart they go on from there, and something may be told twice.
 * Secrets in `receiverInfo` are shown to its owner alone, and not to who may only look.
 *
 * Deviates: there is no notification at the moment of creation; `notificationTrigger`, `csf`, `scopeQ`, `temporalQ` and `lang` are refused.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import type { Asker } from '../../node/contract/index.ts'
import { NGSI_PATH, type NgsiCalls } from '../../sdk/ngsi/index.ts'
import { askerOf, type Context, type Handlers } from '../context/index.ts'
import { CORE_CONTEXT, type Contexts, type Names } from '../entities/index.ts'
import type { ApiRequest } from '../http/index.ts'
import { answered, badData, bodyOf, created, namesOfHeaders, pageLinks, pageOf, refused, unknownName, type Refusal } from '../ngsi/index.ts'
import type { SubscriptionBook } from './book.ts'
import { shown } from './view.ts'

export { SubscriptionBook } from './book.ts'
export type { Fetch, PublishMqtt, SubscriptionPorts } from './types.ts'

type SubscriptionCalls = { readonly [Id in Extract<keyof NgsiCalls, `subscriptions.${string}`>]: NgsiCalls[Id] }
const PATH = `${NGSI_PATH}/subscriptions`

export function subscriptionHandlers ({ contexts, book }: { readonly contexts: Contexts, readonly book: SubscriptionBook }): Handlers<SubscriptionCalls> {
  return {
    'subscriptions.list': (context, request, { query, accepted }) => {
      const unknown = unknownName(query, ['limit', 'offset', 'count', 'options'])
      const page = pageOf(query)
      const asked = askedBy(context, request, contexts)
      if (unknown !== undefined) return refused(unknown)
      if (!page.ok) return refused(page.failure)
      if (!asked.ok) return refused(asked.failure)
      const all = book.list(asked.value.owner)
      const { offset, limit, isCounted } = page.value
      const part = all.slice(offset, offset + limit).map(entry => shown(entry, book.statusOf(entry), isOwner(request, asked.value.owner, entry.kept.owner)))
      const headers = isCounted ? { 'NGSILD-Results-Count': String(all.length) } : {}
      return answered(part, asked.value.names, accepted, headers, pageLinks(PATH, query, page.value, all.length > offset + part.length))
    },

    'subscriptions.create': async (context, request, { query }) => {
      const given = await givenIn(context, request, query, contexts)
      if (!given.ok) return refused(given.failure)
      const { owner, value, namesContext } = given.value
      if (!isOwner(request, owner, owner)) return refused(ONLY_LOOKS)
      const id = await book.create(owner, value, namesContext, request.caller?.id)
      return id.ok ? created(`${PATH}/${encodeURIComponent(id.value).replaceAll('%3A', ':')}`) : refused(id.failure)
    },

    'subscriptions.show': (context, request, { query, accepted }) => {
      const unknown = unknownName(query, ['options'])
      const asked = askedBy(context, request, contexts)
      if (unknown !== undefined) return refused(unknown)
      if (!asked.ok) return refused(asked.failure)
      const entry = book.find(asked.value.owner, request.parameters['id'] ?? '')
      return entry.ok ? answered(shown(entry.value, book.statusOf(entry.value), isOwner(request, asked.value.owner, entry.value.kept.owner)), entry.value.plan.names, accepted) : refused(entry.failure)
    },

    'subscriptions.update': async (context, request, { query }) => {
      const given = await givenIn(context, request, query, contexts)
      if (!given.ok) return refused(given.failure)
      const { owner, value, namesContext } = given.value
      const entry = book.find(owner, request.parameters['id'] ?? '')
      if (!entry.ok) return refused(entry.failure)
      if (!mayChange(request, owner, entry.value.kept.owner)) return refused(ONLY_LOOKS)
      const isOther = namesContext !== CORE_CONTEXT && JSON.stringify(namesContext) !== JSON.stringify(entry.value.kept.context)
      if (isOther) return refused(badData('a subscription keeps its context', 'remove it and make another'))
      const done = await book.update(owner, entry.value.kept.id, value)
      return done.ok ? { type: 'nothing' } : refused(done.failure)
    },

    'subscriptions.delete': async (context, request, { query }) => {
      const unknown = unknownName(query, [])
      const asked = askedBy(context, request, contexts)
      if (unknown !== undefined) return refused(unknown)
      if (!asked.ok) return refused(asked.failure)
      const entry = book.find(asked.value.owner, request.parameters['id'] ?? '')
      if (!entry.ok) return refused(entry.failure)
      if (!mayChange(request, asked.value.owner, entry.value.kept.owner)) return refused(ONLY_LOOKS)
      const done = await book.remove(asked.value.owner, entry.value.kept.id)
      return done.ok ? { type: 'nothing' } : refused(done.failure)
    }
  }
}

/** Whether it is theirs: of the people of this node, for who may operate it. */
function isOwner (request: ApiRequest, { requester }: Asker, owner: Asker): boolean {
  return requester === owner.requester && (requester !== undefined || request.caller?.scope !== 'read')
}

/** Whoever operates this node may end what a member has it send. */
function mayChange (request: ApiRequest, { requester }: Asker, owner: Asker): boolean {
  return requester === owner.requester ? isOwner(request, { requester }, owner) : request.caller?.scope !== 'read'
}

const ONLY_LOOKS: Refusal = { code: 'forbidden', reason: 'subscriptions are made and changed by members for themselves, and by who may operate this node; the token or session can only read', hint: 'use a token with the scope operate' }

/** The body, and who sends it. */
async function givenIn (
  context: Context, request: ApiRequest, query: Readonly<Record<string, unknown>>, contexts: Contexts
): Promise<Result<{ readonly owner: Asker, readonly value: Readonly<Record<string, unknown>>, readonly namesContext: unknown }, Refusal>> {
  const unknown = unknownName(query, [])
  const asked = askedBy(context, request, contexts)
  if (unknown !== undefined) return fail(unknown)
  if (!asked.ok) return asked
  const body = await bodyOf(request, contexts)
  if (!body.ok) return body
  const part = body.value.namesOf(body.value.value)
  if (!part.ok) return part
  const { value, names } = part.value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(badData('a subscription is a JSON object'))
  return ok({ owner: asked.value.owner, value: value as Readonly<Record<string, unknown>>, namesContext: names.context })
}

/** Who asks. Somebody without a name could never be asked to stop. */
function askedBy (context: Context, request: ApiRequest, contexts: Contexts): Result<{ readonly owner: Asker, readonly names: Names }, Refusal> {
  const names = namesOfHeaders(request, contexts)
  if (!names.ok) return names
  const asker = askerOf(context, request)
  if (!asker.ok) return asker
  if (asker.value.requester === null) return fail({ code: 'forbidden', reason: 'subscriptions are for members and the people of this node', hint: 'ask with a token' })
  return ok({ owner: asker.value, names: names.value })
}
