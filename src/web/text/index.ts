/**
 * Gives every text of the console, in the language of its reader. No text stands in code or in a page.
 *
 * A message is a text with `{names}` in it, or an object of such texts by plural category (CLDR), chosen by the value `count`. Numbers
 * are written as the language writes them. A name that the message has and the values lack is a fault of ours, and shows as `{name}`.
 */
import type english from './en.json'

export const LANGUAGES = ['en', 'de'] as const
export type Language = typeof LANGUAGES[number]
export type Key = keyof typeof english
export type Values = Readonly<Record<string, string | number>>

type Message = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>
export type Messages = Readonly<Record<string, Message>>

let messages: Messages = {}
let language: string = 'en'

/** Texts asked for from then on are these; times and numbers are written as the reader's country writes them in that language. */
export function speak (wanted: Language, texts: Messages, wishes: readonly string[] = []): void {
  messages = texts
  // Not all that browsers name is a language tag: `en-US@posix` is none.
  language = wishes.find(each => new RegExp(`^${wanted}-[A-Z]{2}$`).test(each)) ?? wanted
}

/** What a sentence of the node is made of, where it says so. */
export type Made = { readonly code: string, readonly values: Readonly<Record<string, string | number | boolean | null | readonly string[]>> }
/** Says in another language what the node said in English; undefined where it has no words for it. */
export type Interpreter = (sentence: string, made?: Made) => string | undefined

/** None where the reader's language is the node's. */
let interpret: Interpreter | undefined

export function interpretBy (interpreter: Interpreter): void {
  interpret = interpreter
}

/** What the node says, and in which language where that is not the reader's. */
export function nodeText (sentence: string, made?: Made): { readonly text: string, readonly lang: 'en' | undefined } {
  const text = interpret?.(sentence, made)
  return { text: text ?? sentence, lang: text === undefined && interpret !== undefined ? 'en' : undefined }
}

/** As a sentence of its own: it begins with a capital and ends in a stop. */
export function sentenceText (text: string): string {
  const begun = /^\p{Ll}+[ ,]/u.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
  return /[.!?:…]$|^$/.test(begun) ? begun : `${begun}.`
}

export function t (key: Key, values: Values = {}): string {
  const message = messages[key] ?? key
  const text = typeof message === 'string' ? message : pluralOf(message, values['count'])
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : typeof value === 'number' ? numberText(value) : value
  })
}

function pluralOf (forms: Exclude<Message, string>, count: string | number | undefined): string {
  const category = made('plural', () => new Intl.PluralRules(language)).select(Number(count ?? 0))
  return forms[category] ?? forms.other ?? ''
}

/** Makers of texts, by what they make: a table asks for thousands of texts, and a maker costs more than its text. */
const makers = new Map<string, unknown>()

function made<T> (name: string, make: () => T): T {
  const key = `${language} ${name}`
  const known = makers.get(key)
  if (known !== undefined) return known as T
  const fresh = make()
  makers.set(key, fresh)
  return fresh
}

/** The first language that the browser asks for and that we speak. */
export function preferredLanguage (wanted: readonly string[]): Language {
  const known = wanted.map(each => each.slice(0, 2).toLowerCase()).find(each => LANGUAGES.some(language => language === each))
  return known as Language | undefined ?? 'en'
}

export function numberText (value: number): string {
  return made('number', () => new Intl.NumberFormat(language)).format(value)
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

export function bytesText (value: number): string {
  const power = value < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(value) / 3))
  const unit = SIZES[power] ?? 'byte'
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: power === 0 ? 'long' : 'short', maximumFractionDigits: power === 0 ? 0 : 1 }).format(value / 1_000 ** power)
}

/** The last moment that a date can tell. What others publish may name a later one, and a page that tried to write it would stay empty. */
const TIME_MS_MAX = 8_640_000_000_000_000
const UNTOLD = '?'

function isTold (timeMs: number): boolean {
  return Math.abs(timeMs) <= TIME_MS_MAX
}

/** For programs, as attributes and files have it; undefined where no date can tell it. */
export function isoText (timeMs: number): string | undefined {
  return isTold(timeMs) ? new Date(timeMs).toISOString() : undefined
}

export function timeText (timeMs: number): string {
  return !isTold(timeMs) ? UNTOLD : made('time', () => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })).format(timeMs)
}

/** A day that was said without a time is the same day everywhere: its beginning in UTC stands for it. */
export function dayText (timeMs: number): string {
  return !isTold(timeMs) ? UNTOLD : made('day', () => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' })).format(timeMs)
}

const STEPS = [['year', 31_536_000_000], ['month', 2_592_000_000], ['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1_000]] as const

/** How long ago, in the largest step that fits. */
export function agoText (timeMs: number, nowMs: number): string {
  const elapsedMs = timeMs - nowMs
  const [unit, stepMs] = STEPS.find(([, each]) => Math.abs(elapsedMs) >= each) ?? ['second', 1_000]
  return made('ago', () => new Intl.RelativeTimeFormat(language, { numeric: 'auto' })).format(Math.round(elapsedMs / stepMs), unit)
}

export function listText (items: readonly string[], type: 'conjunction' | 'disjunction' = 'conjunction'): string {
  return new Intl.ListFormat(language, { type }).format(items)
}

/** A number as it was measured: as many digits as matter. */
export function decimalText (value: number): string {
  return made('decimal', () => new Intl.NumberFormat(language, { maximumSignificantDigits: 6 })).format(value)
}

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000]

/** For the axis of a chart, whose times are `stepMs` apart: to the second, to the minute, or the day. */
export function shortTimeText (timeMs: number, stepMs: number): string {
  return !isTold(timeMs) ? UNTOLD : made(`short ${stepMs < MINUTE_MS ? 'second' : stepMs < DAY_MS ? 'minute' : 'day'}`, () => new Intl.DateTimeFormat(language, stepMs < MINUTE_MS
    ? { hour: '2-digit', minute: '2-digit', second: '2-digit' }
    : stepMs < DAY_MS ? { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } : { dateStyle: 'medium' })).format(timeMs)
}

/** How long something takes, in the largest unit that fits. */
export function durationText (durationMs: number): string {
  const [unit, stepMs] = STEPS.find(([, each]) => durationMs >= each) ?? ['second', 1_000]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }).format(Math.max(1, Math.round(durationMs / stepMs)))
}

/** Where the clock of this browser stands: all times that the console shows are its. */
export function zoneText (): string {
  const parts = new Intl.DateTimeFormat(language, { timeZoneName: 'shortOffset' }).formatToParts()
  return `${new Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll('_', ' ')}, ${parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''}`
}

/** To the millisecond. */
export function preciseTimeText (timeMs: number): string {
  const options = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 } as const
  return !isTold(timeMs) ? UNTOLD : made('precise', () => new Intl.DateTimeFormat(language, options)).format(timeMs)
}
