import { fail, ok, type Result } from '../../base/index.ts'
import {
  checkSignature, faultsOfAgreement, ruleStrategy,
  type Agreement, type ContractOfferMessage, type ContractRequestMessage, type Negotiation, type NegotiationMove, type Step, type Strategy, type View
} from '../../core/agreement/index.ts'
import { bind, check, type Policy } from '../../core/terms/index.ts'
import type { Clock, Random } from '../../host/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Doors } from '../doors/index.ts'
import type { Conduct } from '../dsp/index.ts'
import type { Members } from '../members/index.ts'
import { AGREEMENTS_BY_RULE_MAX } from './limits.ts'
import { assetOfTarget, namesPurposes, offerOf, policyOfEntry, purposeOf } from './offers.ts'
import { countersignatureOf, isCountersignedBy, signedAgreement, type Voice } from './signing.ts'
import type { Standing } from './standing.ts'

export type NegotiatingOptions = {
  readonly own: string
  readonly doors: Doors
  readonly catalogue: Pick<Catalogue, 'entry'>
  readonly members: Pick<Members, 'current'>
  readonly voice: () => Voice
  readonly standing: Standing
  readonly clock: Clock
  readonly random: Random
}

type First = ContractRequestMessage | ContractOfferMessage

/** What is right goes by itself; the rest is for a person. */
const STRATEGY: Strategy = ruleStrategy('ask')

/** How a member conducts its negotiations, in both roles. */
export class Negotiating implements Conduct<First, Negotiation, NegotiationMove> {
  readonly #options: NegotiatingOptions
  /** What a rule has agreed to and is not in force yet, with the negotiation: several at once are one. */
  readonly #promised = new Map<string, string>()

  constructor (options: NegotiatingOptions) {
    this.#options = options
  }

  mayOpen (peer: string, message: First): ReturnType<Conduct<First, Negotiation, NegotiationMove>['mayOpen']> {
    const { own, doors, catalogue } = this.#options
    const asset = assetOfTarget(message.offer.target ?? '')
    const isRequest = message.type === 'ContractRequestMessage'
    if (asset === undefined) return fail({ code: 'target', reason: 'An offer names its dataset: <publisher did>/<dataset id>.', isHidden: false })
    if (asset.publisher !== (isRequest ? own : peer)) return HIDDEN
    const entry = catalogue.entry(asset.publisher, asset.datasetId)
    if (entry === undefined || entry.withdrawn) return HIDDEN
    return !isRequest || doors.decide({ door: 'advertise', requester: peer, asset }).allow ? ok(null) : HIDDEN
  }

  async decide (negotiation: Negotiation): Promise<NegotiationMove> {
    const view = this.#viewOf(negotiation)
    if (view === undefined) return { do: 'terminate', code: 'gone', reason: ['The dataset is not offered any more.'] }
    if (this.#isOwnWord(view, negotiation.peer)) return this.moveOf(negotiation, { do: 'agree' })
    const step = STRATEGY(view)
    return this.moveOf(negotiation, step.do === 'agree' && this.#isAgain(negotiation) ? { do: 'ask' } : step)
  }

  /** That somebody is asked stands in the negotiation: the inbox is all of those. */
  ask (): void {}

  async final ({ state, agreement, providerPid }: Negotiation): Promise<void> {
    for (const [about, pid] of this.#promised) if (pid === providerPid) this.#promised.delete(about)
    if (agreement === null) return
    if (state === 'FINALIZED') await this.#options.standing.take(agreement)
    else await this.#options.standing.drop(agreement)
  }

  /** A step with all that its message needs; before the last one, the agreement is in force here. */
  async moveOf (negotiation: Negotiation, step: Step): Promise<NegotiationMove> {
    const { standing, voice } = this.#options
    const { agreement, requested, offered } = negotiation
    const target = requested?.target ?? offered?.target ?? null
    switch (step.do) {
      case 'offer':
      case 'counter': return { do: step.do, offer: offerOf(step.offer, target) }
      case 'agree': {
        const made = this.#agreementOf(negotiation, target)
        if (made === undefined) return { do: 'terminate', code: 'terms', reason: ['These terms cannot be bound to this consumer and purpose.'] }
        return standing.isTakeable(made) ? { do: 'agree', agreement: made } : NOT_KEPT
      }
      case 'verify':
        if (agreement !== null && !standing.isTakeable(agreement)) return NOT_KEPT
        return { do: 'verify', countersignature: agreement === null || !this.#isMember(negotiation.peer) ? null : countersignatureOf(agreement, voice()) }
      case 'finalize':
        return agreement === null || await standing.take(agreement) ? { do: 'finalize' } : NOT_KEPT
      case 'accept': return { do: 'accept' }
      case 'terminate':
      case 'ask':
      case 'wait': return step
    }
  }

  /** The other side took what a person here offered instead: no rule ever offers. It must still be one that may know of it. */
  #isOwnWord ({ role, state, dataset, findings }: View, peer: string): boolean {
    const asset = assetOfTarget(dataset)
    return role === 'provider' && state === 'ACCEPTED' && findings.length === 0 && asset !== undefined &&
      this.#options.doors.decide({ door: 'advertise', requester: peer, asset }).allow
  }

  /**
   * Whether agreeing would begin anew what was ended, broken or used up under an agreement before: duties and counts are an agreement's
   * own. Where terms name purposes, each has one; data that need no agreement have nothing to evade, but a number.
   */
  #isAgain ({ peer, requested, providerPid }: Negotiation): boolean {
    const { own, doors, catalogue, standing } = this.#options
    const asset = assetOfTarget(requested?.target ?? '')
    const entry = asset === undefined ? undefined : catalogue.entry(own, asset.datasetId)
    if (asset === undefined || entry === undefined || requested === null || providerPid === null) return true
    const before = standing.between({ provider: own, consumer: peer, datasetId: asset.datasetId })
    if (before.length >= AGREEMENTS_BY_RULE_MAX) return true
    const advertised = policyOfEntry(doors.policies, entry)
    const purpose = advertised !== undefined && namesPurposes(advertised) ? purposeOf(requested.policy) : undefined
    if (entry.access !== 'restricted') return false
    const about = JSON.stringify([peer, asset.datasetId, purpose ?? null])
    const promised = this.#promised.get(about) ?? providerPid
    if (promised !== providerPid || before.some(each => purpose === undefined || each.purpose === purpose)) return true
    this.#promised.set(about, providerPid)
    return false
  }

  #isMember (participant: string): boolean {
    return this.#options.members.current.member(participant) !== undefined
  }

  #agreementOf (negotiation: Negotiation, target: string | null): Agreement | undefined {
    const { own, clock, random, voice } = this.#options
    const policy = (negotiation.state === 'ACCEPTED' ? negotiation.offered : negotiation.requested)?.policy
    const bound = policy === undefined ? undefined : boundTo(policy, negotiation.peer)
    if (bound === undefined || target === null) return undefined
    return signedAgreement(voice(), random, { provider: own, consumer: negotiation.peer, target, policy: bound, timestampMs: clock.nowMs() })
  }

  #viewOf (negotiation: Negotiation): View | undefined {
    const { own, doors, catalogue } = this.#options
    const { role, state, peer, requested, offered, agreement, visits } = negotiation
    const target = requested?.target ?? offered?.target ?? null
    const asset = assetOfTarget(target ?? '')
    const entry = asset === undefined ? undefined : catalogue.entry(asset.publisher, asset.datasetId)
    if (state === null || target === null || asset === undefined || entry === undefined) return undefined
    const subject = (state === 'OFFERED' || state === 'ACCEPTED' ? offered : requested)?.policy ?? null
    const purpose = subject === null ? undefined : purposeOf(subject)
    const advertised = policyOfEntry(doors.policies, entry)
    const consumer = role === 'provider' ? peer : own
    return {
      role, state, dataset: target, history: visits, requested: requested?.policy ?? null,
      offered: offered?.policy ?? (advertised === undefined || purpose === undefined ? advertised ?? null : bind(advertised, consumer, purpose) ?? null),
      findings: subject === null ? [] : check(subject),
      decision: role === 'provider' ? doors.decide({ door: 'negotiate', requester: peer, asset, purpose }) as View['decision'] : null,
      ...agreement === null ? { faults: [], isSigned: false } : this.#judged(negotiation, agreement, target)
    }
  }

  #judged ({ role, peer, requested, offered, visits }: Negotiation, agreement: Agreement, target: string): Pick<View, 'faults' | 'isSigned'> {
    const { own, members, voice, clock } = this.#options
    const isHanse = this.#isMember(peer)
    const { federation } = voice()
    const wanted = visits.includes('ACCEPTED') ? offered : requested
    if (role === 'provider') return { faults: [], isSigned: !isHanse || isCountersignedBy(agreement, federation, members.current) }
    if (wanted === null) return { faults: ['policy'], isSigned: false }
    const faults = faultsOfAgreement(agreement, {
      provider: peer, consumer: own, target, policy: boundTo(wanted.policy, own) ?? wanted.policy, nowMs: clock.nowMs(), isHanse
    })
    return { faults, isSigned: !isHanse || checkSignature(agreement, 'provider', federation, (statement, timeMs) => members.current.speaker(statement, timeMs)).ok }
  }
}

const NOT_KEPT = {
  do: 'terminate', code: 'terms', reason: ['An agreement of these terms cannot be kept here: its id, purpose or terms are too long, or there are too many.']
} as const

const HIDDEN: Result<never, { readonly code: string, readonly reason: string, readonly isHidden: boolean }> =
  fail({ code: 'not-found', reason: 'There is no such dataset.', isHidden: true })

/** For this consumer and the purpose that the policy names; as it is where it names no single one. Undefined: nothing is left of it. */
function boundTo (policy: Policy, consumer: string): Policy | undefined {
  const purpose = purposeOf(policy)
  return purpose === undefined ? policy : bind(policy, consumer, purpose)
}
