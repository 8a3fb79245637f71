import {
  bytes, concat, decodeCanonical, encodeCanonical, fail, list, nullable, ok, readUint, struct, tuple, u32, uint, type Result, type Schema
} from '../../base/index.ts'
import {
  decodeBlock, decodeCert, decodeFinalityProof, decodeVote, encodeBlock, encodeCert, encodeFinalityProof, encodeVote,
  type Block, type Cert, type FinalityProof, type Vote
} from '../finality/index.ts'
import {
  CERT_BYTES_MAX, CERTS_MAX, EVIDENCE_BYTES_MAX, INSTANCES_PER_PEER_MAX, JOINED_BYTES_MAX, JUST_BYTES_MAX, PENDING_IDS_MAX, PROOF_BYTES_MAX,
  PUT_TRANSACTIONS_MAX, RANGE_BLOCKS_MAX, RANGE_BYTES_MAX, SEALS_MAX, STATUS_BYTES_MAX, TRANSACTION_BYTES_MAX, VOTE_BYTES_MAX
} from './types.ts'

/** What a node has of the present: what its peers need to know to send it the rest. */
export type Status = {
  readonly epoch: number
  readonly view: number
  readonly finHeight: number
  readonly finView: number
  readonly finCert: Cert | null
  readonly entryCert: Cert | null
  readonly tipView: number
  readonly proposal: Uint8Array | null
  /** Signers whose NOTARIZE and NULLIFY votes of `view`, and FINALIZE votes of `tipView`, are held. */
  readonly haveN: Uint8Array
  readonly haveX: Uint8Array
  readonly haveF: Uint8Array
  /** Validators whose streams are open, this node among them. */
  readonly connected: Uint8Array
  readonly pending: readonly Uint8Array[]
}

/** An instance behind one transport key, and how long ago its first and its last hello came. */
export type SeenInstance = { readonly instance: Uint8Array, readonly firstAgoMs: number, readonly lastAgoMs: number }

export type Message =
  | { readonly kind: 'vote', readonly vote: Vote }
  | { readonly kind: 'cert', readonly cert: Cert }
  | { readonly kind: 'proposal', readonly block: Block, readonly signature: Uint8Array }
  | { readonly kind: 'status', readonly status: Status }
  | { readonly kind: 'getBlock', readonly digest: Uint8Array }
  | { readonly kind: 'block', readonly block: Block }
  | { readonly kind: 'getCerts', readonly epoch: number, readonly fromView: number, readonly toView: number }
  | { readonly kind: 'certs', readonly certs: readonly Cert[] }
  /** What do you know of me? */
  | { readonly kind: 'getVotesOf' }
  | { readonly kind: 'votesOf', readonly newest: Vote | null, readonly instances: readonly SeenInstance[] }
  | { readonly kind: 'getRange', readonly fromHeight: number, readonly max: number }
  /** Consecutive final blocks and the proof of the last one; neither when the peer has none. */
  | { readonly kind: 'range', readonly blocks: readonly Block[], readonly proof: FinalityProof | null }
  | { readonly kind: 'getSeals', readonly fromEpoch: number }
  | { readonly kind: 'seals', readonly proofs: readonly FinalityProof[] }
  | { readonly kind: 'getTx', readonly ids: readonly Uint8Array[] }
  | { readonly kind: 'putTx', readonly transactions: readonly Uint8Array[] }
  | { readonly kind: 'evidence', readonly evidence: Uint8Array }
export type MessageKind = Message['kind']

export type MessageFailure = { readonly code: 'unknown-kind' | 'too-large' | 'malformed' }

const JOINED = 0
const SIGNATURE_BYTES = 64
const DIGEST_BYTES = 32
const BITMAP_BYTES_MAX = 4
const HEAD_BYTES_MAX = 64 * 1024

const certBytes = bytes(1, CERT_BYTES_MAX)
const bitmap = bytes(1, BITMAP_BYTES_MAX)
const digests: Schema<readonly Uint8Array[]> = list(bytes(DIGEST_BYTES), PENDING_IDS_MAX)
const statusSchema = struct({
  epoch: uint(), view: uint(), finHeight: uint(), finView: uint(), finCert: nullable(certBytes), entryCert: nullable(certBytes), tipView: uint(),
  proposal: nullable(bytes(DIGEST_BYTES)), haveN: bitmap, haveX: bitmap, haveF: bitmap, connected: bitmap, pending: digests
})
const votesOfSchema = struct({
  newest: nullable(bytes(1, VOTE_BYTES_MAX)), instances: list(tuple(bytes(1, 32), uint(), uint()), INSTANCES_PER_PEER_MAX)
})

type Coding<K extends MessageKind> = {
  readonly code: number
  /** Bytes behind the kind; `bodyBytesMax` is the federation's. */
  readonly bytesMax: (bodyBytesMax: number) => number
  encode (message: Extract<Message, { kind: K }>): Uint8Array
  decode (body: Uint8Array, bodyBytesMax: number): Omit<Extract<Message, { kind: K }>, 'kind'> | undefined
}

const blockBytesMax = (bodyBytesMax: number): number => bodyBytesMax + JUST_BYTES_MAX + EVIDENCE_BYTES_MAX + HEAD_BYTES_MAX

/** How each kind is written behind its byte. Numbers are never used again for another kind. */
const CODINGS: { readonly [K in MessageKind]: Coding<K> } = {
  vote: {
    code: 1, bytesMax: () => VOTE_BYTES_MAX, encode: ({ vote }) => encodeVote(vote),
    decode: body => onValue(decodeVote(body), vote => ({ vote }))
  },
  cert: {
    code: 2, bytesMax: () => CERT_BYTES_MAX, encode: ({ cert }) => encodeCert(cert),
    decode: body => onValue(decodeCert(body), cert => ({ cert }))
  },
  proposal: {
    code: 3, bytesMax: limit => SIGNATURE_BYTES + blockBytesMax(limit),
    encode: ({ block, signature }) => concat([signature, encodeBlock(block)]),
    decode: (body, limit) => onValue(decodeBlock(body.slice(SIGNATURE_BYTES), limit), block => ({ block, signature: body.slice(0, SIGNATURE_BYTES) }))
  },
  status: {
    code: 4, bytesMax: () => STATUS_BYTES_MAX,
    encode: ({ status }) => encodeCanonical({
      ...status, finCert: status.finCert && encodeCert(status.finCert), entryCert: status.entryCert && encodeCert(status.entryCert)
    }),
    decode: decodeStatus
  },
  getBlock: { code: 5, bytesMax: () => DIGEST_BYTES, encode: ({ digest }) => digest, decode: body => body.length === DIGEST_BYTES ? { digest: body } : undefined },
  block: {
    code: 6, bytesMax: blockBytesMax, encode: ({ block }) => encodeBlock(block),
    decode: (body, limit) => onValue(decodeBlock(body, limit), block => ({ block }))
  },
  getCerts: {
    code: 7, bytesMax: () => 64, encode: ({ epoch, fromView, toView }) => encodeCanonical([epoch, fromView, toView]),
    decode: body => onValue(decodeCanonical(body, tuple(uint(), uint(), uint()), 64), ([epoch, fromView, toView]) => ({ epoch, fromView, toView }))
  },
  certs: {
    code: 8, bytesMax: () => (CERT_BYTES_MAX + 8) * CERTS_MAX, encode: ({ certs }) => encodeCanonical(certs.map(encodeCert)),
    decode: body => onValue(decodeCanonical(body, list(certBytes, CERTS_MAX), body.length), all => onAll(all, decodeCert, certs => ({ certs })))
  },
  getVotesOf: { code: 9, bytesMax: () => 0, encode: () => new Uint8Array(0), decode: () => ({}) },
  votesOf: {
    code: 10, bytesMax: () => 1024,
    encode: ({ newest, instances }) => encodeCanonical({
      newest: newest && encodeVote(newest), instances: instances.map(each => [each.instance, each.firstAgoMs, each.lastAgoMs])
    }),
    decode: decodeVotesOf
  },
  getRange: {
    code: 11, bytesMax: () => 64, encode: ({ fromHeight, max }) => encodeCanonical([fromHeight, max]),
    decode: body => onValue(decodeCanonical(body, tuple(uint(), uint(RANGE_BLOCKS_MAX)), 64), ([fromHeight, max]) => ({ fromHeight, max }))
  },
  range: {
    code: 12, bytesMax: limit => blockBytesMax(limit) + RANGE_BYTES_MAX + PROOF_BYTES_MAX,
    encode: ({ blocks, proof }) => encodeCanonical([blocks.map(encodeBlock), proof && encodeFinalityProof(proof)]),
    decode: decodeRange
  },
  getSeals: {
    code: 13, bytesMax: () => 64, encode: ({ fromEpoch }) => encodeCanonical(fromEpoch),
    decode: body => onValue(decodeCanonical(body, uint(), 64), fromEpoch => ({ fromEpoch }))
  },
  seals: {
    code: 14, bytesMax: () => RANGE_BYTES_MAX + PROOF_BYTES_MAX, encode: ({ proofs }) => encodeCanonical(proofs.map(encodeFinalityProof)),
    decode: body => onValue(
      decodeCanonical(body, list(bytes(1, PROOF_BYTES_MAX), SEALS_MAX), body.length), all => onAll(all, decodeFinalityProof, proofs => ({ proofs })))
  },
  getTx: {
    code: 15, bytesMax: () => PENDING_IDS_MAX * 40, encode: ({ ids }) => encodeCanonical(ids),
    decode: body => onValue(decodeCanonical(body, digests, body.length), ids => ({ ids }))
  },
  putTx: {
    code: 16, bytesMax: () => RANGE_BYTES_MAX + TRANSACTION_BYTES_MAX, encode: ({ transactions }) => encodeCanonical(transactions),
    decode: body => onValue(
      decodeCanonical(body, list(bytes(1, TRANSACTION_BYTES_MAX), PUT_TRANSACTIONS_MAX), body.length), transactions => ({ transactions }))
  },
  evidence: { code: 17, bytesMax: () => EVIDENCE_BYTES_MAX, encode: ({ evidence }) => evidence, decode: body => body.length > 0 ? { evidence: body } : undefined }
}

const KIND_OF_CODE: ReadonlyMap<number, MessageKind> = new Map(Object.entries(CODINGS).map(([kind, { code }]) => [code, kind as MessageKind]))

/** Every kind there is, for tests that must not forget one. */
export const MESSAGE_KINDS: readonly MessageKind[] = [...KIND_OF_CODE.values()]

export function encodeMessage (message: Message): Uint8Array {
  const coding = CODINGS[message.kind] as Coding<MessageKind>
  return concat([new Uint8Array([coding.code]), coding.encode(message)])
}

export function decodeMessage (frame: Uint8Array, bodyBytesMax: number): Result<Message, MessageFailure> {
  const kind = KIND_OF_CODE.get(frame[0] ?? JOINED)
  if (kind === undefined) return fail({ code: 'unknown-kind' })
  const coding = CODINGS[kind] as Coding<MessageKind>
  if (frame.length - 1 > coding.bytesMax(bodyBytesMax)) return fail({ code: 'too-large' })
  const fields = coding.decode(frame.slice(1), bodyBytesMax)
  return fields === undefined ? fail({ code: 'malformed' }) : ok({ ...fields, kind } as Message)
}

/** One frame for several messages to one peer; each keeps its own cap. */
export function joinMessages (messages: readonly Uint8Array[]): Uint8Array {
  const [only] = messages
  if (messages.length === 1 && only !== undefined) return only
  return concat([new Uint8Array([JOINED]), ...messages.flatMap(each => [u32(each.length), each])])
}

/** The messages of a frame; undefined where the lengths do not add up. Above JOINED_BYTES_MAX a message goes alone. */
export function splitMessages (frame: Uint8Array): readonly Uint8Array[] | undefined {
  if (frame[0] !== JOINED) return [frame]
  if (frame.length > JOINED_BYTES_MAX) return undefined
  const messages: Uint8Array[] = []
  for (let at = 1; at < frame.length;) {
    const length = readUint(frame, at, 4)
    if (length === undefined || length === 0 || at + 4 + length > frame.length || frame[at + 4] === JOINED) return undefined
    messages.push(frame.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  return messages.length > 1 ? messages : undefined
}

function onValue<A, B> (result: Result<A, unknown>, then: (value: A) => B | undefined): B | undefined {
  return result.ok ? then(result.value) : undefined
}

function onAll<A, B> (
  parts: readonly Uint8Array[], decode: (part: Uint8Array) => Result<A, unknown>, then: (all: readonly A[]) => B
): B | undefined {
  const all: A[] = []
  for (const part of parts) {
    const each = decode(part)
    if (!each.ok) return undefined
    all.push(each.value)
  }
  return then(all)
}

function optional<A> (part: Uint8Array | null, decode: (part: Uint8Array) => Result<A, unknown>): A | null | undefined {
  if (part === null) return null
  const decoded = decode(part)
  return decoded.ok ? decoded.value : undefined
}

function decodeStatus (body: Uint8Array): { readonly status: Status } | undefined {
  const decoded = decodeCanonical(body, statusSchema, STATUS_BYTES_MAX)
  if (!decoded.ok) return undefined
  const finCert = optional(decoded.value.finCert, decodeCert)
  const entryCert = optional(decoded.value.entryCert, decodeCert)
  return finCert === undefined || entryCert === undefined ? undefined : { status: { ...decoded.value, finCert, entryCert } }
}

function decodeVotesOf (body: Uint8Array): { readonly newest: Vote | null, readonly instances: readonly SeenInstance[] } | undefined {
  const decoded = decodeCanonical(body, votesOfSchema, body.length)
  if (!decoded.ok) return undefined
  const newest = optional(decoded.value.newest, decodeVote)
  if (newest === undefined) return undefined
  return { newest, instances: decoded.value.instances.map(([instance, firstAgoMs, lastAgoMs]) => ({ instance, firstAgoMs, lastAgoMs })) }
}

function decodeRange (body: Uint8Array, bodyBytesMax: number): { readonly blocks: readonly Block[], readonly proof: FinalityProof | null } | undefined {
  const shape = tuple(list(bytes(1, blockBytesMax(bodyBytesMax)), RANGE_BLOCKS_MAX), nullable(bytes(1, PROOF_BYTES_MAX)))
  const decoded = decodeCanonical(body, shape, body.length)
  if (!decoded.ok) return undefined
  const [blocks, proofBytes] = decoded.value
  const proof = optional(proofBytes, decodeFinalityProof)
  if (proof === undefined || (blocks.length === 0) !== (proof === null)) return undefined
  return onAll(blocks, each => decodeBlock(each, bodyBytesMax), all => ({ blocks: all, proof }))
}

