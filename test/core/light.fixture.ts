import { compareBytes, EMPTY_ROOT, hex, leafHash, MerkleLog, sha256, utf8, type CID } from '../../src/base/index.ts'
import {
  declareFeed, decodeDeclaration, leafHashOf, openSegment, type ClosedSegment, type Declaration, type FeedRecord
} from '../../src/core/feed/index.ts'
import {
  assembleCert, digestOfFederation, FINALIZE, FLUSH, leaderOf, makeBlock, NORMAL, realScheme, SEAL, validatorSet, voteSignBytes,
  type Block, type BlockType, type Cert, type FinalityProof, type Seal, type ValidatorSet
} from '../../src/core/finality/index.ts'
import { signingKeyOfSeed, signStatement, type SigningKey } from '../../src/core/identity/index.ts'
import {
  memberProof, olderBlock, placedRecord, placeOf, type LightProof, type OperationPlace, type PlacedRecord
} from '../../src/core/light/index.ts'
import { bodyRootOf, encodeOperation, OPERATIONS, type LedgerTransaction } from '../../src/core/ledger/index.ts'
import { segmentOf } from './feed.fixture.ts'
import { certificateOf, cities, FOUNDED_MS, valueOf, type City } from './identity.fixture.ts'
import { bodyOf, chainOf, operations, type Chain } from './ledger.fixture.ts'

/** A ledger whose blocks are final because a quorum's keys are at hand: as consensus would have made it. */
export class FinalChain {
  readonly chain: Chain
  readonly blocks: Block[] = []
  /** Digests by height, the charter's first. */
  readonly log = new MerkleLog()
  readonly seals: FinalityProof[] = []
  readonly #keys = new Map<string, SigningKey>()
  #base: { digest: Uint8Array, height: number, view: number }

  constructor (founders: number) {
    this.chain = chainOf(cities(founders))
    for (const { consensus } of this.chain.founders) this.#keys.set(hex(consensus.publicKey), consensus)
    const digest = digestOfFederation(this.chain.charter.federation)
    this.log.append(leafHash(digest))
    this.#base = { digest, height: 0, view: 0 }
    this.add(this.chain.founders.map(city => this.chain.byNode(city, [operations.nodePut(this.chain, city)])))
  }

  get #set (): ValidatorSet {
    return valueOf(validatorSet(this.chain.validators.toSorted((a, b) => compareBytes(a.key, b.key)), realScheme))
  }

  /** A block of these transactions. `shown`: what it says to hold, where its validators lie. */
  add (transactions: readonly LedgerTransaction[], shown: readonly LedgerTransaction[] = transactions): Block {
    const due = this.chain.ledger.due(this.chain.state)
    const set = this.#set
    const type = due === null ? (shown.length === 0 ? FLUSH : NORMAL) : SEAL
    const seal: Seal | null = due === null ? null : sealOf(due, this.#base)
    const { epoch } = this.chain
    this.chain.run(transactions, { type })
    const block = this.#block(set, epoch, type, shown, seal, this.#base.view + 1)
    this.blocks.push(block)
    this.log.append(leafHash(block.digest))
    if (seal !== null) {
      this.seals.push(this.proofOf(block, set))
      this.#base = { digest: block.digest, height: block.header.height, view: 0 }
    } else this.#base.view++
    return block
  }

  #block (set: ValidatorSet, epoch: number, type: BlockType, transactions: readonly LedgerTransaction[], seal: Seal | null, view: number): Block {
    const { height, timeMs, state, charter: { federation } } = this.chain
    return makeBlock({
      federation, epoch, view, height, parent: this.blocks.at(-1)?.digest ?? this.#base.digest, parentView: view - 1, timeMs,
      proposer: leaderOf(set, this.#base.digest, view), type, validatorsHash: set.hash, bodyRoot: transactions.length === 0 ? EMPTY_ROOT : bodyRootOf(transactions.map(({ idBytes }) => idBytes)),
      stateRoot: state.map.root, logRoot: this.log.root(), seal, just: { parentCert: null, nulls: [] }, evidence: [], body: bodyOf(transactions)
    })
  }

  /** That this block is final, by its own certificate. */
  proofOf (block: Block, set: ValidatorSet = this.#set): FinalityProof {
    return { headers: [block.bytes], cert: this.certOf(block, set) }
  }

  certOf ({ header: { federation, epoch, view }, digest }: Block, set: ValidatorSet): Cert {
    const fields = { epoch, view, type: FINALIZE, digest } as const
    const votes = set.validators.slice(0, set.quorum).map(({ key }, signer) => {
      const signing = this.#keys.get(hex(key))
      if (signing === undefined) throw new Error('a key of ours')
      return { ...fields, signer, signature: signing.sign(voteSignBytes(federation, fields)) }
    })
    return assembleCert(set, votes)
  }

  /** The newest block is made final again and again by replacing a key: so many epochs begin. */
  rotate (times: number): void {
    const [first] = this.chain.founders
    if (first === undefined) throw new Error('a founder')
    let old = first.consensus
    for (let i = 0; i < times; i++) {
      const key = signingKeyOfSeed(sha256(utf8(`rotated ${i}`)))
      this.#keys.set(hex(key.publicKey), key)
      this.add([this.chain.byNode(first, [operations.rotate(this.chain, first, 'consensus', old, key)])])
      this.add([])
      old = key
    }
  }
}

function sealOf (due: { readonly validators: Seal['nextValidators'], readonly paramsHash: Uint8Array, readonly version: number }, base: { readonly digest: Uint8Array, readonly height: number }): Seal {
  const set = valueOf(validatorSet(due.validators.toSorted((a, b) => compareBytes(a.key, b.key)), realScheme))
  return {
    nextValidators: set.validators, nextValidatorsHash: set.hash, nextParamsHash: due.paramsHash, nextVersion: due.version,
    prevSeal: base.digest, prevSealHeight: base.height
  }
}

export type PublishedFeed = {
  readonly city: City
  readonly declaration: Declaration
  readonly log: MerkleLog
  readonly segments: readonly ClosedSegment[]
  readonly datasetPut: Uint8Array
  readonly anchor: (length: number, ...others: readonly (readonly [CID, number])[]) => Uint8Array
}

export const recordNamed = (name: string): FeedRecord => ({
  key: utf8(name), timeMs: FOUNDED_MS + 5, operation: 'put', mediaType: 'application/json', body: utf8(`{"name":"${name}"}`)
})

/** A feed of a city: so many records in each segment. */
export function publishedFeed (chain: Chain, city: City, recordsBySegment: readonly number[]): PublishedFeed {
  const { federation } = chain.charter
  const body = declareFeed({
    federation, publisher: city.did, datasetId: 'traffic', class: 'public', mode: 'log', supersedes: null, derivedFrom: null,
    createdMs: FOUNDED_MS + 1, nonce: new Uint8Array(16)
  })
  const declaration = valueOf(decodeDeclaration(signStatement(body, certificateOf(city, federation).id, city.node)))
  const log = new MerkleLog()
  let first = 0
  const segments = recordsBySegment.map((count, index) => {
    const segment = segmentOf(Array.from({ length: count }, (_, i) => recordNamed(`record ${first + i}`)), declaration.id, index, first)
    first += count
    log.append(leafHashOf(segment.leafData))
    return segment
  })
  const datasetPut = operations.datasetPut('traffic', [declaration.id])
  return {
    city, declaration, log, segments, datasetPut,
    anchor: (length, ...others) => encodeOperation(OPERATIONS.datasetAnchor, {
      heads: [[declaration.id, length, log.root(length), sha256(utf8('head'))], ...others.map(([feed, other]) =>
        [feed, other, sha256(utf8(`root ${other}`)), sha256(utf8('head'))] as const)]
    })
  }
}

export function recordOf ({ segments, log }: PublishedFeed, segment: number, position: number, length: number): PlacedRecord {
  const held = segments[segment]
  if (held === undefined) throw new Error('a segment of the feed')
  return placedRecord(valueOf(openSegment(held.bytes)), position, held.leafData, log, length)
}

export function placeIn (block: Block, transaction: number, operation: number): OperationPlace {
  const place = placeOf(block.body, transaction, operation)
  if (place === undefined) throw new Error('an operation of the block')
  return place
}

/** The proof of a record that `block` anchors, by the finality of `newest`. */
export function recordProofOf (
  final: FinalChain, feed: PublishedFeed, block: Block, place: OperationPlace, record: PlacedRecord, newest: Block, isFounder = true
): LightProof {
  const { federation } = final.chain.charter
  const { height } = block.header
  const isNewest = block === newest
  return {
    seals: final.seals.slice(0, newest.header.epoch), finality: final.proofOf(newest),
    subject: {
      kind: 'record', older: isNewest ? null : olderBlock(block.bytes, height, newest.header.height, final.log), place, record,
      declaration: feed.declaration.statement.envelope, certificates: [certificateOf(feed.city, federation).envelope],
      member: isFounder ? null : memberProof(final.chain.state, feed.city.did)
    }
  }
}
