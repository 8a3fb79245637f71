import type { CID } from '../../base/index.ts'
import type { Did } from '../identity/index.ts'
import type { Iri, Label } from '../policy/index.ts'

export type Door = 'advertise' | 'negotiate' | 'sync' | 'read' | 'stream' | 'sql' | 'derive' | 'reshare'

export type DerivationOperation = 'redact' | 'coarsen' | 'roundTime' | 'summarise' | 'delay'

/** What a derivation is, by its recipe: what duties that come before access are measured against. */
export type DerivationBounds = {
  readonly operations?: readonly DerivationOperation[]
  readonly minGroupSize?: number
  readonly h3Resolution?: number
  readonly timeStepMs?: number
  readonly delayMs?: number
  readonly redactedFields?: readonly string[]
}

export type Asset = {
  readonly datasetId?: string
  /** `public` needs no membership and no agreement, `members` no agreement. Absent: as `restricted`. */
  readonly feedClass?: FeedClass
  /** null: raw data, that is groups of 1, H3 resolution 15, no step, no delay, nothing redacted. Absent: unknown. */
  readonly derivation?: DerivationBounds | null
  /** Where it is or, for a query, what it asks for: H3 cells of any resolution, in hexadecimal. */
  readonly area?: readonly string[]
}

export type FeedClass = 'public' | 'members' | 'restricted'

/** Who asks for what. A field that is absent is unknown. */
export type TermsRequest = {
  readonly door: Door
  /** A full IRI of `ACTION`. */
  readonly action: Iri
  readonly timeMs: number
  /** Absent for somebody unknown, who gets what is for anyone. */
  readonly requester?: Did
  readonly purpose?: Iri
  readonly asset?: Asset
  readonly form?: 'plaintext' | 'ciphertext'
  /** How many records would leave. */
  readonly records?: number
  /** At the door `reshare`: the third party that would get what came from somebody else. */
  readonly onwardRecipient?: Did
}

/** A declared emergency whose signature was verified before. */
export type EmergencyFact = {
  readonly id: string
  readonly kinds: readonly string[]
  readonly area: readonly string[]
  readonly declaredBy: Did
  readonly declaredAtMs: number
  /** The first moment that it no longer holds. */
  readonly expiresAtMs: number
}

/** Of a duty, by the key of its rule in normal form: `obligation/0`, `permission/1/duty/0`. */
export type DutyFact = 'pending' | 'fulfilled' | 'violated'

/**
 * What is known of the requester. A fact that is absent is unknown and never has a default: only what is known to be so
 * lets anything through.
 */
export type Facts = {
  readonly membership?: {
    readonly status?: 'active' | 'inactive'
    readonly classes?: readonly string[]
    /** CID of the charter, as text. */
    readonly federation?: string
  }
  /** null: known to have none. */
  readonly agreement?: {
    readonly id?: string
    readonly inForceFromMs?: number
    /** null: known not to be revoked. */
    readonly revokedAtMs?: number | null
  } | null
  /** No clause asks for one yet. */
  readonly credentials?: readonly string[]
  readonly claims?: { readonly storedIn?: readonly string[], readonly securityLevel?: number }
  /** Before the request that is being decided: the engine adds that one itself. Days are UTC. */
  readonly counters?: { readonly requests?: number, readonly requestsToday?: number, readonly recordsToday?: number }
  readonly payment?: { readonly owedMinor?: number, readonly vouchedMinor?: number }
  /** Empty: none is declared. */
  readonly emergencies?: readonly EmergencyFact[]
  readonly duties?: Readonly<Record<string, DutyFact>>
  /** `ageMs` is 0 at the publisher's own doors. */
  readonly lease?: { readonly ageMs?: number, readonly stalenessMaxMs?: number }
  /** Carried for whoever reads the decision later. */
  readonly ledgerHeight?: number
}

export type FactKey = keyof Facts

/** The closed list of reasons. A reason names the fact or the term where there is one to name. */
export type ReasonCode =
  | 'membership.inactive' | 'agreement.none' | 'agreement.revoked' | 'lease.stale'
  | 'recipient.not-listed' | 'recipient.class' | 'purpose.missing' | 'purpose.outside'
  | 'period.before' | 'period.after' | 'detail.raw-asset' | 'detail.too-fine' | 'delay.too-fresh'
  | 'count.exhausted' | 'count.query-only' | 'records.exhausted' | 'fee.no-voucher' | 'fee.credit-exhausted'
  | 'passing-on.prohibited' | 'passing-on.recipient' | 'retention.receipt-overdue' | 'report.overdue'
  | 'place.not-attested' | 'security.not-attested'
  | 'emergency.none' | 'emergency.expired' | 'emergency.outside-area' | 'emergency.not-confirmed'
  | 'action.not-permitted' | 'action.prohibited'
  | 'term.unknown' | 'fact.missing' | 'policy.limit'

export type Reason = {
  readonly code: ReasonCode
  /** The IRI for `term.unknown`, the name of the fact for `fact.missing`, the name of the limit for `policy.limit`. */
  readonly subject?: string
  /** Key of the rule that says so; absent for what comes before all rules. */
  readonly rule?: string
  readonly clause?: number
  /** Datasets through which it was found, for joined data: the nearest source first. */
  readonly source?: readonly string[]
}

export type Satisfaction = 'Satisfied' | 'Unsatisfied' | 'Unknown'

export type Premise = {
  readonly type: 'ActionReport' | 'PartyReport' | 'TargetReport' | 'ConstraintReport'
  readonly satisfactionState: Satisfaction
  readonly clause?: number
  readonly labels?: readonly Label[]
  readonly leftOperand?: string
  readonly operator?: string
  readonly rightOperand?: readonly string[]
  readonly found?: string | null
}

/** In the words of the ODRL compliance report model; `Unknown` is ours. */
export type RuleReport = {
  /** Key in normal form: `permission/0`, `permission/0/duty/1`, `prohibition/0`, `obligation/0`. */
  readonly rule: string
  readonly clause: number
  readonly labels: readonly Label[]
  readonly type: 'PermissionReport' | 'ProhibitionReport' | 'DutyReport'
  readonly attemptState: 'Attempted' | 'NotAttempted'
  readonly activationState: 'Active' | 'Inactive'
  readonly performanceState?: 'Performed' | 'Unperformed' | 'Unknown'
  readonly deonticState?: 'Fulfilled' | 'Violated' | 'NonSet'
  readonly premises: readonly Premise[]
  readonly source?: readonly string[]
}

export type DutyState = {
  readonly rule: string
  readonly action: Iri
  readonly clause: number
  readonly phase: 'before' | 'ongoing' | 'after' | 'unknown'
  readonly state: DutyFact | 'unknown'
  readonly source?: readonly string[]
}

export type Decision = {
  readonly allow: boolean
  readonly door: Door
  readonly policyCid: CID
  readonly agreementId: string | null
  readonly evaluatedAtMs: number
  /** With the same facts the same answer holds at every time before this one; null: at every later time. */
  readonly validUntilMs: number | null
  /** Ask again when one of these changes. */
  readonly dependsOn: readonly FactKey[]
  /** Always there when refused; when allowed only if it was asked for. */
  readonly rules: readonly RuleReport[]
  readonly duties: readonly DutyState[]
  /** Never empty when refused, always empty when allowed. */
  readonly reasons: readonly Reason[]
}

/** `always`: reports and duties also where the answer is yes. */
export type ReportWish = 'when-refused' | 'always'

/** A policy made ready to decide. `evaluate` is total: every request and every facts give a decision. */
export type CompiledPolicy = {
  readonly policyCid: CID
  readonly unknownTerms: readonly string[]
  readonly evaluate: (request: TermsRequest, facts: Facts, report?: ReportWish) => Decision
}

/** Satisfied: no wider. Unknown: one of the two says what no form can say. */
export type Ternary = 'satisfied' | 'unsatisfied' | 'unknown'
/** What is wrong with a policy that could be read. A policy with a finding is never signed and never advertised. */
export type Finding = {
  readonly code: 'term.unknown' | 'contradiction' | 'never-allowed' | 'too-fine' | 'unlimited'
  readonly position: string
  readonly reason: string
  /** What to do about it. */
  readonly remedy: string
}

