import { fail, ok, type Result } from '../../base/index.ts'
import type { Agreement, DataService, Negotiation } from '../../core/agreement/index.ts'
import type { Advertisement } from '../../core/catalogue/index.ts'
import { bind, policyOfForm } from '../../core/terms/index.ts'
import type { Clock, Log, Peer, ProtocolHandler, Random, Store } from '../../host/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type {
  AgreementFailure, AgreementView, Carry, DspAnswer, DspRequest, EndCode, Failure, HanseNode, NegotiationAnswer, NegotiationView, OpenedByToken, SignedRequest, Web
} from '../contract/index.ts'
import { Dsp, dspHandler, libp2pAddress, libp2pCarry, peerIdOfAddress } from '../dsp/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Keys } from '../founding/index.ts'
import type { LedgerRoom } from '../ledger/index.ts'
import { WAIT_MS_MAX } from './limits.ts'
import { Negotiating } from './negotiating.ts'
import { memberParty, offerOf, policyOfEntry, purposeIri, shortened, targetOf } from './offers.ts'
import { Pushing } from './pushing.ts'
import { authorizationOf, RequestTokens, type TokenFailure } from './requestToken.ts'
import type { Voice } from './signing.ts'
import { Standing, type Rights } from './standing.ts'
import { Transferring } from './transferring.ts'
import { agreementView, negotiationView, type Views } from './views.ts'

export type AgreementsOptions = {
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly keys: Keys
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly author: Pick<LedgerRoom['pen'], 'write'>
  readonly rights: Rights
  readonly find: (reference: string) => Result<Pick<Advertisement, 'publisher' | 'entry'>, Failure<'not-found' | 'ambiguous'>>
  /** What goes out by a push: asked for in its consumer's name. */
  readonly reader: Pick<HanseNode, 'read' | 'follow'>
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

/** Agreements of a member: asked for, answered, signed, in force, ended; and the data that goes out under them. */
export class Agreements {
  readonly #options: AgreementsOptions
  readonly #standing: Standing
  readonly #negotiating: Negotiating
  readonly #transferring: Transferring
  readonly #pushing: Pushing
  readonly #requests: RequestTokens
  #dsp: Dsp | undefined
  #web: Web | undefined

  private constructor (options: AgreementsOptions) {
    const { federation, catalogue, keys, clock, random, author, rights, log } = options
    const { doors, standings, members, consensus } = federation
    this.#options = options
    this.#standing = new Standing({
      own: keys.did, federation: members.current.federation, standings, rights, author, ledger: consensus, clock, log, signed: () => this.#signed()
    })
    this.#negotiating = new Negotiating({
      own: keys.did, doors, catalogue, members, voice: () => this.#voice(), standing: this.#standing, clock, random
    })
    this.#pushing = new Pushing({ catalogue, reader: options.reader, push: to => this.#web?.push(to) ?? Promise.resolve(undefined), done: pid => this.#pushed(pid), clock, log })
    this.#transferring = new Transferring({
      own: keys.did, standings, catalogue, clock, random, dataAddress: () => this.#web?.dataAddress ?? null, peerId: () => federation.network?.peerId,
      flows: (transfer, agreement, isFlowing) => this.#pushing.flows(transfer, agreement, isFlowing)
    })
    this.#requests = new RequestTokens({ own: keys.did, members, clock })
  }

  static async open (options: AgreementsOptions): Promise<Agreements> {
    const agreements = new Agreements(options)
    const { federation, catalogue, keys, store, clock, random, onFatal, log } = options
    const party = memberParty({
      own: keys.did, doors: federation.doors, catalogue, negotiations: agreements.#negotiating, transfers: agreements.#transferring,
      services: () => agreements.#services(), isAddressOf: (peer, address) => agreements.#isAddressOf(peer, address)
    })
    const dsp = await Dsp.open({ party, carry: message => agreements.#carry(message), store, clock, random, onFatal, log })
    agreements.#dsp = dsp
    dsp.transferred.on(transfer => agreements.#transferring.changed(transfer))
    for (const { process } of dsp.transfers.all()) agreements.#transferring.changed(process)
    federation.standings.changed.on(() => agreements.#endTransfers())
    agreements.#standing.open()
    return agreements
  }

  /** Once others can be reached. */
  resume (web: Web | undefined): void {
    if (web !== undefined) this.openWeb(web)
    this.#here.resume()
  }

  async stop (): Promise<void> {
    this.#standing.stop()
    this.#pushing.stop()
    await this.#here.stop()
  }

  /** From now on this node is spoken to over HTTP too. */
  openWeb (web: Web): void {
    this.#web = web
  }

  get handler (): ProtocolHandler {
    const { members } = this.#options.federation
    return dspHandler({ memberOf: peerId => members.current.memberOfPeer(peerId), answer: request => this.answer(request) })
  }

  answer (request: DspRequest): Promise<DspAnswer> {
    return this.#here.answer(request)
  }

  /** Which member signed a request that came over HTTP. */
  whoIs (authorization: string, request: SignedRequest): Promise<Result<string, TokenFailure>> {
    return this.#requests.memberOf(authorization, request)
  }

  authorize (audience: string, request: SignedRequest): string {
    return authorizationOf(this.#voice(), audience, request, this.#options.clock, this.#options.random)
  }

  /** What a token of a transfer opens now. */
  opened (token: string): OpenedByToken | undefined {
    return this.#transferring.tokens.open(token, this.#options.clock.nowMs())
  }

  // --- What people do ----------------------------------------------------------------------------------------------

  async request (reference: string, purpose: string, withinMs: number, untilMs?: number): Promise<Result<NegotiationView, AgreementFailure>> {
    const { keys, federation, find } = this.#options
    const found = find(reference)
    if (!found.ok) return found
    const { publisher, entry } = found.value
    if (publisher === keys.did) return fail({ code: 'invalid', reason: 'this dataset is this member\'s own', hint: 'who publishes it needs no agreement' })
    const iri = purposeIri(purpose)
    const target = targetOf({ publisher, datasetId: entry.datasetId })
    const standing = this.#inForce(publisher, entry.datasetId, iri)
    if (standing !== undefined) return ok(standing)
    const open = this.negotiations().find(each => each.role === 'consumer' && each.dataset === target && each.purpose === iri && each.ended === null && each.agreementId === null)
    if (open !== undefined) return ok(await this.#settled(open.id, withinMs))
    const offered = policyOfEntry(federation.doors.policies, entry)
    const wanted = offered === undefined ? undefined : bind(offered, keys.did, iri)
    if (offered === undefined) return fail({ code: 'invalid', reason: 'its terms cannot be read here', hint: `see them with "hanse terms show ${reference}"` })
    if (wanted === undefined) {
      return fail({ code: 'refused', reason: `its terms are not for this member and the purpose ${purpose}`, hint: `see them with "hanse terms show ${reference}"` })
    }
    const asked = untilMs === undefined ? wanted : shortened(wanted, untilMs)
    if (asked === undefined) return fail({ code: 'invalid', reason: 'its terms do not hold in the period that is asked for', hint: `see when they do with "hanse terms show ${reference}"` })
    const address = this.#addressOf(publisher)
    if (address === undefined) return fail({ code: 'unreachable', reason: 'no node of the publisher is known here', hint: 'try again when it is connected: "hanse peers"' })
    const begun = await this.#here.requestNegotiation({ peer: publisher, peerAddress: address, ownAddress: this.#ownAddressFor(address), offer: offerOf(asked, target) })
    if (!begun.ok) return fail(BUSY)
    return ok(await this.#settled(begun.value, withinMs))
  }

  negotiations (): readonly NegotiationView[] {
    return [...this.#here.negotiations.all()].map(({ pid, process }) => negotiationView(this.#views, pid, process))
      .toSorted((a, b) => b.changedMs - a.changedMs)
  }

  async decide (id: string, answer: NegotiationAnswer): Promise<Result<NegotiationView, AgreementFailure>> {
    const running = this.#here.negotiations.get(id)
    if (running === undefined) return fail({ code: 'not-found', reason: `no negotiation is called ${id}`, hint: 'see "hanse inbox"' })
    const { process } = running
    if (!process.isAsked) return fail({ code: 'refused', reason: 'there is nothing to decide about it now', hint: 'see how it stands with "hanse inbox --all"' })
    if (answer.do === 'approve' && answer.changedMs !== process.changedMs) return fail(GONE_ON)
    const step = this.#stepOf(process, answer)
    if (!step.ok) return step
    const declined = await running.decide(await this.#negotiating.moveOf(process, step.value), process)
    if (declined !== undefined) return fail(GONE_ON)
    return ok(negotiationView(this.#views, id, running.process))
  }

  agreements (): readonly AgreementView[] {
    return [...this.#options.federation.standings.all()].map(each => agreementView(this.#views, each)).toSorted((a, b) => b.inForceFromMs - a.inForceFromMs)
  }

  async end (id: string, code: EndCode): Promise<Result<AgreementView, AgreementFailure>> {
    const { standings } = this.#options.federation
    const standing = standings.get(id)
    if (standing === undefined) return fail({ code: 'not-found', reason: `no agreement is called ${id}`, hint: 'see "hanse agreements"' })
    if (standing.revokedAtMs !== null) return fail({ code: 'refused', reason: 'it was ended before', hint: 'see "hanse agreements"' })
    await this.#standing.end(id, code)
    return ok(agreementView(this.#views, standings.get(id) ?? standing))
  }

  // --- Inside ------------------------------------------------------------------------------------------------------

  get #here (): Dsp {
    if (this.#dsp === undefined) throw new Error('opened before it is used')
    return this.#dsp
  }

  #voice (): Voice {
    const { federation, keys } = this.#options
    return { federation: federation.members.current.federation, certificate: federation.certificate, key: keys.node }
  }

  get #views (): Views {
    const { federation, keys } = this.#options
    return { own: keys.did, nameOf: did => federation.members.nameOf(did), policies: federation.doors.policies, state: federation.consensus.state }
  }

  #inForce (provider: string, datasetId: string, purpose: string): NegotiationView | undefined {
    const { federation, keys } = this.#options
    const standing = federation.standings.between({ provider, consumer: keys.did, datasetId }).find(each => each.revokedAtMs === null && each.purpose === purpose)
    const running = standing === undefined ? undefined : [...this.#here.negotiations.all()].find(({ process }) => process.agreement?.id === standing.id)
    return running === undefined ? undefined : negotiationView(this.#views, running.pid, running.process)
  }

  async #settled (pid: string, withinMs: number): Promise<NegotiationView> {
    const running = this.#here.negotiations.get(pid)
    if (running === undefined) throw new Error('a negotiation that was begun is there')
    const over = new AbortController()
    const cancel = this.#options.clock.wake(Math.min(withinMs, WAIT_MS_MAX), () => over.abort())
    // In force here, not only agreed: whoever hears of it reads next.
    const isDone = (): boolean => running.isFinal && (running.process.state !== 'FINALIZED' || this.#options.federation.standings.get(running.process.agreement?.id ?? '') !== undefined)
    while (!isDone() && !over.signal.aborted) {
      await Promise.race([this.#here.negotiated.next(over.signal), this.#options.federation.standings.changed.next(over.signal)])
    }
    cancel()
    over.abort()
    return negotiationView(this.#views, pid, running.process)
  }

  #stepOf ({ role, peer }: Negotiation, answer: NegotiationAnswer): Result<Parameters<Negotiating['moveOf']>[1], AgreementFailure> {
    if (answer.do === 'deny') return ok({ do: 'terminate', code: 'denied', reason: answer.reason === '' ? [] : [answer.reason] })
    if (answer.do === 'approve') return ok({ do: role === 'provider' ? 'agree' : 'accept' })
    const policy = policyOfForm(answer.terms)
    if (!policy.ok) return fail({ code: 'invalid', reason: policy.failure.reason, hint: 'correct these terms' })
    const { purposes } = answer.terms
    const bound = purposes?.length === 1 && purposes[0] !== undefined ? bind(policy.value, role === 'provider' ? peer : this.#options.keys.did, purposeIri(purposes[0])) : policy.value
    if (bound === undefined) return fail({ code: 'invalid', reason: 'these terms give the other side nothing', hint: 'name it among the recipients' })
    return ok({ do: role === 'provider' ? 'offer' : 'counter', offer: bound })
  }

  * #signed (): Iterable<Agreement> {
    for (const { process: { state, agreement } } of this.#here.negotiations.all()) if (state === 'FINALIZED' && agreement !== null) yield agreement
  }

  /** What runs under an agreement that is over ends with it. */
  #endTransfers (): void {
    const { standings } = this.#options.federation
    for (const running of this.#here.transfers.all()) {
      const { agreementId, role } = running.process
      if (running.isFinal || role !== 'provider' || standings.get(agreementId)?.revokedAtMs == null) continue
      this.#transferring.changed(running.process)
      running.decide({ do: 'terminate', code: 'agreement.revoked', reason: ['The agreement was ended.'] }).catch(this.#options.onFatal)
    }
  }

  #pushed (pid: string): void {
    this.#here.transfers.get(pid)?.decide({ do: 'complete' }).catch(this.#options.onFatal)
  }

  // --- Addresses ---------------------------------------------------------------------------------------------------

  #carry (message: Parameters<Carry>[0]): ReturnType<Carry> {
    const { federation, clock } = this.#options
    if (!message.address.startsWith('libp2p:')) return this.#web?.carry(message) ?? Promise.resolve(undefined)
    const peerOf = (peerId: string): Peer | undefined => federation.network?.peers().find(each => each.peerId === peerId)
    return libp2pCarry({ peerOf, clock })(message)
  }

  /** A node that is connected before one that is not; the web only where there is neither. */
  #addressOf (member: string): string | undefined {
    const { members, network } = this.#options.federation
    const connected = network?.peers().find(({ peerId }) => members.current.memberOfPeer(peerId) === member)?.peerId
    const known = connected ?? [...members.current.peers().keys()].find(peerId => members.current.memberOfPeer(peerId) === member)
    const [web] = this.#web?.addresses.get(member) ?? []
    return connected === undefined && web !== undefined ? web : known === undefined ? web : libp2pAddress(known)
  }

  #ownAddressFor (address: string): string {
    return address.startsWith('libp2p:') || this.#web === undefined ? libp2pAddress(this.#options.federation.network?.peerId ?? '') : this.#web.address
  }

  #isAddressOf (peer: string, address: string): boolean {
    const { members } = this.#options.federation
    const peerId = peerIdOfAddress(address)
    return peerId === undefined ? this.#web?.addresses.get(peer)?.includes(address) === true : members.current.memberOfPeer(peerId) === peer
  }

  #services (): readonly DataService[] {
    const addresses = [libp2pAddress(this.#options.federation.network?.peerId ?? ''), ...this.#web === undefined ? [] : [this.#web.address]]
    return addresses.map(endpointURL => ({ id: endpointURL, endpointURL }))
  }
}

const GONE_ON: AgreementFailure = { code: 'refused', reason: 'it has gone on meanwhile', hint: 'see how it stands with "hanse inbox --all"' }
const BUSY: AgreementFailure = { code: 'busy', reason: 'too many negotiations with this member are open', hint: 'wait until some are decided: "hanse inbox --all"' }
