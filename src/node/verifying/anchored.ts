import { equalBytes } from '../../base/index.ts'
import { feedOf, type LedgerState } from '../../core/ledger/index.ts'
import type { Feed } from '../feeds/index.ts'

/** What the ledger says of a feed: from when on it is certain that it existed. No anchor yet is nothing wrong. */
export function anchoredCheck (state: LedgerState, feed: Feed): { readonly name: string, readonly ok: boolean, readonly detail: string } {
  const name = 'anchored'
  const row = feedOf(state, feed.id)
  if (row === undefined || row.length === 0 || row.mmrRoot === null || row.publisher !== feed.declaration.publisher) {
    return { name, ok: true, detail: 'the ledger has no anchor of it yet' }
  }
  const { length, mmrRoot, height, timeMs } = row
  if (length > feed.length) return { name, ok: true, detail: `less of it is here than the ${length} segments that the ledger knows` }
  if (!equalBytes(feed.log.root(length), mmrRoot)) return { name, ok: false, detail: `block ${height} of the ledger names another history of it` }
  const what = length === feed.length ? '' : `${length} of ${feed.length} segments `
  return { name, ok: true, detail: `${what}existed before block ${height}, finalised at ${utcText(timeMs)}` }
}

/** ISO 8601 of a time, by the proleptic Gregorian calendar: days are counted in eras of 400 years that begin in March. */
function utcText (timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000)
  const days = Math.floor(seconds / 86_400) + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  const two = (value: number): string => String(value).padStart(2, '0')
  const second = seconds % 86_400
  return `${year}-${two(month)}-${two(day)}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}Z`
}
