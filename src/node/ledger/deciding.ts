import { bytesOfHex, equalBytes, fail, hex, ok, unreachable, type Result } from '../../base/index.ts'
import { didSchema, type Did, type SigningKey } from '../../core/identity/index.ts'
import {
  decodePayload, encodeOperation, encodePayload, keyProofBytes, keysOf, OPERATIONS, PARAMETER_RANGES, proposalId, standingOf, type ParameterName,
  type Payload
} from '../../core/ledger/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Consensus, ConsensusKeys } from '../consensus/index.ts'
import type { ProposalRequest, SubmitFailure, Submitted } from '../contract/index.ts'
import type { Keys } from '../founding/index.ts'
import { inWords, type Author } from './author.ts'

/** How long members may vote. */
const VOTING_MS = 30 * 86_400_000

export type DecidingOptions = {
  readonly consensus: Consensus
  readonly consensusKeys: ConsensusKeys
  readonly keys: Keys
  readonly author: Author
  readonly clock: Clock
  /** The member that a did or the id of an application names. */
  readonly applicant: (name: string) => Did | undefined
}

/** What a person decides in the member's name: proposals, votes, another key to vote blocks with. */
export class Deciding {
  readonly #options: DecidingOptions

  constructor (options: DecidingOptions) {
    this.#options = options
  }

  /** Opens a proposal and votes yes on it, in one transaction. */
  async propose (request: ProposalRequest, withinMs: number): Promise<Result<Submitted & { readonly proposal: string }, SubmitFailure>> {
    const { author, consensus, clock } = this.#options
    const payload = this.#payloadOf(request)
    if (!payload.ok) return payload
    const root = this.#root()
    if (!root.ok) return root
    let proposal = new Uint8Array(0)
    const outcome = inWords(await author.say(sequence => {
      proposal = new Uint8Array(proposalId(consensus.federation, root.value.publicKey, sequence, 0))
      return [
        encodeOperation(OPERATIONS.proposalOpen, { kind: request.kind, payload: payload.value, notAfterMs: clock.nowMs() + VOTING_MS }),
        encodeOperation(OPERATIONS.ballot, { proposal, yes: true })
      ]
    }, { type: 'key', key: root.value }, withinMs))
    return outcome.ok ? ok({ ...outcome.value, proposal: hex(proposal) }) : outcome
  }

  async vote (proposal: string, yes: boolean, withinMs: number): Promise<Result<Submitted, SubmitFailure>> {
    const id = bytesOfHex(proposal)
    if (id?.length !== 32) return invalid(`"${proposal}" is no proposal's id`, 'see "hanse proposals"')
    const root = this.#root()
    if (!root.ok) return root
    const ballot = encodeOperation(OPERATIONS.ballot, { proposal: id, yes })
    return inWords(await this.#options.author.write([ballot], { type: 'key', key: root.value }, withinMs))
  }

  /** The fresh key is on the disk before the ledger names it. It votes from the next epoch on. */
  async rotateKey (withinMs: number): Promise<Result<Submitted, SubmitFailure>> {
    const { author, consensus, consensusKeys, keys } = this.#options
    const live = keysOf(consensus.state, keys.did, 'consensus')
    const { validators } = standingOf(consensus.state)
    // The one that votes now: to end one that waits for the next seal would change nobody's vote.
    const seated = live.find(({ key }) => validators.some(validator => equalBytes(validator.key, key)))
    const old = seated ?? live.findLast(({ key }) => consensusKeys.get(key) !== undefined) ?? live.at(-1)
    if (old === undefined) return invalid('the ledger knows no key of this member to vote with', 'ask for a seat first')
    const fresh = await consensusKeys.create()
    const proof = fresh.sign(keyProofBytes({ federation: consensus.federation, author: keys.did }, 'consensus', fresh.publicKey))
    const rotate = encodeOperation(OPERATIONS.keyRotate, { purpose: 'consensus', old: old.key, key: fresh.publicKey, proof })
    const outcome = inWords(await author.write([rotate], { type: 'node' }, withinMs))
    if (outcome.ok) consensus.keysChanged()
    else if (outcome.failure.code === 'refused' || outcome.failure.code === 'invalid') await consensusKeys.erase(fresh.publicKey)
    return outcome
  }

  #root (): Result<SigningKey, SubmitFailure> {
    const { root } = this.#options.keys
    return root === undefined
      ? fail({ code: 'root-locked', reason: 'the root key of this member is not here', hint: 'members vote with their root key: start the node with it' })
      : ok(root)
  }

  #payloadOf (request: ProposalRequest): Result<Uint8Array, SubmitFailure> {
    const payload = this.#readPayload(request)
    if (!payload.ok) return payload
    const encoded = encodePayload(payload.value)
    const again = decodePayload(request.kind, encoded)
    return again.ok ? ok(encoded) : invalid('this proposal is outside of what may be proposed', rangesOf(request))
  }

  #readPayload (request: ProposalRequest): Result<Payload, SubmitFailure> {
    if (request.kind === 'params') {
      const names = Object.keys(PARAMETER_RANGES)
      const unknown = Object.keys(request.params).find(name => !names.includes(name))
      if (unknown !== undefined) return invalid(`there is no parameter "${unknown}"`, `the parameters are ${names.join(', ')}`)
      // Only names of parameters are left.
      const params = Object.entries(request.params).toSorted(([a], [b]) => a < b ? -1 : 1) as [ParameterName, number][]
      return ok({ kind: 'params', params })
    }
    if (request.kind === 'charter') return ok(request)
    if (request.kind === 'protocol') {
      const { kind, version, notBeforeHeight, release } = request
      return ok({ kind, version, notBeforeHeight, releaseDigest: bytesOfHex(release) ?? new Uint8Array(0) })
    }
    const did = this.#didOf(request.member)
    if (did === undefined) return invalid(`nobody is known as "${request.member}"`, 'name the member or the application by its id')
    switch (request.kind) {
      case 'join': return ok({ kind: 'join', member: did, classCode: 'municipality', seat: request.seat })
      case 'rebind': {
        const root = didSchema(request.root, '')
        return root.ok ? ok({ kind: 'rebind', member: did, root: root.value }) : invalid(`"${request.root}" is no root key`, 'take the did:key that the new node shows')
      }
      case 'remove': case 'park': return ok({ kind: request.kind, member: did })
      default: return unreachable(request)
    }
  }

  #didOf (name: string): Did | undefined {
    const known = this.#options.applicant(name)
    if (known !== undefined) return known
    const did = didSchema(name, '')
    return did.ok ? did.value : undefined
  }
}

function rangesOf (request: ProposalRequest): string {
  if (request.kind !== 'params') return 'see "hanse proposals"'
  return Object.entries(PARAMETER_RANGES)
    .filter(([name]) => Object.hasOwn(request.params, name))
    .map(([name, [min, max]]) => `${name} takes ${min} to ${max}`).join('; ')
}

function invalid (reason: string, hint: string): Result<never, SubmitFailure> {
  return fail({ code: 'invalid', reason, hint })
}
