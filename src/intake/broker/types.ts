import type { Result } from '../../base/index.ts'
import type { NumberedRecord } from '../../sdk/index.ts'

type Refused = { readonly code: string, readonly reason: string, readonly hint: string }

/** Who is behind a token. */
export type BrokerCaller = {
  /** Tells tokens apart, and is no secret. */
  readonly id: string
  /** May publish to connectors. */
  readonly mayPublish: boolean
  /** A member's did, null for anybody; undefined for the people of this node. */
  readonly requester?: string | null | undefined
  readonly purpose?: string | undefined
}

/** Data that go out, as the broker sees them: the doors of the node decide for the caller each time. */
export interface Outflow {
  /** Records from now on. Until a returned promise resolves nothing more comes. `end` is the last that is heard. */
  listen (reference: string, caller: BrokerCaller, listener: {
    readonly take: (records: readonly NumberedRecord[]) => Promise<void>
    readonly end: (why: string) => void
  }): Result<{ readonly from: number, stop (): void }, Refused>
  /** A page of last values, of one key or of all. */
  latest (reference: string, caller: BrokerCaller, query: { readonly key: Uint8Array | undefined, readonly limit: number, readonly after: string | undefined }): Promise<Result<{
    readonly rows: readonly NumberedRecord[], readonly next: string | null
  }, Refused>>
}

export type BrokerOptions = {
  readonly listen: { readonly host: string, readonly port: number }
  /** PEM. Without it passwords travel in clear: for this machine, or where the operator said so. */
  readonly tls: { readonly cert: string, readonly key: string } | null
  /** Undefined for a token that opens nothing. */
  readonly callerOf: (token: string) => BrokerCaller | undefined
  readonly outflow: Outflow
  /** Filters of each connector, at work or not: what comes there while one of them is not is not acknowledged. */
  readonly declared: () => readonly (readonly string[])[]
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void
}
