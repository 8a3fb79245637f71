import type { Did } from '../../core/identity/index.ts'
import type { DutyFact, Facts, Policy } from '../../core/terms/index.ts'
import type { Clock } from '../../host/index.ts'
import type { AccessLog } from '../access/index.ts'
import { Signal } from '../feeds/index.ts'
import type { Members } from '../members/index.ts'
import type { AssetFacts, AssetName, Question } from './question.ts'
import type { StandingAgreement, Standings } from './standings.ts'

/** How long a consumer may read on without having heard of the provider, where the agreement says nothing. */
const LEASE_STALENESS_MS_DEFAULT: number = 14 * 86_400_000

/** What the last final state of the ledger says. */
export interface LedgerFacts {
  classOf (member: Did): string | undefined
  /** From when on an agreement is revoked; null: it is not, or the ledger does not know it yet. */
  revokedMs (commit: Uint8Array): number | null
  height (): number
  readonly changed: Signal<void>
}

export type FactSources = {
  readonly own: Did
  /** CID of the charter, as text. */
  readonly federation: string
  readonly clock: Clock
  readonly members: Pick<Members, 'current' | 'changed'>
  readonly ledger: LedgerFacts
  readonly standings: Standings
  readonly access: Pick<AccessLog, 'counters'>
}

/** Everything that is known of a request, and nothing that is not: what is left out here is unknown to the engine. */
export function factsFor (
  sources: FactSources, question: Question, described: AssetFacts, agreement: StandingAgreement | undefined, policy: Policy, claims: Facts['claims']
): Facts {
  const { standings, ledger } = sources
  const { requester, asset } = question
  const counters = countersOf(sources, agreement, question)
  const payment = agreement !== undefined ? standings.payment(agreement.id) : question.door === 'negotiate' ? { owedMinor: 0, vouchedMinor: 0 } : undefined
  return {
    ...requester === null ? {} : { membership: membershipOf(sources, requester) },
    ...agreement !== undefined
      ? { agreement: { id: agreement.id, inForceFromMs: agreement.inForceFromMs, revokedAtMs: revokedAtMs(sources, agreement) }, lease: leaseOf(sources, asset, agreement) }
      : described.access === 'restricted' ? { agreement: null } : {},
    ...claims === undefined ? {} : { claims },
    ...counters === undefined ? {} : { counters },
    ...payment === undefined ? {} : { payment },
    emergencies: standings.emergencies().map(({ declarer, ...emergency }) => ({ ...emergency, declaredBy: declarer })),
    duties: dutiesOf(policy, agreement),
    ledgerHeight: ledger.height()
  }
}

export function membershipOf ({ members, ledger, federation, clock }: FactSources, did: Did): NonNullable<Facts['membership']> {
  const member = members.current.member(did)
  const isActive = member !== undefined && (member.revokedSinceMs === undefined || member.revokedSinceMs > clock.nowMs())
  const memberClass = ledger.classOf(did)
  return { status: isActive ? 'active' : 'inactive', federation, ...memberClass === undefined ? {} : { classes: [memberClass] } }
}

/** The earlier of what this node was told and what the ledger says. */
function revokedAtMs ({ ledger }: FactSources, { revokedAtMs: told, commit }: StandingAgreement): number | null {
  const said = commit === null ? null : ledger.revokedMs(commit)
  return told === null || said === null ? told ?? said : Math.min(told, said)
}

/** At the publisher's own doors nothing is stale; elsewhere what counts is when the publisher was heard last. */
function leaseOf ({ own, standings }: FactSources, { publisher }: AssetName, { stalenessMaxMs }: StandingAgreement): NonNullable<Facts['lease']> {
  const maxMs = stalenessMaxMs ?? LEASE_STALENESS_MS_DEFAULT
  const ageMs = publisher === own ? 0 : standings.leaseAgeMs(publisher)
  return { ...ageMs === undefined ? {} : { ageMs }, stalenessMaxMs: maxMs }
}

/** Nobody can count how often a copy is read, so the door that gives copies out supplies no counts of requests. */
function countersOf (
  { own, access }: FactSources, agreement: StandingAgreement | undefined, { door, isContinued }: Question
): Facts['counters'] | undefined {
  // What is only asked about was not used yet.
  if (door === 'negotiate' && agreement === undefined) return NOTHING_USED
  const counters = agreement?.provider === own ? access.counters(agreement.id) : undefined
  if (counters === undefined) return undefined
  if (door === 'sync') return { recordsToday: counters.recordsToday }
  const counted = isContinued === true ? 1 : 0
  return { ...counters, requests: Math.max(0, counters.requests - counted), requestsToday: Math.max(0, counters.requestsToday - counted) }
}

const NOTHING_USED: NonNullable<Facts['counters']> = { requests: 0, requestsToday: 0, recordsToday: 0 }

/** What nobody has marked as done or broken is pending: this node would know. What comes before access is not promised but measured. */
function dutiesOf ({ obligations }: Policy, agreement: StandingAgreement | undefined): Readonly<Record<string, DutyFact>> {
  const pending = obligations.map((_, at): [string, DutyFact] => [`obligation/${at}`, 'pending'])
  return Object.fromEntries([...pending, ...agreement?.duties.map(({ rule, state }): [string, DutyFact] => [rule, state]) ?? []])
}
