import type { DatasetEntry } from '../../core/catalogue/index.ts'
import { feedOf } from '../../core/ledger/index.ts'
import type { Dataset, ItemState } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import { decodeFileEntry, FILE_MEDIA_TYPE, type FileEntry } from '../files/index.ts'
import { noGrant, recordsOf } from '../reading/index.ts'

/** What this node holds of a dataset, and why it waits where it does. */
export function heldOf (federation: Federation, entry: DatasetEntry, isWanted: boolean, fileIsHere: boolean): Dataset['held'] {
  const { feeds, puller } = federation
  const feed = feeds.get(entry.distribution.feed)
  const nothing = { segmentsHave: 0, segmentsKnown: 0, records: 0, bytes: 0, sources: 0, state: 'local', replicas: 0 } as const
  if (feed === undefined) {
    return { ...nothing, phase: isWanted ? 'waiting' : 'not-wanted', because: isWanted ? 'no reachable neighbour has shown this feed yet' : 'this node does not keep it; "hanse get" fetches it' }
  }
  const holders = puller.holdersOf(feed).length
  const known = puller.targetOf(feed)
  const missing = feed.missing.reduce((sum, [from, to]) => sum + to - from, 0)
  const figures = {
    segmentsHave: feed.length - missing, segmentsKnown: known, records: feed.records, bytes: feed.storedBytes, sources: holders,
    state: stateOf(federation, feed, holders), replicas: holders
  }
  if (feed.status === 'frozen') return { ...figures, phase: 'frozen', because: 'its publisher signed two different histories of it' }
  const { firstRecord, records, form } = entry.distribution
  const isLongEnough = records === null || feed.records >= firstRecord + records
  const isComplete = feed.length > 0 && missing === 0 && known === feed.length && isLongEnough && (form !== 'file' || fileIsHere)
  if (isComplete || (form === 'stream' && feed.role === 'writer' && feed.status === 'open')) return { ...figures, phase: 'complete', because: null }
  if (form === 'file' && feed.isComplete && isLongEnough && isSealedFrom(federation, feed)) {
    return { ...figures, phase: 'waiting', because: `all of its feed is here; the record that names its file is sealed: ${noGrant(feed.head?.keyEpoch ?? 0)}` }
  }
  if (!isWanted) return { ...figures, phase: 'not-wanted', because: 'this node does not keep it; "hanse get" fetches it' }
  if (!puller.isWanted(feed)) return { ...figures, phase: 'waiting', because: 'this node keeps as much of other members as its quota allows' }
  return holders > 0 || known > feed.length
    ? { ...figures, phase: 'fetching', because: null }
    : { ...figures, phase: 'waiting', because: 'no reachable neighbour holds it' }
}

/** Whether its newest records are sealed under a key that is not here. */
function isSealedFrom ({ keyring }: Federation, { head, declaration: { publisher, datasetId, class: feedClass } }: Feed): boolean {
  return head !== undefined && head.keyEpoch > 0 && keyring.keyOf({ publisher, datasetId, class: feedClass, epoch: head.keyEpoch }) === undefined
}

/** How safe all of it is: here alone, with others, in the ledger's order, or final there. */
function stateOf ({ consensus }: Federation, feed: Feed, holders: number): ItemState {
  const isAnchored = (row: ReturnType<typeof feedOf>): boolean =>
    row !== undefined && feed.length > 0 && row.length >= feed.length && row.publisher === feed.declaration.publisher
  if (isAnchored(feedOf(consensus.state, feed.id))) return 'final'
  if (isAnchored(feedOf(consensus.tip, feed.id))) return 'ordered'
  return holders > 0 ? 'replicated' : 'local'
}

/** The file that a dataset of form `file` is; undefined while its record is not here, or cannot be read. */
export async function fileOf (federation: Federation, entry: DatasetEntry): Promise<FileEntry | undefined> {
  const feed = federation.feeds.get(entry.distribution.feed)
  if (entry.distribution.form !== 'file' || feed === undefined) return undefined
  const { firstRecord } = entry.distribution
  try {
    for await (const record of recordsOf(federation, feed, firstRecord, firstRecord + 1)) {
      const file = record.mediaType === FILE_MEDIA_TYPE ? decodeFileEntry(record.body) : undefined
      return file?.ok === true ? file.value : undefined
    }
  } catch {
    return undefined
  }
  return undefined
}
