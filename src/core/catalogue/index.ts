/**
 * Says what a publisher offers: reads and writes the entries of its catalogue feed, and finds datasets in them.
 *
 * A catalogue feed is keyed, of class `members`, its datasetId is `catalogue`. Keys and bodies, canonical DAG-CBOR:
 * ```
 * dataset/<datasetId>   {v: 1, kind: 'dataset', ...}   a description, in the words of DCAT
 * profile               {v: 1, kind: 'profile', ...}   who the publisher is; version 2 adds what it attests of how it keeps data
 * certificate           envelope of the newest certificate of the publisher's node
 * revocation/<did>      envelope of a revocation, passed on
 * erasure/<id>          envelope of a notice of erasure; emergency/<id>  of a declaration of an emergency, later of its end
 * ```
 * In DCAT-AP 3 an entry is a `dcat:Dataset`: `title` dct:title, `description` dct:description, `theme` dcat:theme,
 * `keywords` dcat:keyword, `licence` dct:license, `spatial` dct:spatial, `temporal` dct:temporal, `issuedMs` dct:issued,
 * `modifiedMs` dct:modified, `version` dcat:version, `access` dct:accessRights, its publisher dct:publisher. `distribution`
 * is its one dcat:Distribution: `mediaType` dcat:mediaType, `sizeBytes` dcat:byteSize, `sha256` spdx:checksum. `schema` lists
 * the columns, as a CSVW table does. `simulated` and `withdrawn` are ours. Coordinates are integers of 1e-7 degrees, because
 * signed structures hold no floats.
 *
 * Version 2 of a dataset's body adds `terms` (odrl:hasPolicy), `sources` (prov:wasDerivedFrom) and `derivation`, and may be
 * `restricted`. Terms are bytes here. A dataset without any of them is written as version 1, so that older nodes read it.
 * Version 3 adds to these `model`, the Smart Data Model that the records follow (dct:conformsTo). Without one, version 1 or 2 is written.
 *
 * What only named members may know of (`visibility`) stands in catalogue feeds of class `pair:<did>`, one for each of them and
 * one for the publisher itself, and never in the one for all members.
 *
 * The latest record of a key wins, by position in the feed and never by time. A publisher describes only feeds that it
 * declared, under the datasetId and class of the declaration. What is malformed or not the publisher's to say is quarantined
 * and counted; it neither stops the reading nor brings back what it replaced.
 */
export {
  ENTRY_MEDIA_TYPES, encodeEntry, keyOfDataset, keyOfEntry, parseEntry,
  type Box, type DatasetEntry, type Entry, type EntryFailure, type NoticeType, type ProfileEntry
} from './entry.ts'
export type { Claims, Derivation, EntryTerms, Source } from './terms.ts'
export {
  catalogueOf, type Advertisement, type Catalogue, type Notice, type Quarantined, type QuarantineReason
} from './catalogue.ts'
export { changesBetween, type Change } from './changes.ts'
export { searchCatalogue, touches, type CatalogueQuery } from './search.ts'
export { QUARANTINE_SHOWN_MAX } from './limits.ts'

/** The datasetId of every catalogue feed. */
export const CATALOGUE_DATASET_ID = 'catalogue'
