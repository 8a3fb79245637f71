/**
 * Speaks the sync protocol and decides what to ask of whom, so that two nodes that may see the same feeds end with the same.
 *
 * A feed has one writer, so sync goes by length: "I have n". One long-lived framed stream per pair of peers carries
 * requests; the answer of each is a stream of items. Verbs: `feeds` (what may I see, page by page), `statements`
 * (declarations, certificates, proofs by id), `head`, `leaves` (with the cover that proves them to a head), `segments`
 * (with `follow`: and all later ones), `blocks` (of files). Notes: `head`, a hint; `have`, what is durable here.
 *
 * Rules: a feed the peer may not see is `unknown`, as one that does not exist. Lengths are claims; only a signed head
 * moves state. A header that is not canonical, an unknown verb or item, or a breached limit ends the stream and counts
 * against the peer. Not spoken in version 1: `reconcile`, `window`, `proof` (nothing asks for them yet).
 */
export {
  decodeListing, decodeNote, decodeRequest, decodeResult, encodeListing, encodeNote, encodeRequest, encodeResult, listingPage,
  setDigest, type EndResult, type ListEntry, type Listing, type Note, type Range, type Request, type RequestFailure, type Verb
} from './messages.ts'
export {
  decodeBlockHeader, decodeLeavesHeader, decodeSegmentHeader, decodeStatementHeader, encodeItem, encodeItemBytes, ItemReader,
  type HeaderFailure, type Item, type ItemFailure, type ItemType, type LeavesHeader, type SegmentHeader
} from './items.ts'
export { addRange, countOf, hasIndex, removeRange, type Ranges } from './ranges.ts'
export {
  isAsked, isComplete, isInReach, pullStep, startPull,
  type PullEffect, type PullInput, type PullState, type PullStep, type Task, type TaskOutcome, type Work
} from './pull.ts'
export {
  BLOCK_BYTES_PER_REQUEST_MAX, CREDIT_BYTES, HAVE_ENTRIES_MAX, HEAD_BYTES_MAX,
  LEAVES_PER_ITEM_MAX, LISTED_FEEDS_MAX, STATEMENT_BYTES_MAX, STATEMENT_IDS_MAX
} from './limits.ts'
