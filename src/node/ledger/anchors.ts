import { decodeCanonical, digestOf, encodeCanonical, readUint, tuple, u64, uint, type CID } from '../../base/index.ts'
import type { Block } from '../../core/finality/index.ts'
import { decodeBody, decodeOperation, decodeTransaction, OPERATIONS } from '../../core/ledger/index.ts'
import type { Row, Store } from '../../host/index.ts'
import type { Consensus } from '../consensus/index.ts'
import { Signal } from '../feeds/index.ts'
import { anchorKey, metaKey, rowsOf } from '../rows/index.ts'

const READ_UP_TO = metaKey('anchors')
/** How a dataset.anchor begins: a list of two, the code. What is without these bytes holds none. */
const BEGIN = Buffer.from([0x82, OPERATIONS.datasetAnchor.code])

/** Blocks that are read before their places are committed. */
const BATCH_BLOCKS = 1_000

const placeSchema = tuple(uint(), uint(), uint())
/** The anchor of a feed at a length: its block, and its place there. */
export type Anchored = { readonly length: number, readonly height: number, readonly transaction: number, readonly operation: number }

/** Finds anchors by feed and length, so that the first one that covers a record can be shown. */
export class Anchors {
  readonly #store: Store
  readonly #consensus: Consensus
  readonly #onFatal: (cause: unknown) => void
  /** Read up to this block. */
  #height: number
  /** Kept up to this block: the state may be further on than what is kept. */
  #kept: number
  #reading: Promise<void> | undefined
  readonly #read: Signal<void> = new Signal()
  readonly #stopped = new AbortController()
  /** CIDs of feeds whose anchors became final. */
  readonly changed: Signal<readonly CID[]> = new Signal()

  private constructor (store: Store, consensus: Consensus, height: number, kept: number, onFatal: (cause: unknown) => void) {
    this.#store = store
    this.#consensus = consensus
    this.#height = height
    this.#kept = kept
    this.#onFatal = onFatal
  }

  static async open (store: Store, consensus: Consensus, onFatal: (cause: unknown) => void): Promise<Anchors> {
    const read = await store.get(READ_UP_TO)
    const anchors = new Anchors(store, consensus, read.state === 'found' ? readUint(read.value, 0, 8) ?? 0 : 0, Math.max(await keptHeight(store), consensus.fromHeight - 1), onFatal)
    consensus.finals.on(({ blocks }) => {
      anchors.#kept = Math.max(anchors.#kept, blocks.at(-1)?.block.header.height ?? 0)
      anchors.#follow()
    })
    // Blocks below a fetched state are not here: where anchors stood in them cannot be told.
    consensus.adopted.on(() => {
      anchors.#kept = Math.max(anchors.#kept, consensus.fromHeight - 1)
      anchors.#follow()
    })
    anchors.#follow()
    await anchors.#reading
    return anchors
  }

  /** Height of the newest final block that is kept: the state may be a little further on. */
  get keptHeight (): number {
    return this.#kept
  }

  /** The first anchor of the feed that covers so many segments; undefined while there is none. */
  async covering (feed: CID, segments: number): Promise<Anchored | undefined> {
    await this.#caughtUp()
    const digest = digestOf(feed)
    const range = { from: anchorKey(digest, segments), to: anchorKey(digest, Number.MAX_SAFE_INTEGER), limit: 1 }
    for await (const { key, read } of this.#store.entries(range)) {
      const length = readUint(key, key.length - 8, 8)
      const place = read.state === 'found' ? decodeCanonical(read.value, placeSchema, 64) : undefined
      if (length === undefined || place?.ok !== true) return undefined
      const [height, transaction, operation] = place.value
      return { length, height, transaction, operation }
    }
    return undefined
  }

  async stop (): Promise<void> {
    this.#stopped.abort()
    await this.#reading
  }

  /** Waits until all blocks up to the present state have been read. */
  async #caughtUp (): Promise<void> {
    const { height } = this.#consensus.view
    while (this.#height < height && !this.#stopped.signal.aborted) await this.#read.next(this.#stopped.signal)
  }

  #follow (): void {
    this.#reading ??= this.#readAll().catch(this.#onFatal).finally(() => {
      this.#reading = undefined
      if (this.#height < this.#kept && !this.#stopped.signal.aborted) this.#follow()
    })
  }

  async #readAll (): Promise<void> {
    while (this.#height < this.#kept && !this.#stopped.signal.aborted) await this.#readOn()
  }

  /** From where it ended last time: also what became final just before the node was stopped. */
  async #readOn (): Promise<void> {
    const from = Math.max(this.#height, Math.min(this.#kept, this.#consensus.fromHeight - 1))
    const feeds: CID[] = []
    const rows: Row[] = []
    const to = Math.min(this.#kept, from + BATCH_BLOCKS)
    for (let height = from + 1; height <= to; height++) {
      const block = await this.#consensus.block(height)
      if (block !== undefined) this.#take(block, rows, feeds)
    }
    if (to === this.#height) return
    await this.#store.commit([...rows, { type: 'put', key: READ_UP_TO, value: u64(to) }])
    this.#height = to
    this.#read.emit()
    if (feeds.length > 0) this.changed.emit(feeds)
  }

  #take ({ header: { height }, body }: Block, rows: Row[], feeds: CID[]): void {
    if (!mayHoldAnchor(body)) return
    for (const [transaction, envelope] of (decodeBody(body) ?? []).entries()) {
      if (!mayHoldAnchor(envelope)) continue
      const decoded = decodeTransaction(this.#consensus.ledger.registry, envelope)
      if (!decoded.ok) continue
      for (const [operation, bytes] of decoded.value.operationBytes.entries()) {
        for (const [feed, length] of headsIn(bytes)) {
          feeds.push(feed)
          rows.push({ type: 'put', key: anchorKey(digestOf(feed), length), value: encodeCanonical([height, transaction, operation]) })
        }
      }
    }
  }
}

async function keptHeight (store: Store): Promise<number> {
  for await (const key of store.keys({ ...rowsOf('finalBlock'), reverse: true, limit: 1 })) return readUint(key, 1, 8) ?? 0
  return 0
}

function mayHoldAnchor ({ buffer, byteOffset, length }: Uint8Array): boolean {
  return Buffer.from(buffer, byteOffset, length).includes(BEGIN)
}

function headsIn (operation: Uint8Array): readonly (readonly [CID, number, Uint8Array, Uint8Array])[] {
  return decodeOperation(OPERATIONS.datasetAnchor, operation)?.heads ?? []
}
