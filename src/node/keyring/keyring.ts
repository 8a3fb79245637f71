import { assert, bytes, decodeCanonical, digestOf, encodeCanonical, equalBytes, list, readUint, struct, textOf, tuple, uint, type CID } from '../../base/index.ts'
import type { FeedClass } from '../../core/feed/index.ts'
import { decodeGrant, type EpochKey, type Grant } from '../../core/grants/index.ts'
import { decodeStatement, type Did } from '../../core/identity/index.ts'
import { EPOCH_KEY_SIZE_BYTES, EPOCH_MAX, FIRST_EPOCH, keyCheckOf } from '../../core/sealing/index.ts'
import type { Random, Store } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { localKeyKey, ownEpochKey, receivedGrantKey, rowsOf } from '../rows/index.ts'
import { openRow, sealRow } from './sealedRow.ts'

/** A key of one's own, and when it came into use. */
export type OwnEpoch = EpochKey & { readonly sinceMs: number }

/** What sealed data say of the key they need. */
export type KeyWanted = {
  readonly publisher: Did
  readonly datasetId: string
  readonly class: FeedClass
  readonly epoch: number
}

/** A grant that was received, with the keys in it. */
export type HeldGrant = { readonly grant: Grant, readonly keys: readonly EpochKey[] }

const SALT_SIZE_BYTES = 32
const LOCAL_KEY_SIZE_BYTES = 32
const ROW_BYTES_MAX = 65_536
const ownSchema = struct({ key: bytes(EPOCH_KEY_SIZE_BYTES), sinceMs: uint() })
const grantSchema = struct({
  envelope: bytes(1, ROW_BYTES_MAX), keys: list(tuple(uint(EPOCH_MAX), bytes(EPOCH_KEY_SIZE_BYTES)), 64, 1)
})

/** Epochs of one own dataset and class. A number whose key is destroyed or damaged stays taken, and so does one that is being written. */
type Own = { readonly epochs: Map<number, OwnEpoch | undefined>, taken: number }

export class Keyring {
  readonly #signer: Store
  readonly #random: Random
  readonly #wrappingKey: Uint8Array
  readonly #self: Did
  readonly #own = new Map<string, Own>()
  readonly #grants = new Map<string, HeldGrant>()
  #unreadable = 0
  /** A key came or went. */
  readonly changed: Signal<void> = new Signal()

  private constructor ({ signer, random, wrappingKey, self }: KeyringFields) {
    this.#signer = signer
    this.#random = random
    this.#wrappingKey = wrappingKey
    this.#self = self
  }

  static async load (fields: KeyringFields): Promise<Keyring> {
    const keyring = new Keyring(fields)
    await keyring.#loadOwn()
    await keyring.#loadGrants()
    return keyring
  }

  /** Rows that are damaged or of another keystore: what their keys would open stays closed. */
  get unreadable (): number {
    return this.#unreadable
  }

  /** The newest epoch of an own dataset and class; undefined before the first, and where its row cannot be read. */
  newest (datasetId: string, feedClass: FeedClass): OwnEpoch | undefined {
    const epochs = this.#own.get(nameOf(datasetId, feedClass))?.epochs
    return epochs === undefined ? undefined : epochs.get(Math.max(...epochs.keys()))
  }

  /** Own epochs whose keys are at hand, ascending. */
  epochsOf (datasetId: string, feedClass: FeedClass): readonly OwnEpoch[] {
    const epochs = this.#own.get(nameOf(datasetId, feedClass))?.epochs ?? new Map<number, OwnEpoch | undefined>()
    return [...epochs.values()].flatMap(each => each ?? []).toSorted((a, b) => a.epoch - b.epoch)
  }

  /**
   * A fresh key for the next epoch, on the disk before anybody can use it. `above` is the newest epoch that any head of these
   * feeds names: a number is never used for two keys, not even when all rows are lost.
   */
  async begin (datasetId: string, feedClass: FeedClass, nowMs: number, above: number): Promise<OwnEpoch> {
    const known = this.#ownOf(datasetId, feedClass)
    const epoch = Math.max(above, known.taken) + 1
    assert(epoch <= EPOCH_MAX, 'fewer than 2^32 epochs')
    // At once: two that begin together get two numbers.
    known.taken = epoch
    const begun: OwnEpoch = { epoch, key: this.#random.bytes(EPOCH_KEY_SIZE_BYTES), sinceMs: nowMs }
    await this.#put(ownEpochKey(datasetId, feedClass, epoch), encodeCanonical({ key: begun.key, sinceMs: nowMs }))
    known.epochs.set(epoch, begun)
    this.changed.emit()
    return begun
  }

  /** Forgets own keys for good: what was sealed under them is gone for everybody who has not read it. */
  async destroy (datasetId: string, feedClass: FeedClass, epochs: readonly number[]): Promise<void> {
    const known = this.#own.get(nameOf(datasetId, feedClass))
    // The numbers stay taken until the next start; then the heads of the feed name them.
    for (const epoch of epochs) if (known?.epochs.has(epoch) === true) known.epochs.set(epoch, undefined)
    await this.#signer.commit(epochs.map(epoch => ({ type: 'delete', key: ownEpochKey(datasetId, feedClass, epoch) })))
    await this.#signer.compact(rowsOf('ownEpoch'))
    this.changed.emit()
  }

  /** Keeps a grant that was admitted and opened. The same one again changes nothing. */
  async keep (held: HeldGrant): Promise<void> {
    const { statement } = held.grant
    const keys = held.keys.map(({ epoch, key }) => [epoch, key])
    await this.#put(receivedGrantKey(digestOf(statement.id)), encodeCanonical({ envelope: statement.envelope, keys }))
    this.#grants.set(statement.id.toString(), held)
    this.changed.emit()
  }

  /** Forgets grants for good. Another that holds the same keys still opens what they open. */
  async drop (grants: readonly CID[]): Promise<void> {
    for (const id of grants) this.#grants.delete(id.toString())
    await this.#signer.commit(grants.map(id => ({ type: 'delete', key: receivedGrantKey(digestOf(id)) })))
    await this.#signer.compact(rowsOf('receivedGrant'))
    this.changed.emit()
  }

  has (grant: CID): boolean {
    return this.#grants.has(grant.toString())
  }

  grants (): readonly HeldGrant[] {
    return [...this.#grants.values()]
  }

  /** The key of these data: one's own, or of a grant; undefined where it was never granted, or is gone. */
  keyOf ({ publisher, datasetId, class: feedClass, epoch }: KeyWanted): Uint8Array | undefined {
    if (publisher === this.#self) return this.#own.get(nameOf(datasetId, feedClass))?.epochs.get(epoch)?.key
    for (const { grant, keys } of this.#grants.values()) {
      if (grant.publisher !== publisher || grant.datasetId !== datasetId || grant.class !== feedClass) continue
      const found = keys.find(each => each.epoch === epoch)
      if (found !== undefined) return found.key
    }
    return undefined
  }

  /**
   * A key of this node for a feed, made when it is first asked for: digests under it tell nothing to who has the disk and not the
   * keystore. Where its row is damaged it is another one.
   */
  async localKey (feed: CID): Promise<Uint8Array> {
    const row = localKeyKey(digestOf(feed))
    const read = await this.#signer.get(row)
    const opened = read.state === 'found' ? openRow(this.#wrappingKey, row, read.value) : undefined
    if (opened !== undefined) return opened
    const made = this.#random.bytes(LOCAL_KEY_SIZE_BYTES)
    await this.#put(row, made)
    return made
  }

  #ownOf (datasetId: string, feedClass: string): Own {
    const name = nameOf(datasetId, feedClass)
    const known = this.#own.get(name) ?? { epochs: new Map<number, OwnEpoch | undefined>(), taken: FIRST_EPOCH - 1 }
    this.#own.set(name, known)
    return known
  }

  async #put (key: Uint8Array, secret: Uint8Array): Promise<void> {
    await this.#signer.commit([{ type: 'put', key, value: sealRow(this.#wrappingKey, key, this.#random.bytes(SALT_SIZE_BYTES), secret) }])
  }

  async #loadOwn (): Promise<void> {
    for await (const { key, read } of this.#signer.entries(rowsOf('ownEpoch'))) {
      const place = placeOf(key)
      if (place === undefined) {
        this.#unreadable++
        continue
      }
      const opened = read.state === 'found' ? openRow(this.#wrappingKey, key, read.value) : undefined
      const decoded = opened === undefined ? undefined : decodeCanonical(opened, ownSchema, ROW_BYTES_MAX)
      const own = decoded?.ok === true ? { epoch: place.epoch, ...decoded.value } : undefined
      if (own === undefined) this.#unreadable++
      const known = this.#ownOf(place.datasetId, place.class)
      known.epochs.set(place.epoch, own)
      known.taken = Math.max(known.taken, place.epoch)
    }
  }

  async #loadGrants (): Promise<void> {
    for await (const { key, read } of this.#signer.entries(rowsOf('receivedGrant'))) {
      const opened = read.state === 'found' ? openRow(this.#wrappingKey, key, read.value) : undefined
      const held = opened === undefined ? undefined : heldGrantOf(opened)
      if (held === undefined || !equalBytes(receivedGrantKey(digestOf(held.grant.statement.id)), key)) this.#unreadable++
      else this.#grants.set(held.grant.statement.id.toString(), held)
    }
  }
}

export type KeyringFields = {
  readonly signer: Store
  readonly random: Random
  /** By `wrappingKeyOf`. */
  readonly wrappingKey: Uint8Array
  readonly self: Did
}

function nameOf (datasetId: string, feedClass: string): string {
  return `${datasetId} ${feedClass}`
}

/** What the key of an own epoch's row says. */
function placeOf (row: Uint8Array): { readonly datasetId: string, readonly class: string, readonly epoch: number } | undefined {
  const classAt = 2 + (row[1] ?? 0)
  const epochAt = classAt + 1 + (row[classAt] ?? 0)
  const [datasetId, feedClass] = [textOf(row.subarray(2, classAt)), textOf(row.subarray(classAt + 1, epochAt))]
  const epoch = readUint(row, epochAt, 4)
  if (datasetId === undefined || feedClass === undefined || epoch === undefined) return undefined
  return equalBytes(ownEpochKey(datasetId, feedClass, epoch), row) ? { datasetId, class: feedClass, epoch } : undefined
}

/** What a row holds, if its keys are those that the grant names. */
function heldGrantOf (opened: Uint8Array): HeldGrant | undefined {
  const decoded = decodeCanonical(opened, grantSchema, ROW_BYTES_MAX)
  const statement = decoded.ok ? decodeStatement(decoded.value.envelope, ROW_BYTES_MAX) : undefined
  const grant = statement?.ok === true ? decodeGrant(statement.value) : undefined
  if (!decoded.ok || grant?.ok !== true) return undefined
  const { keyChecks } = grant.value
  const keys = decoded.value.keys.map(([epoch, key]): EpochKey => ({ epoch, key }))
  const isWhole = keys.length === keyChecks.length && keys.every(({ key }, at) => equalBytes(keyCheckOf(key), keyChecks[at] ?? new Uint8Array(0)))
  return isWhole ? { grant: grant.value, keys } : undefined
}
