import { concat, equalBytes, type CID } from '../../src/base/index.ts'
import { encodeFileEntry, FILE_MEDIA_TYPE, Files } from '../../src/node/files/index.ts'
import { Feeds, type Feed } from '../../src/node/feeds/index.ts'
import { makeBundle, type BundleWish } from '../../src/node/bundle/index.ts'
import { Members } from '../../src/node/members/index.ts'
import { takeTail } from '../../src/node/pulling/tail.ts'
import { ada, ben, cyd, feedOf, membership, NOW_MS, recordOf, recordsOf, type TestFeed } from '../core/feed.fixture.ts'
import { certificateOf, valueOf } from '../core/identity.fixture.ts'
import type { Doors } from '../../src/node/doors/index.ts'
import { openDoors } from '../support/doors.ts'
import { openMemoryStore, type MemoryStore } from '../support/memory-store.ts'
import { content, pieces } from './files.fixture.ts'
import { stillClock } from './loopback.fixture.ts'

export const SET: Uint8Array = new Uint8Array(16).fill(7)

/** What of a node matters to bundles. */
export type Town = {
  readonly store: MemoryStore, readonly feeds: Feeds, readonly members: Members, readonly files: Files, readonly clock: ReturnType<typeof stillClock>,
  readonly doors: Doors, readonly recipient: null
}

/** A member's node that has met nobody yet. */
export async function town (charter = membership.charter, store: MemoryStore = openMemoryStore()): Promise<Town> {
  const clock = stillClock(NOW_MS)
  const members = await Members.load(store, clock, charter)
  const { doors } = await openDoors({ own: ada.did, clock, members })
  return { store, feeds: await Feeds.load(store), members, files: await Files.load(store), clock, doors, recipient: null }
}

/** The feed as far as its head of `length` covers it, stored here. */
export async function hold (at: Town, feed: TestFeed, length: number = feed.segments.length): Promise<Feed> {
  for (const city of [ada, ben, cyd]) valueOf(await at.members.addCertificate(certificateOf(city, membership.federation).envelope))
  const held = await at.feeds.register(feed.declaration.statement, feed.declaration, 'reader')
  const segments = feed.segments.slice(0, length).map(({ leafData, bytes }, index) => ({ index, leafData, bytes }))
  const taken = await takeTail(at.feeds, held, feed.head(length), segments, NOW_MS)
  if (taken !== 'taken') throw new Error(taken)
  return held
}

export type Published = {
  readonly town: Town, readonly feeds: readonly TestFeed[], readonly wishes: readonly BundleWish[], readonly root: CID, readonly file: Uint8Array
}

/** Ada's catalogue, a table of several segments, and a file with the record that names it. */
export async function published (fileBytes: number, segments: number = 5): Promise<Published> {
  const ours = await town()
  const file = content(fileBytes)
  const { root } = await ours.files.add(pieces(file))
  const entry = encodeFileEntry({ name: 'scan.laz', mediaType: 'application/vnd.las', sizeBytes: file.length, root, cipher: null })
  const feeds = [
    feedOf(ada, [recordsOf(2, 'entry'), recordsOf(3, 'entry')], { datasetId: 'catalogue', class: 'members', mode: 'keyed' }),
    feedOf(ada, Array.from({ length: segments }, (_, at) => recordsOf(10 + at, `counter-${at}`)), { datasetId: 'counts' }),
    feedOf(ada, [[recordOf('file', entry, { mediaType: FILE_MEDIA_TYPE })]], { datasetId: 'scan' })
  ]
  const wishes: BundleWish[] = []
  for (const feed of feeds) wishes.push({ feed: await hold(ours, feed), fileRoots: feed === feeds[2] ? [root] : [] })
  return { town: ours, feeds, wishes, root, file }
}

export async function bundleOf ({ town: ours, wishes }: Pick<Published, 'town' | 'wishes'>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of valueOf(await makeBundle(ours, wishes, NOW_MS, SET))) parts.push(part)
  return concat(parts)
}

/** What is here and is not what was published; undefined where all is right. */
export async function wrongIn (at: Town, { feeds, root, file }: Published): Promise<string | undefined> {
  for (const held of at.feeds.all()) {
    const original = feeds.find(({ declaration }) => declaration.id.equals(held.id))
    if (original === undefined) return `a feed that nobody declared: ${held.key}`
    for (let index = 0; index < held.log.length; index++) {
      const segment = original.segments[index]
      if (segment === undefined || !equalBytes(segment.leafData, held.leafData(index))) return `another leaf ${index} in ${held.key}`
      const stored = await at.feeds.segment(held, index)
      if (stored !== undefined && !equalBytes(stored, segment.bytes)) return `other bytes in segment ${index} of ${held.key}`
    }
  }
  for (const each of at.files.roots()) {
    if (!each.equals(root)) return `a file that nobody published: ${String(each)}`
    if (!at.files.has(root)) continue
    for await (const part of at.files.read(root, 0, file.length)) if (!equalBytes(part, file.subarray(0, part.length)) && file.length <= part.length) return 'other bytes in the file'
  }
  return undefined
}
