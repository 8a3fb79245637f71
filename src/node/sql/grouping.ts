import { assert, fail, ok, type Result } from '../../base/index.ts'
import { timeMsOf } from '../../core/rows/index.ts'
import {
  countsText, groupsText, isSameChoice, isTelling, meetingText, typeOfTerm, type GroupColumn, type Grouping, type Meeting, type SplitGrouping
} from '../../core/sql/index.ts'
import type { SqlColumn, SqlValue } from '../../host/index.ts'
import type { SqlFailure } from '../contract/index.ts'
import { groupingNamed, nameOfGrouping, type Asked, type Told } from './asked.ts'
import { failureOfGroups } from './failures.ts'
import { ASKED_MAX, GROUPS_MAX, MEETINGS_MAX, RESULT_BYTES_MAX } from './limits.ts'
import type { Loaded } from './loading.ts'
import type { Space } from './spaces.ts'

/** A dataset that is told in groups, in the engine. */
export type GroupsHeld = { readonly datasetId: string, readonly version: string, readonly minGroupSize: number, readonly loaded: Loaded }
export type Groups = { readonly columns: readonly SqlColumn[], readonly rows: readonly (readonly SqlValue[])[] }

/** A grouping, and what it is remembered by. */
type Named = { readonly grouping: Grouping, readonly name: string }

type Answering = { readonly space: Space, readonly asked: Asked, readonly requester: string | null, readonly timeLeftMs: () => number, readonly signal: AbortSignal | undefined }

/** What a question may call the columns of a dataset that is told in groups. */
export function groupTableOf ({ reader }: Loaded): { readonly columns: readonly GroupColumn[], readonly timeMsOf: (text: string) => number | undefined } {
  return { columns: reader.columns, timeMsOf }
}

/** The groups of one SELECT that may be told, unless they would tell more with what was told before; remembered before they are. */
export async function tellGroups ({ grouping }: SplitGrouping, held: GroupsHeld, answering: Answering): Promise<Result<Groups, SqlFailure>> {
  const { space, asked, requester, timeLeftMs, signal } = answering
  const { datasetId, version, minGroupSize, loaded } = held
  const before = await asked.of(datasetId, requester)
  if (before === undefined) return differencing('what was told before cannot be read', 'the publisher sees why in its log')
  if (before.some(each => each.version !== version)) return differencing('the data were published anew, or in another detail, since they were told of: two versions could be subtracted from each other', LATER)
  const isWhole = await isStillWhole(before, held, answering)
  if (!isWhole.ok) return isWhole
  let known = before
  let upto = loaded.next
  const add = async (told: Omit<Told, 'timeMs'>): Promise<SqlFailure | undefined> => {
    if (known.some(each => isSame(each, told))) return undefined
    if (known.length >= ASKED_MAX) return ENOUGH
    await asked.add(datasetId, requester, known, told)
    known = [...known, { ...told, timeMs: 0 }]
    return undefined
  }
  const variants: Named[] = []
  for (const each of variantsOf(grouping, loaded)) {
    const name = nameOfGrouping(each)
    if (name === undefined) return fail(TOO_LONG)
    variants.push({ grouping: each, name })
  }
  for (const each of variants) {
    const { name } = each
    const fault = await faultOf(each, held, known, answering)
    const earlier = fault?.code === 'differencing' ? toldBefore(variants, before) : undefined
    if (earlier !== undefined) {
      upto = earlier
      break
    }
    const full = await add(fault?.code === 'differencing' ? { version, grouping: name, upto: 0, rows: 0 } : { version, grouping: name, upto, rows: loaded.rows })
    if (fault !== undefined || full !== undefined) return fail(full ?? fault ?? ENOUGH)
  }
  const run = await space.tables.run({ text: groupsText(grouping, loaded.table, minGroupSize, upto), views: [], timeMsMax: timeLeftMs(), rowsMax: GROUPS_MAX, bytesMax: RESULT_BYTES_MAX, signal })
  if (!run.ok) return fail(failureOfGroups(run.failure))
  if (run.value.isCut) return fail({ code: 'limit', reason: `there are more than ${GROUPS_MAX} groups`, hint: 'group by fewer columns, or by longer steps' })
  return ok({ columns: columnsOf(grouping, run.value.columns), rows: run.value.rows })
}

function isSame (one: Pick<Told, 'grouping' | 'upto'>, other: Pick<Told, 'grouping' | 'upto'>): boolean {
  return one.grouping === other.grouping && one.upto === other.upto
}

/**
 * Up to which rows the very same was told last. Where too few have come since, it is told again as it was: a refusal would tell that
 * somebody came.
 */
function toldBefore (variants: readonly Named[], before: readonly Told[]): number | undefined {
  return before.map(({ upto }) => upto).filter(upto => upto > 0 && variants.every(({ name }) => before.some(each => isSame(each, { grouping: name, upto })))).at(-1)
}

/** Whether all rows are there that were told of: an answer without those that were erased could be subtracted from one with them. */
async function isStillWhole (before: readonly Told[], { loaded }: GroupsHeld, { space, timeLeftMs, signal }: Answering): Promise<Result<null, SqlFailure>> {
  const told = before.filter(({ upto }) => upto > 0)
  if (told.length === 0) return ok(null)
  const run = await space.tables.run({ text: countsText(told.map(({ upto }) => upto), loaded.table), views: [], timeMsMax: timeLeftMs(), rowsMax: 1, bytesMax: RESULT_BYTES_MAX, signal })
  if (!run.ok) return fail(failureOfGroups(run.failure))
  const counts = run.value.rows[0] ?? []
  return told.every(({ rows }, at) => Number(counts[at]) === rows) ? ok(null) : differencing('records that were told of are gone since: what is left could be subtracted from what was told', LATER)
}

/** A measure is over the rows that have its column: they are a choice of rows too, and held against others as one. */
function variantsOf (grouping: Grouping, { sparse }: Loaded): readonly Grouping[] {
  const columns = new Map(grouping.measures.flatMap(({ column }) => column !== null && sparse.has(column.name) ? [[column.name, column] as const] : []))
  return [grouping, ...[...columns.values()].map((column): Grouping => {
    const has: NonNullable<Grouping['where']> = { type: 'not', part: { type: 'null', term: { type: 'column', column } } }
    return { ...grouping, where: grouping.where === null ? has : { type: 'and', parts: [grouping.where, has] } }
  })]
}

async function faultOf ({ grouping, name }: Named, { minGroupSize, loaded }: GroupsHeld, known: readonly Told[], { space, timeLeftMs, signal }: Answering): Promise<SqlFailure | undefined> {
  const storedOf = new Map(loaded.reader.columns.map(({ name, stored }) => [name, stored]))
  const own = { grouping, upto: loaded.next }
  for (const told of known) {
    if (told.upto === 0 || isSame(told, { grouping: name, upto: loaded.next })) continue
    const other = groupingNamed(told.grouping, storedOf)
    if (other === undefined) return TELLING_OTHERWISE
    const text = meetingText(own, { grouping: other, upto: told.upto }, loaded.table, minGroupSize)
    const run = await space.tables.run({ text, views: [], timeMsMax: timeLeftMs(), rowsMax: MEETINGS_MAX, bytesMax: RESULT_BYTES_MAX, signal })
    if (!run.ok) return failureOfGroups(run.failure)
    if (run.value.isCut) return { code: 'limit', reason: 'there are too many groups to hold against what was told before', hint: 'group by fewer columns, or by longer steps' }
    if (isTelling(run.value.rows.map(meetingOf), minGroupSize, isSameChoice(grouping, other))) return TELLING
  }
  return undefined
}

function meetingOf ([one, other, entities]: readonly SqlValue[]): Meeting {
  assert(typeof entities === 'string', 'a meeting has entities')
  return { one: Number(one), other: Number(other), entities: entities.split(',').map(Number) }
}

/** By the types of what was asked: a column of nothing has none of its own. */
function columnsOf ({ terms, measures }: Grouping, columns: readonly SqlColumn[]): readonly SqlColumn[] {
  return columns.map(({ name, type }, at) => {
    const term = terms[at]
    const measure = measures[at - terms.length]
    const isTime = measure?.column?.type === 'time' && measure.measure !== 'count'
    return { name, type: term !== undefined ? typeOfTerm(term) : isTime ? 'time' : type === 'integer' && measure?.measure !== 'sum' ? 'integer' : type === 'time' ? 'time' : 'number' }
  })
}

function differencing (reason: string, hint: string): Result<never, SqlFailure> {
  return fail({ code: 'differencing', reason, hint })
}

const LATER = 'ask again when the time is over for which answers are remembered'
const ENOUGH: SqlFailure = {
  code: 'limit', reason: `${ASKED_MAX} questions about these data were answered or refused, and each tells something`, hint: 'ask the same again, or wait until the oldest is past'
}
const TOO_LONG: SqlFailure = { code: 'limit', reason: 'what it chooses rows by is too long to be remembered', hint: 'choose rows by less' }
const TELLING: SqlFailure = {
  code: 'differencing', reason: 'with what was told before, this could tell of fewer than may be told of: the groups differ by too few, or not at all',
  hint: 'ask for the same groups as before, or for groups that differ by more; of data that grow, ask about a time that is over'
}
const TELLING_OTHERWISE: SqlFailure = {
  code: 'differencing', reason: 'what was told before was told of other columns, so that nobody can say what both tell together', hint: LATER
}
