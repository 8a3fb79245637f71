import { hex } from '../../base/index.ts'
import type { Row, Store } from '../../host/index.ts'
import { blockKey, locatorKey } from '../rows/index.ts'

/** What one commit holds at most; as much again is filled meanwhile. Blocks are large: half of it costs a third of the speed of the disk. */
const BATCH_BYTES_MAX = 8 << 20

/** Blocks by the hash of their bytes, checked whenever they are read. */
export class Blocks {
  readonly #store: Store

  constructor (store: Store) {
    this.#store = store
  }

  async get (digest: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.getMany([digest]))[0]
  }

  /** A block that turns out to be damaged is removed, so that it counts as missing and can be stored anew. */
  async getMany (digests: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const locators = await this.#store.getMany(digests.map(locatorKey))
    const wanted: { readonly at: number, readonly key: Uint8Array, readonly digest: Uint8Array }[] = []
    for (const [at, digest] of digests.entries()) {
      const locator = locators[at]
      if (locator?.state === 'found') wanted.push({ at, key: locator.value, digest })
    }
    const found: (Uint8Array | undefined)[] = digests.map(() => undefined)
    const reads = await this.#store.getBlocks(wanted)
    const lost: Row[] = []
    for (const [index, { at, key, digest }] of wanted.entries()) {
      const read = reads[index]
      if (read?.state === 'found') found[at] = read.value
      else lost.push({ type: 'delete', key }, { type: 'delete', key: locatorKey(digest) })
    }
    if (lost.length > 0) await this.#store.commit(lost)
    return found
  }

  /** Whether blocks are stored, without reading them. */
  async areHeld (digests: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return (await this.#store.getMany(digests.map(locatorKey))).map(({ state }) => state === 'found')
  }

  /** `rows` ride with every commit and are told the order that the next block will have. */
  writer (fileNo: number, firstOrder: number, rows: (nextOrder: number) => readonly Row[]): BlockWriter {
    return new BlockWriter(this.#store, this, fileNo, firstOrder, rows)
  }
}

/** Stores blocks of one file in batches: one is filled while one is synced, and a batch goes to the disk as soon as that is idle. */
export class BlockWriter {
  readonly #store: Store
  readonly #blocks: Blocks
  readonly #fileNo: number
  readonly #rows: (nextOrder: number) => readonly Row[]
  #nextOrder: number
  #filling: Row[] = []
  #fillingBytes = 0
  #storing: Promise<void> | undefined
  #failed: { readonly cause: unknown } | undefined
  readonly #pending = new Set<string>()

  constructor (store: Store, blocks: Blocks, fileNo: number, firstOrder: number, rows: (nextOrder: number) => readonly Row[]) {
    this.#store = store
    this.#blocks = blocks
    this.#fileNo = fileNo
    this.#nextOrder = firstOrder
    this.#rows = rows
  }

  get nextOrder (): number {
    return this.#nextOrder
  }

  /** Takes a block whose hash the caller knows; false where it is stored already, and intact. Waits while the disk is behind. */
  async put (digest: Uint8Array, bytes: Uint8Array): Promise<boolean> {
    const name = hex(digest)
    if (this.#pending.has(name)) return false
    this.#pending.add(name)
    if (await this.#blocks.get(digest) !== undefined) {
      this.#pending.delete(name)
      return false
    }
    await this.putNew(digest, bytes)
    return true
  }

  /** As `put`, for a block that the caller knows to be missing: a look at the disk for each would make it wait for what is written. */
  async putNew (digest: Uint8Array, bytes: Uint8Array): Promise<void> {
    while (this.#fillingBytes >= BATCH_BYTES_MAX && this.#storing !== undefined) await this.#storing
    if (this.#failed !== undefined) throw this.#failed.cause
    const key = blockKey(this.#fileNo, this.#nextOrder++)
    this.#filling.push({ type: 'block', key, value: bytes }, { type: 'put', key: locatorKey(digest), value: key })
    this.#fillingBytes += bytes.length
    if (this.#storing === undefined) this.#hand()
  }

  /** Resolves when all that was put is durable. */
  async flush (): Promise<void> {
    while (this.#storing !== undefined || this.#filling.length > 0) {
      if (this.#storing === undefined) this.#hand()
      await this.#storing
      if (this.#failed !== undefined) throw this.#failed.cause
    }
    if (this.#failed !== undefined) throw this.#failed.cause
  }

  #hand (): void {
    if (this.#failed !== undefined) return
    const batch = this.#filling
    this.#filling = []
    this.#fillingBytes = 0
    this.#storing = this.#store.commit([...batch, ...this.#rows(this.#nextOrder)]).then(
      () => this.#stored(batch),
      (cause: unknown) => { this.#failed = { cause } }
    ).finally(() => {
      this.#storing = undefined
      if (this.#filling.length > 0) this.#hand()
    })
  }

  /** From here on the locators answer for these blocks. */
  #stored (batch: readonly Row[]): void {
    for (const { type, key } of batch) if (type === 'put') this.#pending.delete(hex(key.subarray(1)))
  }
}
