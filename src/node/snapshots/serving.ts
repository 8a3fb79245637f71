import { cutMap, hex, leafHash, Peaks, type CID, type MapChunk, type MerkleMap } from '../../base/index.ts'
import { appendLog, type FinalBlock, type Log } from '../../core/consensus/index.ts'
import { digestOfFederation, encodeFinalityProof, type Block, type FinalityProof } from '../../core/finality/index.ts'
import type { Peer, Reply } from '../../host/index.ts'
import { decodeSnapshotRequest, encodeOffer, encodeSeals, SEALS_BYTES_MAX, SEALS_MAX, type SnapshotRequest } from './messages.ts'

/** States that are held for others to fetch; they share what did not change between them. */
const CUTS_MAX = 3
/** Blocks whose digests are read to find the peaks below the newest block after a start; beyond, the next block is waited for. */
const READ_BACK_BLOCKS_MAX = 4_095
const NOTHING = new Uint8Array(0)

type State = { readonly map: MerkleMap }
type Standing = { readonly height: number, readonly log: Log, readonly state: State }
/** A final state, the log of all blocks below its block, and its parts, once somebody asks for them. */
type Cut = {
  readonly height: number
  readonly below: Log
  readonly map: MerkleMap
  parts: { readonly manifest: Uint8Array, readonly chunks: ReadonlyMap<string, MapChunk> } | undefined
}

export type SnapshotServerOptions = {
  readonly federation: CID
  /** A state is held every so many blocks, at the same heights everywhere, so that several nodes serve the same. */
  readonly cutEveryBlocks: number
  readonly block: (height: number) => Promise<Block | undefined>
  readonly proof: (height: number) => Promise<FinalityProof | undefined>
  readonly seals: (fromEpoch: number) => Promise<readonly FinalityProof[]>
}

/** Answers those who are too far behind to take every block. */
export class SnapshotServer {
  readonly #options: SnapshotServerOptions
  readonly #cuts: Cut[] = []
  #standing: Standing
  #newest: Cut | undefined

  constructor (options: SnapshotServerOptions, standing: Standing) {
    this.#options = options
    this.#standing = standing
  }

  /** The newest final block is another now, and blocks did not lead to it. */
  begin (standing: Standing): void {
    this.#standing = standing
    this.#newest = undefined
  }

  /** Blocks became final, in order. */
  follow (blocks: readonly Pick<FinalBlock<State>, 'block' | 'state'>[]): void {
    for (const { block: { header: { height }, digest }, state } of blocks) {
      const { log: below } = this.#standing
      if (height !== below.length) continue
      this.#standing = { height, log: appendLog(below, digest), state }
      this.#newest = { height, below, map: state.map, parts: undefined }
      if (height % this.#options.cutEveryBlocks === 0) this.#hold(this.#newest)
    }
  }

  async answer (peer: Peer, body: Uint8Array, reply: Reply): Promise<void> {
    const request = decodeSnapshotRequest(body)
    if (!request.ok) {
      peer.blame('a request for a snapshot that is none')
      return reply.error('unknown', 'not a request of this protocol')
    }
    const found = await this.#find(request.value)
    if (found === undefined) return reply.error('gone', 'not held here')
    await reply.send(found)
    reply.end(NOTHING)
  }

  async #find (request: SnapshotRequest): Promise<Uint8Array | undefined> {
    switch (request.kind) {
      case 'offer': return this.#offer(request.aboveHeight)
      case 'seals': return this.#seals(request.fromEpoch)
      case 'manifest': return partsOf(this.#cuts.find(({ map }) => hex(map.root) === hex(request.stateRoot)))?.manifest
      case 'chunk': {
        const name = hex(request.hash)
        for (const cut of this.#cuts) {
          const chunk = partsOf(cut)?.chunks.get(name)
          if (chunk !== undefined) return chunk.encode()
        }
        return undefined
      }
    }
  }

  /** The newest state that is held; the present one, where that is too old. */
  async #offer (aboveHeight: number): Promise<Uint8Array | undefined> {
    if (this.#standing.height <= aboveHeight) return undefined
    let [cut] = this.#cuts
    if (cut === undefined || cut.height + this.#options.cutEveryBlocks <= this.#standing.height) {
      this.#newest ??= await this.#restored(this.#standing)
      if (this.#newest !== undefined) this.#hold(this.#newest)
      cut = this.#newest ?? cut
    }
    if (cut === undefined || cut.height <= aboveHeight) return undefined
    const proof = await this.#options.proof(cut.height)
    return proof && encodeOffer({ height: cut.height, proof: encodeFinalityProof(proof), peaks: cut.below.peaks })
  }

  async #seals (fromEpoch: number): Promise<Uint8Array> {
    const proofs: Uint8Array[] = []
    let sizeBytes = 0
    for (const proof of await this.#options.seals(fromEpoch)) {
      const encoded = encodeFinalityProof(proof)
      sizeBytes += encoded.length + 8
      if (proofs.length >= SEALS_MAX || (proofs.length > 0 && sizeBytes > SEALS_BYTES_MAX / 2)) break
      proofs.push(encoded)
    }
    return encodeSeals(proofs)
  }

  #hold (cut: Cut): void {
    if (this.#cuts[0] === cut) return
    this.#cuts.unshift(cut)
    this.#cuts.length = Math.min(this.#cuts.length, CUTS_MAX)
  }

  /**
   * The newest block after a start: its digest is in the log already, and peaks do not tell what they were made of. As many
   * blocks as ones at the end of the height's bits are read again; mostly none.
   */
  async #restored ({ height, log, state }: Standing): Promise<Cut | undefined> {
    let merged = 0
    for (let rest = height; rest % 2 === 1; rest = Math.floor(rest / 2)) merged = 2 * merged + 1
    if (height === 0 || merged > READ_BACK_BLOCKS_MAX) return undefined
    const peaks = new Peaks(height - merged, log.peaks.slice(0, -1))
    for (let at = height - merged; at < height; at++) {
      const digest = at === 0 ? digestOfFederation(this.#options.federation) : (await this.#options.block(at))?.digest
      if (digest === undefined) return undefined
      peaks.append(leafHash(digest))
    }
    if (this.#standing.height !== height) return this.#newest
    const joined = peaks.toBytes()
    const below = { length: height, peaks: Array.from({ length: joined.length / 32 }, (_, at) => joined.slice(32 * at, 32 * at + 32)) }
    return { height, below, map: state.map, parts: undefined }
  }
}

function partsOf (cut: Cut | undefined): Cut['parts'] {
  if (cut === undefined) return undefined
  if (cut.parts === undefined) {
    const { manifest, chunks } = cutMap(cut.map)
    cut.parts = { manifest, chunks: new Map(chunks.map(chunk => [hex(chunk.hash), chunk])) }
  }
  return cut.parts
}
