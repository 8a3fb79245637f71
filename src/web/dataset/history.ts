import type { DatasetHistory, RecipeView, VersionChange, VersionView } from '../../sdk/index.ts'
import { durationText, listText, t } from '../text/index.ts'

/** Names that one sentence lists; the others are counted. */
const NAMES_MAX = 8

/** What a version changed, a sentence for each. */
export function changeTexts ({ version, changes }: VersionView): readonly string[] {
  if (changes === null) return [t(version === 1 ? 'history.first' : 'history.unknown')]
  return changes.length === 0 ? [t('history.same')] : changes.flatMap(changeText)
}

function changeText (change: VersionChange): readonly string[] {
  switch (change.what) {
    case 'title': return [t('history.title', { before: change.before })]
    case 'licence': return [t('history.licence', { before: licence(change.before), after: licence(change.after) })]
    case 'access': return [t(`history.access.${change.after}`)]
    case 'records': return [change.before === null || change.after === null ? t('history.data') : t('history.records', { count: change.after, before: change.before })]
    case 'columns': return (['added', 'removed', 'altered'] as const).flatMap(how => change[how].length === 0 ? [] : [t(`history.columns.${how}`, { names: namesText(change[how]) })])
    case 'description': case 'terms': case 'data': case 'about': case 'withdrawn': case 'returned': return [t(`history.${change.what}`)]
  }
}

function licence (text: string): string {
  return text === '' ? t('history.noLicence') : text
}

function namesText (names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX)
  return listText(names.length > shown.length ? [...shown, t('history.others', { count: names.length - shown.length })] : shown)
}

/** Who holds a dataset, as those say who are reachable: first who has all of it, then each other. */
export function holderTexts ({ holders, segments }: Pick<DatasetHistory, 'holders' | 'segments'>): readonly string[] {
  const whole = holders.filter(each => segments > 0 && each.segments >= segments)
  const partly = holders.filter(each => !whole.includes(each))
  return [
    ...whole.length === 0 ? [] : [t('holders.all', { count: whole.length, names: namesText(whole.map(({ member }) => member.name)) })],
    ...partly.map(({ member, segments: have }) => t('holders.part', { name: member.name, have, count: segments }))
  ]
}

/** With how much less detail than its source it was made, a sentence for each bound. */
export function recipeTexts ({ operations, redactedFields, h3Resolution, timeStepMs, minGroupSize, delayMs }: RecipeView): readonly string[] {
  return operations.map(operation => {
    switch (operation) {
      case 'redact': return redactedFields.length === 0 ? t('recipe.redact') : t('recipe.redactFields', { names: namesText(redactedFields) })
      case 'coarsen': return t('recipe.coarsen', { resolution: h3Resolution })
      case 'roundTime': return t('recipe.roundTime', { step: durationText(timeStepMs) })
      case 'summarise': return t('recipe.summarise', { count: minGroupSize })
      case 'delay': return t('recipe.delay', { delay: durationText(delayMs) })
    }
  })
}

/** Whether its publisher took it back, and did not publish it again since. */
export function isWithdrawn ({ versions }: DatasetHistory): boolean {
  return versions.flatMap(({ changes }) => changes ?? []).find(({ what }) => what === 'withdrawn' || what === 'returned')?.what === 'withdrawn'
}
