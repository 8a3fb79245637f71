/**
 * Turns terms from a form into sentences and into an ODRL policy, and back. The door to all that policies say and decide.
 *
 * A form has the clauses 1 to 13 of the note on terms, each with one meaning; `policyOfForm` and `formOfPolicy` are inverse to each
 * other, and a policy that no form says exactly has no form. Sentences are made of the policy, so that what is shown is what holds:
 * clauses in words, each with the labels of its parts, and anything else as it is written. No label is stronger than what its clause
 * needs. Clause 14, visibility, licence and legal notice belong to the dataset and are never part of an offer.
 *
 * What differs from the note: passing on can be `free`, for data that anyone gets from its publisher anyway; "after the agreement
 * ends" (clause 8) is `odrl:event eq urn:hanse:terms:1:agreementEnd` beside the period, and sealed keys (clause 13)
 * `urn:hanse:terms:1:keyRelease eq sealed` of `breakGlass`.
 */
export { bind, PURPOSE_NS, readPolicy, writePolicy } from '../policy/index.ts'
export { check, compile } from '../decision/index.ts'
export { policyOfForm } from './composing.ts'
export { formOfPolicy } from './extracting.ts'
export { readForm } from './form.ts'
export { datasetSentencesOf, sentencesOf, type Reader, type Sentence, type SentenceValue } from './sentences.ts'
export { ENGLISH, TEMPLATE_WORDS, type Wording } from './english.ts'
export { TEMPLATE_DEFAULT, TEMPLATES, type Template, type TemplateContext, type TemplateId } from './templates.ts'
export { feedClassOf, policyOfReplicas, policyOfVisibility } from './datasetPolicies.ts'
export { coarser, isReleased, isWithinSource, joinDecisions, type SourceDecision } from './joined.ts'
export { isAtMost, isFormAtMost, meetOfForms, type MeetFailure, type Ternary } from './strictest.ts'
export type { Constraint, Iri, Label, Policy, PolicyFailure, Rule } from '../policy/index.ts'
export type {
  Asset, CompiledPolicy, Decision, DerivationBounds, DerivationOperation, Door, DutyFact, DutyState, EmergencyFact, FactKey, Facts, FeedClass,
  Finding, Premise, Reason, ReasonCode, ReportWish, RuleReport, Satisfaction, TermsRequest
} from '../decision/index.ts'
export type {
  Audience, DatasetForm, EmergencyClause, Fee, FormFailure, NeverAction, PassingOn, Replicas, TermsForm
} from './form.ts'
