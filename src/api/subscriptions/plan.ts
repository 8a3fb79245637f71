/** Reads what a subscription asks for (ETSI GS CIM 009, 5.2.12). */
import { fail, ok, type Result } from '../../base/index.ts'
import { dateTimeMsOf, isEntityId } from '../../sdk/models/index.ts'
import type { Names } from '../entities/index.ts'
import { geoQueryOf, parseQuery, patternOf, type Selector } from '../entityQuery/index.ts'
import { badData, notOffered, type NgsiFailure } from '../ngsi/index.ts'
import { ATTRIBUTES_MAX, DEFINITION_BYTES_MAX, HEADER_LENGTH_MAX, HEADERS_MAX, SELECTORS_MAX } from './limits.ts'
import type { Endpoint, Plan } from './types.ts'

type Json = Readonly<Record<string, unknown>>
type Read<T> = Result<T, NgsiFailure>

const MEMBERS = ['id', 'type', 'subscriptionName', 'description', 'entities', 'watchedAttributes', 'q', 'geoQ', 'throttling', 'timeInterval', 'expiresAt', 'isActive', 'notification', 'jsonldContext']
const ABSENT = ['csf', 'scopeQ', 'temporalQ', 'lang', 'notificationTrigger', 'datasetId']
/** Set by the client that sends, or with a meaning for the connection. */
const OWN_HEADERS = new Set([
  'host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect', 'accept-encoding', 'link', 'proxy-authorization', 'proxy-connection'
])
const SECONDS_MAX = 31_536_000
const NESTING_MAX = 16

export function planOf (definition: Json, names: Names, nowMs: number, isNew: boolean, hasMqtt: boolean): Read<Plan> {
  const shape = shapeFault(definition)
  if (shape !== undefined) return fail(shape)
  const { q, throttling, timeInterval, expiresAt, isActive = true } = definition
  const selectors = selectorsOf(definition['entities'], names)
  if (!selectors.ok) return selectors
  const watched = namesIn(definition['watchedAttributes'], 'watchedAttributes', names)
  if (!watched.ok) return watched
  if (selectors.value.length === 0 && watched.value === null) return fail(badData('a subscription names entities, or watchedAttributes'))
  if (q !== undefined && typeof q !== 'string') return fail(badData('q is a text'))
  const query = q === undefined ? ok(null) : parseQuery(q, names.kept)
  if (!query.ok) return fail(badData(query.failure))
  const geo = geoOf(definition['geoQ'], names)
  if (!geo.ok) return geo
  const [pause, interval] = [secondsOf(throttling, 'throttling'), secondsOf(timeInterval, 'timeInterval')]
  if (!pause.ok) return pause
  if (!interval.ok) return interval
  if (pause.value !== null && interval.value !== null) return fail(badData('throttling and timeInterval exclude each other'))
  if (interval.value !== null && watched.value !== null) return fail(badData('watchedAttributes and timeInterval exclude each other'))
  const expiresMs = expiresAt === undefined ? null : typeof expiresAt === 'string' ? dateTimeMsOf(expiresAt) : undefined
  if (expiresMs === undefined || (isNew && expiresMs !== null && expiresMs <= nowMs)) return fail(badData('expiresAt is a date with time and zone that is still to come'))
  if (typeof isActive !== 'boolean') return fail(badData('isActive is true or false'))
  const notification = notificationOf(definition['notification'], names, hasMqtt)
  if (!notification.ok) return notification
  const allTypes = selectors.value.flatMap(({ types }) => types === null ? [] : [...types])
  return ok({
    names, selectors: selectors.value, types: selectors.value.length === 0 ? null : new Set(allTypes), watched: watched.value, query: query.value, geo: geo.value, ...notification.value,
    throttlingMs: pause.value ?? 0, intervalMs: interval.value, expiresMs, isActive
  })
}

function shapeFault (definition: Json): NgsiFailure | undefined {
  if (definition['type'] !== 'Subscription') return badData('the type of a subscription is Subscription')
  const { id } = definition
  if (id !== undefined && (typeof id !== 'string' || !isEntityId(id))) return badData('the id of a subscription is a URI')
  const absent = ABSENT.find(name => name in definition)
  if (absent !== undefined) return notOffered(`${absent} of subscriptions is not offered`)
  const other = Object.keys(definition).find(name => !MEMBERS.includes(name))
  if (other !== undefined) return badData(`${other.slice(0, 64)} is no member of a subscription`)
  if (!isShallow(definition, 1)) return badData(`a subscription is nested ${NESTING_MAX} deep at most`)
  if (JSON.stringify(definition).length > DEFINITION_BYTES_MAX) return badData(`a subscription has at most ${DEFINITION_BYTES_MAX} characters`)
  const texts = ['subscriptionName', 'description', 'jsonldContext'].find(name => name in definition && typeof definition[name] !== 'string')
  return texts === undefined ? undefined : badData(`${texts} is a text`)
}

function isShallow (value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth <= NESTING_MAX && Object.values(value).every(each => isShallow(each, depth + 1))
}

function selectorsOf (entities: unknown, names: Names): Read<readonly Selector[]> {
  if (entities === undefined) return ok([])
  if (!Array.isArray(entities) || entities.length === 0 || entities.length > SELECTORS_MAX) return fail(badData(`entities is a list of 1 to ${SELECTORS_MAX}`))
  const selectors: Selector[] = []
  for (const each of entities as readonly unknown[]) {
    if (!isObject(each) || typeof each['type'] !== 'string' || each['type'] === '') return fail(badData('each of entities has a type'))
    const { type, id, idPattern, ...rest } = each
    if (Object.keys(rest).length > 0 || /[|;(),*]/.test(String(type))) return fail(badData('each of entities has one type, and perhaps id or idPattern'))
    if (id !== undefined && (typeof id !== 'string' || !isEntityId(id))) return fail(badData('an id in entities is a URI'))
    const pattern = idPattern === undefined ? ok(null) : typeof idPattern === 'string' ? patternOf(idPattern) : fail('it is a text')
    if (!pattern.ok) return fail(badData(`idPattern: ${pattern.failure}`))
    selectors.push({ types: new Set([names.kept(String(type))]), ids: id === undefined ? null : new Set([id]), idPattern: id === undefined ? pattern.value : null })
  }
  return ok(selectors)
}

function geoOf (given: unknown, names: Names): Read<Plan['geo']> {
  if (given === undefined) return ok(undefined)
  const { georel, geometry, coordinates, geoproperty } = isObject(given) ? given : {}
  const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string'
  if (!isObject(given) || georel === undefined || !isText(georel) || !isText(geometry) || !isText(geoproperty)) return fail(badData('geoQ has georel, geometry and coordinates'))
  const geo = geoQueryOf({ georel, geometry, coordinates, geoproperty }, names.kept)
  return geo.ok ? geo : fail(badData(geo.failure))
}

function notificationOf (given: unknown, names: Names, hasMqtt: boolean): Read<Pick<Plan, 'attributes' | 'form' | 'endpoint'>> {
  if (!isObject(given)) return fail(badData('a subscription has a notification with an endpoint'))
  const { attributes, format = 'normalized', endpoint, ...rest } = given
  const [other] = Object.keys(rest)
  if (other !== undefined) return fail(notOffered(`${other.slice(0, 64)} of notifications is not offered`))
  const wanted = namesIn(attributes, 'notification.attributes', names)
  if (!wanted.ok) return wanted
  if (format !== 'normalized' && format !== 'keyValues' && format !== 'simplified') return fail(badData('the format of notifications is normalized or keyValues'))
  const read = endpointOf(endpoint, hasMqtt)
  return read.ok ? ok({ attributes: wanted.value, form: format === 'normalized' ? 'normalized' : 'keyValues', endpoint: read.value }) : read
}

function endpointOf (given: unknown, hasMqtt: boolean): Read<Endpoint> {
  if (!isObject(given) || typeof given['uri'] !== 'string') return fail(badData('an endpoint has a uri'))
  const { uri, accept = 'application/json', receiverInfo = [], notifierInfo = [], ...rest } = given
  const [other] = Object.keys(rest)
  if (other !== undefined) return fail(notOffered(`${other.slice(0, 64)} of endpoints is not offered`))
  const address = typeof uri === 'string' && uri.length <= 2_048 && URL.canParse(uri) ? new URL(uri) : undefined
  if (address === undefined) return fail(badData('the uri of an endpoint is an address'))
  const isMqtt = address.protocol === 'mqtt:' || address.protocol === 'mqtts:'
  if (isMqtt && !hasMqtt) return fail(notOffered('notifications by MQTT are not offered here'))
  if (!isMqtt && address.protocol !== 'http:' && address.protocol !== 'https:') return fail(badData('the uri of an endpoint begins with https, http, mqtt or mqtts'))
  if (!isMqtt && (address.username !== '' || address.password !== '' || address.hash !== '')) return fail(badData('the uri of an endpoint holds no user, password or fragment; receiverInfo is for such'))
  if (isMqtt && !/^\/[^+#\0]{1,512}$/.test(decoded(address.pathname))) return fail(badData('the path of an mqtt uri is the topic'))
  if (isMqtt && [address.username, address.password].some(each => each !== '' && decoded(each) === '')) return fail(badData('the user and password of an mqtt uri are percent-encoded UTF-8'))
  if (accept !== 'application/json' && accept !== 'application/ld+json' && accept !== 'application/geo+json') return fail(badData('accept of an endpoint is application/json, application/ld+json or application/geo+json'))
  const headers = pairsOf(receiverInfo)
  if (headers === undefined) return fail(badData('receiverInfo is a list of key and value'))
  const bad = headers.find(({ key, value }) => !/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(key) || OWN_HEADERS.has(key.toLowerCase()) || !/^[\x20-\x7e]*$/.test(value))
  if (bad !== undefined) return fail(badData(`${JSON.stringify(bad.key.slice(0, 64))} is no header that a subscriber may set, or its value is none of a header`))
  const info = pairsOf(notifierInfo)
  const qos = info?.find(({ key }) => key === 'MQTT-QoS')?.value ?? '1'
  const version = info?.find(({ key }) => key === 'MQTT-Version')?.value ?? 'mqtt5.0'
  const isOffered = (qos === '0' || qos === '1') && (version === 'mqtt5.0' || version === 'mqtt3.1.1')
  if (info === undefined || !isOffered || info.some(({ key }) => key !== 'MQTT-QoS' && key !== 'MQTT-Version')) {
    return fail(notOffered('notifierInfo takes MQTT-Version, mqtt5.0 or mqtt3.1.1, and MQTT-QoS, 0 or 1'))
  }
  return ok({ uri, accept, receiverInfo: headers, qos: qos === '0' ? 0 : 1, version: version === 'mqtt5.0' ? '5' : '3.1.1' })
}

/** Empty for what is not percent-encoded UTF-8. */
export function decoded (part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}

function pairsOf (given: unknown): readonly { readonly key: string, readonly value: string }[] | undefined {
  if (!Array.isArray(given) || given.length > HEADERS_MAX) return undefined
  const pairs = (given as readonly unknown[]).flatMap(each => isObject(each) && typeof each['key'] === 'string' && typeof each['value'] === 'string' && each['value'].length <= HEADER_LENGTH_MAX
    ? [{ key: each['key'], value: each['value'] }] : [])
  return pairs.length === given.length ? pairs : undefined
}

function namesIn (given: unknown, what: string, names: Names): Read<ReadonlySet<string> | null> {
  if (given === undefined) return ok(null)
  const isList = Array.isArray(given) && given.length > 0 && given.length <= ATTRIBUTES_MAX && given.every(each => typeof each === 'string' && each !== '')
  return isList ? ok(new Set((given as readonly string[]).map(names.kept))) : fail(badData(`${what} is a list of 1 to ${ATTRIBUTES_MAX} names`))
}

function secondsOf (given: unknown, what: string): Read<number | null> {
  if (given === undefined) return ok(null)
  return typeof given === 'number' && given > 0 && given <= SECONDS_MAX ? ok(given * 1_000) : fail(badData(`${what} is a number of seconds above 0`))
}

function isObject (value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
