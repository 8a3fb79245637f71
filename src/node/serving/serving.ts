import { pipe } from 'it-pipe'
import { concat, type CID } from '../../base/index.ts'
import {
  decodeRequest, encodeItem, encodeItemBytes, encodeListing, encodeResult, listingPage, type ListEntry, type Range, type Request
} from '../../core/sync/index.ts'
import type { Clock, Peer, ProtocolHandler, Reply } from '../../host/index.ts'
import { isFit, refusalOf, type Doors, type FileUse, type Passage } from '../doors/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'

/** Segments read ahead of the sender at a time. */
const READ_AHEAD_SEGMENTS = 4
/** What live parts are gathered to at most before they are sent. */
const GATHERED_BYTES = 65_536
/** Followers of one feed by one peer wait for heads; this many altogether, so that nobody parks requests without end. */
const FOLLOWERS_MAX = 256

const RESTORED = 'this node was restored from a backup, and first learns what was erased since'

/** A request without progress is ended; a follower of a quiet feed is kept by a sign of life. */
const SIGN_OF_LIFE_MS = 10_000

export type ServeFile = (root: CID, wanted: { readonly cids: readonly CID[] } | { readonly byteFrom: number, readonly byteTo: number })
  => AsyncIterable<{ readonly cid: CID, readonly bytes: Uint8Array }> | undefined

/** Answers what peers ask, within what they may see. */
export class Server {
  readonly #feeds: Feeds
  readonly #doors: Doors
  readonly #memberOf: (peerId: string) => string | undefined
  readonly #statement: (id: CID) => Promise<Uint8Array | undefined>
  readonly #file: ServeFile
  readonly #note: ProtocolHandler['note']
  readonly #clock: Clock
  #followers = 0
  #mayGive: () => boolean = () => true
  /** Bytes went to a peer. */
  readonly sent: Signal<{ readonly peerId: string, readonly sizeBytes: number }> = new Signal()

  constructor (options: {
    readonly feeds: Feeds, readonly doors: Doors, readonly memberOf: (peerId: string) => string | undefined,
    /** A declaration, certificate, charter or proof by its id. */
    readonly statement: (id: CID) => Promise<Uint8Array | undefined>, readonly file: ServeFile, readonly note: ProtocolHandler['note'], readonly clock: Clock
  }) {
    this.#feeds = options.feeds
    this.#doors = options.doors
    this.#memberOf = options.memberOf
    this.#statement = options.statement
    this.#file = options.file
    this.#note = options.note
    this.#clock = options.clock
  }

  readonly handler: ProtocolHandler = {
    request: (peer, body, reply) => this.#answer(peer, body, reply),
    note: (peer, body) => this.#note(peer, body)
  }

  /** Gives out no data but catalogues as long as `mayGive` says so: a folder from a backup may hold what was erased since. */
  holdBack (mayGive: () => boolean): void {
    this.#mayGive = mayGive
  }

  /** What a member may list: feeds that are wholly here. */
  visibleTo (member: string): readonly ListEntry[] {
    const entries: ListEntry[] = []
    for (const feed of this.#feeds.all()) {
      if (feed.head === undefined || !feed.isComplete || !this.#doors.mayList(feed, member)) continue
      entries.push({ feed: feed.id, length: feed.head.length, mmrRoot: feed.head.mmrRoot })
    }
    return entries
  }

  async #answer (peer: Peer, body: Uint8Array, reply: Reply): Promise<void> {
    const member = this.#memberOf(peer.peerId)
    const request = decodeRequest(body)
    if (!request.ok) {
      peer.blame(`a sync request that cannot be: ${request.failure.code}`)
      return reply.error('limit', 'the request is malformed or beyond the limits of the protocol')
    }
    if (member === undefined) return reply.error('refused', 'not a member')
    const send = async (chunk: Uint8Array): Promise<void> => {
      await reply.send(chunk)
      this.sent.emit({ peerId: peer.peerId, sizeBytes: chunk.length })
    }
    await this.#dispatch(request.value, member, send, reply)
  }

  async #dispatch (request: Request, member: string, send: (chunk: Uint8Array) => Promise<void>, reply: Reply): Promise<void> {
    switch (request.verb) {
      case 'feeds': {
        const page = listingPage(this.visibleTo(member), request.setDigest, request.after)
        await send(encodeItemBytes('listing', encodeListing(page), 0))
        return reply.end(encodeResult({ code: 'ok' }))
      }
      case 'statements': return this.#statements(request.ids, member, send, reply)
      case 'blocks': return this.#mayGive() ? this.#blocks(request, member, send, reply) : reply.error('busy', RESTORED)
      case 'head': case 'leaves': case 'segments': {
        const feed = this.#feeds.get(request.feed)
        if (feed?.head === undefined) return reply.error('unknown', 'no such feed')
        if (!this.#doors.mayList(feed, member)) return this.#refuse(feed, member, reply)
        if (request.verb === 'head') {
          await sendHead(feed, send)
          return reply.end(encodeResult({ code: 'ok' }))
        }
        if (request.verb === 'segments' && feed.declaration.datasetId !== 'catalogue' && !this.#mayGive()) return reply.error('busy', RESTORED)
        return request.verb === 'leaves' ? this.#leaves(feed, request, send, reply) : this.#segments(feed, request, member, send, reply)
      }
    }
  }

  /** Who may not know of a feed is told what it is told of one that does not exist. */
  #refuse (feed: Feed, member: string, reply: Reply): void {
    const question = this.#doors.syncQuestion(feed, member)
    if (question === undefined || !this.#doors.mayKnow(feed, member)) return reply.error('unknown', 'no such feed')
    return reply.error('refused', this.#doors.turnAway(question).reason)
  }

  /** Every dataset that names the file is a way to it; the first that is open to this member is taken. */
  async #blocks (
    { root, cids, byteFrom, byteTo }: Extract<Request, { verb: 'blocks' }>, member: string, send: (chunk: Uint8Array) => Promise<void>, reply: Reply
  ): Promise<void> {
    const passage = this.#passageToFile(this.#doors.usesOf(root), member)
    const blocks = passage === undefined ? undefined : this.#file(root, cids.length > 0 ? { cids } : { byteFrom, byteTo })
    if (passage === undefined || blocks === undefined) return reply.error('unknown', 'no such file')
    try {
      for await (const { cid, bytes } of blocks) {
        if (!await passage.take({ records: 0, bytes: bytes.length })) return reply.error('refused', refusalOf(passage.decision).reason)
        await send(encodeItem('block', { cid }, bytes.length))
        await send(bytes)
      }
    } finally {
      await passage.end()
    }
    reply.end(encodeResult({ code: 'ok' }))
  }

  #passageToFile (uses: readonly FileUse[], member: string): Passage | undefined {
    for (const { asset, isSealed } of uses) {
      for (const form of isSealed ? ['plaintext', 'ciphertext'] as const : ['plaintext'] as const) {
        const question = { door: 'sync', requester: member, asset, form, records: 0 } as const
        if (this.#doors.decide(question).allow) return this.#doors.enter(question)
      }
    }
    return undefined
  }

  async #statements (ids: readonly CID[], member: string, send: (chunk: Uint8Array) => Promise<void>, reply: Reply): Promise<void> {
    let all = true
    for (const id of ids) {
      const feed = this.#feeds.get(id)
      const hidden = feed !== undefined && !this.#doors.mayKnow(feed, member)
      const envelope = hidden ? undefined : await this.#statement(id)
      all = all && envelope !== undefined
      if (envelope === undefined) continue
      await send(encodeItem('statement', { id }, envelope.length))
      await send(envelope)
    }
    reply.end(encodeResult({ code: all ? 'ok' : 'partial' }))
  }

  async #leaves (feed: Feed, { length, from, to }: Extract<Request, { verb: 'leaves' }>, send: (chunk: Uint8Array) => Promise<void>, reply: Reply): Promise<void> {
    if (length > feed.length) return reply.error('unknown', 'that length is not held here')
    const { left, right } = feed.log.cover(from, to, length)
    const payload = new Uint8Array((to - from) * 80)
    for (let index = from; index < to; index++) payload.set(feed.leafData(index), (index - from) * 80)
    await send(encodeItem('leaves', { from, to, left, right }, payload.length))
    await send(payload)
    reply.end(encodeResult({ code: 'ok' }))
  }

  async #segments (
    feed: Feed, { ranges, length, follow }: Extract<Request, { verb: 'segments' }>, member: string, send: (chunk: Uint8Array) => Promise<void>, reply: Reply
  ): Promise<void> {
    if (!follow && length > feed.length) return reply.error('unknown', 'that length is not held here')
    const question = this.#doors.syncQuestion(feed, member)
    // Feeds that no description speaks of are for whom their class says, and nothing is written down.
    const passage = question === undefined ? undefined : this.#doors.enter(question)
    const gate: Gate = { passage, signal: passage === undefined ? reply.signal : AbortSignal.any([reply.signal, passage.signal]) }
    try {
      const all = await this.#sendRanges(feed, ranges, send, gate)
      if (follow && all !== 'refused' && !await this.#follow(feed, length, send, reply, gate)) return
      if (all === 'refused' || passage?.isOpen === false) return reply.error('refused', passage === undefined ? 'refused' : refusalOf(passage.decision).reason)
      reply.end(encodeResult({ code: all ? 'ok' : 'partial' }))
    } finally {
      await passage?.end()
    }
  }

  /** Whether all of it was here; a segment that is in clear where it should be sealed counts as not here. */
  async #sendRanges (feed: Feed, ranges: readonly Range[], send: (chunk: Uint8Array) => Promise<void>, gate: Gate): Promise<boolean | 'refused'> {
    let all = true
    let isRefused = false
    await pipe(
      this.#stored(feed, ranges),
      async source => {
        for await (const { index, bytes } of source) {
          if (bytes === undefined || !isFit(gate.passage?.question, bytes)) all = false
          else if (await passes(gate, feed, index, bytes)) await sendSegment(feed, index, bytes, send)
          else {
            isRefused = true
            return
          }
        }
      }
    )
    return isRefused ? 'refused' : all
  }

  /** Reads ahead of the sender, so that disk and wire work at the same time. */
  async * #stored (feed: Feed, ranges: readonly Range[]): AsyncGenerator<{ readonly index: number, readonly bytes: Uint8Array | undefined }> {
    const steps = ranges.flatMap(([from, to]) => {
      const parts: Range[] = []
      for (let at = from; at < to; at += READ_AHEAD_SEGMENTS) parts.push([at, Math.min(to, at + READ_AHEAD_SEGMENTS)])
      return parts
    })
    const read = (step: Range | undefined): Promise<readonly (Uint8Array | undefined)[]> =>
      step === undefined ? Promise.resolve([]) : this.#feeds.segments(feed, step[0], step[1])
    let ahead = read(steps[0])
    for (const [at, [from]] of steps.entries()) {
      const found = await ahead
      ahead = read(steps[at + 1])
      // Not awaited if the asker leaves: its failure is told by the next read.
      ahead.catch(() => {})
      for (const [offset, bytes] of found.entries()) yield { index: from + offset, bytes }
    }
  }

  /** Sends every head beyond `from` with its segments, as they are signed, until the asker leaves or loses the right; false where it was answered. */
  async #follow (feed: Feed, from: number, send: (chunk: Uint8Array) => Promise<void>, reply: Reply, gate: Gate): Promise<boolean> {
    if (this.#followers >= FOLLOWERS_MAX) {
      reply.error('busy', 'too many followers')
      return false
    }
    this.#followers++
    const grown = new Signal<void>()
    const stop = this.#feeds.changed.on(changed => { if (changed === feed) grown.emit() })
    try {
      for (let sent = from; !gate.signal.aborted;) {
        if (feed.length <= sent || !feed.isComplete) {
          const cancel = this.#clock.wake(SIGN_OF_LIFE_MS, () => grown.emit())
          await grown.next(gate.signal)
          cancel()
          if (feed.length <= sent && !gate.signal.aborted) await reply.send(new Uint8Array(0))
          continue
        }
        const until = feed.length
        const gathered = new Gathering(send)
        await sendHead(feed, chunk => gathered.add(chunk))
        for await (const { index, bytes } of this.#stored(feed, [[sent, until]])) {
          if (bytes === undefined || !isFit(gate.passage?.question, bytes) || !await passes(gate, feed, index, bytes)) return true
          await sendSegment(feed, index, bytes, chunk => gathered.add(chunk))
        }
        await gathered.flush()
        sent = until
      }
      return true
    } finally {
      stop()
      this.#followers--
    }
  }
}

/** What stands between a feed and who asks for it; without a passage the class of the feed let it through. */
type Gate = { readonly passage: Passage | undefined, readonly signal: AbortSignal }

function passes ({ passage }: Gate, feed: Feed, index: number, bytes: Uint8Array): Promise<boolean> | boolean {
  return passage === undefined || passage.take({ records: feed.leaf(index).count, bytes: bytes.length })
}

/** Joins small parts into one write: a live message is a head and a small segment, and every write costs a turn. */
class Gathering {
  readonly #send: (chunk: Uint8Array) => Promise<void>
  #parts: Uint8Array[] = []
  #sizeBytes = 0

  constructor (send: (chunk: Uint8Array) => Promise<void>) {
    this.#send = send
  }

  async add (part: Uint8Array): Promise<void> {
    this.#parts.push(part)
    this.#sizeBytes += part.length
    if (this.#sizeBytes >= GATHERED_BYTES) await this.flush()
  }

  async flush (): Promise<void> {
    const parts = this.#parts
    this.#parts = []
    this.#sizeBytes = 0
    if (parts.length > 0) await this.#send(concat(parts))
  }
}

async function sendHead (feed: Feed, send: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  const envelope = feed.head?.statement.envelope ?? new Uint8Array(0)
  await send(encodeItem('head', {}, envelope.length))
  await send(envelope)
}

async function sendSegment (feed: Feed, index: number, bytes: Uint8Array, send: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  await send(encodeItem('segment', { index, leafData: feed.leafData(index), form: feed.isRedacted(index) ? 'redacted' : 'stored' }, bytes.length))
  await send(bytes)
}
