import { fail, ok, type Result } from '../../base/index.ts'
import { checkQuestion, checkText, folded, type Question as SqlQuestion } from '../../core/sql/index.ts'
import type { Policy } from '../../core/terms/index.ts'
import type { Clock, SqlEngine, Store } from '../../host/index.ts'
import type { Asker, SqlAnswer, SqlColumn, SqlFailure, SqlRequest } from '../contract/index.ts'
import type { Datasets } from '../datasets/index.ts'
import { refusalOf, type Question } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import { Asked } from './asked.ts'
import { rowsReader } from './columns.ts'
import { conditionsOf } from './conditions.ts'
import { failureOfEngine, failureOfQuestion, LEFT, refused } from './failures.ts'
import { OTHERS_RUNNING_MAX, OTHERS_TIME_MS_MAX, RESULT_BYTES_MAX, ROWS_DEFAULT, ROWS_MAX, RUNNING_MAX, TIME_MS_MAX, WAITING_MAX } from './limits.ts'
import { endOf, formatFor } from './loading.ts'
import { assetOfFound, meantBy, wayTo, type Meant } from './naming.ts'
import { keyOf, reckon, type Reckoned, type Source } from './reckoning.ts'
import { Spaces } from './spaces.ts'

export type ReckonerOptions = {
  readonly federation: Federation
  readonly datasets: Datasets
  /** By which column of an own dataset its groups are counted; null: each row is about another; undefined: nobody said. */
  readonly countedBy: (datasetId: string) => string | null | undefined
  readonly engine: SqlEngine
  readonly own: string
  readonly store: Store
  readonly clock: Clock
}

/** An answer and the data that it is of; or datasets that only their publisher may tell of, and what was said of each here. */
export type Reckoning =
  | { readonly type: 'answered', readonly answer: SqlAnswer, readonly sources: readonly Source[] }
  | { readonly type: 'remote', readonly tables: readonly Meant[], readonly refusals: readonly SqlFailure[] }

/** Reckons questions over what this node holds. */
export class Reckoner {
  readonly #options: ReckonerOptions
  readonly #spaces: Spaces
  readonly #asked: Asked
  readonly #stops: readonly (() => void)[]
  readonly #lengths = new Map<string, number>()
  /** Whoever asks from elsewhere never keeps the people of this node waiting. */
  readonly #turns = { own: new Turns(RUNNING_MAX), others: new Turns(OTHERS_RUNNING_MAX) }

  constructor (options: ReckonerOptions) {
    const { engine, store, clock, federation } = options
    this.#options = options
    this.#spaces = new Spaces(engine)
    this.#asked = new Asked(store, clock)
    this.#stops = [
      // What only grew is read on; anything else may have taken something away.
      federation.feeds.changed.on(({ key, length, declaration: { publisher, datasetId } }) => {
        const before = this.#lengths.get(key)
        this.#lengths.set(key, length)
        if (before !== undefined && before < length) return
        this.#spaces.forget(each => each.startsWith(keyOf(publisher, datasetId)))
      }),
      federation.keyring.changed.on(() => this.#spaces.forget(() => true))
    ]
  }

  async stop (): Promise<void> {
    for (const stop of this.#stops) stop()
    await this.#spaces.stop()
  }

  /** `named`: datasets that the names in it mean, where whoever sent it has found them already. */
  async answer (request: SqlRequest, asker: Asker | undefined, named?: ReadonlyMap<string, string>): Promise<Result<Reckoning, SqlFailure>> {
    const { text } = request
    const checked = await this.#checked(text)
    if (!checked.ok) return checked
    const meant = meantBy(checked.value.tables, this.#options.datasets, asker, text, named)
    if (!meant.ok) return meant
    const sources: Source[] = []
    const remote: SqlFailure[] = []
    for (const each of meant.value) {
      const source = await this.#sourceOf(each, asker)
      if (!source.ok) return source
      if ('refusal' in source.value) remote.push(source.value.refusal)
      else sources.push(source.value)
    }
    if (remote.length > 0) return ok({ type: 'remote', tables: meant.value, refusals: remote })
    const turns = asker?.requester === undefined || asker.requester === this.#options.own ? this.#turns.own : this.#turns.others
    return await turns.take(() => this.#reckoned(checked.value, sources, request, asker), request.signal)
  }

  /** Names by which datasets can be asked for, with the columns that rows of them have. */
  tables (asker: Asker | undefined): readonly { readonly name: string, readonly dataset: string, readonly columns: readonly SqlColumn[], readonly isHere: boolean }[] {
    const { datasets } = this.#options
    return datasets.list({ limit: TABLES_SHOWN_MAX }, asker).filter(({ schema, distribution: { form } }) => form !== 'file' && schema.length > 0).map(dataset => {
      const format = { delimiter: null, columns: dataset.schema }
      const columns = rowsReader(format, null).columns.map(({ name, type }) => ({ name, type }))
      return { name: `${dataset.publisher.name}/${dataset.datasetId}`, dataset: dataset.id, columns, isHere: dataset.held.records > 0 }
    })
  }

  async #checked (text: string): Promise<Result<SqlQuestion, SqlFailure>> {
    const given = checkText(text)
    if (!given.ok) return fail(failureOfQuestion(given.failure, text))
    const tree = await this.#options.engine.parse(text)
    if (!tree.ok) return fail(failureOfEngine(tree.failure))
    const checked = checkQuestion(tree.value)
    return checked.ok ? checked : fail(failureOfQuestion(checked.failure, text))
  }

  async #sourceOf (meant: Meant, asker: Asker | undefined): Promise<Result<Source | { readonly refusal: SqlFailure }, SqlFailure>> {
    const { federation, own } = this.#options
    const { publisher, entry } = meant.found
    const feed = federation.feeds.get(entry.distribution.feed)
    const at = meant.position === undefined ? {} : { position: meant.position }
    const countedBy = publisher === own ? this.#options.countedBy(entry.datasetId) : undefined
    // Who may not have it is told so before anything of it is read.
    const records = feed === undefined ? 0 : Math.max(0, endOf(feed, entry) - entry.distribution.firstRecord)
    const before = wayTo(meant, { federation, own, asker, records, format: OPEN_FORMAT, countedBy })
    if (!before.ok) return before
    if (before.value.type === 'remote') return ok(before.value)
    const format = feed === undefined ? undefined : await formatFor(federation, feed, entry).catch(() => undefined)
    const { form, records: all } = entry.distribution
    if (form === 'file' || entry.schema.length === 0) return refused({ code: 'invalid', reason: `"${meant.name}" has no rows with columns`, hint: 'publish it as CSV, GeoJSON or lines of JSON', ...at })
    if (feed === undefined || format === undefined || (all !== null && records < all)) {
      return refused({ code: 'incomplete', reason: `not all of "${meant.name}" is here`, hint: 'fetch it first with "hanse get"', ...at })
    }
    const way = before.value.type === 'rows' ? before : wayTo(meant, { federation, own, asker, records, format, countedBy })
    if (!way.ok) return way
    return way.value.type === 'remote' ? ok(way.value) : ok({ ...meant, feed, format, way: way.value, countedBy })
  }

  async #reckoned (question: SqlQuestion, sources: readonly Source[], { text, rowsMax, signal }: SqlRequest, asker: Asker | undefined): Promise<Result<Reckoning, SqlFailure>> {
    const { own, clock, federation, engine } = this.#options
    const requester = asker?.requester === undefined ? own : asker.requester
    const wish = {
      text, requester, timeMsMax: requester === own ? TIME_MS_MAX : OTHERS_TIME_MS_MAX, rowsMax: Math.min(rowsMax ?? ROWS_DEFAULT, ROWS_MAX), bytesMax: RESULT_BYTES_MAX, signal
    }
    const reckoned = await reckon(question, sources, wish, { federation, spaces: this.#spaces, engine, asked: this.#asked, clock })
    if (!reckoned.ok) return reckoned
    const through = await this.#letThrough(sources, reckoned.value)
    if (!through.ok) return through
    const { rows: { columns, rows, isCut }, records } = reckoned.value
    return ok({
      type: 'answered', sources,
      answer: {
        columns, rows, isCut, proof: null, timeMs: clock.nowMs(), conditions: conditionsOf(this.#policiesOf(sources, requester), did => federation.members.nameOf(did)),
        sources: sources.map(({ name, found: { publisher, entry }, way }) => ({
          dataset: `${publisher}/${entry.datasetId}`, publisher: { did: publisher, name: federation.members.nameOf(publisher) }, records: records.get(folded(name)) ?? 0,
          agreementId: way.decision.agreementId, policyCid: way.decision.policyCid?.toString() ?? null, minGroupSize: way.type === 'groups' ? way.minGroupSize : null
        }))
      }
    })
  }

  /** Written down for each source, before anything goes out; the right may have been lost meanwhile. */
  async #letThrough (sources: readonly Source[], { rows: { rows }, records }: Reckoned): Promise<Result<null, SqlFailure>> {
    const { doors } = this.#options.federation
    const bytes = rows.reduce((sum, row) => sum + row.reduce<number>((all, value) => all + (typeof value === 'string' ? value.length : 8), 0), 0)
    for (const { name, way } of sources) {
      const looked = records.get(folded(name)) ?? 0
      const asked: Question = { ...way.question, records: looked }
      const passage = doors.enter(asked)
      const isOut = await passage.take({ records: looked, bytes })
      await passage.end()
      if (!isOut) return fail(refusalOf(passage.decision))
    }
    return ok(null)
  }

  #policiesOf (sources: readonly Source[], requester: string | null): readonly Policy[] {
    const { doors, standings } = this.#options.federation
    return sources.filter(({ found: { publisher } }) => publisher !== requester).flatMap(({ found, way }) => {
      const agreement = way.decision.agreementId === null ? undefined : standings.get(way.decision.agreementId)
      const own = agreement?.policy ?? found.entry.terms?.policy
      const all = [...own === undefined ? [] : [own], ...found.publisher === this.#options.own ? doors.policiesOfSources(assetOfFound(found).datasetId) : []]
      return all.flatMap(bytes => {
        const ready = doors.policies.of(bytes)
        return ready.ok ? [ready.value.policy] : []
      })
    })
  }
}

/** Questions that are reckoned a few at a time, in the order in which they came. */
class Turns {
  readonly #runningMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor (runningMax: number) {
    this.#runningMax = runningMax
  }

  /** Nothing is begun for whoever left while it waited. */
  async take<T> (work: () => Promise<Result<T, SqlFailure>>, signal: AbortSignal | undefined): Promise<Result<T, SqlFailure>> {
    if (this.#running < this.#runningMax) this.#running++
    else if (this.#waiting.length >= WAITING_MAX) return fail({ code: 'limit', reason: 'too many questions wait already', hint: 'ask again in a moment' })
    // Whoever is through hands its place on.
    else await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    try {
      return signal?.aborted === true ? fail(LEFT) : await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}

const TABLES_SHOWN_MAX = 1_000
/** To ask whether anything may be told at all, before any row was looked at for how it is written. */
const OPEN_FORMAT = { delimiter: null, columns: [{ name: 'any', type: 'text' as const }] }
