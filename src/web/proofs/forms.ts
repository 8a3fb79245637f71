/** Signed structures as they stand in proofs: the forms of the node, written down a second time, so that a fault in one is not in both. */
import {
  bytes, cid, decodeCanonical, integer, list, literal, nullable, struct, text, tuple, uint, union, type CID, type Parsed, type Schema
} from '../../base/index.ts'

const PROOF_BYTES_MAX = 8_388_608
const SMALL_BYTES_MAX = 65_536
const hash = bytes(32)
const signature = bytes(64)
const key = bytes(32)
const did = text(64)
const hashes = (max: number): Schema<readonly Uint8Array[]> => list(hash, max)
const small = bytes(1, SMALL_BYTES_MAX)

const charterEnvelope = struct({ body: small, signatures: list(signature, 31, 1) })
const charterBody = struct({
  v: literal(1), kind: literal('charter'), name: text(64), foundedMs: uint(), nonce: bytes(16),
  founders: list(struct({
    member: did, name: text(64), nodes: list(struct({ transportKey: key, consensusKey: key, addresses: list(text(128), 4) }), 4, 1)
  }), 31, 1),
  rules: struct({ votesAbove: struct({ parts: integer(1, 99), of: integer(2, 100) }) })
})
const signedEnvelope = struct({ body: small, signature })
const statementEnvelope = struct({ body: small, cert: cid(), signature })
const certificateBody = struct({
  v: literal(1), federation: cid(), kind: literal('certificate'), member: did, nodeKey: key, transportKey: key, encryptionKey: key, notBeforeMs: uint(), notAfterMs: uint()
})
const revocationEnvelope = struct({ body: small, signatures: list(struct({ member: did, signature }), 31, 1) })
const revocationBody = struct({ v: literal(1), federation: cid(), kind: literal('revocation'), member: did, certificate: nullable(cid()), timeMs: uint() })
const declarationBody = struct({
  v: literal(1), federation: cid(), kind: literal('feed'), publisher: did, datasetId: text(64), class: text(128), mode: literal('log', 'keyed'),
  supersedes: nullable(cid()), derivedFrom: nullable(cid()), createdMs: uint(), nonce: bytes(16)
})
const headBody = struct({
  v: literal(1), federation: cid(), kind: literal('head'), feed: cid(), length: uint(), records: uint(), bytes: uint(), mmrRoot: hash, firstRetained: uint(),
  keyEpoch: uint(), timeMs: uint(), prevHeadDigest: nullable(hash)
})
const recordFields = { key: bytes(1, 512), timeMs: uint(), mediaType: text(127), body: bytes(0, 262_144) }
const proofFile = struct({
  v: literal(1), kind: literal('proof'), charter: small, certificates: list(small, 4, 1), revocations: list(small, 64), declaration: small, proof: bytes(1, 327_680)
})
const recordProof = struct({
  v: literal(1), kind: literal('record-proof'), segment: struct({ head: small, leafData: bytes(80), index: uint(), path: hashes(53) }), position: uint(4_095), salt: hash,
  record: struct({ ...recordFields, op: literal('put', 'delete') }), path: hashes(12), certificates: list(small, 4)
})
/** An entry of a use, as a record of the feed that it stands in, and its place in what was told of its day. */
const useProof = struct({
  v: literal(1), kind: literal('use-proof'), record: bytes(1, 1_048_576),
  period: nullable(struct({ period: uint(), index: uint(), count: uint(), leafData: bytes(0, 1_024), path: hashes(53), root: hash }))
})

const validator = tuple(did, key, key)
const certificate = tuple(uint(), integer(1, 2 ** 48), literal(2, 3, 4), nullable(hash), bytes(1, 4), bytes(64, 31 * 64))
const header = struct({
  v: literal(1), federation: cid(), kind: literal('block'), epoch: uint(), view: uint(), height: integer(1, 2 ** 48), parent: hash, parentView: uint(), timeMs: uint(),
  proposer: uint(30), type: literal(1, 2, 3), validatorsHash: hash, justDigest: hash, evidenceRoot: hash, bodyRoot: hash, stateRoot: hash, logRoot: hash,
  seal: nullable(struct({
    nextValidators: list(validator, 31, 1), nextValidatorsHash: hash, nextParamsHash: hash, nextVersion: integer(1, 65_535), prevSeal: hash, prevSealHeight: uint()
  }))
})
const finality = struct({ headers: list(bytes(1, 16_384), 256, 1), cert: bytes(1, 4_096) })
const finalityBytes = bytes(1, 1_048_576)
const older = nullable(struct({ header: bytes(1, 16_384), path: hashes(53) }))
const place = struct({
  operation: bytes(1, 32_768), index: uint(255), path: hashes(8), transaction: struct({ body: bytes(1, 512), cert: cid(), signature }),
  bodyPath: struct({ turns: uint(), siblings: hashes(31) })
})
const row = struct({ key: bytes(1, 1_024), value: nullable(bytes(0, 1_048_576)), proof: bytes(1, 1_048_576) })
const lightProof = struct({
  v: literal(1), kind: literal('light-proof'), seals: list(finalityBytes, 1_024), finality: finalityBytes,
  subject: union('kind', {
    record: struct({
      kind: literal('record'), older, place,
      record: struct({
        leafData: bytes(80), index: uint(), path: hashes(53), position: uint(4_095), salt: hash, record: struct({ ...recordFields, operation: literal('put', 'delete') }),
        recordPath: hashes(12)
      }),
      declaration: small, certificates: list(small, 2, 1), member: nullable(row)
    }),
    operation: struct({ kind: literal('operation'), older, place }),
    state: struct({ kind: literal('state'), state: row })
  })
})
const transactionBody = struct({ v: literal(1), federation: cid(), kind: literal('tx'), author: did, seq: uint(), notAfterMs: uint(), opsRoot: hash, opsCount: uint() })
/** `dataset.anchor`. */
const anchorOperation = tuple(literal(21), list(tuple(cid(), uint(), hash, hash), 64, 1))

const FORMS = {
  charterEnvelope, charterBody, signedEnvelope, statementEnvelope, certificateBody, revocationEnvelope, revocationBody, declarationBody, headBody, proofFile, recordProof, useProof,
  header, certificate, finality, lightProof, transactionBody, anchorOperation
}
type Forms = { readonly [Name in keyof typeof FORMS]: Parsed<typeof FORMS[Name]> }
export type Form<Name extends keyof Forms> = Forms[Name]
export type Validator = Parsed<typeof validator>
export type Id = CID

/** Undefined for whatever has not exactly this form. */
export function read<Name extends keyof Forms> (name: Name, encoded: Uint8Array): Forms[Name] | undefined {
  const decoded = decodeCanonical<Forms[Name]>(encoded, FORMS[name] as unknown as Schema<Forms[Name]>, PROOF_BYTES_MAX)
  return decoded.ok ? decoded.value : undefined
}
