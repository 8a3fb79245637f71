import { equalBytes, ok, type CID, type Result } from '../../base/index.ts'
import {
  decodeCheckpoint, realScheme, TRUST_PERIOD_MS, trustedCheckpoint, validatorSet, type Anchor, type Checkpoint, type CheckpointFailure
} from '../../core/finality/index.ts'
import { decodeStatement, type Did } from '../../core/identity/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Shown } from './fetching.ts'

const STATEMENT_BYTES_MAX = 16_384
/** The ticket named it, and the answer came over its own key: who it is does not matter here. */
const INVITER: Did = 'the inviter'
const DAY_MS = 24 * 3_600_000

export type Said = { readonly member: Did, readonly checkpoint: Checkpoint }

export type TrustOptions = {
  readonly federation: CID
  readonly clock: Clock
  /** What this node knew when it was started. */
  readonly anchor: Anchor
  readonly finalMs: number
  /** What the member who invited this one said; its word suffices, since there is none before it. */
  readonly invitation: Checkpoint | undefined
}

/**
 * Whether this node may follow seals to the present (weak subjectivity).
 *
 * Who was away for longer than keys are trusted for cannot tell the ledger from one that was made up with old keys: both have
 * proofs. Somebody outside has to say where the ledger stands: two members, or the one who invited. Then a history is followed
 * if its validators at that epoch are those that they name. What is judged is the newest final block at the start; blocks that
 * came since prove nothing about it. Within an epoch a node goes on as ever: a federation that slept as a whole wakes up so.
 */
export class Trust {
  readonly #options: TrustOptions
  #isStale: boolean
  #checkpoint: Checkpoint | undefined
  #wasShown = false

  constructor (options: TrustOptions) {
    const { finalMs, clock, invitation } = options
    this.#options = options
    this.#isStale = clock.nowMs() - finalMs > TRUST_PERIOD_MS
    if (invitation !== undefined) this.hear([{ member: INVITER, checkpoint: invitation }], true)
  }

  /** Seals are not to be followed, but to where members say that the ledger stands. */
  get isStale (): boolean {
    return this.#isStale
  }

  /** What is wrong, and what to do about it. */
  get alarm (): string | undefined {
    if (!this.#isStale || !this.#wasShown) return undefined
    const { clock, finalMs } = this.#options
    const days = Math.floor((clock.nowMs() - finalMs) / DAY_MS)
    return `the newest block here is ${days} days old, more than keys are trusted for, so what other nodes show since then may be made up: ` +
      'get the file that "hanse ledger checkpoint -o FILE" writes from two members, by a way that you trust, and start this node with --checkpoint FILE twice'
  }

  /** Checkpoints whose signatures were checked. */
  hear (said: readonly Said[], isInvitation = false): Result<null, CheckpointFailure> {
    const { federation, clock, anchor } = this.#options
    const trusted = trustedCheckpoint(said, federation, clock.nowMs(), isInvitation)
    if (!trusted.ok) return trusted
    this.#checkpoint = trusted.value
    // The keys that this node knows are in use still.
    if (trusted.value.epoch === anchor.epoch && isOf(anchor, trusted.value)) this.#isStale = false
    return ok(null)
  }

  /** Whether a proven history may be followed. */
  agrees ({ anchors, header: { header, digest } }: Shown): boolean {
    if (!this.#isStale || anchors.length === 1) return true
    this.#wasShown = true
    const checkpoint = this.#checkpoint
    if (checkpoint === undefined || (header.height === checkpoint.height && !equalBytes(digest, checkpoint.digest))) return false
    return anchors.some(anchor => anchor.epoch === checkpoint.epoch && isOf(anchor, checkpoint))
  }

  /** A history that was agreed to is this node's own now. */
  followed ({ anchors }: Pick<Shown, 'anchors'>): void {
    if (anchors.length > 1) this.#isStale = false
  }
}

/** Members' checkpoints as `/.well-known/hanse-checkpoint.json` and invitations carry them: statements, not judged yet. */
export function checkpointIn (envelope: Uint8Array): Checkpoint | undefined {
  const statement = decodeStatement(envelope, STATEMENT_BYTES_MAX)
  const checkpoint = statement.ok ? decodeCheckpoint(statement.value.body) : undefined
  return checkpoint?.ok === true ? checkpoint.value : undefined
}

function isOf ({ validators }: Anchor, { validatorsHash }: Checkpoint): boolean {
  const set = validatorSet(validators, realScheme)
  return set.ok && equalBytes(set.value.hash, validatorsHash)
}
