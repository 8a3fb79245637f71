import { ok, type Result } from '../../base/index.ts'
import type { ErasureView, UseEntry } from '../../sdk/index.ts'
import { EXIT, formatBytes, formatTime, plain, problem, table, type Call, type Problem } from '../terminal/index.ts'

const PURPOSE_PREFIX = 'urn:hanse:purpose:1:'

export type Ranges = readonly (readonly [from: number, to: number])[]

/** `3`, `0-4` or `0-4,7,9-12`; both ends count. */
export function rangesIn (text: string): Result<Ranges, Problem> {
  const ranges: (readonly [number, number])[] = []
  for (const part of text.split(',')) {
    const found = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part.trim())
    if (found === null) return problem(EXIT.usage, 'usage', `"${plain(part)}" is no range`, 'Write 3, 0-4 or 0-4,7.')
    const from = Number(found[1])
    ranges.push([from, Number(found[2] ?? found[1])])
  }
  return ok(ranges)
}

export function rangesText (ranges: Ranges): string {
  const text = ranges.slice(0, 8).map(([from, to]) => from === to ? String(from) : `${from}-${to}`).join(', ')
  return ranges.length > 8 ? `${text} and ${ranges.length - 8} more` : text
}

export function erasureTable (erasures: readonly ErasureView[]): string {
  return table([{ heading: 'TIME' }, { heading: 'BY' }, { heading: 'DATASET' }, { heading: 'WHAT' }, { heading: 'WHY' }, { heading: 'HERE' }, { heading: 'CONFIRMED' }], erasures.map(each => [
    formatTime(each.timeMs), plain(each.publisher.name), each.datasetId, `${each.scope.type} ${rangesText(each.scope.ranges)}`, each.basis, each.here, confirmedText(each)
  ]))
}

/** Who has said that it is gone, of those who are known to have had it. */
export function confirmedText ({ holders }: ErasureView): string {
  if (holders.length === 0) return '-'
  const owing = holders.filter(({ confirmedMs }) => confirmedMs === null).map(({ member }) => plain(member.name))
  const done = `${holders.length - owing.length} of ${holders.length}`
  return owing.length === 0 ? done : `${done}, not ${owing.slice(0, 3).join(', ')}${owing.length > 3 ? ' and others' : ''}`
}

export function usesTable (entries: readonly UseEntry[]): string {
  return table([{ heading: 'TIME' }, { heading: 'WHO' }, { heading: 'WHAT' }, { heading: 'HOW MUCH', right: true }, { heading: 'FOR' }, { heading: 'AGREEMENT' }, { heading: 'PROOF' }], entries.map(each => [
    formatTime(each.timeMs), each.member === null ? 'outside' : plain(each.member.name), whatText(each), amountText(each),
    each.purpose === null ? '-' : purposeOf(each.purpose), each.agreementId === null ? '-' : each.agreementId.slice('urn:uuid:'.length, 'urn:uuid:'.length + 8), proofText(each)
  ]))
}

function whatText ({ what, door, because, notice }: UseEntry): string {
  if (what === 'refused') return `refused: ${plain(because ?? 'nobody knows why')}`
  if (what === 'deleted') return notice === null ? 'deleted' : 'deleted, as demanded'
  return door === null ? what : `${what} (${door})`
}

function amountText ({ records, bytes, segments }: UseEntry): string {
  if (segments !== null) return `segments ${rangesText([segments])}`
  return records === null ? '-' : bytes === null ? `${records} records` : `${records} records, ${formatBytes(bytes)}`
}

function purposeOf (purpose: string): string {
  return purpose.startsWith(PURPOSE_PREFIX) ? purpose.slice(PURPOSE_PREFIX.length) : plain(purpose)
}

/** A day's root is on the ledger, or will be: until then the signed feed is all there is. */
function proofText ({ period, isOnLedger }: UseEntry): string {
  return isOnLedger ? 'on the ledger' : period === null ? 'signed' : 'root not final'
}

/** One of these texts, or what is wrong. */
export function oneOf<T extends string> (call: Call, option: string, all: readonly T[], otherwise: T): Result<T, Problem> {
  const text = call.text(option) ?? otherwise
  const found = all.find(each => each === text)
  return found === undefined ? problem(EXIT.usage, 'usage', `There is no ${option} "${plain(text)}"`, `Choose one of ${all.join(', ')}.`) : ok(found)
}
