import { fail, ok, type Result } from '../../base/index.ts'
import { isEntityId } from '../../sdk/models/index.ts'
import { NGSI_PATH, type NgsiCalls } from '../../sdk/ngsi/index.ts'
import type { Context, Handlers } from '../context/index.ts'
import { readEntity, readFragment, type Contexts, type GivenForm } from '../entities/index.ts'
import type { ApiRequest, Reply } from '../http/index.ts'
import { changedBy, createdBy, deletedBy, type Given, type Told } from './changes.ts'
import { bodyOf, created, formRefused, namesOfHeaders, optionsOf, unknownName, type Body } from './dialogue.ts'
import { badData, notFound, refused, type Refusal } from './problems.ts'
import { newestOf } from './search.ts'
import { keyOf, sourcesOf, type Source } from './sources.ts'
import type { Change, EntityWriter } from './writer.ts'

type Calls = Pick<NgsiCalls, 'entities.create' | 'entities.delete' | 'entities.update' | 'entities.append'>

export function writingHandlers (contexts: Contexts, writer: EntityWriter): Handlers<Calls> {
  return {
    'entities.create': async (_context, request, { query }) => {
      const unknown = unknownName(query, ['options'])
      const form = givenFormOf(query.options)
      if (unknown !== undefined) return refused(unknown)
      if (!form.ok) return refused(form.failure)
      const body = await bodyOf(request, contexts)
      if (!body.ok) return refused(body.failure)
      const given = givenOf(body.value, body.value.value, form.value)
      if (!given.ok) return refused(given.failure)
      const { id, type } = given.value.entity
      const done = await single(writer, type, createdBy(given.value))
      return done.ok ? created(`${NGSI_PATH}/entities/${encodeURIComponent(id).replaceAll('%3A', ':')}`) : refused(done.failure)
    },

    'entities.delete': async (context, request, { query }) => {
      const type = await writtenType(context, request, query.type, contexts)
      const unknown = unknownName(query, ['type'])
      if (unknown !== undefined) return refused(unknown)
      if (!type.ok) return refused(type.failure)
      const done = await single(writer, type.value, deletedBy(idOf(request)))
      return done.ok ? { type: 'nothing' } : refused(done.failure)
    },

    'entities.update': async (context, request, { query }) => {
      const unknown = unknownName(query, ['type', 'options'])
      const form = givenFormOf(query.options)
      if (unknown !== undefined) return refused(unknown)
      if (!form.ok) return refused(form.failure)
      return await change(context, request, query.type, form.value, { adds: false, overwrites: true })
    },

    'entities.append': async (context, request, { query }) => {
      const unknown = unknownName(query, ['type', 'options'])
      const options = optionsOf(query.options, ['noOverwrite', 'keyValues'])
      if (unknown !== undefined) return refused(unknown)
      if (!options.ok) return refused(options.failure)
      return await change(context, request, query.type, options.value.has('keyValues') ? 'keyValues' : 'either', { adds: true, overwrites: !options.value.has('noOverwrite') })
    }
  }

  async function change (
    context: Context, request: ApiRequest, typeNamed: string | undefined, form: GivenForm, rules: { readonly adds: boolean, readonly overwrites: boolean }
  ): Promise<Reply> {
    const body = await bodyOf(request, contexts)
    if (!body.ok) return refused(body.failure)
    const part = body.value.namesOf(body.value.value)
    if (!part.ok) return refused(part.failure)
    const { value, names } = part.value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused(badData('the body is a JSON object of attributes'))
    const { id, type: given, ...attributes } = value as Readonly<Record<string, unknown>>
    if (Object.keys(attributes).length === 0) return refused(badData('there is no attribute in the body'))
    const type = await writtenType(context, request, typeNamed, contexts)
    if (!type.ok) return refused(type.failure)
    if (id !== undefined && id !== idOf(request)) return refused(badData('an entity keeps its id'))
    if (given !== undefined && (typeof given !== 'string' || names.kept(given) !== type.value)) return refused(badData('an entity keeps its type'))
    const told: Told = { updated: [], notUpdated: [] }
    const done = await single(writer, type.value, changedBy(idOf(request), () => {
      const fragment = readFragment(attributes, form, names, type.value)
      return fragment.ok ? fragment : fail(formRefused(fragment.failure))
    }, rules, told))
    if (!done.ok) return refused(done.failure)
    if (told.notUpdated.length === 0) return { type: 'nothing' }
    return {
      type: 'json', status: 207,
      value: { updated: told.updated.map(names.shown), notUpdated: told.notUpdated.map(({ attributeName, reason }) => ({ attributeName: names.shown(attributeName), reason })) }
    }
  }
}

function givenFormOf (options: string | undefined): Result<GivenForm, Refusal> {
  const read = optionsOf(options, ['keyValues', 'normalized', 'simplified'])
  if (!read.ok) return read
  return ok(read.value.has('keyValues') || read.value.has('simplified') ? 'keyValues' : 'either')
}

/** An entity out of a body. */
export function givenOf (body: Body, part: unknown, form: GivenForm): Result<Given, Refusal> {
  const named = body.namesOf(part)
  if (!named.ok) return named
  const read = readEntity(named.value.value, form, named.value.names)
  return read.ok ? read : fail(formRefused(read.failure))
}

async function single (writer: EntityWriter, type: string, change: Change): Promise<Result<null, Refusal>> {
  const done = await writer.apply(type, [change])
  if (!done.ok) return done
  const [outcome] = done.value
  return outcome?.ok === false ? outcome : ok(null)
}

function idOf (request: ApiRequest): string {
  return request.parameters['id'] ?? ''
}

/** The type of an entity that this node writes: as it is said, as its id says, or as it is found. */
async function writtenType (context: Context, request: ApiRequest, said: string | undefined, contexts: Contexts): Promise<Result<string, Refusal>> {
  const names = namesOfHeaders(request, contexts)
  if (!names.ok) return names
  const id = idOf(request)
  if (!isEntityId(id)) return fail(badData('the id of an entity is a URI'))
  if (said !== undefined) return ok(names.value.kept(said))
  return await typeFound(context, id, await writtenSources(context))
}

/** The streams that this node writes entities into. */
export async function writtenSources ({ node }: Pick<Context, 'node'>): Promise<readonly Source[]> {
  return (await sourcesOf(node, {}, null)).filter(source => source.isOwn && source.isModelled && source.dataset.distribution.form === 'stream')
}

export async function typeFound ({ node }: Pick<Context, 'node'>, id: string, own: readonly Source[]): Promise<Result<string, Refusal>> {
  const [, named] = /^urn:ngsi-ld:([^:]+):/.exec(id) ?? []
  for (const source of own.toSorted((one, other) => Number(other.type === named) - Number(one.type === named))) {
    const key = keyOf(source, id)
    const row = key === undefined ? ok(undefined) : await newestOf(node, undefined, source.dataset.id, key)
    if (!row.ok) return row
    if (row.value !== undefined) return ok(source.type)
  }
  return fail(notFound('entity of this id that this node writes'))
}
