import { formatTime } from './format.ts'

/** What is shown of a ledger wherever its state is shown. */
type Standing = {
  readonly height: number
  readonly finalMs: number
  readonly role: 'validator' | 'learner' | 'observer' | 'locked'
  readonly validators: number
  readonly toleratedFaults: number
  readonly reachable: number
  readonly sentence: string
}

/** A quiet ledger is a healthy one: what it waits for, if it does, and how much it bears. */
export function ledgerRows ({ height, finalMs, role, validators, toleratedFaults, reachable, sentence }: Standing): readonly (readonly [name: string, value: string])[] {
  return [
    ['ledger', height === 0 ? sentence : `${sentence} (block ${height}, ${formatTime(finalMs)})`],
    ['validators', `${reachable} of ${validators} reachable, tolerates ${toleratedFaults === 1 ? '1 failure' : `${toleratedFaults} failures`}; ${ROLES[role]}`]
  ]
}

const ROLES: Readonly<Record<Standing['role'], string>> = {
  validator: 'this node is one of them',
  learner: 'this node becomes one with the next seal',
  observer: 'this node follows and has no seat',
  locked: 'this node does not vote'
}
