/** The federation's ledger as a program sees it over HTTP. */
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

/** Where a transaction went: `final` carries the height, `waiting` goes on by itself. */
export type Submitted = {
  readonly id: string
  readonly state: 'waiting' | 'final'
  readonly height: number | null
}

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

/** `proposal`: hex of the id that others vote on. */
export type Proposed = Submitted & { readonly proposal: string }

/** A page of final blocks, newest first; `next` is the `before` of the following one, null on the last. */
export type BlockPage = { readonly blocks: readonly BlockView[], readonly next: number | null }

/** What a node says in public of where the ledger stands, at `CHECKPOINT_PATH`. */
export type PublicCheckpoint = {
  /** Who signed it. */
  readonly member: string
  readonly federation: string
  readonly epoch: number
  readonly height: number
  /** Hex of the digest of the newest final block. */
  readonly digest: string
  readonly timeMs: number
  /** The signed statement, in Base64. What stands beside it is for people; trust this alone. */
  readonly statement: string
}
