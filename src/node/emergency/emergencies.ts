import { assert, fail, ok, type CID, type Result } from '../../base/index.ts'
import {
  admitEmergency, admitEmergencyEnd, decodeEmergency, emergencyBody, emergencyEndBody, EMERGENCY_LIFETIME_MS_MAX, isEmergencyCell,
  type Emergency, type EmergencyKind
} from '../../core/grants/index.ts'
import { signStatement, type Did, type SigningKey } from '../../core/identity/index.ts'
import { cellsOfBox } from '../../core/derivation/index.ts'
import { cellsTouch, PURPOSE_NS } from '../../core/policy/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import type { AccessRecord } from '../access/index.ts'
import { boxOfUnits, type Catalogue } from '../catalogue/index.ts'
import type { Failure } from '../contract/index.ts'
import type { StandingAgreement } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import { Signal } from '../feeds/index.ts'
import type { Heard, Receipts } from '../receipts/index.ts'
import { permitsOf, providesFor } from './permits.ts'
import { isOverdue, reviewDueMs, type Review, type Reviews } from './reviews.ts'

/** Known at a time, over ones too; more are not taken. */
const EMERGENCIES_MAX = 1_024
const RESPONSE = `${PURPOSE_NS}emergency.response`
/** What a responder confirms is told as a report of use of this purpose, and the declaration that it confirms behind it. */
const CONFIRMED = `${RESPONSE}#`

export type EmergencyOrder = {
  readonly incident: string
  readonly kinds: readonly EmergencyKind[]
  /** H3 cells of resolution 5 to 9. */
  readonly area: readonly string[]
  readonly lifetimeMs: number
  /** The declaration that this one continues. */
  readonly supersedes: CID | null
}
export type EmergencyFailure = Failure<'invalid' | 'not-found' | 'not-ready' | 'refused'>
export type KnownEmergency = { readonly emergency: Emergency, readonly declarer: Did, readonly endedMs: number | null }

export type EmergenciesOptions = {
  readonly own: Did
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly receipts: Receipts
  readonly reviews: Reviews
  readonly voice: () => { readonly certificate: CID, readonly key: SigningKey }
  readonly clock: Clock
  readonly log: Log
  readonly onFatal: (cause: unknown) => void
}

/** Emergencies that members declare: they widen what terms allow, loudly and for a while. */
export class Emergencies {
  readonly #options: EmergenciesOptions
  readonly #known = new Map<string, KnownEmergency>()
  /** By agreement, the declarations for which a responder has confirmed: what receipts say. */
  readonly #confirmed = new Map<string, Set<string>>()
  #stops: readonly (() => void)[] = []
  #cancel: () => void = () => {}
  #turn: Promise<void> = Promise.resolve()
  #isStopped = false
  /** One was declared, ended, used, or looked at. */
  readonly changed: Signal<void> = new Signal()

  constructor (options: EmergenciesOptions) {
    this.#options = options
  }

  async open (): Promise<void> {
    const { catalogue, federation, receipts } = this.#options
    await this.#look()
    for (const heard of receipts.all()) await this.#heard(heard)
    this.#stops = [
      catalogue.noticed.on(() => this.#do(() => this.#look())),
      federation.members.changed.on(() => this.#do(() => this.#look())),
      federation.access.recorded.on(record => this.#do(() => this.#accessed(record))),
      receipts.changed.on(heard => this.#do(() => this.#heard(heard)))
    ]
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    for (const stop of this.#stops) stop()
    await this.#turn
  }

  async settle (): Promise<void> {
    this.#do(() => this.#look())
    await this.#turn
  }

  all (): readonly KnownEmergency[] {
    return [...this.#known.values()]
  }

  isActive ({ emergency: { declaredAtMs, expiresAtMs }, endedMs }: KnownEmergency): boolean {
    const nowMs = this.#options.clock.nowMs()
    return endedMs === null && declaredAtMs <= nowMs && nowMs < expiresAtMs
  }

  /** What the people of this node have to know of now, in sentences. */
  alarms (): readonly string[] {
    const { clock, federation: { members }, reviews } = this.#options
    const active = this.all().filter(each => this.isActive(each)).map(({ emergency, declarer }) =>
      `emergency "${emergency.id}" (${emergency.kinds.join(', ')}) was declared by ${members.nameOf(declarer)}: terms that provide for it allow more until it ends`)
    const open = reviews.all().filter(({ reviewedMs }) => reviewedMs === null)
    const uses = open.flatMap(({ incident, uses: all }) => all.map(({ requester, datasetId }) =>
      `${members.nameOf(requester)} used "${datasetId}" under emergency "${incident}": look at it, then "hanse emergency review ${incident}"`))
    const overdue = open.filter(review => isOverdue(review, clock.nowMs())).map(({ incident }) => `the review of emergency "${incident}" is overdue`)
    return [...active, ...uses, ...overdue]
  }

  // --- Declaring ---------------------------------------------------------------------------------------------------

  async declare ({ incident, kinds, area, lifetimeMs, supersedes }: EmergencyOrder): Promise<Result<KnownEmergency, EmergencyFailure>> {
    const { federation, clock, own } = this.#options
    const declaredAtMs = clock.nowMs()
    if (lifetimeMs <= 0 || lifetimeMs > EMERGENCY_LIFETIME_MS_MAX) {
      return fail({ code: 'invalid', reason: 'an emergency lasts at most 72 hours', hint: 'declare it for less, and again if it lasts longer' })
    }
    const fields = {
      federation: federation.members.current.federation, id: incident, kinds: [...new Set(kinds)].toSorted(), area: [...new Set(area)].toSorted(),
      declaredAtMs, expiresAtMs: declaredAtMs + lifetimeMs, supersedes
    }
    const { certificate, key } = this.#options.voice()
    const isGood = /^[a-z0-9-]{1,64}$/.test(incident) && fields.kinds.length > 0 && fields.area.length > 0
    if (!isGood) return fail({ code: 'invalid', reason: 'an emergency has an id of a-z, 0-9 and -, a kind and an area', hint: 'see "hanse help emergency"' })
    const stray = fields.area.find(cell => !isEmergencyCell(cell))
    if (stray !== undefined) return fail({ code: 'invalid', reason: `${stray.slice(0, 32)} is no H3 cell of resolution 5 to 9`, hint: 'name cells as 15 hex digits, or give a box' })
    const statement = signStatement(emergencyBody(fields), certificate, key)
    const emergency = decodeEmergency(statement)
    assert(emergency.ok, 'a declaration of our own is well formed')
    const told = await this.#options.catalogue.notify({ type: 'emergency', id: statement.id.toString(), envelope: statement.envelope })
    if (!told.ok) return fail({ code: 'not-ready', reason: told.failure.reason, hint: told.failure.hint })
    await this.settle()
    const known = this.#known.get(statement.id.toString()) ?? { emergency: emergency.value, declarer: own, endedMs: null }
    return ok(known)
  }

  /** Withdraws an own declaration, by its id or that of the incident. */
  async end (reference: string): Promise<Result<null, EmergencyFailure>> {
    const { federation, clock, own, voice } = this.#options
    const known = this.#find(reference)
    if (known === undefined) return notFound(reference)
    if (known.declarer !== own) return fail({ code: 'refused', reason: 'only who declared an emergency ends it', hint: 'it ends by itself when its time is over' })
    const { certificate, key } = voice()
    const { statement: { id } } = known.emergency
    const { envelope } = signStatement(emergencyEndBody({ federation: federation.members.current.federation, emergency: id, timeMs: clock.nowMs() }), certificate, key)
    const told = await this.#options.catalogue.notify({ type: 'emergency-end', id: id.toString(), envelope })
    if (!told.ok) return fail({ code: 'not-ready', reason: told.failure.reason, hint: told.failure.hint })
    await this.settle()
    return ok(null)
  }

  /**
   * A responder's operator confirms that a dataset is needed for an incident: opens it here, and tells its publisher in a signed
   * receipt, whose doors then open too.
   */
  async confirm (reference: string, asset: { readonly publisher: Did, readonly datasetId: string }): Promise<Result<null, EmergencyFailure>> {
    const { federation: { standings }, own, clock, receipts } = this.#options
    const known = this.#find(reference)
    if (known === undefined || !this.isActive(known)) return notFound(reference)
    const concerned = standings.between({ provider: asset.publisher, consumer: own, datasetId: asset.datasetId }).filter(each => this.#isFor(each, known))
    if (concerned.length === 0) {
      return fail({ code: 'refused', reason: 'no agreement about this dataset provides for this emergency, or it is elsewhere', hint: 'its terms name who declares, which kinds and who responds: "hanse terms show"' })
    }
    const { emergency } = known
    const nowMs = clock.nowMs()
    for (const agreement of concerned) {
      const isSaid = await receipts.write(asset.publisher, {
        act: 'reported-use', agreementId: agreement.id, datasetId: asset.datasetId, purpose: `${CONFIRMED}${emergency.statement.id.toString()}`,
        fromMs: nowMs, untilMs: emergency.expiresAtMs, requests: 0, records: 0, timeMs: nowMs
      })
      if (!isSaid) return fail({ code: 'not-ready', reason: 'its publisher cannot be told yet', hint: 'try again in a moment' })
    }
    await this.settle()
    return ok(null)
  }

  async review (reference: string): Promise<Result<null, EmergencyFailure>> {
    const { reviews, clock } = this.#options
    const review = reviews.all().find(({ incident, emergency }) => incident === reference || emergency.toString() === reference)
    if (review === undefined) return fail({ code: 'not-found', reason: `nothing was used under an emergency "${reference}"`, hint: 'see "hanse emergency list"' })
    await reviews.reviewed(review.emergency, clock.nowMs())
    this.changed.emit()
    return ok(null)
  }

  reviewOf ({ emergency }: KnownEmergency): (Review & { readonly dueMs: number }) | undefined {
    const review = this.#options.reviews.get(emergency.statement.id)
    return review === undefined ? undefined : { ...review, dueMs: reviewDueMs(review) }
  }

  /** The newest of that incident, or the one with that id. */
  #find (reference: string): KnownEmergency | undefined {
    return this.all().filter(({ emergency }) => emergency.id === reference || emergency.statement.id.toString() === reference)
      .toSorted((a, b) => b.emergency.declaredAtMs - a.emergency.declaredAtMs)[0]
  }

  // --- Hearing -----------------------------------------------------------------------------------------------------

  #do (work: () => Promise<void>): void {
    if (this.#isStopped) return
    this.#turn = this.#turn.then(work).catch(this.#options.onFatal)
  }

  async #look (): Promise<void> {
    const { catalogue, federation: { members }, log } = this.#options
    const hearing = { federation: members.current.federation, speaker: members.speaker }
    for (const { publisher, notice } of catalogue.notices()) {
      if (notice.type === 'emergency' && !this.#known.has(notice.id)) {
        const admitted = admitEmergency(notice.envelope, hearing)
        if (!admitted.ok || admitted.value.declaredBy !== publisher) {
          log('info', 'a declared emergency does not hold', { code: admitted.ok ? 'not-theirs' : admitted.failure.code })
          continue
        }
        this.#take({ emergency: admitted.value.emergency, declarer: admitted.value.declaredBy, endedMs: null })
      }
      if (notice.type !== 'emergency-end') continue
      const known = this.#known.get(notice.id)
      if (known === undefined || known.endedMs !== null) continue
      const end = admitEmergencyEnd(notice.envelope, hearing, () => known.declarer)
      if (end.ok && end.value.emergency.equals(known.emergency.statement.id)) this.#known.set(notice.id, { ...known, endedMs: end.value.timeMs })
    }
    await this.#apply()
  }

  #take (known: KnownEmergency): void {
    const { federation, log } = this.#options
    if (this.#known.size >= EMERGENCIES_MAX) return federation.alarm(`more than ${EMERGENCIES_MAX} emergencies were declared: this node takes no more`)
    const { emergency, declarer } = known
    this.#known.set(emergency.statement.id.toString(), known)
    if (this.isActive(known)) log('warn', 'an emergency was declared', { incident: emergency.id, by: declarer, kinds: emergency.kinds.join(' ') })
  }

  /** Tells the doors which are in force now, and wakes when the next begins or ends. */
  async #apply (): Promise<void> {
    const { federation: { standings }, clock, log, onFatal, reviews } = this.#options
    const told = new Set(standings.emergencies().map(({ id }) => id))
    let nextMs = Infinity
    for (const known of this.#known.values()) {
      const { emergency, declarer, endedMs } = known
      const id = emergency.statement.id.toString()
      const isActive = this.isActive(known)
      if (isActive && !told.has(id)) {
        const { kinds, area, declaredAtMs, expiresAtMs } = emergency
        standings.declare({ id, kinds, area, declaredAtMs, expiresAtMs, declarer })
      }
      if (!isActive && told.has(id)) {
        log('warn', 'an emergency is over', { incident: emergency.id })
        standings.withdraw(id)
        if (endedMs !== null) await reviews.ended(emergency.statement.id, endedMs)
      }
      if (endedMs === null) nextMs = Math.min(nextMs, ...[emergency.declaredAtMs, emergency.expiresAtMs].filter(atMs => atMs > clock.nowMs()))
    }
    await this.#hold()
    this.#cancel()
    if (nextMs < Infinity && !this.#isStopped) this.#cancel = clock.wake(nextMs - clock.nowMs(), () => this.#do(() => this.#apply().catch(onFatal)))
    this.changed.emit()
  }

  // --- Confirming --------------------------------------------------------------------------------------------------

  #confirmationsIn ({ policy, consumer }: StandingAgreement, { emergency, declarer }: KnownEmergency): readonly string[] {
    const ready = this.#options.federation.doors.policies.of(policy)
    if (!ready.ok || !providesFor(ready.value.policy, emergency.kinds, declarer)) return []
    return permitsOf(ready.value.policy).filter(({ responders }) => responders.includes(consumer)).flatMap(({ confirmations }) => confirmations)
  }

  /** Whether an agreement provides for such an emergency, here. */
  #isFor (agreement: StandingAgreement, known: KnownEmergency): boolean {
    const spatial = this.#options.catalogue.entry(agreement.provider, agreement.datasetId)?.spatial ?? null
    const area = spatial === null ? undefined : cellsOfBox(boxOfUnits(spatial))
    const touches = area?.some(cell => known.emergency.area.some(other => cellsTouch(cell, other) === true)) === true
    return touches && this.#confirmationsIn(agreement, known).length > 0
  }

  /** The word of a responder: the own one, or at the publisher that of another. */
  async #heard ({ receipt, by }: Heard): Promise<void> {
    const { federation: { standings, members }, log } = this.#options
    if (receipt.act !== 'reported-use' || !receipt.purpose.startsWith(CONFIRMED)) return
    const id = receipt.purpose.slice(CONFIRMED.length)
    const before = this.#confirmed.get(receipt.agreementId) ?? new Set()
    this.#confirmed.set(receipt.agreementId, before.add(id))
    const [known, agreement] = [this.#known.get(id), standings.get(receipt.agreementId)]
    if (known !== undefined && agreement !== undefined && this.isActive(known)) {
      log('warn', 'data are opened for an emergency', { by: members.nameOf(by), dataset: agreement.datasetId, incident: known.emergency.id })
    }
    await this.#hold()
  }

  /** Whatever has to be confirmed first is so exactly while an emergency lasts for which it was; for another it is to be confirmed anew. */
  async #hold (): Promise<void> {
    const { federation: { standings, doors } } = this.#options
    for (const agreement of standings.all()) {
      const ready = doors.policies.of(agreement.policy)
      const rules = ready.ok ? permitsOf(ready.value.policy).flatMap(({ confirmations }) => confirmations) : []
      if (rules.length === 0) continue
      const confirmed = this.#confirmed.get(agreement.id)
      const isOpen = [...this.#known].some(([id, known]) => confirmed?.has(id) === true && this.isActive(known) && this.#isFor(agreement, known))
      for (const rule of rules) {
        const state = agreement.duties.find(each => each.rule === rule)?.state ?? 'pending'
        if ((state === 'fulfilled') !== isOpen) await standings.setDuty(agreement.id, rule, isOpen ? 'fulfilled' : 'pending')
      }
    }
  }

  // --- Looking at it afterwards ------------------------------------------------------------------------------------

  async #accessed ({ outcome, publisher, datasetId, requester, purpose, agreementId, timeMs, requests, records }: AccessRecord): Promise<void> {
    const { reviews, federation: { members, standings }, log } = this.#options
    const agreement = agreementId === null ? undefined : standings.get(agreementId)
    if (outcome !== 'allowed' || requester === null || purpose !== RESPONSE || agreement === undefined) return
    for (const known of this.all().filter(each => this.isActive(each) && this.#confirmationsIn(agreement, each).length > 0)) {
      const { emergency, declarer } = known
      const about = { emergency: emergency.statement.id, incident: emergency.id, declarer, endMs: emergency.expiresAtMs }
      const isFirst = await reviews.used(about, { publisher, datasetId, requester, firstMs: timeMs, requests, records })
      if (isFirst) log('warn', 'data were used under an emergency', { by: members.nameOf(requester), dataset: datasetId, incident: emergency.id })
      this.changed.emit()
    }
  }
}

function notFound (reference: string): Result<never, EmergencyFailure> {
  return fail({ code: 'not-found', reason: `no emergency "${reference}" is in force`, hint: 'see "hanse emergency list"' })
}
