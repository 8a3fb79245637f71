import { utf8 } from '../../base/index.ts'
import type { Asker, Dataset, HanseNode } from '../../node/contract/index.ts'
import type { DcatCalls } from '../../sdk/contract/index.ts'
import { askerOf, originOf, type Handler, type Handlers } from '../context/index.ts'
import { problem, tagOf, type ApiRequest, type Reply } from '../http/index.ts'
import { catalogOf } from './catalog.ts'
import { SYNTAX_MEDIA_TYPES, write, type Syntax } from './syntaxes.ts'

const PAGE_SIZE = 500

export const dcatHandlers: Handlers<DcatCalls> = {
  'dcat.turtle': handlerOf('turtle', '/catalog.ttl'),
  'dcat.jsonld': handlerOf('jsonld', '/catalog.jsonld'),
  'dcat.rdfxml': handlerOf('rdfxml', '/catalog.rdf')
}

function handlerOf (syntax: Syntax, path: string): Handler<DcatCalls['dcat.turtle']> {
  return (context, request, { query: { after } }) => {
    const asker = askerOf(context, request)
    if (!asker.ok) return problem(asker.failure)
    const { did, name } = context.node.status().member
    const datasets = pageOf(context.node, did, asker.value, after)
    const address = `${originOf(context, request)}${path}`
    const last = datasets.length < PAGE_SIZE ? undefined : datasets.at(-1)
    return document(request, syntax, {
      publisher: { did, name }, datasets, origin: originOf(context, request), self: after === undefined ? address : `${address}?after=${encodeURIComponent(after)}`,
      next: last === undefined ? null : `${address}?after=${encodeURIComponent(last.id)}`
    })
  }
}

/** Others publish what is theirs: found at two members, a dataset would be harvested twice. */
function pageOf (node: HanseNode, did: string, asker: Asker, after: string | undefined): readonly Dataset[] {
  return node.datasets({ publisher: did, limit: PAGE_SIZE, ...after === undefined ? {} : { after } }, asker)
}

function document (request: ApiRequest, syntax: Syntax, page: Parameters<typeof catalogOf>[0]): Reply {
  const bytes = utf8(write(catalogOf(page), syntax))
  const etag = tagOf(bytes)
  const known = (request.header('if-none-match') ?? '').split(',').some(each => each.trim().replace(/^W\//, '') === etag)
  // What the whole would say of keeping it: else a browser throws away what it holds (RFC 9110, section 15.4.5).
  const held = { etag, 'cache-control': 'private, no-cache' }
  if (known) return { type: 'stream', status: 304, headers: held, chunks: only() }
  const newestMs = page.datasets.reduce((newest, { modifiedMs }) => Math.max(newest, modifiedMs), 0)
  return {
    type: 'stream', status: 200, chunks: only(bytes),
    headers: {
      'content-type': `${SYNTAX_MEDIA_TYPES[syntax]}${syntax === 'turtle' ? '; charset=utf-8' : ''}`, 'content-length': String(bytes.length), ...held,
      'last-modified': new Date(newestMs).toUTCString()
    }
  }
}

async function * only (...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield * chunks
}
