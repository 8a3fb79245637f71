import { fail, ok, type Result } from '../../base/index.ts'
import type { Filter } from '../../core/rows/index.ts'
import type { Asker, Dataset, RecordQuery } from '../../node/contract/index.ts'
import { API_PATH } from '../../sdk/index.ts'
import { FEATURES_PATH, FEATURES_TYPE, type FeatureCalls } from '../../sdk/features/index.ts'
import { askerOf, originOf, type Context, type Handler, type Handlers } from '../context/index.ts'
import { problem, type AnyFailure, type ApiRequest, type Reply } from '../http/index.ts'
import { collectionIdOf, collectionNamed, collectionsOf, viewOf, type Link } from './collections.ts'
import { featureOf } from './feature.ts'

const CONFORMANCE: readonly string[] = ['core', 'geojson'].map(each => `http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/${each}`)
const JSON_TYPE = 'application/json'

const landing: Handler<FeatureCalls['features.landing']> = (context, request) => {
  const origin = originOf(context, request)
  const root = origin + FEATURES_PATH
  return said({
    title: `Data of ${context.node.status().member.name}`, description: 'Rows of datasets that are somewhere, as features',
    links: [
      { href: root, rel: 'self', type: JSON_TYPE, title: 'this document' },
      { href: `${origin}${API_PATH}/openapi.json`, rel: 'service-desc', type: 'application/vnd.oai.openapi+json;version=3.1', title: 'the whole API' },
      { href: `${root}/conformance`, rel: 'conformance', type: JSON_TYPE, title: 'which parts of the standard hold' },
      { href: `${root}/collections`, rel: 'data', type: JSON_TYPE, title: 'collections' }
    ] satisfies readonly Link[]
  })
}

const collections: Handler<FeatureCalls['features.collections']> = async (context, request) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const root = originOf(context, request) + FEATURES_PATH
  return said({
    links: [{ href: `${root}/collections`, rel: 'self', type: JSON_TYPE }], collections: (await collectionsOf(context, asker.value)).map(dataset => viewOf(dataset, root))
  })
}

const collection: Handler<FeatureCalls['features.collection']> = (context, request) => {
  const found = foundOf(context, request)
  return found.ok ? said(viewOf(found.value.dataset, originOf(context, request) + FEATURES_PATH)) : problem(found.failure)
}

const items: Handler<FeatureCalls['features.items']> = async (context, request, { query: { bbox, datetime, limit, latest, cursor, ...columns } }) => {
  const found = foundOf(context, request)
  if (!found.ok) return problem(found.failure)
  const { dataset, asker } = found.value
  const where = filtersOf(dataset, columns)
  if (!where.ok) return wrong(where.failure)
  const asked: RecordQuery = { box: bbox, fromMs: datetime?.fromMs, toMs: datetime?.toMs, latest: latest === 'true', where: where.value, limit, after: cursor }
  const page = await context.node.query(dataset.id, asked, asker)
  if (!page.ok) return page.failure.code === 'cursor' || page.failure.code === 'invalid' ? wrong(page.failure) : problem(page.failure)
  const { rows, next } = page.value
  const self = `${originOf(context, request)}${FEATURES_PATH}/collections/${collectionIdOf(dataset)}/items`
  const links: readonly Link[] = [
    { href: self + textOfQuery(request.search), rel: 'self', type: FEATURES_TYPE },
    ...next === null ? [] : [{ href: self + textOfQuery(request.search, next), rel: 'next', type: FEATURES_TYPE }],
    { href: self.slice(0, -'/items'.length), rel: 'collection', type: JSON_TYPE }
  ]
  return said({
    type: 'FeatureCollection', numberReturned: rows.length, timeStamp: new Date(context.nowMs()).toISOString(), links, features: rows.map(row => featureOf(dataset, row))
  }, FEATURES_TYPE)
}

const item: Handler<FeatureCalls['features.item']> = async (context, request) => {
  const found = foundOf(context, request)
  if (!found.ok) return problem(found.failure)
  const { dataset, asker } = found.value
  const name = request.parameters['feature'] ?? ''
  const number = /^\d{1,15}$/.test(name) ? Number(name) : undefined
  const page = number === undefined ? undefined : await context.node.query(dataset.id, { from: number, limit: 1 }, asker)
  if (page?.ok === false) return problem(page.failure)
  const row = page?.value.rows[0]
  if (row === undefined || row.number !== number) return problem({ code: 'not-found', reason: `there is no feature "${name.slice(0, 100)}"`, hint: 'its id is the number of a record that is a row' })
  const root = `${originOf(context, request)}${FEATURES_PATH}/collections/${collectionIdOf(dataset)}`
  const links: readonly Link[] = [
    { href: `${root}/items/${number}`, rel: 'self', type: FEATURES_TYPE }, { href: root, rel: 'collection', type: JSON_TYPE }
  ]
  return said({ ...featureOf(dataset, row), links }, FEATURES_TYPE)
}

export const featureHandlers: Handlers<FeatureCalls> = {
  'features.landing': landing, 'features.conformance': () => said({ conformsTo: CONFORMANCE }), 'features.collections': collections, 'features.collection': collection,
  'features.items': items, 'features.item': item
}

function foundOf (context: Context, request: ApiRequest): Result<{ readonly dataset: Dataset, readonly asker: Asker }, AnyFailure> {
  const asker = askerOf(context, request)
  if (!asker.ok) return asker
  const dataset = collectionNamed(context, request.parameters['collection'] ?? '', asker.value)
  return dataset.ok ? ok({ dataset: dataset.value, asker: asker.value }) : dataset
}

/** Section 7.15.8: "The server SHALL respond with a response with the status code 400, if the request URI includes a query parameter that is not specified in the API definition." */
function filtersOf ({ schema }: Dataset, columns: Readonly<Record<string, unknown>>): Result<readonly Filter[], AnyFailure> {
  const filters: Filter[] = []
  for (const [column, value] of Object.entries(columns)) {
    if (typeof value !== 'string' || schema.every(({ name }) => name !== column)) {
      return fail({ code: 'invalid', reason: `"${column.slice(0, 100)}" is no parameter and no column`, hint: `columns are ${schema.map(({ name }) => name).join(', ')}`.slice(0, 1_000) })
    }
    filters.push({ column, op: '=', value })
  }
  return ok(filters)
}

function textOfQuery (query: URLSearchParams, cursor?: string): string {
  if (cursor !== undefined) query.set('cursor', cursor)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function wrong (failure: AnyFailure): Reply {
  return problem(failure, undefined, 400)
}

function said (value: unknown, mediaType = JSON_TYPE): Reply {
  return { type: 'json', status: 200, value, headers: { 'content-type': mediaType, 'cache-control': 'no-store' } }
}
