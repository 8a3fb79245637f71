import { HASH_SIZE_BYTES, hmacSha256, sha256, type CID } from '../../base/index.ts'
import { termOfKey, termOfPlace, type PlaceTerm } from '../../core/postings/index.ts'
import { hasPlaces, placeOfBody, type RowFormat } from '../../core/rows/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Keyring } from '../keyring/index.ts'
import { contentsOf, countOfContents, readableRecordsOf, type Contents } from '../reading/index.ts'

export type Readable = { readonly feeds: Feeds, readonly keyring: Pick<Keyring, 'keyOf' | 'localKey' | 'changed'> }

/** How keys stand in rows: as they are, or of a sealed feed as 16 bytes of an HMAC under the local key. */
export type OwnKey = (key: Uint8Array) => Uint8Array

const SEALED_KEY_BYTES = 16

export async function ownKeyOf ({ keyring }: Readable, feed: CID, isSealed: boolean): Promise<OwnKey> {
  if (!isSealed) return key => key
  const hmac = hmacSha256(await keyring.localKey(feed), HASH_SIZE_BYTES)
  return key => {
    const digest = new Uint8Array(HASH_SIZE_BYTES)
    // Of a digest, since it takes messages of one size.
    hmac(digest, 0, sha256(key))
    return digest.slice(0, SEALED_KEY_BYTES)
  }
}

/** What the index has to know of a record. */
export type IndexedRecord = {
  readonly number: number
  readonly timeMs: number
  readonly isDelete: boolean
  readonly place: PlaceTerm | undefined
  readonly own: Uint8Array
  readonly keyTerm: number
}

/** `gone`: erased, or kept no longer: it is empty. `missing`: not here, or not what its leaf says. `sealed`: its key is not here. */
export type Opened = Contents | 'gone' | 'missing' | 'sealed'

export async function openedSegment (readable: Readable, feed: Feed, index: number): Promise<Opened> {
  const [opened = 'missing'] = await openedSegments(readable, feed, [index])
  return opened
}

/** The same of several, which are read at once. */
export async function openedSegments ({ feeds, keyring }: Readable, feed: Feed, indexes: readonly number[]): Promise<readonly Opened[]> {
  const all = await feeds.segmentsAt(feed, indexes)
  return all.map((stored, at) => {
    const index = indexes[at] ?? 0
    if (feed.isGone(index)) return 'gone'
    if (stored === undefined) return 'missing'
    const contents = contentsOf(keyring, feed, stored)
    if (!contents.ok) return contents.failure.code === 'sealed' ? 'sealed' : 'missing'
    return countOfContents(contents.value) === feed.leaf(index).count ? contents.value : 'missing'
  })
}

/** Records of a segment with numbers [first, end), as the index sees them. Keys of plain feeds are views into the segment. */
export function indexedRecords (
  contents: Contents, segmentFirst: number, scope: { readonly first: number, readonly end: number, readonly format: RowFormat, readonly isSealed: boolean }, ownKey: OwnKey
): readonly IndexedRecord[] {
  const records: IndexedRecord[] = []
  // JSON may say it in members that nobody described.
  const isPlaced = !scope.isSealed && (scope.format.delimiter === null || hasPlaces(scope.format))
  for (const { position, record } of readableRecordsOf(contents, 0)) {
    const number = segmentFirst + position
    if (number < scope.first || number >= scope.end) continue
    const isDelete = record.operation === 'delete'
    const place = isPlaced && !isDelete ? placeOfBody(scope.format, record.key, record.body) : undefined
    const own = ownKey(record.key)
    records.push({ number, timeMs: record.timeMs, isDelete, place: place === undefined ? undefined : termOfPlace(place.box), own, keyTerm: termOfKey(own) })
  }
  return records
}
