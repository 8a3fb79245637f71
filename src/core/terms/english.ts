/**
 * All words of terms in English; nothing else holds words that people read beside a clause. Numbers and days are written here, since
 * the core has no locale. Whoever speaks another language makes its own sentences of the same codes and values.
 */
import { DAY_MS, dayOf, PURPOSE_NS, type Iri } from '../policy/index.ts'
import type { NeverAction } from './form.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const SECOND_MS = 1_000

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

/** A purpose of ours by what follows the namespace: `waste.collection`. */
function purposeWords (purpose: Iri): string {
  if (!purpose.startsWith(PURPOSE_NS)) return purpose
  const name = purpose.slice(PURPOSE_NS.length)
  return PURPOSE_WORDS[name] ?? name.replaceAll('.', ' ').replaceAll('-', ' ')
}

const SQUARE_KILOMETRE_M2 = 1_000_000

function area (areaM2: number): string {
  return areaM2 * 10 < SQUARE_KILOMETRE_M2 ? `${grouped(areaM2)} m²` : `${grouped(areaM2 / SQUARE_KILOMETRE_M2)} km²`
}

/** `creditMinor` null: none. */
type FeeValues = { readonly amountMinor: number, readonly currency: string, readonly count: number, readonly creditMinor: number | null }

function feeWords ({ amountMinor, currency, count, creditMinor }: FeeValues, unit: 'record' | 'request'): string {
  const per = count === 1 ? unit : `${grouped(count)} ${unit}s`
  return `${money(amountMinor, currency)} per ${per}; ${creditMinor === null ? 'no credit' : `credit up to ${money(creditMinor, currency)}`}.`
}

type Names = { readonly names: readonly string[] }

/** One sentence for each code, of values that any other language makes the same of. */
export const ENGLISH = {
  'anyone': (): string => 'Anyone may use it.',
  'any-member': (): string => 'Any member of the federation may use it.',
  'named': ({ names }: Names): string => `${list(names, 'and')} may use it.`,
  'classes': ({ classes }: { readonly classes: readonly string[] }): string => `Members of these kinds may use it: ${list(classes, 'or')}.`,
  'purposes': ({ purposes }: { readonly purposes: readonly Iri[] }): string => `Only for ${list(purposes.map(purposeWords), 'or')}.`,
  'period': ({ fromMs, untilMs }: { readonly fromMs: number | null, readonly untilMs: number | null }): string => {
    const from = fromMs === null ? '' : `from ${moment(fromMs, false)}`
    const until = untilMs === null ? '' : `${fromMs === null ? 'until' : ' to'} ${moment(untilMs, true)}`
    return `${capital(from + until)}. Either side may end it at any time.`
  },
  'detail': ({ groupSizeMin, cellAreaM2, timeStepMs, columns }: {
    readonly groupSizeMin: number | null, readonly cellAreaM2: number | null, readonly timeStepMs: number | null, readonly columns: readonly string[]
  }): string => {
    const cells = cellAreaM2 === null ? [] : [`per hexagon of about ${area(cellAreaM2)}`]
    const steps = timeStepMs === null ? [] : [`in steps of ${length(timeStepMs)}`]
    const groups = groupSizeMin === null ? [] : [`groups under ${grouped(groupSizeMin)} left out`]
    const fields = columns.length === 0 ? [] : [`without ${list(columns, 'and')}`]
    return `${capital([...groupSizeMin === null ? [] : ['only counts, sums and means'], ...cells, ...steps, ...groups, ...fields].join('; '))}.`
  },
  'delay': ({ delayMs }: { readonly delayMs: number }): string => `Not before ${length(delayMs)} after measurement.`,
  'amount': ({ requestsPerDay, requestsInAll, recordsPerDay }: {
    readonly requestsPerDay: number | null, readonly requestsInAll: number | null, readonly recordsPerDay: number | null
  }): string => {
    const limits = [
      ...requestsPerDay === null ? [] : [`${many(requestsPerDay, 'request')} a day`],
      ...requestsInAll === null ? [] : [`${many(requestsInAll, 'request')} in all`],
      ...recordsPerDay === null ? [] : [`${many(recordsPerDay, 'record')} a day`]
    ]
    return `At most ${list(limits, 'and')}.`
  },
  'pass-on-no': (): string => 'May not be passed on.',
  'pass-on-free': (): string => 'May be passed on.',
  'pass-on-named': ({ names }: Names): string => `May be passed on only to ${list(names, 'and')}, under the same terms.`,
  'pass-on-results': ({ groupSizeMin }: { readonly groupSizeMin: number }): string =>
    `Results with at least ${groupSizeMin} per group may be published; nothing else may be passed on.`,
  'pass-on-named-or-results': ({ names, groupSizeMin }: Names & { readonly groupSizeMin: number }): string =>
    `May be passed on only to ${list(names, 'and')}, under the same terms; results with at least ${groupSizeMin} per group may be published.`,
  'keep-from-receipt': ({ keepMs }: { readonly keepMs: number }): string => `Delete within ${length(keepMs)} of receipt, and confirm.`,
  'keep-from-agreement-end': ({ keepMs }: { readonly keepMs: number }): string => `Delete within ${length(keepMs)} after the agreement ends, and confirm.`,
  'fee-per-records': (fee: FeeValues): string => feeWords(fee, 'record'),
  'fee-per-requests': (fee: FeeValues): string => feeWords(fee, 'request'),
  'report': ({ everyMs }: { readonly everyMs: number }): string => `Send a summary of use every ${length(everyMs)}.`,
  'credit': ({ text }: { readonly text: string }): string => `Credit: "${text}".`,
  'inform': (): string => 'Send us what you publish.',
  'never': ({ actions }: { readonly actions: readonly NeverAction[] }): string => `${capital(list(actions.map(action => NEVER_WORDS[action]), 'and'))}.`,
  'stored': ({ places, level }: { readonly places: readonly string[], readonly level: number | null }): string => {
    const where = places.length === 0 ? '' : ` in ${list(places, 'or')}`
    return `Kept${where}${places.length > 0 && level !== null ? ',' : ''}${level === null ? '' : ` at security level ${level} or better`}.`
  },
  'emergency': ({ kinds, officials, names, mayPassOn, isSealed }: Names & {
    readonly kinds: readonly string[], readonly officials: readonly string[], readonly mayPassOn: boolean, readonly isSealed: boolean
  }): string =>
    `In an emergency (${list(kinds, 'or')}) declared by ${list(officials, 'or')}, ${list(names, 'and')} may use all of it${mayPassOn ? ' and pass it on' : ''}; ` +
    `logged and reviewed.${isSealed ? ' Keys are handed over beforehand, sealed.' : ''}`,
  'replicas-members': (): string => 'Members may keep encrypted copies that they cannot read.',
  'replicas-recipients': (): string => 'Only those who may read it may keep encrypted copies.',
  'replicas-nobody': (): string => 'Nobody else keeps encrypted copies.',
  'legal-notice': ({ text }: { readonly text: string }): string => `Legal notice: ${text}`,
  'unknown-part': ({ json }: { readonly json: string }): string => `This node would refuse all use because it does not know: ${json}`,
  'other-part': ({ json }: { readonly json: string }): string => `Also, in the words of the policy: ${json}`
}

/** What the sentence of each code is made of. */
export type ClauseValues = { readonly [Code in keyof typeof ENGLISH]: Parameters<(typeof ENGLISH)[Code]> extends [infer Values] ? Values : Readonly<Record<never, never>> }
export type Wording = { readonly [Code in keyof ClauseValues]: (values: ClauseValues[Code]) => string }

export const TEMPLATE_WORDS: Readonly<Record<string, { readonly title: string, readonly explanation: string }>> = {
  'open': { title: 'Open', explanation: 'Anyone may have it and pass it on. Not encrypted.' },
  'members': { title: 'Federation members', explanation: 'Every member may use it; results may be published, the data may not.' },
  'neighbours': { title: 'Named neighbours for a purpose', explanation: 'Those you name, for one purpose, for a year, with deletion at the end.' },
  'aggregates': { title: 'Aggregates only', explanation: 'Members see hourly counts per hexagon, never single records.' },
  'delayed': { title: 'Delayed', explanation: 'Members get it a day after measurement.' },
  'paid': { title: 'Paid', explanation: 'Members pay by the record, within a daily limit.' },
  'emergency': { title: 'Emergency override', explanation: 'As for named neighbours, and open to responders in a declared emergency.' }
}
