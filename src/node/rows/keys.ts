import { concat, u16, u32, u64, utf8 } from '../../base/index.ts'
import type { KeyRange } from '../../host/index.ts'

/**
 * Where everything stands in the two databases. The first byte is the kind of row; feeds and files have local numbers,
 * so that bulk rows are written in the order of their keys.
 */
const PREFIX = {
  meta: '0', statement: 'd', feed: 'f', feedNumber: 'n', segment: 's', leaf: 'l', head: 'h', fork: 'w', file: 'i', block: 'b', locator: 'c',
  guard: 'g', engine: 'e', ledgerState: 'x', finalBlock: 'k', finality: 'p', finalDigest: 'j', sealHeight: 'z', ownTransaction: 't', vote: 'v',
  consensusSecret: 'y', anchor: 'a', agreement: 'o', accessCount: 'q', derivationPlan: 'D', derivationProgress: 'P', negotiation: 'm', transfer: 'r', ownEpoch: 'e', receivedGrant: 'u',
  erasure: 'E', kept: 'A', period: 'G', review: 'N', indexScope: 'U', indexBlock: 'B', indexPage: 'C', keyedState: 'K', statePlace: 'L', localKey: 'H', countedBy: 'W', asked: 'Q'
} as const
type Kind = keyof typeof PREFIX

function key (kind: Kind, ...parts: readonly Uint8Array[]): Uint8Array {
  return concat([utf8(PREFIX[kind]), ...parts])
}

/** All rows of a kind, or those of one feed or file. */
export function rowsOf (kind: Kind, number?: number): KeyRange {
  const from = number === undefined ? key(kind) : key(kind, u32(number))
  const to = number === undefined ? Uint8Array.of(...from.slice(0, -1), (from.at(-1) ?? 0) + 1) : key(kind, u32(number + 1))
  return { from, to }
}

export const metaKey = (name: string): Uint8Array => key('meta', utf8(name))
export const statementKey = (digest: Uint8Array): Uint8Array => key('statement', digest)
export const feedKey = (feedNo: number): Uint8Array => key('feed', u32(feedNo))
export const feedNumberKey = (digest: Uint8Array): Uint8Array => key('feedNumber', digest)
export const segmentKey = (feedNo: number, index: number): Uint8Array => key('segment', u32(feedNo), u64(index))
export const leafKey = (feedNo: number, index: number): Uint8Array => key('leaf', u32(feedNo), u64(index))
export const headKey = (feedNo: number): Uint8Array => key('head', u32(feedNo))
export const forkKey = (feedNo: number): Uint8Array => key('fork', u32(feedNo))
export const fileKey = (digest: Uint8Array): Uint8Array => key('file', digest)
export const blockKey = (fileNo: number, order: number): Uint8Array => key('block', u32(fileNo), u32(order))
export const locatorKey = (digest: Uint8Array): Uint8Array => key('locator', digest)
/** Rows that the consensus engine keeps under keys of its own. */
export const engineKey = (own: Uint8Array): Uint8Array => key('engine', own)
export const voteKey = (own: Uint8Array): Uint8Array => key('vote', own)
export const ledgerStateKey = (own: Uint8Array): Uint8Array => key('ledgerState', own)
export const finalBlockKey = (height: number): Uint8Array => key('finalBlock', u64(height))
/** The proof that the block of this height is final: one for each time that blocks became final, of the last of them. */
export const finalityKey = (height: number): Uint8Array => key('finality', u64(height))
export const finalDigestKey = (digest: Uint8Array): Uint8Array => key('finalDigest', digest)
/** The height of the seal that ended this epoch. */
export const sealHeightKey = (epoch: number): Uint8Array => key('sealHeight', u64(epoch))
export const ownTransactionKey = (id: Uint8Array): Uint8Array => key('ownTransaction', id)
/** The place of an anchor of this feed at this length. */
export const anchorKey = (feed: Uint8Array, length: number): Uint8Array => key('anchor', feed, u64(length))
export const consensusSecretKey = (publicKey: Uint8Array): Uint8Array => key('consensusSecret', publicKey)
export const derivationPlanKey = (datasetId: string): Uint8Array => key('derivationPlan', utf8(datasetId))
export const derivationProgressKey = (datasetId: string): Uint8Array => key('derivationProgress', utf8(datasetId))
export const guardKey = (digest: Uint8Array): Uint8Array => key('guard', digest)
export const agreementKey = (id: Uint8Array): Uint8Array => key('agreement', id)
/** A process of the Dataspace Protocol, by the pid that this node gave it. */
export const negotiationRowKey = (pid: string): Uint8Array => key('negotiation', utf8(pid))
export const transferRowKey = (pid: string): Uint8Array => key('transfer', utf8(pid))
/** How often and how much was served under an agreement, up to a record of the access feed. */
export const accessCountKey = (agreementId: Uint8Array): Uint8Array => key('accessCount', agreementId)
/** The key of one epoch of an own dataset and class, in the signer database. */
export const ownEpochKey = (datasetId: string, feedClass: string, epoch: number): Uint8Array =>
  key('ownEpoch', Uint8Array.of(datasetId.length), utf8(datasetId), Uint8Array.of(feedClass.length), utf8(feedClass), u32(epoch))
/** A grant that was received, by the digest of its statement, in the signer database. */
export const receivedGrantKey = (digest: Uint8Array): Uint8Array => key('receivedGrant', digest)
/** How far an erasure notice has been carried out here, by the digest of its statement. */
export const erasureKey = (notice: Uint8Array): Uint8Array => key('erasure', notice)
/** When segments of a feed came to a consumer, by the digests of the feed's id and of the consumer's. */
export const keptKey = (feed: Uint8Array, consumer: Uint8Array): Uint8Array => key('kept', feed, consumer)
/** What one UTC day's root of receipts and accesses is over. */
export const periodKey = (period: number): Uint8Array => key('period', u64(period))
/** An emergency under which data were used, by the digest of its declaration. */
export const reviewKey = (emergency: Uint8Array): Uint8Array => key('review', emergency)
/** What the index of a feed is over; its blocks by slot, and their pages by kind and number. */
export const indexScopeKey = (feedNo: number): Uint8Array => key('indexScope', u32(feedNo))
export const indexBlockKey = (feedNo: number, slot: number): Uint8Array => key('indexBlock', u32(feedNo), u32(slot))
export const indexPageKey = (feedNo: number, slot: number, kind: 'place' | 'key' | 'times', page: number): Uint8Array =>
  key('indexPage', u32(feedNo), u32(slot), Uint8Array.of(PAGE_KINDS.indexOf(kind)), u16(page))
const PAGE_KINDS = ['place', 'key', 'times'] as const
/** All pages of one block. */
export function pagesOfBlock (feedNo: number, slot: number): KeyRange {
  return { from: key('indexPage', u32(feedNo), u32(slot)), to: key('indexPage', u32(feedNo), u32(slot), Uint8Array.of(PAGE_KINDS.length)) }
}
/** The latest record of a key; of a sealed feed by its digest. */
export const keyedStateKey = (feedNo: number, own: Uint8Array): Uint8Array => key('keyedState', u32(feedNo), own)
export const statePlaceKey = (feedNo: number, place: number, own: Uint8Array): Uint8Array => key('statePlace', u32(feedNo), u64(place), own)
/** Where the own key stands in rows of the two kinds above. */
export const KEYED_STATE_OWN_AT = 5
export const STATE_PLACE_OWN_AT = 13
/** A key of this node alone for the index of a sealed feed, in the signer database. */
export const localKeyKey = (feed: Uint8Array): Uint8Array => key('localKey', feed)
/** By what column the groups of an own dataset are counted that is told in groups. */
export const countedByKey = (datasetId: string): Uint8Array => key('countedBy', utf8(datasetId))
/** What one requester was told of an own dataset in groups, by its digest. */
export const askedKey = (datasetId: string, requester: Uint8Array): Uint8Array => key('asked', Uint8Array.of(datasetId.length), utf8(datasetId), requester)
