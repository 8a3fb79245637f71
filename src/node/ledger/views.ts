import { digestOf, equalBytes, hex, isCid, type CID } from '../../base/index.ts'
import { FLUSH, SEAL, type Block } from '../../core/finality/index.ts'
import { decodeBody, decodePayload, decodeTransaction, PROPOSAL_KINDS, type LedgerTransaction, type ReadOperation } from '../../core/ledger/index.ts'
import type { Consensus } from '../consensus/index.ts'
import type { AuditEntry, BlockView, OperationView, TransactionView } from '../contract/index.ts'
import type { Epochs } from './epochs.ts'
import type { NameOf } from './status.ts'

const BLOCKS_MAX = 1_000
/** An audit looks so far back, and lists the newest that it finds. */
const AUDIT_BLOCKS_MAX = 100_000
const AUDIT_ENTRIES_MAX = 1_000

/** `newest`: height of the newest block that is kept. */
type Held = { readonly consensus: Consensus, readonly newest: number, readonly epochs: Epochs, readonly nameOf: NameOf }

/** Newest first: final blocks below `before`, `limit` at most. Blocks before a snapshot are not here. */
export async function blockViews (held: Held, { before, limit }: { readonly before?: number | undefined, readonly limit: number }): Promise<readonly BlockView[]> {
  const views: BlockView[] = []
  const newest = Math.min((before ?? Number.MAX_SAFE_INTEGER) - 1, held.newest)
  for (let height = newest; height > 0 && views.length < Math.min(limit, BLOCKS_MAX); height--) {
    const block = await held.consensus.block(height)
    if (block === undefined) break
    views.push(blockView(held, block))
  }
  return views
}

function blockView (held: Held, block: Block): BlockView {
  const { epoch, height, view, parent, type, timeMs, proposer, stateRoot } = block.header
  return {
    epoch, height, view, digest: hex(block.digest), parent: hex(parent), type: type === SEAL ? 'seal' : type === FLUSH ? 'flush' : 'normal', timeMs,
    proposer: member(held, held.epochs.validators(epoch)[proposer]?.member ?? ''), stateRoot: hex(stateRoot),
    transactions: transactionsOf(held.consensus, block).map(each => transactionView(held, each))
  }
}

function transactionsOf ({ ledger }: Consensus, { body }: Block): readonly LedgerTransaction[] {
  return (decodeBody(body) ?? []).flatMap(envelope => {
    const decoded = decodeTransaction(ledger.registry, envelope)
    return decoded.ok ? [decoded.value] : []
  })
}

function transactionView (held: Held, { id, author, operations }: LedgerTransaction): TransactionView {
  return { id, author: member(held, author), operations: operations.map(operationView) }
}

function operationView ({ name, fields }: ReadOperation, index: number): OperationView {
  return { index, name, fields: Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, readable(value)])) }
}

/** Bytes as hex, CIDs as text. */
function readable (value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (isCid(value)) return value.toString()
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]: readonly [string, unknown]) => [name, readable(each)]))
}

function member ({ nameOf }: Held, did: string): { readonly did: string, readonly name: string } {
  return { did, name: nameOf(did) }
}

/** A member by its name on the ledger, or a dataset by publisher, name and feeds. */
export type Subject =
  | { readonly kind: 'member', readonly did: string }
  | { readonly kind: 'dataset', readonly publisher: string, readonly datasetId: string, readonly feeds: readonly CID[] }

/** What the newest blocks say about it, oldest first. */
export async function auditOf (held: Held, subject: Subject): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = []
  const { newest } = held
  for (let height = newest; height > Math.max(0, newest - AUDIT_BLOCKS_MAX) && entries.length < AUDIT_ENTRIES_MAX; height--) {
    const block = await held.consensus.block(height)
    if (block === undefined) break
    for (const transaction of transactionsOf(held.consensus, block).toReversed()) {
      const found = [...transaction.operations.entries()].filter(([, each]) => isAbout(subject, transaction.author, each.fields)).toReversed()
      for (const [index, operation] of found) {
        entries.push({ height, timeMs: block.header.timeMs, transaction: transaction.id, operation: operationView(operation, index), by: member(held, transaction.author) })
      }
    }
  }
  return entries.slice(0, AUDIT_ENTRIES_MAX).toReversed()
}

function isAbout (subject: Subject, author: string, fields: ReadOperation['fields']): boolean {
  if (subject.kind === 'member') return author === subject.did || names(Object.values(fields), subject.did) || isProposed(subject.did, fields)
  if (author !== subject.publisher) return false
  return fields['dataset'] === subject.datasetId || subject.feeds.some(feed => names(fields['heads'], feed))
}

function isProposed (did: string, { kind, payload }: ReadOperation['fields']): boolean {
  const known = PROPOSAL_KINDS.find(each => each === kind)
  const decoded = known === undefined || !(payload instanceof Uint8Array) ? undefined : decodePayload(known, payload)
  return decoded?.ok === true && names(Object.values(decoded.value), did)
}

/** Whether a name or a feed stands somewhere in a value. */
function names (value: unknown, wanted: string | CID): boolean {
  if (isCid(value)) return typeof wanted !== 'string' && equalBytes(digestOf(value), digestOf(wanted))
  if (typeof value === 'string') return value === wanted
  return Array.isArray(value) && value.some(each => names(each, wanted))
}
