/** A `HanseNode` that holds everything in memory and belongs to a federation of one: the other side of the API in tests. */
import { fail, ok, utf8 } from '../../src/base/index.ts'
import type {
  AgreementView, Asker, BundleReport, HanseNode, NegotiationView, NodeEvent, NodeStatus, OnProgress, SqlRequest
} from '../../src/node/contract/index.ts'
import { MemoryAgreements } from './memoryAgreements.ts'
import { DID, each, MemoryDatasets, NAME, TIME_MS } from './memoryDatasets.ts'
import { MemoryDuties } from './memoryDuties.ts'
import { MemoryLedger } from './memoryLedger.ts'
import { MemoryTerms } from './memoryTerms.ts'

export class MemoryNode extends MemoryDatasets implements HanseNode {
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
  readonly #agreements: MemoryAgreements = new MemoryAgreements()
  readonly negotiated: NegotiationView[] = this.#agreements.negotiated
  readonly agreed: AgreementView[] = this.#agreements.agreed
  readonly requestAgreement: HanseNode['requestAgreement'] = (reference, purpose) => this.#agreements.requestAgreement(reference, purpose)
  readonly negotiations: HanseNode['negotiations'] = () => this.#agreements.negotiations()
  readonly answerNegotiation: HanseNode['answerNegotiation'] = (...given) => this.#agreements.answerNegotiation(...given)
  readonly agreements: HanseNode['agreements'] = () => this.#agreements.agreements()
  readonly endAgreement: HanseNode['endAgreement'] = id => this.#agreements.endAgreement(id)
  readonly #terms: MemoryTerms = new MemoryTerms(reference => this.dataset(reference))
  readonly readTerms: HanseNode['readTerms'] = json => this.#terms.readTerms(json)
  readonly templateOf: HanseNode['templateOf'] = name => this.#terms.templateOf(name)
  readonly reviewTerms: HanseNode['reviewTerms'] = order => this.#terms.reviewTerms(order)
  readonly explain: HanseNode['explain'] = (...given) => this.#terms.explain(...given)

  readonly failed: Promise<string> = new Promise(() => undefined)
  readonly alarms: string[] = []
  state: NodeStatus['state'] = 'ready'
  place: { readonly latitude: number, readonly longitude: number } | null = null
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

  openedBy (_token: string): ReturnType<HanseNode['openedBy']> {
    return undefined
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

  async makeBundle (references: readonly string[]): ReturnType<HanseNode['makeBundle']> {
    const found = references.map(reference => this.dataset(reference))
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

  async setTerms (datasetId: string): ReturnType<HanseNode['setTerms']> {
    return this.dataset(datasetId)
  }

  metrics (): ReadonlyMap<string, number> {
    return new Map([['hanse_records', 3], ['hanse_network_denied_total{hook="denyDialPeer"}', 2], ['no metric!', 1]])
  }

  async endPublishing (): Promise<void> {}

  async stop (): Promise<void> {
    this.state = 'stopping'
  }
}
