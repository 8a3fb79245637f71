import { assert, equalBytes, type CID } from '../../base/index.ts'
import { declareFeed, decodeDeclaration, type FeedClass } from '../../core/feed/index.ts'
import {
  CERTIFICATE_LIFETIME_MS_MAX, checkHello, decodeStatement, encodeHello, INSTANCE_SIZE_BYTES, issueCertificate, signStatement, type Certificate, type Charter,
  type MemberFacts
} from '../../core/identity/index.ts'
import { agreementOf, memberOf } from '../../core/ledger/index.ts'
import { ACCESS_CLASS, ACCESS_DATASET_ID, AccessLog } from '../access/index.ts'
import { Consensus, CONSENSUS_PROTOCOL, LEDGER_PROTOCOL, type ConsensusKeys, type ProfileName } from '../consensus/index.ts'
import type { Clock, Host, Log, Network, Peer, ProtocolHandler } from '../../host/index.ts'
import { Doors, Standings, type Engine } from '../doors/index.ts'
import { Feeds, Signal, type Feed } from '../feeds/index.ts'
import { Files } from '../files/index.ts'
import type { Keys } from '../founding/index.ts'
import { Granting } from '../granting/index.ts'
import { Hints } from '../hints/index.ts'
import { Epochs, Keyring, wrappingKeyOf } from '../keyring/index.ts'
import { ledgerFactsOf, Members } from '../members/index.ts'
import { LIVE_PROTOCOL, Puller, SYNC_PROTOCOL } from '../pulling/index.ts'
import { Server } from '../serving/index.ts'
import { checkpointIn } from '../snapshots/index.ts'
import { Writer } from '../writer/index.ts'
import { OwnFeeds } from './own.ts'

/** A certificate is renewed when less than this is left of it. */
const RENEW_BEFORE_MS = 30 * 24 * 3_600_000
const RENEW_CHECK_MS = 3_600_000
const FEED_NONCE_BYTES = 16
const CHECKPOINT_STATEMENT_BYTES_MAX = 16_384
const ALARMS_MAX = 100

export type FederationOptions = {
  readonly host: Host
  readonly keys: Keys
  readonly charter: Charter
  /** Members that this one's inviter named, itself among them; undefined for a founder. */
  readonly introduced: readonly MemberFacts[] | undefined
  /** Statements of where the ledger stands: by the inviter, and by members that people asked. */
  readonly invitation: Uint8Array | null
  readonly checkpoints: readonly Uint8Array[]
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly lan: boolean
  readonly profile: 'normal' | 'off-grid'
  readonly gossip: boolean
  readonly listingEveryMs: number
  readonly feedsPerMemberMax: number
  readonly segmentBytesTarget: number
  readonly lingerMs: number
  readonly ledgerProfile: ProfileName
  readonly consensusKeys: ConsensusKeys
  readonly wants: (feed: Feed) => boolean
  /** What decides by policies. */
  readonly engine: Engine
  /** The folder comes from a backup: what its keys signed since is not known here. */
  readonly isRestored: boolean
  readonly restoreEnded: () => void
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

/** What a node is within its federation: everything that exists only once there is a charter. */
export class Federation {
  readonly feeds: Feeds
  readonly keyring: Keyring
  readonly epochs: Epochs
  readonly members: Members
  readonly files: Files
  readonly writer: Writer
  readonly puller: Puller
  readonly server: Server
  readonly own: OwnFeeds
  readonly consensus: Consensus
  readonly standings: Standings
  readonly access: AccessLog
  readonly doors: Doors
  readonly granting: Granting
  readonly #options: FederationOptions
  readonly #clock: Clock
  readonly #instance: Uint8Array
  #certificate: Certificate
  #network: Network | undefined
  #hints: Hints | undefined
  #cancelRenewal: () => void = () => {}
  /** A member's node came or went. */
  readonly peersChanged: Signal<{ readonly peer: Peer, readonly member: string, readonly isUp: boolean }> = new Signal()
  readonly #alarms: string[] = []
  #checkpoints: readonly Uint8Array[]

  private constructor (
    options: FederationOptions, feeds: Feeds, keyring: Keyring, members: Members, files: Files, certificate: Certificate, consensus: Consensus, standings: Standings, instance: Uint8Array
  ) {
    const { host, keys, log } = options
    this.#options = options
    this.#checkpoints = options.checkpoints
    this.#clock = host.clock
    this.#certificate = certificate
    this.#instance = instance
    this.consensus = consensus
    this.feeds = feeds
    this.keyring = keyring
    this.epochs = new Epochs({ keyring, feeds, clock: host.clock, random: host.random })
    this.members = members
    this.files = files
    this.writer = new Writer({
      feeds, store: host.store, signer: host.signer, clock: host.clock, random: host.random, epochs: this.epochs,
      voice: () => ({ federation: members.current.federation, certificate: this.#certificate.id, key: keys.node }),
      segmentBytesTarget: options.segmentBytesTarget, lingerMs: options.lingerMs, onFatal: options.onFatal
    })
    this.puller = new Puller({
      feeds, members, clock: host.clock, random: host.random, log, own: keys.did, wants: options.wants, mayTell: (feed, member) => this.doors.mayKnow(feed, member),
      listingEveryMs: options.listingEveryMs, feedsPerMemberMax: options.feedsPerMemberMax, alarm: sentence => this.alarm(sentence),
      onFatal: options.onFatal
    })
    this.own = new OwnFeeds({
      feeds, store: host.store, signer: host.signer, writer: this.writer, voice: () => ({ certificate: this.#certificate, key: keys.node }),
      reach: feed => ({ shown: this.puller.targetOf(feed), claimed: this.puller.claimedOf(feed) }), membersOther: () => members.belonging() - 1,
      isRestored: options.isRestored, restoreEnded: options.restoreEnded, onFatal: options.onFatal, log
    })
    this.puller.listed.on(member => this.own.answered(member))
    this.standings = standings
    this.access = new AccessLog({
      feeds, keyring, writer: this.writer, store: host.store, clock: host.clock, log,
      declare: () => this.own.mayDeclare ? this.declare(ACCESS_DATASET_ID, ACCESS_CLASS, 'log') : Promise.resolve(undefined)
    })
    const ledgerChanged = new Signal<void>()
    consensus.finals.on(() => ledgerChanged.emit())
    this.doors = new Doors({
      own: keys.did, federation: members.current.federation.toString(), clock: host.clock, members, standings, access: this.access, engine: options.engine, log,
      ledger: {
        classOf: did => memberOf(consensus.state, did)?.classCode, height: () => consensus.view.height, changed: ledgerChanged,
        revokedMs: commit => agreementOf(consensus.state, commit)?.revokedMs ?? null
      }
    })
    this.granting = new Granting({
      own: keys.did, federation: members.current.federation, encryptionSeed: keys.encryptionSeed, feeds, keyring, epochs: this.epochs, writer: this.writer,
      doors: this.doors, standings, members, puller: this.puller, clock: host.clock, random: host.random, log,
      voice: () => ({ certificate: this.#certificate.id, key: keys.node }),
      declare: (datasetId, feedClass) => this.own.mayDeclare ? this.declare(datasetId, feedClass, 'log') : Promise.resolve(undefined)
    })
    this.server = new Server({
      feeds, doors: this.doors, memberOf: peerId => members.current.memberOfPeer(peerId), file: (root, wanted) => this.files.serve(root, wanted),
      statement: id => this.#statement(id), note: (peer, body) => this.puller.note(peer, body), clock: host.clock
    })
  }

  static async open (options: FederationOptions): Promise<Federation> {
    const { host, keys, charter } = options
    const { introduced } = options
    const members = await Members.load(
      host.store, host.clock, charter, introduced === undefined ? undefined : { own: keys.did, members: introduced }
    )
    const instance = host.random.bytes(INSTANCE_SIZE_BYTES)
    const consensus = await Consensus.open({
      charter, profile: options.ledgerProfile, transportKey: keys.transport.publicKey, instance, keys: options.consensusKeys,
      isRestored: options.isRestored, invitation: options.invitation === null ? undefined : checkpointIn(options.invitation), store: host.store, signer: host.signer, clock: host.clock, onFatal: options.onFatal, log: options.log
    })
    members.setLedger(ledgerFactsOf(consensus.index.membershipFacts()))
    consensus.membersChanged.on(facts => members.setLedger(ledgerFactsOf(facts)))
    const feeds = await Feeds.load(host.store)
    const files = await Files.load(host.store)
    const certificate = await ownCertificate(members, keys, host.clock.nowMs())
    const keyring = await Keyring.load({ signer: host.signer, random: host.random, wrappingKey: wrappingKeyOf(keys.encryptionSeed), self: keys.did })
    const federation = new Federation(options, feeds, keyring, members, files, certificate, consensus, await Standings.load(host.store, host.clock), instance)
    await federation.own.open()
    await federation.granting.open()
    await federation.access.open()
    federation.#watchCertificate()
    federation.#trust()
    members.changed.on(() => federation.#trust())
    return federation
  }

  get certificate (): Certificate {
    return this.#certificate
  }

  get network (): Network | undefined {
    return this.#network
  }

  /** Opens the doors to the other members. `more`: protocols of rooms that stand on this one. */
  async connect (more: Readonly<Record<string, ProtocolHandler>> = {}): Promise<void> {
    const { host, keys, listen, announce, lan, profile, gossip, log } = this.#options
    const { current } = this.members
    const topic = `/hanse/1/${current.federation.toString()}/heads`
    const network = await host.openNetwork({
      transportSeed: keys.transportSeed, federation: current.federation.toString(), listen, announce, lan, profile, gossip,
      hello: {
        mine: () => encodeHello({
          federation: this.members.current.federation, certificate: this.#certificate.envelope,
          protocols: {
            [SYNC_PROTOCOL]: 0, [LIVE_PROTOCOL]: 0, [CONSENSUS_PROTOCOL]: 0, [LEDGER_PROTOCOL]: 0, ...Object.fromEntries(Object.keys(more).map(name => [name, 0]))
          },
          features: [],
          epoch: this.consensus.view.epoch, height: this.consensus.view.height, instance: this.#instance
        }),
        check: (peerId, hello) => {
          const checked = checkHello(this.members.current, peerId, hello, this.#clock.nowMs())
          if (!checked.ok) return checked
          const { certificate, instance } = checked.value
          void this.members.addCertificate(certificate.envelope)
          this.consensus.greeted(peerId, certificate.transportKey, instance)
          return { ok: true, value: null }
        }
      },
      protocols: {
        [SYNC_PROTOCOL]: { ...this.server.handler, opened: peer => this.puller.opened(peer) }, [LIVE_PROTOCOL]: this.server.handler, ...this.consensus.handlers, ...more
      },
      topics: [{ name: topic, validate: message => this.puller.gossiped(message), deliver: () => {} }, this.consensus.topic],
      onPeer: peer => this.#peer(peer, true),
      onPeerGone: peer => this.#peer(peer, false),
      log
    })
    this.#network = network
    this.consensus.connect(network)
    this.#hints = new Hints({
      feeds: this.feeds, doors: this.doors, clock: host.clock, network, topic, protocol: SYNC_PROTOCOL,
      memberOf: peerId => this.members.current.memberOfPeer(peerId)
    })
    network.setMembers(this.#others())
    this.members.changed.on(() => network.setMembers(this.#others()))
    for (const peer of network.peers()) this.#peer(peer, true)
  }

  /** Declares an own feed. */
  async declare (
    datasetId: string, feedClass: FeedClass, mode: 'log' | 'keyed',
    { derivedFrom = null, isAlone = false }: { readonly derivedFrom?: CID | null | undefined, /** Nobody else is to hold it. */ readonly isAlone?: boolean } = {}
  ): Promise<Feed> {
    const { host, keys } = this.#options
    const body = declareFeed({
      federation: this.members.current.federation, publisher: keys.did, datasetId, class: feedClass, mode, supersedes: null, derivedFrom,
      createdMs: host.clock.nowMs(), nonce: host.random.bytes(FEED_NONCE_BYTES)
    })
    const statement = signStatement(body, this.#certificate.id, keys.node)
    const declaration = decodeDeclaration(statement)
    assert(declaration.ok, 'a declaration of our own is well formed')
    if (isAlone || feedClass === ACCESS_CLASS || feedClass === `pair:${keys.did}`) await this.own.keepAlone(statement.id)
    return this.feeds.register(statement, declaration.value, 'writer')
  }

  /** What is wrong, and why own feeds are not written, in sentences. */
  get alarms (): readonly string[] {
    const unreadable = this.keyring.unreadable === 0 ? [] : [`${this.keyring.unreadable} keys of sealed data cannot be read: they are damaged, or of another keystore`]
    return [...unreadable, ...this.own.alarms(), ...this.consensus.view.alarms.map(({ sentence }) => sentence), ...this.consensus.alarm === undefined ? [] : [this.consensus.alarm], ...this.#alarms]
  }

  alarm (sentence: string): void {
    if (this.#alarms.includes(sentence) || this.#alarms.length >= ALARMS_MAX) return
    this.#alarms.push(sentence)
    this.#options.log('warn', sentence)
  }

  /** Waits until no segment and none of these files is missing, or until the time is over; resolves with what is still missing. */
  async awaitRepair (damagedFiles: readonly CID[], withinMs: number): Promise<number> {
    const over = new AbortController()
    const cancel = this.#clock.wake(withinMs, () => over.abort())
    const lost = (): number => damagedFiles.filter(root => !this.files.has(root)).length +
      [...this.feeds.all()].reduce((sum, feed) => sum + feed.missing.reduce((count, [from, to]) => count + to - from, 0), 0)
    while (lost() > 0 && !over.signal.aborted) await Promise.race([this.feeds.changed.next(over.signal), this.files.changed.next(over.signal)])
    cancel()
    over.abort()
    return lost()
  }

  async stop (): Promise<void> {
    this.#cancelRenewal()
    this.#hints?.stop()
    this.puller.stop()
    await this.#network?.stop()
    await this.consensus.stop()
    await this.granting.stop()
    await this.access.stop()
    await this.writer.stop()
  }

  #others (): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.members.current.peers()].filter(([peerId]) => peerId !== this.#network?.peerId))
  }

  #peer (peer: Peer, isUp: boolean): void {
    const member = this.members.current.memberOfPeer(peer.peerId)
    if (isUp && member !== undefined) this.puller.peerUp(peer, member)
    if (!isUp) this.puller.peerDown(peer)
    this.consensus.peer(peer, isUp)
    if (member !== undefined) this.peersChanged.emit({ peer, member, isUp })
  }

  async #statement (id: CID): Promise<Uint8Array | undefined> {
    if (id.equals(this.#certificate.id)) return this.#certificate.envelope
    return this.feeds.get(id)?.statement ?? this.members.statement(id)
  }

  /** Who signed a checkpoint may be known only once its node has shown its certificate. */
  #trust (): void {
    if (this.#checkpoints.length === 0) return
    const said = this.#checkpoints.flatMap(envelope => {
      const statement = decodeStatement(envelope, CHECKPOINT_STATEMENT_BYTES_MAX)
      const checkpoint = checkpointIn(envelope)
      const speaker = statement.ok && checkpoint !== undefined ? this.members.current.speaker(statement.value, checkpoint.timeMs) : undefined
      return checkpoint !== undefined && speaker?.ok === true ? [{ member: speaker.value.member, checkpoint }] : []
    })
    if (this.consensus.trust(said).ok) this.#checkpoints = []
  }

  // --- Certificate -------------------------------------------------------------------------------------------------

  #watchCertificate (): void {
    this.#cancelRenewal = this.#clock.wake(RENEW_CHECK_MS, () => {
      void ownCertificate(this.members, this.#options.keys, this.#clock.nowMs()).then(certificate => { this.#certificate = certificate })
      this.#watchCertificate()
    })
  }
}

/** The newest certificate of this node, renewed in time where the root key is at hand. */
async function ownCertificate (members: Members, keys: Keys, nowMs: number): Promise<Certificate> {
  const newest = members.current.certificatesOf(keys.did)
    .filter(({ nodeKey, transportKey }) => equalBytes(nodeKey.bytes, keys.node.publicKey) && equalBytes(transportKey, keys.transport.publicKey))
    .toSorted((a, b) => b.notAfterMs - a.notAfterMs)[0]
  if (newest !== undefined && (newest.notAfterMs > nowMs + RENEW_BEFORE_MS || keys.root === undefined)) return newest
  if (keys.root === undefined) throw new Error('this node has no certificate: start it once with the passphrase of the member root key')
  const issued = issueCertificate({
    federation: members.current.federation, nodeKey: keys.node.publicKey, transportKey: keys.transport.publicKey,
    encryptionKey: keys.encryptionKey, notBeforeMs: nowMs, notAfterMs: nowMs + CERTIFICATE_LIFETIME_MS_MAX
  }, keys.root)
  const added = await members.addCertificate(issued.envelope)
  if (!added.ok) throw new Error(`the federation does not take this node's certificate: ${added.failure.code}`)
  return issued
}
