import { DUTY, durationOf, EVENT, OPERAND, type Constraint, type Policy } from '../../core/policy/index.ts'
import { formOfPolicy } from '../../core/terms/index.ts'

/** What a policy demands to be done afterwards, and by which rule, as duties are named. */
export type Clauses = {
  /** Clause 8. */
  readonly keep: { readonly rule: string, readonly keepMs: number, readonly from: 'receipt' | 'agreement-end' } | undefined
  /** Clause 10. */
  readonly report: { readonly rule: string, readonly everyMs: number } | undefined
  /** Clause 3: the last moment of the agreement; undefined where it has none, or says it in other words than a form. */
  readonly untilMs: number | undefined
}

/** Of several rules that demand the same the shortest counts. */
export function clausesOf (policy: Policy): Clauses {
  let [keep, report]: [Clauses['keep'], Clauses['report']] = [undefined, undefined]
  for (const [at, { action, constraints }] of policy.obligations.entries()) {
    const lengthMs = valueOf(constraints, OPERAND.elapsedTime, durationOf)
    const rule = `obligation/${at}`
    if (lengthMs === undefined) continue
    if (action === DUTY.delete && lengthMs < (keep?.keepMs ?? Infinity)) {
      const event = valueOf(constraints, OPERAND.event, text => text)
      keep = { rule, keepMs: lengthMs, from: event === EVENT.agreementEnd ? 'agreement-end' : 'receipt' }
    }
    if (action === DUTY.reportUse && lengthMs > 0 && lengthMs < (report?.everyMs ?? Infinity)) report = { rule, everyMs: lengthMs }
  }
  return { keep, report, untilMs: formOfPolicy(policy)?.untilMs ?? undefined }
}

function valueOf<T> (constraints: readonly Constraint[], operand: string, read: (text: string) => T | undefined): T | undefined {
  for (const each of constraints) {
    const [value, ...others] = each.type === 'atomic' && each.leftOperand === operand ? each.rightOperand : []
    if (value !== undefined && others.length === 0) return read(value)
  }
  return undefined
}
