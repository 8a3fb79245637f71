import type { Charter } from '../core/identity/index.ts'
import { Agreements } from './agreements/index.ts'
import { Counting, Desk } from './asking/index.ts'
import type { Beginnings } from './beginnings.ts'
import { Catalogue } from './catalogue/index.ts'
import { Datasets, Publisher, Reader } from './datasets/index.ts'
import { Derivations } from './derivations/index.ts'
import { TERMS_ENGINE } from './doors/index.ts'
import { Duties } from './duties/index.ts'
import { Federation } from './federation/index.ts'
import type { Feed } from './feeds/index.ts'
import { Admissions, joinProposalOf, type Candidacy } from './founding/index.ts'
import { isPairWith } from './granting/index.ts'
import { describedBy, LedgerRoom } from './ledger/index.ts'
import { PeerCounts } from './metrics.ts'
import type { NodeOptions } from './options.ts'
import { Querying } from './querying/index.ts'
import type { Belonging } from './rooms.ts'
import { TermsDesk } from './terms/index.ts'

const LISTING_EVERY_MS = 60_000
const FEEDS_PER_MEMBER_MAX = 8_192
/** What a member may write into its catalogue, or to this one alone; it is kept whatever the quota, because revocations stand in it. */
const CATALOGUE_BYTES_MAX = 64 << 20

/** What who enters brings along. */
type Entering = Pick<Beginnings, 'consensusKeys' | 'listener' | 'profile'> & {
  readonly welcome: Awaited<ReturnType<Candidacy['welcome']>>
  readonly stopped: AbortSignal
  readonly onFatal: (cause: unknown) => void
}

/** Opens all rooms of a member of `charter`, each after those that it leans on. Nobody is connected yet. */
export async function openBelonging (options: NodeOptions, charter: Charter, { consensusKeys, listener, profile, welcome, stopped, onFatal }: Entering): Promise<Belonging> {
  const { host, keys, log, hasRoom } = options
  const { clock, store, random } = host
  const [own, isRestored] = [keys.did, options.isRestored === true]
  const room = new Room()
  const federation = await Federation.open({
    host, keys, charter, introduced: welcome?.introduced, invitation: welcome?.checkpoint ?? null, checkpoints: options.checkpoints ?? [],
    listen: options.listen, announce: options.announce, lan: options.lan, profile: options.profile,
    gossip: options.gossip, listingEveryMs: options.listingEveryMs ?? LISTING_EVERY_MS,
    feedsPerMemberMax: options.feedsPerMemberMax ?? FEEDS_PER_MEMBER_MAX, segmentBytesTarget: options.segmentBytesTarget, lingerMs: options.lingerMs,
    ledgerProfile: options.ledgerProfile ?? 'wan', consensusKeys, wants: feed => room.wants(feed), engine: options.engine ?? TERMS_ENGINE, isRestored,
    restoreEnded: options.restoreEnded ?? (() => {}), onFatal, log
  })
  const catalogue = await Catalogue.open({ federation, own, name: options.name, claims: options.claims ?? null, profile, clock, log })
  const datasets = await Datasets.open({ federation, catalogue, clock, store, log, own, keepsAll: options.keepsAll })
  federation.doors.openAssets(datasets.assets())
  room.open(federation, datasets, own, options.quotaBytes)
  const reader = new Reader({ federation, catalogue, datasets, own, stopped, clock })
  const { ledger, admissions } = await openLedger(options, { federation, catalogue, datasets, reader, consensusKeys, listener, onFatal })
  const publisher = new Publisher({ federation, catalogue, datasets, clock, own })
  const derivations = await Derivations.open({ federation, catalogue, datasets, publisher, own, store, clock, random, hasRoom, onFatal })
  const agreements = await Agreements.open({
    federation, catalogue, keys, store, clock, random, author: ledger.pen, rights: federation.granting, onFatal, log,
    find: reference => datasets.find(reference), reader
  })
  // Before duties: what they have erased has to leave the index too.
  const querying = await Querying.open({ federation, catalogue, datasets, own, store, clock, log, onFatal })
  const duties = await Duties.open({ federation, catalogue, datasets, publisher, ledger, derivations, keys, host, isRestored, log, onFatal })
  const counting = await Counting.load(store)
  const asking = new Desk({
    federation, datasets, engine: host.sql, keys, store, clock, countedBy: datasetId => counting.columnOf(datasetId) ?? derivations.entityKeyOf(datasetId)
  })
  return {
    asking, counting, agreements, duties, querying, federation, catalogue, datasets, admissions, ledger, publisher, reader, derivations,
    terms: new TermsDesk({ federation, datasets, publisher, own, clock, random, countBy: (id, column) => counting.set(id, column) }),
    counts: new PeerCounts(federation, clock)
  }
}

/** The ledger and who may come to it: each knows what the other is asked. */
async function openLedger (
  { host: { clock, store, random }, keys, announce, log }: NodeOptions,
  { federation, catalogue, datasets, reader, consensusKeys, listener, onFatal }: Pick<Belonging, 'federation' | 'catalogue' | 'datasets' | 'reader'> & Pick<Entering, 'consensusKeys' | 'listener' | 'onFatal'>
): Promise<Pick<Belonging, 'ledger' | 'admissions'>> {
  let opened: LedgerRoom | undefined
  const admissions = await Admissions.open({
    store, clock, random, keys, members: federation.members, addresses: announce, listener, log,
    decisions: { proposalOf: did => joinProposalOf(federation.consensus.state, did), checkpoint: () => checkpointOf(opened) }
  })
  const ledger = await LedgerRoom.open({
    federation, keys, consensusKeys, addresses: announce, store, clock, onFatal, log, find: reference => datasets.find(reference),
    disclose: (found, bytes, asker) => reader.disclose(found, bytes, asker),
    describe: datasetId => describedBy(catalogue.entry(keys.did, datasetId)), applications: () => admissions.applications(),
    applicant: reference => admissions.applicant(reference)
  })
  opened = ledger
  catalogue.changed.on(({ publisher }) => { if (publisher === keys.did) ledger.described() })
  ledger.anchored.on(feed => datasets.anchored(feed))
  return { ledger, admissions }
}

/** Closes them, those first that lean on others. */
export async function closeBelonging ({ admissions, publisher, datasets, querying, derivations, asking, agreements, duties, ledger, federation }: Belonging): Promise<void> {
  await admissions.stop()
  await publisher.stop()
  datasets.stop()
  await querying.stop()
  await derivations.stop()
  await asking.stop()
  await agreements.stop()
  await duties.stop()
  await ledger.stop()
  await federation.stop()
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
