import { fail, hex, ok, sha256, utf8, type Result } from '../../base/index.ts'
import { operationOf } from '../../core/derivation/index.ts'
import type { RowFormat } from '../../core/rows/index.ts'
import { characterAt, folded, splitQuestion, type Question as SqlQuestion, type SplitGrouping } from '../../core/sql/index.ts'
import type { Clock, SqlColumn, SqlEngine, SqlRows, SqlRun, SqlTables, SqlValue } from '../../host/index.ts'
import { RightLost, type SqlFailure } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import { Incomplete, recordsOf } from '../reading/index.ts'
import type { Asked } from './asked.ts'
import { groupsReader, rowsReader } from './columns.ts'
import { failureOfEngine, LEFT } from './failures.ts'
import { groupTableOf, tellGroups, type GroupsHeld } from './grouping.ts'
import { beginTable, endOf, extendTable, type Loaded } from './loading.ts'
import type { Meant, Way } from './naming.ts'
import type { Space, Spaces } from './spaces.ts'

/** A dataset that is here, with how it may be told. */
export type Source = Meant & {
  readonly feed: Feed, readonly format: RowFormat, readonly way: Exclude<Way, { type: 'remote' }>
  /** The column that says whom or what its rows are about. */
  readonly countedBy: string | null | undefined
}
export type Reckoned = { readonly rows: SqlRows, readonly records: ReadonlyMap<string, number> }

type Tables = {
  readonly federation: Federation, readonly spaces: Spaces, readonly engine: SqlEngine, readonly asked: Asked, readonly clock: Clock
}
type Wish = Pick<SqlRun, 'timeMsMax' | 'rowsMax' | 'bytesMax' | 'signal'> & { readonly requester: string | null, readonly text: string }

/** Where rows are that only groups may be told of: nothing runs there that somebody else wrote. */
const CLOSED = 'closed'

/** Reckons a checked question over datasets that are here. */
export async function reckon (question: SqlQuestion, sources: readonly Source[], wish: Wish, tables: Tables): Promise<Result<Reckoned, SqlFailure>> {
  try {
    const grouped = sources.filter(({ way }) => way.type === 'groups')
    const told = grouped.length === 0 ? ok(undefined) : await inSpace(tables.spaces, CLOSED, space => tellAll(question, grouped, wish, tables, space))
    if (!told.ok) return told
    return await inSpace(tables.spaces, `open ${wish.requester ?? ''}`, space => run(question, sources, wish, tables, space, told.value))
  } catch (cause) {
    if (cause instanceof RightLost) return fail(cause.failure)
    if (cause instanceof Incomplete) return fail({ code: 'incomplete', reason: cause.message, hint: 'fetch it first with "hanse get"' })
    throw cause
  }
}

async function inSpace<T> (spaces: Spaces, name: string, work: (space: Space) => Promise<Result<T, SqlFailure>>): Promise<Result<T, SqlFailure>> {
  const done = await spaces.within(name, work)
  return done.ok ? done.value : fail(failureOfEngine(done.failure))
}

// --- Groups --------------------------------------------------------------------------------------------------------

type ToldTable = SplitGrouping & { readonly columns: readonly SqlColumn[], readonly rows: readonly (readonly SqlValue[])[] }
type AllTold = { readonly text: string, readonly tables: readonly ToldTable[], readonly records: ReadonlyMap<string, number> }

/** Takes apart what is asked of groups, tells each, and says what is left of the question. */
async function tellAll (question: SqlQuestion, sources: readonly Source[], wish: Wish, tables: Tables, space: Space): Promise<Result<AllTold, SqlFailure>> {
  const held = new Map<string, GroupsHeld>()
  for (const source of sources) {
    const loaded = await loadedOf(source, null, tables, space, wish.signal)
    if (!loaded.ok) return loaded
    const { found: { entry: { datasetId } }, way } = source
    if (way.type === 'groups') held.set(folded(source.name), { datasetId, version: versionOf(source), minGroupSize: way.minGroupSize, loaded: loaded.value })
  }
  const split = splitQuestion(question.query, new Map([...held].map(([name, { loaded }]) => [name, groupTableOf(loaded)])))
  if (!split.ok) return fail({ ...split.failure, ...positionOf(split.failure.byte, wish.text) })
  const written = await tables.engine.write({ error: false, statements: [{ node: split.value.query, named_param_map: [] }] })
  if (!written.ok) return fail(failureOfEngine(written.failure, true))
  const told: ToldTable[] = []
  // Of all that is held against each other, not of each.
  const untilMs = tables.clock.monotonicMs() + wish.timeMsMax
  const timeLeftMs = (): number => Math.max(1, untilMs - tables.clock.monotonicMs())
  for (const grouping of split.value.groupings) {
    const of = held.get(grouping.table)
    if (of === undefined) continue
    const groups = await tellGroups(grouping, of, { space, asked: tables.asked, requester: wish.requester, timeLeftMs, signal: wish.signal })
    if (!groups.ok) return groups
    told.push({ ...grouping, ...groups.value })
  }
  return ok({ text: written.value, tables: told, records: new Map([...held].map(([name, { loaded: { rows } }]) => [name, rows])) })
}

/** Which rows there are, and how coarse: told once in one detail and once in another, they could be subtracted too. */
function versionOf ({ found: { entry: { distribution: { firstRecord } } }, feed, way, countedBy }: Source): string {
  const detail = way.type === 'groups' ? hex(sha256(utf8(JSON.stringify([way.recipe, countedBy])))).slice(0, 32) : ''
  return `${feed.key} ${firstRecord} ${detail}`
}

function positionOf (byte: number | null, text: string): { readonly position?: number } {
  return byte === null ? {} : { position: characterAt(text, byte) }
}

// --- Rows ----------------------------------------------------------------------------------------------------------

async function run (
  question: SqlQuestion, sources: readonly Source[], wish: Wish, tables: Tables, space: Space, told: AllTold | undefined
): Promise<Result<Reckoned, SqlFailure>> {
  const views: SqlRun['views'][number][] = []
  const records = new Map(told?.records)
  for (const source of sources.filter(({ way }) => way.type === 'rows')) {
    const loaded = await loadedOf(source, question.columns, tables, space, wish.signal)
    if (!loaded.ok) return loaded
    const { table, reader, rows } = loaded.value
    records.set(folded(source.name), rows)
    views.push({ name: source.name, table, columns: reader.columns })
  }
  const temporary: string[] = []
  try {
    for (const each of told?.tables ?? []) {
      const table = `g${space.next++}`
      temporary.push(table)
      await putGroups(space.tables, table, each)
      views.push({ name: each.released, table, columns: each.columns.map(({ name }) => ({ name, stored: name })) })
    }
    const { timeMsMax, rowsMax, bytesMax, signal } = wish
    const rows = await space.tables.run({ text: told?.text ?? wish.text, views, timeMsMax, rowsMax, bytesMax, signal })
    return rows.ok ? ok({ rows: rows.value, records }) : fail(failureOfEngine(rows.failure, told !== undefined))
  } finally {
    for (const table of temporary) await space.tables.drop(table)
  }
}

async function putGroups (tables: SqlTables, table: string, { columns, rows }: ToldTable): Promise<void> {
  await tables.create(table, columns)
  const exact = (value: SqlValue, { type }: SqlColumn): SqlValue => value === null ? null : type === 'number' ? Number(value) : type === 'integer' ? BigInt(value as number | bigint) : value
  await tables.append(table, columns.map((column, at) => rows.map(row => exact(row[at] ?? null, column))), rows.length)
}

/** A dataset in the engine, with all that came since it was read last. */
async function loadedOf (
  source: Source, needed: ReadonlySet<string> | null, { federation, clock }: Tables, space: Space, signal: AbortSignal | undefined
): Promise<Result<Loaded, SqlFailure>> {
  const { found, feed, format, way } = source
  const { publisher, entry } = found
  const { firstRecord } = entry.distribution
  const key = keyOf(publisher, entry.datasetId, JSON.stringify([feed.key, firstRecord, way.type === 'groups' ? [way.recipe, source.countedBy] : format]))
  const known = space.loaded.get(key)
  const lacks = known !== undefined && way.type === 'rows' && !rowsReader(format, needed).columns.every(({ name }) => known.reader.columns.some(each => each.name === name))
  if (known !== undefined && lacks) {
    space.loaded.delete(key)
    await space.tables.drop(known.table)
  }
  const all = known === undefined || needed === null ? needed : new Set([...needed, ...known.reader.columns.map(({ name }) => folded(name))])
  const loaded = known !== undefined && !lacks
    ? known
    : await beginTable(space.tables, `t${space.next++}`, way.type === 'groups' ? groupsReader(way.recipe, source.countedBy ?? null) : rowsReader(format, all), way.type === 'groups', firstRecord)
  space.loaded.delete(key)
  // Before anything is read: what is taken away meanwhile is forgotten with it.
  space.loaded.set(key, loaded)
  const delayMs = way.type === 'groups' ? operationOf(way.recipe, 'delay')?.delayMs ?? 0 : 0
  const extended = await extendTable(space.tables, loaded, recordsOf(federation, feed, loaded.next, endOf(feed, entry)), { delayMs, nowMs: clock.nowMs(), signal })
    .catch(async (cause: unknown) => {
      space.loaded.delete(key)
      await space.tables.drop(loaded.table)
      throw cause
    })
  if (extended === 'left') return fail(LEFT)
  return extended === 'whole' ? ok(loaded) : fail({ code: 'limit', reason: `"${source.name}" has more rows than a question may look at`, hint: 'ask "hanse query" for a part of it' })
}

/** Of all that was read of one dataset. */
export function keyOf (publisher: string, datasetId: string, more = ''): string {
  return `${publisher}/${datasetId} ${more}`
}
