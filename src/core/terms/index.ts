/**
 * Turns terms from a form into sentences and into an ODRL policy, and decides by a policy who may do what, with reasons.
 */
export type {
  Asset, CompiledPolicy, Constraint, Decision, DerivationBounds, DerivationOperation, Door, DutyFact, DutyState, EmergencyFact, FactKey, Facts, FeedClass,
  Finding, ForeignMembers, Iri, Label, Logic, Policy, PolicyFailure, Premise, Reason, ReasonCode, ReportWish, Rule, RuleReport, Satisfaction, Ternary,
  TermsRequest
} from './types.ts'
export type {
  Audience, DatasetForm, EmergencyClause, Fee, FormFailure, NeverAction, PassingOn, Replicas, TermsForm
} from './form.ts'
