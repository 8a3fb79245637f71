import { fail, hex, ok, utf8, type Result } from '../../base/index.ts'
import { CORE_CONTEXT, writeEntity, writeFeature, type KeptEntity } from '../entities/index.ts'
import type { AnyFailure } from '../http/index.ts'
import { ANSWER_BYTES_MAX } from './limits.ts'
import { decoded } from './plan.ts'
import type { Plan, SubscriptionPorts } from './types.ts'

const CONTEXT_RELATION = 'http://www.w3.org/ns/json-ld#context'

/** A random id of RFC 9562, version 4. */
export function uuidOf (random: Uint8Array): string {
  const digits = hex(Uint8Array.from(random.subarray(0, 16), (byte, at) => at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte))
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-')
}

/** Tells the endpoint of entities; what it answers is not looked at beyond its status. */
export async function notify (
  { random, nowMs, fetch, publishMqtt }: Pick<SubscriptionPorts, 'random' | 'nowMs' | 'fetch' | 'publishMqtt'>, subscriptionId: string, plan: Plan, entities: readonly KeptEntity[], signal: AbortSignal
): Promise<Result<null, AnyFailure>> {
  const { endpoint: { uri, accept, receiverInfo, qos, version }, names, form, attributes } = plan
  const wanted = attributes ?? undefined
  const context = names.context ?? CORE_CONTEXT
  const data = accept === 'application/geo+json'
    ? { type: 'FeatureCollection', features: entities.map(each => writeFeature(each, form, names, plan.geo?.property ?? 'location', wanted)) }
    : entities.map(each => writeEntity(each, form, names, wanted))
  const body = {
    id: `urn:ngsi-ld:Notification:${uuidOf(random(16))}`, type: 'Notification', subscriptionId, notifiedAt: new Date(nowMs()).toISOString(), data, ...accept === 'application/ld+json' ? { '@context': context } : {}
  }
  const link = accept === 'application/json' && typeof context === 'string' ? { link: `<${context}>; rel="${CONTEXT_RELATION}"; type="application/ld+json"` } : {}
  const address = new URL(uri)
  if (address.protocol.startsWith('mqtt')) {
    if (publishMqtt === null) return fail({ code: 'not-offered', reason: 'notifications by MQTT are not offered here', hint: 'use an endpoint of https' })
    // ETSI GS CIM 009, 7.2: over MQTT the headers stand in the message.
    const metadata = { 'Content-Type': accept, ...'link' in link ? { Link: link.link } : {}, ...Object.fromEntries(receiverInfo.map(({ key, value }) => [key, value])) }
    return await publishMqtt({
      url: `${address.protocol}//${address.host}`, topic: decoded(address.pathname).slice(1), qos, version,
      username: address.username === '' ? null : decoded(address.username), password: address.password === '' ? null : decoded(address.password)
    }, utf8(JSON.stringify({ metadata, body })))
  }
  const headers = { ...Object.fromEntries(receiverInfo.map(({ key, value }) => [key.toLowerCase(), value])), 'content-type': accept, ...link }
  const answer = await fetch({ url: uri, method: 'POST', headers, body: utf8(JSON.stringify(body)), redirectsMax: 0, bytesMax: ANSWER_BYTES_MAX, signal })
  if (!answer.ok) return answer
  const { status } = answer.value
  answer.value.cancel()
  return status >= 200 && status < 300 ? ok(null) : fail({ code: 'refused', reason: `the endpoint answered ${status}`, hint: 'look at its log' })
}
