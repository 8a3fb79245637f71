import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Dataset, HanseNode, RecordInput } from '../../node/contract/index.ts'
import { columnsOf, dateTimeMsOf, MODELS, observedMsOf } from '../../sdk/models/index.ts'
import { bodyOfEntity, entityOfBody, type KeptEntity } from '../entities/index.ts'
import { badData, type Refusal } from './problems.ts'
import { newestOf } from './search.ts'

/** What becomes of an entity, given what there is of it. */
export type Change = { readonly id: string, readonly decide: (now: KeptEntity | undefined) => Result<Decided, Refusal> }
export type Decided = Pick<KeptEntity, 'entity' | 'notes'> | 'deleted' | 'unchanged'
/** An entity and the stream that has it: undefined for one that is still to be opened. */
type Known = { readonly kept: KeptEntity, readonly stream: string | undefined }
type Written = { readonly record: RecordInput, readonly at: number, readonly stream: string | undefined }
/** `wasThere`: before the change. */
export type Changed = Result<{ readonly wasThere: boolean }, Refusal>

const ID_BYTES_MAX = 512
const WAITING_MAX = 64
const LOOKUPS_AT_ONCE = 64
const APPENDED_BYTES_MAX = 4_194_304
const APPENDED_RECORDS_MAX = 4_096
const NAMES_TRIED_MAX = 9
const DATASETS_MAX = 16_384

/**
 * Writes entities into own streams, one for each type, which it opens when the first of a type comes. Changes of one type wait for
 * each other, since each depends on what is there.
 */
export class EntityWriter {
  readonly #node: HanseNode
  readonly #nowMs: () => number
  readonly #access: 'public' | 'members'
  readonly #turns = new Map<string, { readonly last: Promise<unknown>, waiting: number }>()

  constructor ({ node, nowMs, access }: { readonly node: HanseNode, readonly nowMs: () => number, readonly access: 'public' | 'members' }) {
    this.#node = node
    this.#nowMs = nowMs
    this.#access = access
  }

  /** The outcome of each change, in their order. Several of one entity follow each other. */
  async apply (type: string, changes: readonly Change[]): Promise<Result<readonly Changed[], Refusal>> {
    return await this.#inTurn(type, () => this.#apply(type, changes))
  }

  async #inTurn<T> (type: string, work: () => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
    const turn = this.#turns.get(type)
    if ((turn?.waiting ?? 0) >= WAITING_MAX) return fail({ code: 'busy', reason: `${WAITING_MAX} changes of this type wait already`, hint: 'send many at once, by a batch' })
    const mine = (turn?.last ?? Promise.resolve()).then(work)
    const settled = mine.then(() => {}, () => {})
    const entry = { last: settled, waiting: (turn?.waiting ?? 0) + 1 }
    this.#turns.set(type, entry)
    try {
      return await mine
    } finally {
      const now = this.#turns.get(type)
      if (now === entry) this.#turns.delete(type)
      else if (now !== undefined) now.waiting--
    }
  }

  async #apply (type: string, changes: readonly Change[]): Promise<Result<readonly Changed[], Refusal>> {
    const streams = this.#ownStreams().filter(({ model }) => model === type).map(({ id }) => id)
    const ids = new Set(changes.map(({ id }) => id))
    const known = await this.#known(type, streams, ids)
    if (!known.ok) return known
    const strangers = await this.#ofOtherTypes(type, [...ids].filter(id => !known.value.has(id)))
    if (!strangers.ok) return strangers
    const outcomes: Changed[] = []
    const records: Written[] = []
    for (const [at, { id, decide }] of changes.entries()) {
      const now = known.value.get(id)?.kept
      const decided: Result<Decided, Refusal> = utf8(id).length > ID_BYTES_MAX ? fail(badData(`an id has at most ${ID_BYTES_MAX} bytes`))
        : strangers.value.has(id) ? fail(badData(`${id.slice(0, 128)} is there already, and of another type`, 'remove it first')) : decide(now)
      if (!decided.ok) {
        outcomes.push(decided)
        continue
      }
      outcomes.push(ok({ wasThere: now !== undefined }))
      if (decided.value === 'unchanged') continue
      const record = this.#recordOf(id, decided.value)
      const stream = known.value.get(id)?.stream ?? streams[0]
      records.push({ record, at, stream })
      if (decided.value === 'deleted') known.value.delete(id)
      else known.value.set(id, { kept: { ...decided.value, timeMs: record.timeMs }, stream })
    }
    return ok(await this.#append(type, records, outcomes))
  }

  /** What there is now of each id, and where. */
  async #known (type: string, streams: readonly string[], ids: ReadonlySet<string>): Promise<Result<Map<string, Known>, Refusal>> {
    const known = new Map<string, Known>()
    for (const stream of streams) {
      const looked = await this.#look(type, stream, ids, known)
      if (!looked.ok) return looked
    }
    return ok(known)
  }

  async #look (type: string, stream: string, ids: ReadonlySet<string>, known: Map<string, Known>): Promise<Result<null, Refusal>> {
    const left = [...ids].filter(id => !known.has(id)).values()
    let refusal: Refusal | undefined
    const look = async (): Promise<void> => {
      for (const id of left) {
        const row = await newestOf(this.#node, undefined, stream, utf8(id))
        if (!row.ok) refusal = row.failure
        const kept = row.ok && row.value !== undefined ? entityOfBody(type, row.value.key, row.value.body, row.value.timeMs) : undefined
        if (kept !== undefined) known.set(id, { kept, stream })
        if (refusal !== undefined) return
      }
    }
    await Promise.all(Array.from({ length: Math.min(LOOKUPS_AT_ONCE, ids.size) }, look))
    return refusal === undefined ? ok(null) : fail(refusal)
  }

  /** Ids that are entities of other types: an id names one thing. What names this type in its id is not looked for. */
  async #ofOtherTypes (type: string, ids: readonly string[]): Promise<Result<ReadonlySet<string>, Refusal>> {
    const open = new Set(ids.filter(id => !id.startsWith(`urn:ngsi-ld:${type}:`)))
    const others = open.size === 0 ? [] : this.#ownStreams().filter(({ model }) => model !== null && model !== type)
    const found = new Set<string>()
    for (const { id: stream, model } of others) {
      const known = await this.#known(model ?? '', [stream], open)
      if (!known.ok) return known
      for (const id of known.value.keys()) found.add(id)
    }
    return ok(found)
  }

  #ownStreams (): readonly Dataset[] {
    return this.#node.datasets({ publisher: this.#node.status().member.did, limit: DATASETS_MAX })
      .filter(({ model, distribution: { form, mediaType } }) => model !== null && form === 'stream' && mediaType === 'application/json')
  }

  #recordOf (id: string, decided: Exclude<Decided, 'unchanged'>): RecordInput {
    const common = { key: utf8(id), mediaType: 'application/json' }
    if (decided === 'deleted') return { ...common, operation: 'delete', timeMs: this.#nowMs(), body: new Uint8Array(0) }
    const said = Object.values(decided.notes).flatMap(({ observedAt }) => observedAt === undefined ? [] : dateTimeMsOf(observedAt) ?? [])
    const timeMs = said.length === 0 ? observedMsOf(decided.entity) ?? this.#nowMs() : Math.max(...said)
    return { ...common, operation: 'put', timeMs: timeMs < 0 ? this.#nowMs() : timeMs, body: bodyOfEntity(decided) }
  }

  /** In parts: what was appended stays so where a later one is refused. */
  async #append (type: string, records: readonly Written[], outcomes: Changed[]): Promise<readonly Changed[]> {
    for (const [known, own] of Map.groupBy(records, ({ stream }) => stream)) {
      const stream = known === undefined ? await this.#open(type) : ok(known)
      for (const part of partsOf(own)) {
        const appended = stream.ok ? await this.#node.append(datasetIdOf(stream.value), part.map(({ record }) => record), { flush: true }) : stream
        if (!appended.ok) for (const { at } of part) outcomes[at] = appended
      }
    }
    return outcomes
  }

  async #open (type: string): Promise<Result<string, Refusal>> {
    const { did } = this.#node.status().member
    const name = kebab(type)
    const datasetId = Array.from({ length: NAMES_TRIED_MAX }, (_, tried) => tried === 0 ? name : `${name}-${tried + 1}`).find(each => !this.#node.dataset(`${did}/${each}`).ok)
    if (datasetId === undefined) return fail({ code: 'not-ready', reason: `all names for a stream of ${type.slice(0, 64)} are taken by other datasets`, hint: 'open a stream that names it as its data model' })
    const model = MODELS.get(type)
    const opened = await this.#node.publish({
      datasetId, title: type, description: model === undefined ? '' : model.about, theme: '', keywords: [], licence: '', spatial: null, temporal: null,
      schema: model === undefined ? [] : columnsOf(model), access: this.#access, simulated: false, model: type
    }, { form: 'stream', mediaType: 'application/json' })
    if (!opened.ok) return opened
    return ok(opened.value.id)
  }
}

function datasetIdOf (reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

function * partsOf<T extends { readonly record: RecordInput }> (records: readonly T[]): Generator<readonly T[]> {
  let part: T[] = []
  let size = 0
  for (const each of records) {
    if (part.length >= APPENDED_RECORDS_MAX || (part.length > 0 && size + each.record.body.length > APPENDED_BYTES_MAX)) {
      yield part
      part = []
      size = 0
    }
    part.push(each)
    size += each.record.body.length
  }
  if (part.length > 0) yield part
}

/** `WasteContainer` and an IRI that ends so become `waste-container`. */
function kebab (type: string): string {
  const last = type.split(/[/#]/).findLast(part => part !== '') ?? ''
  const name = last.normalize('NFKD').replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 60)
  return name === '' ? 'entities' : name
}
