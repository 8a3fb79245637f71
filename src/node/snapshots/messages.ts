import {
  bytes, decodeCanonical, encodeCanonical, HASH_SIZE_BYTES, list, literal, struct, uint, union, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'

const REQUEST_BYTES_MAX = 1_024
/** A proof of finality is refused beyond this by whoever decodes it. */
const PROOF_BYTES_MAX = 1024 * 1024
const PEAKS_MAX = 64
export const OFFER_BYTES_MAX: number = PROOF_BYTES_MAX + PEAKS_MAX * HASH_SIZE_BYTES + 1_024
export const SEALS_MAX = 64
/** One proof at least, whatever its size. */
export const SEALS_BYTES_MAX: number = 2 * PROOF_BYTES_MAX

const v = literal(1)
const creditBytes = uint()
const hash = bytes(HASH_SIZE_BYTES)
const requestSchema = union('kind', {
  offer: struct({ v, kind: literal('offer'), aboveHeight: uint(), creditBytes }),
  seals: struct({ v, kind: literal('seals'), fromEpoch: uint(), creditBytes }),
  manifest: struct({ v, kind: literal('manifest'), stateRoot: hash, creditBytes }),
  chunk: struct({ v, kind: literal('chunk'), hash, creditBytes })
})
const offerSchema = struct({ v, height: uint(), proof: bytes(1, PROOF_BYTES_MAX), peaks: bytes(HASH_SIZE_BYTES, PEAKS_MAX * HASH_SIZE_BYTES) })
const sealsSchema = list(bytes(1, PROOF_BYTES_MAX), SEALS_MAX)

type Request = Parsed<typeof requestSchema>
type Unsent<R> = R extends unknown ? Omit<R, 'v' | 'creditBytes'> : never
export type SnapshotRequest = Unsent<Request>

/** A state that can be fetched: after which block, the proof that it is final, and the peaks over all digests below it. */
export type Offer = { readonly height: number, readonly proof: Uint8Array, readonly peaks: readonly Uint8Array[] }

export function encodeSnapshotRequest (request: SnapshotRequest, credit: number): Uint8Array {
  return encodeCanonical({ v: 1, ...request, creditBytes: credit })
}

export function decodeSnapshotRequest (body: Uint8Array): Result<SnapshotRequest, CodecFailure> {
  return decodeCanonical(body, requestSchema, REQUEST_BYTES_MAX)
}

export function encodeOffer ({ height, proof, peaks }: Offer): Uint8Array {
  const joined = new Uint8Array(peaks.length * HASH_SIZE_BYTES)
  for (const [index, peak] of peaks.entries()) joined.set(peak, index * HASH_SIZE_BYTES)
  return encodeCanonical({ v: 1, height, proof, peaks: joined })
}

export function decodeOffer (answer: Uint8Array): Offer | undefined {
  const decoded = decodeCanonical(answer, offerSchema, OFFER_BYTES_MAX)
  if (!decoded.ok || decoded.value.peaks.length % HASH_SIZE_BYTES !== 0) return undefined
  const { height, proof, peaks } = decoded.value
  const count = peaks.length / HASH_SIZE_BYTES
  return { height, proof, peaks: Array.from({ length: count }, (_, at) => peaks.slice(at * HASH_SIZE_BYTES, (at + 1) * HASH_SIZE_BYTES)) }
}

export function encodeSeals (proofs: readonly Uint8Array[]): Uint8Array {
  return encodeCanonical(proofs)
}

export function decodeSeals (answer: Uint8Array): readonly Uint8Array[] | undefined {
  const decoded = decodeCanonical(answer, sealsSchema, SEALS_BYTES_MAX)
  return decoded.ok ? decoded.value : undefined
}
