import { cidOf, fail, ok, type CID, type Result } from '../../base/index.ts'
import type { Head } from '../../core/feed/index.ts'
import { removeRange, type Ranges } from '../../core/sync/index.ts'
import type { BundleFailure } from '../contract/index.ts'
import { isFit, refusalOf, type Doors, type Question } from '../doors/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Files } from '../files/index.ts'
import type { Members } from '../members/index.ts'
import { encodeHeader, sectionPrefix } from './car.ts'
import { BundleFault, failureOf } from './fault.ts'
import { BUNDLE_BYTES_MAX, BUNDLE_LEAVES_MAX, encodeManifest, MANIFEST_BYTES_MAX, pagesOf, type Page } from './manifest.ts'

/** Segments read at a time, while those before them are written. */
const READ_AHEAD_SEGMENTS = 8

export type BundleSource = {
  readonly feeds: Feeds, readonly members: Members, readonly files: Files,
  readonly doors: Pick<Doors, 'mayList' | 'syncQuestion' | 'decide' | 'enter' | 'usesOf'>,
  /** Who alone may be given it; null: every member. */
  readonly recipient: string | null
}
export type BundleWish = { readonly feed: Feed, readonly fileRoots: readonly CID[] }

type Block = { readonly cid: CID, readonly bytes: Uint8Array }
type Packed = { readonly feed: Feed, readonly questions: readonly Question[], readonly head: Head, readonly ranges: Ranges, readonly pages: readonly Page[] }

/**
 * A CAR file with the wanted feeds as they are now and their files. The caller names the catalogue feeds of the publishers
 * too. `set` is random and names the bundle. The stream throws where a segment or block turns out to be damaged meanwhile.
 */
export async function makeBundle (
  source: BundleSource, wanted: readonly BundleWish[], timeMs: number, set: Uint8Array
): Promise<Result<AsyncIterable<Uint8Array>, BundleFailure>> {
  try {
    const packed = [...new Set(wanted.map(({ feed }) => feed))].map(feed => pack(source, feed))
    const files = [...new Map(wanted.flatMap(({ fileRoots }) => fileRoots).map(root => [root.toString(), root])).values()]
    for (const { feed, questions } of packed) for (const root of wanted.filter(wish => wish.feed === feed).flatMap(({ fileRoots }) => fileRoots)) checkFile(source, root, questions)
    const missing = files.find(root => !source.files.has(root))
    if (missing !== undefined) throw new BundleFault('not-found', `the file ${missing.toString()} is not wholly here`)
    await checkSize(source, packed, files)
    const statements = await statementsOf(source.members, packed)
    const { federation } = source.members.current
    const bytes = encodeManifest({
      federation, set, volume: [1, 1], timeMs, files, statements: statements.map(({ cid }) => cid),
      feeds: packed.map(({ feed, head, ranges, pages }) => ({ feed: feed.id, head: head.statement.id, ranges, pages: pages.map(({ cid }) => cid) }))
    })
    if (bytes.length > MANIFEST_BYTES_MAX) throw new BundleFault('too-large', 'so many datasets do not fit into one bundle')
    const manifest = { cid: cidOf('dagCbor', bytes), bytes }
    return ok(written(manifest.cid, blocksOf(source, manifest, statements, packed, files)))
  } catch (cause) {
    if (cause instanceof BundleFault) return fail(failureOf(cause))
    throw cause
  }
}

function pack ({ members, doors, recipient }: BundleSource, feed: Feed): Packed {
  const { head, declaration } = feed
  const name = `${members.nameOf(declaration.publisher)}/${declaration.datasetId}`
  const all = members.current.members().filter(({ revokedSinceMs }) => revokedSinceMs === undefined).map(({ did }) => did)
  const recipients = recipient === null ? all : [recipient]
  const barred = recipients.find(did => !doors.mayList(feed, did))
  if (head === undefined) throw new BundleFault('not-found', `nothing of ${name} is here`)
  if (barred !== undefined) {
    const question = doors.syncQuestion(feed, barred)
    const why = question === undefined ? 'it is not for everybody' : refusalOf(doors.decide(question)).reason
    throw new BundleFault('refused', recipient === null ? `${name} is not for every member: ${members.nameOf(barred)} may not have it; name whom the bundle is for` : `${name}: ${why}`)
  }
  const whole: Ranges = head.length === 0 ? [] : [[0, head.length]]
  // A redacted segment has another hash than its leaf names, so a bundle cannot show that it belongs there.
  const ranges = [...feed.missing, ...feed.gone, ...feed.redacted].reduce<Ranges>((left, range) => removeRange(left, range), whole)
  return { feed, head, ranges, pages: pagesOf(feed, head), questions: recipients.flatMap(did => doors.syncQuestion(feed, did) ?? []) }
}

/** A file that is in clear goes to nobody who may only keep what it cannot read. */
function checkFile ({ doors }: BundleSource, root: CID, questions: readonly Question[]): void {
  const isSealed = doors.usesOf(root).some(use => use.isSealed)
  if (!isSealed && questions.some(({ form }) => form === 'ciphertext')) throw new BundleFault('refused', `the file ${root.toString()} is not encrypted, and may only be kept encrypted`)
}

async function checkSize ({ files }: BundleSource, packed: readonly Packed[], roots: readonly CID[]): Promise<void> {
  let bytes = packed.reduce((sum, { feed }) => sum + feed.storedBytes, 0)
  for (const root of roots) bytes += await files.sizeOf(root) ?? 0
  const leaves = packed.reduce((sum, { head }) => sum + head.length, 0)
  if (bytes > BUNDLE_BYTES_MAX) throw tooLarge(`${bytes} bytes`, `${BUNDLE_BYTES_MAX}`)
  if (leaves > BUNDLE_LEAVES_MAX) throw tooLarge(`${leaves} segments`, `${BUNDLE_LEAVES_MAX}`)
}

function tooLarge (have: string, max: string): BundleFault {
  return new BundleFault('too-large', `that would be ${have}, and one bundle takes at most ${max}`)
}

/** Charter, certificates, revocations, declarations, heads: each once. */
async function statementsOf (members: Members, packed: readonly Packed[]): Promise<readonly Block[]> {
  const { current } = members
  const certificates = packed.flatMap(({ feed, head }) => [feed.declaration.statement.certificate, head.statement.certificate])
  const envelopes = [
    current.charter.envelope,
    ...certificates.map(id => current.certificate(id)?.envelope ?? new Uint8Array(0)),
    ...await members.revocations(),
    ...packed.map(({ feed }) => feed.statement),
    ...packed.map(({ head }) => head.statement.envelope)
  ]
  const byId = new Map<string, Block>()
  for (const bytes of envelopes.filter(({ length }) => length > 0)) {
    const cid = cidOf('dagCbor', bytes)
    byId.set(cid.toString(), { cid, bytes })
  }
  return [...byId.values()]
}

async function * blocksOf (
  source: BundleSource, manifest: Block, statements: readonly Block[], packed: readonly Packed[], files: readonly CID[]
): AsyncGenerator<Block> {
  yield manifest
  yield * statements
  for (const { pages } of packed) for (const { cid, block } of pages) yield { cid, bytes: block }
  for (const each of packed) yield * segmentsOf(source, each)
  for (const root of files) yield * source.files.blocks(root)
}

async function * segmentsOf ({ feeds, doors, recipient }: BundleSource, { feed, ranges, questions }: Packed): AsyncGenerator<Block> {
  // What is for every member is nobody's access; what is for one of them is written down as that one's.
  const passage = recipient === null || questions[0] === undefined ? undefined : doors.enter(questions[0])
  try {
    for (const [from, to] of ranges) {
      for (let start = from; start < to; start += READ_AHEAD_SEGMENTS) {
        const found = await feeds.segments(feed, start, Math.min(to, start + READ_AHEAD_SEGMENTS))
        for (const [offset, bytes] of found.entries()) {
          if (bytes === undefined) throw new BundleFault('not-found', `segment ${start + offset} of feed ${feed.key} turned out to be damaged; it is being fetched again`)
          const isAllowed = questions.every(question => isFit(question, bytes)) && (passage === undefined || await passage.take({ records: feed.leaf(start + offset).count, bytes: bytes.length }))
          if (!isAllowed) throw new BundleFault('refused', passage === undefined ? 'it is not sealed' : refusalOf(passage.decision).reason)
          yield { cid: cidOf('raw', bytes), bytes }
        }
      }
    }
  } finally {
    await passage?.end()
  }
}

async function * written (root: CID, blocks: AsyncIterable<Block>): AsyncGenerator<Uint8Array> {
  const header = encodeHeader(root)
  let bytesWritten = header.length
  yield header
  for await (const { cid, bytes } of blocks) {
    const prefix = sectionPrefix(cid, bytes.length)
    bytesWritten += prefix.length + bytes.length
    if (bytesWritten > BUNDLE_BYTES_MAX) throw tooLarge(`${bytesWritten} bytes`, `${BUNDLE_BYTES_MAX}`)
    yield prefix
    yield bytes
  }
}
