import { isEntityId } from '../../sdk/models/index.ts'
import { GEO_JSON, NGSI_PATH, type NgsiCalls } from '../../sdk/ngsi/index.ts'
import { askerOf, type Handlers } from '../context/index.ts'
import { writeEntity, writeFeature, type Contexts } from '../entities/index.ts'
import { problem } from '../http/index.ts'
import { answered, formOf, namesOfHeaders, unknownName } from './dialogue.ts'
import { badData, notFound, refused } from './problems.ts'
import { attributesOf, pageLinks, pageOf, questionOf } from './questions.ts'
import { findEntity, search } from './search.ts'

const QUERY_NAMES = [
  'type', 'id', 'idPattern', 'attrs', 'q', 'georel', 'geometry', 'coordinates', 'geoproperty', 'geometryProperty', 'timerel', 'timeAt', 'endTimeAt', 'timeproperty', 'limit', 'offset', 'count', 'options'
]

export function readingHandlers (contexts: Contexts): Handlers<Pick<NgsiCalls, 'entities.query' | 'entities.show'>> {
  return {
    'entities.query': async (context, request, { query, accepted }) => {
      const names = namesOfHeaders(request, contexts)
      if (!names.ok) return refused(names.failure)
      const unknown = unknownName(query, QUERY_NAMES)
      if (unknown !== undefined) return refused(unknown)
      const form = formOf(query.options)
      const page = pageOf(query)
      const question = questionOf(query, names.value)
      if (!form.ok) return refused(form.failure)
      if (!page.ok) return refused(page.failure)
      if (!question.ok) return refused(question.failure)
      const asker = askerOf(context, request)
      if (!asker.ok) return problem(asker.failure)
      const found = await search(context.node, asker.value, question.value, { ...page.value, signal: request.signal })
      if (!found.ok) return refused(found.failure)
      const { entities, count, hasMore, warning } = found.value
      const wanted = question.value.attributes ?? undefined
      const geometryName = names.value.kept(query.geometryProperty ?? 'location')
      const value = accepted === GEO_JSON
        ? { type: 'FeatureCollection', features: entities.map(each => writeFeature(each, form.value, names.value, geometryName, wanted)) }
        : entities.map(each => writeEntity(each, form.value, names.value, wanted))
      const headers = {
        ...count === null ? {} : { 'NGSILD-Results-Count': String(count) }, ...warning === null ? {} : { 'NGSILD-Warning': `110 hanse "${warning.replaceAll(/[^\x20-\x7e]|["\\]/g, ' ').slice(0, 256)}"` }
      }
      return answered(value, names.value, accepted, headers, pageLinks(`${NGSI_PATH}/entities`, query, page.value, hasMore))
    },

    'entities.show': async (context, request, { query, accepted }) => {
      const id = request.parameters['id'] ?? ''
      const names = namesOfHeaders(request, contexts)
      if (!names.ok) return refused(names.failure)
      const unknown = unknownName(query, ['attrs', 'type', 'geometryProperty', 'options'])
      if (unknown !== undefined) return refused(unknown)
      const form = formOf(query.options)
      if (!form.ok) return refused(form.failure)
      const wanted = attributesOf(query.attrs, names.value)
      if (!wanted.ok) return refused(wanted.failure)
      if (!isEntityId(id)) return refused(badData('the id of an entity is a URI'))
      const asker = askerOf(context, request)
      if (!asker.ok) return problem(asker.failure)
      const found = await findEntity(context.node, asker.value, id, query.type === undefined ? null : new Set([names.value.kept(query.type)]))
      if (!found.ok) return problem(found.failure)
      const kept = found.value
      const has = wanted.value === null || [...wanted.value].some(name => kept !== undefined && Object.hasOwn(kept.entity, name))
      if (kept === undefined || !has) return refused(notFound(kept === undefined ? 'entity of this id' : 'attribute of that name in this entity'))
      const attributes = wanted.value ?? undefined
      return answered(accepted === GEO_JSON
        ? writeFeature(kept, form.value, names.value, names.value.kept(query.geometryProperty ?? 'location'), attributes)
        : writeEntity(kept, form.value, names.value, attributes), names.value, accepted)
    }
  }
}
