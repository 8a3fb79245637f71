import type { Result } from '../../base/index.ts'
import type { SinkFailure } from '../connector/index.ts'

/** The broker of this node, as a connector sees it. */
export interface EmbeddedBroker {
  /**
   * Messages at these topics go to `take`; PUBACK goes out when it has resolved. A failure ends the connection that brought the message.
   * Returns what ends it.
   */
  route (filters: readonly string[], take: (topic: string, payload: Uint8Array) => Promise<Result<unknown, SinkFailure>>): () => void
  /** Where it listens; null where it does not. */
  readonly address: string | null
}
