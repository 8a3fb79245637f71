/**
 * Decides by a policy whether a request may pass, and says why.
 *
 * Total: every policy, request and facts give a decision. Deterministic: time and counters are inputs. Three-valued: satisfied,
 * unsatisfied, unknown; only what is known to be satisfied lets anything through. In this order:
 * ```
 * preconditions   what is for anyone: none. For members, at the doors advertise and negotiate, and for ciphertext: an active
 *                 membership. All else: an agreement in force, not revoked, and a lease that is not stale, too
 * prohibitions    one that is not unsatisfied refuses: it is active, or it cannot be ruled out
 * obligations     one that is violated or unknown refuses; pending is fine for what is due later
 * permissions     one that is satisfied, with its constraints and duties, allows; otherwise refused
 * ```
 * `and`: any unsatisfied, else any unknown, else satisfied; `or` is its dual. `xone`: two satisfied are unsatisfied, else any unknown,
 * else exactly one. `andSequence`: any unsatisfied, else unknown, since order cannot be seen. Operators are told in `comparing.ts`.
 *
 * Actions: `use` covers read, reproduce, stream, derive and, under our profile, distribute; every other action stands alone. A rule
 * with another action, with a member that we do not know, or in a policy with such a member, is unknown as a whole. A constraint
 * is unknown if its operand, operator or a value of it is, or if it is about a parameter of duties in a permission or prohibition.
 *
 * Duties keep their phase wherever they stand. Before access: summarise, redact, coarsen, roundTime and delay are measured by what the
 * asset is; compensate by what is owed, not covered by vouchers and beyond the credit (0 if none is named); breakGlass by a
 * fact. Their constraints are about their own measures alone, and without one the first five are unknown. Ongoing: reportUse,
 * attribute, nextPolicy. After: delete, inform, review. These go by a fact, and are unknown if any term in them is.
 *
 * Emergencies only ever give: `odrl:event` may be `emergency` in a permission (eq, isAnyOf), not be so in a prohibition (neq, isNoneOf),
 * kinds and declarers may be named in permissions, none of this inside of `xone`; else it is unknown. When one counts is told in
 * `emergencies.ts`. Counters include the request that is decided.
 *
 * A decision stands until `validUntilMs`, or until a fact in `dependsOn` changes.
 * Reports use the words of the ODRL compliance report model; `Unknown` in them is ours.
 */
export { check } from './check.ts'
export { compile } from './engine.ts'
export type {
  Asset, CompiledPolicy, Decision, DerivationBounds, DerivationOperation, Door, DutyFact, DutyState, EmergencyFact, FactKey, Facts, FeedClass,
  Finding, Premise, Reason, ReasonCode, ReportWish, RuleReport, Satisfaction, TermsRequest
} from './types.ts'
