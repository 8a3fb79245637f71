import { equalBytes, hex, merkleRoot, sha256, sha256Stream, type CID } from '../../base/index.ts'
import { admitDeclaration, admitHead, leafHashOf, openSegment, recordsRootOf } from '../../core/feed/index.ts'
import { decodeCharter } from '../../core/identity/index.ts'
import type { Consensus } from '../consensus/index.ts'
import type { OnProgress, VerifyReport } from '../contract/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Files } from '../files/index.ts'
import type { Members } from '../members/index.ts'
import { anchoredCheck } from './anchored.ts'

/** What a dataset claims of its content. */
export type Claimed = {
  readonly dataset: string
  readonly form: 'table' | 'file' | 'stream'
  readonly firstRecord: number
  readonly records: number | null
  readonly sizeBytes: number | null
  readonly sha256: Uint8Array | null
  readonly fileRoot: CID | null
}

type Check = { readonly name: string, readonly ok: boolean, readonly detail: string }

/** Reads everything of a dataset once more and checks it from its records up to the charter, trusting nothing that is in memory. */
export async function verifyDataset (
  held: { readonly feeds: Feeds, readonly members: Members, readonly files: Files, readonly consensus: Consensus }, feed: Feed, claimed: Claimed, onProgress: OnProgress
): Promise<VerifyReport> {
  const { feeds, members, files } = held
  const checks: Check[] = []
  const content = sha256Stream()
  let [segments, records, bytes, contentBytes] = [0, 0, 0, 0]
  const leaves: Uint8Array[] = []
  let broken: string | undefined
  const end = claimed.records === null ? Number.MAX_SAFE_INTEGER : claimed.firstRecord + claimed.records
  for (let index = 0; index < feed.length && broken === undefined; index++) {
    const stored = await feeds.segment(feed, index)
    const leaf = feed.leaf(index)
    const opened = stored === undefined ? undefined : openSegment(stored)
    if (stored === undefined || opened?.ok !== true) {
      broken = `segment ${index} is ${stored === undefined ? 'not here' : 'not readable'}`
      break
    }
    const { header } = opened.value
    const fits = equalBytes(sha256(stored), leaf.digest) && header.feed.equals(feed.id) && header.index === index && header.first === records &&
      header.count === leaf.count && equalBytes(recordsRootOf(opened.value), leaf.recordsRoot)
    if (!fits) broken = `segment ${index} is not what its leaf says`
    if (claimed.form === 'table') {
      let number = header.first
      for (const record of opened.value.records()) {
        if (number >= claimed.firstRecord && number < end) {
          content.update(record.body)
          contentBytes += record.body.length
        }
        number++
      }
    }
    leaves.push(leafHashOf(feed.leafData(index)))
    segments++
    records += header.count
    bytes += stored.length
    onProgress({ phase: 'verifying', done: segments, total: feed.length, unit: 'segments' })
  }
  checks.push({ name: 'records', ok: broken === undefined, detail: broken ?? `${records} records in ${segments} segments, each hashed` })
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
  checks.push(await contentCheck(files, claimed, content.digest(), contentBytes, broken === undefined))
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

async function contentCheck (files: Files, claimed: Claimed, digest: Uint8Array, sizeBytes: number, isWhole: boolean): Promise<Check> {
  if (claimed.form === 'stream' || claimed.sha256 === null) return { name: 'content', ok: isWhole, detail: 'a stream has no whole' }
  if (claimed.form === 'table') {
    const isGood = equalBytes(digest, claimed.sha256) && sizeBytes === claimed.sizeBytes
    return { name: 'content', ok: isGood, detail: isGood ? `sha256 ${hex(digest)}` : 'the joined records are not the published content' }
  }
  if (claimed.fileRoot === null) return { name: 'content', ok: false, detail: 'no file is named' }
  const whole = sha256Stream()
  let size = 0
  for await (const chunk of files.read(claimed.fileRoot, 0, claimed.sizeBytes ?? 0)) {
    whole.update(chunk)
    size += chunk.length
  }
  const found = whole.digest()
  const isGood = equalBytes(found, claimed.sha256) && size === claimed.sizeBytes
  return { name: 'content', ok: isGood, detail: isGood ? `file ${claimed.fileRoot.toString()}` : 'the file is not the published content' }
}
