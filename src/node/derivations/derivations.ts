import { fail, ok, type Result } from '../../base/index.ts'
import type { DatasetEntry } from '../../core/catalogue/index.ts'
import { DERIVED_MEDIA_TYPE, encodeRecipe, operationOf, recipeCid, recipeOf } from '../../core/derivation/index.ts'
import type { Clock, Random, Row, Store } from '../../host/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Dataset, DatasetDescription, DerivationOrder, DerivationStatus, Derived, DeriveFailure } from '../contract/index.ts'
import { governedOf, type Datasets, type Governed, type Publisher } from '../datasets/index.ts'
import { refusalOf } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import { Incomplete, readableEnd, recordsOf } from '../reading/index.ts'
import { derivationPlanKey, derivationProgressKey, rowsOf } from '../rows/index.ts'
import { describedAgain, descriptionOf, factsOf } from './describing.ts'
import { decodePlan, encodePlan, type Plan } from './progress.ts'
import { sourceOf } from './source.ts'
import { DerivationTask, type SourceNow } from './task.ts'

/** Derivations of one node. Each keeps its open windows in memory. */
const DERIVATIONS_MAX = 256
const SALT_BYTES = 32

const REPLACED = 'its source was published anew'

/** All derivations of this node, each kept up to date from its source. */
export class Derivations {
  readonly #options: DerivationsOptions
  readonly #tasks = new Map<string, { readonly task: DerivationTask, readonly running: Promise<void> }>()
  /** Ids that are being taken just now. */
  readonly #beginning = new Set<string>()
  /** Ids of those that add nothing more, whatever the own catalogue says. */
  readonly #ending = new Set<string>()
  readonly #stopped = new AbortController()
  #stopListening: readonly (() => void)[] = []

  private constructor (options: DerivationsOptions) {
    this.#options = options
  }

  static async open (options: DerivationsOptions): Promise<Derivations> {
    const { store, federation, catalogue } = options
    const derivations = new Derivations(options)
    for await (const { key, read } of store.entries(rowsOf('derivationPlan'))) {
      const datasetId = new TextDecoder().decode(key.subarray(1))
      const plan = read.state === 'found' ? decodePlan(read.value) : undefined
      if (plan !== undefined) await derivations.#start(datasetId, plan)
      else federation.alarm(`how "${datasetId}" is derived is damaged on the disk: nothing is added to it; withdraw it and derive it under another id`)
    }
    const wake = (is: (task: DerivationTask) => boolean): void => { for (const { task } of derivations.#tasks.values()) if (is(task)) task.wake() }
    derivations.#stopListening = [
      federation.feeds.changed.on(feed => wake(({ plan, feed: own }) => feed === own || feed.id.equals(plan.source.feed))),
      federation.doors.changed.on(() => wake(({ standing }) => standing.state === 'waiting')),
      catalogue.changed.on(({ publisher, datasetId }) => {
        const task = publisher === options.own ? derivations.#tasks.get(datasetId)?.task : undefined
        if (task?.standing.state === 'ended' && catalogue.entry(publisher, datasetId)?.withdrawn === true) derivations.#drop(datasetId).catch(options.onFatal)
      }),
      catalogue.changed.on(({ publisher, datasetId }) => wake(({ datasetId: id, plan: { source } }) =>
        (publisher === options.own && id === datasetId) || (source.publisher === publisher && source.datasetId === datasetId)))
    ]
    return derivations
  }

  async stop (): Promise<void> {
    for (const stop of this.#stopListening) stop()
    this.#stopped.abort()
    await Promise.all([...this.#tasks.values()].map(({ running }) => running))
  }

  /** Has the note of where one stands lose the records that it appended last. */
  async forget (datasetId: string): Promise<void> {
    await this.#tasks.get(datasetId)?.task.forget()
  }

  /** Withdraws one; resolves when nothing is kept any more of how it stood, also where the own catalogue cannot be written now. */
  async end (datasetId: string): Promise<void> {
    const held = this.#tasks.get(datasetId)
    this.#ending.add(datasetId)
    await this.#options.publisher.withdraw(datasetId)
    held?.task.wake()
    await held?.running
    this.#ending.delete(datasetId)
    // One that had ended before does not see that it is withdrawn.
    if (this.#tasks.has(datasetId)) await this.#drop(datasetId)
  }

  list (): readonly DerivationStatus[] {
    return [...this.#tasks.values()].map(({ task }) => this.#statusOf(task))
  }

  /** By which column the groups of an own dataset are counted in the first summary of it; undefined: there is none. */
  entityKeyOf (datasetId: string): string | null | undefined {
    const summary = [...this.#tasks.values()].map(({ task: { plan } }) => plan)
      .find(({ source, recipe }) => source.publisher === this.#options.own && source.datasetId === datasetId && operationOf(recipe, 'summarise') !== undefined)
    return summary?.recipe.entityKey
  }

  // --- Deriving ----------------------------------------------------------------------------------------------------

  /** Publishes a derivation of the dataset that `reference` names, and keeps it up to date from then on. */
  async derive (reference: string, order: DerivationOrder): Promise<Result<Derived, DeriveFailure>> {
    const { datasetId } = order
    if (this.#beginning.has(datasetId)) return fail({ code: 'busy', reason: `"${datasetId}" is being made just now`, hint: 'wait a moment' })
    this.#beginning.add(datasetId)
    try {
      return await this.#derive(reference, order)
    } finally {
      this.#beginning.delete(datasetId)
    }
  }

  async #derive (reference: string, order: DerivationOrder): Promise<Result<Derived, DeriveFailure>> {
    const { datasets, federation, own, random } = this.#options
    const found = datasets.find(reference)
    if (!found.ok) return found
    const { publisher, entry } = found.value
    const decision = federation.doors.decide({ door: 'derive', requester: own, asset: { publisher, datasetId: entry.datasetId } })
    if (!decision.allow) return fail(refusalOf(decision))
    const feed = federation.feeds.get(entry.distribution.feed)
    const first = feed === undefined ? undefined : await this.#firstOf(feed, entry)
    if (feed === undefined || (first === undefined && entry.distribution.form === 'table')) {
      return fail({ code: 'not-found', reason: `nothing of "${reference}" has come yet`, hint: 'fetch it first with "hanse get"' })
    }
    const source = sourceOf(publisher, entry, first)
    if (!source.ok) return source
    const recipe = recipeOf(order.terms.form, source.value, order)
    if (!recipe.ok) return fail({ ...recipe.failure, code: 'invalid' })
    const plan: Plan = { recipe: recipe.value, source: { publisher, datasetId: entry.datasetId, feed: feed.id, first: entry.distribution.firstRecord } }
    const held = this.#alreadyHeld(order.datasetId, plan)
    if (held !== undefined) return held
    const isOwn = publisher === own
    const audience = governedOf(order.terms, random.bytes(SALT_BYTES))
    if (!audience.ok) return audience
    const governed: Governed = {
      ...audience.value, derivation: factsOf(recipe.value), derivedFrom: feed.id,
      sources: [{ publisher, datasetId: entry.datasetId, agreementId: isOwn ? null : decision.agreementId, policyCid: isOwn ? null : decision.policyCid }]
    }
    const warnings = this.#warnings(order.datasetId, plan)
    const dataset = await this.#publish(descriptionOf(order, datasets.view(found.value), recipe.value, audience.value.access), plan, governed)
    return dataset.ok ? ok({ dataset: dataset.value, warnings }) : dataset
  }

  async #publish (description: DatasetDescription, plan: Plan, governed: Governed): Promise<Result<Dataset, DeriveFailure>> {
    const published = await this.#options.publisher.publish(description, { form: 'stream', mediaType: DERIVED_MEDIA_TYPE }, () => {}, governed)
    if (!published.ok) return published
    const rows: readonly Row[] = [
      { type: 'put', key: derivationPlanKey(description.datasetId), value: encodePlan(plan) },
      { type: 'delete', key: derivationProgressKey(description.datasetId) }
    ]
    await this.#options.store.commit(rows)
    await this.#start(description.datasetId, plan)
    return published
  }

  /** Asked twice for the same, it is there. Nothing else may take its name. */
  #alreadyHeld (datasetId: string, { recipe }: Plan): Result<Derived, DeriveFailure> | undefined {
    const { catalogue, own, datasets } = this.#options
    const held = catalogue.entry(own, datasetId)
    const task = this.#tasks.get(datasetId)?.task
    if (held === undefined && this.#tasks.size < DERIVATIONS_MAX) return undefined
    if (held === undefined) return fail({ code: 'busy', reason: `this node keeps ${DERIVATIONS_MAX} derivations already`, hint: 'withdraw one that nobody needs' })
    if (task !== undefined && recipeCid(task.plan.recipe).equals(recipeCid(recipe))) return ok({ dataset: datasets.view({ publisher: own, entry: held }), warnings: [] })
    return fail({
      code: 'invalid', reason: `"${datasetId}" is another dataset of this node, or was made in another way`,
      hint: 'choose another id: what was made of the same source in two ways under one name could not be told apart'
    })
  }

  /** Rule (e) of small cells: "one source has at most one summarising recipe per audience". */
  #warnings (datasetId: string, plan: Plan): readonly string[] {
    const isSummary = ({ recipe }: Plan): boolean => operationOf(recipe, 'summarise') !== undefined
    const others = [...this.#tasks.values()].map(({ task }) => task).filter(({ plan: other, datasetId: id }) => id !== datasetId &&
      other.source.publisher === plan.source.publisher && other.source.datasetId === plan.source.datasetId && isSummary(other))
    return !isSummary(plan) ? [] : others.map(({ datasetId: id }) =>
      `"${id}" is a summary of the same source: who has both can subtract one from the other, and so find groups that are too small. Let no two audiences that meet have both.`)
  }

  async #firstOf (feed: Feed, { distribution: { firstRecord } }: DatasetEntry): Promise<Uint8Array | undefined> {
    if (readableEnd(feed) <= firstRecord) return undefined
    try {
      for await (const { body } of recordsOf(this.#options.federation, feed, firstRecord, firstRecord + 1)) return body
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error
    }
    return undefined
  }

  // --- Keeping up to date ------------------------------------------------------------------------------------------

  async #start (datasetId: string, plan: Plan): Promise<void> {
    const { catalogue, own, federation, store, clock, hasRoom, onFatal } = this.#options
    const entry = catalogue.entry(own, datasetId)
    const feed = entry === undefined ? undefined : federation.feeds.get(entry.distribution.feed)
    if (entry?.withdrawn === true) return this.#drop(datasetId)
    if (feed === undefined) {
      federation.alarm(`"${datasetId}" is derived here and not known in the own catalogue: nothing is added to it`)
      return
    }
    const task = await DerivationTask.open({
      datasetId, plan, feed, own, federation, doors: federation.doors, store, clock, hasRoom, source: () => this.#sourceNow(datasetId, plan), changed: () => {}
    })
    const running = task.run(this.#stopped.signal).then(() => this.#ended(task)).catch(onFatal)
    this.#tasks.set(datasetId, { task, running })
  }

  #sourceNow (datasetId: string, { source: { publisher, datasetId: of, feed: id, first } }: Plan): SourceNow {
    const { catalogue, federation, own } = this.#options
    const held = catalogue.entry(own, datasetId)
    const entry = catalogue.entry(publisher, of)
    const feed = federation.feeds.get(id)
    if (held === undefined || held.withdrawn || this.#ending.has(datasetId)) return fail({ state: 'ended', because: 'it was withdrawn' })
    if (entry === undefined || feed === undefined) return fail({ state: 'waiting', because: 'its source is not known here' })
    const { feed: now, firstRecord, records } = entry.distribution
    if (!now.equals(id) || firstRecord !== first) return fail({ state: 'ended', because: REPLACED })
    return ok({ feed, end: records === null ? readableEnd(feed) : Math.min(first + records, readableEnd(feed)) })
  }

  /**
   * A source that was published anew is derived anew, as the next version of the same dataset. Not so a summary: its windows
   * would be published again, for whatever few entities the two versions differ in.
   */
  async #ended (task: DerivationTask): Promise<void> {
    const { catalogue, datasets, federation, own } = this.#options
    const { datasetId, plan: { recipe, source: before }, standing } = task
    if (this.#stopped.signal.aborted) return
    if (catalogue.entry(own, datasetId)?.withdrawn === true) return this.#drop(datasetId)
    const tell = (because: string): void => federation.alarm(`nothing is added any more to "${datasetId}", which is derived from "${before.datasetId}": ${because}`)
    const [held, entry] = [catalogue.entry(own, datasetId), catalogue.entry(before.publisher, before.datasetId)]
    const feed = entry === undefined ? undefined : federation.feeds.get(entry.distribution.feed)
    const isRenewed = standing.because === REPLACED && operationOf(recipe, 'summarise') === undefined
    if (!isRenewed || held === undefined || entry === undefined || feed === undefined) return tell(standing.because ?? '')
    const source = sourceOf(before.publisher, entry, await this.#firstOf(feed, entry), recipe.source.delimiter)
    // Other columns need another recipe, and that a person.
    if (!source.ok || !recipeCid({ ...recipe, source: source.value }).equals(recipeCid(recipe))) return tell('its source has other columns now')
    const viewers = catalogue.viewersOf(own, datasetId)
    const governed: Governed = { ...held, viewers: viewers === 'members' ? viewers : [...viewers], derivedFrom: feed.id }
    const plan: Plan = { recipe, source: { ...before, feed: feed.id, first: entry.distribution.firstRecord } }
    const again = await this.#publish(describedAgain(datasets.view({ publisher: own, entry: held })), plan, governed)
    if (!again.ok) tell(again.failure.reason)
  }

  /** Of what is withdrawn nothing is kept: where it stood tells of its source. */
  async #drop (datasetId: string): Promise<void> {
    this.#tasks.delete(datasetId)
    await this.#options.store.commit([
      { type: 'delete', key: derivationPlanKey(datasetId) }, { type: 'delete', key: derivationProgressKey(datasetId) }
    ])
  }

  #statusOf (task: DerivationTask): DerivationStatus {
    const { plan: { recipe, source } } = task
    const now = this.#sourceNow(task.datasetId, task.plan)
    return {
      datasetId: task.datasetId, source: `${source.publisher}/${source.datasetId}`, recipe: recipeCid(recipe).toString(), recipeBytes: encodeRecipe(recipe),
      ...task.standing, dueMs: task.dueMs ?? null, recordsDone: task.next - source.first, recordsBehind: now.ok ? Math.max(0, now.value.end - task.next) : 0, tally: task.tally
    }
  }
}

export type DerivationsOptions = {
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly datasets: Datasets
  readonly publisher: Publisher
  readonly own: string
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly hasRoom: () => boolean
  readonly onFatal: (cause: unknown) => void
}
