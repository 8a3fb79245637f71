import {
  CID_SIZE_BYTES, cidOfBytes, codecOf, readVarint, varintSize, type CID
} from '../../base/index.ts'

/** Bytes of every leaf but the last. */
const LEAF_BYTES = 1_048_576
const LINKS_MAX = 1_024
/** 1,024 links of at most 55 bytes, and as many sizes. */
const NODE_BYTES_MAX = 65_536

/** A part of a file: a leaf (level 0) or a node that stands for all leaves below it. */
export type Part = { readonly cid: CID, readonly level: number, readonly from: number, readonly sizeBytes: number }

/** Content bytes of a full part. Sizes below 2^53 need at most 4 levels. */
function spanOf (level: number): number {
  return LEAF_BYTES * LINKS_MAX ** level
}

/** The whole file, by its root block; undefined where that is no root of this profile. */
export function rootPart (cid: CID, block: Uint8Array): Part | undefined {
  if (codecOf(cid) === 'raw') return block.length <= LEAF_BYTES ? { cid, level: 0, from: 0, sizeBytes: block.length } : undefined
  const sizeBytes = parseNode(block)?.sizeBytes
  if (sizeBytes === undefined || sizeBytes <= LEAF_BYTES) return undefined
  let level = 1
  while (spanOf(level) < sizeBytes) level++
  const part = { cid, level, from: 0, sizeBytes }
  return partsBelow(part, block) === undefined ? undefined : part
}

/**
 * The parts that a node links to. Level and size of a node determine all of it but the hashes: undefined where anything
 * else differs, so that one content has one DAG.
 */
export function partsBelow ({ level, from, sizeBytes }: Part, block: Uint8Array): readonly Part[] | undefined {
  const node = parseNode(block)
  const span = spanOf(level - 1)
  if (node === undefined || level < 1 || node.sizeBytes !== sizeBytes || node.links.length !== Math.ceil(sizeBytes / span)) return undefined
  const codec = level === 1 ? 'raw' : 'dagPb'
  const parts: Part[] = []
  for (const [at, { cid, dagBytes, contentBytes }] of node.links.entries()) {
    const partBytes = Math.min(span, sizeBytes - at * span)
    if (codecOf(cid) !== codec || contentBytes !== partBytes || dagBytes !== dagBytesOf(level - 1, partBytes)) return undefined
    parts.push({ cid, level: level - 1, from: from + at * span, sizeBytes: partBytes })
  }
  return parts
}

/** `Tsize`: bytes of all blocks of a part, a block that stands there twice counted twice. */
function dagBytesOf (level: number, sizeBytes: number): number {
  if (level === 0) return sizeBytes
  const span = spanOf(level - 1)
  const [full, rest] = [Math.floor(sizeBytes / span), sizeBytes % span]
  let links = full === 0 ? 0 : full * linkBytes(dagBytesOf(level - 1, span))
  let below = full === 0 ? 0 : full * dagBytesOf(level - 1, span)
  let data = 3 + varintSize(sizeBytes) + full * (1 + varintSize(span))
  if (rest > 0) {
    const restBytes = dagBytesOf(level - 1, rest)
    links += linkBytes(restBytes)
    below += restBytes
    data += 1 + varintSize(rest)
  }
  return below + links + 1 + varintSize(data) + data
}

function linkBytes (dagBytes: number): number {
  return 2 + LINK_FIXED_BYTES + varintSize(dagBytes)
}

/** Hash with its tag and length, the empty name, the tag of the size. */
const LINK_FIXED_BYTES = 2 + CID_SIZE_BYTES + 2 + 1

type Node = {
  readonly sizeBytes: number
  readonly links: readonly { readonly cid: CID, readonly dagBytes: number, readonly contentBytes: number }[]
}

/**
 * Reads a dag-pb node that holds a UnixFS file without data of its own, in the one order of its fields:
 * `PBNode = (0x12 PBLink)* 0x0a UnixFS`, `PBLink = 0x0a Hash, 0x12 Name "", 0x18 Tsize`,
 * `UnixFS = 0x08 Type 2, 0x18 filesize, (0x20 blocksize)*`. Undefined for everything else.
 */
function parseNode (block: Uint8Array): Node | undefined {
  if (block.length > NODE_BYTES_MAX) return undefined
  const links: { cid: CID, dagBytes: number }[] = []
  let at = 0
  while (block[at] === 0x12) {
    const size = readVarint(block, at + 1)
    if (size === undefined || links.length === LINKS_MAX) return undefined
    const end = size.end + size.value
    const hashEnd = size.end + 2 + CID_SIZE_BYTES
    const cid = cidOfBytes(block.subarray(size.end + 2, hashEnd))
    const dagBytes = readVarint(block, hashEnd + 3)
    const isLink = block[size.end] === 0x0a && block[size.end + 1] === CID_SIZE_BYTES &&
      block[hashEnd] === 0x12 && block[hashEnd + 1] === 0 && block[hashEnd + 2] === 0x18
    if (!isLink || cid === undefined || dagBytes?.end !== end) return undefined
    links.push({ cid, dagBytes: dagBytes.value })
    at = end
  }
  const dataSize = block[at] === 0x0a ? readVarint(block, at + 1) : undefined
  if (dataSize === undefined || dataSize.end + dataSize.value !== block.length) return undefined
  const data = block.subarray(dataSize.end)
  const fileSize = data[0] === 0x08 && data[1] === 2 && data[2] === 0x18 ? readVarint(data, 3) : undefined
  if (fileSize === undefined) return undefined
  at = fileSize.end
  const whole: Node['links'][number][] = []
  for (const link of links) {
    const blockSize = data[at] === 0x20 ? readVarint(data, at + 1) : undefined
    if (blockSize === undefined) return undefined
    whole.push({ ...link, contentBytes: blockSize.value })
    at = blockSize.end
  }
  return at === data.length ? { sizeBytes: fileSize.value, links: whole } : undefined
}

/**
 * The blocks of a file one after the other, each node before what it links to: tells which must come next, and holds no
 * more than the links between the root and there.
 */
export class FileWalk {
  readonly #root: CID
  #ahead: Part[] | undefined

  constructor (root: CID) {
    this.#root = root
  }

  /** The block that must come now; undefined at the end. */
  get next (): CID | undefined {
    return this.#ahead === undefined ? this.#root : this.#ahead.at(-1)?.cid
  }

  /** Takes the block of `next`, whose hash the caller checked; false where it is no such part of a file. */
  take (block: Uint8Array): boolean {
    const part = this.#ahead === undefined ? rootPart(this.#root, block) : this.#ahead.at(-1)
    this.#ahead ??= part === undefined ? [] : [part]
    if (part === undefined) return false
    this.#ahead.pop()
    if (part.level === 0) return block.length === part.sizeBytes
    const below = partsBelow(part, block)
    this.#ahead.push(...(below ?? []).toReversed())
    return below !== undefined
  }
}
