import { assert, fail, hex, ok, sha256, unreachable, utf8, type Result } from '../../base/index.ts'
import { BODY_BYTES_MAX, type FeedRecord } from '../feed/index.ts'
import { floorTo, lineOf, readRow, textOfScalar, textOfTime, type Scalar } from '../rows/index.ts'
import { addRow, emptyGroup, entityOf, showMeasures, type Group } from './group.ts'
import { AHEAD_MS_MAX, FORGET_EVERY_MS, GROUP_TEXT_LENGTH_MAX, LATE_MS, STATE_ITEMS_MAX } from './limits.ts'
import { nameOfMeasure, operationOf, type Operation, type Recipe } from './recipe.ts'
import { reducedRow } from './reducing.ts'

/** A record of the source at its number there, each once and in order; that those below a number are erased; or what time it is. */
export type Input =
  | { readonly type: 'record', readonly number: number, readonly record: FeedRecord }
  | { readonly type: 'gone', readonly below: number }
  | { readonly type: 'time', readonly nowMs: number }

/** `early`: nothing was taken, because the record may not leave before `dueMs`. Tell the time then, and give it again. */
export type Stepped =
  | { readonly type: 'taken', readonly records: readonly FeedRecord[] }
  | { readonly type: 'early', readonly dueMs: number }

/** Why a derivation ends. Nothing that was not derived is lost: it stands in the source. */
export type DerivationFailure =
  /** The first line of the table names other columns than the recipe: what stands where is no longer known. */
  | { readonly code: 'columns', readonly number: number }
  | { readonly code: 'limit', readonly itemsMax: number }

/** Records of the source that gave nothing, by why. */
export type Tally = { taken: number, malformed: number, late: number, ahead: number }

export type Window = { readonly startMs: number, readonly groups: Map<string, Group> }

/** All that a derivation remembers. `state.ts` writes it down. */
export type State = {
  /** Number of the record that comes next. */
  next: number
  nowMs: number
  /** Windows that ended before this take no more records. */
  forgottenMs: number
  readonly tally: Tally
  readonly windows: Map<number, Window>
}

type Summarise = Extract<Operation, { op: 'summarise' }>

export const DERIVED_MEDIA_TYPE = 'application/x-ndjson'

/**
 * Derives records from those of its source, one input after the other. The same inputs give the same records, also over a
 * restart between any two of them from `encodeState`.
 */
export class Derivation {
  readonly recipe: Recipe
  readonly state: State
  readonly #summarise: Summarise | undefined
  readonly #stepMs: number
  readonly #delayMs: number
  #items: number
  /** No group is due for the first time before this. */
  #firstDueMs: number
  /** Groups that were decided on, and in which enough new entities came since. */
  readonly #grown = new Map<Group, Window>()

  constructor (recipe: Recipe, state: State) {
    this.recipe = recipe
    this.state = state
    this.#summarise = operationOf(recipe, 'summarise')
    this.#stepMs = operationOf(recipe, 'roundTime')?.stepMs ?? 1
    this.#delayMs = operationOf(recipe, 'delay')?.delayMs ?? 0
    this.#items = itemsOf(state)
    this.#firstDueMs = firstDueMs(state)
    for (const window of state.windows.values()) for (const group of window.groups.values()) this.#noteGrown(group, window)
  }

  /** When time alone gives the next records; undefined where it gives none. */
  get dueMs (): number | undefined {
    return this.#firstDueMs === Infinity ? undefined : this.#firstDueMs
  }

  get #closeAfterMs (): number {
    return Math.max(this.recipe.closeAfterMs, this.#delayMs)
  }

  step (input: Input): Result<Stepped, DerivationFailure> {
    switch (input.type) {
      case 'time': return ok({ type: 'taken', records: this.#takeTime(input.nowMs) })
      case 'record': return this.#takeRecord(input.number, input.record)
      case 'gone':
        this.state.next = Math.max(this.state.next, input.below)
        return ok({ type: 'taken', records: [] })
      default: return unreachable(input)
    }
  }

  // --- Records -----------------------------------------------------------------------------------------------------

  #takeRecord (number: number, record: FeedRecord): Result<Stepped, DerivationFailure> {
    const { state } = this
    assert(number === state.next, 'records of the source come in order, each once')
    const read = record.operation === 'delete' ? { type: 'malformed' as const } : readRow(this.recipe.source, record.key, record.body)
    if (read.type === 'other-header') return fail({ code: 'columns', number })
    if (read.type !== 'row') {
      if (read.type === 'malformed') state.tally.malformed++
      return this.#taken([])
    }
    if (this.#summarise !== undefined) return this.#gather(this.#summarise, record.timeMs, read.values)
    if (this.#delayMs > 0 && record.timeMs + this.#delayMs > state.nowMs) {
      if (record.timeMs <= state.nowMs + AHEAD_MS_MAX) return ok({ type: 'early', dueMs: record.timeMs + this.#delayMs })
      state.tally.ahead++
      return this.#taken([])
    }
    const row = this.#rowOf(number, record.timeMs, read.values)
    // Names beside each value may make of a row that was just small enough one that is too large.
    if (row.body.length > BODY_BYTES_MAX) state.tally.malformed++
    else state.tally.taken++
    return this.#taken(row.body.length > BODY_BYTES_MAX ? [] : [row])
  }

  #taken (records: readonly FeedRecord[]): Result<Stepped, never> {
    this.state.next++
    return ok({ type: 'taken', records })
  }

  /** A row with less in it. Its key is its number: keys of the source may name what is not kept. */
  #rowOf (number: number, timeMs: number, values: ReadonlyMap<string, Scalar>): FeedRecord {
    const { cells, kept } = reducedRow(this.recipe, values)
    return recordOf(`row/${number}`, floorTo(timeMs, this.#stepMs), [...cells, ...kept])
  }

  // --- Windows -----------------------------------------------------------------------------------------------------

  #gather (summarise: Summarise, timeMs: number, values: ReadonlyMap<string, Scalar>): Result<Stepped, DerivationFailure> {
    const { state } = this
    const startMs = floorTo(timeMs, this.#stepMs)
    if (startMs + this.#stepMs <= state.forgottenMs) {
      state.tally.late++
      return this.#taken([])
    }
    // One row adds at most a group, an entity, and of each measured field an entity and a value.
    if (this.#items + 2 + 2 * summarise.measures.length > STATE_ITEMS_MAX) return fail({ code: 'limit', itemsMax: STATE_ITEMS_MAX })
    const { cells, kept } = reducedRow(this.recipe, values)
    const by = summarise.groupBy.map(name => cells.get(name) ?? kept.get(name) ?? null)
    if (by.reduce((sum, value) => sum + (textOfScalar(value)?.length ?? 0), 0) > GROUP_TEXT_LENGTH_MAX) {
      state.tally.malformed++
      return this.#taken([])
    }
    const window = this.state.windows.get(startMs) ?? { startMs, groups: new Map<string, Group>() }
    state.windows.set(startMs, window)
    const name = nameOfGroup(by)
    const group = window.groups.get(name) ?? this.#newGroup(summarise, window, name, by)
    this.#items += addRow(group, entityOf(values.get(this.recipe.entityKey ?? '') ?? null), kept)
    state.tally.taken++
    this.#noteGrown(group, window)
    return this.#taken([])
  }

  /**
   * "A window is published once, closeAfterMs after it ends". A group of which nothing came until then gets as long from its
   * first record on: from its own, so that nothing about it depends on another group.
   */
  #newGroup (summarise: Summarise, { startMs, groups }: Window, name: string, by: readonly Scalar[]): Group {
    const closesMs = startMs + this.#stepMs + this.#closeAfterMs
    const group = emptyGroup(by, summarise.measures, closesMs > this.state.nowMs ? closesMs : this.state.nowMs + this.recipe.closeAfterMs)
    groups.set(name, group)
    this.#items++
    this.#firstDueMs = Math.min(this.#firstDueMs, group.dueMs)
    return group
  }

  /**
   * "Late records re-publish it only if at least minGroupSize new entities are in them": here in each group by itself, so that no
   * two versions of a group differ by fewer entities than a group must have.
   */
  #noteGrown (group: Group, window: Window): void {
    if (group.decided !== null && group.entities.size - group.decided >= (this.#summarise?.minGroupSize ?? Infinity)) this.#grown.set(group, window)
  }

  #takeTime (nowMs: number): readonly FeedRecord[] {
    const { state } = this
    const summarise = this.#summarise
    if (nowMs > state.nowMs) state.nowMs = nowMs
    if (summarise === undefined) return []
    const due: (readonly [Window, Group])[] = [...this.#grown].map(([group, window]) => [window, group] as const)
    this.#grown.clear()
    const isDue = this.#firstDueMs <= state.nowMs
    if (isDue) {
      for (const window of state.windows.values()) {
        for (const group of window.groups.values()) if (group.decided === null && group.dueMs <= state.nowMs) due.push([window, group])
      }
    }
    const records = this.#decide(summarise, due)
    if (isDue) this.#firstDueMs = firstDueMs(state)
    this.#forget()
    return records
  }

  /** Shows what is large enough, and notes of the rest how large it was. */
  #decide (summarise: Summarise, due: readonly (readonly [Window, Group])[]): readonly FeedRecord[] {
    const records: FeedRecord[] = []
    const named = due.map(([window, group]) => ({ window, group, name: nameOfGroup(group.by) }))
    for (const { window, group, name } of named.toSorted((a, b) => a.window.startMs - b.window.startMs || (a.name < b.name ? -1 : 1))) {
      if (group.entities.size >= summarise.minGroupSize) records.push(this.#show(summarise, window, name, group))
      group.decided = group.entities.size
    }
    return records
  }

  #show (summarise: Summarise, { startMs }: Window, name: string, group: Group): FeedRecord {
    group.shown++
    const shown = showMeasures(group, summarise.measures, summarise.minGroupSize)
    const measures = summarise.measures.map((each, at) => [nameOfMeasure(each), shown[at] ?? null] as const)
    const revision: Scalar = { type: 'number', text: String(group.shown) }
    return recordOf(`${textOfTime(startMs)}/${name}`, startMs, [
      ['from', { type: 'text', text: textOfTime(startMs) }], ['to', { type: 'text', text: textOfTime(startMs + this.#stepMs) }],
      ...summarise.groupBy.map((field, at) => [field, group.by[at] ?? null] as const), ...measures, ['revision', revision]
    ])
  }

  /** Windows whose time for late records is over, looked for once an hour. */
  #forget (): void {
    const { state } = this
    const beforeMs = state.nowMs - this.#closeAfterMs - LATE_MS
    if (beforeMs < state.forgottenMs + FORGET_EVERY_MS) return
    state.forgottenMs = beforeMs
    for (const window of state.windows.values()) {
      if (window.startMs + this.#stepMs > beforeMs || [...window.groups.values()].some(({ decided }) => decided === null)) continue
      state.windows.delete(window.startMs)
      this.#items -= itemsOfWindow(window)
    }
  }
}

function firstDueMs ({ windows }: State): number {
  let first = Infinity
  for (const { groups } of windows.values()) for (const { decided, dueMs } of groups.values()) if (decided === null && dueMs < first) first = dueMs
  return first
}

const GROUP_NAME_BYTES = 16

/** Names a group within its window, whatever the length of its values. */
export function nameOfGroup (by: readonly Scalar[]): string {
  return hex(sha256(utf8(JSON.stringify(by.map(value => value === null ? null : [value.type, textOfScalar(value)])))).subarray(0, GROUP_NAME_BYTES))
}

function recordOf (key: string, timeMs: number, members: readonly (readonly [string, Scalar])[]): FeedRecord {
  return { key: utf8(key), timeMs, operation: 'put', mediaType: DERIVED_MEDIA_TYPE, body: utf8(lineOf(members)) }
}

function itemsOf ({ windows }: State): number {
  return [...windows.values()].reduce((sum, window) => sum + itemsOfWindow(window), 0)
}

function itemsOfWindow ({ groups }: Window): number {
  let items = 0
  for (const { entities, samples } of groups.values()) {
    items += 1 + entities.size
    for (const { values, entities: of } of samples.values()) items += of.size + (values?.size ?? 0)
  }
  return items
}
