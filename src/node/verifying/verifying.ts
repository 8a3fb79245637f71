import { equalBytes, hex, merkleRoot, sha256Stream } from '../../base/index.ts'
import { admitDeclaration, admitHead, leafHashOf } from '../../core/feed/index.ts'
import { decodeCharter } from '../../core/identity/index.ts'
import type { Consensus } from '../consensus/index.ts'
import type { OnProgress, VerifyReport } from '../contract/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import { contentOfFile, type FileEntry, type Files } from '../files/index.ts'
import type { Keyring } from '../keyring/index.ts'
import type { Members } from '../members/index.ts'
import { noGrant } from '../reading/index.ts'
import { anchoredCheck } from './anchored.ts'
import { checkSegment } from './segments.ts'

/** What a dataset claims of its content. */
export type Claimed = {
  readonly dataset: string
  readonly form: 'table' | 'file' | 'stream'
  readonly firstRecord: number
  readonly records: number | null
  readonly sizeBytes: number | null
  /** Null for a stream, and for what is sealed. */
  readonly sha256: Uint8Array | null
  readonly file: FileEntry | null
}

type Check = { readonly name: string, readonly ok: boolean, readonly detail: string }

/** Reads everything of a dataset once more and checks it from its records up to the charter, trusting nothing that is in memory. */
export async function verifyDataset (
  held: { readonly feeds: Feeds, readonly keyring: Keyring, readonly members: Members, readonly files: Files, readonly consensus: Consensus }, feed: Feed, claimed: Claimed, onProgress: OnProgress
): Promise<VerifyReport> {
  const { feeds, keyring, members } = held
  const checks: Check[] = []
  const content = sha256Stream()
  let [segments, records, bytes, contentBytes, erased] = [0, 0, 0, 0, 0]
  const leaves: Uint8Array[] = []
  let broken: string | undefined
  /** Why some of it could not be read; its bytes are checked all the same. */
  let sealed: string | undefined
  const end = claimed.records === null ? Number.MAX_SAFE_INTEGER : claimed.firstRecord + claimed.records
  for (let index = 0; index < feed.length && broken === undefined; index++) {
    const leaf = feed.leaf(index)
    const checked = checkSegment(keyring, feed, index, await feeds.segment(feed, index))
    broken = checked.fault ?? (leaf.first === records ? undefined : `segment ${index} is not what its leaf says`)
    if (broken !== undefined) break
    sealed = checked.sealed ?? sealed
    erased += checked.erased
    const { opened } = checked
    if (claimed.form === 'table' && opened !== undefined) {
      let number = leaf.first
      for (const record of opened.records()) {
        if (number >= claimed.firstRecord && number < end) {
          content.update(record.body)
          contentBytes += record.body.length
        }
        number++
      }
    }
    leaves.push(leafHashOf(feed.leafData(index)))
    segments++
    records += leaf.count
    bytes += checked.sizeBytes
    onProgress({ phase: 'verifying', done: segments, total: feed.length, unit: 'segments' })
  }
  checks.push({ name: 'records', ok: broken === undefined, detail: broken ?? `${records} records in ${segments} segments, ${sealed === undefined ? 'each hashed' : `sealed, so only their bytes were checked: ${sealed}`}${erased === 0 ? '' : `; ${erased} of them were erased by their publisher`}` })
  const { head } = feed
  const rootFits = head !== undefined && broken === undefined && equalBytes(merkleRoot(leaves), head.mmrRoot) && head.records === records
  checks.push({ name: 'tree', ok: rootFits, detail: rootFits ? `root ${hex(head.mmrRoot)}` : 'the segments do not give the signed root' })
  const admitted = head === undefined ? undefined : admitHead(head.statement.envelope, {
    federation: members.current.federation, declarationOf: () => feed.declaration, heldOf: () => undefined, speaker: members.speaker
  })
  checks.push({ name: 'head', ok: admitted?.ok === true, detail: admitted?.ok === true ? `signed by ${feed.declaration.publisher}` : 'the head is not its publisher\'s' })
  const declared = admitDeclaration(feed.statement, members.current.federation, members.speaker)
  const isDeclared = declared.ok && declared.value.id.equals(feed.id)
  checks.push({ name: 'declaration', ok: isDeclared, detail: isDeclared ? `feed ${feed.key}` : 'the declaration is not its publisher\'s' })
  checks.push(certificateCheck(members, feed), charterCheck(members), anchoredCheck(held.consensus.state, feed))
  checks.push(erased > 0
    ? { name: 'content', ok: true, detail: 'parts of it were erased by its publisher, so the whole is nowhere' }
    : sealed === undefined ? await contentCheck(held, feed, claimed, { digest: content.digest(), sizeBytes: contentBytes }, broken === undefined)
      : { name: 'content', ok: true, detail: `sealed: ${sealed}` })
  return {
    dataset: claimed.dataset, verified: checks.every(check => check.ok), segments, records, bytes, checks,
    publisher: members.nameOf(feed.declaration.publisher), headSignedMs: head?.timeMs ?? 0
  }
}

function certificateCheck (members: Members, feed: Feed): Check {
  const statement = feed.head?.statement ?? feed.declaration.statement
  const certificate = members.current.certificate(statement.certificate)
  const isGood = certificate !== undefined && certificate.member === feed.declaration.publisher
  return { name: 'certificate', ok: isGood, detail: isGood ? `${certificate.id.toString()}, signed by the member's root key` : 'the certificate is not known' }
}

function charterCheck (members: Members): Check {
  const charter = decodeCharter(members.current.charter.envelope)
  const isGood = charter.ok && charter.value.federation.equals(members.current.federation)
  return { name: 'charter', ok: isGood, detail: isGood ? `${members.current.federation.toString()}, signed by all ${charter.value.founders.length} founders` : 'the charter is not signed by all founders' }
}

type Read = { readonly digest: Uint8Array, readonly sizeBytes: number }

async function contentCheck (
  held: { readonly files: Files, readonly keyring: Keyring }, feed: Feed, claimed: Claimed, records: Read, isWhole: boolean
): Promise<Check> {
  const { form, file, sizeBytes, sha256: published } = claimed
  if (form === 'stream') return { name: 'content', ok: isWhole, detail: 'a stream has no whole' }
  if (form === 'file' && file === null) return { name: 'content', ok: false, detail: 'no file is named' }
  const read = file === null ? records : await readFile(held, feed, file)
  if (typeof read === 'string') return { name: 'content', ok: true, detail: read }
  const isGood = isWhole && read.sizeBytes === sizeBytes && (published === null || equalBytes(read.digest, published))
  const what = file === null ? 'the joined records are' : 'the file is'
  const named = file === null ? `sha256 ${hex(read.digest)}` : `file ${file.root.toString()}`
  return { name: 'content', ok: isGood, detail: isGood ? named : `${what} not the published content` }
}

/** All of a file, or why it cannot be read. */
async function readFile (held: { readonly files: Files, readonly keyring: Keyring }, feed: Feed, file: FileEntry): Promise<Read | string> {
  const content = contentOfFile(held, feed, file, 0, file.sizeBytes)
  if (!content.ok) return `sealed: ${noGrant(content.failure.epoch)}`
  const whole = sha256Stream()
  let sizeBytes = 0
  for await (const chunk of content.value) {
    whole.update(chunk)
    sizeBytes += chunk.length
  }
  return { digest: whole.digest(), sizeBytes }
}
