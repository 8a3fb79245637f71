import {
  bytes, cid, decodeCanonical, encodeCanonical, equalBytes, fail, list, literal, nullable, ok, sha256, struct, tuple, uint,
  boolean, union, type CID, type CodecFailure, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import {
  BLOCK_BYTES_PER_REQUEST_MAX, BLOCK_CIDS_MAX, CREDIT_BYTES_MAX, CREDIT_BYTES_MIN, FORK_BYTES_MAX, HAVE_ENTRIES_MAX, LEAVES_PER_ITEM_MAX,
  LISTED_FEEDS_MAX, LISTING_ENTRIES_MAX, NOTE_BYTES_MAX, RANGES_MAX, REQUEST_BYTES_MAX, RESULT_BYTES_MAX,
  SEGMENTS_PER_REQUEST_MAX, STATEMENT_IDS_MAX
} from './limits.ts'

/** A half-open range of segment indexes. */
export type Range = readonly [from: number, to: number]

const range: Schema<Range> = tuple(uint(), uint())
const entry = tuple(cid(), uint(), bytes(32))
const credit: Schema<number> = uint(CREDIT_BYTES_MAX)

const request = union('verb', {
  feeds: struct({ verb: literal('feeds'), creditBytes: credit, setDigest: bytes(32), after: nullable(cid()) }),
  statements: struct({ verb: literal('statements'), creditBytes: credit, ids: list(cid(), STATEMENT_IDS_MAX, 1) }),
  head: struct({ verb: literal('head'), creditBytes: credit, feed: cid() }),
  leaves: struct({ verb: literal('leaves'), creditBytes: credit, feed: cid(), length: uint(), from: uint(), to: uint() }),
  segments: struct({
    verb: literal('segments'), creditBytes: credit, feed: cid(), length: uint(),
    ranges: list(range, RANGES_MAX), follow: boolean()
  }),
  blocks: struct({
    verb: literal('blocks'), creditBytes: credit, root: cid(), cids: list(cid(), BLOCK_CIDS_MAX), byteFrom: uint(), byteTo: uint()
  })
})

export type Request = Parsed<typeof request>
export type Verb = Request['verb']
export type RequestFailure = CodecFailure | { readonly code: 'limit', readonly reason: string }

export function encodeRequest (message: Request): Uint8Array {
  return encodeCanonical(message)
}

export function decodeRequest (body: Uint8Array): Result<Request, RequestFailure> {
  const decoded = decodeCanonical<Request>(body, request, REQUEST_BYTES_MAX)
  if (!decoded.ok) return decoded
  const breach = breachOf(decoded.value)
  return breach === undefined ? decoded : fail({ code: 'limit', reason: breach })
}

function breachOf (message: Request): string | undefined {
  if (message.creditBytes < CREDIT_BYTES_MIN) return 'credit below one frame'
  switch (message.verb) {
    case 'leaves': {
      const count = message.to - message.from
      return count >= 0 && count <= LEAVES_PER_ITEM_MAX && message.to <= message.length ? undefined : 'leaves outside the log or too many'
    }
    case 'segments': {
      let [count, end] = [0, 0]
      for (const [from, to] of message.ranges) {
        if (from < end || to <= from || to > message.length) return 'ranges must ascend within the log'
        count += to - from
        end = to
      }
      if (message.ranges.length === 0 && !message.follow) return 'no range asked for'
      return count <= SEGMENTS_PER_REQUEST_MAX ? undefined : 'too many segments in one request'
    }
    case 'blocks': {
      const bytesAsked = message.byteTo - message.byteFrom
      const byCid = message.cids.length > 0
      if (byCid) return message.byteFrom === 0 && message.byteTo === 0 ? undefined : 'blocks by CID or by bytes, not both'
      return bytesAsked >= 0 && bytesAsked <= BLOCK_BYTES_PER_REQUEST_MAX ? undefined : 'too many bytes in one request'
    }
    case 'feeds': case 'statements': case 'head': return undefined
  }
}

// --- Listing -------------------------------------------------------------------------------------------------------

export type ListEntry = { readonly feed: CID, readonly length: number, readonly mmrRoot: Uint8Array }

/** Digest of a visible set, so that an unchanged one costs one small frame. Entries in the order of their feed ids. */
export function setDigest (entries: readonly ListEntry[]): Uint8Array {
  return sha256(encodeCanonical(inOrder(entries).map(({ feed, length, mmrRoot }) => [feed, length, mmrRoot])))
}

function inOrder (entries: readonly ListEntry[]): readonly ListEntry[] {
  return entries.toSorted((a, b) => a.feed.toString() < b.feed.toString() ? -1 : 1)
}

const listing = struct({
  setDigest: bytes(32), same: boolean(), entries: list(entry, LISTING_ENTRIES_MAX), next: nullable(cid())
})
export type Listing = { readonly setDigest: Uint8Array, readonly same: boolean, readonly entries: readonly ListEntry[], readonly next: CID | null }

export function encodeListing (page: Listing): Uint8Array {
  return encodeCanonical({ ...page, entries: page.entries.map(each => [each.feed, each.length, each.mmrRoot]) })
}

export function decodeListing (header: Uint8Array): Result<Listing, CodecFailure> {
  const decoded = decodeCanonical(header, listing, RESULT_BYTES_MAX)
  return decoded.ok ? ok({ ...decoded.value, entries: decoded.value.entries.map(entryOf) }) : decoded
}

function entryOf ([feed, length, mmrRoot]: readonly [CID, number, Uint8Array]): ListEntry {
  return { feed, length, mmrRoot }
}

/** One page of the visible set, for a peer that holds `known` as digest of the set it saw last. */
export function listingPage (visible: readonly ListEntry[], known: Uint8Array, after: CID | null): Listing {
  const entries = inOrder(visible).slice(0, LISTED_FEEDS_MAX)
  const digest = setDigest(entries)
  if (after === null && equalBytes(digest, known)) return { setDigest: digest, same: true, entries: [], next: null }
  const start = after === null ? 0 : entries.findIndex(each => each.feed.toString() > after.toString())
  const page = start < 0 ? [] : entries.slice(start, start + LISTING_ENTRIES_MAX)
  const more = start >= 0 && start + page.length < entries.length
  return { setDigest: digest, same: false, entries: page, next: more ? page.at(-1)?.feed ?? null : null }
}

// --- Notes ---------------------------------------------------------------------------------------------------------

const note = union('kind', {
  head: struct({ kind: literal('head'), envelope: bytes(1, 1_024) }),
  have: struct({ kind: literal('have'), entries: list(entry, HAVE_ENTRIES_MAX) }),
  fork: struct({ kind: literal('fork'), feed: cid(), proof: bytes(1, FORK_BYTES_MAX) })
})
export type Note =
  | { readonly kind: 'head', readonly envelope: Uint8Array }
  | { readonly kind: 'have', readonly entries: readonly ListEntry[] }
  | { readonly kind: 'fork', readonly feed: CID, readonly proof: Uint8Array }

export function encodeNote (message: Note): Uint8Array {
  return message.kind === 'have'
    ? encodeCanonical({ kind: 'have', entries: message.entries.map(each => [each.feed, each.length, each.mmrRoot]) })
    : encodeCanonical(message)
}

export function decodeNote (body: Uint8Array): Result<Note, CodecFailure> {
  const decoded = decodeCanonical(body, note, NOTE_BYTES_MAX)
  if (!decoded.ok) return decoded
  const message = decoded.value
  return ok(message.kind === 'have' ? { kind: 'have', entries: message.entries.map(entryOf) } : message)
}

// --- Results -------------------------------------------------------------------------------------------------------

const result = struct({ code: literal('ok', 'partial') })
export type EndResult = Parsed<typeof result>

export function encodeResult (message: EndResult): Uint8Array {
  return encodeCanonical(message)
}

export function decodeResult (body: Uint8Array): Result<EndResult, CodecFailure> {
  return decodeCanonical(body, result, RESULT_BYTES_MAX)
}
