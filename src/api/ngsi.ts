import { ok, type Result } from '../base/index.ts'
import type { HanseNode } from '../node/contract/index.ts'
import { Contexts, type TermMap } from './entities/index.ts'
import type { Log } from './http/index.ts'
import { EntityWriter } from './ngsi/index.ts'
import { SubscriptionBook, type Fetch, type PublishMqtt } from './subscriptions/index.ts'

export type EntityOptions = {
  /** Contexts beside those that are built in, by their URL. */
  readonly contexts?: ReadonlyMap<string, TermMap>
  /** Who may have streams that are opened for entities: all members, where nothing is said. */
  readonly access?: 'public' | 'members'
  /** Where subscriptions are kept; left out: nowhere, they end with the process. */
  readonly subscriptionFile?: string
  /** Reaches endpoints without being led into private networks; left out: none. */
  readonly fetch?: Fetch
  readonly publishMqtt?: PublishMqtt
}

type Opened = { readonly contexts: Contexts, readonly writer: EntityWriter, readonly book: SubscriptionBook }
type Opening = Awaited<ReturnType<typeof SubscriptionBook.open>>
export type EntityFileFailure = Extract<Opening, { readonly ok: false }>['failure']

/** What the calls of NGSI-LD work with. */
export async function openEntities (
  { node, random, nowMs, log, access = 'members', ...options }: EntityOptions & {
    readonly node: HanseNode, readonly random: (sizeBytes: number) => Uint8Array, readonly nowMs: () => number, readonly log: Log
  }
): Promise<Result<Opened, EntityFileFailure>> {
  const contexts = new Contexts(options.contexts)
  const book = await SubscriptionBook.open({
    node, contexts, random, nowMs, log, path: options.subscriptionFile ?? null, publishMqtt: options.publishMqtt ?? null, fetch: options.fetch ?? unreachable,
    schedule: (afterMs, run) => {
      const timer = setTimeout(run, afterMs)
      return () => { clearTimeout(timer) }
    }
  })
  return book.ok ? ok({ contexts, writer: new EntityWriter({ node, nowMs, access }), book: book.value }) : book
}

const unreachable: Fetch = () => Promise.resolve({
  ok: false, failure: { code: 'unreachable', reason: 'this node reaches no endpoints', hint: 'start it with a client for the web' }
})
