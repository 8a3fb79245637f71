import { pipe } from 'it-pipe'
import { codecOf, digestOf, equalBytes, fail, ok, sha256, type CID, type Result } from '../../base/index.ts'
import { BLOCK_BYTES_PER_REQUEST_MAX, CREDIT_BYTES, decodeBlockHeader, type Item } from '../../core/sync/index.ts'
import type { OnProgress } from '../contract/index.ts'
import { ask, PeerFault, SYNC_PROTOCOL, type Link } from '../pulling/index.ts'
import type { Blocks, BlockWriter } from './blocks.ts'
import { partsBelow, rootPart, type Part } from './shape.ts'

/** Members asked for parts of one file at a time. */
const SOURCES_MAX = 4

export type FetchFailure =
  /** Nobody who was asked has it; what came is kept, and asking again goes on from there. */
  | { readonly code: 'unreachable', readonly reason: string }
  /** The blocks have their hashes, but they are no file of the profile: whoever named it is to blame, not the source. */
  | { readonly code: 'malformed', readonly reason: string }
  | { readonly code: 'cancelled', readonly reason: string }

/** Missing leaves side by side, below nodes that are verified. */
type Window = { readonly leaves: readonly Part[], readonly path: readonly CID[] }

class Stopped extends Error {
  readonly failure: FetchFailure

  constructor (failure: FetchFailure) {
    super(failure.reason)
    this.failure = failure
  }
}

/** One file on its way here: nodes from the root down, one by one; leaves in windows, shared among the sources. */
export class Fetching {
  readonly #blocks: Blocks
  readonly #writer: BlockWriter
  readonly #root: CID
  readonly #sources: () => readonly Link[]
  readonly #signal: AbortSignal
  readonly #onProgress: OnProgress
  /** Sources that failed once: not asked again by this fetch. */
  readonly #refused = new Set<Link>()
  #returned: Window[] = []
  #windows: AsyncGenerator<Window, void> = this.#plan()
  #sizeBytes: number | undefined
  #doneBytes = 0

  constructor (options: {
    readonly blocks: Blocks, readonly writer: BlockWriter, readonly root: CID, readonly sources: () => readonly Link[],
    readonly signal: AbortSignal, readonly onProgress: OnProgress
  }) {
    this.#blocks = options.blocks
    this.#writer = options.writer
    this.#root = options.root
    this.#sources = options.sources
    this.#signal = options.signal
    this.#onProgress = options.onProgress
  }

  async run (): Promise<Result<{ readonly sizeBytes: number }, FetchFailure>> {
    try {
      for (let window = await this.#next(); window !== undefined; window = await this.#next()) {
        this.#returned.push(window)
        const links = this.#usable().slice(0, SOURCES_MAX)
        if (links.length === 0) throw this.#unreachable()
        const ends = await Promise.allSettled(links.map(link => this.#work(link)))
        for (const end of ends) if (end.status === 'rejected') throw end.reason
      }
      return ok({ sizeBytes: this.#sizeBytes ?? 0 })
    } catch (cause) {
      if (cause instanceof Stopped) return fail(cause.failure)
      throw cause
    }
  }

  #usable (): readonly Link[] {
    return this.#sources().filter(link => !this.#refused.has(link) && !link.gone.signal.aborted)
  }

  #unreachable (): Stopped {
    return new Stopped({ code: 'unreachable', reason: `no member that is connected gives the file ${this.#root.toString()}` })
  }

  async #next (): Promise<Window | undefined> {
    if (this.#signal.aborted) throw new Stopped({ code: 'cancelled', reason: 'fetching was given up' })
    const returned = this.#returned.pop()
    if (returned !== undefined) return returned
    const { value, done } = await this.#windows.next()
    return done === true ? undefined : value
  }

  /** Takes windows until there are none or the source fails. */
  async #work (link: Link): Promise<void> {
    for (let window = await this.#next(); window !== undefined; window = await this.#next()) {
      const taken = window
      try {
        await link.lane.take(() => this.#fetch(link, taken))
      } catch (cause) {
        this.#refuse(link, cause)
        return
      }
    }
  }

  #refuse (link: Link, cause: unknown): void {
    if (!(cause instanceof PeerFault)) throw cause
    this.#refused.add(link)
    if (cause.code === 'fault' || cause.code === 'limit') link.peer.blame(cause.message)
  }

  // --- What is missing ---------------------------------------------------------------------------------------------

  async * #plan (): AsyncGenerator<Window, void> {
    const block = await this.#node(this.#root)
    const part = rootPart(this.#root, block)
    if (part === undefined) throw malformed(this.#root)
    this.#sizeBytes = part.sizeBytes
    await this.#writer.put(digestOf(part.cid), block)
    if (part.level === 0) this.#progress(part.sizeBytes)
    else yield * this.#below(part, block, [part.cid])
  }

  async * #below (part: Part, block: Uint8Array, path: readonly CID[]): AsyncGenerator<Window, void> {
    const below = partsBelow(part, block)
    if (below === undefined) throw malformed(this.#root)
    if (part.level === 1) return yield * this.#missing(below, path)
    for (const each of below) {
      const node = await this.#node(each.cid)
      if (partsBelow(each, node) === undefined) throw malformed(this.#root)
      await this.#writer.put(digestOf(each.cid), node)
      yield * this.#below(each, node, [...path, each.cid])
    }
  }

  async * #missing (leaves: readonly Part[], path: readonly CID[]): AsyncGenerator<Window, void> {
    const held = await this.#blocks.areHeld(leaves.map(({ cid }) => digestOf(cid)))
    // A leaf that stands here twice is asked for once.
    const asked = new Set<string>()
    let run: Part[] = []
    let runBytes = 0
    for (const [at, leaf] of leaves.entries()) {
      const name = leaf.cid.toString()
      const isHeld = held[at] === true || asked.has(name)
      asked.add(name)
      if (run.length > 0 && (isHeld || runBytes + leaf.sizeBytes > BLOCK_BYTES_PER_REQUEST_MAX)) {
        yield { leaves: run, path }
        run = []
        runBytes = 0
      }
      if (isHeld) {
        this.#progress(leaf.sizeBytes)
        continue
      }
      run.push(leaf)
      runBytes += leaf.sizeBytes
    }
    if (run.length > 0) yield { leaves: run, path }
  }

  #progress (sizeBytes: number): void {
    this.#doneBytes += sizeBytes
    this.#onProgress({ phase: 'fetching', done: this.#doneBytes, total: this.#sizeBytes ?? null, unit: 'bytes' })
  }

  // --- Asking ------------------------------------------------------------------------------------------------------

  /** A single block by its CID: from here, else from the first source that gives it. */
  async #node (cid: CID): Promise<Uint8Array> {
    const held = await this.#blocks.get(digestOf(cid))
    if (held !== undefined) return held
    for (let [link] = this.#usable(); link !== undefined; [link] = this.#usable()) {
      if (this.#signal.aborted) throw new Stopped({ code: 'cancelled', reason: 'fetching was given up' })
      try {
        const request = { verb: 'blocks', creditBytes: CREDIT_BYTES.small, root: this.#root, cids: [cid], byteFrom: 0, byteTo: 0 } as const
        let block: Uint8Array | undefined
        for await (const item of ask(link.peer, SYNC_PROTOCOL, request, this.#untilGone(link))) {
          if (block !== undefined || !cidOfItem(item).equals(cid)) throw new PeerFault('fault', 'a block that was not asked for')
          block = checked(item, cid)
        }
        if (block !== undefined) return block
        throw new PeerFault('unanswered', 'the block did not come')
      } catch (cause) {
        this.#refuse(link, cause)
      }
    }
    throw this.#unreachable()
  }

  async #fetch (link: Link, { leaves, path }: Window): Promise<void> {
    const [first, last] = [leaves[0], leaves.at(-1)]
    if (first === undefined || last === undefined) return
    const request = {
      verb: 'blocks', creditBytes: CREDIT_BYTES.bulk, root: this.#root, cids: [], byteFrom: first.from, byteTo: last.from + last.sizeBytes
    } as const
    let next = 0
    try {
      await pipe(
        ask(link.peer, SYNC_PROTOCOL, request, this.#untilGone(link)),
        source => leavesOf(source, leaves, path),
        async source => {
          for await (const { part, bytes } of source) {
            await this.#writer.putNew(digestOf(part.cid), bytes)
            this.#progress(bytes.length)
            next++
          }
        }
      )
      if (next < leaves.length) throw new PeerFault('unanswered', 'fewer blocks came than were asked for')
    } finally {
      if (next < leaves.length) this.#returned.push({ leaves: leaves.slice(next), path })
    }
  }

  #untilGone (link: Link): AbortSignal {
    return AbortSignal.any([link.gone.signal, this.#signal])
  }
}

/** The leaves that were asked for, in order; nodes on the way to them are here already. */
async function * leavesOf (
  items: AsyncIterable<Item>, leaves: readonly Part[], path: readonly CID[]
): AsyncGenerator<{ readonly part: Part, readonly bytes: Uint8Array }> {
  let [next, nodes] = [0, 0]
  for await (const item of items) {
    const cid = cidOfItem(item)
    if (codecOf(cid) === 'dagPb') {
      if (path[nodes++]?.equals(cid) !== true) throw new PeerFault('fault', 'a node that was not asked for')
      continue
    }
    const part = leaves[next++]
    if (part === undefined || !part.cid.equals(cid) || item.payload.length !== part.sizeBytes) {
      throw new PeerFault('fault', 'another block than the file has there')
    }
    yield { part, bytes: checked(item, cid) }
  }
}

function cidOfItem (item: Item): CID {
  const header = item.type === 'block' ? decodeBlockHeader(item.header) : undefined
  if (header?.ok !== true) throw new PeerFault('fault', 'a block was asked for')
  return header.value.cid
}

function checked ({ payload }: Item, cid: CID): Uint8Array {
  if (!equalBytes(sha256(payload), digestOf(cid))) throw new PeerFault('fault', 'a block that does not have its hash')
  return payload
}

function malformed (root: CID): Stopped {
  return new Stopped({ code: 'malformed', reason: `${root.toString()} is not the root of a file of profile unixfs-v1-2025` })
}
