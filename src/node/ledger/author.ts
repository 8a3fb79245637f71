import { equalBytes, fail, ok, type Result } from '../../base/index.ts'
import type { Certificate, SigningKey } from '../../core/identity/index.ts'
import {
  certificateOf, decodeOperation, encodeOperation, nextSequence, OPERATIONS, signTransaction, TRANSACTION_BYTES_MAX, TRANSACTION_OPERATIONS_MAX
} from '../../core/ledger/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Consensus, Submission, SubmissionFailure } from '../consensus/index.ts'
import type { SubmitFailure, Submitted } from '../contract/index.ts'
import type { Keys } from '../founding/index.ts'

/** How long a transaction may wait; after it the author says the same anew, or something else. */
const LIFETIME_MS = 14 * 86_400_000
/** What an envelope holds beside its operations. */
const ENVELOPE_BYTES = 1_024

/** As whom: this node, or a key that speaks by itself. */
export type By = { readonly type: 'node' } | { readonly type: 'key', readonly key: SigningKey }

export type AuthorOptions = {
  readonly consensus: Consensus
  readonly keys: Keys
  readonly certificate: () => Certificate
  readonly addresses: readonly string[]
  readonly clock: Clock
}

/** Signs transactions in this member's name, each key's in the order of its sequence numbers, and submits them. */
export class Author {
  readonly #options: AuthorOptions

  constructor (options: AuthorOptions) {
    this.#options = options
  }

  write (operations: readonly Uint8Array[], by: By, withinMs: number): Promise<Result<Submission, SubmissionFailure>> {
    return this.say(() => operations, by, withinMs)
  }

  /**
   * `operations` are told the sequence number that their transaction gets. From the number to the submission nothing waits, so
   * no two transactions get one.
   */
  say (operations: (sequence: number) => readonly Uint8Array[], by: By, withinMs: number): Promise<Result<Submission, SubmissionFailure>> {
    const { consensus, keys, certificate, clock } = this.#options
    const key = by.type === 'node' ? keys.node : by.key
    const sequence = this.#nextSequence(key)
    const wanted = operations(sequence)
    const all = by.type === 'node' ? [...this.#introduction(wanted), ...wanted] : wanted
    const sizeBytes = all.reduce((sum, { length }) => sum + length + 3, ENVELOPE_BYTES)
    if (all.length === 0 || all.length > TRANSACTION_OPERATIONS_MAX || sizeBytes > TRANSACTION_BYTES_MAX) {
      return Promise.resolve(fail({ code: 'size', opIndex: null }))
    }
    return consensus.submit(signTransaction({
      federation: consensus.federation, author: keys.did, sequence, notAfterMs: clock.nowMs() + LIFETIME_MS, operations: all,
      certificate: by.type === 'node' ? certificate().id : undefined
    }, key), withinMs)
  }

  /** Until the ledger has the certificate that this node speaks by, every transaction brings it along: again is the same. */
  #introduction (operations: readonly Uint8Array[]): readonly Uint8Array[] {
    const { consensus, certificate, addresses } = this.#options
    const { id, envelope, transportKey } = certificate()
    if (certificateOf(consensus.state, id) !== undefined) return []
    if (operations.some(each => decodeOperation(OPERATIONS.nodePut, each) !== undefined)) return []
    return [encodeOperation(OPERATIONS.nodePut, { certificate: envelope, transportKey, addresses })]
  }

  /** The lowest number that is free: below one that waits there may be one that expired. */
  #nextSequence ({ publicKey }: SigningKey): number {
    const { consensus } = this.#options
    const taken = new Set<number>()
    for (const { verifiedKey, sequence } of consensus.waiting()) {
      if (verifiedKey !== undefined && equalBytes(verifiedKey, publicKey)) taken.add(sequence)
    }
    let sequence = nextSequence(consensus.state, publicKey)
    while (taken.has(sequence)) sequence++
    return sequence
  }
}

/** The outcome of a submission, in words. */
export function inWords (outcome: Result<Submission, SubmissionFailure>): Result<Submitted, SubmitFailure> {
  if (outcome.ok) return ok(outcome.value)
  const { code, opIndex } = outcome.failure
  switch (code) {
    case 'malformed': return fail({ code: 'invalid', reason: 'this is no transaction', hint: 'have it made again by the node that signed it' })
    case 'size': return fail({
      code: 'invalid', reason: `a transaction holds 1 to ${TRANSACTION_OPERATIONS_MAX} operations and 64 KiB`, hint: 'split them over several'
    })
    case 'busy': return fail({ code: 'busy', reason: 'too many transactions of this member wait already', hint: 'try again when some of them are final' })
    case 'expired': return fail({ code: 'expired', reason: 'it waited for longer than its author allowed', hint: 'have it signed again' })
    default: {
      const where = opIndex === null ? '' : ` (operation ${opIndex})`
      return fail({ code: 'refused', reason: `the ledger refuses it: ${code}${where}`, hint: 'nothing was changed; see the rules of the operation' })
    }
  }
}
