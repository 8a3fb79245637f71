import { hex, textOf, type CID } from '../../base/index.ts'
import { latestByKey, type Declaration, type FeedClass, type Placed } from '../feed/index.ts'
import type { Certificate, Did, Revocation } from '../identity/index.ts'
import { parseEntry, type DatasetEntry, type Entry, type EntryFailure, type ProfileEntry } from './entry.ts'
import { DATASETS_MAX, QUARANTINE_SHOWN_MAX } from './limits.ts'

/** A dataset as its publisher describes it now. */
export type Advertisement = {
  readonly publisher: Did
  /** Index of its record in the catalogue feed. */
  readonly recordIndex: number
  readonly entry: DatasetEntry
}

/** Why an entry is not shown. Where its feed is not known yet, it may be shown later. */
export type QuarantineReason =
  | EntryFailure
  | { readonly code: 'unknown-feed', readonly feed: CID }
  /** Only who declared a feed may describe it. */
  | { readonly code: 'foreign-feed', readonly publisher: Did }
  | { readonly code: 'other-dataset', readonly datasetId: string }
  | { readonly code: 'access', readonly declared: string }
  | { readonly code: 'foreign-certificate', readonly member: Did }
  | { readonly code: 'too-many', readonly datasetsMax: number }

export type Notice = Extract<Entry, { readonly envelope: Uint8Array }>
export type Quarantined = { readonly key: string, readonly recordIndex: number, readonly reason: QuarantineReason }

/** What one publisher says of itself and its data. */
export type Catalogue = {
  readonly publisher: Did
  readonly profile: ProfileEntry | undefined
  readonly certificate: Certificate | undefined
  readonly revocations: readonly Revocation[]
  /** Erasures and emergencies, as they were passed on: not verified here. */
  readonly notices: readonly Notice[]
  /** By datasetId, in the order of its code units. Withdrawn ones too: they say so. */
  readonly datasets: ReadonlyMap<string, Advertisement>
  /** The first 100; `quarantinedCount` counts all. */
  readonly quarantined: readonly Quarantined[]
  readonly quarantinedCount: number
}

/**
 * The state of a publisher's catalogue feed: of each key the latest record by position; a deleted key is absent. What
 * cannot be read or may not be said is quarantined, and does not bring back what stood under its key before.
 */
export function catalogueOf (
  publisher: Did, records: Iterable<Placed>, declarationOf: (feed: CID) => Declaration | undefined
): Catalogue {
  const datasets = new Map<string, Advertisement>()
  const revocations: Revocation[] = []
  const notices: Notice[] = []
  const quarantined: Quarantined[] = []
  let [profile, certificate, quarantinedCount]: [ProfileEntry | undefined, Certificate | undefined, number] = [undefined, undefined, 0]
  for (const { record, recordIndex } of latestByKey(records)) {
    const parsed = parseEntry(record)
    const reason = parsed.ok ? reasonAgainst(parsed.value, publisher, datasets.size, declarationOf) : parsed.failure
    if (!parsed.ok || reason !== undefined) {
      quarantinedCount++
      const key = textOf(record.key) ?? hex(record.key)
      if (reason !== undefined && quarantined.length < QUARANTINE_SHOWN_MAX) quarantined.push({ key, recordIndex, reason })
      continue
    }
    const entry = parsed.value
    if (entry.type === 'dataset') datasets.set(entry.dataset.datasetId, { publisher, recordIndex, entry: entry.dataset })
    if (entry.type === 'revocation') revocations.push(entry.revocation)
    if ('envelope' in entry) notices.push(entry)
    if (entry.type === 'profile') profile = entry.profile
    if (entry.type === 'certificate') certificate = entry.certificate
  }
  return { publisher, profile, certificate, revocations, notices, datasets, quarantined, quarantinedCount }
}

/** A well-formed entry that this publisher may not make, or that contradicts the declaration of its feed. */
function reasonAgainst (
  entry: Entry, publisher: Did, datasetsCount: number, declarationOf: (feed: CID) => Declaration | undefined
): QuarantineReason | undefined {
  if (entry.type === 'certificate') {
    const { member } = entry.certificate
    return member === publisher ? undefined : { code: 'foreign-certificate', member }
  }
  if (entry.type !== 'dataset') return undefined
  if (datasetsCount >= DATASETS_MAX) return { code: 'too-many', datasetsMax: DATASETS_MAX }
  const { datasetId, access, distribution } = entry.dataset
  const declaration = declarationOf(distribution.feed)
  if (declaration === undefined) return { code: 'unknown-feed', feed: distribution.feed }
  if (declaration.publisher !== publisher) return { code: 'foreign-feed', publisher: declaration.publisher }
  if (declaration.datasetId !== datasetId) return { code: 'other-dataset', datasetId: declaration.datasetId }
  return accessOf(declaration.class) === access ? undefined : { code: 'access', declared: declaration.class }
}

/** The audience of a class; a feed for two members alone holds no dataset. */
function accessOf (feedClass: FeedClass): DatasetEntry['access'] | undefined {
  if (feedClass === 'public' || feedClass === 'members') return feedClass
  return feedClass === 'restricted' || feedClass.startsWith('restricted:') ? 'restricted' : undefined
}
