/** A `HanseNode` that holds everything in memory and belongs to a federation of one: the other side of the API in tests. */
import { concat, fail, hex, ok, sha256, utf8, type Result } from '../../src/base/index.ts'
import { termsOf } from '../../src/node/terms/index.ts'
import type {
  AgreementView, Asker, SqlRequest, BundleReport, Content, Dataset, DatasetDescription, DerivationOrder, Failure, HanseNode, ListenEnd, Listener, NegotiationAnswer, NegotiationView, NodeEvent, NodeStatus, NumberedRecord, OnProgress,
  RecordInput
} from '../../src/node/contract/index.ts'
import { MemoryDuties } from './memoryDuties.ts'
import { MemoryLedger } from './memoryLedger.ts'
import { formatOfRecords, naiveRows } from './naiveQuery.ts'

const DID = 'did:key:z6MkmemoryNode'
const NAME = 'Bellevue'
const TIME_MS = 1_700_000_000_000

type Held = {
  readonly description: DatasetDescription
  readonly form: Content['form']
  readonly mediaType: string
  readonly fileName: string
  readonly records: NumberedRecord[]
}

export class MemoryNode implements HanseNode {
  readonly book: MemoryLedger = new MemoryLedger()
  readonly dutiful: MemoryDuties = new MemoryDuties()
  readonly erase: HanseNode['erase'] = (...given) => this.dutiful.erase(...given)
  readonly erasures: HanseNode['erasures'] = () => this.dutiful.erasures()
  readonly receipts: HanseNode['receipts'] = (...given) => this.dutiful.receipts(...given)
  readonly uses: HanseNode['uses'] = (...given) => this.dutiful.uses(...given)
  readonly proveUse: HanseNode['proveUse'] = (...given) => this.dutiful.proveUse(...given)
  readonly declareEmergency: HanseNode['declareEmergency'] = (...given) => this.dutiful.declareEmergency(...given)
  readonly endEmergency: HanseNode['endEmergency'] = (...given) => this.dutiful.endEmergency(...given)
  readonly confirmEmergency: HanseNode['confirmEmergency'] = (...given) => this.dutiful.confirmEmergency(...given)
  readonly reviewEmergency: HanseNode['reviewEmergency'] = (...given) => this.dutiful.reviewEmergency(...given)
  readonly emergencies: HanseNode['emergencies'] = () => this.dutiful.emergencies()
  readonly ledger: HanseNode['ledger'] = () => this.book.ledger()
  readonly ledgerMembers: HanseNode['ledgerMembers'] = () => this.book.ledgerMembers()
  readonly applications: HanseNode['applications'] = () => this.book.applications()
  readonly blocks: HanseNode['blocks'] = (...given) => this.book.blocks(...given)
  readonly proposals: HanseNode['proposals'] = () => this.book.proposals()
  readonly propose: HanseNode['propose'] = (...given) => this.book.propose(...given)
  readonly vote: HanseNode['vote'] = (...given) => this.book.vote(...given)
  readonly rotateKey: HanseNode['rotateKey'] = (...given) => this.book.rotateKey(...given)
  readonly author: HanseNode['author'] = (...given) => this.book.author(...given)
  readonly submit: HanseNode['submit'] = (...given) => this.book.submit(...given)
  readonly verifyLedger: HanseNode['verifyLedger'] = () => this.book.verifyLedger()
  readonly ledgerProof: HanseNode['ledgerProof'] = (reference, record) => this.book.ledgerProof(reference, record)
  readonly anchor: HanseNode['anchor'] = () => this.book.anchor()
  readonly audit: HanseNode['audit'] = (...given) => this.book.audit(...given)
  readonly checkpoint: HanseNode['checkpoint'] = () => this.book.checkpoint()
  /** Datasets that were asked for, by the purpose. */
  readonly negotiated: NegotiationView[] = []
  readonly agreed: AgreementView[] = []
  readonly ordered: DerivationOrder[] = []
  readonly failed: Promise<string> = new Promise(() => undefined)
  readonly held: Map<string, Held> = new Map()
  readonly alarms: string[] = []
  /** Ends those who listen, each by a call. */
  readonly ends: Set<(why: ListenEnd | undefined) => void> = new Set()
  state: NodeStatus['state'] = 'ready'
  place: { readonly latitude: number, readonly longitude: number } | null = null
  /** Datasets that nobody has: `fetch` waits for them until its signal aborts. */
  readonly missing: Set<string> = new Set()
  readonly #followers: Set<() => void> = new Set()
  readonly #watchers: Set<(event: NodeEvent) => void> = new Set()

  /** What is asked in SQL, and its answer; set by tests. */
  readonly asked: SqlRequest[] = []
  answerSql: HanseNode['sql'] = async () => ({ ok: false, failure: { code: 'unavailable', reason: 'this node has no engine', hint: 'install one' } })

  sql (request: SqlRequest, asker?: Asker): ReturnType<HanseNode['sql']> {
    this.asked.push(request)
    return this.answerSql(request, asker)
  }

  sqlTables (): ReturnType<HanseNode['sqlTables']> {
    return []
  }

  verifySqlProof (): ReturnType<HanseNode['verifySqlProof']> {
    return { ok: false, failure: { code: 'invalid', reason: 'this is no proof', hint: 'have another made' } }
  }

  openWeb (): void {}

  async answerProtocol (): ReturnType<HanseNode['answerProtocol']> {
    return { status: 404, body: null }
  }

  async memberBehind (): Promise<undefined> {}

  authorizationFor (): string {
    return ''
  }

  openedBy (): undefined {}

  async requestAgreement (reference: string, purpose: string): ReturnType<HanseNode['requestAgreement']> {
    if (purpose === 'nothing') return fail({ code: 'refused', reason: 'its terms are not for this member and the purpose nothing', hint: 'see them with "hanse terms show"' })
    const at = this.negotiated.length + 1
    const other = { did: 'did:key:z6MkRenton', name: 'Renton' }
    const view: NegotiationView = {
      id: `urn:uuid:negotiation-${at}`, role: 'consumer', other, dataset: reference, purpose, state: 'FINALIZED', states: ['REQUESTED', 'AGREED', 'VERIFIED', 'FINALIZED'], isAsked: false, terms: null, sentences: [],
      agreementId: `urn:uuid:agreement-${at}`, changedMs: TIME_MS, ended: null
    }
    this.negotiated.push(view)
    this.agreed.push({
      id: `urn:uuid:agreement-${at}`, role: 'consumer', other, dataset: reference, purpose, sentences: [], inForceFromMs: TIME_MS, revokedAtMs: null,
      isCountersigned: true, ledger: 'waiting'
    })
    return ok(view)
  }

  negotiations (): readonly NegotiationView[] {
    return this.negotiated
  }

  async answerNegotiation (id: string, answer: NegotiationAnswer): ReturnType<HanseNode['answerNegotiation']> {
    const at = this.negotiated.findIndex(each => each.id === id)
    const found = this.negotiated[at]
    if (found === undefined) return fail({ code: 'not-found', reason: `no negotiation is called ${id}`, hint: 'see "hanse inbox"' })
    const state = answer.do === 'deny' ? 'TERMINATED' : answer.do === 'limit' ? 'OFFERED' : 'AGREED'
    const answered = { ...found, isAsked: false, state }
    this.negotiated[at] = answered
    return ok(answered)
  }

  agreements (): readonly AgreementView[] {
    return this.agreed
  }

  async endAgreement (id: string): ReturnType<HanseNode['endAgreement']> {
    const at = this.agreed.findIndex(each => each.id === id)
    const found = this.agreed[at]
    if (found === undefined) return fail({ code: 'not-found', reason: `no agreement is called ${id}`, hint: 'see "hanse agreements"' })
    const ended = { ...found, revokedAtMs: TIME_MS }
    this.agreed[at] = ended
    return ok(ended)
  }

  status (): NodeStatus {
    const records = [...this.held.values()].reduce((sum, each) => sum + each.records.length, 0)
    return {
      member: { did: DID, name: NAME }, state: this.state,
      federation: this.state === 'ready' ? { id: 'bafyfederation', name: 'Corridor', members: 1 } : null,
      founding: this.state === 'founding' ? { name: 'Corridor', have: 1, want: 3, convener: DID, newcomers: [] } : null,
      peerId: '12D3KooW', addresses: ['/ip4/127.0.0.1/tcp/4001'], neighbours: { reachable: 1, known: 2 },
      datasets: { own: this.held.size, others: 0 }, feeds: { own: this.held.size, replicated: 0, frozen: 0, recovering: 0 }, records, storedBytes: 0, segmentsMissing: 0,
      startedMs: TIME_MS, certificateNotAfterMs: TIME_MS + 90 * 86_400_000, alarms: this.alarms
    }
  }

  peers (): ReturnType<HanseNode['peers']> {
    return [{
      member: { did: 'did:key:z6MkRenton', name: 'Renton' }, peerId: '12D3KooX', reachable: true, sinceMs: TIME_MS,
      addresses: ['/ip4/127.0.0.1/tcp/4002'], feedsOffered: 3, receivedBytes: 1_000, sentBytes: 2_000
    }]
  }

  members (): ReturnType<HanseNode['members']> {
    return [{ did: DID, name: NAME, revoked: false, place: this.place }, { did: 'did:key:z6MkRenton', name: 'Renton', revoked: false, place: null }]
  }

  profile (): ReturnType<HanseNode['profile']> {
    return { name: NAME, place: this.place }
  }

  async setPlace (place: Parameters<HanseNode['setPlace']>[0]): Promise<void> {
    this.place = place
  }

  async invite ({ federationName, want, validMs }: Parameters<HanseNode['invite']>[0]): ReturnType<HanseNode['invite']> {
    if (want > 1) this.state = 'founding'
    return ok({ ticket: `hanse1${'a'.repeat(120)}`, expiresMs: TIME_MS + validMs, federationName, want })
  }

  async join (ticket: string): ReturnType<HanseNode['join']> {
    return ticket.startsWith('hanse1')
      ? ok({ name: 'Corridor', have: 3, want: 3, convener: 'Seattle', newcomers: [{ name: NAME, words: ['apple', 'river', 'stone', 'tower'] }] })
      : fail({ code: 'invalid', reason: 'this is no ticket', hint: 'copy all of it; a ticket begins with hanse1' })
  }

  datasets ({ text, publisher, limit, after }: Parameters<HanseNode['datasets']>[0], asker?: Asker): readonly Dataset[] {
    return [...this.held.keys()].toSorted()
      .map(datasetId => this.#describe(datasetId))
      .filter(dataset => isKnownTo(dataset, asker) && (after === undefined || dataset.id > after) && (publisher === undefined || publisher === DID) &&
        (text === undefined || dataset.title.toLowerCase().includes(text.toLowerCase())))
      .slice(0, limit)
  }

  dataset (reference: string, asker?: Asker): Result<Dataset, Failure<'not-found'>> {
    const datasetId = reference.replace(`${DID}/`, '').replace(`${NAME}/`, '')
    const dataset = this.held.has(datasetId) ? this.#describe(datasetId) : undefined
    return dataset !== undefined && isKnownTo(dataset, asker)
      ? ok(dataset)
      : fail({ code: 'not-found', reason: `no dataset is called ${reference}`, hint: '`hanse ls` shows those there are' })
  }

  async derive (reference: string, order: DerivationOrder): ReturnType<HanseNode['derive']> {
    const source = this.#find(reference)
    if (!source.ok) return source
    const { datasetId, title, description } = order
    this.held.set(datasetId, { ...source.value, description: { ...source.value.description, datasetId, title, description }, form: 'stream', records: [] })
    this.ordered.push(order)
    return ok({ dataset: this.#describe(datasetId), warnings: ['one sentence'] })
  }

  derivations (): ReturnType<HanseNode['derivations']> {
    return this.ordered.map(({ datasetId }) => ({
      datasetId, source: `${DID}/source`, recipe: 'bafyrecipe', recipeBytes: new Uint8Array(1), state: 'following', because: null, recordsDone: 2, recordsBehind: 0,
      dueMs: null, tally: { taken: 2, malformed: 0, late: 0, ahead: 0 }
    }))
  }

  async publish (description: DatasetDescription, content: Content, onProgress?: OnProgress): ReturnType<HanseNode['publish']> {
    const records: NumberedRecord[] = []
    const add = (record: RecordInput): void => { records.push({ ...record, body: record.body.slice(), key: record.key.slice(), number: records.length }) }
    if (content.form === 'table') for await (const some of content.records) for (const record of 'key' in some ? [some] : some) add(record)
    if (content.form === 'file') {
      for await (const body of content.bytes) add({ key: utf8('part'), timeMs: TIME_MS, operation: 'put', mediaType: content.mediaType, body })
    }
    onProgress?.({ phase: 'done', done: records.length, total: records.length, unit: 'records' })
    const fileName = content.form === 'stream' ? '' : content.fileName
    this.held.set(description.datasetId, { description, form: content.form, mediaType: content.mediaType, fileName, records })
    const dataset = this.#describe(description.datasetId)
    this.emit({ type: 'dataset', id: dataset.id, change: 'new' })
    return ok(dataset)
  }

  async append (datasetId: string, records: readonly RecordInput[]): ReturnType<HanseNode['append']> {
    const held = this.held.get(datasetId)
    if (held === undefined) return fail({ code: 'not-found', reason: `no own stream is called ${datasetId}`, hint: 'publish it first' })
    if (held.form !== 'stream') return fail({ code: 'invalid', reason: `${datasetId} is a finished ${held.form}, not a stream`, hint: 'publish it anew as a whole' })
    const first = held.records.length
    for (const record of records) held.records.push({ ...record, number: held.records.length })
    for (const wake of this.#followers) wake()
    return ok({ first, count: records.length })
  }

  async history (reference: string, asker?: Asker): ReturnType<HanseNode['history']> {
    const dataset = this.dataset(reference, asker)
    if (!dataset.ok) return dataset
    const { title, version, modifiedMs, distribution: { records } } = dataset.value
    return ok({ versions: [{ version, modifiedMs, title, records, changes: null }], isPart: false, sources: [], recipe: null, holders: [], segments: 0 })
  }

  async withdraw (datasetId: string): ReturnType<HanseNode['withdraw']> {
    return this.held.delete(datasetId)
      ? ok(null)
      : fail({ code: 'not-found', reason: `no own dataset is called ${datasetId}`, hint: '`hanse ls` shows those there are' })
  }

  async fetch (reference: string, signal: AbortSignal, onProgress?: OnProgress): ReturnType<HanseNode['fetch']> {
    if (this.missing.has(reference)) {
      onProgress?.({ phase: 'looking', done: 0, total: null, unit: 'segments' })
      await aborted(signal)
      return fail({ code: 'unreachable', reason: 'nobody who has it was reachable', hint: 'try again when a neighbour is there' })
    }
    const dataset = this.dataset(reference)
    for (const done of [1, 2]) onProgress?.({ phase: 'fetching', done, total: 2, unit: 'segments' })
    return dataset
  }

  read (reference: string, { from, limit }: { readonly from: number, readonly limit: number }): ReturnType<HanseNode['read']> {
    const held = this.#find(reference)
    return held.ok ? ok(each(held.value.records.slice(from, from + limit))) : held
  }

  async query (reference: string, query: Parameters<HanseNode['query']>[1]): ReturnType<HanseNode['query']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const { description, mediaType, records } = held.value
    const format = formatOfRecords(mediaType, description.schema, records)
    if (format === undefined) return fail({ code: 'invalid', reason: 'rows of it cannot be read', hint: 'describe its columns' })
    const from = query.after === undefined ? 0 : Number(/^memory([0-9]+)$/.exec(query.after)?.[1])
    if (Number.isNaN(from)) return fail({ code: 'cursor', reason: 'the cursor is of another question', hint: 'begin anew' })
    const rows = naiveRows(format, records, query)
    const to = from + query.limit
    return ok({ rows: rows.slice(from, to), next: to < rows.length ? `memory${to}` : null, incomplete: null })
  }

  follow (reference: string, { last, signal }: { readonly last: number, readonly signal: AbortSignal }): ReturnType<HanseNode['follow']> {
    const held = this.#find(reference)
    return held.ok ? ok(this.#follow(held.value.records, Math.max(0, held.value.records.length - last), signal)) : held
  }

  async * #follow (records: readonly NumberedRecord[], from: number, signal: AbortSignal): AsyncGenerator<NumberedRecord> {
    let at = from
    let wake = (): void => undefined
    const waker = (): void => { wake() }
    this.#followers.add(waker)
    signal.addEventListener('abort', waker)
    while (!signal.aborted) {
      const record = records[at]
      if (record === undefined) await new Promise<void>(resolve => { wake = resolve })
      else {
        at++
        yield record
      }
    }
    this.#followers.delete(waker)
  }

  listen (reference: string, where: Parameters<HanseNode['listen']>[1], listener: Listener): ReturnType<HanseNode['listen']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const from = 'from' in where ? where.from : Math.max(0, held.value.records.length - where.last)
    const ending = new AbortController()
    const end = (why: ListenEnd | undefined): void => {
      if (ending.signal.aborted) return
      ending.abort()
      listener.end(why)
    }
    this.ends.add(end)
    void (async () => {
      for await (const record of this.#follow(held.value.records, from, ending.signal)) await listener.take([record])
    })()
    return ok({ from, stop: () => { ending.abort() } })
  }

  async content (reference: string, range?: { readonly from: number, readonly to: number }): ReturnType<HanseNode['content']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const whole = concat(held.value.records.map(({ body }) => body))
    const bytes = range === undefined ? whole : whole.subarray(range.from, range.to)
    return ok({ sizeBytes: whole.length, mediaType: held.value.mediaType, fileName: held.value.fileName, bytes: each([bytes]) })
  }

  async verify (reference: string, onProgress?: OnProgress): ReturnType<HanseNode['verify']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const records = held.value.records.length
    onProgress?.({ phase: 'verifying', done: records, total: records, unit: 'records' })
    const verified = !this.alarms.includes('damaged')
    return ok({
      dataset: reference, verified, segments: 1, records, bytes: 0, publisher: NAME, headSignedMs: TIME_MS,
      checks: [{ name: 'segments', ok: verified, detail: verified ? 'all hashes are right' : 'segment 0 is not what was signed' }]
    })
  }

  async proof (reference: string, number: number): ReturnType<HanseNode['proof']> {
    const held = this.#find(reference)
    return held.ok ? ok(new Uint8Array([1, 2, 3, number])) : held
  }

  async makeBundle (references: readonly string[]): ReturnType<HanseNode['makeBundle']> {
    const found = references.map(reference => this.#find(reference))
    const missing = found.find(result => !result.ok)
    if (missing !== undefined && !missing.ok) return missing
    return ok(each(references.map(reference => utf8(`bundle of ${reference}\n`))))
  }

  async openBundle (source: AsyncIterable<Uint8Array>): ReturnType<HanseNode['openBundle']> {
    let bytes = 0
    for await (const chunk of source) {
      if (bytes === 0 && chunk[0] !== 98) return fail({ code: 'malformed', reason: 'this is no bundle', hint: 'make one with `hanse bundle make`' })
      bytes += chunk.length
    }
    const report: BundleReport = {
      federation: 'bafyfederation', federationName: 'Corridor', feeds: 1, segments: 1, records: 3, bytes, files: 0, added: 1, datasets: [], names: []
    }
    return ok(report)
  }

  async revoke (envelope: Uint8Array): ReturnType<HanseNode['revoke']> {
    return envelope[0] === 0xa2 ? ok(null) : fail({ code: 'invalid', reason: 'this is no revocation', hint: 'send one that is signed' })
  }

  async scrub (onProgress?: OnProgress): ReturnType<HanseNode['scrub']> {
    onProgress?.({ phase: 'verifying', done: 1, total: 1, unit: 'segments' })
    return { segments: 1, damaged: 0, refetched: 0, lost: 0 }
  }

  async * events (signal: AbortSignal): AsyncGenerator<NodeEvent> {
    const queue: NodeEvent[] = []
    let wake = (): void => undefined
    const watcher = (event: NodeEvent): void => {
      queue.push(event)
      wake()
    }
    this.#watchers.add(watcher)
    signal.addEventListener('abort', () => { wake() })
    while (!signal.aborted) {
      const event = queue.shift()
      if (event === undefined) await new Promise<void>(resolve => { wake = resolve })
      else yield event
    }
    this.#watchers.delete(watcher)
  }

  emit (event: NodeEvent): void {
    for (const watcher of this.#watchers) watcher(event)
  }

  readTerms (json: unknown): ReturnType<HanseNode['readTerms']> {
    return termsOf(json, name => name === NAME ? DID : undefined)
  }

  templateOf (name: string): ReturnType<HanseNode['templateOf']> {
    return name === 'members' ? ok({ template: name, terms: {}, visibility: 'members' }) : fail({ code: 'not-found', reason: `there is no template "${name}"`, hint: 'members' })
  }

  reviewTerms (order: Parameters<HanseNode['reviewTerms']>[0]): ReturnType<HanseNode['reviewTerms']> {
    return ok({
      policyCid: 'bafypolicy', policy: {}, access: 'members', sentences: [{ clause: 1, code: 'any-member', values: {}, sentence: 'Any member of the federation may use it.', labels: ['enforced'] }], findings: [],
      derived: order.form.summarise === null ? null : { byEntity: true }, anyone: false,
      readers: [{ did: DID, name: NAME, may: 'now', sees: `all of it (${order.form.audience.type})`, reasons: [] }]
    })
  }

  async setTerms (datasetId: string): ReturnType<HanseNode['setTerms']> {
    return this.dataset(datasetId)
  }

  explain (reference: string, { door = 'read', purpose, member }: Parameters<HanseNode['explain']>[1]): ReturnType<HanseNode['explain']> {
    const dataset = this.dataset(reference)
    return dataset.ok
      ? ok({
        dataset: dataset.value.id, member: member === null ? null : { did: DID, name: NAME }, door, purpose: purpose ?? null, allow: false, policyCid: null, agreementId: null,
        evaluatedAtMs: TIME_MS, validUntilMs: null, dependsOn: [], reasons: [{ code: 'agreement.none', sentence: 'there is no agreement for it', subject: null, rule: null, clause: null, source: [] }], rules: []
      })
      : dataset
  }

  metrics (): ReadonlyMap<string, number> {
    return new Map([['hanse_records', 3], ['hanse_network_denied_total{hook="denyDialPeer"}', 2], ['no metric!', 1]])
  }

  async stop (): Promise<void> {
    this.state = 'stopping'
  }

  #find (reference: string): Result<Held, Failure<'not-found'>> {
    const dataset = this.dataset(reference)
    const held = dataset.ok ? this.held.get(dataset.value.datasetId) : undefined
    return held === undefined ? fail({ code: 'not-found', reason: `no dataset is called ${reference}`, hint: '`hanse ls` shows those there are' }) : ok(held)
  }

  #describe (datasetId: string): Dataset {
    const held = this.held.get(datasetId)
    if (held === undefined) throw new Error(`${datasetId} is not held`)
    const content = concat(held.records.map(({ body }) => body))
    const stream = held.form === 'stream'
    return {
      ...held.description, model: held.description.model ?? null, id: `${DID}/${datasetId}`, publisher: { did: DID, name: NAME }, version: 1, issuedMs: TIME_MS, modifiedMs: TIME_MS,
      distribution: {
        feed: `bafy${datasetId}`, form: held.form, mediaType: held.mediaType, fileName: held.fileName, firstRecord: 0,
        records: stream ? null : held.records.length, sizeBytes: stream ? null : content.length, sha256: stream ? null : hex(sha256(content))
      },
      sources: [],
      terms: null,
      held: {
        phase: 'complete', segmentsHave: 1, segmentsKnown: 1, records: held.records.length, bytes: content.length, sources: 0, because: null,
        state: 'replicated', replicas: 1
      }
    }
  }
}

async function aborted (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise<void>(resolve => { signal.addEventListener('abort', () => { resolve() }) })
}

async function * each<T> (items: readonly T[]): AsyncGenerator<T> {
  yield * items
}

/** By class alone: people outside know what is public, other members all that is not restricted. */
function isKnownTo ({ access }: Dataset, asker: Asker | undefined): boolean {
  if (asker?.requester === undefined || access === 'public') return true
  return asker.requester !== null && access === 'members'
}
