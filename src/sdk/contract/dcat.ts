import { z } from 'zod'
import { json, text, type Call, type Operations } from '../operation/index.ts'

type PageQuery = { readonly after?: string }

/** The catalogue as harvesters of other portals read it. */
export type DcatCalls = {
  'dcat.turtle': Call<PageQuery>
  'dcat.jsonld': Call<PageQuery>
  'dcat.rdfxml': Call<PageQuery>
}

const common = {
  method: 'GET', scope: 'read', tag: 'Catalogue for other portals', forOthers: true,
  description: 'DCAT-AP 3.0.1: datasets of this member that the caller may know of, in pages of 500 that name the next.',
  query: z.strictObject({ after: z.string().min(1).max(512).exactOptional() }),
  headers: { 'if-none-match': 'the tag of an answer that is held already' }
} as const

export const DCAT_OPERATIONS: Operations<DcatCalls> = {
  'dcat.turtle': { ...common, path: '/catalog.ttl', summary: 'The catalogue in Turtle', answers: { 200: text('text/turtle'), 304: null } },
  'dcat.jsonld': { ...common, path: '/catalog.jsonld', summary: 'The catalogue in JSON-LD', answers: { 200: json(z.record(z.string(), z.unknown()), 'application/ld+json'), 304: null } },
  'dcat.rdfxml': { ...common, path: '/catalog.rdf', summary: 'The catalogue in RDF/XML', answers: { 200: text('application/rdf+xml'), 304: null } }
}
