/**
 * Says which calls of NGSI-LD (ETSI GS CIM 009, version 1.8) this node answers, under `/ngsi-ld/v1`.
 *
 * Queries are taken as texts and read by the handlers, because what is wrong with them is answered in the words of the standard: a
 * problem whose `type` is one of `https://uri.etsi.org/ngsi-ld/errors/`. Bodies likewise. What the standard has and this node does not
 * is in the table too, and answers 400 with the type OperationNotSupported: nobody shall take an empty answer for a true one.
 */
import { z } from 'zod'
import { json, type AnswerShape, type Call, type Method, type Operations } from '../operation/index.ts'

export const NGSI_PATH = '/ngsi-ld/v1'
/** Beside JSON: the same with its context in it, and GeoJSON. */
export const LD_JSON = 'application/ld+json'
export const GEO_JSON = 'application/geo+json'
const MERGE_PATCH_JSON = 'application/merge-patch+json'

export const BATCH_ENTITIES_MAX = 10_000
export const BATCH_BYTES_MAX = 33_554_432
const QUERY_LENGTH_MAX = 8_000

type Texts<Name extends string> = { readonly [Each in Name]?: string } & { readonly [other: string]: unknown }
export type EntityQueryTexts = Texts<
  'type' | 'id' | 'idPattern' | 'attrs' | 'q' | 'georel' | 'geometry' | 'coordinates' | 'geoproperty' | 'geometryProperty' | 'timerel' | 'timeAt' | 'endTimeAt' |
  'timeproperty' | 'limit' | 'offset' | 'count' | 'options'
>
export type EntityTexts = Texts<'attrs' | 'type' | 'geometryProperty' | 'options'>
export type OptionTexts = Texts<'options' | 'type'>
export type PageTexts = Texts<'limit' | 'offset' | 'count' | 'options'>

export type NgsiCalls = {
  'entities.query': Call<EntityQueryTexts>
  'entities.create': Call<OptionTexts>
  'entities.show': Call<EntityTexts>
  'entities.delete': Call<OptionTexts>
  'entities.update': Call<OptionTexts>
  'entities.append': Call<OptionTexts>
  'entities.batchCreate': Call<OptionTexts>
  'entities.batchUpsert': Call<OptionTexts>
  'entities.batchUpdate': Call<OptionTexts>
  'entities.batchDelete': Call<OptionTexts>
  'subscriptions.list': Call<PageTexts>
  'subscriptions.create': Call<OptionTexts>
  'subscriptions.show': Call<OptionTexts>
  'subscriptions.update': Call<OptionTexts>
  'subscriptions.delete': Call<OptionTexts>
} & { readonly [Id in AbsentId]: Call<Texts<never>> }

function texts<Q> (names: Readonly<Record<string, string>>): z.ZodType<Q> {
  const shape = Object.fromEntries(Object.entries(names).map(([name, description]) => [name, z.string().max(QUERY_LENGTH_MAX).meta({ description }).exactOptional()]))
  return z.looseObject(shape) as unknown as z.ZodType<Q>
}

const FORM = 'keyValues or normalized'
const OPTIONS = { options: FORM, type: 'short name or IRI of its type' }
const PAGE = { limit: 'at most 1000; 20 where nothing is said', offset: 'so many are passed over', count: 'true: the header NGSILD-Results-Count says how many there are', options: FORM }
const PLACE = { geometryProperty: 'attribute that is the geometry of a feature; location where nothing is said' }
const QUERY = {
  ...PAGE, ...PLACE, type: 'types, with commas between', id: 'ids, with commas between', idPattern: 'a regular expression', attrs: 'attributes, with commas between', q: 'a question about values, such as fillingLevel>0.8;status=="ok"',
  georel: 'near;maxDistance==METRES, near;minDistance==METRES, within, contains, intersects, equals, disjoint or overlaps', geometry: 'Point, LineString, Polygon, or several of one', coordinates: 'as in GeoJSON',
  geoproperty: 'attribute that holds the place; location where nothing is said', timerel: 'before, after or between', timeAt: 'a date with time and zone', endTimeAt: 'with between', timeproperty: 'observedAt or modifiedAt'
}

const entity = z.looseObject({ id: z.string(), type: z.string() })
const collection = z.looseObject({ type: z.literal('FeatureCollection'), features: z.array(z.looseObject({ id: z.string(), type: z.literal('Feature') })) })
const ids = z.array(z.string())
const problem = z.looseObject({ type: z.string(), title: z.string(), detail: z.string() })
const batchResult = json(z.object({ success: ids, errors: z.array(z.object({ entityId: z.string(), error: problem })) }))
const updateResult = json(z.object({ updated: ids, notUpdated: z.array(z.object({ attributeName: z.string(), reason: z.string() })) }))
const subscription = z.looseObject({ id: z.string(), type: z.literal('Subscription'), status: z.enum(['active', 'paused', 'expired']) })
const forms = (schema: z.ZodType): readonly AnswerShape[] => [json(schema), json(schema, LD_JSON)]

const read = { method: 'GET', scope: 'read', tag: 'NGSI-LD', forOthers: true, invalidStatus: 400, headers: { link: 'the context of names in the query and the answer' }, problems: [404, 504] } as const
const write = {
  method: 'POST', scope: 'operate', tag: 'NGSI-LD', invalidStatus: 400, query: texts<OptionTexts>(OPTIONS), headers: { link: 'the context of names in the body' }, problems: [404, 409, 503, 504, 507]
} as const
const given = { as: 'stream', mediaTypes: ['application/json', LD_JSON] } as const
const patched = { as: 'stream', mediaTypes: ['application/json', LD_JSON, MERGE_PATCH_JSON] } as const
const ENTITIES = `${NGSI_PATH}/entities`
const BATCH = `${NGSI_PATH}/entityOperations`
const SUBSCRIPTIONS = `${NGSI_PATH}/subscriptions`
/** A member may be told of what it may follow, by any token in its name; of the people of this node who may operate it. The doors are asked in the name of either at each notification. */
const follow = { ...write, scope: 'read', forOthers: true } as const

/** Calls of the standard that this node does not offer, each with what it would be about. */
const ABSENT = {
  'ngsi.queryByPost': ['POST', '/entityOperations/query'], 'ngsi.merge': ['POST', '/entityOperations/merge'], 'ngsi.purge': ['DELETE', '/entities'],
  'ngsi.mergeEntity': ['PATCH', '/entities/:id'], 'ngsi.replaceEntity': ['PUT', '/entities/:id'],
  'ngsi.updateAttribute': ['PATCH', '/entities/:id/attrs/:name'], 'ngsi.replaceAttribute': ['PUT', '/entities/:id/attrs/:name'], 'ngsi.deleteAttribute': ['DELETE', '/entities/:id/attrs/:name'],
  'ngsi.types': ['GET', '/types'], 'ngsi.type': ['GET', '/types/:type'], 'ngsi.attributes': ['GET', '/attributes'], 'ngsi.attribute': ['GET', '/attributes/:name'],
  'ngsi.temporal': ['GET', '/temporal/entities'], 'ngsi.temporalCreate': ['POST', '/temporal/entities'], 'ngsi.temporalShow': ['GET', '/temporal/entities/:id'],
  'ngsi.temporalDelete': ['DELETE', '/temporal/entities/:id'], 'ngsi.temporalQuery': ['POST', '/temporal/entityOperations/query'],
  'ngsi.sources': ['GET', '/csourceRegistrations'], 'ngsi.sourceCreate': ['POST', '/csourceRegistrations'], 'ngsi.source': ['GET', '/csourceRegistrations/:id'],
  'ngsi.sourceUpdate': ['PATCH', '/csourceRegistrations/:id'], 'ngsi.sourceDelete': ['DELETE', '/csourceRegistrations/:id'],
  'ngsi.sourceSubscriptions': ['GET', '/csourceSubscriptions'], 'ngsi.sourceSubscriptionCreate': ['POST', '/csourceSubscriptions'],
  'ngsi.contexts': ['GET', '/jsonldContexts'], 'ngsi.contextCreate': ['POST', '/jsonldContexts'], 'ngsi.context': ['GET', '/jsonldContexts/:id']
} as const satisfies Readonly<Record<string, readonly [Method, string]>>
export type AbsentId = keyof typeof ABSENT
export const ABSENT_IDS = Object.keys(ABSENT) as readonly AbsentId[]

const absent = Object.fromEntries(Object.entries(ABSENT).map(([id, [method, path]]) => [id, {
  ...read, method, path: `${NGSI_PATH}${path}`, query: texts<Texts<never>>({}), summary: 'Not offered', answers: {}, problems: [404, 413, 415]
}])) as unknown as Operations<{ readonly [Id in AbsentId]: Call<Texts<never>> }>

export const NGSI_OPERATIONS: Operations<NgsiCalls> = {
  'entities.query': {
    ...read, path: ENTITIES, summary: 'Entities of a type, with attributes, values, a place or a time', query: texts<EntityQueryTexts>(QUERY),
    description: 'Needs at least one of type, attrs, q and georel.', answers: { 200: [...forms(z.array(entity)), json(collection, GEO_JSON)] }
  },
  'entities.create': { ...write, path: ENTITIES, summary: 'Add an entity', body: given, answers: { 201: null } },
  'entities.show': {
    ...read, path: `${ENTITIES}/:id`, summary: 'One entity', query: texts<EntityTexts>({ ...OPTIONS, ...PLACE, attrs: 'attributes, with commas between' }),
    answers: { 200: [...forms(entity), json(z.looseObject({ id: z.string(), type: z.literal('Feature') }), GEO_JSON)] }
  },
  'entities.delete': { ...write, method: 'DELETE', path: `${ENTITIES}/:id`, summary: 'Remove an entity', answers: { 204: null } },
  'entities.update': { ...write, method: 'PATCH', path: `${ENTITIES}/:id/attrs`, summary: 'Change attributes that an entity has', body: patched, answers: { 204: null, 207: updateResult } },
  'entities.append': {
    ...write, path: `${ENTITIES}/:id/attrs`, summary: 'Add attributes to an entity', query: texts<OptionTexts>({ options: 'noOverwrite', type: OPTIONS.type }), body: given, answers: { 204: null, 207: updateResult }
  },
  'entities.batchCreate': { ...write, path: `${BATCH}/create`, summary: 'Add entities', body: given, answers: { 201: json(ids), 207: batchResult } },
  'entities.batchUpsert': {
    ...write, path: `${BATCH}/upsert`, summary: 'Add entities, or replace those that there are', query: texts<OptionTexts>({ options: 'update: attributes that are not named stay' }), body: given,
    answers: { 201: json(ids), 204: null, 207: batchResult }
  },
  'entities.batchUpdate': {
    ...write, path: `${BATCH}/update`, summary: 'Change attributes of entities', query: texts<OptionTexts>({ options: 'noOverwrite' }), body: given, answers: { 204: null, 207: batchResult }
  },
  'entities.batchDelete': { ...write, path: `${BATCH}/delete`, summary: 'Remove entities', body: given, answers: { 204: null, 207: batchResult } },
  'subscriptions.list': { ...read, path: SUBSCRIPTIONS, summary: 'Subscriptions of the caller', query: texts<PageTexts>(PAGE), answers: { 200: forms(z.array(subscription)) } },
  'subscriptions.create': { ...follow, path: SUBSCRIPTIONS, summary: 'Be told of entities as they change', body: given, answers: { 201: null }, problems: [404, 409, 503, 504] },
  'subscriptions.show': { ...read, path: `${SUBSCRIPTIONS}/:id`, summary: 'One subscription, and how it fares', query: texts<OptionTexts>(OPTIONS), answers: { 200: forms(subscription) } },
  'subscriptions.update': { ...follow, method: 'PATCH', path: `${SUBSCRIPTIONS}/:id`, summary: 'Change a subscription, pause it or let it go on', body: patched, answers: { 204: null } },
  'subscriptions.delete': { ...follow, method: 'DELETE', path: `${SUBSCRIPTIONS}/:id`, summary: 'Be told no longer', answers: { 204: null } },
  ...absent
}
