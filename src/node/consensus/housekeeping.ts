import { equalBytes, hex, sha256, type Result } from '../../base/index.ts'
import type { Certificate, Did, SigningKey } from '../../core/identity/index.ts'
import {
  decodeRow, encodeOperation, isReadyWanted, keyProofBytes, keysOf, memberOf, OPERATIONS, proposalsOf, rowKey, standingOf, TABLES,
  type LedgerState, type LedgerTransaction, type RowOf
} from '../../core/ledger/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import type { ConsensusKeys } from './keys.ts'
import type { Submission, SubmissionFailure } from './submissions.ts'

/** Looked at after every final block, and so often without one: certificates are renewed, readiness fades. */
const LOOK_EVERY_MS = 600_000
/** A chore that was refused is not tried again before this. */
const REFUSED_MS = 60_000
const ADDRESSES_MAX = 8

/** Signs operations in this member's name, in the order of the signing key, and submits them. */
export type Author = {
  write (operations: readonly Uint8Array[], by: { readonly type: 'node' } | { readonly type: 'key', readonly key: SigningKey }, withinMs: number):
  Promise<Result<Submission, SubmissionFailure>>
}

export type HousekeepingOptions = {
  readonly own: Did
  readonly transportKey: Uint8Array
  readonly certificate: () => Certificate
  readonly addresses: readonly string[]
  readonly federation: Parameters<typeof keyProofBytes>[0]['federation']
  readonly keys: ConsensusKeys
  readonly keysChanged: () => void
  readonly state: () => LedgerState
  /** What was submitted here and is not final yet: said once is enough. */
  readonly waiting: () => Iterable<LedgerTransaction>
  readonly isLocked: () => boolean
  readonly version: number
  readonly author: Author
  readonly clock: Clock
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

/** What this node has to say of itself on the ledger, for which nobody should have to press a button. */
type Chore = { readonly name: string, readonly codes: readonly number[], readonly operations: readonly Uint8Array[], readonly key: SigningKey | null }

/**
 * Keeps this node's own entries on the ledger as they should be: its certificate and addresses, a fresh consensus key for the
 * next seal, and its word that it is ready for a seat. One transaction at a time.
 */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  #isBusy = false
  #isDue = false
  #hasStopped = false
  #restUntilMs = 0
  #cancel: () => void = () => {}

  constructor (options: HousekeepingOptions) {
    this.#options = options
  }

  /** Something may have to be done: the ledger changed, or this node did. */
  look (): void {
    this.#isDue = true
    if (this.#isBusy || this.#hasStopped) return
    this.#isBusy = true
    void this.#run()
  }

  stop (): void {
    this.#hasStopped = true
    this.#cancel()
  }

  async #run (): Promise<void> {
    const { clock, onFatal } = this.#options
    try {
      while (this.#isDue && !this.#hasStopped && clock.monotonicMs() >= this.#restUntilMs) {
        this.#isDue = false
        await this.#forgetKeys()
        const chore = await this.#nextChore()
        if (chore !== undefined && !this.#isSaid(chore)) await this.#do(chore)
      }
    } catch (error) {
      if (!this.#hasStopped) onFatal(error)
    } finally {
      this.#isBusy = false
    }
    if (this.#hasStopped) return
    this.#cancel()
    const restMs = this.#restUntilMs - clock.monotonicMs()
    this.#cancel = clock.wake(restMs > 0 ? restMs : LOOK_EVERY_MS, () => this.look())
  }

  async #do ({ name, operations, key }: Chore): Promise<void> {
    const { author, clock, log } = this.#options
    const done = await author.write(operations, key === null ? { type: 'node' } : { type: 'key', key }, LOOK_EVERY_MS)
    if (done.ok && done.value.state === 'final') {
      this.#isDue = true
      log('info', 'the ledger has what this node said of itself', { what: name, height: done.value.height ?? 0 })
    } else if (!done.ok && done.failure.code === 'expired') {
      // The ledger went on past it, as while this node was catching up: there may be something else to say now.
      this.#isDue = true
    } else {
      this.#restUntilMs = clock.monotonicMs() + REFUSED_MS
      log('warn', 'the ledger does not have yet what this node said of itself', { what: name, because: done.ok ? 'waiting' : done.failure.code })
    }
  }

  /** It waits for the ledger already, perhaps since before this process began. */
  #isSaid ({ codes }: Chore): boolean {
    for (const { operations } of this.#options.waiting()) if (operations.some(({ code }) => codes.includes(code))) return true
    return false
  }

  async #nextChore (): Promise<Chore | undefined> {
    const { own, state, transportKey } = this.#options
    const member = memberOf(state(), own)
    if (member?.state !== 'active') return undefined
    const node = member.nodes.find(each => equalBytes(each.transportKey, transportKey))
    const entry = this.#entryOperation(node?.certificate ?? null, node?.addresses ?? [], member.classCode)
    const seat = member.seat
    const key = seat === null ? undefined : await this.#keyOperation()
    const operations = [entry, key].filter(each => each !== undefined)
    if (operations.length > 0) {
      const codes = entry === undefined ? [OPERATIONS.keyBind.code, OPERATIONS.keyRotate.code] : [OPERATIONS.nodePut.code]
      return { name: entry === undefined ? 'a consensus key' : 'its certificate', codes, operations, key: null }
    }
    if (seat?.state === 'parked' && seat.wanted === null && !seat.isMisbehaving && !this.#wasParkedByVote()) {
      return { name: 'that it returns', codes: [OPERATIONS.validatorUnpark.code], operations: [encodeOperation(OPERATIONS.validatorUnpark, {})], key: null }
    }
    return this.#readyChore()
  }

  #entryOperation (listed: Uint8Array | null, listedAddresses: readonly string[], classCode: string): Uint8Array | undefined {
    const { certificate, transportKey } = this.#options
    // Addresses of natural persons stay off the ledger for good.
    const addresses = classCode === 'sole-trader' ? [] : this.#options.addresses.slice(0, ADDRESSES_MAX)
    const { envelope } = certificate()
    if (listed !== null && equalBytes(listed, envelope) && listedAddresses.join() === addresses.join()) return undefined
    return encodeOperation(OPERATIONS.nodePut, { certificate: envelope, transportKey, addresses })
  }

  /** One bound key more than the one that is seated, so that every seal seats a fresh one; another seat at once for a node that cannot vote by its key. */
  async #keyOperation (): Promise<Uint8Array | undefined> {
    const { own, transportKey, state, isLocked } = this.#options
    const live = keysOf(state(), own, 'consensus').filter(({ node }) => node !== null && equalBytes(node, transportKey)).map(({ key }) => key)
    const seated = standingOf(state()).validators.find(({ node }) => equalBytes(node, transportKey))?.key
    const newest = live.at(-1)
    const isFresh = newest !== undefined && this.#options.keys.get(newest) !== undefined && (seated === undefined || !equalBytes(newest, seated))
    const isMute = seated !== undefined && (isLocked() || this.#options.keys.get(seated) === undefined)
    if (isMute && live.some(each => equalBytes(each, seated))) return this.#rotation(seated)
    if (isFresh) return undefined
    const isLost = newest !== undefined && this.#options.keys.get(newest) === undefined
    return isLost ? this.#rotation(newest) : this.#binding()
  }

  async #binding (): Promise<Uint8Array> {
    const key = await this.#unboundKey()
    return encodeOperation(OPERATIONS.keyBind, { purpose: 'consensus', key: key.publicKey, proof: this.#proof(key) })
  }

  async #rotation (old: Uint8Array): Promise<Uint8Array> {
    const key = await this.#unboundKey()
    return encodeOperation(OPERATIONS.keyRotate, { purpose: 'consensus', old, key: key.publicKey, proof: this.#proof(key) })
  }

  #proof (key: SigningKey): Uint8Array {
    const { federation, own } = this.#options
    return key.sign(keyProofBytes({ federation, author: own }, 'consensus', key.publicKey))
  }

  /** A key of this node that the ledger has not seen: one may be left over from an attempt before. */
  async #unboundKey (): Promise<SigningKey> {
    const { keys, keysChanged, state } = this.#options
    const unbound = [...keys.all().values()].find(({ publicKey }) => boundKey(state(), publicKey) === undefined)
    if (unbound !== undefined) return unbound
    const created = await keys.create()
    keysChanged()
    return created
  }

  /** The word of a learner, of one who returns, or of a validator of whom nothing was seen lately. */
  #readyChore (): Chore | undefined {
    const { own, state, keys, transportKey, version } = this.#options
    const now = state()
    const member = memberOf(now, own)
    const isUnseen = member?.seat?.state === 'validator' && member.isAlive === false
    if (!isReadyWanted(now, own) && !isUnseen) return undefined
    const bound = keysOf(now, own, 'consensus').findLast(({ key, node }) => node !== null && equalBytes(node, transportKey) && keys.get(key) !== undefined)
    const key = bound === undefined ? undefined : keys.get(bound.key)
    if (key === undefined) return undefined
    const { epoch, height } = standingOf(now)
    const operation = encodeOperation(OPERATIONS.validatorReady, { epoch, height, stateRoot: now.map.root, key: key.publicKey, version })
    return { name: 'that it is ready', codes: [OPERATIONS.validatorReady.code], operations: [operation], key }
  }

  /** Whoever the others parked returns when a person says so. */
  #wasParkedByVote (): boolean {
    const { own, state } = this.#options
    return proposalsOf(state()).some(({ payload, state: decided }) => payload.kind === 'park' && payload.member === own && decided === 'passed')
  }

  /** Secrets of keys that no seal will seat again are erased: who steals the disk later cannot rewrite the past with them. */
  async #forgetKeys (): Promise<void> {
    const { keys, keysChanged, state } = this.#options
    const seated = new Set(standingOf(state()).validators.map(({ key }) => hex(key)))
    const over = [...keys.all().values()].filter(({ publicKey }) => boundKey(state(), publicKey)?.endedHeight != null && !seated.has(hex(publicKey)))
    for (const { publicKey } of over) await keys.erase(publicKey)
    if (over.length > 0) keysChanged()
  }
}

/** What the ledger says of a key; undefined where it was never bound. */
function boundKey ({ map }: LedgerState, publicKey: Uint8Array): RowOf<'key'> | undefined {
  const value = map.get(rowKey(TABLES.key.code, [sha256(publicKey)]))
  return value === undefined ? undefined : decodeRow(TABLES.key, value)
}
