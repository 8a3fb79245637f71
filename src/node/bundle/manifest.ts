import {
  bytes, cid, cidOf, codecOf, concat, decodeCanonical, encodeCanonical, equalBytes, fail, list, literal, rootOfCover, struct, tuple, uint,
  type CID, type CodecFailure, type Cover, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import { LEAF_DATA_SIZE_BYTES, leafHashOf, leafOfData, statementIdSchema, type Head } from '../../core/feed/index.ts'
import { LEAVES_PER_ITEM_MAX } from '../../core/sync/index.ts'
import type { Feed } from '../feeds/index.ts'

/** So that it fits on a stick that is formatted as FAT32. */
export const BUNDLE_BYTES_MAX: number = Math.floor(3.9 * 2 ** 30)
export const BLOCK_BYTES_MAX = 1_048_576
export const MANIFEST_BYTES_MAX = 1_048_576
export const SET_SIZE_BYTES = 16
/** 80 bytes each are held while a bundle is read, and those of one feed are stored in one commit. */
export const BUNDLE_LEAVES_MAX = 524_288
/** Held until all of them are there, since one speaks about another. */
export const STATEMENTS_BYTES_MAX: number = 16 << 20
export const PAGE_LEAVES = LEAVES_PER_ITEM_MAX
const FEEDS_MAX = 4_096
const RANGES_MAX = 16_384
const PAGES_MAX: number = BUNDLE_LEAVES_MAX / PAGE_LEAVES
const FILES_MAX = 16_384
const STATEMENTS_MAX = 16_384
const COVER_HASHES_MAX = 128

const fileRoot: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) === 'dagCbor' ? fail({ path, expected: 'the CID of a file' }) : parsed
}

const manifestSchema = struct({
  v: literal(1),
  federation: statementIdSchema,
  kind: literal('bundle'),
  set: bytes(SET_SIZE_BYTES),
  volume: tuple(literal(1), literal(1)),
  timeMs: uint(),
  feeds: list(struct({
    feed: statementIdSchema, head: statementIdSchema, ranges: list(tuple(uint(), uint()), RANGES_MAX), pages: list(statementIdSchema, PAGES_MAX)
  }), FEEDS_MAX),
  files: list(fileRoot, FILES_MAX),
  statements: list(statementIdSchema, STATEMENTS_MAX, 1)
})

export type Manifest = Parsed<typeof manifestSchema>
export type ManifestFeed = Manifest['feeds'][number]

export function encodeManifest (manifest: Omit<Manifest, 'v' | 'kind'>): Uint8Array {
  const { federation, set, volume, timeMs, feeds, files, statements } = manifest
  return encodeCanonical({ v: 1, federation, kind: 'bundle', set, volume, timeMs, feeds, files, statements })
}

export function decodeManifest (block: Uint8Array): Result<Manifest, CodecFailure> {
  return decodeCanonical(block, manifestSchema, MANIFEST_BYTES_MAX)
}

// --- Leaf pages ----------------------------------------------------------------------------------------------------

const hashes = list(bytes(32), COVER_HASHES_MAX)
const pageSchema = struct({
  v: literal(1), kind: literal('leaves'), feed: statementIdSchema, from: uint(), to: uint(), left: hashes, right: hashes,
  leafData: bytes(LEAF_DATA_SIZE_BYTES, PAGE_LEAVES * LEAF_DATA_SIZE_BYTES)
})

export type Page = { readonly cid: CID, readonly block: Uint8Array }

export function pageCount (length: number): number {
  return Math.ceil(length / PAGE_LEAVES)
}

/** All leaves under a head, in pages that are each proved to it. */
export function pagesOf (feed: Feed, { length }: Head): readonly Page[] {
  return Array.from({ length: pageCount(length) }, (_, number) => {
    const [from, to] = [number * PAGE_LEAVES, Math.min(length, (number + 1) * PAGE_LEAVES)]
    const { left, right } = feed.log.cover(from, to, length)
    const leaves = Array.from({ length: to - from }, (_each, at) => feed.leafData(from + at))
    const block = encodeCanonical({ v: 1, kind: 'leaves', feed: feed.id, from, to, left, right, leafData: concat(leaves) })
    return { cid: cidOf('dagCbor', block), block }
  })
}

/** The leaf data of a page, one after the other, if they lead to the signed root and follow record `first` without a gap. */
export function provedPage (
  block: Uint8Array, number: number, head: Head, first: number
): { readonly leafData: Uint8Array, readonly end: number } | undefined {
  const page = decodeCanonical(block, pageSchema, BLOCK_BYTES_MAX)
  if (!page.ok) return undefined
  const { feed, from, to, left, right, leafData } = page.value
  const isPlaced = feed.equals(head.feed) && from === number * PAGE_LEAVES && to === Math.min(head.length, from + PAGE_LEAVES)
  if (!isPlaced || leafData.length !== (to - from) * LEAF_DATA_SIZE_BYTES) return undefined
  const leaves: Uint8Array[] = []
  let end = first
  for (let at = 0; at < leafData.length; at += LEAF_DATA_SIZE_BYTES) {
    const leaf = leafOfData(leafData.subarray(at, at + LEAF_DATA_SIZE_BYTES))
    if (leaf?.first !== end) return undefined
    end += leaf.count
    leaves.push(leafHashOf(leafData.subarray(at, at + LEAF_DATA_SIZE_BYTES)))
  }
  const cover: Cover = { left, right }
  const root = rootOfCover(cover, leaves, from, head.length)
  return root !== undefined && equalBytes(root, head.mmrRoot) ? { leafData, end } : undefined
}
