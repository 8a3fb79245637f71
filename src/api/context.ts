import type { HanseNode } from '../node/contract/index.ts'
import type { Limits } from './http/index.ts'
import type { EventRing } from './live.ts'

/** What handlers work with. */
export type Context = {
  readonly node: HanseNode
  readonly limits: Limits
  readonly events: EventRing
  readonly nowMs: () => number
  /** Asks the composition to stop the process; the answer is sent before it does. */
  readonly requestStop: () => void
}
