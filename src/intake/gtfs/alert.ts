import bindings, { type transit_realtime } from 'gtfs-realtime-bindings'
import type { Column } from '../../sdk/index.ts'
import { isoOf, known, TEXT_LENGTH_MAX, type Gathering, type JsonObject } from '../reader/index.ts'
import { nameOf, numberOf, textOf, timeMsOf } from './values.ts'
import { tripOf } from './vehicle.ts'

const { Alert } = bindings.transit_realtime

const text = (name: string): Column => ({ name, type: 'text', unit: null })

export const ALERT_COLUMNS: readonly Column[] = [
  text('id'), text('header'), text('description'), text('url'), text('cause'), text('effect'), text('severityLevel'),
  { name: 'validFrom', type: 'time', unit: null }, { name: 'validTo', type: 'time', unit: null }, text('activePeriods'), text('informedEntities'), text('translations')
]

/** An alert under the id of its entity. It concerns stops, routes and trips and has no place, so it is no Alert of the Smart Data Models. */
export function alertOf (alert: transit_realtime.IAlert, id: string, observedMs: number, alerts: Gathering, bytes: Uint8Array): void {
  if (id === '') {
    alerts.reject('an alert has no id', bytes)
    return
  }
  const periods = (alert.activePeriod ?? []).map(period => ({ startMs: timeMsOf(period, 'start'), endMs: timeMsOf(period, 'end') }))
  const [first] = periods
  const last = periods.at(-1)
  alerts.put(id, observedMs, known({
    id, header: saidIn(alert.headerText), description: saidIn(alert.descriptionText), url: saidIn(alert.url), cause: nameOf(alert, 'cause', Alert.Cause),
    effect: nameOf(alert, 'effect', Alert.Effect), severityLevel: nameOf(alert, 'severityLevel', Alert.SeverityLevel),
    validFrom: timeText(first?.startMs), validTo: timeText(last?.endMs),
    activePeriods: periods.map(({ startMs, endMs }) => known({ start: timeText(startMs), end: timeText(endMs) })),
    informedEntities: (alert.informedEntity ?? []).map(informedOf), translations: translationsOf(alert)
  }))
}

function timeText (timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : isoOf(timeMs)
}

/** The text without a language, else the English one, else the first. */
function saidIn (said: transit_realtime.ITranslatedString | null | undefined): string | undefined {
  const translations = said?.translation ?? []
  const chosen = translations.find(each => textOf(each, 'language') === undefined) ?? translations.find(({ language }) => language?.startsWith('en') === true) ?? translations[0]
  return textOf(chosen, 'text')?.slice(0, TEXT_LENGTH_MAX)
}

/** Where there are several languages: headers and descriptions by language. */
function translationsOf ({ headerText, descriptionText }: transit_realtime.IAlert): readonly JsonObject[] | undefined {
  const [headers, descriptions] = [byLanguage(headerText), byLanguage(descriptionText)]
  const languages = new Set([...headers.keys(), ...descriptions.keys()])
  if (languages.size < 2) return undefined
  return [...languages].map(language => known({ language, header: headers.get(language), description: descriptions.get(language) }))
}

/** The first text of each language; there may be thousands. */
function byLanguage (said: transit_realtime.ITranslatedString | null | undefined): ReadonlyMap<string, string | undefined> {
  const texts = new Map<string, string | undefined>()
  for (const each of said?.translation ?? []) {
    const language = textOf(each, 'language') ?? ''
    if (!texts.has(language)) texts.set(language, textOf(each, 'text')?.slice(0, TEXT_LENGTH_MAX))
  }
  return texts
}

function informedOf (selector: transit_realtime.IEntitySelector): JsonObject {
  return known({
    agencyId: textOf(selector, 'agencyId'), stopId: textOf(selector, 'stopId'), routeType: numberOf(selector, 'routeType', 0, 10_000),
    ...tripOf(selector.trip), routeId: textOf(selector, 'routeId') ?? textOf(selector.trip, 'routeId')
  })
}
