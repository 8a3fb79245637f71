/**
 * Negotiates agreements and carries transfers by the Dataspace Protocol 2025-1, in both roles, and says what both sides sign.
 *
 * Two pure machines, `stepNegotiation` and `stepTransfer`, over one table of transitions that says which role may send what in
 * which state. Effects are performed in their order: a row is synced before anything after it, an answer is out before anything
 * is sent. A message of ours is first an intent in the row; the state changes when it is known to have arrived: by its answer, by
 * what the peer says when asked (`look`), or by a message that nobody could send who had not taken ours. Until then one message
 * is under way, retried from 1 s doubling to 1 h for 7 d, and asked after before it is sent again. What cannot reach anybody is
 * terminated here with code `unreachable`. A negotiation without a change for 30 d is terminated with code `timeout`.
 *
 * A message whose `@id` was answered with success gets that answer again (the last 16); refusals are not remembered. A first
 * message that comes again meets its process again, by `negotiationKey` or `transferKey`. Where messages of both sides cross,
 * the one that leads to the heavier state wins and the other is refused until that is settled: both sides end alike. Two
 * deviations from the table: an offer is not sent to who holds one already, since an acceptance does not say which one it means;
 * and a suspension or start is taken, without effect, from who cannot have heard that we just did the same.
 *
 * The machines know the order of messages, not what is right: that is for a strategy, asked by the effect `decide`. Automatic
 * are only verification and finalisation (`automatic`). A strategy's step becomes a move when the node has given it ids and
 * signatures. The node keeps one lock per process: whatever comes in waits while a request of its own is unanswered.
 *
 * Between Hanse nodes both sign canonical `{v, federation, kind: 'agreement', agreementId, provider, consumer, dataset, policyCid,
 * timeMs}`; signatures, certificates (CID as text), the consumer's signature for the ledger and the salt of the commitment travel
 * in members named by full IRIs (`SIGNATURE_MEMBERS`), bytes as base64url. On the ledger stands HMAC-SHA256(salt, those bytes).
 *
 * Messages are checked against the published JSON Schemas of 2025-1 (normative; no JSON-LD is processed): a first message has a
 * `callbackAddress`, a later one the peer's pid, never both; `@context` is an array with the protocol's URL; nothing empty is
 * written. Stricter than they are: pids and ids are 1 to 256 printable characters, and lists and texts have limits.
 */
export {
  MESSAGE_BYTES_MAX, parseMessage, textOfTime, type Json, type JsonObject, type MessageFailure
} from './json.ts'
export {
  decodeContractNegotiation, decodeNegotiationMessage, encodeContractNegotiation, encodeNegotiationMessage,
  type ContractAgreementMessage, type ContractAgreementVerificationMessage, type ContractNegotiation, type ContractNegotiationEventMessage,
  type ContractNegotiationTerminationMessage, type ContractOfferMessage, type ContractRequestMessage, type NegotiationMessage
} from './negotiationMessage.ts'
export {
  decodeTransferMessage, decodeTransferProcess, encodeTransferMessage, encodeTransferProcess,
  type DataAddress, type TransferCompletionMessage, type TransferMessage, type TransferProcess, type TransferRequestMessage,
  type TransferStartMessage, type TransferSuspensionMessage, type TransferTerminationMessage
} from './transferMessage.ts'
export {
  CATALOG_PAGE_BYTES_MAX, CATALOG_PAGE_DATASETS_MAX, decodeCatalog, decodeCatalogRequest, decodeDataset, decodeError, encodeCatalog,
  encodeCatalogRequest, encodeDataset, encodeError, type Catalog, type CatalogRequestMessage, type DataService, type Dataset, type Distribution,
  type ErrorMessage
} from './catalogMessage.ts'
export {
  NEGOTIATION_STATES, NEGOTIATION_TABLE, TRANSFER_STATES, TRANSFER_TABLE,
  type NegotiationAct, type NegotiationState, type Role, type TransferAct, type TransferState, type Transition, type TransitionTable
} from './transitions.ts'
export {
  ANSWERED_MAX, OPEN_PROCESSES_PER_MEMBER_MAX, REFUSALS_MAX, RETRY_FOR_MS_MAX, RETRY_MS_MAX, RETRY_MS_MIN, SILENCE_MS_MAX, VISITS_MAX,
  type Ended, type Outgoing, type Process, type ProcessEffect, type ProcessInput, type ProcessStep
} from './process.ts'
export {
  agreedTerms, decodeNegotiation, encodeNegotiation, NEGOTIATION_IDLE_MS_MAX, negotiationKey, openNegotiation, requestNegotiation, stepNegotiation,
  type Negotiation, type NegotiationEffect, type NegotiationInput, type NegotiationMove, type NegotiationStep
} from './negotiation.ts'
export {
  decodeTransfer, encodeTransfer, isFlowing, openTransfer, requestTransfer, stepTransfer, transferKey,
  type Transfer, type TransferEffect, type TransferInput, type TransferMove, type TransferStep
} from './transfer.ts'
export {
  agreementBody, agreementCommit, agreementJson, agreementSchema, checkSignature, draftAgreement, faultsOfAgreement, isCommitOf,
  isCountersigned, periodOf, purposeOf, SALT_SIZE_BYTES, SIGNATURE_MEMBERS,
  type Agreement, type AgreementFault, type Countersignature, type Offer, type PartySignature, type SignatureFailure, type SpeakerOf
} from './agreement.ts'
export {
  automatic, CONSUMER_NEGOTIATIONS, CONSUMER_TRANSFERS, inboxStrategy, PROVIDER_NEGOTIATIONS, PROVIDER_TRANSFERS, ruleStrategy, scripted,
  scriptStrategy, type NegotiationScript, type Step, type Strategy, type TransferScript, type View
} from './strategy.ts'
