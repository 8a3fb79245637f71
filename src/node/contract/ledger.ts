/** What a program asks of the ledger, and what it is told. */
import type { Result } from '../../base/index.ts'
import type { Asker } from './asker.ts'
import type { Failure, NotReady } from './failure.ts'

export type LedgerStatus = {
  readonly epoch: number
  readonly height: number
  /** Hex of the digest of the newest final block; of the federation's id at height 0. */
  readonly digest: string
  readonly stateRoot: string
  readonly finalMs: number
  /** What this node is in the present epoch. */
  readonly role: 'validator' | 'learner' | 'observer' | 'locked'
  readonly validators: number
  /** How many validators may fail or lie without harm. */
  readonly toleratedFaults: number
  /** Validators that are reachable now, this node among them. */
  readonly reachable: number
  readonly waiting: number
  readonly view: number
  /** What this means, in a sentence: "Nothing to decide since …", "Waits for one more validator". */
  readonly sentence: string
}

export type LedgerMember = {
  readonly did: string
  readonly name: string
  readonly seat: 'validator' | 'learner' | 'parked' | 'none'
  readonly sinceHeight: number
  readonly nodes: readonly { readonly peerId: string, readonly addresses: readonly string[] }[]
  readonly removed: boolean
}

export type OperationView = {
  readonly index: number
  /** The operation's name in the table, for instance `dataset.anchor`. */
  readonly name: string
  /** Its fields for a person and a program: bytes as hex, CIDs as text. */
  readonly fields: Readonly<Record<string, unknown>>
}

export type TransactionView = {
  /** Hex. */
  readonly id: string
  readonly author: { readonly did: string, readonly name: string }
  readonly operations: readonly OperationView[]
}

export type BlockView = {
  readonly epoch: number
  readonly height: number
  readonly view: number
  readonly digest: string
  readonly parent: string
  readonly type: 'normal' | 'flush' | 'seal'
  readonly timeMs: number
  readonly proposer: { readonly did: string, readonly name: string }
  readonly stateRoot: string
  readonly transactions: readonly TransactionView[]
}

export type ProposalKind = 'join' | 'remove' | 'park' | 'params' | 'charter' | 'rebind' | 'protocol'

export type ProposalView = {
  /** Hex of the id. */
  readonly id: string
  readonly kind: ProposalKind
  readonly by: { readonly did: string, readonly name: string }
  /** What it would change, in a sentence. */
  readonly sentence: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly openedHeight: number
  readonly notAfterMs: number
  readonly state: 'open' | 'passed' | 'rejected' | 'expired'
  readonly yes: readonly string[]
  readonly no: readonly string[]
  /** Votes that are needed to pass, and members that may vote. */
  readonly needed: number
  readonly members: number
}

export type ProposalRequest =
  /** `member`: did or application id of someone who applied with a ticket of this node. */
  | { readonly kind: 'join', readonly member: string, readonly seat: boolean }
  | { readonly kind: 'remove', readonly member: string }
  | { readonly kind: 'park', readonly member: string }
  | { readonly kind: 'params', readonly params: Readonly<Record<string, number>> }
  /** From the seal after it passes on, decisions need more than this share of the members' votes. */
  | { readonly kind: 'charter', readonly votesAbove: { readonly parts: number, readonly of: number } }
  /** `root`: did of the new root key of a member that lost its own, or had it stolen. */
  | { readonly kind: 'rebind', readonly member: string, readonly root: string }
  /** `release`: hex of the SHA-256 of the release that speaks the version. */
  | { readonly kind: 'protocol', readonly version: number, readonly notBeforeHeight: number, readonly release: string }

/** Where a transaction went: `final` carries the height, `refused` says why in a code of the ledger. */
export type Submitted = {
  readonly id: string
  readonly state: 'waiting' | 'final'
  readonly height: number | null
}
export type SubmitFailure = Failure<'not-ready' | 'refused' | 'busy' | 'locked' | 'root-locked' | 'invalid' | 'expired'>

/** Someone who applied for membership and waits for a vote. */
/** `words`: four, which the applicant sees too. */
export type ApplicationView = {
  readonly id: string, readonly did: string, readonly name: string, readonly receivedMs: number, readonly addresses: readonly string[], readonly words: readonly string[]
}

export type LedgerCheck = {
  readonly verified: boolean
  readonly fromHeight: number
  readonly height: number
  readonly checks: readonly { readonly name: string, readonly ok: boolean, readonly detail: string }[]
}

export type AuditEntry = { readonly height: number, readonly timeMs: number, readonly transaction: string, readonly operation: OperationView, readonly by: { readonly did: string, readonly name: string } }

/** What the newest anchor of a dataset's feed says: it existed, so long, before this block. */
export type AnchorView = { readonly height: number, readonly timeMs: number, readonly length: number, readonly epoch: number }

export interface NodeLedger {
  /** Undefined before there is a federation. */
  ledger (): LedgerStatus | undefined
  ledgerMembers (): readonly LedgerMember[]
  applications (): readonly ApplicationView[]
  /** Newest first: final blocks below `before` (default: from the newest), `limit` at most. */
  blocks (query: { readonly before?: number | undefined, readonly limit: number }): Promise<readonly BlockView[]>
  proposals (): readonly ProposalView[]
  /** Opens a proposal and votes yes on it. Resolves when it is final, or still waits after `withinMs`. */
  propose (request: ProposalRequest, withinMs: number): Promise<Result<Submitted & { readonly proposal: string }, SubmitFailure>>
  vote (proposal: string, yes: boolean, withinMs: number): Promise<Result<Submitted, SubmitFailure>>
  /** Replaces this node's consensus key by a fresh one. */
  rotateKey (withinMs: number): Promise<Result<Submitted, SubmitFailure>>
  /** Signs operations as this node, at most 256 in one transaction, and submits them. Each is canonical `[code, …fields]`. */
  author (operations: readonly Uint8Array[], withinMs: number): Promise<Result<Submitted, SubmitFailure>>
  /** Takes a signed transaction of anyone's. */
  submit (transaction: Uint8Array, withinMs: number): Promise<Result<Submitted, SubmitFailure>>
  /** Reads and checks the ledger from the charter to the newest block: hashes, certificates, execution. */
  verifyLedger (): Promise<LedgerCheck | undefined>
  /** Proof of one record up to the ledger's finality, to be verified offline with nothing but the charter. Canonical bytes, at most 16 KiB beside the record's body. */
  ledgerProof (reference: string, record: number, asker?: Asker): Promise<Result<Uint8Array, Failure<'not-found' | 'ambiguous' | 'incomplete' | 'not-ready' | 'not-anchored' | 'refused'>>>
  /** The newest anchor of a dataset, or null. */
  anchor (reference: string): AnchorView | null
  /** Everything on the ledger about a dataset or a member, oldest first. */
  audit (subject: string): Promise<Result<readonly AuditEntry[], Failure<'not-found' | 'ambiguous' | 'not-ready'>>>
  /** A member's signed word where the ledger stands, for newcomers: canonical bytes. */
  checkpoint (): Result<Uint8Array, NotReady>
}
