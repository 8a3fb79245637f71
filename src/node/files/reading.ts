import { digestOf, type CID } from '../../base/index.ts'
import type { Blocks } from './blocks.ts'
import { FileWalk, partsBelow, rootPart, type Part } from './shape.ts'

/** Leaves read ahead of whoever reads. */
export const READ_AHEAD_LEAVES = 4

/** A file cannot be read or taken: thrown, because it shows in the middle of a stream. */
export class FileFault extends Error {
  override readonly name = 'FileFault'
  readonly code: 'missing' | 'damaged' | 'full' | 'sealed'

  constructor (code: FileFault['code'], reason: string) {
    super(reason)
    this.code = code
  }
}

export type FileBlock = { readonly cid: CID, readonly bytes: Uint8Array }

/** Reads files block by block from the root down; a block that is missing or damaged ends it with a `FileFault`. */
export class FileReader {
  readonly #blocks: Blocks

  constructor (blocks: Blocks) {
    this.#blocks = blocks
  }

  /** The whole file as its root tells it. */
  async rootOf (root: CID): Promise<Part | undefined> {
    const block = await this.#blocks.get(digestOf(root))
    return block === undefined ? undefined : rootPart(root, block)
  }

  /** Bytes [from, to). */
  async * bytes (root: CID, from: number, to: number): AsyncGenerator<Uint8Array> {
    for await (const { part, bytes } of this.#leaves(root, from, to)) {
      yield bytes.subarray(Math.max(0, from - part.from), Math.min(bytes.length, to - part.from))
    }
  }

  /** All blocks in the order of `FileWalk`. */
  async * blocks (root: CID): AsyncGenerator<FileBlock> {
    const walk = new FileWalk(root)
    for (let cid = walk.next; cid !== undefined; cid = walk.next) {
      const bytes = await this.#blocks.get(digestOf(cid))
      if (bytes === undefined || !walk.take(bytes)) throw damaged(root)
      yield { cid, bytes }
    }
  }

  /** Blocks of a range of bytes: nodes first, then leaves. */
  async * range (root: CID, from: number, to: number): AsyncGenerator<FileBlock> {
    for await (const { part, block } of this.#parts(root, from, to)) if (block !== undefined) yield { cid: part.cid, bytes: block }
    for await (const { part, bytes } of this.#leaves(root, from, to)) yield { cid: part.cid, bytes }
  }

  /** Only blocks of this file: who may see one file may not ask for blocks of all. */
  async * named (root: CID, cids: readonly CID[]): AsyncGenerator<FileBlock> {
    const wanted = new Set(cids.map(cid => cid.toString()))
    for await (const { part: { cid }, block } of this.#parts(root, 0, Number.MAX_SAFE_INTEGER)) {
      if (!wanted.delete(cid.toString())) continue
      const bytes = block ?? await this.#blocks.get(digestOf(cid))
      if (bytes === undefined) throw damaged(root)
      yield { cid, bytes }
      if (wanted.size === 0) return
    }
  }

  /** Reads every block; what is damaged is removed by that. */
  async scrub (root: CID): Promise<{ readonly blocks: number, readonly damaged: number }> {
    const top = await this.rootOf(root)
    const ahead = top === undefined ? [] : [top]
    let [blocks, faults] = [0, top === undefined ? 1 : 0]
    for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
      const block = await this.#blocks.get(digestOf(part.cid))
      const below = block === undefined ? undefined : part.level === 0 ? [] : partsBelow(part, block)
      blocks++
      if (below === undefined) faults++
      else ahead.push(...below)
    }
    return { blocks, damaged: faults }
  }

  /** Nodes (with their blocks) and leaves (without) that touch [from, to), each node before what it links to. */
  async * #parts (root: CID, from: number, to: number): AsyncGenerator<{ readonly part: Part, readonly block: Uint8Array | undefined }> {
    const top = await this.rootOf(root)
    if (top === undefined) throw damaged(root)
    const ahead = [top]
    for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
      if (part.level === 0) {
        yield { part, block: undefined }
        continue
      }
      const block = await this.#blocks.get(digestOf(part.cid))
      const below = block === undefined ? undefined : partsBelow(part, block)
      if (below === undefined) throw damaged(root)
      yield { part, block }
      ahead.push(...below.filter(each => each.from < to && each.from + each.sizeBytes > from).toReversed())
    }
  }

  /** Reads ahead, so that disk and reader work at the same time. */
  async * #leaves (root: CID, from: number, to: number): AsyncGenerator<{ readonly part: Part, readonly bytes: Uint8Array }> {
    if (from >= to) return
    const groups = this.#leafGroups(root, from, to)
    const read = async (): Promise<{ readonly parts: readonly Part[], readonly found: readonly (Uint8Array | undefined)[] } | undefined> => {
      const { value: parts, done } = await groups.next()
      return done === true ? undefined : { parts, found: await this.#blocks.getMany(parts.map(({ cid }) => digestOf(cid))) }
    }
    for (let ahead = read(); ;) {
      const group = await ahead
      if (group === undefined) return
      ahead = read()
      // Not awaited if the reader leaves: its failure is told by the next read.
      ahead.catch(() => {})
      for (const [at, part] of group.parts.entries()) {
        const bytes = group.found[at]
        if (bytes?.length !== part.sizeBytes) throw damaged(root)
        yield { part, bytes }
      }
    }
  }

  async * #leafGroups (root: CID, from: number, to: number): AsyncGenerator<readonly Part[], void> {
    let group: Part[] = []
    for await (const { part } of this.#parts(root, from, to)) {
      if (part.level > 0) continue
      group.push(part)
      if (group.length < READ_AHEAD_LEAVES) continue
      yield group
      group = []
    }
    if (group.length > 0) yield group
  }
}

function damaged (root: CID): FileFault {
  return new FileFault('damaged', `a block of the file ${root.toString()} is damaged or missing; it must be fetched again`)
}
