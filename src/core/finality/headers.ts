import {
  bytes, cid, decodeCanonical, encodeCanonical, fail, integer, list, literal, nullable, ok, sha256, struct, tuple, uint, type CodecFailure, type Parsed,
  type Result
} from '../../base/index.ts'
import { didSchema } from '../identity/index.ts'
import { HEADER_BYTES_MAX, VALIDATORS_MAX, VIEW_MAX } from './limits.ts'
import { SEAL, type Header, type Seal, type SignedHeader } from './types.ts'

const hash = bytes(32)
const validatorSchema = tuple(didSchema, hash, hash)
const sealSchema = struct({
  nextValidators: list(validatorSchema, VALIDATORS_MAX, 1),
  nextValidatorsHash: hash,
  nextParamsHash: hash,
  nextVersion: integer(1, 65_535),
  prevSeal: hash,
  prevSealHeight: uint()
})
const headerSchema = struct({
  v: literal(1),
  federation: cid(),
  kind: literal('block'),
  epoch: uint(VIEW_MAX),
  view: integer(1, VIEW_MAX),
  height: integer(1, VIEW_MAX),
  parent: hash,
  parentView: uint(VIEW_MAX),
  timeMs: uint(),
  proposer: uint(VALIDATORS_MAX - 1),
  type: literal(1, 2, 3),
  validatorsHash: hash,
  justDigest: hash,
  evidenceRoot: hash,
  bodyRoot: hash,
  stateRoot: hash,
  logRoot: hash,
  seal: nullable(sealSchema)
})

/** The header as bytes, and its digest: what is signed, linked and proved. */
export function encodeHeader (header: Header): SignedHeader {
  const { federation, epoch, view, height, parent, parentView, timeMs, proposer, type } = header
  const { validatorsHash, justDigest, evidenceRoot, bodyRoot, stateRoot, logRoot, seal } = header
  const encoded = encodeCanonical({
    v: 1, federation, kind: 'block', epoch, view, height, parent, parentView, timeMs, proposer, type,
    validatorsHash, justDigest, evidenceRoot, bodyRoot, stateRoot, logRoot, seal: seal === null ? null : sealToValue(seal)
  })
  return { header, bytes: encoded, digest: sha256(encoded) }
}

export function decodeHeader (encoded: Uint8Array): Result<SignedHeader, CodecFailure> {
  const decoded = decodeCanonical(encoded, headerSchema, HEADER_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, seal, ...fields } = decoded.value
  if ((seal === null) === (fields.type === SEAL)) return fail({ code: 'schema', path: 'seal', expected: 'a seal in seal blocks and nowhere else' })
  return ok({ header: { ...fields, seal: seal === null ? null : sealOfValue(seal) }, bytes: encoded, digest: sha256(encoded) })
}

function sealToValue ({ nextValidators, nextValidatorsHash, nextParamsHash, nextVersion, prevSeal, prevSealHeight }: Seal): Parsed<typeof sealSchema> {
  return {
    nextValidators: nextValidators.map(({ member, node, key }) => [member, node, key] as const),
    nextValidatorsHash, nextParamsHash, nextVersion, prevSeal, prevSealHeight
  }
}

function sealOfValue ({ nextValidators, ...rest }: Parsed<typeof sealSchema>): Seal {
  return { nextValidators: nextValidators.map(([member, node, key]) => ({ member, node, key })), ...rest }
}
