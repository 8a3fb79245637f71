import type { HanseNode } from '../../node/contract/index.ts'
import type { Call, Calls } from '../../sdk/operation/index.ts'
import type { ApiRequest, Limits, Reply } from '../http/index.ts'

/** What handlers work with. */
export type Context = {
  readonly node: HanseNode
  readonly limits: Limits
  readonly events: Events
  readonly nowMs: () => number
  /** Asks the composition to stop the process; the answer is sent before it does. */
  readonly requestStop: () => void
  /** A server with TLS stands in front and says how it was asked. */
  readonly isBehindProxy: boolean
}

/** Events of the node as bytes of server-sent events: those behind `lastId`, or from now on, until the signal aborts. */
export type Events = { after (lastId: string | undefined, signal: AbortSignal): AsyncIterable<Uint8Array> }

/** What the router has read of a request by its operation. `accepted`: the media type of success that the client likes best. */
export type Input<C extends Call<unknown, unknown>> = { readonly query: C['query'], readonly body: C['body'], readonly accepted: string }

export type Handler<C extends Call<unknown, unknown>> = (context: Context, request: ApiRequest, input: Input<C>) => Reply | Promise<Reply>

/** One handler for each call of a room. */
export type Handlers<C extends Calls> = { readonly [Id in keyof C]: Handler<C[Id]> }
