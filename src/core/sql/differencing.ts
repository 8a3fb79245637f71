import type { Condition, Grouping } from './grouping.ts'

/** Rows that two groupings have in common, or that one of them takes alone (group 0 of the other): up to k of their entities. */
export type Meeting = { readonly one: number, readonly other: number, readonly entities: readonly number[] }

/**
 * Whether two answers together would tell of fewer than `k` entities. Compared is which rows each group has, and counted the entities
 * behind the rows that make the difference. Groups with fewer than `k` entities were never told, so nothing can be taken from them.
 *
 * - Two groups, one of each answer, that share rows and differ by rows of fewer than k entities.
 * - A group of one answer less all the groups of the other that lie inside of it: what is left has fewer than k entities. So a total
 *   gives nothing away about a group that was left out of its parts.
 *
 * No difference at all counts as few where the answers choose rows by other words: if only 1 to k - 1 were refused, a refusal would
 * say that somebody is there, and with what values. Where they choose by the same words (`isSameChoice`), none is none.
 *
 * This is all: three answers that only together leave few are not found, nor what two members put together.
 */
export function isTelling (meetings: readonly Meeting[], k: number, isSameChoice: boolean): boolean {
  const told = { one: toldGroups(meetings, 'one', k), other: toldGroups(meetings, 'other', k) }
  const isFew = (count: number): boolean => count < k && !(count === 0 && isSameChoice)
  return isTellingPair(meetings, told.one, told.other, k, isFew) || isTellingRest(meetings, 'one', told.one, told.other, k, isFew) ||
    isTellingRest(meetings, 'other', told.other, told.one, k, isFew)
}

/**
 * Whether two groupings choose rows by the same words, but for what has nothing in a column: a measure makes that choice by itself.
 * Then whoever asks has no say in what lies between them.
 */
export function isSameChoice (one: Grouping, other: Grouping): boolean {
  return wordsOf(one.where) === wordsOf(other.where)
}

function wordsOf (where: Condition | null): string {
  const parts = where?.type === 'and' ? where.parts : where === null ? [] : [where]
  const chosen = parts.filter(part => !(part.type === 'not' && part.part.type === 'null' && part.part.term.type === 'column'))
  const [only] = chosen
  // What the engine calls a column is no word of who asks.
  return chosen.length === 1 && only?.type === 'and' ? wordsOf(only) : JSON.stringify(chosen, (key, value: unknown) => key === 'stored' ? undefined : value)
}

type Side = 'one' | 'other'

function bySide (meetings: readonly Meeting[], side: Side): ReadonlyMap<number, readonly Meeting[]> {
  const groups = new Map<number, Meeting[]>()
  for (const meeting of meetings) {
    const group = groups.get(meeting[side])
    if (group === undefined) groups.set(meeting[side], [meeting])
    else group.push(meeting)
  }
  return groups
}

/** Lists stop at k, so that their union is exact below k, and at least k wherever it is. */
function entitiesOf (meetings: Iterable<Meeting>, k: number): number {
  const entities = new Set<number>()
  for (const { entities: more } of meetings) {
    for (const entity of more) entities.add(entity)
    if (entities.size >= k) return k
  }
  return entities.size
}

function toldGroups (meetings: readonly Meeting[], side: Side, k: number): ReadonlySet<number> {
  return new Set([...bySide(meetings, side)].filter(([group, all]) => group !== 0 && entitiesOf(all, k) >= k).map(([group]) => group))
}

type IsFew = (count: number) => boolean

function isTellingPair (meetings: readonly Meeting[], ones: ReadonlySet<number>, others: ReadonlySet<number>, k: number, isFew: IsFew): boolean {
  const [byOne, byOther] = [bySide(meetings, 'one'), bySide(meetings, 'other')]
  return meetings.some(({ one, other }) => {
    if (!ones.has(one) || !others.has(other)) return false
    const apart = function * (): Generator<Meeting> {
      for (const each of byOne.get(one) ?? []) if (each.other !== other) yield each
      for (const each of byOther.get(other) ?? []) if (each.one !== one) yield each
    }
    return isFew(entitiesOf(apart(), k))
  })
}

/** What is left of each told group of `side` without the told groups of the other answer that lie inside of it. */
function isTellingRest (meetings: readonly Meeting[], side: Side, told: ReadonlySet<number>, parts: ReadonlySet<number>, k: number, isFew: IsFew): boolean {
  const otherSide = side === 'one' ? 'other' : 'one'
  const inside = new Set([...bySide(meetings, otherSide)].filter(([part, all]) => parts.has(part) && new Set(all.map(each => each[side])).size === 1).map(([part]) => part))
  return [...bySide(meetings, side)].some(([group, all]) => {
    if (!told.has(group) || !all.some(each => inside.has(each[otherSide]))) return false
    return isFew(entitiesOf(all.filter(each => !inside.has(each[otherSide])), k))
  })
}
