/**
 * Reads ODRL policies in the spellings that peers use into one normal form, and writes them as the Dataspace Protocol does.
 *
 * Read are full IRIs, `odrl:` and the bare words that we use ourselves; a value for a list of one; values and IRIs as JSON-LD
 * objects. A right operand is never a bare number. Written are `use` and the operators bare, the rest of ODRL with its prefix, our
 * own terms in full; no `target` on rules, no empty lists. Lists are sets. The normal form has full IRIs everywhere, constraints
 * and rules sorted by clause (section 3.1 of the note on terms, 0 for none) and then by bytes, lists sorted and without
 * repetition, and members that we do not know as JSON text with sorted members; as canonical DAG-CBOR
 * `{profile, permission: [{action, constraint: [{leftOperand, operator, rightOperand}], duty: […]}], prohibition, obligation}`
 * without what is empty its CID is `policyCid`. Policies are compared by it and never as text.
 *
 * Members known: of a policy `@context @id @type profile permission prohibition obligation target assigner assignee timestamp` and
 * those under `urn:hanse:`; of a rule `@id @type action constraint duty`, `duty` in permissions alone; of a constraint `@id @type`
 * and either `leftOperand operator rightOperand` or one of `and or xone andSequence`. Any other member is kept, and makes what
 * holds it unknown. So does a profile that is neither ours nor ODRL's, to the whole policy.
 *
 * What has no meaning at all is refused, with a JSON pointer and the reason: no rule, a rule without an action, a constraint without
 * its parts, logic of nothing, a comparison with nothing, a bare number, a limit passed.
 */
export { pointerPart, readPolicy } from './reading.ts'
export { contradictionsIn } from './contradictions.ts'
export { constraintJson, dutyClause, permissionClause, prohibitionClause, ruleJson, writePolicy } from './normal.ts'
export { bind } from './binding.ts'
export { cellsTouch, DAY_MS, dayOf, durationOf, durationText, H3_RESOLUTION_FINEST, integerOf, TIME_MS_MAX, TIME_MS_MIN, timeOf, timeText } from './literals.ts'
export { GROUP_SIZE_MIN, LIST_VALUES_MAX, TEXT_BYTES_MAX } from './limits.ts'
export {
  ACTION, ACTIONS, coverage, covers, coversPurpose, DUTIES, DUTY, EMERGENCY_KINDS, EVENT, FEDERATION_NS, isKnownPurpose, isNeverAction, ODRL_NS, OPERAND, OPERANDS,
  OPERATOR, operatorOf, PROFILES, PURPOSE_NS, TERMS_PROFILE, writtenIri,
  type Operator, type OperandKind, type OperandTerm, type Phase
} from './vocabulary.ts'
export type { Constraint, ForeignMembers, Iri, Label, Logic, Policy, PolicyFailure, Rule } from './types.ts'
