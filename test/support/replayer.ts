import { cidOf, ok, type CID } from '../../src/base/index.ts'
import { didOfKey, encodeHello, signingKeyOfSeed, type Membership } from '../../src/core/identity/index.ts'
import { decodeRequest, encodeItem, encodeItemBytes, encodeListing, encodeNote, encodeResult, listingPage } from '../../src/core/sync/index.ts'
import { encodeForkProof } from '../../src/core/feed/index.ts'
import type { Host, Network, Reply } from '../../src/host/index.ts'
import type { Seeds } from '../../src/node/index.ts'
import type { AuditedFeed } from './audit.ts'

const SYNC = '/hanse/sync/1'

type Said = {
  readonly seeds: Seeds
  /** Where its certificate is from. */
  readonly membership: Membership
  /** The federation whose door it stands at, if another. */
  readonly prologue?: string
  readonly feeds: readonly AuditedFeed[]
  readonly statements: readonly Uint8Array[]
  readonly openNetwork: Host['openNetwork']
}

/**
 * Plays a member that says again what was signed, perhaps for another federation: it lists feeds, serves their declarations,
 * certificates and heads, and none of their data; and sends the heads by gossip and as notes.
 */
export class Replayer {
  readonly #said: Said
  readonly #byId = new Map<string, Uint8Array>()
  readonly asked = new Set<string>()
  peersMet = 0
  #network: Network | undefined
  #topic = ''

  private constructor (said: Said) {
    this.#said = said
    for (const { declaration } of said.feeds) this.#byId.set(declaration.id.toString(), declaration.statement.envelope)
    for (const envelope of said.statements) this.#byId.set(cidOf('dagCbor', envelope).toString(), envelope)
  }

  static async open (said: Said, at: { readonly port: number, readonly node: { status (): { readonly peerId: string } } }): Promise<Replayer> {
    const replayer = new Replayer(said)
    const { seeds, membership } = said
    const federation = said.prologue ?? membership.federation.toString()
    const own = signingKeyOfSeed(seeds.node).publicKey
    const certificate = membership.certificatesOf(didOfKey(seeds.rootPublicKey)).find(({ nodeKey }) => Buffer.from(nodeKey.bytes).equals(own))
    if (certificate === undefined) throw new Error('it has no certificate there')
    replayer.#topic = `/hanse/1/${federation}/heads`
    const handler = { request: (_peer: unknown, body: Uint8Array, reply: Reply) => replayer.#answer(body, reply), note: () => {} }
    replayer.#network = await said.openNetwork({
      transportSeed: seeds.transport, federation, listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], lan: false, profile: 'normal', gossip: true,
      hello: {
        mine: () => encodeHello({
          federation: membership.federation, certificate: certificate.envelope, protocols: { [SYNC]: 0 }, features: [], epoch: 0, height: 0,
          instance: new Uint8Array(16)
        }),
        check: () => ok(null)
      },
      protocols: { [SYNC]: handler, '/hanse/live/1': handler },
      topics: [{ name: replayer.#topic, validate: () => 'accept', deliver: () => {} }],
      onPeer: () => { replayer.peersMet++ },
      onPeerGone: () => {},
      log: () => {}
    })
    replayer.#network.setMembers(new Map([[at.node.status().peerId, [`/ip4/127.0.0.1/tcp/${at.port}`]]]))
    return replayer
  }

  /** Every head by gossip and as a note, and every two heads as if they were a fork. */
  async sayAll (): Promise<void> {
    const { feeds } = this.#said
    for (const { declaration, headEnvelope } of feeds) {
      if (headEnvelope === undefined) continue
      this.#network?.publish(this.#topic, headEnvelope)
      for (const peer of this.#network?.peers() ?? []) {
        peer.note(SYNC, encodeNote({ kind: 'head', envelope: headEnvelope }))
        peer.note(SYNC, encodeNote({ kind: 'fork', feed: declaration.id, proof: encodeForkProof({ a: headEnvelope, b: headEnvelope, cover: null }) }))
      }
    }
  }

  stop (): Promise<void> {
    return this.#network?.stop() ?? Promise.resolve()
  }

  async #answer (body: Uint8Array, reply: Reply): Promise<void> {
    const request = decodeRequest(body)
    if (!request.ok) return reply.error('limit', 'malformed')
    const { verb } = request.value
    this.asked.add(verb)
    if (verb === 'feeds') await reply.send(encodeItemBytes('listing', encodeListing(listingPage(this.#listed(), new Uint8Array(32), null)), 0))
    else if (verb === 'statements') for (const id of request.value.ids) await this.#statement(id, reply)
    else if (verb === 'head') {
      const { feed } = request.value
      const envelope = this.#said.feeds.find(({ declaration }) => declaration.id.equals(feed))?.headEnvelope ?? new Uint8Array(0)
      await reply.send(encodeItem('head', {}, envelope.length))
      await reply.send(envelope)
    } else return reply.error('unknown', 'no such feed')
    reply.end(encodeResult({ code: 'ok' }))
  }

  #listed (): Parameters<typeof listingPage>[0] {
    return this.#said.feeds.map(({ declaration, length, root }) => ({ feed: declaration.id, length, mmrRoot: Buffer.from(root, 'hex') }))
  }

  async #statement (id: CID, reply: Reply): Promise<void> {
    const envelope = this.#byId.get(id.toString()) ?? new Uint8Array(0)
    await reply.send(encodeItem('statement', { id }, envelope.length))
    await reply.send(envelope)
  }
}
