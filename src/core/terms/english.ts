/**
 * All words of terms in English. Another language is another file of the same shape; nothing else holds words that people read
 * beside a clause. Numbers and days are written here, since the core has no locale.
 */
import { DAY_MS, dayOf } from '../policy/index.ts'
import type { EmergencyClause, Fee, NeverAction, PassingOn, Replicas } from './form.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const SECOND_MS = 1_000

/** Average area of an H3 cell by resolution (h3-js 4.5), in words. */
const CELL_AREAS = [
  '4,360,000 km²', '610,000 km²', '86,800 km²', '12,400 km²', '1,770 km²', '253 km²', '36 km²', '5 km²', '0.74 km²', '0.11 km²',
  '15,000 m²', '2,150 m²', '307 m²', '44 m²', '6 m²', '1 m²'
]

const SYMBOLS: Readonly<Record<string, string>> = { EUR: '€', USD: '$', GBP: '£' }
/** ISO 4217: currencies of the world whose smallest unit is not a hundredth. */
const MINOR_DIGITS: Readonly<Record<string, number>> = { JPY: 0, KRW: 0, ISK: 0, CLP: 0, VND: 0, XAF: 0, XOF: 0, BHD: 3, JOD: 3, KWD: 3, OMR: 3, TND: 3 }

const PURPOSE_WORDS: Readonly<Record<string, string>> = {
  'mobility.traffic-management': 'traffic management', 'mobility.transit-operation': 'transit operation', 'mobility.parking': 'parking',
  'mobility.cycling-planning': 'cycling planning', 'mobility.road-safety': 'road safety', 'mobility.road-works': 'road works',
  'environment.air': 'air quality', 'environment.noise': 'noise', 'environment.water': 'water quality', 'environment.flood-monitoring': 'flood monitoring',
  'environment.nature': 'nature', 'energy.grid-operation': 'grid operation', 'energy.efficiency': 'energy efficiency', 'planning.land-use': 'land use planning',
  'planning.infrastructure': 'infrastructure planning', 'research.public': 'public research', 'research.commercial': 'commercial research',
  'statistics.official': 'official statistics', 'statistics.open-publication': 'open statistics', 'commerce.product': 'commercial products',
  'commerce.advertising': 'advertising', 'audit.internal': 'internal audit', 'audit.public': 'public audit', 'service': 'public services',
  'research': 'research', 'emergency': 'emergencies'
}

const NEVER_WORDS: Readonly<Record<NeverAction, string>> = {
  reidentify: 'no re-identification', linkPersons: 'no linking of persons', contactPersons: 'no contact with persons', trainModels: 'no model training'
}

function list (words: readonly string[], last: 'and' | 'or'): string {
  const [tail = ''] = words.slice(-1)
  return words.length < 2 ? tail : `${words.slice(0, -1).join(', ')} ${last} ${tail}`
}

function grouped (value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

function many (value: number, unit: string): string {
  return `${grouped(value)} ${unit}${value === 1 ? '' : 's'}`
}

function length (durationMs: number): string {
  if (durationMs % DAY_MS === 0 && durationMs > DAY_MS) return many(durationMs / DAY_MS, 'day')
  if (durationMs % HOUR_MS === 0) return many(durationMs / HOUR_MS, 'hour')
  if (durationMs % MINUTE_MS === 0) return many(durationMs / MINUTE_MS, 'minute')
  return many(durationMs / SECOND_MS, 'second')
}

/** A day, and the time of day where it is not the first or last moment of one. */
function moment (timeMs: number, isEnd: boolean): string {
  const { year, month, day } = dayOf(timeMs)
  const rest = timeMs - Math.floor(timeMs / DAY_MS) * DAY_MS
  const isWhole = isEnd ? rest >= DAY_MS - SECOND_MS : rest === 0
  const clock = `${String(Math.floor(rest / HOUR_MS)).padStart(2, '0')}:${String(Math.floor(rest / MINUTE_MS) % 60).padStart(2, '0')}`
  return `${day} ${MONTHS[month - 1] ?? ''} ${year}${isWhole ? '' : `, ${clock} UTC`}`
}

function money (minor: number, currency: string): string {
  const digits = MINOR_DIGITS[currency] ?? 2
  const text = String(minor).padStart(digits + 1, '0')
  const whole = grouped(Number(text.slice(0, text.length - digits)))
  const amount = digits === 0 ? whole : `${whole}.${text.slice(-digits)}`
  const symbol = SYMBOLS[currency]
  return symbol === undefined ? `${currency} ${amount}` : symbol + amount
}

function capital (text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

type Detail = {
  readonly minGroupSize: number | null
  readonly h3Resolution: number | null
  readonly timeStepMs: number | null
  readonly redactFields: readonly string[]
}

export const ENGLISH = {
  anyone: (): string => 'Anyone may use it.',
  anyMember: (): string => 'Any member of the federation may use it.',
  named: (names: readonly string[]): string => `${list(names, 'and')} may use it.`,
  classes: (classes: readonly string[]): string => `Members of these kinds may use it: ${list(classes, 'or')}.`,
  purposes: (purposes: readonly string[]): string => `Only for ${list(purposes, 'or')}.`,
  /** `name` is what follows the namespace: `waste.collection`. */
  purpose: (name: string): string => PURPOSE_WORDS[name] ?? name.replaceAll('.', ' ').replaceAll('-', ' '),
  period: (fromMs: number | null, untilMs: number | null): string => {
    const from = fromMs === null ? '' : `from ${moment(fromMs, false)}`
    const until = untilMs === null ? '' : `${fromMs === null ? 'until' : ' to'} ${moment(untilMs, true)}`
    return `${capital(from + until)}. Either side may end it at any time.`
  },
  detail: ({ minGroupSize, h3Resolution, timeStepMs, redactFields }: Detail): string => {
    const cells = h3Resolution === null ? [] : [`per hexagon of about ${CELL_AREAS[h3Resolution] ?? ''}`]
    const steps = timeStepMs === null ? [] : [`in steps of ${length(timeStepMs)}`]
    const groups = minGroupSize === null ? [] : [`groups under ${grouped(minGroupSize)} left out`]
    const fields = redactFields.length === 0 ? [] : [`without ${list(redactFields, 'and')}`]
    return `${capital([...minGroupSize === null ? [] : ['only counts, sums and means'], ...cells, ...steps, ...groups, ...fields].join('; '))}.`
  },
  delay: (delayMs: number): string => `Not before ${length(delayMs)} after measurement.`,
  amount: (perDay: number | null, inAll: number | null, recordsPerDay: number | null): string => {
    const limits = [
      ...perDay === null ? [] : [`${many(perDay, 'request')} a day`],
      ...inAll === null ? [] : [`${many(inAll, 'request')} in all`],
      ...recordsPerDay === null ? [] : [`${many(recordsPerDay, 'record')} a day`]
    ]
    return `At most ${list(limits, 'and')}.`
  },
  passingOn: (passOn: PassingOn, names: readonly string[]): string => {
    switch (passOn.type) {
      case 'no': return 'May not be passed on.'
      case 'free': return 'May be passed on.'
      case 'named': return `May be passed on only to ${list(names, 'and')}, under the same terms.`
      case 'results': return `Results with at least ${passOn.minGroupSize} per group may be published; nothing else may be passed on.`
      case 'named-or-results': return `May be passed on only to ${list(names, 'and')}, under the same terms; results with at least ${passOn.minGroupSize} per group may be published.`
    }
  },
  keep: (keepMs: number, from: 'receipt' | 'agreement-end'): string =>
    `Delete within ${length(keepMs)} ${from === 'receipt' ? 'of receipt' : 'after the agreement ends'}, and confirm.`,
  fee: ({ amountMinor, currency, count, unit, creditMinor }: Fee): string => {
    const per = count === 1 ? unit.slice(0, -1) : `${grouped(count)} ${unit}`
    return `${money(amountMinor, currency)} per ${per}; ${creditMinor === 0 ? 'no credit' : `credit up to ${money(creditMinor, currency)}`}.`
  },
  report: (everyMs: number): string => `Send a summary of use every ${length(everyMs)}.`,
  credit: (text: string): string => `Credit: "${text}".`,
  inform: (): string => 'Send us what you publish.',
  never: (actions: readonly NeverAction[]): string => `${capital(list(actions.map(action => NEVER_WORDS[action]), 'and'))}.`,
  stored: (places: readonly string[], level: number | null): string => {
    const where = places.length === 0 ? '' : ` in ${list(places, 'or')}`
    return `Kept${where}${places.length > 0 && level !== null ? ',' : ''}${level === null ? '' : ` at security level ${level} or better`}.`
  },
  emergency: ({ kinds, mode, mayPassOn }: EmergencyClause, responders: readonly string[], officials: readonly string[]): string =>
    `In an emergency (${list(kinds, 'or')}) declared by ${list(officials, 'or')}, ${list(responders, 'and')} may use all of it${mayPassOn ? ' and pass it on' : ''}; ` +
    `logged and reviewed.${mode === 'sealed' ? ' Keys are handed over beforehand, sealed.' : ''}`,
  replicas: (replicas: Replicas): string => {
    switch (replicas) {
      case 'members': return 'Members may keep encrypted copies that they cannot read.'
      case 'recipients': return 'Only those who may read it may keep encrypted copies.'
      case 'nobody': return 'Nobody else keeps encrypted copies.'
    }
  },
  legalNotice: (text: string): string => `Legal notice: ${text}`,
  unknownPart: (json: string): string => `This node would refuse all use because it does not know: ${json}`,
  otherPart: (json: string): string => `Also, in the words of the policy: ${json}`
}

export type Wording = typeof ENGLISH

export const TEMPLATE_WORDS: Readonly<Record<string, { readonly title: string, readonly explanation: string }>> = {
  'open': { title: 'Open', explanation: 'Anyone may have it and pass it on. Not encrypted.' },
  'members': { title: 'Federation members', explanation: 'Every member may use it; results may be published, the data may not.' },
  'neighbours': { title: 'Named neighbours for a purpose', explanation: 'Those you name, for one purpose, for a year, with deletion at the end.' },
  'aggregates': { title: 'Aggregates only', explanation: 'Members see hourly counts per hexagon, never single records.' },
  'delayed': { title: 'Delayed', explanation: 'Members get it a day after measurement.' },
  'paid': { title: 'Paid', explanation: 'Members pay by the record, within a daily limit.' },
  'emergency': { title: 'Emergency override', explanation: 'As for named neighbours, and open to responders in a declared emergency.' }
}
