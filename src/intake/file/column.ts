import type { Column } from '../../sdk/index.ts'
import { patternOf, personalWarning, type PersonalKind, type PersonalWarning } from '../personal/index.ts'
import { saysLatitude, saysLongitude, saysTime, unitOf, wordsOf } from './heading.ts'
import { EXAMPLES_MAX, TIME_SHARE_MIN } from './limits.ts'
import { epochOf, readBasicIso, readTime, type ReadTime } from './time.ts'
import type { FileWarning, TimeColumn, TimeReading } from './types.ts'

/** Ways to write that there is no value. */
const MISSING: ReadonlySet<string> = new Set(['', 'NA', 'N/A', 'n/a', 'na', 'NaN', 'nan', 'null', 'NULL', 'None', '-', '--', '\\N', '#N/A'])
const BOOLEANS: ReadonlySet<string> = new Set(['true', 'false', 'yes', 'no', 'ja', 'nein', 'wahr', 'falsch'])
/** A leading zero makes a code (a postcode, a stop), not a number: it would be lost. */
const NUMBER = /^[+-]?(?:0|[1-9]\d*)?(?:[.,]\d+)?(?:e[+-]?\d{1,3})?$/i
const INTEGER = /^[+-]?(?:0|[1-9]\d*)$/

class Range {
  min = Infinity
  max = -Infinity
  count = 0

  add (value: number): void {
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    this.count++
  }
}

/** Reads all values of one column and says what they are. Memory is constant: it counts, it keeps no value. */
export class ColumnReader {
  readonly name: string
  readonly index: number
  readonly latitude: boolean
  readonly longitude: boolean
  readonly #words: readonly string[]
  readonly #time: boolean
  readonly #decimalComma: boolean
  readonly #numbers = new Range()
  readonly #iso = new Range()
  readonly #seconds = new Range()
  readonly #milliseconds = new Range()
  readonly #dayFirst = new Range()
  readonly #monthFirst = new Range()
  readonly #dayFirstRows: number[] = []
  readonly #monthFirstRows: number[] = []
  readonly #patterns = new Map<PersonalKind, number>()
  #values = 0
  #integers = 0
  #booleans = 0
  #withoutZone = 0
  #ordered = 0
  #onlyDayFirst = 0
  #onlyMonthFirst = 0

  constructor (name: string, index: number, decimalComma: boolean) {
    this.name = name
    this.index = index
    this.#words = wordsOf(name)
    this.#time = saysTime(this.#words)
    this.#decimalComma = decimalComma
    this.latitude = saysLatitude(this.#words)
    this.longitude = saysLongitude(this.#words)
  }

  /** Takes the value of one row; rows count from 1. Returns the number it is, if it is one. */
  add (raw: string, row: number): number | undefined {
    const value = raw.trim()
    if (MISSING.has(value)) return undefined
    this.#values++
    const number = this.#numberOf(value)
    if (number !== undefined) {
      this.#numbers.add(number)
      if (INTEGER.test(value)) this.#integers++
      if (this.#time) this.#addEpoch(number, value)
      return number
    }
    const time = readTime(value)
    if (time !== undefined) this.#addTime(time, row)
    else if (BOOLEANS.has(value.toLowerCase())) this.#booleans++
    else this.#addPattern(patternOf(value))
    return undefined
  }

  describe (): Column {
    const type = this.#type()
    return { name: this.name, type, unit: type === 'number' || type === 'integer' ? unitOf(this.#words) : null }
  }

  /** How the column tells time, if it does, and its range. */
  time (): TimeColumn | undefined {
    if (this.#type() !== 'time') return undefined
    const [reading, range] = this.#reading()
    if (range === undefined || reading === undefined) return undefined
    const withoutZone = reading === 'iso' ? this.#withoutZone > 0 : !reading.startsWith('epoch')
    return { column: this.name, index: this.index, reading, withoutZone, fromMs: range.min, toMs: range.max }
  }

  /** True for a column that says when a person was born: never the time of a record. */
  get isBirthDate (): boolean {
    return this.personal()?.kind === 'birth-date'
  }

  personal (): PersonalWarning | undefined {
    return personalWarning(this.name, this.#words, this.#values, this.#patterns)
  }

  /** What is to be said of its dates. */
  timeWarnings (): readonly FileWarning[] {
    const column = this.name
    const [yearFirst, dayFirst, monthFirst] = [this.#iso.count, this.#onlyDayFirst, this.#onlyMonthFirst]
    const ambiguous = this.#ordered - dayFirst - monthFirst
    const orders = [yearFirst, dayFirst, monthFirst].filter(count => count > 0).length
    if (orders > 1 || (yearFirst > 0 && ambiguous > 0)) {
      return [{
        code: 'mixed-date-formats', column, yearFirst, dayFirst, monthFirst, ambiguous,
        dayFirstRows: this.#dayFirstRows, monthFirstRows: this.#monthFirstRows,
        sentence: `Column "${column}" mixes date formats: ${mixture(yearFirst, dayFirst, monthFirst, ambiguous)}. ` +
          'Rewrite it as year-month-day before others calculate with it.'
      }]
    }
    if (this.#ordered > 0 && orders === 0) {
      return [{
        code: 'ambiguous-dates', column, values: ambiguous,
        sentence: `No value of column "${column}" tells whether the day or the month comes first. ` +
          'Rewrite it as year-month-day, or say the order in the description.'
      }]
    }
    return this.#type() === 'time' ? this.#clarityWarnings() : []
  }

  #clarityWarnings (): readonly FileWarning[] {
    const column = this.name
    const warnings: FileWarning[] = []
    const local = this.time()?.withoutZone === true
    if (local) {
      warnings.push({
        code: 'local-time', column, values: this.#withoutZone,
        sentence: `The times of column "${column}" carry no time zone. They are read as UTC; say in the description which zone they are in.`
      })
    }
    const unreadable = this.#values - this.#timeCount()
    if (unreadable > 0) {
      const sentence = `Values of column "${column}" that are no times: ${unreadable}. Their rows are published without a time.`
      warnings.push({ code: 'unreadable-times', column, values: unreadable, sentence })
    }
    return warnings
  }

  #type (): Column['type'] {
    const values = this.#values
    if (values === 0) return 'text'
    if (this.#timeCount() >= values * TIME_SHARE_MIN) return 'time'
    if (this.#numbers.count === values) {
      if (this.latitude && this.#numbers.min >= -90 && this.#numbers.max <= 90) return 'latitude'
      if (this.longitude && this.#numbers.min >= -180 && this.#numbers.max <= 180) return 'longitude'
      return this.#integers === values ? 'integer' : 'number'
    }
    return this.#booleans === values ? 'boolean' : 'text'
  }

  #timeCount (): number {
    const epochs = this.#seconds.count + this.#milliseconds.count
    // Seconds beside milliseconds, or numbers beside dates, are not one way to tell time.
    if (epochs > 0) return this.#seconds.count > 0 && this.#milliseconds.count > 0 ? 0 : epochs
    return this.#iso.count + this.#ordered
  }

  #reading (): [TimeReading | undefined, Range | undefined] {
    if (this.#seconds.count > 0) return ['epoch-seconds', this.#seconds]
    if (this.#milliseconds.count > 0) return ['epoch-milliseconds', this.#milliseconds]
    if (this.#ordered === 0) return ['iso', this.#iso]
    if (this.#iso.count > 0) return [undefined, undefined]
    if (this.#onlyDayFirst > 0 && this.#onlyMonthFirst === 0) return ['day-first', this.#dayFirst]
    if (this.#onlyMonthFirst > 0 && this.#onlyDayFirst === 0) return ['month-first', this.#monthFirst]
    return [undefined, undefined]
  }

  #numberOf (value: string): number | undefined {
    const first = value.charCodeAt(0)
    if (!((first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e || first === 0x2c)) return undefined
    if (!NUMBER.test(value)) return undefined
    const comma = value.includes(',')
    if (comma && !this.#decimalComma) return undefined
    const number = Number(comma ? value.replace(',', '.') : value)
    return Number.isFinite(number) ? number : undefined
  }

  #addEpoch (number: number, value: string): void {
    const basic = value.length === 8 ? readBasicIso(value) : undefined
    if (basic?.form === 'iso') {
      this.#iso.add(basic.timeMs)
      this.#withoutZone++
      return
    }
    const epoch = epochOf(number)
    if (epoch === undefined) return
    if (epoch.reading === 'epoch-seconds') this.#seconds.add(epoch.timeMs)
    else this.#milliseconds.add(epoch.timeMs)
  }

  #addTime (time: ReadTime, row: number): void {
    if (time.form === 'iso') {
      this.#iso.add(time.timeMs)
      if (!time.zone) this.#withoutZone++
      return
    }
    this.#ordered++
    this.#withoutZone++
    const { dayFirstMs, monthFirstMs } = time
    if (dayFirstMs !== undefined) this.#dayFirst.add(dayFirstMs)
    if (monthFirstMs !== undefined) this.#monthFirst.add(monthFirstMs)
    if (monthFirstMs === undefined) {
      this.#onlyDayFirst++
      if (this.#dayFirstRows.length < EXAMPLES_MAX) this.#dayFirstRows.push(row)
    } else if (dayFirstMs === undefined) {
      this.#onlyMonthFirst++
      if (this.#monthFirstRows.length < EXAMPLES_MAX) this.#monthFirstRows.push(row)
    }
  }

  #addPattern (kind: PersonalKind | undefined): void {
    if (kind !== undefined) this.#patterns.set(kind, (this.#patterns.get(kind) ?? 0) + 1)
  }
}

function mixture (yearFirst: number, dayFirst: number, monthFirst: number, ambiguous: number): string {
  return [
    [yearFirst, `${yearFirst} with the year first`], [dayFirst, `${dayFirst} with the day first`], [monthFirst, `${monthFirst} with the month first`],
    [ambiguous, `${ambiguous} that may be either`]
  ].filter(([count]) => count !== 0).map(([, words]) => words).join(', ')
}
