/**
 * Reads ODRL policies into one normal form, and decides by them who may do what, with reasons.
 */
export { readPolicy } from './reading.ts'
export { writePolicy } from './normal.ts'
export type {
  Asset, CompiledPolicy, Constraint, Decision, DerivationBounds, DerivationOperation, Door, DutyFact, DutyState, EmergencyFact, FactKey, Facts, FeedClass,
  Finding, ForeignMembers, Iri, Label, Logic, Policy, PolicyFailure, Premise, Reason, ReasonCode, ReportWish, Rule, RuleReport, Satisfaction, Ternary,
  TermsRequest
} from './types.ts'
