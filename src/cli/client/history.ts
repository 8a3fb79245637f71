import type { DatasetHistory, HolderView, RecipeView, VersionChange, VersionView } from '../../sdk/index.ts'
import { count, formatDuration, formatTime, table } from '../terminal/index.ts'

/** Enough to see what goes on; `--json` has all that the node tells. */
const VERSIONS_SHOWN = 10
const NAMES_SHOWN = 8

/** Lines about where a dataset comes from and who holds it, for a list of pairs. */
export function originRows ({ sources, recipe, holders, segments }: DatasetHistory): readonly (readonly [string, string])[] {
  return [
    ...sources.map(({ id, title, publisher }) => ['made of', `${title ?? 'a dataset that is not shown to you'} of ${publisher.name} (${id})`] as const),
    ...recipe === null ? [] : [['with less', recipe.operations.map(operation => boundText(operation, recipe)).join('; ')] as const, ['recipe', recipe.recipe] as const],
    ...holders.length === 0 ? [] : [['held by', holdersText(holders, segments)] as const]
  ]
}

function holdersText (holders: readonly HolderView[], segments: number): string {
  return holders.map(({ member, segments: have }) => have >= segments && segments > 0 ? member.name : `${member.name} (${have} of ${count(segments, 'segment')})`).join(', ')
}

function boundText (operation: RecipeView['operations'][number], recipe: RecipeView): string {
  switch (operation) {
    case 'redact': return recipe.redactedFields.length === 0 ? 'columns left out' : `without ${named(recipe.redactedFields)}`
    case 'coarsen': return `places as cells of H3 resolution ${recipe.h3Resolution} at the finest`
    case 'roundTime': return `times in steps of ${formatDuration(recipe.timeStepMs)}`
    case 'summarise': return `summed up in groups of at least ${recipe.minGroupSize}`
    case 'delay': return `at least ${formatDuration(recipe.delayMs)} late`
  }
}

export function versionsText ({ versions, isPart }: DatasetHistory): string {
  const shown = versions.slice(0, VERSIONS_SHOWN)
  const isCut = isPart || shown.length < versions.length
  return table([{ heading: 'VERSION', right: true }, { heading: 'OF' }, { heading: 'WHAT CHANGED' }], shown.map(each => [String(each.version), formatTime(each.modifiedMs), changesText(each)])) +
    (isCut ? '\nThere were others, which are not shown.' : '')
}

function changesText ({ version, changes }: VersionView): string {
  if (changes === null) return version === 1 ? 'first published' : 'not known here'
  return changes.length === 0 ? 'nothing of its description' : changes.map(changeText).join('; ')
}

function changeText (change: VersionChange): string {
  switch (change.what) {
    case 'title': return `title, before "${change.before}"`
    case 'licence': return `licence, before ${change.before === '' ? 'not stated' : change.before}`
    case 'access': return `access from ${change.before} to ${change.after}`
    case 'records': return change.before === null || change.after === null ? 'content' : `${count(change.after, 'record')}, before ${change.before}`
    case 'columns': return (['added', 'removed', 'altered'] as const).flatMap(how => change[how].length === 0 ? [] : [`columns ${how}: ${named(change[how])}`]).join('; ')
    case 'data': return 'content'
    case 'about': return 'theme, keywords, place, period, model or sources'
    case 'withdrawn': return 'withdrawn'
    case 'returned': return 'published again'
    case 'description': case 'terms': return change.what
  }
}

function named (names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
