import { DUTY, OPERAND, type Policy } from '../../core/policy/index.ts'
import type { Did } from '../../core/identity/index.ts'

/** What clause 13 of a policy says: who declares, which kinds, for whom, and which duties are to be confirmed first. */
export type EmergencyPermit = {
  readonly officials: readonly Did[]
  readonly kinds: readonly string[]
  readonly responders: readonly Did[]
  /** Keys of the duties `breakGlass`. */
  readonly confirmations: readonly string[]
}

export function permitsOf ({ permissions }: Policy): readonly EmergencyPermit[] {
  return permissions.flatMap(({ constraints, duties }, at) => {
    const valuesOf = (operand: string): readonly string[] =>
      constraints.flatMap(each => each.type === 'atomic' && each.leftOperand === operand ? each.rightOperand : [])
    const officials = valuesOf(OPERAND.declaredBy)
    if (officials.length === 0) return []
    return [{
      officials, kinds: valuesOf(OPERAND.emergencyKind), responders: valuesOf(OPERAND.recipient),
      confirmations: duties.flatMap(({ action }, duty) => action === DUTY.breakGlass ? [`permission/${at}/duty/${duty}`] : [])
    }]
  })
}

/** Whether a policy provides for such an emergency. */
export function providesFor (policy: Policy, kinds: readonly string[], declarer: Did): boolean {
  return permitsOf(policy).some(permit => permit.officials.includes(declarer) && permit.kinds.some(kind => kinds.includes(kind)))
}
