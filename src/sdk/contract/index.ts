/**
 * Holds every call of the HTTP API once, as data. The server routes by it, OpenAPI is written from it, tests go through all of it.
 *
 * A call is added by a line in its room's `…Calls` and an entry in its `…_OPERATIONS`; a new room of calls is added here twice, to
 * the type and to the table. Its handler stands under the same id in the room of `api` that answers it, and `api/routes.ts` collects
 * those: the compiler misses what is missing. How an entry reads says `sdk/operation`.
 */
import type { Operation, Operations } from '../operation/index.ts'
import { BASEMAP_OPERATIONS, type BasemapCalls } from '../basemap/index.ts'
import { CONNECTOR_OPERATIONS, type ConnectorCalls } from '../connectors/index.ts'
import { DIAGNOSIS_OPERATIONS, type DiagnosisCalls } from '../diagnosis/index.ts'
import { AGREEMENT_OPERATIONS, type AgreementCalls } from './agreements.ts'
import { DATASET_OPERATIONS, INSPECTION_OPERATIONS, type DatasetCalls, type InspectionCalls } from './datasets.ts'
import { DCAT_OPERATIONS, type DcatCalls } from './dcat.ts'
import { DUTY_OPERATIONS, type DutyCalls } from './duties.ts'
import { LEDGER_OPERATIONS, type LedgerCalls } from './ledger.ts'
import { NODE_OPERATIONS, type NodeCalls } from './node.ts'
import { ACCOUNT_OPERATIONS, type AccountCalls } from '../accounts/index.ts'
import { PASSKEY_OPERATIONS, type PasskeyCalls } from '../passkeys/index.ts'
import { PROVIDER_OPERATIONS, type ProviderCalls } from '../provider/index.ts'
import { SESSION_OPERATIONS, type SessionCalls } from '../sessions/index.ts'
import { TOKEN_OPERATIONS, type TokenCalls } from '../tokens/index.ts'
import { NGSI_OPERATIONS, type NgsiCalls } from '../ngsi/index.ts'
import { OUTLET_OPERATIONS, type OutletCalls } from './outlets.ts'
import { FEATURE_OPERATIONS, type FeatureCalls } from '../features/index.ts'
import { HISTORY_OPERATIONS, type HistoryCalls } from '../history/index.ts'
import { QUERY_OPERATIONS, type QueryCalls } from '../query/index.ts'
import { REALTIME_OPERATIONS, type RealtimeCalls } from './realtime.ts'
import { SQL_OPERATIONS, type SqlCalls } from '../sql/index.ts'
import { TERMS_OPERATIONS, type TermsCalls } from './terms.ts'

export type { AgreementCalls, DatasetCalls, DcatCalls, DutyCalls, InspectionCalls, LedgerCalls, NodeCalls, OutletCalls, RealtimeCalls, TermsCalls }
export { DOWNLOAD_FORMATS, DOWNLOAD_TYPES, type DownloadFormat } from './outlets.ts'

export type AllCalls = NodeCalls & DiagnosisCalls & DatasetCalls & InspectionCalls & HistoryCalls & QueryCalls & FeatureCalls & OutletCalls & RealtimeCalls & DcatCalls & TermsCalls & AgreementCalls & DutyCalls & LedgerCalls & TokenCalls & AccountCalls & SessionCalls & PasskeyCalls & ProviderCalls & ConnectorCalls & NgsiCalls & BasemapCalls & SqlCalls

export type OperationId = keyof AllCalls

const OPERATIONS: Operations<AllCalls> = {
  ...NODE_OPERATIONS, ...DIAGNOSIS_OPERATIONS, ...DATASET_OPERATIONS, ...INSPECTION_OPERATIONS, ...HISTORY_OPERATIONS, ...QUERY_OPERATIONS, ...FEATURE_OPERATIONS, ...OUTLET_OPERATIONS, ...REALTIME_OPERATIONS, ...DCAT_OPERATIONS, ...TERMS_OPERATIONS, ...AGREEMENT_OPERATIONS, ...DUTY_OPERATIONS, ...LEDGER_OPERATIONS,
  ...TOKEN_OPERATIONS, ...ACCOUNT_OPERATIONS, ...SESSION_OPERATIONS, ...PASSKEY_OPERATIONS, ...PROVIDER_OPERATIONS, ...CONNECTOR_OPERATIONS, ...NGSI_OPERATIONS, ...BASEMAP_OPERATIONS, ...SQL_OPERATIONS
}

/** The table as a list. */
export function operations (): readonly (readonly [OperationId, Operation])[] {
  return Object.entries(OPERATIONS) as [OperationId, Operation][]
}
