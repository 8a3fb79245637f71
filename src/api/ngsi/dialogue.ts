import { fail, ok, textOf, type Result } from '../../base/index.ts'
import { GEO_JSON, LD_JSON } from '../../sdk/ngsi/index.ts'
import { Contexts, CORE_CONTEXT, PLAIN_NAMES, type ContextFailure, type FormFailure, type Names, type WrittenForm } from '../entities/index.ts'
import type { ApiRequest, Headers, Reply } from '../http/index.ts'
import { badData, notOffered, type NgsiFailure, type Refusal } from './problems.ts'

const CONTEXT_RELATION = 'http://www.w3.org/ns/json-ld#context'

/** The names that a request speaks in, by its header `Link`; without one, the short names that are kept. */
export function namesOfHeaders (request: ApiRequest, contexts: Contexts): Result<Names, NgsiFailure> {
  if (request.header('ngsild-tenant') !== undefined) return fail(notOffered('tenants are not offered'))
  const url = linkedContext(request.header('link') ?? '')
  if (url === undefined) return ok(PLAIN_NAMES)
  const names = contexts.namesOf(url)
  return names.ok ? names : fail(contextRefused(names.failure))
}

function linkedContext (link: string): string | undefined {
  for (const [, url, parameters = ''] of link.slice(0, 4_096).matchAll(/<([^<>]{1,1024})>([^<]{0,256})/g)) {
    if (/;\s*rel\s*=\s*"?http:\/\/www\.w3\.org\/ns\/json-ld#context"?(?=\s*[;,]|\s*$)/.test(parameters)) return url
  }
  return undefined
}

function contextRefused (failure: ContextFailure): NgsiFailure {
  return failure.code === 'malformed' ? badData(failure.reason) : {
    kind: 'LdContextNotAvailable', detail: `the context ${failure.url} is not known here, and contexts are never fetched`, hint: 'ask the operator of this node to add it, or put its terms into @context'
  }
}

/** A body and the names that it speaks in, where all of it has the same. */
export type Body = { readonly value: unknown, readonly namesOf: (part: unknown) => Result<{ readonly value: unknown, readonly names: Names }, NgsiFailure> }

/**
 * ETSI GS CIM 009, 6.3.5: JSON has its context in the header and none in it; JSON-LD has it in it and no header. A JSON merge patch
 * may do either.
 */
export async function bodyOf (request: ApiRequest, contexts: Contexts, sizeBytesMax?: number): Promise<Result<Body, Refusal>> {
  const header = namesOfHeaders(request, contexts)
  if (!header.ok) return header
  const mediaType = request.mediaType()
  const hasLink = linkedContext(request.header('link') ?? '') !== undefined
  if (mediaType === LD_JSON && hasLink) return fail(badData('the context of JSON-LD stands in it, and not in the header Link'))
  const bytes = await request.bytes(sizeBytesMax)
  if (!bytes.ok) return bytes
  let value: unknown
  try {
    value = JSON.parse(textOf(bytes.value) ?? '')
  } catch {
    return fail({ kind: 'InvalidRequest', detail: 'the body is no JSON in UTF-8', hint: 'send JSON' })
  }
  const namesOf: Body['namesOf'] = part => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return ok({ value: part, names: header.value })
    const { '@context': context, ...rest } = part as Readonly<Record<string, unknown>>
    if (mediaType === LD_JSON && context === undefined) return fail(badData('JSON-LD has an @context'))
    if (context === undefined) return ok({ value: part, names: header.value })
    if (mediaType === 'application/json') return fail(badData('an @context stands in JSON-LD alone', `send it as ${LD_JSON}, or the context in the header Link`))
    const names = contexts.namesOf(context)
    return names.ok ? ok({ value: rest, names: names.value }) : fail(contextRefused(names.failure))
  }
  return ok({ value, namesOf })
}

export function formRefused ({ reason, position, notOffered: isAbsent }: FormFailure): NgsiFailure {
  const detail = position === '' ? reason : `${position}: ${reason}`
  return isAbsent === true ? notOffered(detail) : badData(detail)
}

/** Refuses names of the query that are not known: each would be a condition that is not met. */
export function unknownName (query: Readonly<Record<string, unknown>>, known: readonly string[]): NgsiFailure | undefined {
  const other = Object.keys(query).find(name => !known.includes(name))
  return other === undefined ? undefined : badData(`${other.slice(0, 64)} is not offered`, `known here are ${known.join(', ')}`)
}

/** The options of a request; undefined in the set of known ones is none. */
export function optionsOf<Known extends string> (given: string | undefined, known: readonly Known[]): Result<ReadonlySet<Known>, NgsiFailure> {
  const options = given === undefined || given === '' ? [] : given.split(',').map(each => each.trim())
  const other = options.find(each => !known.some(name => name === each))
  return other === undefined ? ok(new Set(options as Known[])) : fail(badData(`the option ${other.slice(0, 64)} is not offered here`, `options are ${known.join(', ')}`))
}

/** `simplified` is what later versions of the standard call `keyValues`. */
export function formOf (given: string | undefined): Result<WrittenForm, NgsiFailure> {
  const options = optionsOf(given, ['keyValues', 'normalized', 'simplified'])
  if (!options.ok) return options
  const isShort = options.value.has('keyValues') || options.value.has('simplified')
  return isShort && options.value.has('normalized') ? fail(badData('keyValues and normalized exclude each other')) : ok(isShort ? 'keyValues' : 'normalized')
}

/** An answer in the form that the client likes best; the context stands in it, or in the header. */
export function answered (value: object, names: Names, accepted: string, headers: Headers = {}, links: readonly string[] = []): Reply {
  const context = names.context ?? CORE_CONTEXT
  if (accepted !== LD_JSON) {
    const isLinked = typeof context === 'string'
    const link = [...isLinked ? [`<${context}>; rel="${CONTEXT_RELATION}"; type="${LD_JSON}"`] : [], ...links].join(', ')
    return { type: 'json', status: 200, value, headers: { 'content-type': accepted === GEO_JSON ? GEO_JSON : 'application/json', ...link === '' ? {} : { link }, ...headers } }
  }
  const within = Array.isArray(value) ? value.map(each => ({ ...each as object, '@context': context })) : { ...value, '@context': context }
  return { type: 'json', status: 200, value: within, headers: { 'content-type': LD_JSON, ...links.length === 0 ? {} : { link: links.join(', ') }, ...headers } }
}

/** Created, with its address and no body. */
export function created (location: string): Reply {
  return { type: 'stream', status: 201, headers: { location, 'content-length': '0' }, chunks: nothing() }
}

async function * nothing (): AsyncGenerator<Uint8Array> {}
