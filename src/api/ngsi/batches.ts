import { fail, ok, type Result } from '../../base/index.ts'
import { isEntityId } from '../../sdk/models/index.ts'
import { BATCH_BYTES_MAX, BATCH_ENTITIES_MAX, type NgsiCalls } from '../../sdk/ngsi/index.ts'
import type { Handlers } from '../context/index.ts'
import type { Contexts } from '../entities/index.ts'
import type { ApiRequest, Reply } from '../http/index.ts'
import { createdBy, deletedBy, mergedBy, replacedBy, type Given, type Told } from './changes.ts'
import { bodyOf, optionsOf, unknownName, type Body } from './dialogue.ts'
import { badData, problemOf, refused, type Refusal } from './problems.ts'
import type { Change, Changed, EntityWriter } from './writer.ts'
import { givenOf, typeFound, writtenSources } from './writing.ts'

type Calls = Pick<NgsiCalls, 'entities.batchCreate' | 'entities.batchUpsert' | 'entities.batchUpdate' | 'entities.batchDelete'>

/** One entity of a batch, in its place: what is to become of it, or why nothing is. */
type Item = { readonly id: string, readonly type: string, readonly change: Change, readonly told?: Told } | { readonly id: string, readonly failure: Refusal }
type Outcome = { readonly id: string, readonly changed: Changed }

export function batchHandlers (contexts: Contexts, writer: EntityWriter): Handlers<Calls> {
  return {
    'entities.batchCreate': async (_context, request, { query }) => {
      const options = optionsOf(query.options, ['keyValues', 'normalized'])
      const unknown = unknownName(query, ['options'])
      if (unknown !== undefined || !options.ok) return refused(unknown ?? (options.ok ? badData('') : options.failure))
      const outcomes = await batch(request, entityItems(options.value.has('keyValues'), createdBy))
      return outcomes.ok ? told(outcomes.value, 201) : refused(outcomes.failure)
    },

    'entities.batchUpsert': async (_context, request, { query }) => {
      const options = optionsOf(query.options, ['replace', 'update', 'keyValues', 'normalized'])
      const unknown = unknownName(query, ['options'])
      if (unknown !== undefined || !options.ok) return refused(unknown ?? (options.ok ? badData('') : options.failure))
      const merges = options.value.has('update')
      const outcomes = await batch(request, entityItems(
        options.value.has('keyValues'), (given, told) => merges ? mergedBy(given, { isUpsert: true, overwrites: true }, told) : replacedBy(given)
      ))
      return outcomes.ok ? told(outcomes.value, 204) : refused(outcomes.failure)
    },

    'entities.batchUpdate': async (_context, request, { query }) => {
      const options = optionsOf(query.options, ['noOverwrite', 'keyValues', 'normalized'])
      const unknown = unknownName(query, ['options'])
      if (unknown !== undefined || !options.ok) return refused(unknown ?? (options.ok ? badData('') : options.failure))
      const overwrites = !options.value.has('noOverwrite')
      const outcomes = await batch(request, entityItems(options.value.has('keyValues'), (given, told) => mergedBy(given, { isUpsert: false, overwrites }, told)))
      return outcomes.ok ? told(outcomes.value, 'none') : refused(outcomes.failure)
    },

    'entities.batchDelete': async (context, request, { query }) => {
      const unknown = unknownName(query, [])
      if (unknown !== undefined) return refused(unknown)
      const own = await writtenSources(context)
      const outcomes = await batch(request, async (_body, part) => {
        if (typeof part !== 'string' || !isEntityId(part)) return { id: '', failure: badData('a list of ids is wanted, each a URI') }
        const type = await typeFound(context, part, own)
        return type.ok ? { id: part, type: type.value, change: deletedBy(part) } : { id: part, failure: type.failure }
      })
      return outcomes.ok ? told(outcomes.value, 'none') : refused(outcomes.failure)
    }
  }

  async function batch (request: ApiRequest, itemOf: (body: Body, part: unknown) => Item | Promise<Item>): Promise<Result<readonly Outcome[], Refusal>> {
    const body = await bodyOf(request, contexts, BATCH_BYTES_MAX)
    if (!body.ok) return body
    const { value } = body.value
    if (!Array.isArray(value) || value.length === 0) return fail(badData('the body is a list that is not empty'))
    if (value.length > BATCH_ENTITIES_MAX) return fail({ code: 'too-large', reason: `more than ${BATCH_ENTITIES_MAX} entities at once`, hint: 'send them in several batches' })
    const items: Item[] = []
    for (const part of value as readonly unknown[]) items.push(await itemOf(body.value, part))
    return ok(await applied(writer, items))
  }
}

function entityItems (isShort: boolean, change: (given: Given, told: Told) => Change): (body: Body, part: unknown) => Item {
  return (body, part) => {
    const given = givenOf(body, part, isShort ? 'keyValues' : 'either')
    const told: Told = { updated: [], notUpdated: [] }
    if (given.ok) return { id: given.value.entity.id, type: given.value.entity.type, change: change(given.value, told), told }
    const id = typeof part === 'object' && part !== null && 'id' in part && typeof part.id === 'string' ? part.id.slice(0, 512) : ''
    return { id, failure: given.failure }
  }
}

/** Types are written one after the other; entities of one type in their order. */
async function applied (writer: EntityWriter, items: readonly Item[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = items.map(item => ({ id: item.id, changed: fail('failure' in item ? item.failure : badData('not reached')) }))
  const byType = new Map<string, { readonly at: number, readonly change: Change }[]>()
  for (const [at, item] of items.entries()) {
    if ('failure' in item) continue
    const changes = byType.get(item.type) ?? []
    changes.push({ at, change: item.change })
    byType.set(item.type, changes)
  }
  for (const [type, changes] of byType) {
    const done = await writer.apply(type, changes.map(({ change }) => change))
    for (const [index, { at, change: { id } }] of changes.entries()) outcomes[at] = { id, changed: done.ok ? whole(done.value[index] ?? ok({ wasThere: true }), items[at]) : done }
  }
  return outcomes
}

/** An entity of which some attributes were left as they are is none that went well. */
function whole (changed: Changed, item: Item | undefined): Changed {
  const left = item !== undefined && 'told' in item ? item.told?.notUpdated ?? [] : []
  return changed.ok && left.length > 0 ? fail(badData(`not changed: ${left.map(({ attributeName, reason }) => `${attributeName} (${reason})`).join(', ').slice(0, 512)}`)) : changed
}

/** `status`: where all went well; with 204 those that are new make it 201. */
function told (outcomes: readonly Outcome[], status: 201 | 204 | 'none'): Reply {
  const errors = outcomes.flatMap(({ id, changed }) => changed.ok ? [] : [{ entityId: id, error: problemOf(changed.failure) }])
  if (errors.length > 0) return { type: 'json', status: 207, value: { success: [...new Set(outcomes.flatMap(({ id, changed }) => changed.ok ? [id] : []))], errors } }
  const fresh = outcomes.flatMap(({ id, changed }) => changed.ok && !changed.value.wasThere ? [id] : [])
  return status !== 'none' && fresh.length > 0 ? { type: 'json', status: 201, value: [...new Set(fresh)] } : { type: 'nothing' }
}
