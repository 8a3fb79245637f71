import {
  bytes, compareBytes, decodeCanonical, encodeCanonical, equalBytes, fail, leafHash, list, MerkleMap, merkleRoot, ok, sha256,
  type CID, type Result
} from '../../base/index.ts'
import { SEAL, type Validator, type BlockContext } from '../finality/index.ts'
import { admitKey, keyOfDid, type Charter, type Did } from '../identity/index.ts'
import { governanceHandlers, pruneProposals } from './governance.ts'
import { keyHandlers, signerOf, type SignerFound } from './members.ts'
import { recordHandlers } from './records.ts'
import { PARAMETERS, TABLES, type Member, type Parameters } from './rows.ts'
import { applySeal, noteSeen, noteVerdicts, parametersHash, planOf, ROOTS_KEPT, seatHandlers } from './seats.ts'
import { Draft, rowsOf, sure, type LedgerState, type Outcome, type Refusal, type StateRow } from './state.ts'
import {
  decodeTransaction, idOfEnvelope, registryOf, TRANSACTION_BYTES_MAX,
  type Handler, type LedgerTransaction, type ReadOperation, type Registry, type Turn
} from './transaction.ts'

export const BLOCK_TRANSACTIONS_MAX = 4_000
export const BLOCK_OPERATIONS_MAX = 16_384
/** Of a body, whatever the profile says: what no decoder reads beyond. */
const BODY_BYTES_MAX = 1_048_576
const BODY_OVERHEAD_BYTES = 8
/** CBOR head of a byte string of at most 64 KiB. */
const ENVELOPE_OVERHEAD_BYTES = 5

export type LedgerOptions = {
  readonly charter: Charter
  /** Parameters of the first epoch where they are not the usual ones. */
  readonly parameters?: Partial<Parameters>
  /** Operations of other rooms. Their codes must be their own. */
  readonly handlers?: readonly Handler[]
}

export type CheckFailure = { readonly code: string, readonly opIndex: number | null }
export type NextEpoch = { readonly validators: readonly Validator[], readonly paramsHash: Uint8Array, readonly version: number }
export type Executed = { readonly next: LedgerState, readonly stateRoot: Uint8Array, readonly bodyRoot: Uint8Array, readonly ids: readonly string[] }

export type Proposed = Executed & { readonly body: Uint8Array }

export interface Ledger {
  readonly registry: Registry
  readonly genesis: { readonly state: LedgerState, readonly stateRoot: Uint8Array, readonly validators: readonly Validator[], readonly timeMs: number }
  propose (
    state: LedgerState, context: BlockContext, pool: readonly LedgerTransaction[], bodyBytesMax: number
  ): Proposed | null
  execute (
    state: LedgerState, context: BlockContext, body: Uint8Array, known: (id: string) => LedgerTransaction | undefined
  ): Result<Executed, CheckFailure>
  due (state: LedgerState): NextEpoch | null
  includable (state: LedgerState, nowMs: number, pool: readonly LedgerTransaction[]): boolean
  admit (state: LedgerState, envelope: Uint8Array): LedgerTransaction | undefined
  isAlive (state: LedgerState, nowMs: number, transaction: LedgerTransaction): boolean
  changes (before: LedgerState, after: LedgerState): readonly StateRow[]
  /** What a header names this body by; undefined for bytes that are no body. */
  bodyRootOf (body: Uint8Array): Uint8Array | undefined
  /** Of the block after this state. */
  epochOf (state: LedgerState): number
  /** Whose share of the pool a transaction takes. */
  payer (transaction: LedgerTransaction): Did
  /** Whether the transaction would take effect in the next block, were that at `nowMs`; else why not. */
  check (state: LedgerState, nowMs: number, transaction: LedgerTransaction): Result<null, CheckFailure>
}

export function createLedger ({ charter, parameters = {}, handlers = [] }: LedgerOptions): Ledger {
  const registry = registryOf([...governanceHandlers, ...keyHandlers, ...recordHandlers, ...seatHandlers, ...handlers])
  const { federation } = charter
  // The engine asks at every turn, and the answer is one of the state.
  const dueOf = new WeakMap<MerkleMap, { readonly due: NextEpoch | null }>()
  const state = genesisOf(charter, { ...PARAMETERS, validatorsMin: Math.min(PARAMETERS.validatorsMin, charter.founders.length), ...parameters })
  const { validators } = sure(rowsOf(state).get(TABLES.epoch))
  return {
    registry,
    genesis: { state, stateRoot: state.map.root, validators, timeMs: charter.foundedMs },
    propose: (before, context, pool, bodyBytesMax) => propose(before, context, pool, bodyBytesMax),
    execute: (before, context, body, known) => execute(registry, before, context, body, known),
    due: before => {
      const known = dueOf.get(before.map)
      if (known !== undefined) return known.due
      const plan = planOf(rowsOf(before))
      const due = plan === null ? null : { validators: plan.validators, paramsHash: parametersHash(plan.parameters), version: plan.version }
      dueOf.set(before.map, { due })
      return due
    },
    includable: (before, nowMs, pool) => isIncludable(federation, before, nowMs, pool),
    admit: (before, envelope) => {
      const decoded = decodeTransaction(registry, envelope)
      if (!decoded.ok || !decoded.value.federation.equals(federation)) return undefined
      const signer = signerOf(rowsOf(before), decoded.value, null)
      if (!signer.ok || !verifies(decoded.value, signer.value)) return undefined
      return { ...decoded.value, verifiedKey: signer.value.key }
    },
    isAlive: (before, nowMs, transaction) => isAlive(before, nowMs, transaction),
    changes: (before, after) => [...before.map.difference(after.map)].map(({ key, after: value }) => ({ key, value: value ?? null })),
    bodyRootOf: body => rootOfBody(registry, body),
    epochOf: before => sure(rowsOf(before).get(TABLES.epoch)).epoch,
    payer: ({ author }) => author,
    check: (before, nowMs, transaction) => {
      const { draft, occasion } = nextOccasion(federation, before, nowMs)
      return apply(draft, occasion, transaction)
    }
  }
}

function genesisOf (charter: Charter, parameters: Parameters): LedgerState {
  const draft = new Draft({ map: MerkleMap.EMPTY })
  const timeMs = charter.foundedMs
  const validators: Validator[] = []
  const founders = charter.founders.map(({ member }) => member).toSorted((a, b) => a < b ? -1 : 1)
  let order = 0
  for (const { member, nodes } of charter.founders) {
    const row = { member, sinceHeight: 0, endedHeight: null, endedSinceMs: null }
    const root = sure(keyOfDid(member))
    draft.put(TABLES.key, [sha256(root)], { ...row, purpose: 'root', key: root, node: null, order: 0 })
    const keys: Uint8Array[] = []
    for (const { transportKey, consensusKey, addresses } of nodes) {
      draft.put(TABLES.key, [sha256(transportKey)], { ...row, purpose: 'transport', key: transportKey, node: null, order: 0 })
      draft.put(TABLES.key, [sha256(consensusKey)], { ...row, purpose: 'consensus', key: consensusKey, node: transportKey, order: ++order })
      draft.put(TABLES.node, [transportKey], { member, certificate: null, addresses, sinceHeight: 0 })
      keys.push(sha256(consensusKey))
    }
    const first = sure(nodes[0])
    validators.push({ member, node: first.transportKey, key: first.consensusKey })
    const founder: Member = {
      order: ++order, sinceHeight: 0, classCode: 'municipality', state: 'active', reboundTo: null, endedHeight: null, endedMs: null,
      nodes: nodes.map(({ transportKey }) => transportKey), keys, certificates: 0, anchoredMs: null, catalogue: null
    }
    draft.put(TABLES.member, [member], founder)
    draft.put(TABLES.seat, [member], { state: 'validator', wanted: null, order: ++order, sinceHeight: 0, isMisbehaving: false, ready: null })
  }
  draft.put(TABLES.tip, [], { height: 0, timeMs, accepted: order })
  draft.put(TABLES.epoch, [], { epoch: 0, version: 1, sealHeight: 0, validators: sortedByKey(validators) })
  draft.put(TABLES.parameters, [], parameters)
  draft.put(TABLES.rules, [], charter.rules.votesAbove)
  draft.put(TABLES.members, [], founders)
  draft.put(TABLES.seats, [], founders)
  draft.put(TABLES.seen, [], sortedByKey(validators).map(({ member }) => ({ member, height: 0, timeMs })))
  return draft.finish()
}

function sortedByKey (validators: readonly Validator[]): readonly Validator[] {
  return validators.toSorted((a, b) => compareBytes(a.key, b.key))
}

type Occasion = Pick<BlockContext, 'federation' | 'epoch' | 'height' | 'timeMs'>

/** Applies a whole transaction, or nothing of it. */
function apply (draft: Draft, occasion: Occasion, transaction: LedgerTransaction): Result<null, CheckFailure> {
  const { federation, notAfterMs, author, sequence, operations } = transaction
  const refuse = ({ code }: Refusal, opIndex: number | null = null): Result<null, CheckFailure> => fail({ code, opIndex })
  if (!federation.equals(occasion.federation)) return refuse({ code: 'federation' })
  if (notAfterMs < occasion.timeMs) return refuse({ code: 'expired' })
  const signer = signerOf(draft, transaction, occasion.timeMs)
  if (!signer.ok) return refuse(signer.failure)
  const { kind, key, keyHash } = signer.value
  if (sequence !== (draft.get(TABLES.sequence, keyHash) ?? 0) + 1) return refuse({ code: 'sequence' })
  if (!verifies(transaction, signer.value)) return refuse({ code: 'signature' })
  const mark = draft.mark()
  draft.put(TABLES.sequence, [keyHash], sequence)
  for (const [index, operation] of operations.entries()) {
    const outcome = applyOne(draft, operation, { ...occasion, author, signer: kind, signerKey: key, place: { sequence, index } })
    if (outcome.ok) continue
    draft.undo(mark)
    return refuse(outcome.failure, index)
  }
  return ok(null)
}

function applyOne (draft: Draft, operation: ReadOperation, turn: Turn): Outcome {
  if (!operation.by.includes(turn.signer)) return fail({ code: 'signer' })
  // An operation before this one may have ended the membership.
  if (draft.get(TABLES.member, turn.author)?.state !== 'active') return fail({ code: 'not-a-member' })
  return operation.apply(draft, turn)
}

function verifies ({ verifiedKey, body, signature }: LedgerTransaction, { key }: SignerFound): boolean {
  if (verifiedKey !== undefined && equalBytes(verifiedKey, key)) return true
  const admitted = admitKey(key)
  return admitted.ok && admitted.value.verify(body, signature)
}

/** What a block does before its transactions: a seal's changes, the height, the root before it. */
function begin (state: LedgerState, context: BlockContext): Result<Draft, Refusal> {
  const draft = new Draft(state)
  const { height, timeMs } = sure(draft.get(TABLES.tip))
  if (context.height !== height + 1 || context.timeMs <= timeMs || context.epoch !== sure(draft.get(TABLES.epoch)).epoch) return fail({ code: 'context' })
  if (context.type === SEAL) {
    const plan = planOf(draft)
    if (plan === null) return fail({ code: 'not-due' })
    applySeal(draft, plan, context)
  }
  draft.put(TABLES.tip, [], { ...sure(draft.get(TABLES.tip)), height: context.height, timeMs: context.timeMs })
  draft.put(TABLES.root, [height % ROOTS_KEPT], { height, root: state.map.root })
  return ok(draft)
}

/** What a block does after its transactions. */
function finish (draft: Draft, context: BlockContext, transactions: readonly LedgerTransaction[]): Executed {
  noteVerdicts(draft, context)
  noteSeen(draft, context, new Set(transactions.map(({ author }) => author)))
  pruneProposals(draft, context.timeMs)
  const next = draft.finish()
  return {
    next, stateRoot: next.map.root, bodyRoot: bodyRootOf(transactions.map(({ idBytes }) => idBytes)), ids: transactions.map(({ id }) => id)
  }
}

const bodySchema = list(bytes(1, TRANSACTION_BYTES_MAX), BLOCK_TRANSACTIONS_MAX)

/** Envelopes of a body. Zero bytes are a body without transactions, and the only such. */
export function decodeBody (body: Uint8Array): readonly Uint8Array[] | undefined {
  if (body.length === 0) return []
  const decoded = decodeCanonical(body, bodySchema, BODY_BYTES_MAX)
  return decoded.ok && decoded.value.length > 0 ? decoded.value : undefined
}

export function encodeBody (envelopes: readonly Uint8Array[]): Uint8Array {
  return envelopes.length === 0 ? new Uint8Array(0) : encodeCanonical(envelopes)
}

export function bodyRootOf (ids: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(ids.map(each => leafHash(each)))
}

function rootOfBody (registry: Registry, body: Uint8Array): Uint8Array | undefined {
  const envelopes = decodeBody(body)
  const ids: Uint8Array[] = []
  for (const envelope of envelopes ?? []) {
    const decoded = decodeTransaction(registry, envelope)
    if (!decoded.ok) return undefined
    ids.push(decoded.value.idBytes)
  }
  return envelopes === undefined ? undefined : bodyRootOf(ids)
}

function execute (
  registry: Registry, state: LedgerState, context: BlockContext, body: Uint8Array, known: (id: string) => LedgerTransaction | undefined
): Result<Executed, CheckFailure> {
  const envelopes = decodeBody(body)
  if (envelopes === undefined) return fail({ code: 'body', opIndex: null })
  const begun = begin(state, context)
  if (!begun.ok) return fail({ ...begun.failure, opIndex: null })
  const draft = begun.value
  const transactions: LedgerTransaction[] = []
  let operations = 0
  for (const envelope of envelopes) {
    const transaction = readKnown(registry, envelope, known)
    if (transaction === undefined) return fail({ code: 'transaction', opIndex: null })
    operations += transaction.operations.length
    if (operations > BLOCK_OPERATIONS_MAX) return fail({ code: 'operations', opIndex: null })
    const applied = apply(draft, context, transaction)
    if (!applied.ok) return applied
    transactions.push(transaction)
  }
  return ok(finish(draft, context, transactions))
}

/** A transaction of the pool was read and verified before: its id says which, its bytes that it is the same. */
function readKnown (
  registry: Registry, envelope: Uint8Array, known: (id: string) => LedgerTransaction | undefined
): LedgerTransaction | undefined {
  const id = idOfEnvelope(envelope)
  const held = id === undefined ? undefined : known(id)
  if (held !== undefined && equalBytes(held.bytes, envelope)) return held
  const decoded = decodeTransaction(registry, envelope)
  return decoded.ok ? decoded.value : undefined
}

/**
 * Fills a body from the pool: members take turns, one transaction each, so that nobody's flood keeps another out. What does
 * not apply now is left out; a later transaction of the same key then waits too, by its sequence number.
 */
function propose (state: LedgerState, context: BlockContext, pool: readonly LedgerTransaction[], bodyBytesMax: number): Proposed | null {
  const begun = begin(state, context)
  if (!begun.ok) return null
  const draft = begun.value
  const taken: LedgerTransaction[] = []
  const room = Math.min(bodyBytesMax, BODY_BYTES_MAX)
  let [size, operations] = [BODY_OVERHEAD_BYTES, 0]
  for (const transaction of inTurns(pool)) {
    const sizeAfter = size + transaction.bytes.length + ENVELOPE_OVERHEAD_BYTES
    const operationsAfter = operations + transaction.operations.length
    if (sizeAfter > room || operationsAfter > BLOCK_OPERATIONS_MAX || taken.length >= BLOCK_TRANSACTIONS_MAX) continue
    if (!apply(draft, context, transaction).ok) continue
    taken.push(transaction)
    size = sizeAfter
    operations = operationsAfter
  }
  return taken.length === 0 ? null : { ...finish(draft, context, taken), body: encodeBody(taken.map(({ bytes: envelope }) => envelope)) }
}

function inTurns (pool: readonly LedgerTransaction[]): readonly LedgerTransaction[] {
  const byAuthor = new Map<Did, LedgerTransaction[]>()
  for (const transaction of pool) {
    const own = byAuthor.get(transaction.author)
    if (own === undefined) byAuthor.set(transaction.author, [transaction])
    else own.push(transaction)
  }
  const queues = [...byAuthor.values()].map(own => own.toSorted((a, b) => a.sequence - b.sequence))
  const ordered: LedgerTransaction[] = []
  for (let round = 0; ordered.length < pool.length; round++) {
    for (const queue of queues) {
      const next = queue[round]
      if (next !== undefined) ordered.push(next)
    }
  }
  return ordered
}

function isAlive (state: LedgerState, nowMs: number, transaction: LedgerTransaction): boolean {
  if (transaction.notAfterMs < nowMs) return false
  const rows = rowsOf(state)
  const signer = signerOf(rows, transaction, null)
  return signer.ok && transaction.sequence > (rows.get(TABLES.sequence, signer.value.keyHash) ?? 0) && !transaction.operations.some(each => each.isOver(rows))
}

/** Stops at the first that applies: mostly the first there is. One that waits for another of its key is left to that one. */
function isIncludable (federation: CID, state: LedgerState, nowMs: number, pool: readonly LedgerTransaction[]): boolean {
  if (pool.length === 0) return false
  const { draft, occasion } = nextOccasion(federation, state, nowMs)
  return pool.some(transaction => apply(draft, occasion, transaction).ok)
}

/** The next block as far as one knows it before there is one. */
function nextOccasion (federation: CID, state: LedgerState, nowMs: number): { readonly draft: Draft, readonly occasion: Occasion } {
  const draft = new Draft(state)
  const { height, timeMs } = sure(draft.get(TABLES.tip))
  const { epoch } = sure(draft.get(TABLES.epoch))
  draft.put(TABLES.root, [height % ROOTS_KEPT], { height, root: state.map.root })
  return { draft, occasion: { federation, epoch, height: height + 1, timeMs: Math.max(nowMs, timeMs + 1) } }
}

/** The state that rows make up, as `changes` gave them from an empty state on. */
export function stateOfRows (rows: Iterable<{ readonly key: Uint8Array, readonly value: Uint8Array }>): LedgerState {
  let map = MerkleMap.EMPTY
  for (const { key, value } of rows) map = map.set(key, value)
  return { map }
}

