import { changesBetween, type DatasetEntry } from '../../core/catalogue/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { VERSIONS_TOLD_MAX, type Asker, type DatasetHistory, type RecipeView, type VersionView } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Datasets, Found } from './datasets.ts'

/** From the widest to the narrowest. */
const AUDIENCES: readonly DatasetEntry['access'][] = ['public', 'members', 'restricted']

type Options = { readonly federation: Federation, readonly catalogue: Catalogue, readonly datasets: Datasets, readonly own: string }

/** What is known of a dataset over time, for one who may know of it as it is now. */
export async function historyOf ({ federation, catalogue, datasets, own }: Options, { publisher, entry }: Found, asker: Asker | undefined): Promise<DatasetHistory> {
  const requester = asker?.requester
  const said = await catalogue.versions(publisher, entry.datasetId, requester === undefined ? own : requester)
  // Catalogues are for members; others that are told of it now need not have been told of what it was when fewer were.
  const isMember = requester === undefined || (requester !== null && federation.members.current.member(requester) !== undefined)
  const told = isMember ? said : said.filter(({ access }) => AUDIENCES.indexOf(access) <= AUDIENCES.indexOf(entry.access))
  const versions = told.map((each, at) => versionOf(each, told[at - 1])).toReversed().slice(0, VERSIONS_TOLD_MAX)
  const feed = federation.feeds.get(entry.distribution.feed)
  const shares = feed === undefined || requester !== undefined ? [] : federation.puller.sharesOf(feed)
  const named = (did: string): { readonly did: string, readonly name: string } => ({ did, name: federation.members.nameOf(did) })
  const segments = feed === undefined ? 0 : federation.puller.targetOf(feed)
  return {
    versions,
    isPart: versions.length < entry.version,
    sources: entry.sources.map(source => {
      const found = datasets.findFor(`${source.publisher}/${source.datasetId}`, asker)
      return { id: `${source.publisher}/${source.datasetId}`, publisher: named(source.publisher), title: found.ok ? found.value.entry.title : null }
    }),
    recipe: recipeOf(entry),
    holders: holdersOf(federation, shares).map(([did, count]) => ({ member: named(did), segments: Math.min(count, segments) }))
      .toSorted((one, other) => other.segments - one.segments || (one.member.name < other.member.name ? -1 : 1)),
    segments
  }
}

/** Of a member with several nodes the one that has most. */
function holdersOf ({ members }: Federation, shares: readonly (readonly [string, number])[]): readonly (readonly [string, number])[] {
  const most = new Map<string, number>()
  for (const [peerId, segments] of shares) {
    const member = members.current.memberOfPeer(peerId)
    if (member !== undefined && segments > 0) most.set(member, Math.max(segments, most.get(member) ?? 0))
  }
  return [...most]
}

/** Only against the version before it: between others nobody can tell what changed when. */
function versionOf (entry: DatasetEntry, before: DatasetEntry | undefined): VersionView {
  const { version, modifiedMs, title, distribution: { records } } = entry
  return { version, modifiedMs, title, records, changes: before === undefined || before.version !== version - 1 ? null : changesBetween(before, entry) }
}

function recipeOf ({ derivation }: DatasetEntry): RecipeView | null {
  return derivation === null ? null : { ...derivation, recipe: derivation.recipe.toString() }
}
