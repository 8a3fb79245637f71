import type { CID } from '../../base/index.ts'
import type { FeedClass } from '../../core/feed/index.ts'
import type { Did } from '../../core/identity/index.ts'
import { joinDecisions, type DerivationBounds, type Door, type Facts, type ReasonCode, type TermsRequest } from '../../core/terms/index.ts'
import type { Log } from '../../host/index.ts'
import { ACCESS_CLASS, type AccessLog } from '../access/index.ts'
import type { Failure } from '../contract/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import { DecisionCache } from './cache.ts'
import { factsFor, membershipOf, type FactSources } from './facts.ts'
import { Passage, PASSAGES_MAX } from './passage.ts'
import { isRecipient, Policies, type Engine, type ReadyPolicy } from './policies.ts'
import type { AssetFacts, AssetName, Assets, DoorDecision, FileUse, Question } from './question.ts'
import { allowed, refusalOf, refused } from './refusal.ts'
import { sourcesOfOthers, type OthersSource } from './sources.ts'
import type { StandingAgreement } from './standings.ts'

const ACTIONS: Readonly<Record<Door, string>> = {
  advertise: 'urn:hanse:terms:1:discover',
  negotiate: 'http://www.w3.org/ns/odrl/2/use',
  sync: 'http://www.w3.org/ns/odrl/2/reproduce',
  read: 'http://www.w3.org/ns/odrl/2/read',
  sql: 'http://www.w3.org/ns/odrl/2/read',
  stream: 'http://www.w3.org/ns/odrl/2/stream',
  derive: 'http://www.w3.org/ns/odrl/2/derive',
  reshare: 'http://www.w3.org/ns/odrl/2/distribute'
}

export type DoorsOptions = FactSources & { readonly engine: Engine, readonly access: Pick<AccessLog, 'counters' | 'record' | 'refuse'>, readonly log: Log }

/** Decides who gets what, and watches over what is being given. */
export class Doors {
  readonly #options: DoorsOptions
  readonly #policies: Policies
  readonly #cache: DecisionCache
  readonly #passages = new Set<Passage>()
  #assets: Assets | undefined
  /** Something that decisions rest on has changed. */
  readonly changed: Signal<void> = new Signal()
  /** What was agreed or said about a dataset has changed, so that others may get it now. */
  readonly granted: Signal<AssetName> = new Signal()

  constructor (options: DoorsOptions) {
    this.#options = options
    this.#policies = new Policies(options.engine)
    this.#cache = new DecisionCache()
    const { standings, members, ledger } = options
    standings.changed.on(parties => {
      this.#moved()
      if (parties !== undefined) this.granted.emit({ publisher: parties.provider, datasetId: parties.datasetId })
    })
    members.changed.on(() => this.#moved())
    ledger.changed.on(() => this.#moved())
  }

  /** Until it is told what there is, nothing but feeds without terms goes out. */
  openAssets (assets: Assets): void {
    this.#assets = assets
    assets.changed.on(asset => {
      this.#moved()
      this.granted.emit(asset)
    })
    this.#moved()
  }

  get policies (): Policies {
    return this.#policies
  }

  /** The policies of others that an own dataset is held to by what it was made of. */
  policiesOfSources (datasetId: string): readonly Uint8Array[] {
    const { own } = this.#options
    const [assets, described] = [this.#assets, this.#assets?.describe({ publisher: own, datasetId })]
    if (assets === undefined || described === undefined) return []
    return sourcesOfOthers({ ...this.#options, assets }, described).flatMap(source => source.type === 'policy' ? [source.policy] : [])
  }

  /** What is known of a member now. */
  membershipOf (did: Did): ReturnType<typeof membershipOf> {
    return membershipOf(this.#options, did)
  }

  claimsOf (did: Did): Facts['claims'] {
    return this.#assets?.claimsOf(did)
  }

  /** The one function that decides. Whatever fails in it refuses. */
  decide (question: Question): DoorDecision {
    const nowMs = this.#options.clock.nowMs()
    const known = this.#cache.get(question, nowMs)
    if (known !== undefined) return known
    const decision = this.#guarded(question, nowMs)
    this.#cache.put(question, decision, nowMs)
    return decision
  }

  /** Decides, and lets through: whoever gives anything out asks the passage before each part of it. */
  enter (question: Question): Passage {
    const decision = this.decide(question)
    const isFull = this.#passages.size >= PASSAGES_MAX
    const passage: Passage = new Passage({
      question, decision: isFull && decision.allow ? refused(question.door, 'policy.limit', decision.evaluatedAtMs, { subject: 'passagesMax' }) : decision,
      isRecorded: this.#isRecorded(question), decide: again => this.decide(again), access: this.#options.access, clock: this.#options.clock,
      purposeOf: agreementId => this.#options.standings.get(agreementId)?.purpose ?? null,
      left: each => { this.#passages.delete(each) }
    })
    if (passage.decision.allow) this.#passages.add(passage)
    return passage
  }

  /** Turns somebody away: counts and writes down why, and says it. */
  turnAway (question: Question): Failure<'not-found' | 'refused'> {
    return refusalOf(this.enter(question).decision)
  }

  #moved (): void {
    this.#cache.clear()
    for (const passage of this.#passages) passage.reconsider()
    this.changed.emit()
  }

  /** Own datasets that others use, and others' that this node's people use; a copy that is only passed along is its publisher's to log. */
  #isRecorded ({ asset, requester }: Question): boolean {
    const { own } = this.#options
    if (requester === asset.publisher || (asset.publisher !== own && requester !== own)) return false
    return this.#assets?.describe(asset)?.terms != null
  }

  #guarded (question: Question, nowMs: number): DoorDecision {
    try {
      return this.#decide(question, nowMs)
    } catch (cause) {
      this.#options.log('error', 'a decision failed, so it is a refusal', { door: question.door, dataset: question.asset.datasetId, reason: String(cause) })
      return refused(question.door, 'fact.missing', nowMs, { subject: 'decision' })
    }
  }

  #decide (question: Question, nowMs: number): DoorDecision {
    const { door, requester, asset } = question
    const described = this.#assets?.describe(asset)
    if (requester !== null && requester === asset.publisher) {
      const own = allowed(door, nowMs)
      return described === undefined ? own : this.#withSources(question, described, own, undefined)
    }
    if (described === undefined) return refused(door, 'fact.missing', nowMs, { subject: 'asset', isHidden: true })
    const hidden = this.#hiddenFrom(question, described, nowMs)
    if (hidden !== undefined) return hidden
    if (door === 'advertise') return allowed(door, nowMs)
    if (question.form === 'ciphertext') return this.#ciphertext(question, described, nowMs)
    if (described.terms === null) return this.#withSources(question, described, this.#byClass(question, described.access, nowMs), question.purpose)
    return this.#byTerms(question, described, described.terms.policy, nowMs)
  }

  // --- Before all terms --------------------------------------------------------------------------------------------

  #hiddenFrom ({ door, requester }: Question, { viewers, access }: AssetFacts, nowMs: number): DoorDecision | undefined {
    if (viewers !== 'members') return requester !== null && viewers.has(requester) ? undefined : refused(door, 'recipient.not-listed', nowMs, { isHidden: true })
    if (access === 'public') return undefined
    return requester !== null && this.#isActive(requester) ? undefined : refused(door, 'membership.inactive', nowMs, { isHidden: true })
  }

  #byClass ({ door, requester }: Question, access: AssetFacts['access'], nowMs: number): DoorDecision {
    if (access === 'public') return allowed(door, nowMs)
    if (access === 'restricted') return refused(door, 'agreement.none', nowMs)
    return requester !== null && this.#isActive(requester) ? allowed(door, nowMs) : refused(door, 'membership.inactive', nowMs)
  }

  #isActive (did: Did): boolean {
    return membershipOf(this.#options, did).status === 'active'
  }

  /** Clause 14: who may keep what it cannot read. */
  #ciphertext ({ door, requester }: Question, { access, terms }: AssetFacts, nowMs: number): DoorDecision {
    if (access !== 'restricted' || terms === null) return refused(door, 'fact.missing', nowMs, { subject: 'ciphertext' })
    if (requester === null || !this.#isActive(requester)) return refused(door, 'membership.inactive', nowMs)
    if (terms.replicas === 'members') return allowed(door, nowMs)
    const ready = this.#policies.of(terms.policy)
    const isListed = terms.replicas === 'recipients' && ready.ok && isRecipient(this.#options.engine.formOf(ready.value.policy), requester, membershipOf(this.#options, requester))
    return isListed ? allowed(door, nowMs) : refused(door, 'recipient.not-listed', nowMs)
  }

  // --- By terms ----------------------------------------------------------------------------------------------------

  #byTerms (question: Question, described: AssetFacts, policy: Uint8Array, nowMs: number): DoorDecision {
    const { door, purpose } = question
    // Before there is an agreement, what is asked is what would be agreed.
    if (described.access !== 'restricted' || door === 'negotiate') {
      const decision = this.#evaluate(question, described, policy, undefined, nowMs)
      return this.#withSources(question, described, decision, purpose)
    }
    const candidates = this.#agreementsFor(question)
    const policyCid = this.#cidOf(policy)
    if (candidates.length === 0) return refused(door, this.#hasOther(question) ? 'purpose.outside' : 'agreement.none', nowMs, { policyCid })
    const isAnyGood = door === 'sync' || candidates.length === 1
    if (!isAnyGood) return refused(door, 'purpose.missing', nowMs, { policyCid })
    let decision: DoorDecision | undefined
    for (const agreement of candidates) {
      const asked = { ...question, purpose: purpose ?? agreement.purpose ?? undefined }
      const own = this.#evaluate(asked, described, agreement.policy, agreement, nowMs)
      decision = this.#withSources(asked, described, own, asked.purpose)
      if (decision.allow) return decision
    }
    return decision ?? refused(door, 'agreement.none', nowMs, { policyCid })
  }

  /** Those that may be meant, in force ones alone where there are any. */
  #agreementsFor ({ asset, requester, purpose, agreementId }: Question): readonly StandingAgreement[] {
    if (requester === null) return []
    const all = this.#options.standings.between({ provider: asset.publisher, consumer: requester, datasetId: asset.datasetId })
      .filter(({ id }) => agreementId === undefined || id === agreementId)
      .filter(each => purpose === undefined || each.purpose === null || each.purpose === purpose)
    const live = all.filter(({ revokedAtMs }) => revokedAtMs === null)
    return live.length > 0 ? live : all.slice(-1)
  }

  #hasOther ({ asset, requester, purpose }: Question): boolean {
    return requester !== null && purpose !== undefined &&
      this.#options.standings.between({ provider: asset.publisher, consumer: requester, datasetId: asset.datasetId }).some(({ revokedAtMs }) => revokedAtMs === null)
  }

  #cidOf (policy: Uint8Array): CID | null {
    const ready = this.#policies.of(policy)
    return ready.ok ? ready.value.policy.policyCid : null
  }

  #evaluate (
    question: Question, described: AssetFacts, policy: Uint8Array, agreement: StandingAgreement | undefined, nowMs: number,
    more: Partial<TermsRequest> = {}
  ): DoorDecision {
    const ready = this.#policies.of(policy)
    if (!ready.ok) return refused(question.door, ready.failure.code === 'limit' ? 'policy.limit' : 'term.unknown', nowMs, { subject: ready.failure.reason })
    return this.#ask(ready.value, question, described, agreement, nowMs, more)
  }

  #ask (
    { policy, compiled }: ReadyPolicy, question: Question, described: AssetFacts, agreement: StandingAgreement | undefined, nowMs: number,
    more: Partial<TermsRequest>
  ): DoorDecision {
    const { door, requester, asset: { datasetId }, purpose, records, form = 'plaintext' } = question
    const area = question.area ?? described.area
    const derivation = this.#options.engine.coarser(described.derivation, question.made ?? null)
    const decision = compiled.evaluate({
      door, action: ACTIONS[door], timeMs: nowMs, form,
      ...requester === null ? {} : { requester }, ...purpose === undefined ? {} : { purpose }, ...records === undefined ? {} : { records },
      asset: {
        datasetId, feedClass: described.access, ...area === undefined ? {} : { area },
        derivation: derivation === null ? null : { ...derivation }
      },
      ...more
    }, factsFor(this.#options, question, described, agreement, policy, requester === null ? undefined : this.#assets?.claimsOf(requester)), question.wantsReport === true ? 'always' : 'when-refused')
    return { ...decision, agreementId: agreement?.id ?? decision.agreementId, isHidden: false }
  }

  // --- What it was made of -----------------------------------------------------------------------------------------

  /** The own policy, and that of every source of others: for own use as it is, for somebody else as passing it on. */
  #withSources (question: Question, described: AssetFacts, decision: DoorDecision, purpose: string | undefined): DoorDecision {
    const { own } = this.#options
    if (question.asset.publisher !== own || !decision.allow || described.sources.length === 0 || question.door === 'advertise') return decision
    const assets = this.#assets
    if (assets === undefined) return decision
    const found = sourcesOfOthers({ ...this.#options, assets }, described).flatMap(source => {
      const { path } = source
      const refuse = (code: ReasonCode, subject: string): DoorDecision => refused('reshare', code, decision.evaluatedAtMs, { subject })
      if (source.type === 'endless') return [{ path, decision: refuse('policy.limit', 'sourceDepthMax') }]
      if (source.type === 'unknown') return [{ path, decision: refuse('fact.missing', 'source') }]
      const isOwnUse = question.requester === own
      const answer = this.#askSource({ ...question, purpose }, described, source, decision.evaluatedAtMs)
      return !isOwnUse && this.#isReleased(source.policy, this.#options.engine.coarser(described.derivation, question.made ?? null)) ? [] : [{ path, decision: answer }]
    })
    return found.length === 0 ? decision : joinDecisions(decision, found)
  }

  /** Results of groups as large as the source asks for may be published: it says no more. */
  #isReleased (policy: Uint8Array, made: DerivationBounds | null): boolean {
    const ready = this.#policies.of(policy)
    return ready.ok && this.#options.engine.isReleased(ready.value, made)
  }

  /**
   * What speaks against offering what was made of others' data under these terms: the first source that they are too wide for, as
   * names on the way to it. Undefined: nothing.
   */
  barrierTo (offer: Pick<AssetFacts, 'terms' | 'sources' | 'derivation'>): readonly string[] | undefined {
    const assets = this.#assets
    if (assets === undefined) return undefined
    const own = offer.terms === null ? undefined : this.#policies.of(offer.terms.policy)
    return sourcesOfOthers({ ...this.#options, assets }, offer).find(source => {
      if (source.type !== 'policy') return true
      if (this.#isReleased(source.policy, offer.derivation)) return false
      const ready = this.#policies.of(source.policy)
      return !ready.ok || own?.ok !== true || !this.#options.engine.isWithinSource(own.value.policy, ready.value.policy)
    })?.path
  }

  /** What leaves is the result, so its bounds count together with those of what came. */
  #askSource (question: Question, result: AssetFacts, { asset, known, agreement, policy }: Extract<OthersSource, { type: 'policy' }>, nowMs: number): DoorDecision {
    const { own, engine } = this.#options
    const isOwnUse = question.requester === own
    const door = isOwnUse ? question.door : 'reshare'
    const facts: AssetFacts = {
      ...result, access: agreement === undefined ? known?.access ?? 'restricted' : 'restricted',
      derivation: engine.coarser(known?.derivation ?? null, result.derivation)
    }
    const asked: Question = { ...question, door, requester: own, asset, purpose: isOwnUse ? question.purpose ?? agreement?.purpose ?? undefined : question.purpose }
    return this.#evaluate(asked, facts, policy, agreement, nowMs, isOwnUse || question.requester === null ? {} : { onwardRecipient: question.requester })
  }

  /** Every dataset that names a file; of an own file the own ones alone, or whoever learned its name could open it, and keep it from being erased. */
  usesOf (root: CID): readonly FileUse[] {
    const uses = this.#assets?.usesOf(root) ?? []
    const own = uses.filter(({ asset: { publisher } }) => publisher === this.#options.own)
    return own.length > 0 ? own : uses
  }

  // --- Feeds -------------------------------------------------------------------------------------------------------

  /** Whether a peer may know of a feed at all: its declaration. */
  mayKnow (feed: Feed, requester: Did | null): boolean {
    return this.mayList(feed, requester) || (requester !== null && !isPair(feed.declaration.class) && this.#decideFor(feed, requester, 'advertise').allow)
  }

  /** Whether a peer may be told its length, and have its heads and leaves. */
  mayList (feed: Feed, requester: Did | null): boolean {
    const question = this.syncQuestion(feed, requester)
    return question === undefined ? this.#byFeed(feed, requester) : this.decide(question).allow
  }

  /** How a peer would be served: undefined where the feed itself says who has it, as those of catalogues and pairs. */
  syncQuestion (feed: Feed, requester: Did | null): Question | undefined {
    const { class: feedClass } = feed.declaration
    const asset = assetOf(feed)
    const described = this.#assets?.describe(asset)
    if (isPair(feedClass) || described === undefined || requester === asset.publisher) return undefined
    const plain: Question = { door: 'sync', requester, asset, form: 'plaintext', records: 0 }
    if (described.access !== 'restricted') return isRestricted(feedClass) ? undefined : plain
    const cipher: Question = { ...plain, form: 'ciphertext' }
    return !this.decide(plain).allow && this.decide(cipher).allow ? cipher : plain
  }

  /** Whether its heads go to everyone. */
  isGossiped ({ declaration: { class: feedClass } }: Feed): boolean {
    return feedClass === 'public' || feedClass === 'members'
  }

  /** Whether every member may know that the feed exists, so that the ledger may name it. */
  isForAll (feed: Feed): boolean {
    const viewers = this.#assets?.describe(assetOf(feed))?.viewers
    if (isPair(feed.declaration.class)) return false
    return viewers === undefined ? !isRestricted(feed.declaration.class) || feed.declaration.class === ACCESS_CLASS : viewers === 'members'
  }

  /** Where there is no description: the class alone. */
  #byFeed ({ declaration: { class: feedClass, publisher } }: Feed, requester: Did | null): boolean {
    if (requester !== null && requester === publisher) return true
    if (isPair(feedClass)) return feedClass === `pair:${requester}`
    if (feedClass === 'public') return true
    return feedClass === 'members' && requester !== null && this.#isActive(requester)
  }

  #decideFor (feed: Feed, requester: Did, door: Door): DoorDecision {
    return this.decide({ door, requester, asset: assetOf(feed) })
  }
}

export function assetOf ({ declaration: { publisher, datasetId } }: Feed): AssetName {
  return { publisher, datasetId }
}

function isPair (feedClass: FeedClass): boolean {
  return feedClass.startsWith('pair:')
}

function isRestricted (feedClass: FeedClass): boolean {
  return feedClass === 'restricted' || feedClass.startsWith('restricted:')
}

/** Offset of the flag in a stored segment: `"HS" | u8 1 | u8 sealed`. */
const SEALED_AT = 3

/** Who may keep what it cannot read gets nothing that it could. */
export function isFit (question: Question | undefined, segment: Uint8Array): boolean {
  return question?.form !== 'ciphertext' || segment[SEALED_AT] === 1
}
