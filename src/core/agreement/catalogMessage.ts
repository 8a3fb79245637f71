import { fail, ok, type Result, type Schema } from '../../base/index.ts'
import { offerJson, offerSchema, type Offer } from './agreement.ts'
import {
  addressSchema, CODE_CHARACTERS_MAX, exactly, idSchema, isObject, items, messageJson, messageSchema, object, prose, read, reasonSchema,
  type Json, type JsonObject, type MessageFailure
} from './json.ts'

/** `filter` is counted, not read: no filter of anybody's is supported, and one that is set is refused by whoever answers. */
export type CatalogRequestMessage = { readonly filters: number }

export type DataService = { readonly id: string, readonly endpointURL: string }
export type Distribution = { readonly format: string, readonly accessService: string | DataService }

/** Offers without a target: the dataset that holds them is meant. */
export type Dataset = { readonly id: string, readonly offers: readonly Offer[], readonly distributions: readonly Distribution[] }

export type Catalog = {
  readonly id: string
  readonly participantId: string
  readonly services: readonly DataService[]
  readonly datasets: readonly Dataset[]
}

/** Every refusal. Pids are named where they are known; a refusal about a catalogue has none. */
export type ErrorMessage =
  | {
    readonly type: 'ContractNegotiationError' | 'TransferError'
    readonly providerPid: string, readonly consumerPid: string, readonly code: string, readonly reason: readonly string[]
  }
  | { readonly type: 'CatalogError', readonly code: string, readonly reason: readonly string[] }

export const CATALOG_PAGE_BYTES_MAX = 4_194_304
export const CATALOG_PAGE_DATASETS_MAX = 100
const FILTERS_MAX = 64
const OFFERS_MAX = 64
const DISTRIBUTIONS_MAX = 64
const SERVICES_MAX = 64
/** A foreign page may be larger than ours. */
const DATASETS_MAX = 10_000

const serviceSchema: Schema<DataService> = (value, path) => {
  const parsed = object({ '@id': idSchema, '@type': exactly('DataService'), 'endpointURL': addressSchema }, {})(value, path)
  return parsed.ok ? ok({ id: parsed.value['@id'], endpointURL: parsed.value.endpointURL }) : parsed
}

const distributionSchema: Schema<Distribution> = (value, path) => {
  const accessService: Schema<string | DataService> = (service, at) => typeof service === 'string' ? idSchema(service, at) : serviceSchema(service, at)
  const parsed = object({ format: idSchema, accessService }, {})(value, path)
  return parsed.ok ? ok({ format: parsed.value.format, accessService: parsed.value.accessService }) : parsed
}

const catalogOfferSchema: Schema<Offer> = (value, path) => {
  const parsed = offerSchema(value, path)
  return parsed.ok && parsed.value.target !== null ? fail({ path: `${path}/target`, expected: 'no target in a catalogue' }) : parsed
}

const datasetSchema: Schema<Dataset> = (value, path) => {
  const parsed = object({
    '@id': idSchema, 'hasPolicy': items(catalogOfferSchema, OFFERS_MAX, 1), 'distribution': items(distributionSchema, DISTRIBUTIONS_MAX, 1)
  }, {})(value, path)
  if (!parsed.ok) return parsed
  return ok({ id: parsed.value['@id'], offers: parsed.value.hasPolicy, distributions: parsed.value.distribution })
}

export function decodeCatalogRequest (json: unknown): Result<CatalogRequestMessage, MessageFailure> {
  const any: Schema<unknown> = value => ok(value)
  const parsed = read(messageSchema({ '@type': exactly('CatalogRequestMessage') }, { filter: items(any, FILTERS_MAX, 0) }), json)
  return parsed.ok ? ok({ filters: parsed.value.filter?.length ?? 0 }) : parsed
}

export function encodeCatalogRequest (): JsonObject {
  return messageJson('CatalogRequestMessage', null, {})
}

export function decodeCatalog (json: unknown): Result<Catalog, MessageFailure> {
  const parsed = read(messageSchema({ '@type': exactly('Catalog'), 'participantId': idSchema }, {
    service: items(serviceSchema, SERVICES_MAX, 1), dataset: items(datasetSchema, DATASETS_MAX, 1)
  }), json)
  if (!parsed.ok) return parsed
  const { '@id': id, participantId, service, dataset } = parsed.value
  if (id === null) return fail({ code: 'message', position: '/@id', reason: 'expected this member to be present' })
  return ok({ id, participantId, services: service ?? [], datasets: dataset ?? [] })
}

export function encodeCatalog ({ id, participantId, services, datasets }: Catalog): JsonObject {
  return messageJson('Catalog', id, { participantId, service: orNone(services.map(serviceJson)), dataset: orNone(datasets.map(datasetJson)) })
}

export function decodeDataset (json: unknown): Result<Dataset, MessageFailure> {
  const context = read(messageSchema({}, {}), json)
  return context.ok ? read(datasetSchema, json) : context
}

export function encodeDataset (dataset: Dataset): JsonObject {
  return messageJson('Dataset', dataset.id, datasetJson(dataset))
}

export function encodeError (error: ErrorMessage): JsonObject {
  const { type, code, reason } = error
  if (type === 'CatalogError') return messageJson(type, null, { code, reason: orNone(reason) })
  return messageJson(type, null, { providerPid: error.providerPid, consumerPid: error.consumerPid, code, reason: orNone(reason) })
}

/** What a refusal says, if it is one of the protocol's; undefined for any other body. */
export function decodeError (json: unknown): { readonly code: string | null, readonly reason: readonly string[] } | undefined {
  if (!isObject(json)) return undefined
  const parsed = object({ '@type': exactly('ContractNegotiationError', 'TransferError', 'CatalogError') }, {
    code: prose(CODE_CHARACTERS_MAX), reason: reasonSchema
  })(json, '')
  return parsed.ok ? { code: parsed.value.code, reason: parsed.value.reason ?? [] } : undefined
}

function datasetJson ({ id, offers, distributions }: Dataset): JsonObject {
  return { '@id': id, '@type': 'Dataset', 'hasPolicy': offers.map(offerJson), 'distribution': distributions.map(distributionJson) }
}

function distributionJson ({ format, accessService }: Distribution): JsonObject {
  return { '@type': 'Distribution', format, 'accessService': typeof accessService === 'string' ? accessService : serviceJson(accessService) }
}

function serviceJson ({ id, endpointURL }: DataService): JsonObject {
  return { '@id': id, '@type': 'DataService', endpointURL }
}

function orNone (list: readonly Json[]): Json {
  return list.length === 0 ? null : list
}
