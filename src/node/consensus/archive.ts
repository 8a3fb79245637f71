import { assert, readUint, u64 } from '../../base/index.ts'
import { archiveAnswer, type ArchiveReader, type ArchiveRequest, type PeerName } from '../../core/consensus/index.ts'
import {
  decodeBlock, decodeFinalityProof, decodeHeader, encodeBlock, encodeFinalityProof, SEAL, type Block, type FinalityProof
} from '../../core/finality/index.ts'
import type { KeyRange, Row, Store } from '../../host/index.ts'
import { finalBlockKey, finalDigestKey, finalityKey, rowsOf, sealHeightKey } from '../rows/index.ts'

const RANGE_BYTES_MAX = 1024 * 1024
const RANGE_BLOCKS_MAX = 64
const SEALS_MAX = 64
const REQUESTS_WAITING_MAX = 64
const REQUESTS_WAITING_PER_PEER_MAX = 4

const NOTHING: ArchiveReader = {
  tipHeight: 0, blockAt: () => undefined, blockOf: () => undefined, proofAt: () => undefined, sealOf: () => undefined
}

/** A block as it was sealed, for those who ask for it. */
type Kept = { readonly height: number, readonly block: Block, readonly bytes: Uint8Array }

/** Rows of blocks that became final together, the last of them proven. */
export function archiveRows (blocks: readonly Block[], proof: FinalityProof): readonly Row[] {
  const newest = blocks.at(-1)
  assert(newest !== undefined, 'something became final')
  const rows = blocks.flatMap((block): Row[] => {
    const { height, epoch, type } = block.header
    return [
      { type: 'put', key: finalBlockKey(height), value: encodeBlock(block) },
      { type: 'put', key: finalDigestKey(block.digest), value: u64(height) },
      ...type === SEAL ? [{ type: 'put', key: sealHeightKey(epoch), value: u64(height) } as const] : []
    ]
  })
  return [...rows, { type: 'put', key: finalityKey(newest.header.height), value: encodeFinalityProof(proof) }]
}

/** Rows of blocks that are proven and not here: a snapshot's, and the seals that led to it. */
export function provenRows (proofs: readonly FinalityProof[]): readonly Row[] {
  return proofs.flatMap((proof): Row[] => {
    const [first] = proof.headers
    const decoded = first === undefined ? undefined : decodeHeader(first)
    assert(decoded?.ok === true, 'a proof that was verified')
    const { height, epoch, type } = decoded.value.header
    return [
      { type: 'put', key: finalityKey(height), value: encodeFinalityProof(proof) },
      ...type === SEAL ? [{ type: 'put', key: sealHeightKey(epoch), value: u64(height) } as const] : []
    ]
  })
}

export type ArchiveOptions = {
  readonly store: Store
  readonly bodyBytesMax: number
  readonly send: (peer: PeerName, message: Uint8Array) => void
  readonly onFatal: (cause: unknown) => void
}

/** All final blocks with their proofs, read from the store; answers what peers ask, one request after the other. */
export class Archive {
  readonly #options: ArchiveOptions
  readonly #waiting: { readonly peer: PeerName, readonly request: ArchiveRequest }[] = []
  #isAnswering = false
  #hasStopped = false

  constructor (options: ArchiveOptions) {
    this.#options = options
  }

  /** Drops what is too much: who asked asks another. */
  ask (peer: PeerName, request: ArchiveRequest): void {
    const ofPeer = this.#waiting.filter(each => each.peer === peer).length
    if (this.#waiting.length >= REQUESTS_WAITING_MAX || ofPeer >= REQUESTS_WAITING_PER_PEER_MAX) return
    this.#waiting.push({ peer, request })
    if (this.#isAnswering) return
    this.#isAnswering = true
    void this.#answerAll()
  }

  stop (): void {
    this.#hasStopped = true
    this.#waiting.length = 0
  }

  async block (height: number): Promise<Block | undefined> {
    return (await this.#kept(height))?.block
  }

  async blockOfDigest (digest: Uint8Array): Promise<Block | undefined> {
    const height = await this.#number(finalDigestKey(digest))
    return height === undefined ? undefined : this.block(height)
  }

  /** Final blocks from a height on, a mebibyte and `max` of them at most, but one at least where there is one. */
  async blocks (fromHeight: number, max: number): Promise<readonly Kept[]> {
    const blocks: Kept[] = []
    let sizeBytes = 0
    const range = { from: finalBlockKey(fromHeight), to: rowsOf('finalBlock').to, limit: Math.min(max, RANGE_BLOCKS_MAX) }
    for await (const { read } of this.#options.store.entries(range)) {
      const kept = read.state === 'found' ? this.#decode(read.value) : undefined
      if (kept === undefined || kept.height !== fromHeight + blocks.length) break
      sizeBytes += kept.bytes.length
      if (blocks.length > 0 && sizeBytes > RANGE_BYTES_MAX) break
      blocks.push(kept)
    }
    return blocks
  }

  /** Proof that the block of this height is final, by the next block that was proven. */
  async proof (height: number): Promise<FinalityProof | undefined> {
    const [next] = await this.#proofsOf({ from: finalityKey(height), to: rowsOf('finality').to, limit: 1 })
    if (next === undefined) return undefined
    const [provenHeight, { headers, cert }] = next
    const between: Uint8Array[] = []
    for (let at = height; at < provenHeight; at++) {
      const block = await this.block(at)
      if (block === undefined) return undefined
      between.push(block.bytes)
    }
    return { headers: [...between, ...headers], cert }
  }

  /** Proofs of the seals that ended the epochs from this one on. */
  async seals (fromEpoch: number): Promise<readonly FinalityProof[]> {
    const proofs: FinalityProof[] = []
    for await (const { key } of this.#options.store.entries({ from: sealHeightKey(fromEpoch), to: rowsOf('sealHeight').to, limit: SEALS_MAX })) {
      const height = await this.#number(key)
      const proof = height === undefined ? undefined : await this.proof(height)
      if (proof === undefined) break
      proofs.push(proof)
    }
    return proofs
  }

  async #answerAll (): Promise<void> {
    const { send, onFatal } = this.#options
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const { peer, request } = next
        const messages = await this.#answer(request)
        if (this.#hasStopped) return
        for (const message of messages) send(peer, message)
      }
    } catch (error) {
      if (!this.#hasStopped) onFatal(error)
    } finally {
      this.#isAnswering = false
    }
  }

  async #answer (request: ArchiveRequest): Promise<readonly Uint8Array[]> {
    switch (request.kind) {
      case 'block': {
        const block = await this.blockOfDigest(request.digest)
        return archiveAnswer({ ...NOTHING, blockOf: () => block }, request)
      }
      case 'range': {
        const { blocks, proofs } = await this.#proven(await this.blocks(request.fromHeight, request.max))
        const tipHeight = Math.max(request.fromHeight, ...blocks.keys())
        return archiveAnswer({ ...NOTHING, tipHeight, blockAt: height => blocks.get(height), proofAt: height => proofs.get(height) }, request)
      }
      case 'seals': {
        const proofs = await this.seals(request.fromEpoch)
        return archiveAnswer({ ...NOTHING, sealOf: epoch => proofs[epoch - request.fromEpoch] }, request)
      }
    }
  }

  /**
   * Blocks up to one that is proven itself, if there is one: a proof by a later block needs all headers in between, which are
   * added then.
   */
  async #proven (found: readonly Kept[]): Promise<{ readonly blocks: ReadonlyMap<number, Block>, readonly proofs: ReadonlyMap<number, FinalityProof> }> {
    const blocks = new Map(found.map(({ height, block }) => [height, block]))
    const [first, last] = [found[0], found.at(-1)]
    if (first === undefined || last === undefined) return { blocks, proofs: new Map() }
    const within = await this.#proofsOf({ from: finalityKey(first.height), to: finalityKey(last.height + 1) })
    const proven = Math.max(...within.keys())
    if (within.size > 0) {
      for (const { height } of found) if (height > proven) blocks.delete(height)
      return { blocks, proofs: within }
    }
    const next = await this.#proofsOf({ from: finalityKey(last.height), to: rowsOf('finality').to, limit: 1 })
    const [until = last.height] = next.keys()
    for (let height = last.height + 1; height <= until; height++) {
      const block = await this.block(height)
      if (block !== undefined) blocks.set(height, block)
    }
    return { blocks, proofs: next }
  }

  async #proofsOf (range: KeyRange): Promise<ReadonlyMap<number, FinalityProof>> {
    const proofs = new Map<number, FinalityProof>()
    for await (const { key, read } of this.#options.store.entries(range)) {
      const height = readUint(key, 1, 8)
      const proof = read.state === 'found' ? decodeFinalityProof(read.value) : undefined
      if (height !== undefined && proof?.ok === true) proofs.set(height, proof.value)
    }
    return proofs
  }

  async #kept (height: number): Promise<Kept | undefined> {
    const read = await this.#options.store.get(finalBlockKey(height))
    return read.state === 'found' ? this.#decode(read.value) : undefined
  }

  #decode (bytes: Uint8Array): Kept | undefined {
    const block = decodeBlock(bytes, this.#options.bodyBytesMax)
    return block.ok ? { height: block.value.header.height, block: block.value, bytes } : undefined
  }

  async #number (key: Uint8Array): Promise<number | undefined> {
    const read = await this.#options.store.get(key)
    return read.state === 'found' ? readUint(read.value, 0, 8) : undefined
  }
}
