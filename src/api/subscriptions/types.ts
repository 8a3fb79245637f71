import type { Result } from '../../base/index.ts'
import type { Asker, HanseNode } from '../../node/contract/index.ts'
import type { Contexts, Names, WrittenForm } from '../entities/index.ts'
import type { GeoQuery, Query, Selector } from '../entityQuery/index.ts'
import type { AnyFailure } from '../http/index.ts'

/** The part of `host/web` that a notification needs, as the composition gives it. */
export type Fetch = (request: {
  readonly url: string, readonly method: 'POST', readonly headers: Readonly<Record<string, string>>, readonly body: Uint8Array, readonly redirectsMax: number, readonly bytesMax: number
  readonly signal?: AbortSignal
}) => Promise<Result<{ readonly status: number, cancel (): void }, AnyFailure>>

/** Publishes to a broker; `retain` never. */
export type PublishMqtt = (
  target: { readonly url: string, readonly topic: string, readonly username: string | null, readonly password: string | null, readonly qos: 0 | 1, readonly version: '3.1.1' | '5' }, payload: Uint8Array
) => Promise<Result<null, AnyFailure>>

export type SubscriptionPorts = {
  readonly node: HanseNode
  readonly contexts: Contexts
  readonly fetch: Fetch
  /** Null: endpoints of MQTT are not offered. */
  readonly publishMqtt: PublishMqtt | null
  /** Null: subscriptions end with the process. */
  readonly path: string | null
  readonly nowMs: () => number
  readonly random: (sizeBytes: number) => Uint8Array
  /** Runs it once after so long, unless it is called off. */
  readonly schedule: (afterMs: number, run: () => void) => () => void
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void
}

export type Endpoint = {
  readonly uri: string
  readonly accept: 'application/json' | 'application/ld+json' | 'application/geo+json'
  readonly receiverInfo: readonly { readonly key: string, readonly value: string }[]
  /** Of MQTT. */
  readonly qos: 0 | 1
  readonly version: '3.1.1' | '5'
}

/** What a subscription asks for, read. */
export type Plan = {
  readonly names: Names
  readonly selectors: readonly Selector[]
  /** Null: of any type. */
  readonly types: ReadonlySet<string> | null
  readonly watched: ReadonlySet<string> | null
  readonly query: Query | null
  readonly geo: GeoQuery | undefined
  readonly attributes: ReadonlySet<string> | null
  readonly form: WrittenForm
  readonly endpoint: Endpoint
  readonly throttlingMs: number
  /** Null: told when something changes. */
  readonly intervalMs: number | null
  readonly expiresMs: number | null
  readonly isActive: boolean
}

/** How it fares. */
export type Progress = {
  timesSent: number
  timesFailed: number
  lastNotificationMs: number | null
  lastSuccessMs: number | null
  lastFailureMs: number | null
  lastReason: string | null
  failuresInRow: number
}

/** As it is kept: `next` is the number of the record behind the last one that was told of, or needed no telling. */
export type Kept = {
  readonly id: string
  readonly owner: Asker
  /** The token by which it was made, by its id; null where that is not known. */
  readonly madeBy: string | null
  readonly createdMs: number
  definition: Readonly<Record<string, unknown>>
  readonly context: unknown
  readonly progress: Progress
  readonly positions: Map<string, { readonly feed: string, readonly next: number }>
}
