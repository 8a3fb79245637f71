import { PURPOSE_NS } from '../../sdk/index.ts'
import { listText, numberText, t, timeText } from '../text/index.ts'
import { dayText, moneyText, spanText } from './formats.ts'

export type Value = string | number | boolean | null | readonly string[]
export type Values = Readonly<Record<string, Value>>
/** `words`: what names that the node gives are called. */
export type Speech = { readonly language: string, readonly words: Readonly<Record<string, string>> }

const DAY_MS = 86_400_000
const SECOND_MS = 1_000
const SQUARE_KILOMETRE_M2 = 1_000_000

/** Writes a value as its form says; without a form as it is. */
export function valueText (name: string, form: string | undefined, values: Values, { language, words }: Speech): string {
  const value = values[name] ?? null
  const [way = '', kind] = (form ?? '').split(':')
  if (typeof value === 'boolean' || value === null) return ''
  if (typeof value === 'object') return listText(value.map(each => wordOf(each, kind, words)), way === 'or' ? 'disjunction' : 'conjunction')
  if (typeof value === 'string') return way === 'time' && !Number.isNaN(Date.parse(value)) ? timeText(Date.parse(value)) : value
  switch (way) {
    case 'day': return dayText(value, value % DAY_MS === 0, language)
    case 'end': return dayText(value, value - Math.floor(value / DAY_MS) * DAY_MS >= DAY_MS - SECOND_MS, language)
    case 'span': return spanText(value, language)
    case 'money': return moneyText(value, String(values['currency']), language)
    case 'area': return value * 10 < SQUARE_KILOMETRE_M2 ? `${numberText(value)} m²` : `${numberText(value / SQUARE_KILOMETRE_M2)} km²`
    case 'none': return ''
    default: return way.includes('/') ? `${numberText(value)} ${way.split('/')[value === 1 ? 0 : 1] ?? ''}` : numberText(value)
  }
}

/** Of a list of names that have words: `never`, `class`, `kind`; purposes have theirs in the texts of the console. */
function wordOf (name: string, kind: string | undefined, words: Speech['words']): string {
  if (kind === undefined) return name
  if (kind !== 'purpose') return words[`${kind}.${name}`] ?? name
  const key = `purpose.${name.slice(PURPOSE_NS.length)}` as const
  const text = t(key as Parameters<typeof t>[0])
  return name.startsWith(PURPOSE_NS) && text !== key ? text : name
}
