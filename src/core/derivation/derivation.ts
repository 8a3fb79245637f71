import { assert, fail, hex, ok, sha256, unreachable, utf8, type Result } from '../../base/index.ts'
import { BODY_BYTES_MAX, type FeedRecord } from '../feed/index.ts'
import { addRow, emptyGroup, entityOf, showMeasures, type Group } from './group.ts'
import { AHEAD_MS_MAX, GROUP_TEXT_LENGTH_MAX, LATE_MS, STATE_ITEMS_MAX } from './limits.ts'
import { cellOf } from './places.ts'
import { nameOfMeasure, operationOf, type Operation, type Recipe } from './recipe.ts'
import { lineOf, readRow, textOfScalar, type Scalar } from './rows.ts'
import { textOfDecimal } from './decimal.ts'
import { floorTo, textOfTime, timeMsOf } from './times.ts'

/** A record of the source at its number there, each once and in order; or what time it is. */
export type Input =
  | { readonly type: 'record', readonly number: number, readonly record: FeedRecord }
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

export type Window = { readonly startMs: number, isPublished: boolean, readonly groups: Map<string, Group> }

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

  constructor (recipe: Recipe, state: State) {
    this.recipe = recipe
    this.state = state
    this.#summarise = operationOf(recipe, 'summarise')
    this.#stepMs = operationOf(recipe, 'roundTime')?.stepMs ?? 1
    this.#delayMs = operationOf(recipe, 'delay')?.delayMs ?? 0
    this.#items = itemsOf(state)
  }

  /** When time alone gives the next records; undefined where it gives none. */
  get dueMs (): number | undefined {
    let first: number | undefined
    for (const { startMs, isPublished } of this.state.windows.values()) if (!isPublished && (first === undefined || startMs < first)) first = startMs
    return first === undefined ? undefined : first + this.#stepMs + this.#closeAfterMs
  }

  get #closeAfterMs (): number {
    return Math.max(this.recipe.closeAfterMs, this.#delayMs)
  }

  step (input: Input): Result<Stepped, DerivationFailure> {
    switch (input.type) {
      case 'time': return ok({ type: 'taken', records: this.#takeTime(input.nowMs) })
      case 'record': return this.#takeRecord(input.number, input.record)
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
    const { cells, kept } = this.#reduced(values)
    return recordOf(`row/${number}`, floorTo(timeMs, this.#stepMs), [...cells, ...kept])
  }

  /** What is kept of a row: places as cells and their centres, times as the start of their step. */
  #reduced (values: ReadonlyMap<string, Scalar>): { readonly cells: ReadonlyMap<string, Scalar>, readonly kept: ReadonlyMap<string, Scalar> } {
    const kept = new Map<string, Scalar>(this.recipe.keepFields.map(name => [name, values.get(name) ?? null]))
    const cells = new Map<string, Scalar>()
    const coarsen = operationOf(this.recipe, 'coarsen')
    for (const { cell: name, latitude, longitude } of coarsen?.places ?? []) {
      const cell = cellOf(textOfScalar(kept.get(latitude) ?? null) ?? '', textOfScalar(kept.get(longitude) ?? null) ?? '', coarsen?.h3Resolution ?? 0)
      cells.set(name, cell === undefined ? null : { type: 'text', text: cell.id })
      kept.set(latitude, cell === undefined ? null : { type: 'number', text: textOfDecimal(cell.latitude) })
      kept.set(longitude, cell === undefined ? null : { type: 'number', text: textOfDecimal(cell.longitude) })
    }
    for (const name of operationOf(this.recipe, 'roundTime')?.fields ?? []) {
      const timeMs = timeMsOf(textOfScalar(kept.get(name) ?? null) ?? '')
      kept.set(name, timeMs === undefined ? null : { type: 'text', text: textOfTime(floorTo(timeMs, this.#stepMs)) })
    }
    return { cells, kept }
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
    const { cells, kept } = this.#reduced(values)
    const by = summarise.groupBy.map(name => cells.get(name) ?? kept.get(name) ?? null)
    if (by.reduce((sum, value) => sum + (textOfScalar(value)?.length ?? 0), 0) > GROUP_TEXT_LENGTH_MAX) {
      state.tally.malformed++
      return this.#taken([])
    }
    const window = this.#windowAt(startMs)
    const name = nameOfGroup(by)
    let group = window.groups.get(name)
    if (group === undefined) {
      group = emptyGroup(by, summarise.measures)
      window.groups.set(name, group)
      this.#items++
    }
    this.#items += addRow(group, entityOf(values.get(this.recipe.entityKey ?? '') ?? null), kept)
    state.tally.taken++
    // "late records re-publish it only if at least minGroupSize new entities are in them": here in each group by itself, so that
    // no two versions of a group differ by fewer entities than a group must have.
    const isDue = window.isPublished && group.entities.size - group.decided >= summarise.minGroupSize
    return this.#taken(isDue ? [this.#show(summarise, window, name, group)] : [])
  }

  /** A window that comes up after its time was published when it had no groups. */
  #windowAt (startMs: number): Window {
    const known = this.state.windows.get(startMs)
    if (known !== undefined) return known
    const isPublished = startMs + this.#stepMs + this.#closeAfterMs <= this.state.nowMs
    const window: Window = { startMs, isPublished, groups: new Map() }
    this.state.windows.set(startMs, window)
    return window
  }

  #takeTime (nowMs: number): readonly FeedRecord[] {
    const { state } = this
    if (nowMs <= state.nowMs) return []
    state.nowMs = nowMs
    const summarise = this.#summarise
    if (summarise === undefined) return []
    const records: FeedRecord[] = []
    for (const window of [...state.windows.values()].toSorted((a, b) => a.startMs - b.startMs)) {
      const endMs = window.startMs + this.#stepMs
      if (!window.isPublished && endMs + this.#closeAfterMs <= nowMs) records.push(...this.#publish(summarise, window))
      if (window.isPublished && endMs + this.#closeAfterMs + LATE_MS <= nowMs) this.#forget(window)
    }
    state.forgottenMs = Math.max(state.forgottenMs, nowMs - this.#closeAfterMs - LATE_MS)
    return records
  }

  #publish (summarise: Summarise, window: Window): readonly FeedRecord[] {
    window.isPublished = true
    const records: FeedRecord[] = []
    for (const [name, group] of [...window.groups].toSorted(([a], [b]) => a < b ? -1 : 1)) {
      if (group.entities.size >= summarise.minGroupSize) records.push(this.#show(summarise, window, name, group))
      else group.decided = group.entities.size
    }
    return records
  }

  #show (summarise: Summarise, { startMs }: Window, name: string, group: Group): FeedRecord {
    group.decided = group.entities.size
    group.shown++
    const shown = showMeasures(group, summarise.measures, summarise.minGroupSize)
    const measures = summarise.measures.map((each, at) => [nameOfMeasure(each), shown[at] ?? null] as const)
    const revision: Scalar = { type: 'number', text: String(group.shown) }
    return recordOf(`${textOfTime(startMs)}/${name}`, startMs, [
      ['from', { type: 'text', text: textOfTime(startMs) }], ['to', { type: 'text', text: textOfTime(startMs + this.#stepMs) }],
      ...summarise.groupBy.map((field, at) => [field, group.by[at] ?? null] as const), ...measures, ['revision', revision]
    ])
  }

  #forget (window: Window): void {
    this.state.windows.delete(window.startMs)
    this.#items -= itemsOfWindow(window)
  }
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
