import {
  bagPeaks, equalBytes, hex, MAP_CHUNK_BYTES_MAX, MerkleMap, openMapChunk, openMapManifest, type MapEntry
} from '../../base/index.ts'
import type { Log } from '../../core/consensus/index.ts'
import {
  decodeFinalityProof, decodeHeader, nextAnchor, SEAL, verifyFinality, type Anchor, type FinalityProof, type Scheme, type SignedHeader
} from '../../core/finality/index.ts'
import type { Clock, Log as WriteLog, Peer, PeerId } from '../../host/index.ts'
import { ask, type Answer } from './asking.ts'
import { decodeOffer, decodeSeals, OFFER_BYTES_MAX, SEALS_BYTES_MAX, type Offer, type SnapshotRequest } from './messages.ts'

const CHUNKS_AT_ONCE = 4
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024

/** A snapshot that seals and a certificate prove, before any of it is fetched. */
export type Shown = {
  /** From the epoch on in which the fetch began. */
  readonly fromEpoch: number
  readonly seals: readonly FinalityProof[]
  /** Of the epochs that they lead through, the first and the one after the newest block among them. */
  readonly anchors: readonly Anchor[]
  readonly header: SignedHeader
  readonly proof: FinalityProof
  readonly log: Log
}

/** With the state, which is the one that the header names. */
export type Fetched = Shown & { readonly map: MerkleMap }

export type SnapshotFetcherOptions = {
  readonly protocol: string
  readonly scheme: Scheme
  readonly clock: Clock
  /** What this node knows for certain: the epoch it has reached, and the height of its newest final block. */
  readonly anchor: () => Anchor
  readonly height: () => number
  /** Fewer blocks than these behind, blocks are taken one by one. */
  readonly lagBlocks: () => number
  /** After everybody who could help has failed, or somebody did not answer, all are asked again. */
  readonly retryMs: number
  /** Whether the history that was shown may be believed beyond its proofs. */
  readonly isTrusted: (shown: Shown) => boolean
  readonly adopt: (fetched: Fetched) => Promise<boolean>
  readonly onFatal: (cause: unknown) => void
  readonly log: WriteLog
}

/** `offer`: null while there is none, or none any more. `asked`: resolves when it has answered. `isSilent`: it did not, as while it starts. */
type Source = { readonly peer: Peer, offer: Offer | null, asked: Promise<void>, isSilent: boolean }

/**
 * Fetches the newest proven state that connected members hold, when this node is far behind it.
 *
 * Nothing is believed for being said: the way leads over seals from this node's own epoch to a certificate, from there to the
 * manifest, and from there to each chunk. What one node sent stays when it leaves, since chunks are known by their hashes; who
 * sends something wrong is blamed and asked no more.
 */
export class SnapshotFetcher {
  readonly #options: SnapshotFetcherOptions
  readonly #sources = new Map<PeerId, Source>()
  /** Of the state that is being fetched, and of those that were begun before. */
  readonly #chunks = new Map<string, readonly MapEntry[]>()
  readonly #stopped = new AbortController()
  #isRunning = false
  /** There is a new answer to look at. */
  #isLookedFor = false
  #cancelRetry: (() => void) | undefined

  constructor (options: SnapshotFetcherOptions) {
    this.#options = options
  }

  up (peer: Peer): void {
    const source: Source = { peer, offer: null, asked: Promise.resolve(), isSilent: false }
    this.#sources.set(peer.peerId, source)
    this.#look([source])
  }

  down (peer: Peer): void {
    if (this.#sources.get(peer.peerId)?.peer === peer) this.#sources.delete(peer.peerId)
  }

  /** Asks everybody anew: what is trusted has changed, say. */
  askAgain (): void {
    this.#look([...this.#sources.values()])
  }

  /** Who comes while a state is being fetched may help with it. */
  #look (sources: readonly Source[]): void {
    if (this.#stopped.signal.aborted) return
    for (const source of sources) source.asked = this.#askOffer(source).catch(this.#options.onFatal)
    this.#isLookedFor = true
    if (this.#isRunning) return
    this.#isRunning = true
    this.#runAll().catch(this.#options.onFatal)
  }

  stop (): void {
    this.#stopped.abort()
    this.#cancelRetry?.()
  }

  async #runAll (): Promise<void> {
    try {
      while (this.#isLookedFor && !this.#stopped.signal.aborted) {
        this.#isLookedFor = false
        await this.#run()
      }
    } finally {
      // In the same moment as the last look: whoever comes one turn later would not be looked at.
      this.#isRunning = false
    }
  }

  async #run (): Promise<void> {
    await Promise.all([...this.#sources.values()].map(({ asked }) => asked))
    let isBehind = false
    for (let source = this.#best(); source !== undefined && !this.#stopped.signal.aborted; source = this.#best()) {
      const shown = await this.#show(source)
      if (shown === undefined) continue
      if (!this.#options.isTrusted(shown)) return
      isBehind = true
      const map = await this.#fetch(shown)
      if (map === undefined || this.#stopped.signal.aborted) continue
      const isAdopted = await this.#options.adopt({ ...shown, map })
      const { height } = shown.header.header
      for (const each of this.#sources.values()) if (isAdopted || each.offer?.height === height) each.offer = null
      if (isAdopted) isBehind = false
    }
    if (isBehind || [...this.#sources.values()].some(({ isSilent }) => isSilent)) this.#retryLater()
    if (!isBehind) this.#chunks.clear()
  }

  #retryLater (): void {
    this.#cancelRetry ??= this.#options.clock.wake(this.#options.retryMs, () => {
      this.#cancelRetry = undefined
      this.askAgain()
    })
  }

  #ask (peer: Peer, request: SnapshotRequest, sizeBytesMax: number): Promise<Answer> {
    const { protocol, clock } = this.#options
    return ask(peer, protocol, request, sizeBytesMax, clock, this.#stopped.signal)
  }

  async #askOffer (source: Source): Promise<void> {
    const { height, lagBlocks } = this.#options
    const answer = await this.#ask(source.peer, { kind: 'offer', aboveHeight: height() + lagBlocks() }, OFFER_BYTES_MAX)
    const offer = answer.type === 'found' ? decodeOffer(answer.bytes) : undefined
    source.offer = offer ?? null
    source.isSilent = answer.type === 'silent'
    if (answer.type === 'wrong' || (answer.type === 'found' && offer === undefined)) this.#blame(source, 'an offer of a snapshot that is none')
  }

  /** The highest claim is looked at first; it counts for nothing until it is proven. */
  #best (): Source | undefined {
    const above = this.#options.height() + this.#options.lagBlocks()
    let best: Source | undefined
    for (const source of this.#sources.values()) {
      if (source.offer !== null && source.offer.height > above && source.offer.height > (best?.offer?.height ?? 0)) best = source
    }
    return best
  }

  #blame (source: Source, reason: string): void {
    source.offer = null
    source.peer.blame(reason)
  }

  // --- Proof -------------------------------------------------------------------------------------------------------

  /** Follows the seals up to what is offered; undefined where that does not prove it. */
  async #show (source: Source): Promise<Shown | undefined> {
    const { scheme, height: heightNow } = this.#options
    const { offer } = source
    let anchor = this.#options.anchor()
    const fromEpoch = anchor.epoch
    const proof = offer == null ? undefined : decodeFinalityProof(offer.proof)
    const first = proof?.ok === true && proof.value.headers[0] !== undefined ? decodeHeader(proof.value.headers[0]) : undefined
    if (offer == null || proof?.ok !== true || first?.ok !== true) return this.#unproven(source)
    const [seals, anchors]: [FinalityProof[], Anchor[]] = [[], [anchor]]
    while (anchor.epoch < first.value.header.epoch) {
      const answer = await this.#ask(source.peer, { kind: 'seals', fromEpoch: anchor.epoch }, SEALS_BYTES_MAX)
      if (answer.type !== 'found' && answer.type !== 'wrong') {
        source.offer = null
        source.isSilent = answer.type === 'silent'
        return undefined
      }
      const some = answer.type === 'found' ? decodeSeals(answer.bytes) : undefined
      if (some === undefined || some.length === 0) return this.#unproven(source)
      for (const encoded of some) {
        if (anchor.epoch === first.value.header.epoch) break
        const seal = decodeFinalityProof(encoded)
        const next = seal.ok ? nextAnchor(anchor, scheme, seal.value) : undefined
        if (!seal.ok || next?.ok !== true) return this.#unproven(source)
        anchor = next.value
        seals.push(seal.value)
        anchors.push(anchor)
      }
    }
    const verified = verifyFinality(anchor, scheme, proof.value)
    if (!verified.ok) return this.#unproven(source)
    const { header } = verified.value
    const log = { length: header.header.height, peaks: offer.peaks }
    if (header.header.height !== offer.height || !equalBytes(bagPeaks(offer.peaks), header.header.logRoot)) return this.#unproven(source)
    if (header.header.height <= heightNow()) {
      source.offer = null
      return undefined
    }
    const after = header.header.type === SEAL ? nextAnchor(anchor, scheme, proof.value) : undefined
    if (after?.ok === false) return this.#unproven(source)
    return { fromEpoch, seals, anchors: after === undefined ? anchors : [...anchors, after.value], header, proof: proof.value, log }
  }

  #unproven (source: Source): undefined {
    this.#blame(source, 'an offer of a snapshot that is not proven')
    return undefined
  }

  // --- State -------------------------------------------------------------------------------------------------------

  async #fetch (shown: Shown): Promise<MerkleMap | undefined> {
    const { height, stateRoot } = shown.header.header
    const offering = (): readonly Source[] => [...this.#sources.values()].filter(({ offer }) => offer?.height === height)
    const hashes = await this.#manifest(stateRoot, offering)
    if (hashes === undefined) return undefined
    this.#options.log('info', 'fetching a state of the ledger, which saves its blocks', { height, chunks: hashes.length })
    const wanted = hashes.filter(hash => !this.#chunks.has(hex(hash)))
    let hasAll = true
    const work = async (worker: number): Promise<void> => {
      for (let hash = wanted.pop(); hash !== undefined && hasAll; hash = wanted.pop()) {
        if (!await this.#chunk(hash, offering, worker)) hasAll = false
      }
    }
    await Promise.all(Array.from({ length: CHUNKS_AT_ONCE }, (_, worker) => work(worker)))
    if (!hasAll) return undefined
    const entries = hashes.map(hash => this.#chunks.get(hex(hash)) ?? [])
    const map = MerkleMap.of(entries.flat())
    return equalBytes(map.root, stateRoot) ? map : undefined
  }

  async #manifest (stateRoot: Uint8Array, offering: () => readonly Source[]): Promise<readonly Uint8Array[] | undefined> {
    for (let [source] = offering(); source !== undefined; [source] = offering()) {
      const answer = await this.#ask(source.peer, { kind: 'manifest', stateRoot }, MANIFEST_BYTES_MAX)
      const opened = answer.type === 'found' ? openMapManifest(answer.bytes, stateRoot) : undefined
      if (opened?.ok === true) return opened.value
      if (answer.type === 'found' || answer.type === 'wrong') this.#blame(source, 'a manifest that is not of the state it offers')
      else source.offer = null
    }
    return undefined
  }

  /** Workers begin with different nodes, so that all share the load. */
  async #chunk (hash: Uint8Array, offering: () => readonly Source[], worker: number): Promise<boolean> {
    for (let sources = offering(); sources.length > 0; sources = offering()) {
      const source = sources[worker % sources.length]
      if (source === undefined) return false
      const answer = await this.#ask(source.peer, { kind: 'chunk', hash }, MAP_CHUNK_BYTES_MAX)
      const opened = answer.type === 'found' ? openMapChunk(answer.bytes, hash) : undefined
      if (opened?.ok === true) {
        this.#chunks.set(hex(hash), opened.value)
        return true
      }
      if (answer.type === 'found' || answer.type === 'wrong') this.#blame(source, 'a part of a state that is not what it is called')
      else source.offer = null
    }
    return false
  }
}
