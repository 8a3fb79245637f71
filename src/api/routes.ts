/** The table of all calls. Who may: `read` looks, `operate` publishes and runs the node, `decide` speaks for the member. */
import { API_PATH, CHECKPOINT_PATH } from '../sdk/index.ts'
import {
  answerNegotiation, confirmEmergency, declareEmergency, endAgreement, endEmergency, erase, listAgreements, listEmergencies, listErasures, listNegotiations,
  listReceipts, proveUse, requestAgreement, reviewEmergency, showUses
} from './agreements.ts'
import { append, listDatasets, publish, showDataset, withdraw } from './catalogue.ts'
import type { Context } from './context.ts'
import {
  health, invite, join, makeBundle, members, openBundle, peers, readiness, revoke, scrub, status, stop, watchEvents
} from './federation.ts'
import type { ApiRequest, Reply, Route } from './http/index.ts'
import {
  audit, checkpoint, listApplications, listBlocks, listLedgerMembers, listProposals, propose, proveByLedger, publicCheckpoint, rotateKey, showLedger,
  submit, verifyLedger, vote
} from './ledger.ts'
import { derive, explain, listDerivations, reviewTerms, setTerms, termsTemplate } from './terms.ts'
import { fetchDataset, followRecords, prove, readRecords, sendContent, verify } from './records.ts'

type Entry = readonly [
  method: Route['method'], path: string, scope: Route['scope'],
  handle: (context: Context, request: ApiRequest) => Reply | Promise<Reply>, live?: 'live'
]

const DATASET = `${API_PATH}/datasets/:reference`
const LEDGER = `${API_PATH}/ledger`

const TABLE: readonly Entry[] = [
  ['GET', '/healthz', null, health],
  ['GET', '/readyz', null, readiness],
  ['GET', CHECKPOINT_PATH, null, publicCheckpoint],

  ['GET', `${API_PATH}/status`, 'read', status],
  ['GET', `${API_PATH}/peers`, 'read', peers],
  ['GET', `${API_PATH}/members`, 'read', members],
  ['GET', `${API_PATH}/events`, 'read', watchEvents, 'live'],
  ['POST', `${API_PATH}/scrub`, 'operate', scrub],
  ['POST', `${API_PATH}/stop`, 'operate', stop],

  ['GET', `${API_PATH}/datasets`, 'read', listDatasets],
  ['POST', `${API_PATH}/datasets`, 'operate', publish],
  ['GET', DATASET, 'read', showDataset],
  ['DELETE', DATASET, 'operate', withdraw],
  ['GET', `${DATASET}/records`, 'read', readRecords],
  ['POST', `${DATASET}/records`, 'operate', append],
  ['GET', `${DATASET}/live`, 'read', followRecords, 'live'],
  ['GET', `${DATASET}/content`, 'read', sendContent],
  ['POST', `${DATASET}/fetch`, 'operate', fetchDataset],
  ['POST', `${DATASET}/verify`, 'read', verify],
  ['GET', `${DATASET}/proof`, 'read', prove],
  ['PUT', `${DATASET}/terms`, 'operate', setTerms],
  ['GET', `${DATASET}/explain`, 'read', explain],
  ['POST', `${DATASET}/derivations`, 'operate', derive],
  ['GET', `${DATASET}/uses`, 'read', showUses],
  ['POST', `${DATASET}/erase`, 'decide', erase],

  ['GET', `${API_PATH}/derivations`, 'read', listDerivations],
  ['GET', `${API_PATH}/terms/templates/:name`, 'read', termsTemplate],
  ['POST', `${API_PATH}/terms/review`, 'read', reviewTerms],

  ['GET', `${API_PATH}/negotiations`, 'read', listNegotiations],
  ['POST', `${API_PATH}/negotiations`, 'decide', requestAgreement],
  ['POST', `${API_PATH}/negotiations/:id`, 'decide', answerNegotiation],
  ['GET', `${API_PATH}/agreements`, 'read', listAgreements],
  ['POST', `${API_PATH}/agreements/:id/end`, 'decide', endAgreement],

  ['GET', `${API_PATH}/erasures`, 'read', listErasures],
  ['GET', `${API_PATH}/receipts`, 'read', listReceipts],
  ['GET', `${API_PATH}/uses/proof`, 'read', proveUse],
  ['GET', `${API_PATH}/emergencies`, 'read', listEmergencies],
  ['POST', `${API_PATH}/emergencies`, 'decide', declareEmergency],
  ['POST', `${API_PATH}/emergencies/:id/end`, 'decide', endEmergency],
  ['POST', `${API_PATH}/emergencies/:id/confirm`, 'decide', confirmEmergency],
  ['POST', `${API_PATH}/emergencies/:id/review`, 'decide', reviewEmergency],

  ['POST', `${API_PATH}/bundles`, 'read', makeBundle],
  ['PUT', `${API_PATH}/bundles`, 'operate', openBundle],

  ['POST', `${API_PATH}/federation/invite`, 'decide', invite],
  ['POST', `${API_PATH}/federation/join`, 'decide', join],
  ['POST', `${API_PATH}/federation/revocations`, 'decide', revoke],
  ['GET', `${API_PATH}/applications`, 'read', listApplications],

  ['GET', LEDGER, 'read', showLedger],
  ['GET', `${LEDGER}/members`, 'read', listLedgerMembers],
  ['GET', `${LEDGER}/blocks`, 'read', listBlocks],
  ['GET', `${LEDGER}/proposals`, 'read', listProposals],
  ['POST', `${LEDGER}/proposals`, 'decide', propose],
  ['POST', `${LEDGER}/votes`, 'decide', vote],
  ['POST', `${LEDGER}/rotate-key`, 'decide', rotateKey],
  ['POST', `${LEDGER}/transactions`, 'decide', submit],
  ['POST', `${LEDGER}/verify`, 'read', verifyLedger],
  ['GET', `${LEDGER}/proof`, 'read', proveByLedger],
  ['GET', `${LEDGER}/audit`, 'read', audit],
  ['GET', `${LEDGER}/checkpoint`, 'read', checkpoint]
]

export function routesOf (context: Context): readonly Route[] {
  return TABLE.map(([method, path, scope, handle, live]) =>
    ({ method, path, scope, live: live === 'live', handle: request => handle(context, request) }))
}
