import { cidOfDigest, type CID } from '../../base/index.ts'
import {
  admitDeclaration, admitHead, LEAF_DATA_SIZE_BYTES, leafOfData, openSegment, type Declaration, type Head, type Leaf, type Speaker
} from '../../core/feed/index.ts'
import {
  decodeCertificate, decodeCharter, decodeRevocation, decodeStatement, withCarried, type Charter, type Membership
} from '../../core/identity/index.ts'
import { STATEMENT_BYTES_MAX } from '../../core/sync/index.ts'
import { decodeFileEntry, FILE_MEDIA_TYPE, FileWalk } from '../files/index.ts'
import type { Section } from './car.ts'
import { BundleFault } from './fault.ts'
import {
  BUNDLE_LEAVES_MAX, decodeManifest, pageCount, PAGE_LEAVES, provedPage, STATEMENTS_BYTES_MAX, type Manifest, type ManifestFeed
} from './manifest.ts'

/** A feed of a bundle: declared and signed by its publisher. */
export type CarriedFeed = { readonly declaration: Declaration, readonly head: Head, readonly named: ManifestFeed }

/** What a bundle holds, in its order, each part proved by those before it. */
export type Verified =
  | {
    readonly type: 'opened', readonly charter: Charter, readonly membership: Membership, readonly feeds: readonly CarriedFeed[],
    readonly certificates: readonly Uint8Array[], readonly revocations: readonly Uint8Array[]
  }
  /** All leaves under the head. */
  | { readonly type: 'leaves', readonly feed: CarriedFeed, readonly leaves: readonly Uint8Array[] }
  | {
    readonly type: 'segment', readonly feed: CarriedFeed, readonly index: number, readonly leaf: Leaf, readonly leafData: Uint8Array,
    readonly bytes: Uint8Array
  }
  | { readonly type: 'block', readonly root: CID, readonly cid: CID, readonly bytes: Uint8Array, readonly isLast: boolean }

/** Where trust begins: with a charter that is known, or with the one in the bundle. */
export type Ground = {
  readonly federation: CID | undefined
  readonly membershipOf: (charter: Charter) => Membership
  readonly nowMs: number
}

/** Proves block by block: the next one is always known before it is read. Ends with a `BundleFault` where it is another. */
export async function * verified (sections: AsyncIterable<Section>, ground: Ground): AsyncGenerator<Verified> {
  const source = sections[Symbol.asyncIterator]()
  const next = async (expected: CID | undefined): Promise<Uint8Array> => {
    const { value, done } = await source.next()
    if (done === true) throw new BundleFault('cut-short', 'the file ends before all that its manifest names')
    const isExpected = expected === undefined || value.cid.toString() === expected.toString()
    if (!isExpected) throw new BundleFault('tampered', `${expected.toString()} should stand where ${value.cid.toString()} does`)
    return value.bytes
  }
  try {
    const manifest = manifestOf(await next(undefined), ground)
    const opened = await readStatements(manifest, ground, next)
    yield opened
    const pagesByFeed = new Map<CarriedFeed, readonly Uint8Array[]>()
    for (const feed of opened.feeds) {
      const pages = await readPages(feed, next)
      pagesByFeed.set(feed, pages)
      yield { type: 'leaves', feed, leaves: pages.flatMap(leavesOfPage) }
    }
    const unnamed = new Set(manifest.files.map(root => root.toString()))
    let sealedRecords = 0
    for (const [feed, pages] of pagesByFeed) {
      for (const [from, to] of feed.named.ranges) {
        for (let index = from; index < to; index++) {
          const { leaf, leafData } = leafAt(pages, index)
          const bytes = await next(cidOfDigest('raw', leaf.digest))
          const named = unnamed.size > 0 ? filesNamedIn(bytes) : []
          if (named === 'sealed') sealedRecords += leaf.count
          else for (const root of named) unnamed.delete(root)
          yield { type: 'segment', feed, index, leaf, leafData, bytes }
        }
      }
    }
    // Records that are sealed may each name one: without their keys nobody can say.
    if (unnamed.size > sealedRecords) throw new BundleFault('tampered', 'the bundle holds a file that no record in it names')
    for (const root of manifest.files) yield * readFile(root, next)
    if ((await source.next()).done !== true) throw new BundleFault('tampered', 'the file goes on after all that its manifest names')
  } finally {
    await source.return?.()
  }
}

type Next = (expected: CID | undefined) => Promise<Uint8Array>

function manifestOf (block: Uint8Array, { federation }: Ground): Manifest {
  const decoded = decodeManifest(block)
  if (!decoded.ok) throw new BundleFault('malformed', `the manifest cannot be read: ${decoded.failure.code}`)
  const manifest = decoded.value
  const isOurs = federation === undefined || manifest.federation.equals(federation)
  if (!isOurs) throw otherFederation(manifest.federation.toString())
  for (const { ranges } of manifest.feeds) {
    let end = 0
    for (const [from, to] of ranges) {
      if (from < end || to <= from) throw new BundleFault('malformed', 'ranges of segments must ascend')
      end = to
    }
  }
  return manifest
}

async function readStatements (manifest: Manifest, ground: Ground, next: Next): Promise<Extract<Verified, { type: 'opened' }>> {
  const [charterId, ...ids] = manifest.statements
  const charter = decodeCharter(await next(charterId))
  if (!charter.ok) throw new BundleFault('tampered', `the charter is refused: ${charter.failure.code}`)
  if (!charter.value.federation.equals(manifest.federation)) throw otherFederation(charter.value.name)
  const statementsById = new Map<string, Uint8Array>()
  const certificates: Uint8Array[] = []
  const revocations: Uint8Array[] = []
  let heldBytes = 0
  for (const id of ids) {
    const envelope = await next(id)
    heldBytes += envelope.length
    if (heldBytes > STATEMENTS_BYTES_MAX) throw new BundleFault('too-large', `a bundle has at most ${STATEMENTS_BYTES_MAX} bytes of statements`)
    if (decodeStatement(envelope, STATEMENT_BYTES_MAX).ok) statementsById.set(id.toString(), envelope)
    else if (decodeRevocation(envelope).ok) revocations.push(envelope)
    else if (decodeCertificate(envelope).ok) certificates.push(envelope)
    else throw new BundleFault('malformed', `the statement ${id.toString()} is of no kind that is known`)
  }
  const membership = withCarried(ground.membershipOf(charter.value), certificates, revocations, ground.nowMs)
  let leaves = 0
  const feeds = manifest.feeds.map(named => {
    const feed = admitted(named, membership, statementsById)
    leaves += feed.head.length
    if (leaves > BUNDLE_LEAVES_MAX) throw new BundleFault('too-large', `a bundle has at most ${BUNDLE_LEAVES_MAX} segments in its feeds`)
    return feed
  })
  return { type: 'opened', charter: charter.value, membership, feeds, certificates, revocations }
}

function admitted (named: ManifestFeed, membership: Membership, statementsById: ReadonlyMap<string, Uint8Array>): CarriedFeed {
  const { feed, head: headId, ranges, pages } = named
  const [declared, signed] = [statementsById.get(feed.toString()), statementsById.get(headId.toString())]
  if (declared === undefined || signed === undefined) throw new BundleFault('malformed', `feed ${feed.toString()} has no declaration or no head`)
  const { federation } = membership
  const speaker: Speaker = (statement, timeMs) => membership.speaker(statement, timeMs)
  const declaration = admitDeclaration(declared, federation, speaker)
  if (!declaration.ok) throw new BundleFault('tampered', `the declaration of feed ${feed.toString()} is refused: ${declaration.failure.code}`)
  const head = admitHead(signed, {
    federation, speaker, heldOf: () => undefined, declarationOf: id => id.equals(feed) ? declaration.value : undefined
  })
  if (!head.ok) throw new BundleFault('tampered', `the head of feed ${feed.toString()} is refused: ${head.failure.code}`)
  const { length } = head.value
  if (pages.length !== pageCount(length) || (ranges.at(-1)?.[1] ?? 0) > length) throw new BundleFault('malformed', `pages or ranges of feed ${feed.toString()} do not fit its head`)
  return { declaration: declaration.value, head: head.value, named }
}

async function readPages ({ head, named }: CarriedFeed, next: Next): Promise<readonly Uint8Array[]> {
  const pages: Uint8Array[] = []
  let records = 0
  for (const [number, id] of named.pages.entries()) {
    const page = provedPage(await next(id), number, head, records)
    if (page === undefined) throw new BundleFault('tampered', `leaves of feed ${head.feed.toString()} do not lead to its signed root`)
    pages.push(page.leafData)
    records = page.end
  }
  if (records !== head.records) throw new BundleFault('tampered', `feed ${head.feed.toString()} has other records than its head says`)
  return pages
}

function leavesOfPage (page: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: page.length / LEAF_DATA_SIZE_BYTES }, (_, at) => page.subarray(at * LEAF_DATA_SIZE_BYTES, (at + 1) * LEAF_DATA_SIZE_BYTES))
}

function leafAt (pages: readonly Uint8Array[], index: number): { readonly leaf: Leaf, readonly leafData: Uint8Array } {
  const at = index % PAGE_LEAVES * LEAF_DATA_SIZE_BYTES
  const leafData = pages[Math.floor(index / PAGE_LEAVES)]?.subarray(at, at + LEAF_DATA_SIZE_BYTES) ?? new Uint8Array(0)
  const leaf = leafOfData(leafData)
  if (leaf === undefined) throw new BundleFault('malformed', `no leaf for segment ${index}`)
  return { leaf, leafData }
}

function filesNamedIn (segment: Uint8Array): readonly string[] | 'sealed' {
  const opened = openSegment(segment)
  if (!opened.ok && opened.failure.code === 'sealed') return 'sealed'
  if (!opened.ok || !opened.value.header.mediaTypes.includes(FILE_MEDIA_TYPE)) return []
  const roots: string[] = []
  for (const { mediaType, body } of opened.value.records()) {
    const entry = mediaType === FILE_MEDIA_TYPE ? decodeFileEntry(body) : undefined
    if (entry?.ok === true) roots.push(entry.value.root.toString())
  }
  return roots
}

async function * readFile (root: CID, next: Next): AsyncGenerator<Verified> {
  const walk = new FileWalk(root)
  for (let cid = walk.next; cid !== undefined; cid = walk.next) {
    const bytes = await next(cid)
    if (!walk.take(bytes)) throw new BundleFault('tampered', `${root.toString()} is no file of the profile`)
    yield { type: 'block', root, cid, bytes, isLast: walk.next === undefined }
  }
}

function otherFederation (name: string): BundleFault {
  return new BundleFault('other-federation', `the bundle is of another federation: ${name}`)
}
