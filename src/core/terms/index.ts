/**
 * Turns terms from a form into sentences and into an ODRL policy, and back. The door to all that policies say and decide.
 */
export { readPolicy, writePolicy } from '../policy/index.ts'
export type {
  Asset, CompiledPolicy, Constraint, Decision, DerivationBounds, DerivationOperation, Door, DutyFact, DutyState, EmergencyFact, FactKey, Facts, FeedClass,
  Finding, Iri, Label, Policy, PolicyFailure, Premise, Reason, ReasonCode, ReportWish, Rule, RuleReport, Satisfaction, Ternary, TermsRequest
} from '../policy/index.ts'
export type {
  Audience, DatasetForm, EmergencyClause, Fee, FormFailure, NeverAction, PassingOn, Replicas, TermsForm
} from './form.ts'
