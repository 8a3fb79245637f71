import { fail, ok, type Result } from '../../base/index.ts'
import { geometryFault } from '../../sdk/models/index.ts'
import { childrenOf, childText, isoOf, isoTimeMs, known, numberIn, TEXT_LENGTH_MAX, type JsonObject, type XmlElement } from '../reader/index.ts'

const STATUSES = ['Actual', 'Exercise', 'System', 'Test', 'Draft'] as const
const MESSAGE_TYPES = ['Alert', 'Update', 'Cancel', 'Ack', 'Error'] as const

export type CapMessage = {
  /** `sender,identifier`. */
  readonly key: string
  readonly sentMs: number
  readonly status: typeof STATUSES[number]
  readonly messageType: typeof MESSAGE_TYPES[number]
  /** Keys of the messages that it replaces or takes back. */
  readonly references: readonly string[]
  readonly entity: JsonObject
}

/** CAP 1.1 and 1.2; only the namespace tells them apart. */
const NAMESPACE = /^urn:oasis:names:tc:emergency:cap:1\.[12]$/
/** 3.2.1: neither may hold spaces, commas or what XML restricts. */
const NAME = /^[^\s,<&]{1,256}$/
const REFERENCES_MAX = 1_000
const POSITIONS_MAX = 8_192
const CIRCLE_POINTS = 32
const EARTH_RADIUS_KM = 6_371.009
const RADIUS_KM_MAX = 5_000

/** The message of an `alert` element, CAP 1.2 section 3.2. The first language of `info` is taken, and the one that is asked for where it is there. */
export function messageOf (alert: XmlElement, language: string): Result<CapMessage, { readonly reason: string }> {
  if (alert.name !== 'alert' || !NAMESPACE.test(alert.uri)) return fail({ reason: 'it is no alert of CAP 1.1 or 1.2' })
  const [identifier, sender, sent] = [childText(alert, 'identifier'), childText(alert, 'sender'), isoTimeMs(childText(alert, 'sent'))]
  if (identifier === undefined || sender === undefined || !NAME.test(identifier) || !NAME.test(sender)) return fail({ reason: 'an alert has no identifier and sender that could be one' })
  if (sent === undefined) return fail({ reason: 'an alert does not say when it was sent, with its zone' })
  const status = STATUSES.find(each => each === childText(alert, 'status'))
  const messageType = MESSAGE_TYPES.find(each => each === childText(alert, 'msgType'))
  if (status === undefined || messageType === undefined) return fail({ reason: 'an alert has no status and msgType of the standard' })
  const key = `${sender},${identifier}`
  const info = infoOf(alert, language)
  const entity = known({
    // First the members of the model Alert, then those of CAP under their own names.
    id: '', type: 'Alert', category: childText(info, 'category'), subCategory: childText(info, 'event'), severity: SEVERITIES.get(childText(info, 'severity') ?? ''),
    location: locationOf(info), dateIssued: isoOf(sent), validFrom: timeText(info, 'onset') ?? timeText(info, 'effective') ?? isoOf(sent), validTo: timeText(info, 'expires'),
    description: longText(info, 'description') ?? longText(info, 'headline'), alertSource: sender,
    identifier, sender, sent: isoOf(sent), status, msgType: messageType, scope: childText(alert, 'scope'), event: childText(info, 'event'), urgency: childText(info, 'urgency'),
    capSeverity: childText(info, 'severity'), certainty: childText(info, 'certainty'), headline: longText(info, 'headline'), instruction: longText(info, 'instruction'),
    web: childText(info, 'web'), areaDesc: areasOf(info).map(area => childText(area, 'areaDesc')).filter(text => text !== undefined).join('; ').slice(0, TEXT_LENGTH_MAX),
    language: childText(info, 'language')
  })
  return ok({ key, sentMs: sent, status, messageType, references: referencesOf(childText(alert, 'references')), entity })
}

/** Of the Smart Data Model, which knows no unknown severity. */
const SEVERITIES: ReadonlyMap<string, string> = new Map([['Extreme', 'critical'], ['Severe', 'high'], ['Moderate', 'medium'], ['Minor', 'low']])

const NOTHING: XmlElement = { uri: '', name: '', attributes: [], children: [], text: '', language: null }

function infoOf (alert: XmlElement, language: string): XmlElement {
  const infos = childrenOf(alert, 'info')
  return infos.find(info => (childText(info, 'language') ?? 'en-US').toLowerCase().startsWith(language.toLowerCase())) ?? infos[0] ?? NOTHING
}

function longText (element: XmlElement, name: string): string | undefined {
  return childText(element, name)?.slice(0, TEXT_LENGTH_MAX)
}

function timeText (info: XmlElement, name: string): string | undefined {
  const timeMs = isoTimeMs(childText(info, name))
  return timeMs === undefined ? undefined : isoOf(timeMs)
}

/** `sender,identifier,sent` with spaces between them; the time is not needed to find the message. */
function referencesOf (text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).slice(0, REFERENCES_MAX).flatMap(reference => {
    const [sender = '', identifier = ''] = reference.split(',')
    return NAME.test(sender) && NAME.test(identifier) ? [`${sender},${identifier}`] : []
  })
}

function areasOf (info: XmlElement): readonly XmlElement[] {
  return childrenOf(info, 'area')
}

type Ring = readonly (readonly [longitude: number, latitude: number])[]

/** Polygons, and circles drawn as polygons. Undefined where there is none that is one: an area may be told by name and code alone. */
function locationOf (info: XmlElement): JsonObject | undefined {
  const rings: Ring[] = []
  for (const area of areasOf(info)) {
    rings.push(...childrenOf(area, 'polygon').flatMap(polygon => polygonOf(polygon.text)), ...childrenOf(area, 'circle').flatMap(circle => circleOf(circle.text)))
  }
  const [first] = rings
  if (first === undefined || rings.reduce((sum, { length }) => sum + length, 0) > POSITIONS_MAX) return undefined
  const geometry = rings.length === 1 ? { type: 'Polygon', coordinates: [first] } : { type: 'MultiPolygon', coordinates: rings.map(ring => [ring]) }
  return geometryFault(geometry) === undefined ? geometry : undefined
}

/** "lat,lon lat,lon …", the last the same as the first. */
function polygonOf (text: string): readonly Ring[] {
  const positions = text.trim().split(/\s+/).slice(0, POSITIONS_MAX + 1).map(positionOf)
  const ring = positions.filter(position => position !== undefined)
  return ring.length < 4 || ring.length < positions.length ? [] : [ring]
}

function positionOf (text: string): readonly [number, number] | undefined {
  const found = /^(-?\d{1,3}(?:\.\d{1,12})?),(-?\d{1,3}(?:\.\d{1,12})?)$/.exec(text)
  const [latitude, longitude] = [numberIn(Number(found?.[1]), -90, 90), numberIn(Number(found?.[2]), -180, 180)]
  return latitude === undefined || longitude === undefined ? undefined : [longitude, latitude]
}

/** "lat,lon radius", in kilometres. A radius of 0 is a point, and drawn as a circle of ten metres. */
function circleOf (text: string): readonly Ring[] {
  const [centre = '', radius = ''] = text.trim().split(/\s+/)
  const position = positionOf(centre)
  const radiusKm = /^\d{1,6}(\.\d{1,12})?$/.test(radius) ? Math.max(0.01, Number(radius)) : Number.NaN
  if (position === undefined || !(radiusKm <= RADIUS_KM_MAX)) return []
  const [longitude, latitude] = position
  const heightDeg = radiusKm / EARTH_RADIUS_KM * 180 / Math.PI
  const widthDeg = heightDeg / Math.max(0.01, Math.cos(latitude * Math.PI / 180))
  const ring = Array.from({ length: CIRCLE_POINTS }, (_, index): readonly [number, number] => {
    const angle = 2 * Math.PI * index / CIRCLE_POINTS
    return [rounded(clamped(longitude + widthDeg * Math.cos(angle), 180)), rounded(clamped(latitude + heightDeg * Math.sin(angle), 90))]
  })
  const [first] = ring
  return first === undefined ? [] : [[...ring, first]]
}

function clamped (degrees: number, most: number): number {
  return Math.min(most, Math.max(-most, degrees))
}

function rounded (degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6
}
