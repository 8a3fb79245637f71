import type { AnyFailure } from '../http/index.ts'

export const NO_LEDGER: AnyFailure = {
  code: 'not-ready', reason: 'this node belongs to no federation yet, so it has no ledger', hint: 'found one with "hanse invite", or join one with "hanse join TICKET"'
}
