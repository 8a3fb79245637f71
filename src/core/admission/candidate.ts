import {
  assert, bytes, cid, decodeCanonical, encodeCanonical, literal, nullable, struct, unreachable, type CID
} from '../../base/index.ts'
import {
  decodeCertificate, decodeCharter, decodeTicketEnvelope, didOfKey, TICKET_SIZE_BYTES_MAX, type Certificate, type Charter, type SigningKey, type Ticket
} from '../identity/index.ts'
import {
  decodeAdmissionAnswer, decodeAdmissionRequest, REQUEST_SIZE_BYTES_MAX, signAdmissionRequest, type AdmissionRefusal, type Introduced
} from './message.ts'

/** The way into a federation as one who was invited sees it. */
export type Candidate = {
  readonly ticket: Ticket
  readonly federation: CID
  /** The request that applied, as it was sent first. */
  readonly apply: Uint8Array
  /** The applicant's certificate for the federation, which the request carries. */
  readonly certificate: Certificate
  /** What the inviter calls our application; undefined until it answered. */
  readonly application: CID | undefined
}

export type CandidateFields = {
  readonly ticket: Ticket
  readonly name: string
  readonly certificate: Certificate
  readonly consensusKey: Uint8Array
  readonly addresses: readonly string[]
}

export type CandidateOutcome =
  /** Persist the state, then send the next request at once. */
  | { readonly type: 'next' }
  /** Ask again later: nobody proposed us yet, or the members are voting. */
  | { readonly type: 'wait', readonly isVoting: boolean }
  | { readonly type: 'admitted', readonly charter: Charter, readonly checkpoint: Uint8Array | null, readonly members: readonly Introduced[] }
  | { readonly type: 'rejected' }
  | { readonly type: 'refused', readonly code: AdmissionRefusal }
  /** Not an answer, or the charter of another federation. */
  | { readonly type: 'distrust', readonly code: 'malformed' | 'charter' }

export type CandidateStep = { readonly state: Candidate, readonly outcome: CandidateOutcome }

const CANDIDATE_SIZE_BYTES_MAX = 32_768

export function startCandidate ({ ticket, name, certificate, consensusKey, addresses }: CandidateFields, rootKey: SigningKey): Candidate {
  const { federation } = ticket
  assert(ticket.role === 'member' && federation !== null, 'this ticket invites to found a federation')
  assert(certificate.federation.equals(federation) && certificate.member === didOfKey(rootKey.publicKey), 'who applies shows its own certificate for the federation')
  const { envelope: apply } = signAdmissionRequest({
    v: 1, kind: 'member-apply', federation, ticket: ticket.id, member: certificate.member, name, certificate: certificate.envelope, consensusKey, addresses
  }, rootKey)
  return { ticket, federation, apply, certificate, application: undefined }
}

/** The message to send now. Sending it again does no harm. */
export function candidateRequest ({ federation, apply, application }: Candidate, rootKey: SigningKey): Uint8Array {
  if (application === undefined) return apply
  return signAdmissionRequest({ v: 1, kind: 'member-ask', federation, application }, rootKey).envelope
}

export function candidateStep (state: Candidate, message: Uint8Array): CandidateStep {
  const decoded = decodeAdmissionAnswer(message)
  const is = (outcome: CandidateOutcome): CandidateStep => ({ state, outcome })
  if (!decoded.ok) return is({ type: 'distrust', code: 'malformed' })
  const answer = decoded.value
  switch (answer.state) {
    // `next` only where something moved on: an answer that goes in circles must not keep us sending.
    case 'applied': return state.application === undefined
      ? { state: { ...state, application: answer.application }, outcome: { type: 'next' } }
      : is({ type: 'wait', isVoting: false })
    case 'pending': return is({ type: 'wait', isVoting: false })
    case 'voting': return is({ type: 'wait', isVoting: true })
    case 'rejected': return is({ type: 'rejected' })
    case 'admitted': {
      const charter = decodeCharter(answer.charter)
      if (!charter.ok || !charter.value.federation.equals(state.federation)) return is({ type: 'distrust', code: 'charter' })
      return is({ type: 'admitted', charter: charter.value, checkpoint: answer.checkpoint, members: answer.members })
    }
    case 'refused': return answer.code === 'unknown-application' && state.application !== undefined
      // The inviter made room, or lost its rows: it takes the application anew.
      ? { state: { ...state, application: undefined }, outcome: { type: 'wait', isVoting: false } }
      : is({ type: 'refused', code: answer.code })
    case 'known': case 'unknown': return is({ type: 'distrust', code: 'malformed' })
    default: return unreachable(answer)
  }
}

const stateSchema = struct({
  v: literal(1),
  kind: literal('candidate'),
  ticket: bytes(1, TICKET_SIZE_BYTES_MAX),
  apply: bytes(1, REQUEST_SIZE_BYTES_MAX),
  application: nullable(cid())
})

export function encodeCandidate ({ ticket, apply, application }: Candidate): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'candidate', ticket: ticket.envelope, apply, application: application ?? null })
}

/** The state as it was kept; undefined when it was not kept by `encodeCandidate`. */
export function decodeCandidate (kept: Uint8Array): Candidate | undefined {
  const parsed = decodeCanonical(kept, stateSchema, CANDIDATE_SIZE_BYTES_MAX)
  if (!parsed.ok) return undefined
  const { apply, application } = parsed.value
  const ticket = decodeTicketEnvelope(parsed.value.ticket)
  const applied = decodeAdmissionRequest(apply)
  if (ticket?.role !== 'member' || !applied.ok || applied.value.request.kind !== 'member-apply') return undefined
  const { federation, ticket: named, certificate: envelope } = applied.value.request
  const certificate = decodeCertificate(envelope)
  if (!named.equals(ticket.id) || ticket.federation?.equals(federation) !== true || !certificate.ok) return undefined
  return { ticket, federation, apply, certificate: certificate.value, application: application ?? undefined }
}
