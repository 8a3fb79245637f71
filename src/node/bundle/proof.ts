import {
  bytes, decodeCanonical, encodeCanonical, fail, list, literal, ok, struct, type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import {
  admitDeclaration, DECLARATION_BYTES_MAX, decodeRecordProof, encodeRecordProof, makeRecordProof, makeSegmentProof,
  RECORD_PROOF_BYTES_MAX, verifyRecordProof, type Speaker
} from '../../core/feed/index.ts'
import {
  CERTIFICATE_SIZE_BYTES_MAX, decodeCharter, membershipOf, withCarried
} from '../../core/identity/index.ts'
import { makeKeptRecordProof } from '../../core/sealing/index.ts'
import { STATEMENT_BYTES_MAX } from '../../core/sync/index.ts'
import type { Failure, NumberedRecord } from '../contract/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Members } from '../members/index.ts'
import { contentsOf, type KeysAtHand } from '../reading/index.ts'

const CERTIFICATES_MAX = 4
const REVOCATIONS_MAX = 64
export const PROOF_FILE_BYTES_MAX = 1_048_576

const schema = struct({
  v: literal(1),
  kind: literal('proof'),
  charter: bytes(1, STATEMENT_BYTES_MAX),
  certificates: list(bytes(1, CERTIFICATE_SIZE_BYTES_MAX), CERTIFICATES_MAX, 1),
  revocations: list(bytes(1, STATEMENT_BYTES_MAX), REVOCATIONS_MAX),
  declaration: bytes(1, DECLARATION_BYTES_MAX),
  proof: bytes(1, RECORD_PROOF_BYTES_MAX)
})

/** All that it takes to verify one record years later, offline: envelopes, and the proof as `core/feed` encodes it. */
export type ProofFile = {
  readonly charter: Uint8Array
  readonly certificates: readonly Uint8Array[]
  readonly revocations: readonly Uint8Array[]
  readonly declaration: Uint8Array
  readonly proof: Uint8Array
}

/** Who published what, and when it was signed. */
export type ProofReport = {
  /** The federation's id: that it is the right one, only the reader can know. */
  readonly federation: string
  readonly federationName: string
  readonly publisher: { readonly did: string, readonly name: string }
  readonly datasetId: string
  readonly feed: string
  readonly record: NumberedRecord
  readonly headSignedMs: number
  readonly certificate: string
}

export function encodeProofFile ({ charter, certificates, revocations, declaration, proof }: ProofFile): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'proof', charter, certificates, revocations, declaration, proof })
}

export function decodeProofFile (encoded: Uint8Array): Result<ProofFile, CodecFailure> {
  const decoded = decodeCanonical(encoded, schema, PROOF_FILE_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { charter, certificates, revocations, declaration, proof } = decoded.value
  return ok({ charter, certificates, revocations, declaration, proof })
}

/** The proof of the record with this number in a feed, if its segment is here and can be read. */
export async function makeProof (
  held: { readonly feeds: Feeds, readonly keyring: KeysAtHand, readonly members: Members }, feed: Feed, number: number
): Promise<Result<Uint8Array, { readonly code: 'incomplete' | 'sealed', readonly reason: string }>> {
  const { head } = feed
  const index = feed.segmentOf(number)
  const missing = fail({ code: 'incomplete', reason: `record ${number} of its feed is not here` } as const)
  if (head === undefined || index === undefined || index >= head.length) return missing
  const stored = await held.feeds.segment(feed, index)
  const contents = stored === undefined ? undefined : contentsOf(held.keyring, feed, stored)
  if (contents?.ok === false && contents.failure.code === 'sealed') return fail({ code: 'sealed', reason: contents.failure.reason })
  if (contents?.ok !== true) return missing
  const position = number - feed.leaf(index).first
  const isErased = contents.value.kind === 'redacted' && contents.value.segment.items[position] instanceof Uint8Array
  if (isErased) return fail({ code: 'incomplete', reason: `record ${number} of its feed was erased by its publisher` })
  const { current } = held.members
  const signers = [head.statement.certificate, feed.declaration.statement.certificate]
  const certificates = new Map(signers.flatMap(id => {
    const certificate = current.certificate(id)
    return certificate === undefined ? [] : [[id.toString(), certificate.envelope] as const]
  }))
  const segment = makeSegmentProof(head, feed.log, index, feed.leafData(index))
  const signed = [...certificates.values()]
  const proof = contents.value.kind === 'redacted'
    ? makeKeptRecordProof(segment, contents.value.segment, position, signed)
    : makeRecordProof(segment, contents.value.segment, position, signed)
  return ok(encodeProofFile({
    charter: current.charter.envelope, certificates: [...certificates.values()], declaration: feed.statement, proof: encodeRecordProof(proof),
    revocations: (await held.members.revocations()).slice(0, REVOCATIONS_MAX)
  }))
}

/** Checks a proof from its charter alone; with `federation`, that the charter is that one. */
export function verifyProof (encoded: Uint8Array, federation?: CID): Result<ProofReport, Failure<'malformed' | 'refused' | 'other-federation'>> {
  const file = decodeProofFile(encoded)
  if (!file.ok) return malformed(`it cannot be read: ${file.failure.code}`)
  const charter = decodeCharter(file.value.charter)
  if (!charter.ok) return refused(`the charter is not signed by its founders: ${charter.failure.code}`)
  if (federation !== undefined && !federation.equals(charter.value.federation)) {
    return fail({
      code: 'other-federation', reason: `the proof is of another federation: ${charter.value.name}`,
      hint: 'compare the federation\'s id with that of those you trust'
    })
  }
  const membership = withCarried(membershipOf(charter.value), file.value.certificates, file.value.revocations)
  const speaker: Speaker = (statement, timeMs) => membership.speaker(statement, timeMs)
  const declaration = admitDeclaration(file.value.declaration, membership.federation, speaker)
  if (!declaration.ok) return refused(`the declaration of the feed: ${declaration.failure.code}`)
  const proof = decodeRecordProof(file.value.proof)
  if (!proof.ok) return malformed(`the proof in it cannot be read: ${proof.failure.code}`)
  const proved = verifyRecordProof(proof.value, declaration.value, speaker)
  if (!proved.ok) return refused(proved.failure.code)
  const { head, record, recordIndex } = proved.value
  const { publisher, datasetId, id } = declaration.value
  return ok({
    federation: membership.federation.toString(), federationName: charter.value.name, datasetId, feed: id.toString(),
    publisher: { did: publisher, name: membership.member(publisher)?.name ?? publisher }, record: { ...record, number: recordIndex },
    headSignedMs: head.timeMs, certificate: head.statement.certificate.toString()
  })
}

function malformed (reason: string): Result<never, Failure<'malformed'>> {
  return fail({ code: 'malformed', reason: `this is no proof: ${reason}`, hint: 'have the proof made again with "hanse proof"' })
}

function refused (reason: string): Result<never, Failure<'refused'>> {
  return fail({ code: 'refused', reason: `the proof does not hold: ${reason}`, hint: 'do not rely on this record; ask its publisher' })
}
