import {
  assert, bytes, cid, decodeCanonical, encodeCanonical, equalBytes, fail, literal, nullable, ok, struct, unreachable,
  type CID, type Result
} from '../../base/index.ts'
import {
  charterSignature, decodeCharter, decodeCharterBody, isSameFounder, RULES, type Charter, type CharterDraft, type Founder
} from './charter.ts'
import { didOfKey, type SigningKey } from './key.ts'
import {
  decodeAnswer, decodeRequest, founderOf, MESSAGE_SIZE_BYTES_MAX, signRequest,
  type ApplyRequest, type FoundingRequest, type RefusalCode
} from './message.ts'
import { decodeTicketEnvelope, TICKET_SIZE_BYTES_MAX, type Ticket } from './ticket.ts'

/** The founding of a federation as one who was invited sees it. */
export type Applicant = {
  readonly ticket: Ticket
  /** The request that applied, as it was sent first. */
  readonly apply: Uint8Array
  readonly founder: Founder
  /** What the convener calls our application; undefined until it answered. */
  readonly application: CID | undefined
  /** The one charter we sign. A second one is refused. */
  readonly draft: CharterDraft | undefined
}

export type ApplicantFields = {
  readonly ticket: Ticket
  readonly name: string
  readonly transportKey: Uint8Array
  readonly consensusKey: Uint8Array
  readonly addresses: readonly string[]
  readonly nonce: Uint8Array
}

/** Why we do not sign: the charter is not what the ticket promised, or not the one that we signed. */
export type DraftFailure = { readonly code: 'malformed' | 'name' | 'rules' | 'founders' | 'convener' | 'own-entry' | 'changed' }

export type ApplicantOutcome =
  /** Persist the state, then send the next request at once. */
  | { readonly type: 'next' }
  /** Ask again later. */
  | { readonly type: 'wait', readonly for: 'applications' | 'signatures', readonly have: number, readonly want: number }
  | { readonly type: 'founded', readonly charter: Charter }
  | { readonly type: 'refused', readonly code: RefusalCode }
  | { readonly type: 'distrust', readonly code: DraftFailure['code'] }

export type ApplicantStep = { readonly state: Applicant, readonly outcome: ApplicantOutcome }

const APPLICANT_SIZE_BYTES_MAX = 65_536

export function startApplicant (
  { ticket, name, transportKey, consensusKey, addresses, nonce }: ApplicantFields, rootKey: SigningKey
): Applicant {
  assert(ticket.role === 'founder', 'this ticket invites to a federation that exists')
  const request: ApplyRequest = {
    v: 1, kind: 'apply', ticket: ticket.id, member: didOfKey(rootKey.publicKey), name, transportKey, consensusKey, addresses, nonce
  }
  return {
    ticket, apply: signRequest(request, rootKey).envelope, founder: founderOf(request), application: undefined, draft: undefined
  }
}

/** The message to send now. Sending it again does no harm. */
export function applicantRequest ({ ticket, apply, application, draft }: Applicant, rootKey: SigningKey): Uint8Array {
  if (application === undefined) return apply
  const request: FoundingRequest = draft === undefined
    ? { v: 1, kind: 'ask', ticket: ticket.id, application }
    : { v: 1, kind: 'sign', ticket: ticket.id, application, signature: charterSignature(draft.body, rootKey) }
  return signRequest(request, rootKey).envelope
}

export function applicantStep (state: Applicant, message: Uint8Array): ApplicantStep {
  const decoded = decodeAnswer(message)
  if (!decoded.ok) return { state, outcome: { type: 'distrust', code: 'malformed' } }
  const answer = decoded.value
  switch (answer.state) {
    case 'applied': return onApplied(state, answer.application)
    case 'waiting': return { state, outcome: { type: 'wait', for: answer.for, have: answer.have, want: answer.want } }
    case 'sign': return onDraft(state, answer.body)
    case 'founded': return { state, outcome: foundedOutcome(state, answer.charter) }
    case 'refused': return { state, outcome: { type: 'refused', code: answer.code } }
    default: return unreachable(answer)
  }
}

function onApplied (state: Applicant, application: CID): ApplicantStep {
  // `next` only where something moved on: an answer that goes in circles must not keep us sending.
  const outcome: ApplicantOutcome = state.application === undefined
    ? { type: 'next' }
    : { type: 'wait', for: 'applications', have: 0, want: state.ticket.founders }
  return { state: { ...state, application }, outcome }
}

function onDraft (state: Applicant, body: Uint8Array): ApplicantStep {
  const judged = judgeDraft(state, body)
  if (!judged.ok) return { state, outcome: { type: 'distrust', code: judged.failure.code } }
  return state.draft === undefined
    ? { state: { ...state, draft: judged.value }, outcome: { type: 'next' } }
    : { state, outcome: { type: 'wait', for: 'signatures', have: 0, want: state.ticket.founders } }
}

function foundedOutcome (state: Applicant, envelope: Uint8Array): ApplicantOutcome {
  const charter = decodeCharter(envelope)
  if (!charter.ok) return { type: 'distrust', code: 'malformed' }
  const judged = judgeDraft(state, charter.value.body)
  return judged.ok ? { type: 'founded', charter: charter.value } : { type: 'distrust', code: judged.failure.code }
}

/** Whether this is the charter that the ticket promised, with our own keys and addresses in it. */
function judgeDraft ({ ticket, founder, draft }: Applicant, body: Uint8Array): Result<CharterDraft, DraftFailure> {
  if (draft !== undefined && !equalBytes(draft.body, body)) return fail({ code: 'changed' })
  const decoded = decodeCharterBody(body)
  if (!decoded.ok) return fail({ code: 'malformed' })
  const { name, rules, founders } = decoded.value
  if (name !== ticket.name) return fail({ code: 'name' })
  if (!equalBytes(encodeCanonical(rules), encodeCanonical(RULES))) return fail({ code: 'rules' })
  if (founders.length !== ticket.founders) return fail({ code: 'founders' })
  if (founders[0]?.member !== ticket.inviter) return fail({ code: 'convener' })
  return founders.some(each => isSameFounder(each, founder)) ? ok(decoded.value) : fail({ code: 'own-entry' })
}

const stateSchema = struct({
  v: literal(1),
  kind: literal('applicant'),
  ticket: bytes(1, TICKET_SIZE_BYTES_MAX),
  apply: bytes(1, MESSAGE_SIZE_BYTES_MAX),
  application: nullable(cid()),
  draft: nullable(bytes(1, MESSAGE_SIZE_BYTES_MAX))
})

export function encodeApplicant ({ ticket, apply, application, draft }: Applicant): Uint8Array {
  return encodeCanonical({
    v: 1, kind: 'applicant', ticket: ticket.envelope, apply, application: application ?? null, draft: draft?.body ?? null
  })
}

/** The state as it was kept; undefined when it was not kept by `encodeApplicant`. */
export function decodeApplicant (kept: Uint8Array): Applicant | undefined {
  const parsed = decodeCanonical(kept, stateSchema, APPLICANT_SIZE_BYTES_MAX)
  if (!parsed.ok) return undefined
  const ticket = decodeTicketEnvelope(parsed.value.ticket)
  const applied = decodeRequest(parsed.value.apply)
  if (ticket === undefined || !applied.ok || applied.value.request.kind !== 'apply') return undefined
  if (ticket.role !== 'founder' || !applied.value.request.ticket.equals(ticket.id)) return undefined
  const { apply, application } = parsed.value
  const state: Applicant = {
    ticket, apply, founder: founderOf(applied.value.request), application: application ?? undefined, draft: undefined
  }
  if (parsed.value.draft === null) return state
  const draft = judgeDraft(state, parsed.value.draft)
  return draft.ok ? { ...state, draft: draft.value } : undefined
}
