/**
 * Answers NGSI-LD (ETSI GS CIM 009) over what this node holds, and takes entities in: calls of `sdk/ngsi`.
 *
 * Entities are the newest records by key. Reads go over all datasets that the asker may read and whose data model is the type that is
 * asked for, own and replicated; a dataset that names no model and has columns is of a type by its own name (`waste-bins`: WasteBins), with ids
 * `urn:ngsi-ld:WasteBins:<key>`. Of an id that is in several datasets the own one counts. Writes go to an own stream of the type, the
 * one that has the entity, or the first, which is opened where there is none; they are held to the data model, and only what stands in such a stream can be changed.
 *
 * Attributes that a model says to tell of a person (`vehiclePlateIdentifier`) are shown to the people of this node alone.
 *
 * The time of an entity is that of its record: what its model calls the time of observation, else the latest `observedAt` in it, else
 * when it came. It stands for `modifiedAt`, and for `observedAt` where no attribute has one.
 *
 * Deviates: see `api/entities` and `api/entityQuery`; `sysAttrs`, `createdAt`, tenants, joins, several forms of the temporal interface and of
 * registrations are answered by 400. A batch is not one transaction: what was written before a failure stays, and the answer says so for each entity.
 */
import { ABSENT_IDS, type AbsentId, type NgsiCalls } from '../../sdk/ngsi/index.ts'
import type { Handlers } from '../context/index.ts'
import type { Contexts } from '../entities/index.ts'
import { batchHandlers } from './batches.ts'
import { notOffered, refused } from './problems.ts'
import { readingHandlers } from './reading.ts'
import type { EntityWriter } from './writer.ts'
import { writingHandlers } from './writing.ts'

export { EntityWriter } from './writer.ts'
export { answered, bodyOf, created, namesOfHeaders, unknownName } from './dialogue.ts'
export { badData, notFound, notOffered, refused, type NgsiFailure, type Refusal } from './problems.ts'
export { pageLinks, pageOf } from './questions.ts'
export { fits, search } from './search.ts'
export { entityOfRecord, sourcesNow, type Source } from './sources.ts'

type EntityCalls = { readonly [Id in Exclude<keyof NgsiCalls, `subscriptions.${string}`>]: NgsiCalls[Id] }

export function entityHandlers ({ contexts, writer }: { readonly contexts: Contexts, readonly writer: EntityWriter }): Handlers<EntityCalls> {
  const absent = Object.fromEntries(ABSENT_IDS.map(id => [id, () => refused(notOffered('this part of NGSI-LD is not offered'))])) as unknown as Handlers<Pick<NgsiCalls, AbsentId>>
  return { ...readingHandlers(contexts), ...writingHandlers(contexts, writer), ...batchHandlers(contexts, writer), ...absent }
}
