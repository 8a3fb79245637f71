import type { Values } from '../text/index.ts'

/** What is checked: of both kinds of proof, of a record, of the ledger. */
export type StepName =
  | 'form' | 'charter' | 'certificate' | 'declaration' | 'head'
  | 'segment' | 'record'
  | 'seals' | 'finality' | 'block' | 'transaction' | 'anchor' | 'author' | 'member' | 'operation' | 'state'

/** One check with its result. `facts`: what stands under the details. */
export type Step = { readonly name: StepName, readonly ok: boolean, readonly values: Values, readonly facts: readonly string[] }

export function held (name: StepName, values: Values = {}, facts: readonly string[] = []): Step {
  return { name, ok: true, values, facts }
}

/** Ends a proof: what comes behind it would rest on it. */
export class Broken extends Error {
  readonly step: Step

  constructor (name: StepName) {
    super(name)
    this.step = { name, ok: false, values: {}, facts: [] }
  }
}

export function must<T> (name: StepName, value: T | undefined | false): T {
  if (value === undefined || value === false) throw new Broken(name)
  return value
}
