import { digestOf, equalBytes, fail, ok, type CID, type Result } from '../../base/index.ts'
import { admitDeclaration, decodeForkProof, verifyForkProof } from '../feed/index.ts'
import { admitKey, decodeCertificate, type Speaker, type SpeakerFailure, type Statement } from '../identity/index.ts'
import { isWithin } from './members.ts'
import { OPERATIONS, signBytes, type OperationFields } from './operations.ts'
import { TABLES, type Feed } from './rows.ts'
import { sure, type Draft, type Outcome, type Rows } from './state.ts'
import { handler, type Handler, type Turn } from './transaction.ts'

const DONE: Outcome = ok(null)
export const DAY_MS = 86_400_000

/**
 * A feed's id is the CID of its declaration, which is not on the ledger: the first who lists a feed claims it. Whoever
 * claims another's feed gets nothing by it, since readers compare the claim with the publisher that the declaration names,
 * and the true publisher declares another feed. `feed.fork` carries the declaration and corrects the claim.
 */
function claimFeed (draft: Draft, turn: Turn, feed: CID): Outcome {
  const held = draft.get(TABLES.feed, digestOf(feed))
  if (held !== undefined) return held.publisher === turn.author ? DONE : fail({ code: 'foreign-feed' })
  draft.put(TABLES.feed, [digestOf(feed)], {
    publisher: turn.author, length: 0, mmrRoot: null, headDigest: null, height: turn.height, timeMs: turn.timeMs, frozenHeight: null
  })
  return DONE
}

function datasetPut (draft: Draft, turn: Turn, { dataset, feeds, schemaHash, licenceHash, isRetired }: OperationFields<'datasetPut'>): Outcome {
  const held = draft.get(TABLES.dataset, turn.author, dataset)
  if (held?.isRetired === true) return fail({ code: 'retired' })
  for (const feed of feeds) {
    const claimed = claimFeed(draft, turn, feed)
    if (!claimed.ok) return claimed
  }
  const sinceHeight = held?.sinceHeight ?? turn.height
  draft.put(TABLES.dataset, [turn.author, dataset], { feeds, schemaHash, licenceHash, isRetired, sinceHeight })
  return DONE
}

function datasetAnchor (draft: Draft, turn: Turn, { heads }: OperationFields<'datasetAnchor'>): Outcome {
  const member = sure(draft.get(TABLES.member, turn.author))
  const { anchorEveryMs } = sure(draft.get(TABLES.parameters))
  if (member.anchoredMs !== null && turn.timeMs < member.anchoredMs + anchorEveryMs) return fail({ code: 'too-soon' })
  for (const [feed, length, mmrRoot, headDigest] of heads) {
    const held = draft.get(TABLES.feed, digestOf(feed))
    if (held === undefined || held.publisher !== turn.author) return fail({ code: 'foreign-feed' })
    if (held.frozenHeight !== null) return fail({ code: 'frozen' })
    if (length <= held.length) return fail({ code: 'length' })
    draft.put(TABLES.feed, [digestOf(feed)], { ...held, length, mmrRoot, headDigest, height: turn.height, timeMs: turn.timeMs })
  }
  draft.put(TABLES.member, [turn.author], { ...member, anchoredMs: turn.timeMs })
  return DONE
}

function policyVersion (draft: Draft, turn: Turn, { dataset, version, commit, fromHeight }: OperationFields<'policyVersion'>): Outcome {
  if (draft.get(TABLES.dataset, turn.author, dataset) === undefined) return fail({ code: 'unknown-dataset' })
  if (version !== (draft.get(TABLES.policy, turn.author, dataset)?.version ?? 0) + 1) return fail({ code: 'version' })
  if (fromHeight <= turn.height) return fail({ code: 'height' })
  draft.put(TABLES.policy, [turn.author, dataset], { version, commit, fromHeight, height: turn.height })
  return DONE
}

/** What both parties sign: the author with its transaction, the other with its node key over these bytes. */
export function agreementBytes (
  federation: CID, { commit, provider, consumer, startMs, endMs }: Omit<OperationFields<'agreementCommit'>, 'certificate' | 'signature'>
): Uint8Array {
  return signBytes(federation, 'agreement', [commit, provider, consumer, startMs, endMs])
}

function agreementCommit (draft: Draft, turn: Turn, fields: OperationFields<'agreementCommit'>): Outcome {
  const { commit, provider, consumer, startMs, endMs } = fields
  if (provider === consumer || (turn.author !== provider && turn.author !== consumer)) return fail({ code: 'parties' })
  if (startMs >= endMs) return fail({ code: 'time' })
  if (draft.get(TABLES.agreement, commit) !== undefined) return fail({ code: 'known-commit' })
  const other = turn.author === provider ? consumer : provider
  if (draft.get(TABLES.member, other)?.state !== 'active') return fail({ code: 'not-a-member' })
  const certificate = draft.get(TABLES.certificate, fields.certificate)
  if (certificate === undefined || certificate.member !== other || certificate.revokedHeight !== null || !isWithin(certificate, turn.timeMs)) {
    return fail({ code: 'unknown-certificate' })
  }
  const key = admitKey(certificate.nodeKey)
  if (!key.ok || !key.value.verify(agreementBytes(turn.federation, fields), fields.signature)) return fail({ code: 'counterparty' })
  draft.put(TABLES.agreement, [commit], { provider, consumer, startMs, endMs, height: turn.height, revokedMs: null, reason: null })
  return DONE
}

function agreementRevoke (draft: Draft, turn: Turn, { commit, effectiveMs, reason }: OperationFields<'agreementRevoke'>): Outcome {
  const held = draft.get(TABLES.agreement, commit)
  if (held === undefined) return fail({ code: 'unknown-agreement' })
  if (turn.author !== held.provider && turn.author !== held.consumer) return fail({ code: 'parties' })
  if (held.revokedMs !== null) return fail({ code: 'revoked' })
  if (effectiveMs < turn.timeMs) return fail({ code: 'time' })
  draft.put(TABLES.agreement, [commit], { ...held, revokedMs: effectiveMs, reason })
  return DONE
}

/** Periods are UTC days since 1970. */
function receiptsRoot (draft: Draft, turn: Turn, { period, root, count }: OperationFields<'receiptsRoot'>): Outcome {
  const last = draft.get(TABLES.receipts, turn.author)?.period
  if (last !== undefined && period <= last) return fail({ code: 'period' })
  if ((period + 1) * DAY_MS > turn.timeMs) return fail({ code: 'time' })
  draft.put(TABLES.receipts, [turn.author], { period, root, count, height: turn.height })
  return DONE
}

function feedFork (draft: Draft, turn: Turn, { declaration, proof }: OperationFields<'feedFork'>): Outcome {
  const speaker = speakerOf(draft)
  const declared = admitDeclaration(declaration, turn.federation, speaker)
  if (!declared.ok) return fail({ code: 'declaration' })
  const decoded = decodeForkProof(proof)
  if (!decoded.ok || !verifyForkProof(decoded.value, declared.value, speaker).ok) return fail({ code: 'proof' })
  const digest = digestOf(declared.value.id)
  const held = draft.get(TABLES.feed, digest)
  if (held !== undefined && held.frozenHeight !== null) return fail({ code: 'frozen' })
  const { publisher } = declared.value
  const own: Feed | undefined = held?.publisher === publisher ? held : undefined
  draft.put(TABLES.feed, [digest], {
    ...own ?? { publisher, length: 0, mmrRoot: null, headDigest: null, height: turn.height, timeMs: turn.timeMs }, frozenHeight: turn.height
  })
  return DONE
}

/** Who says a statement, by the certificates of the state. Old statements count when they were made before a revocation. */
function speakerOf (rows: Rows): (statement: Statement, timeMs: number) => Result<Speaker, SpeakerFailure> {
  return (statement, timeMs) => {
    const row = rows.get(TABLES.certificate, digestOf(statement.certificate))
    const decoded = row === undefined ? undefined : decodeCertificate(row.envelope)
    if (row === undefined || decoded?.ok !== true) return fail({ code: 'unknown-certificate', certificate: statement.certificate })
    if (!isWithin(row, timeMs)) return fail({ code: 'outside', notBeforeMs: row.notBeforeMs, notAfterMs: row.notAfterMs })
    if (row.revokedSinceMs !== null && timeMs >= row.revokedSinceMs) return fail({ code: 'revoked', sinceMs: row.revokedSinceMs })
    if (!decoded.value.nodeKey.verify(statement.body, statement.signature)) return fail({ code: 'signature' })
    return ok({ member: row.member, certificate: decoded.value })
  }
}

function catalogueSet (draft: Draft, turn: Turn, { feed, supersedes }: OperationFields<'catalogueSet'>): Outcome {
  const member = sure(draft.get(TABLES.member, turn.author))
  const [before, named] = [member.catalogue === null ? null : digestOf(member.catalogue), supersedes === null ? null : digestOf(supersedes)]
  const isNext = before === null || named === null ? before === named : equalBytes(before, named)
  if (!isNext) return fail({ code: 'supersedes' })
  if (before !== null && equalBytes(before, digestOf(feed))) return fail({ code: 'same-feed' })
  const claimed = claimFeed(draft, turn, feed)
  if (!claimed.ok) return claimed
  draft.put(TABLES.member, [turn.author], { ...member, catalogue: feed })
  return DONE
}

export const recordHandlers: readonly Handler[] = [
  handler(OPERATIONS.catalogueSet, catalogueSet),
  handler(OPERATIONS.datasetPut, datasetPut),
  handler(OPERATIONS.datasetAnchor, datasetAnchor),
  handler(OPERATIONS.policyVersion, policyVersion),
  handler(OPERATIONS.agreementCommit, agreementCommit),
  handler(OPERATIONS.agreementRevoke, agreementRevoke),
  handler(OPERATIONS.receiptsRoot, receiptsRoot),
  handler(OPERATIONS.feedFork, feedFork)
]
