import { importFile } from 'ipfs-unixfs-importer'
import { assert, cidOfBytes, codecOf, digestOf, ok, sha256Stream, type CID, type Result } from '../../base/index.ts'
import type { Row, Store } from '../../host/index.ts'
import type { OnProgress } from '../contract/index.ts'
import { Signal } from '../feeds/index.ts'
import type { Link } from '../pulling/index.ts'
import type { ServeFile } from '../serving/index.ts'
import { decodeFileRow, encodeFileRow, fileKey, rowsOf, type FileRow } from '../rows/index.ts'
import { Blocks, type BlockWriter } from './blocks.ts'
import { eraseFile, type FilePlace } from './erasing.ts'
import { Fetching, type FetchFailure } from './fetching.ts'
import { FileFault, FileReader, READ_AHEAD_LEAVES, type FileBlock } from './reading.ts'

const FILES_MAX = 1_048_576

/** Takes the blocks of one file from elsewhere; the caller checked that each has its hash and belongs to the file. */
export type FileDelivery = {
  /** False where the block is stored already. */
  put (cid: CID, block: Uint8Array): Promise<boolean>
  /** Makes durable what came; with `isWhole`, that it is all. True where the file became complete by it. */
  end (isWhole: boolean): Promise<boolean>
}

/** The files of a node: which there are, in memory; their blocks, in the store. */
export class Files {
  readonly #store: Store
  readonly #blocks: Blocks
  readonly #reader: FileReader
  readonly #held = new Map<string, { readonly root: CID, readonly row: FileRow }>()
  readonly #turns = new Map<string, Promise<unknown>>()
  #nextNumber = 1
  /** A file became complete, or lost blocks and is complete no more. */
  readonly changed: Signal<{ readonly root: CID, readonly isComplete: boolean }> = new Signal()
  damagedCount = 0

  private constructor (store: Store) {
    this.#store = store
    this.#blocks = new Blocks(store)
    this.#reader = new FileReader(this.#blocks)
  }

  static async load (store: Store): Promise<Files> {
    const files = new Files(store)
    for await (const { key, read } of store.entries(rowsOf('file'))) {
      const root = cidOfBytes(key.slice(1))
      const row = read.state === 'found' ? decodeFileRow(read.value) : undefined
      if (root === undefined || row === undefined) continue
      files.#held.set(root.toString(), { root, row })
      files.#nextNumber = Math.max(files.#nextNumber, row.fileNo + 1)
    }
    // Blocks of a file that was never finished have a number too, and must not be written over.
    for await (const key of store.keys({ ...rowsOf('block'), reverse: true, limit: 1 })) {
      const number = new DataView(key.buffer, key.byteOffset).getUint32(1)
      files.#nextNumber = Math.max(files.#nextNumber, number + 1)
    }
    return files
  }

  /** All files that are here, wholly or in part. */
  roots (): readonly CID[] {
    return [...this.#held.values()].map(({ root }) => root)
  }

  /** Whether all of a file is stored. */
  has (root: CID): boolean {
    return this.#held.get(root.toString())?.row.complete === true
  }

  /** The size of a file whose root is here. */
  async sizeOf (root: CID): Promise<number | undefined> {
    return this.#held.has(root.toString()) ? (await this.#reader.rootOf(root))?.sizeBytes : undefined
  }

  /**
   * Stores bytes as a file. Resolves when all of it is durable. Memory is bounded whatever the size; what was stored
   * before `bytes` broke off is used again by the next attempt.
   */
  async add (bytes: AsyncIterable<Uint8Array>): Promise<{ readonly root: CID, readonly sizeBytes: number, readonly sha256: Uint8Array }> {
    const whole = sha256Stream()
    let sizeBytes = 0
    const counted = async function * (): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        whole.update(chunk)
        sizeBytes += chunk.length
        yield chunk
      }
    }
    const fileNo = this.#nextNumber++
    const writer = this.#blocks.writer(fileNo, 0, () => [])
    const blockstore = {
      put: async (cid: CID, block: unknown): Promise<CID> => {
        assert(block instanceof Uint8Array, 'the importer gives whole blocks')
        await writer.put(digestOf(cid), block)
        return cid
      }
    }
    const { cid } = await importFile({ content: counted() }, blockstore, { profile: 'unixfs-v1-2025', blockWriteConcurrency: READ_AHEAD_LEAVES })
    await writer.flush()
    const root = cidOfBytes(cid.bytes)
    assert(root !== undefined && codecOf(root) !== 'dagCbor', 'a root as the profile names it')
    this.#makeRoom(root)
    await this.#keep(root, { fileNo, blocks: writer.nextOrder, complete: true })
    return { root, sizeBytes, sha256: whole.digest() }
  }

  /** Bytes [from, to) of a file, each block hashed. Throws `FileFault` where one is damaged; `fetch` brings it back. */
  async * read (root: CID, from: number, to: number): AsyncGenerator<Uint8Array> {
    if (!this.#held.has(root.toString())) throw new FileFault('missing', `the file ${root.toString()} is not here`)
    yield * this.#watched(root, this.#reader.bytes(root, from, to))
  }

  /** Blocks for a peer, by CID or by a range of bytes: nodes first, then leaves. Undefined where the file is not wholly here. */
  readonly serve: ServeFile = (root, wanted) => {
    if (!this.has(root)) return undefined
    const blocks = 'cids' in wanted
      ? this.#reader.named(root, wanted.cids)
      : this.#reader.range(root, wanted.byteFrom, wanted.byteTo)
    return upToDamage(this.#watched(root, blocks))
  }

  /** All blocks, each node before what it links to: the order of `FileWalk`. */
  blocks (root: CID): AsyncGenerator<FileBlock> {
    return this.#watched(root, this.#reader.blocks(root))
  }

  /** Brings a file here, from several members at once; asks only for what is missing. Fetches of one file follow each other. */
  async fetch (
    root: CID, sources: () => readonly Link[], signal: AbortSignal, onProgress: OnProgress = () => {}
  ): Promise<Result<{ readonly sizeBytes: number }, FetchFailure>> {
    return this.#exclusively(root, async () => {
      const sizeBytes = this.has(root) ? await this.sizeOf(root) : undefined
      if (sizeBytes !== undefined && this.has(root)) return ok({ sizeBytes })
      const { writer, finish } = this.#open(root)
      const fetched = await new Fetching({ blocks: this.#blocks, writer, root, sources, signal, onProgress }).run()
      await finish(fetched.ok)
      return fetched
    })
  }

  /** Opens a file for blocks that come from elsewhere, as from a bundle. */
  deliver (root: CID): FileDelivery {
    const { writer, finish } = this.#open(root)
    return { put: (cid, block) => writer.put(digestOf(cid), block), end: finish }
  }

  /** Reads every block of a file once; what is damaged is removed, and the file is then incomplete. */
  async scrub (root: CID): Promise<{ readonly blocks: number, readonly damaged: number }> {
    const found = await this.#reader.scrub(root)
    if (found.damaged > 0) await this.#markIncomplete(root)
    return found
  }

  /** Where the blocks of a file stand on the disk; undefined where nothing of it is here. */
  placeOf (root: CID): FilePlace | undefined {
    const row = this.#held.get(root.toString())?.row
    return row === undefined ? undefined : { fileNo: row.fileNo, blocks: row.blocks }
  }

  /**
   * Takes a file away for good, but for blocks that others of this node's files have too; its bytes have left the disk when it
   * resolves. `place` is told by whoever does it again after a crash, when the file itself is not known any more.
   */
  async erase (root: CID, place: FilePlace): Promise<void> {
    await this.#exclusively(root, async () => {
      const wasComplete = this.has(root)
      this.#held.delete(root.toString())
      if (wasComplete) this.changed.emit({ root, isComplete: false })
      await eraseFile({ store: this.#store, blocks: this.#blocks, root, place, others: this.roots() })
    })
  }

  // --- Keeping -----------------------------------------------------------------------------------------------------

  #open (root: CID): { readonly writer: BlockWriter, readonly finish: (isWhole: boolean) => Promise<boolean> } {
    this.#makeRoom(root)
    const name = root.toString()
    const row = this.#held.get(name)?.row ?? { fileNo: this.#nextNumber++, blocks: 0, complete: false }
    this.#held.set(name, { root, row })
    const rowOf = (blocks: number): FileRow => ({ fileNo: row.fileNo, blocks, complete: this.has(root) })
    const writer = this.#blocks.writer(row.fileNo, row.blocks, blocks => [fileRow(root, rowOf(blocks))])
    const finish = async (isWhole: boolean): Promise<boolean> => {
      await writer.flush()
      const isNew = isWhole && !this.has(root)
      await this.#keep(root, { ...rowOf(writer.nextOrder), complete: isWhole || this.has(root) })
      return isNew
    }
    return { writer, finish }
  }

  async #keep (root: CID, row: FileRow): Promise<void> {
    await this.#store.commit([fileRow(root, row)])
    const wasComplete = this.has(root)
    this.#held.set(root.toString(), { root, row })
    if (wasComplete !== row.complete) this.changed.emit({ root, isComplete: row.complete })
  }

  /** Passes on what is read; a file that turns out to be damaged is complete no more. */
  async * #watched<T> (root: CID, source: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield * source
    } catch (cause) {
      if (cause instanceof FileFault) await this.#markIncomplete(root)
      throw cause
    }
  }

  async #markIncomplete (root: CID): Promise<void> {
    const row = this.#held.get(root.toString())?.row
    if (row === undefined || !row.complete) return
    this.damagedCount++
    await this.#keep(root, { ...row, complete: false })
  }

  #makeRoom (root: CID): void {
    if (this.#held.size >= FILES_MAX && !this.#held.has(root.toString())) {
      throw new FileFault('full', `this node holds ${FILES_MAX} files and takes no more`)
    }
  }

  async #exclusively<T> (root: CID, work: () => Promise<T>): Promise<T> {
    const name = root.toString()
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(work)
    const settled = turn.then(() => {}, () => {})
    this.#turns.set(name, settled)
    try {
      return await turn
    } finally {
      if (this.#turns.get(name) === settled) this.#turns.delete(name)
    }
  }
}

/** A peer gets what is sound here and asks others for the rest. */
async function * upToDamage<T> (blocks: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield * blocks
  } catch (cause) {
    if (!(cause instanceof FileFault)) throw cause
  }
}

/** By the whole CID: bytes that are a node to one file may be the content of another. */
function fileRow (root: CID, row: FileRow): Row {
  return { type: 'put', key: fileKey(root.bytes), value: encodeFileRow(row) }
}
