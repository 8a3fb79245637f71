/** Binds every operation of the contract to its handler. The compiler misses one that has none. */
import { operations, type AllCalls, type OperationId, type OutletCalls } from '../sdk/contract/index.ts'
import type { Connectors } from '../sdk/index.ts'
import type { Inspector } from '../sdk/inspection/index.ts'
import type { Diagnose } from '../sdk/diagnosis/index.ts'
import type { Call } from '../sdk/operation/index.ts'
import { accountHandlers, type AccountBook } from './accounts/index.ts'
import { agreementHandlers } from './agreements/index.ts'
import { basemapHandlers } from './basemap/index.ts'
import { connectorHandlers } from './connectors/index.ts'
import { routeOf, type Context, type Handler, type Handlers } from './context/index.ts'
import { datasetHandlers } from './datasets/index.ts'
import { dcatHandlers } from './dcat/index.ts'
import { diagnosisHandlers } from './diagnosis/index.ts'
import { download } from './download/index.ts'
import { dutyHandlers } from './duties/index.ts'
import type { Contexts } from './entities/index.ts'
import { featureHandlers } from './features/index.ts'
import { nodeHandlers } from './federation/index.ts'
import type { Route } from './http/index.ts'
import { inspectionHandlers } from './inspect/index.ts'
import { ledgerHandlers } from './ledger/index.ts'
import { entityHandlers, type EntityWriter } from './ngsi/index.ts'
import { showPage } from './pages/index.ts'
import { queryHandlers } from './query/index.ts'
import { realtimeHandlers } from './realtime/index.ts'
import type { PasskeyDesk } from './passkeys/index.ts'
import type { ProviderDesk } from './provider/index.ts'
import { passkeyHandlers, providerHandlers, sessionHandlers, type SessionBook } from './sessions/index.ts'
import { followBySocket } from './sockets/index.ts'
import { sqlHandlers } from './sql/index.ts'
import { subscriptionHandlers, type SubscriptionBook } from './subscriptions/index.ts'
import { termsHandlers } from './terms/index.ts'
import { tokenHandlers, type TokenBook } from './tokens/index.ts'

const outletHandlers: Handlers<OutletCalls> = { 'datasets.download': download, 'datasets.socket': followBySocket, 'datasets.page': showPage }

/** What handlers have beside the context: what is kept here and not in the node. */
export type Books = {
  readonly tokens: TokenBook
  readonly accounts: AccountBook
  readonly sessions: SessionBook
  readonly passkeys: PasskeyDesk
  readonly provider: ProviderDesk
  readonly connectors: Connectors | undefined
  /** Looks at files before they are published. */
  readonly inspector: Inspector | undefined
  readonly diagnose: Diagnose | undefined
  /** Where the operator's maps lie. */
  readonly basemapFolder: string | undefined
  readonly entities: { readonly contexts: Contexts, readonly writer: EntityWriter, readonly book: SubscriptionBook }
}

function handlersOf ({ tokens, accounts, sessions, passkeys, provider, connectors, inspector, diagnose, basemapFolder, entities }: Books): Handlers<AllCalls> {
  return {
    ...nodeHandlers, ...datasetHandlers, ...queryHandlers, ...sqlHandlers, ...featureHandlers, ...outletHandlers, ...realtimeHandlers, ...dcatHandlers, ...termsHandlers, ...agreementHandlers, ...dutyHandlers, ...ledgerHandlers,
    ...tokenHandlers(tokens, id => entities.book.endOf(id)), ...accountHandlers(accounts, name => { sessions.endOf(name) }), ...sessionHandlers(sessions, accounts), ...passkeyHandlers(sessions, accounts, passkeys), ...providerHandlers(sessions, () => accounts.list().length > 0, provider), ...connectorHandlers(connectors), ...inspectionHandlers(inspector), ...diagnosisHandlers(diagnose), ...basemapHandlers(basemapFolder), ...entityHandlers(entities), ...subscriptionHandlers(entities)
  }
}

export function routesOf (context: Context, books: Books): readonly Route[] {
  const handlers = handlersOf(books)
  // The table ties each handler to the types of its operation; here they are all the same.
  const handlerOf = (id: OperationId): Handler<Call<unknown, unknown>> => handlers[id] as Handler<Call<unknown, unknown>>
  return operations().map(([id, operation]) => routeOf(context, operation, handlerOf(id)))
}
