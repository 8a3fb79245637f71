/**
 * Turns terms from a form into sentences and into an ODRL policy, and back. The door to all that policies say and decide.
 */
export { bind, readPolicy, writePolicy } from '../policy/index.ts'
export { compile } from '../decision/index.ts'
export type { Iri, Label, Policy, PolicyFailure } from '../policy/index.ts'
export type {
  Asset, CompiledPolicy, Decision, DerivationBounds, DerivationOperation, Door, DutyFact, DutyState, EmergencyFact, FactKey, Facts, FeedClass,
  Premise, Reason, ReasonCode, ReportWish, RuleReport, Satisfaction, TermsRequest
} from '../decision/index.ts'
export type {
  Audience, DatasetForm, EmergencyClause, Fee, FormFailure, NeverAction, PassingOn, Replicas, TermsForm
} from './form.ts'
