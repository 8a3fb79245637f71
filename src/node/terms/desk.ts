import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Derivation } from '../../core/catalogue/index.ts'
import {
  bind, datasetSentencesOf, feedClassOf, policyOfForm, TEMPLATES, writePolicy, type Facts, type Policy, type ReasonCode
} from '../../core/terms/index.ts'
import type { Clock } from '../../host/index.ts'
import { findingsOf, policySentences } from '../catalogue/index.ts'
import type {
  Dataset, ExplainRequest, Explanation, Failure, NodeTerms, PublishFailure, ReaderView, TermsFailure, TermsOrder, TermsReview
} from '../contract/index.ts'
import { governedOf, isTooFine, tooFine, type Datasets, type Publisher } from '../datasets/index.ts'
import { sentenceOf } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import { TEMPLATE_NAMES, termsOf } from './reading.ts'

const READ = 'http://www.w3.org/ns/odrl/2/read'
/** Clauses that are met by what the data are: who may have less detail may have a derivation. */
const DETAIL: readonly ReasonCode[] = ['detail.raw-asset', 'detail.too-fine', 'delay.too-fresh']
const SALT_BYTES = 32

export type TermsDeskOptions = {
  readonly federation: Federation
  readonly datasets: Datasets
  readonly publisher: Publisher
  readonly own: string
  readonly clock: Clock
  readonly random: { bytes (size: number): Uint8Array }
  /** Notes by which column groups of an own dataset are counted. */
  readonly countBy: (datasetId: string, column: string | null) => Promise<void>
}

type Reviewed = {
  readonly order: TermsOrder, readonly policy: Policy, readonly access: TermsReview['access'], readonly derivation: Derivation | null
}

/** What people do with terms: read and write them, look at what they would mean, ask why something was decided. */
export class TermsDesk implements NodeTerms {
  readonly #options: TermsDeskOptions

  constructor (options: TermsDeskOptions) {
    this.#options = options
  }

  readTerms (json: unknown): Result<TermsOrder, Failure<'invalid'>> {
    return termsOf(json, name => this.#options.datasets.memberNamed(name))
  }

  templateOf (name: string): Result<unknown, Failure<'not-found'>> {
    const { federation: { members }, own, clock } = this.#options
    const template = TEMPLATES.find(({ id }) => id === name)
    if (template === undefined) return fail({ code: 'not-found', reason: `there is no template "${name}"`, hint: `the templates are ${TEMPLATE_NAMES.join(', ')}` })
    const begun = template.begin({ federation: members.current.federation.toString(), publisherName: members.nameOf(own), timeMs: clock.nowMs() })
    return ok({ template: name, ...begun, visibility: 'members' })
  }

  async setTerms (datasetId: string, order: TermsOrder): Promise<Result<Dataset, PublishFailure>> {
    const { publisher, random, datasets, own } = this.#options
    const governed = governedOf(order, random.bytes(SALT_BYTES))
    if (!governed.ok) return governed
    const held = datasets.find(`${own}/${datasetId}`)
    if (!held.ok) return fail({ code: 'not-found', reason: `this node publishes no dataset "${datasetId}"`, hint: 'see "hanse ls"' })
    const { sources, derivation } = held.value.entry
    if (isTooFine(order.form, derivation) && order.questions === undefined) return fail(tooFine(`derive a dataset with less detail: "hanse derive ${derivation === null ? datasetId : 'SOURCE'} --id ID --terms TERMS"`))
    if (order.questions !== undefined) await this.#options.countBy(datasetId, order.questions.countedBy)
    return publisher.setTerms(datasetId, { ...governed.value, sources, derivation })
  }

  // --- Before anything is published --------------------------------------------------------------------------------

  reviewTerms (order: TermsOrder, reference?: string): Result<TermsReview, TermsFailure> {
    const { federation: { members }, datasets, own } = this.#options
    const found = reference === undefined ? undefined : datasets.find(reference)
    if (found?.ok === false) return found
    const written = policyOfForm(order.form)
    if (!written.ok) return fail({ code: 'invalid', reason: `the terms are not right at ${written.failure.position}: ${written.failure.reason}`, hint: written.failure.remedy })
    const policy = written.value
    const access = order.viewers === 'members' ? feedClassOf(order.form) : 'restricted'
    const others = members.current.members().filter(({ did, revokedSinceMs }) => did !== own && revokedSinceMs === undefined)
    const sentences = [...policySentences(policy, did => members.nameOf(did)), ...datasetSentencesOf(order.dataset)]
    const derivation = found?.value.entry.derivation ?? null
    return ok({
      policyCid: policy.policyCid.toString(), policy: writePolicy(policy), access, sentences,
      derived: isTooFine(order.form, derivation) && order.questions === undefined ? { byEntity: order.form.summarise !== null } : null, findings: findingsOf(policy), anyone: access === 'public',
      readers: others.map(({ did }) => this.#readerOf(did, { order, policy, access, derivation }))
    })
  }

  #readerOf (did: string, given: Reviewed): ReaderView {
    const { members } = this.#options.federation
    const { order: { viewers }, access } = given
    const who = { did, name: members.nameOf(did) }
    if (viewers !== 'members' && !viewers.includes(did)) return { ...who, may: 'never', sees: 'not even that it exists', reasons: saidOf(['recipient.not-listed']) }
    const reasons = this.#reasonsFor(did, given)
    const rest = reasons.filter(code => !DETAIL.includes(code))
    if (rest.length > 0) return { ...who, may: 'never', sees: 'that it exists, and these terms', reasons: saidOf(rest) }
    const isLess = reasons.length > 0 || given.derivation !== null
    return { ...who, may: access === 'restricted' ? 'after-agreement' : 'now', sees: isLess ? `only what is made of it: ${detailOf(given.policy)}` : 'all of it, as it is', reasons: [] }
  }

  /** As the engine decides under an agreement that was signed just now, with nothing used up, owed or overdue. */
  #reasonsFor (did: string, { order: { form }, policy, access, derivation }: Reviewed): readonly ReasonCode[] {
    const { federation: { doors }, clock } = this.#options
    const [purpose] = form.purposes
    const bound = access === 'restricted' && purpose !== undefined ? bind(policy, did, purpose) : policy
    if (bound === undefined) return ['recipient.not-listed']
    const ready = doors.policies.of(utf8(JSON.stringify(writePolicy(bound))))
    if (!ready.ok) return ['term.unknown']
    const beginsMs = form.fromMs ?? 0
    const decision = ready.value.compiled.evaluate({
      door: 'read', action: READ, timeMs: Math.max(clock.nowMs(), beginsMs), requester: did, form: 'plaintext', records: 1, ...purpose === undefined ? {} : { purpose },
      asset: { feedClass: access, derivation: derivation === null ? null : { ...derivation } }
    }, this.#factsAfterAgreement(did, bound, beginsMs))
    return decision.allow ? [] : [...new Set(decision.reasons.map(({ code }) => code))]
  }

  #factsAfterAgreement (did: string, { obligations }: Policy, inForceFromMs: number): Facts {
    const { doors } = this.#options.federation
    const claims = doors.claimsOf(did)
    return {
      membership: doors.membershipOf(did), ...claims === undefined ? {} : { claims }, agreement: { id: 'urn:uuid:00000000-0000-4000-8000-000000000000', inForceFromMs, revokedAtMs: null },
      lease: { ageMs: 0, stalenessMaxMs: 1 }, counters: { requests: 0, requestsToday: 0, recordsToday: 0 }, payment: { owedMinor: 0, vouchedMinor: 0 }, emergencies: [],
      duties: Object.fromEntries(obligations.map((_, at) => [`obligation/${at}`, 'pending' as const]))
    }
  }

  // --- After it was decided ----------------------------------------------------------------------------------------

  explain (reference: string, { member, door = 'read', purpose }: ExplainRequest): Result<Explanation, TermsFailure> {
    const { federation: { doors, members }, datasets, own } = this.#options
    const found = datasets.find(reference)
    if (!found.ok) return found
    const requester = member === undefined ? own : member === null ? null : datasets.memberNamed(member)
    if (requester === undefined) return fail({ code: 'not-found', reason: `nobody is known as "${member}"`, hint: 'name the member as "hanse members" does' })
    const { publisher, entry: { datasetId } } = found.value
    const decision = doors.decide({ door, requester, asset: { publisher, datasetId }, purpose, records: 1, wantsReport: true })
    const { allow, policyCid, agreementId, evaluatedAtMs, validUntilMs, dependsOn, reasons, rules } = decision
    return ok({
      dataset: `${publisher}/${datasetId}`, member: requester === null ? null : { did: requester, name: members.nameOf(requester) }, door, purpose: purpose ?? null, allow,
      policyCid: policyCid?.toString() ?? null, agreementId, evaluatedAtMs, validUntilMs, dependsOn, rules,
      reasons: reasons.map(({ code, subject, rule, clause, source }) => ({
        code, sentence: sentenceOf({ code, ...subject === undefined ? {} : { subject } }), subject: subject ?? null, rule: rule ?? null, clause: clause ?? null, source: source ?? []
      }))
    })
  }
}

function saidOf (codes: readonly ReasonCode[]): ReaderView['reasons'] {
  return codes.map(code => ({ code, sentence: sentenceOf({ code }) }))
}

/** Clauses 4 and 5 in words. */
function detailOf (policy: Policy): string {
  const said = policySentences(policy, did => did).filter(({ clause }) => clause === 4 || clause === 5).map(({ sentence }) => sentence)
  return said.length === 0 ? 'less detail' : said.join(' ')
}
