import { equalBytes, fail, leafHash, MerkleLog, ok, readUint, type CID, type Result } from '../../base/index.ts'
import { decodeHeader, digestOfFederation, type Block, type FinalityProof } from '../../core/finality/index.ts'
import { encodeLightProof, memberProof, olderBlock, placedRecord, placeOf, type LightProof, type OlderBlock } from '../../core/light/index.ts'
import { certificateOf } from '../../core/ledger/index.ts'
import { makeKeptRecordProof, type RedactedSegment } from '../../core/sealing/index.ts'
import type { Store } from '../../host/index.ts'
import type { Consensus } from '../consensus/index.ts'
import type { Failure } from '../contract/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Members } from '../members/index.ts'
import { contentsOf, type KeysAtHand } from '../reading/index.ts'
import { finalDigestKey, rowsOf } from '../rows/index.ts'
import type { Anchors } from './anchors.ts'

type Unproved = Failure<'incomplete' | 'not-ready' | 'not-anchored'>

export type ProvingOptions = {
  readonly consensus: Pick<Consensus, 'federation' | 'state' | 'view' | 'block' | 'proof' | 'seals'>
  readonly anchors: Pick<Anchors, 'covering'>
  readonly feeds: Pick<Feeds, 'segment'>
  readonly keyring: KeysAtHand
  readonly members: Pick<Members, 'current'>
  readonly store: Pick<Store, 'entries'>
}

/** Makes light proofs: of one record, from its segment here to the finality of the block that anchored it. */
export class Proving {
  readonly #options: ProvingOptions
  /** Digests of final blocks by height, the charter's first. Read when the first proof is asked for. */
  readonly #log = new MerkleLog()

  constructor (options: ProvingOptions) {
    this.#options = options
    this.#log.append(leafHash(digestOfFederation(options.consensus.federation)))
  }

  /** The record with this number in the feed, under the first anchor that covers it. */
  async record (feed: Feed, number: number): Promise<Result<Uint8Array, Unproved>> {
    const { consensus, anchors, feeds, keyring } = this.#options
    const index = feed.segmentOf(number)
    const stored = index === undefined ? undefined : await feeds.segment(feed, index)
    const opened = stored === undefined ? undefined : contentsOf(keyring, feed, stored)
    if (opened?.ok === false && opened.failure.code === 'sealed') return incomplete(`record ${number} is sealed: ${opened.failure.reason}`)
    if (index === undefined || opened?.ok !== true) return incomplete(`record ${number} is not here`)
    const position = number - feed.leaf(index).first
    const contents = opened.value
    if (contents.kind === 'redacted' && contents.segment.items[position] instanceof Uint8Array) return incomplete(`record ${number} was erased by its publisher`)
    const anchor = await anchors.covering(feed.id, index + 1)
    if (anchor === undefined) {
      return fail({ code: 'not-anchored', reason: 'the ledger has no anchor of this record yet', hint: 'its publisher anchors new data once a minute; try again then' })
    }
    if (anchor.length > feed.log.length) return incomplete('less of the feed is here than was anchored')
    const block = await consensus.block(anchor.height)
    const place = block === undefined ? undefined : placeOf(block.body, anchor.transaction, anchor.operation)
    if (block === undefined || place === undefined) return notReady('the block of the anchor is not here: this node began with a later one')
    const certificates = this.#certificates([place.transaction.cert, feed.declaration.statement.certificate])
    if (certificates === undefined) return notReady('a certificate that the proof needs is not known here')
    const { publisher } = feed.declaration
    const isFounder = this.#options.members.current.charter.founders.some(({ member }) => member === publisher)
    const finality = isFounder ? await this.#finalityOf(block) : await this.#newestAbove(block)
    if (finality === undefined) return notReady('the ledger moves on just now, or began here with a later block')
    return ok(encodeLightProof({
      seals: finality.seals, finality: finality.proof,
      subject: {
        kind: 'record', older: finality.older, place, declaration: feed.statement, certificates,
        record: contents.kind === 'segment'
          ? placedRecord(contents.segment, position, feed.leafData(index), feed.log, anchor.length)
          : placedKeptRecord(contents.segment, position, feed.leafData(index), feed.log, anchor.length),
        member: isFounder ? null : memberProof(finality.state, publisher)
      }
    }))
  }

  #certificates (ids: readonly CID[]): readonly Uint8Array[] | undefined {
    const unique = new Map(ids.map(id => [id.toString(), id]))
    const found = [...unique.values()].flatMap(id =>
      this.#options.members.current.certificate(id)?.envelope ?? certificateOf(this.#options.consensus.state, id)?.envelope ?? [])
    return found.length === unique.size ? found : undefined
  }

  /** By the first certificate at or above the block: in its epoch, so with the fewest seals. */
  async #finalityOf (block: Block): Promise<Finality | undefined> {
    const { consensus } = this.#options
    const { height, epoch } = block.header
    const whole = await consensus.proof(height)
    const seals = await this.#seals(epoch)
    if (whole === undefined || seals === undefined) return undefined
    for (const [at, header] of [...whole.headers.entries()].toReversed()) {
      const decoded = decodeHeader(header)
      if (!decoded.ok) return undefined
      // Flush blocks below a seal were discarded: no log holds them.
      const kept = await consensus.block(decoded.value.header.height)
      if (kept === undefined || !equalBytes(kept.digest, decoded.value.digest)) continue
      const proof = { headers: whole.headers.slice(at), cert: whole.cert }
      if (at === 0) return { seals, proof, older: null, state: consensus.state }
      const older = await this.#older(block, decoded.value.header.height)
      return older === undefined ? undefined : { seals, proof, older, state: consensus.state }
    }
    return undefined
  }

  /** By the newest final block, whose state is at hand. */
  async #newestAbove (block: Block): Promise<Finality | undefined> {
    const { consensus } = this.#options
    const { height, epoch } = consensus.view
    const { state } = consensus
    const newest = await consensus.block(height)
    const proof = await consensus.proof(height)
    if (newest === undefined || proof === undefined || !equalBytes(newest.header.stateRoot, state.map.root)) return undefined
    const seals = await this.#seals(Math.min(epoch, newest.header.epoch))
    if (seals === undefined) return undefined
    if (block.header.height === height) return { seals, proof, older: null, state }
    const older = await this.#older(block, height)
    return older === undefined ? undefined : { seals, proof, older, state }
  }

  async #older (block: Block, finalHeight: number): Promise<OlderBlock | undefined> {
    if (!await this.#readLog(finalHeight)) return undefined
    return olderBlock(block.bytes, block.header.height, finalHeight, this.#log)
  }

  async #seals (epoch: number): Promise<readonly FinalityProof[] | undefined> {
    const seals: FinalityProof[] = []
    while (seals.length < epoch) {
      const some = await this.#options.consensus.seals(seals.length)
      if (some.length === 0) return undefined
      seals.push(...some)
    }
    return seals.slice(0, epoch)
  }

  /** Digests of all blocks below a height; false where some are not here. */
  async #readLog (height: number): Promise<boolean> {
    if (this.#log.length >= height) return true
    const from = this.#log.length
    const digests = new Map<number, Uint8Array>()
    const range = rowsOf('finalDigest')
    const prefix = finalDigestKey(new Uint8Array(0)).length
    for await (const { key, read } of this.#options.store.entries(range)) {
      const at = read.state === 'found' ? readUint(read.value, 0, 8) : undefined
      if (at !== undefined && at >= from && at < height) digests.set(at, key.slice(prefix))
    }
    while (this.#log.length < height) {
      const digest = digests.get(this.#log.length)
      if (digest === undefined) return false
      this.#log.append(leafHash(digest))
    }
    return true
  }
}

type Finality = Pick<LightProof, 'seals'> & {
  readonly proof: FinalityProof, readonly older: OlderBlock | null, readonly state: Consensus['state']
}

function incomplete (reason: string): Result<never, Unproved> {
  return fail({ code: 'incomplete', reason, hint: 'fetch the dataset first with "hanse get"' })
}

function notReady (reason: string): Result<never, Unproved> {
  return fail({ code: 'not-ready', reason, hint: 'try again in a moment, or ask another member for the proof' })
}

/** As `placedRecord`, of a segment from which others were erased. */
function placedKeptRecord (redacted: RedactedSegment, position: number, leafData: Uint8Array, log: MerkleLog, length: number): ReturnType<typeof placedRecord> {
  const path = log.inclusion(redacted.index, length)
  const { salt, record, path: recordPath } = makeKeptRecordProof({ head: new Uint8Array(0), leafData, index: redacted.index, path }, redacted, position, [])
  return { leafData, index: redacted.index, path, position, salt, record, recordPath }
}
