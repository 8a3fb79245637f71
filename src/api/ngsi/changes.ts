/** What becomes of an entity under each of the operations that change it. */
import { fail, ok, type Result } from '../../base/index.ts'
import { validateEntity, type Entity } from '../../sdk/models/index.ts'
import type { Fragment, KeptEntity, Note } from '../entities/index.ts'
import { badData, notFound, type Refusal } from './problems.ts'
import type { Change, Decided } from './writer.ts'

export type Given = Pick<KeptEntity, 'entity' | 'notes'>
/** Attributes that a change left out, by their kept names; filled when it is decided. */
export type Told = { updated: string[], notUpdated: { readonly attributeName: string, readonly reason: string }[] }

export function createdBy (given: Given): Change {
  return { id: given.entity.id, decide: now => now === undefined ? checked(given) : fail(exists(given.entity.id)) }
}

export function replacedBy (given: Given): Change {
  return { id: given.entity.id, decide: () => checked(given) }
}

/** `upsert`: what is not there is added as it is. */
export function mergedBy (given: Given, { isUpsert, overwrites }: { readonly isUpsert: boolean, readonly overwrites: boolean }, told: Told): Change {
  const { id, type, ...attributes } = given.entity
  const fragment: Fragment = { values: new Map(Object.entries(attributes)), notes: new Map(Object.entries(given.notes)) }
  return {
    id,
    decide: now => {
      if (now === undefined) return isUpsert ? checked(given) : fail(notFound(`entity ${id.slice(0, 128)} of type ${type.slice(0, 64)}`))
      return withAttributes(now, fragment, { adds: true, overwrites }, told)
    }
  }
}

/** `adds`: attributes that are not there yet; `overwrites`: those that are. */
export function changedBy (id: string, fragment: (now: KeptEntity) => Result<Fragment, Refusal>, rules: { readonly adds: boolean, readonly overwrites: boolean }, told: Told): Change {
  return {
    id,
    decide: now => {
      if (now === undefined) return fail(notFound('entity of this id that this node writes'))
      const read = fragment(now)
      return read.ok ? withAttributes(now, read.value, rules, told) : read
    }
  }
}

export function deletedBy (id: string): Change {
  return { id, decide: now => now === undefined ? fail(notFound(`entity ${id.slice(0, 128)} that this node writes`)) : ok('deleted') }
}

function withAttributes (now: KeptEntity, { values, notes }: Fragment, { adds, overwrites }: { readonly adds: boolean, readonly overwrites: boolean }, told: Told): Result<Decided, Refusal> {
  const attributes = new Map<string, unknown>(Object.entries(now.entity))
  const said = new Map<string, Note>(Object.entries(now.notes))
  for (const [name, value] of values) {
    const isThere = attributes.has(name)
    if (!isThere && (!adds || value === undefined)) told.notUpdated.push({ attributeName: name, reason: 'there is no such attribute in this entity' })
    else if (isThere && !overwrites) told.notUpdated.push({ attributeName: name, reason: 'it is there already, and noOverwrite was asked for' })
    else {
      told.updated.push(name)
      const note = notes.get(name)
      if (value === undefined) attributes.delete(name)
      else attributes.set(name, value)
      if (note === undefined || value === undefined) said.delete(name)
      else said.set(name, note)
    }
  }
  if (told.updated.length === 0 && values.size > 0) return ok('unchanged')
  const { id, type } = now.entity
  return checked({ entity: { id, type, ...Object.fromEntries(attributes) }, notes: Object.fromEntries(said) })
}

function checked (given: Given): Result<Decided, Refusal> {
  const valid = validateEntity(given.entity.type, given.entity satisfies Entity)
  return valid.ok ? ok(given) : fail(badData(`${valid.failure.position}: ${valid.failure.reason}`, 'mend the value that is named; the data model says what it may be'))
}

function exists (id: string): Refusal {
  return { kind: 'AlreadyExists', detail: `${id.slice(0, 256)} is there already`, hint: 'change its attributes, or send it by a batch upsert' }
}
