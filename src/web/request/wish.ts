import { PURPOSE_NS, PURPOSES, type Dataset, type Purpose } from '../../sdk/index.ts'

/** What a dataset may be asked for: what its terms name, each domain with its activities; everything where they name nothing. */
export function purposesOf ({ terms }: Dataset): readonly Purpose[] {
  const named = terms === null ? [] : [...purposesIn(terms.policy)].filter(each => each.startsWith(PURPOSE_NS)).map(each => each.slice(PURPOSE_NS.length))
  return named.length === 0 ? PURPOSES : PURPOSES.filter(each => named.some(listed => each === listed || each.startsWith(`${listed}.`)))
}

/** Values of constraints on the purpose, wherever they stand in a policy of the Dataspace Protocol. */
function * purposesIn (value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const each of value) yield * purposesIn(each)
  else if (typeof value === 'object' && value !== null) {
    const constraint = value as Readonly<Record<string, unknown>>
    const operand = textOf(constraint['leftOperand'])
    if (operand?.endsWith('purpose') === true) yield * textsOf(constraint['rightOperand'])
    for (const each of Object.values(constraint)) yield * purposesIn(each)
  }
}

function textOf (value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null && '@id' in value ? textOf(value['@id']) : undefined
}

function textsOf (value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.flatMap(each => textOf(each) ?? [])
}

/** The end of the day that a date field names, in this time zone; undefined where it names none. */
export function endOfDayMs (date: string): number | undefined {
  // By its clock: a day on which clocks change has an hour more or less.
  const endMs = new Date(`${date}T23:59:59`).getTime()
  return Number.isNaN(endMs) ? undefined : endMs
}
