import { fail, ok, type Result } from '../base/index.ts'
import { decodeCharter, peerIdOfKey, type Charter } from '../core/identity/index.ts'
import type { Host, Log } from '../host/index.ts'
import { Counting, Desk, nodeSqlOf, SQL_PROTOCOL } from './asking/index.ts'
import { Agreements, nodeAgreementsOf, nodeProtocolOf } from './agreements/index.ts'
import { makeBundle, openBundle, SET_SIZE_BYTES } from './bundle/index.ts'
import { Catalogue } from './catalogue/index.ts'
import { DSP_PROTOCOL } from './dsp/index.ts'
import { ConsensusKeys, type ProfileName } from './consensus/index.ts'
import type { Failure, HanseNode, NodeEvent, NodeStatus } from './contract/index.ts'
import { Datasets, governedOf, historyOf, isTooFine, Publisher, Reader, tooFine } from './datasets/index.ts'
import { Derivations } from './derivations/index.ts'
import { TERMS_ENGINE, type Engine } from './doors/index.ts'
import { announce, eventsOf } from './events.ts'
import { Duties, nodeDutiesOf } from './duties/index.ts'
import { Federation, promisedFeeds } from './federation/index.ts'
import { Signal, type Feed } from './feeds/index.ts'
import { Admissions, Candidacy, Ceremony, JoinListener, joinProposalOf, type Keys } from './founding/index.ts'
import { isPairWith } from './granting/index.ts'
import { nodeMetrics, PeerCounts } from './metrics.ts'
import { Querying } from './querying/index.ts'
import { describedBy, ledgerOf, LedgerRoom } from './ledger/index.ts'
import { Profile } from './profile/index.ts'
import { metaKey } from './rows/index.ts'
import { nodeTermsOf, TermsDesk } from './terms/index.ts'
import { scrub } from './verifying/index.ts'

export type NodeOptions = {
  readonly host: Host
  readonly keys: Keys
  readonly name: string
  /** What this member attests of where and how it keeps what it is given; nothing where it is left out. */
  readonly claims?: { readonly storedIn: readonly string[], readonly securityLevel: number } | undefined
  readonly listen: readonly string[]
  /** Addresses that others reach this node at; they go into the charter. */
  readonly announce: readonly string[]
  readonly joinListen: readonly string[]
  readonly joinAnnounce: readonly string[]
  readonly lan: boolean
  readonly profile: 'normal' | 'off-grid'
  readonly gossip: boolean
  /** How far apart the validators are in time; wide area where nothing is said. */
  readonly ledgerProfile?: ProfileName | undefined
  /** How often each neighbour is asked for all that it holds; a minute where nothing is said. */
  readonly listingEveryMs?: number
  /** How many feeds of one member this node takes. */
  readonly feedsPerMemberMax?: number
  /** Keep all datasets of the federation, or those that were asked for. */
  readonly keepsAll: boolean
  /** Bytes of other members' data that this node keeps; beyond it nothing new is fetched. */
  readonly quotaBytes: number
  readonly segmentBytesTarget: number
  readonly lingerMs: number
  readonly scrubHours: number
  /** Whether there is room on the disk to take data in. */
  readonly hasRoom: () => boolean
  /** The charter as it is kept outside of the store: used where the store has none. */
  readonly charter?: Uint8Array | undefined
  /** Keeps the charter outside of the store, which may be lost; resolves when that is durable. */
  readonly keepCharter?: (envelope: Uint8Array) => Promise<void>
  /** The folder was made from a backup: nothing is published before others have told what they hold of this member. */
  readonly isRestored?: boolean
  /**
   * Statements of members of where the ledger stands, for a node that was away for longer than keys are trusted for: two that
   * say the same, got from those members' `/.well-known/hanse-checkpoint.json` by a way that its operator trusts.
   */
  readonly checkpoints?: readonly Uint8Array[]
  /** Told of the rooms of this node once it belongs to a federation: for programs that go deeper than `HanseNode`. */
  readonly onRooms?: (rooms: Rooms) => void
  /** What decides by policies; `core/terms` where nothing is said. */
  readonly engine?: Engine
  /** Told once: all that others hold of this member is here again. */
  readonly restoreEnded?: () => void
  readonly log: Log
}

const CHARTER = metaKey('charter')
const TERMS_SALT_BYTES = 32
const LISTING_EVERY_MS = 60_000
const FEEDS_PER_MEMBER_MAX = 8_192
/** What a member may write into its catalogue, or to this one alone; it is kept whatever the quota, because revocations stand in it. */
const CATALOGUE_BYTES_MAX = 64 << 20
const NOT_READY: Failure<'not-ready'> = {
  code: 'not-ready', reason: 'this node belongs to no federation yet', hint: 'found one with "hanse invite", or join one with "hanse join TICKET"'
}

const APPLYING: Failure<'refused'> = {
  code: 'refused', reason: 'this node has applied to another federation', hint: 'wait for the members to decide, or make another node'
}
const FOUNDING: Failure<'refused'> = {
  code: 'refused', reason: 'this node is founding a federation', hint: 'wait for it, or make another node'
}

/** What there is once the node belongs to a federation. */
type Belonging = {
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly datasets: Datasets
  readonly publisher: Publisher
  readonly reader: Reader
  readonly derivations: Derivations
  readonly querying: Querying
  readonly terms: TermsDesk
  readonly ledger: LedgerRoom
  readonly counts: PeerCounts
  readonly admissions: Admissions
  readonly agreements: Agreements
  readonly duties: Duties
  readonly asking: Desk
  readonly counting: Counting
}

/** The rooms that are not seen whole through `HanseNode`. */
export type Rooms = Pick<Belonging, 'federation' | 'catalogue' | 'datasets' | 'publisher' | 'reader' | 'duties' | 'querying'>

/** Composes a node from its rooms and starts it. */
export async function createNode (options: NodeOptions): Promise<HanseNode> {
  const { host, keys, name, log } = options
  const { clock, store } = host
  const startedMs = clock.nowMs()
  const events = new Signal<NodeEvent>()
  const fatal = new Signal<string>()
  const failed = new Promise<string>(resolve => { fatal.on(resolve) })
  let belonging: Belonging | undefined
  const stopping = new AbortController()
  let isStopping = false
  let isBelonging = false
  let cancelScrub: () => void = () => {}

  const onFatal = (cause: unknown): void => {
    const sentence = cause instanceof Error ? cause.message : String(cause)
    log('error', 'the node cannot go on', { reason: sentence })
    fatal.emit(sentence)
  }

  const { web, ...protocol } = nodeProtocolOf(() => belonging?.agreements)
  const consensusKeys = await ConsensusKeys.load(host.signer, host.random)
  const consensusKey = async (): Promise<Uint8Array> => (await consensusKeys.first()).publicKey
  const listener = new JoinListener({
    join: host.join, transportSeed: keys.transportSeed, listen: options.joinListen, announce: options.joinAnnounce, log
  })
  const ceremony = new Ceremony({
    store, clock, random: host.random, join: host.join, keys, consensusKey, name, addresses: options.announce, listener
  })
  const candidacy = new Candidacy({ store, clock, join: host.join, keys, consensusKey, name, addresses: options.announce })
  ceremony.changed.on(() => {
    const standing = ceremony.status()
    if (standing !== null) events.emit({ type: 'founding', have: standing.have, want: standing.want })
  })
  for (const sealed of [ceremony.founded, candidacy.admitted]) sealed.on(charter => { if (!isBelonging) belong(charter, true).catch(onFatal) })

  const profile = await Profile.load(store, keys.did, name)
  const charter = await keptCharter(options)
  if (charter !== undefined) await belong(charter, false)
  await ceremony.resume(charter !== undefined)
  await candidacy.resume(charter !== undefined)

  async function belong (sealed: Charter, isNew: boolean): Promise<void> {
    isBelonging = true
    await options.keepCharter?.(sealed.envelope)
    if (isNew) await store.commit([{ type: 'put', key: CHARTER, value: sealed.envelope }])
    const room = new Room()
    const welcome = await candidacy.welcome(sealed)
    const federation = await Federation.open({
      host, keys, charter: sealed, introduced: welcome?.introduced, invitation: welcome?.checkpoint ?? null, checkpoints: options.checkpoints ?? [],
      listen: options.listen, announce: options.announce, lan: options.lan, profile: options.profile,
      gossip: options.gossip, listingEveryMs: options.listingEveryMs ?? LISTING_EVERY_MS,
      feedsPerMemberMax: options.feedsPerMemberMax ?? FEEDS_PER_MEMBER_MAX, segmentBytesTarget: options.segmentBytesTarget, lingerMs: options.lingerMs,
      ledgerProfile: options.ledgerProfile ?? 'wan', consensusKeys, wants: feed => room.wants(feed), engine: options.engine ?? TERMS_ENGINE, isRestored: options.isRestored === true,
      restoreEnded: options.restoreEnded ?? (() => {}), onFatal, log
    })
    const catalogue = await Catalogue.open({ federation, own: keys.did, name, claims: options.claims ?? null, profile, clock, log })
    const datasets = await Datasets.open({ federation, catalogue, clock, store, log, own: keys.did, keepsAll: options.keepsAll })
    federation.doors.openAssets(datasets.assets())
    room.open(federation, datasets, keys.did, options.quotaBytes)
    const admissions = await Admissions.open({
      store, clock, random: host.random, keys, members: federation.members, addresses: options.announce, listener, log,
      decisions: { proposalOf: did => joinProposalOf(federation.consensus.state, did), checkpoint: () => checkpointOf(belonging?.ledger) }
    })
    const reader = new Reader({ federation, catalogue, datasets, own: keys.did, stopped: stopping.signal, clock })
    const ledger = await LedgerRoom.open({
      federation, keys, consensusKeys, addresses: options.announce, store, clock, onFatal, log, find: reference => datasets.find(reference),
      disclose: (found, bytes, asker) => reader.disclose(found, bytes, asker),
      describe: datasetId => describedBy(catalogue.entry(keys.did, datasetId)), applications: () => admissions.applications(),
      applicant: reference => admissions.applicant(reference)
    })
    catalogue.changed.on(({ publisher }) => { if (publisher === keys.did) ledger.described() })
    ledger.anchored.on(feed => datasets.anchored(feed))
    const publisher = new Publisher({ federation, catalogue, datasets, clock, own: keys.did })
    const derivations = await Derivations.open({
      federation, catalogue, datasets, publisher, own: keys.did, store, clock, random: host.random, hasRoom: options.hasRoom, onFatal
    })
    const agreements = await Agreements.open({
      federation, catalogue, keys, store, clock, random: host.random, author: ledger.pen, rights: federation.granting, onFatal, log,
      find: reference => datasets.find(reference), reader
    })
    // Before duties: what they have erased has to leave the index too.
    const querying = await Querying.open({ federation, catalogue, datasets, own: keys.did, store, clock, log, onFatal })
    const duties = await Duties.open({ federation, catalogue, datasets, publisher, ledger, derivations, keys, host, isRestored: options.isRestored === true, log, onFatal })
    const counting = await Counting.load(store)
    const asking = new Desk({
      federation, datasets, engine: host.sql, keys, store, clock, countedBy: datasetId => counting.columnOf(datasetId) ?? derivations.entityKeyOf(datasetId)
    })
    belonging = {
      asking, counting,
      agreements, duties, querying, federation, catalogue, datasets, admissions, ledger, publisher, reader, derivations,
      terms: new TermsDesk({ federation, datasets, publisher, own: keys.did, clock, random: host.random, countBy: (id, column) => counting.set(id, column) }),
      counts: new PeerCounts(federation, clock)
    }
    options.onRooms?.(belonging)
    announce(belonging, events)
    if (isStopping) return
    await federation.connect({ [DSP_PROTOCOL]: agreements.handler, [SQL_PROTOCOL]: asking.handler() })
    agreements.resume(web())
    events.emit({ type: 'ready', federation: sealed.federation.toString() })
    log('info', 'ready', { federation: sealed.federation.toString(), name: sealed.name })
    scheduleScrub()
  }

  function scheduleScrub (): void {
    cancelScrub = clock.wake(options.scrubHours * 3_600_000, () => {
      if (belonging !== undefined) scrub(belonging.federation, () => {}).catch(onFatal).finally(scheduleScrub)
    })
  }

  const within = async <T, F>(work: (here: Belonging) => Promise<Result<T, F>>): Promise<Result<T, F | Failure<'not-ready'>>> => {
    if (belonging === undefined) return fail(NOT_READY)
    return work(belonging)
  }
  const notKnown = { code: 'not-found', reason: NOT_READY.reason, hint: NOT_READY.hint } as const
  const noRoom = {
    code: 'disk-full', reason: 'less than a twentieth of the disk is free, so nothing is taken in', hint: 'free some space; reading goes on meanwhile'
  } as const

  return {
    ...nodeDutiesOf(() => belonging?.duties, NOT_READY),
    ...ledgerOf(() => belonging?.ledger, NOT_READY),
    ...nodeAgreementsOf(() => belonging?.agreements, NOT_READY),
    ...protocol,
    ...nodeTermsOf(() => belonging?.terms, NOT_READY),
    ...nodeSqlOf(() => belonging?.asking, NOT_READY),
    failed,
    status: () => statusOf(),
    peers: () => belonging?.counts.peers() ?? [],
    members: () => belonging?.federation.members.current.members().map(({ did, revokedSinceMs }) => (
      { did, name: belonging?.federation.members.nameOf(did) ?? did, revoked: revokedSinceMs !== undefined, place: profile.placeOf(did) })) ?? [],
    ...profile.calls(),
    invite: async invitation => belonging !== undefined && ceremony.status() === null
      ? belonging.admissions.invite(invitation.validMs)
      : candidacy.status() !== null ? fail(APPLYING) : ceremony.invite(invitation),
    join: async ticket => belonging !== undefined
      ? fail({ code: 'already-member', reason: 'this node belongs to a federation already', hint: 'make another node to join another federation' })
      : candidacy.takes(ticket)
        ? ceremony.status() !== null ? fail(FOUNDING) : candidacy.join(ticket)
        : candidacy.status() !== null ? fail(APPLYING) : ceremony.join(ticket),
    datasets: (query, asker) => belonging?.datasets.list(query, asker) ?? [],
    dataset: (reference, asker) => {
      if (belonging === undefined) return fail(notKnown)
      const found = belonging.datasets.findFor(reference, asker)
      return found.ok ? ok(belonging.datasets.view(found.value)) : found
    },
    history: async (reference, asker) => {
      if (belonging === undefined) return fail(notKnown)
      const found = belonging.datasets.findFor(reference, asker)
      return found.ok ? ok(await historyOf({ ...belonging, own: keys.did }, found.value, asker)) : found
    },
    publish: (description, content, onProgress = () => {}, terms) => within(async ({ publisher, counting }) => {
      const governed = terms === undefined ? undefined : governedOf(terms, host.random.bytes(TERMS_SALT_BYTES))
      if (governed?.ok === false) return governed
      if (terms !== undefined && terms.questions === undefined && isTooFine(terms.form, null)) {
        return fail(tooFine('publish them visible to nobody, and derive this dataset from them, as "hanse publish FILE --terms TERMS" does in one step'))
      }
      if (!options.hasRoom()) return fail(noRoom)
      if (terms?.questions !== undefined) await counting.set(description.datasetId, terms.questions.countedBy)
      return publisher.publish(description, content, onProgress, governed === undefined ? undefined : { ...governed.value, sources: [], derivation: null })
    }),
    derive: (reference, order) => within(async ({ derivations }) => options.hasRoom() ? derivations.derive(reference, order) : fail(noRoom)),
    derivations: () => belonging?.derivations.list() ?? [],
    append: (datasetId, records, how) => within(async ({ publisher }) =>
      options.hasRoom() ? publisher.append(datasetId, records, how) : fail(noRoom)),
    withdraw: datasetId => within(({ publisher }) => publisher.withdraw(datasetId)),
    fetch: async (reference, signal, onProgress = () => {}) => belonging?.datasets.fetch(reference, signal, onProgress) ?? fail(notKnown),
    read: (reference, what, asker) => belonging?.reader.read(reference, what, asker) ?? fail(notKnown),
    follow: (reference, how, asker) => belonging?.reader.follow(reference, how, asker) ?? fail(notKnown),
    listen: (reference, where, listener, asker) => belonging?.reader.listen(reference, where, listener, asker) ?? fail(notKnown),
    query: async (reference, query, asker) => belonging?.querying.query(reference, query, asker) ?? fail(notKnown),
    content: async (reference, range, asker) => belonging?.reader.content(reference, range, asker) ?? fail(notKnown),
    verify: async (reference, onProgress = () => {}) => belonging?.reader.verify(reference, onProgress) ?? fail(notKnown),
    proof: async (reference, number, asker) => belonging?.reader.proof(reference, number, asker) ?? fail(notKnown),
    makeBundle: (references, recipient) => within(async ({ federation, datasets, reader }) => {
      const did = recipient === undefined ? null : datasets.memberNamed(recipient)
      if (did === undefined) return fail({ code: 'not-found', reason: `nobody is known as "${recipient}"`, hint: 'name the member as "hanse members" does' })
      const wanted = await reader.bundled(references, did)
      if (!wanted.ok) return wanted
      const { feeds, members, files, doors } = federation
      return makeBundle({ feeds, members, files, doors, recipient: did }, wanted.value, clock.nowMs(), host.random.bytes(SET_SIZE_BYTES))
    }),
    openBundle: (source, onProgress = () => {}) => within(async ({ federation }) => {
      const { feeds, members, files } = federation
      const opened = await openBundle(source, { feeds, members, files, clock, own: keys.did }, onProgress)
      for (const feed of feeds.all()) federation.puller.want(feed)
      return opened
    }),
    revoke: envelope => within(async ({ catalogue }) => catalogue.revoke(envelope)),
    scrub: async (onProgress = () => {}) => belonging === undefined
      ? { segments: 0, damaged: 0, refetched: 0, lost: 0 }
      : scrub(belonging.federation, onProgress),
    events: signal => eventsOf(events, signal),
    metrics: () => belonging === undefined ? new Map() : new Map([...nodeMetrics(belonging.federation, startedMs, clock), ...belonging.reader.live.metrics()]),
    async stop () {
      if (isStopping) return
      isStopping = true
      stopping.abort()
      cancelScrub()
      await candidacy.stop()
      await ceremony.stop()
      await listener.stop()
      await belonging?.admissions.stop()
      belonging?.datasets.stop()
      await belonging?.querying.stop()
      await belonging?.derivations.stop()
      await belonging?.asking.stop()
      await belonging?.agreements.stop()
      await belonging?.duties.stop()
      await belonging?.ledger.stop()
      await belonging?.federation.stop()
      await host.store.close()
      await host.signer.close()
    }
  }

  function statusOf (): NodeStatus {
    const federation = belonging?.federation
    const feeds = federation === undefined ? [] : [...federation.feeds.all()]
    const current = federation?.members.current
    const count = (is: (feed: Feed) => boolean): number => feeds.filter(is).length
    const founding = ceremony.status() ?? candidacy.status()
    const problem = ceremony.problem ?? candidacy.problem
    return {
      member: { did: keys.did, name },
      state: isStopping ? 'stopping' : federation !== undefined ? 'ready' : isBelonging || founding !== null ? 'founding' : 'alone',
      federation: current === undefined ? null : { id: current.federation.toString(), name: current.charter.name, members: federation?.members.belonging() ?? 0 },
      founding,
      peerId: peerIdOfKey(keys.transport.publicKey),
      addresses: federation?.network?.addresses() ?? options.announce,
      neighbours: { reachable: federation?.network?.peers().length ?? 0, known: current === undefined ? 0 : Math.max(0, current.peers().size - 1) },
      feeds: {
        own: count(feed => feed.role === 'writer'), replicated: count(feed => feed.role === 'reader'),
        frozen: count(feed => feed.status === 'frozen'), recovering: count(feed => feed.status === 'recovering')
      },
      records: feeds.reduce((sum, feed) => sum + feed.records, 0),
      storedBytes: feeds.reduce((sum, feed) => sum + feed.storedBytes, 0),
      segmentsMissing: feeds.reduce((sum, feed) => sum + feed.missing.reduce((all, [from, to]) => all + to - from, 0), 0),
      startedMs,
      certificateNotAfterMs: federation?.certificate.notAfterMs ?? null,
      alarms: [...federation?.alarms ?? [], ...belonging?.duties.alarms() ?? [], ...problem === undefined ? [] : [problem]]
    }
  }
}

/** The charter of the store, or the one that is kept outside where damage took it; the store then has it again. */
async function keptCharter ({ host: { store, signer }, charter }: NodeOptions): Promise<Charter | undefined> {
  const read = await store.get(CHARTER)
  const inside = read.state === 'found' ? decodeCharter(read.value) : undefined
  if (inside?.ok === true) return inside.value
  const outside = charter === undefined ? undefined : decodeCharter(charter)
  if (outside?.ok === true) {
    await store.commit([{ type: 'put', key: CHARTER, value: outside.value.envelope }])
    return outside.value
  }
  // What was signed stands in the signer: a node that signed belongs somewhere, and must not begin anew.
  if (await promisedFeeds(signer) > 0) throw new Error('the charter of this federation is damaged or lost: copy the file charter.cbor of another member into this folder')
  return undefined
}

function checkpointOf (ledger: LedgerRoom | undefined): Uint8Array | null {
  const checkpoint = ledger?.checkpoint()
  return checkpoint?.ok === true ? checkpoint.value : null
}

/** Decides what is kept, once there is somebody to ask; before that, nothing but catalogues is wanted. */
class Room {
  #wants: (feed: Feed) => boolean = feed => feed.declaration.datasetId === 'catalogue'

  open (federation: Federation, datasets: Datasets, own: string, quotaBytes: number): void {
    const hasRoom = ({ role, declaration, storedBytes }: Feed): boolean => {
      if (role === 'writer') return true
      if (declaration.datasetId === 'catalogue' || isPairWith({ declaration }, own)) return storedBytes < CATALOGUE_BYTES_MAX
      if (federation.feeds.replicatedBytes < quotaBytes) return true
      federation.alarm(`this node keeps as much of other members as it may (quota of ${quotaBytes} bytes): nothing more is fetched until it is raised`)
      return false
    }
    this.#wants = feed => (datasets.wants(feed) || isPairWith(feed, own)) && hasRoom(feed)
    for (const feed of federation.feeds.all()) federation.puller.want(feed)
  }

  wants (feed: Feed): boolean {
    return this.#wants(feed)
  }
}
