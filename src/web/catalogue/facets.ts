import type { Dataset } from '../../sdk/index.ts'

export const FACETS = ['theme', 'publisher', 'form', 'access', 'licence', 'freshness'] as const
export type Facet = typeof FACETS[number]
/** What was chosen of each facet; nothing: all of it. */
export type Choices = Readonly<Record<Facet, readonly string[]>>
export type FacetCount = { readonly value: string, readonly count: number }

export const NO_CHOICES: Choices = { theme: [], publisher: [], form: [], access: [], licence: [], freshness: [] }

const DAY_MS = 86_400_000
const AGES = [['day', DAY_MS], ['week', 7 * DAY_MS], ['month', 31 * DAY_MS], ['year', 366 * DAY_MS]] as const
/** In order from new to old. */
export const FRESHNESS = ['day', 'week', 'month', 'year', 'older'] as const

export function valueOf (dataset: Dataset, facet: Facet, nowMs: number): string {
  switch (facet) {
    case 'theme': return dataset.theme
    case 'publisher': return dataset.publisher.name
    case 'form': return dataset.distribution.form
    case 'access': return dataset.access
    case 'licence': return dataset.licence
    case 'freshness': return AGES.find(([, ageMs]) => nowMs - dataset.modifiedMs <= ageMs)?.[0] ?? 'older'
  }
}

export function isChosen (dataset: Dataset, choices: Choices, nowMs: number, except?: Facet): boolean {
  return FACETS.every(facet => facet === except || choices[facet].length === 0 || choices[facet].includes(valueOf(dataset, facet, nowMs)))
}

/** How many there would be of each value, were it chosen beside what is chosen of the other facets. What is chosen stays, also with none. */
export function countsOf (datasets: readonly Dataset[], facet: Facet, choices: Choices, nowMs: number): readonly FacetCount[] {
  const counts = new Map<string, number>(choices[facet].map(value => [value, 0]))
  for (const dataset of datasets) {
    if (!isChosen(dataset, choices, nowMs, facet)) continue
    const value = valueOf(dataset, facet, nowMs)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const list = [...counts].map(([value, count]) => ({ value, count })).filter(({ value }) => value !== '')
  return facet === 'freshness'
    ? list.toSorted((a, b) => FRESHNESS.findIndex(each => each === a.value) - FRESHNESS.findIndex(each => each === b.value))
    : list.toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
}

export function toggled (choices: Choices, facet: Facet, value: string): Choices {
  const chosen = choices[facet]
  return { ...choices, [facet]: chosen.includes(value) ? chosen.filter(each => each !== value) : [...chosen, value] }
}
