import { hex } from '../../base/index.ts'
import { joinMessages, JOINED_BYTES_MAX, splitMessages, type PeerName } from '../../core/consensus/index.ts'
import type { Clock, Peer, PeerId, ProtocolHandler, Reply } from '../../host/index.ts'
import { Bucket } from './bucket.ts'

export const CONSENSUS_PROTOCOL = '/hanse/consensus/1'
export const LEDGER_PROTOCOL = '/hanse/ledger/1'
export type Lane = 'fast' | 'bulk'
const PROTOCOLS: Readonly<Record<Lane, string>> = { fast: CONSENSUS_PROTOCOL, bulk: LEDGER_PROTOCOL }

/** A block is all that may be large: its body, its justification and evidence, each up to 1 MiB. */
const NOTE_BYTES_MAX = 4 * 1024 * 1024
const NOTES_QUEUED_MAX = 1_024
const NOTES_QUEUED_BYTES_MAX = 8 * 1024 * 1024
/** A peer that took no more is told to begin anew after this: what it missed it then says itself. */
const STUMBLED_MS = 1_000

const MESSAGES_PER_SECOND_MAX = 2_000
const BYTES_PER_SECOND_MAX = 64 * 1024 * 1024
/** Of nodes that are or were connected; a hello comes before its connection counts. */
const HELLOS_MAX = 1_024
/** First bytes of messages beyond this are no kind: they share one bucket. */
const KINDS_MAX = 32

type Neighbour = {
  readonly name: PeerName
  readonly peer: Peer
  readonly outgoing: Record<Lane, Uint8Array[]>
  readonly buckets: Map<number, Bucket>
  readonly bytes: Bucket
  /** Its stream of votes was there. */
  isOpen: boolean
  cancelReopen: (() => void) | undefined
}
type Hello = { readonly name: PeerName, readonly instance: string }

export type NeighboursOptions = {
  readonly clock: Clock
  readonly open: (peer: PeerName, instance: string) => void
  readonly close: (peer: PeerName) => void
  readonly message: (peer: PeerName, bytes: Uint8Array) => void
  /** A request for bulk. */
  readonly request: (peer: Peer, body: Uint8Array, reply: Reply) => Promise<void>
  readonly count: (metric: string, by: number) => void
}

/**
 * The members' nodes that are connected, under the names that the engine has for them: hex of transport keys.
 *
 * Messages of one turn to one peer leave in one frame, votes on a stream of their own. What comes in is limited per peer:
 * messages of each kind, and bytes; what is beyond is dropped, and asked for again where it mattered.
 */
export class Neighbours {
  readonly #options: NeighboursOptions
  readonly #hellos = new Map<PeerId, Hello>()
  readonly #byPeer = new Map<PeerId, Neighbour>()
  readonly #byName = new Map<PeerName, Neighbour>()

  constructor (options: NeighboursOptions) {
    this.#options = options
  }

  get handlers (): Readonly<Record<string, ProtocolHandler>> {
    return { [CONSENSUS_PROTOCOL]: this.#handler('fast'), [LEDGER_PROTOCOL]: this.#handler('bulk') }
  }

  /** An accepted hello says who is behind a PeerId, and which process. */
  greeted (peerId: PeerId, transportKey: Uint8Array, instance: Uint8Array): void {
    const hello = { name: hex(transportKey), instance: hex(instance) }
    const isNew = this.#hellos.get(peerId)?.instance !== hello.instance
    this.#hellos.delete(peerId)
    this.#hellos.set(peerId, hello)
    for (const oldest of this.#hellos.keys()) {
      if (this.#hellos.size <= HELLOS_MAX) break
      if (!this.#byPeer.has(oldest)) this.#hellos.delete(oldest)
    }
    if (isNew && this.#byPeer.get(peerId)?.isOpen === true) this.#options.open(hello.name, hello.instance)
  }

  up (peer: Peer): void {
    const hello = this.#hellos.get(peer.peerId)
    if (hello === undefined || this.#byPeer.get(peer.peerId)?.peer === peer) return
    const now = this.#options.clock.monotonicMs()
    const neighbour: Neighbour = {
      name: hello.name, peer, outgoing: { fast: [], bulk: [] }, buckets: new Map(),
      bytes: new Bucket(BYTES_PER_SECOND_MAX, 2 * BYTES_PER_SECOND_MAX, now), isOpen: false, cancelReopen: undefined
    }
    this.#byPeer.set(peer.peerId, neighbour)
    this.#byName.set(hello.name, neighbour)
  }

  down (peer: Peer): void {
    const neighbour = this.#byPeer.get(peer.peerId)
    if (neighbour === undefined || neighbour.peer !== peer) return
    neighbour.cancelReopen?.()
    this.#byPeer.delete(peer.peerId)
    this.#byName.delete(neighbour.name)
    if (neighbour.isOpen) this.#options.close(neighbour.name)
  }

  send (to: PeerName, lane: Lane, message: Uint8Array): void {
    this.#byName.get(to)?.outgoing[lane].push(message)
  }

  blame (name: PeerName, reason: string): void {
    this.#byName.get(name)?.peer.blame(reason)
  }

  nameOf (peerId: PeerId): PeerName | undefined {
    return this.#byPeer.get(peerId)?.name
  }

  /** Hands over what has gathered since the last call. */
  flush (): void {
    for (const neighbour of this.#byName.values()) {
      for (const lane of ['fast', 'bulk'] as const) {
        const messages = neighbour.outgoing[lane]
        if (messages.length === 0) continue
        neighbour.outgoing[lane] = []
        this.#options.count(`hanse_ledger_messages_sent_total{lane="${lane}"}`, messages.length)
        const frames = lane === 'fast' ? joined(messages) : messages
        const refused = frames.filter(frame => !neighbour.peer.note(PROTOCOLS[lane], frame)).length
        if (refused > 0) this.#stumbled(neighbour, lane, refused)
      }
    }
  }

  stop (): void {
    for (const { cancelReopen } of this.#byPeer.values()) cancelReopen?.()
    this.#byPeer.clear()
    this.#byName.clear()
  }

  /** Bulk is asked for again by whoever misses it; a lost vote has to be told by a status. */
  #stumbled (neighbour: Neighbour, lane: Lane, refused: number): void {
    this.#options.count(`hanse_ledger_messages_refused_total{lane="${lane}"}`, refused)
    if (lane === 'bulk') return
    neighbour.cancelReopen ??= this.#options.clock.wake(STUMBLED_MS, () => {
      neighbour.cancelReopen = undefined
      this.#open(neighbour.peer)
    })
  }

  #open (peer: Peer): void {
    const neighbour = this.#byPeer.get(peer.peerId)
    const hello = this.#hellos.get(peer.peerId)
    if (neighbour === undefined || hello === undefined) return
    neighbour.isOpen = true
    this.#options.open(neighbour.name, hello.instance)
  }

  #handler (lane: Lane): ProtocolHandler {
    return {
      request: (peer, body, reply) => lane === 'bulk'
        ? this.#options.request(peer, body, reply)
        : Promise.resolve(reply.error('unknown', 'this protocol has notes alone')),
      note: (peer, body) => this.#receive(peer, body),
      ...lane === 'fast' ? { opened: (peer: Peer) => this.#open(peer) } : {},
      notes: { bytesMax: NOTE_BYTES_MAX, queuedMax: NOTES_QUEUED_MAX, queuedBytesMax: NOTES_QUEUED_BYTES_MAX }
    }
  }

  #receive (peer: Peer, body: Uint8Array): void {
    const neighbour = this.#byPeer.get(peer.peerId)
    if (neighbour === undefined) return
    const messages = splitMessages(body)
    if (messages === undefined) return peer.blame('a frame of messages that cannot be taken apart')
    const now = this.#options.clock.monotonicMs()
    for (const message of messages) {
      if (neighbour.bytes.take(message.length, now) && bucketOf(neighbour, message, now).take(1, now)) this.#options.message(neighbour.name, message)
      else this.#options.count('hanse_ledger_messages_dropped_total', 1)
    }
  }
}

function bucketOf ({ buckets }: Neighbour, message: Uint8Array, now: number): Bucket {
  const kind = Math.min(message[0] ?? 0, KINDS_MAX)
  const known = buckets.get(kind)
  if (known !== undefined) return known
  const bucket = new Bucket(MESSAGES_PER_SECOND_MAX, 2 * MESSAGES_PER_SECOND_MAX, now)
  buckets.set(kind, bucket)
  return bucket
}

/** As few frames as their cap allows, in order. */
function joined (messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = []
  let group: Uint8Array[] = []
  let groupBytes = 1
  const close = (): void => {
    if (group.length > 0) frames.push(joinMessages(group))
    group = []
    groupBytes = 1
  }
  for (const message of messages) {
    if (groupBytes + message.length + 4 > JOINED_BYTES_MAX) close()
    group.push(message)
    groupBytes += message.length + 4
  }
  close()
  return frames
}
