import {
  assert, bytes, decodeCanonical, encodeCanonical, equalBytes, fail, INTEGER_MAX, list, literal, nullable, ok, struct,
  uint, unreachable, type CID, type Result
} from '../../base/index.ts'
import {
  addressesSchema, CHARTER_NONCE_SIZE_BYTES, draftCharter, FOUNDERS_MAX, isSameFounder, nameSchema, RULES, sealCharter,
  type Charter, type CharterDraft, type CharterFailure, type Founder
} from './charter.ts'
import { KEY_SIZE_BYTES, rootKeyOf, SIGNATURE_SIZE_BYTES } from './key.ts'
import {
  decodeRequest, encodeAnswer, founderOf, MESSAGE_SIZE_BYTES_MAX, type ApplyRequest, type FoundingAnswer,
  type RefusalCode, type SignedRequest
} from './message.ts'
import { decodeTicketEnvelope, TICKET_SIZE_BYTES_MAX, type Ticket } from './ticket.ts'

/** The founding of a federation as its convener, who signed the ticket, sees it. */
export type Founding = {
  readonly ticket: Ticket
  readonly nonce: Uint8Array
  readonly convener: Founder
  /** In the order of arrival. */
  readonly applications: readonly Application[]
  /** There once all have applied. */
  readonly draft: CharterDraft | undefined
  /** In the order of the founders, the convener first. */
  readonly signatures: readonly (Uint8Array | undefined)[]
  /** There once all have signed. */
  readonly charter: Charter | undefined
}

type Application = { readonly envelope: Uint8Array, readonly id: CID, readonly founder: Founder }

export type FoundingInput =
  /** A message at the join listener. */
  | { readonly type: 'request', readonly request: Uint8Array, readonly nowMs: number }
  /** The convener's own signature, as the effect `sign` asked for. */
  | { readonly type: 'signature', readonly signature: Uint8Array }
  /** After a restart: names again what may not have been done. */
  | { readonly type: 'resume' }

export type FoundingEffect =
  /** To be synced before the answer leaves. */
  | { readonly type: 'persist', readonly state: Uint8Array }
  /** The convener's root key shall sign the charter's body: `charterSignature`. */
  | { readonly type: 'sign', readonly body: Uint8Array }
  | { readonly type: 'founded', readonly charter: Charter }

export type FoundingStep = {
  readonly state: Founding
  /** For the one who asked; undefined when nobody did. */
  readonly answer: Uint8Array | undefined
  readonly effects: readonly FoundingEffect[]
}

/** `nonce` goes into the charter; the rest is the convener's own entry in it. */
export type FoundingFields = {
  readonly ticket: Ticket
  readonly nonce: Uint8Array
  readonly name: string
  readonly transportKey: Uint8Array
  readonly consensusKey: Uint8Array
  readonly addresses: readonly string[]
}

const FOUNDING_SIZE_BYTES_MAX = 65_536

/** What signing adds to the body of a charter: for each founder, and once. */
const SIGNATURE_ROOM_BYTES = 72
const ENVELOPE_ROOM_BYTES = 128

/** Opens the ceremony. A federation of one has all it needs at once, but for its own signature. */
export function startFounding (
  { ticket, nonce, name, transportKey, consensusKey, addresses }: FoundingFields, nowMs: number
): Result<FoundingStep, CharterFailure> {
  assert(ticket.role === 'founder', 'a federation is founded on a ticket for founders')
  const convener: Founder = { member: ticket.inviter, name, nodes: [{ transportKey, consensusKey, addresses }] }
  const opened: Founding = { ticket, nonce, convener, applications: [], draft: undefined, signatures: [], charter: undefined }
  const fitting = draftOf(opened, INTEGER_MAX)
  return fitting.ok ? ok(changed(draftedWhenComplete(opened, nowMs), undefined)) : fitting
}

export function foundingStep (state: Founding, input: FoundingInput): FoundingStep {
  switch (input.type) {
    case 'request': return onRequest(state, input.request, input.nowMs)
    case 'signature': return onOwnSignature(state, input.signature)
    case 'resume': return { state, answer: undefined, effects: pending(state) }
    default: return unreachable(input)
  }
}

function onRequest (state: Founding, message: Uint8Array, nowMs: number): FoundingStep {
  const decoded = decodeRequest(message)
  if (!decoded.ok) return refused(state, 'malformed')
  const { request } = decoded.value
  if (!request.ticket.equals(state.ticket.id)) return refused(state, 'foreign-ticket')
  if (request.kind === 'apply') return onApply(state, decoded.value, request, nowMs)
  const at = state.applications.findIndex(({ id }) => id.equals(request.application))
  const application = state.applications[at]
  if (application === undefined) return refused(state, 'unknown-application')
  if (!isSignedBy(application.founder.member, decoded.value)) return refused(state, 'signature')
  return request.kind === 'ask' ? answered(state, standing(state, at + 1)) : onSign(state, at + 1, request.signature)
}

function onApply (state: Founding, signed: SignedRequest, request: ApplyRequest, nowMs: number): FoundingStep {
  if (rootKeyOf(request.member) === undefined) return refused(state, 'key')
  if (!isSignedBy(request.member, signed)) return refused(state, 'signature')
  const founder = founderOf(request)
  const before = state.applications.find(each => each.founder.member === request.member)
  if (before !== undefined) {
    if (!isSameFounder(before.founder, founder)) return refused(state, 'already-applied')
    return answered(state, { v: 1, state: 'applied', application: before.id })
  }
  if (nowMs > state.ticket.expiresMs) return refused(state, 'expired')
  if (state.draft !== undefined) return refused(state, 'closed')
  const wider = { ...state, applications: [...state.applications, { envelope: signed.envelope, id: signed.id, founder }] }
  // At the longest of times, so that a replay judges the size alike.
  const fitting = draftOf(wider, INTEGER_MAX)
  if (!fitting.ok) return refused(state, refusalOf(fitting.failure))
  return changed(draftedWhenComplete(wider, nowMs), { v: 1, state: 'applied', application: signed.id })
}

function draftedWhenComplete (state: Founding, nowMs: number): Founding {
  if (state.applications.length + 1 < state.ticket.founders) return state
  const draft = draftOf(state, nowMs)
  assert(draft.ok, 'a charter of judged applications can be drafted')
  return { ...state, draft: draft.value }
}

function onOwnSignature (state: Founding, signature: Uint8Array): FoundingStep {
  if (state.signatures[0] !== undefined) return { state, answer: undefined, effects: pending(state) }
  return changed(withSignature(state, 0, signature), undefined)
}

function onSign (state: Founding, place: number, signature: Uint8Array): FoundingStep {
  if (state.draft === undefined) return refused(state, 'not-drafted')
  const founder = state.draft.founders[place]
  assert(founder !== undefined, 'every application is a founder of the draft')
  if (rootKeyOf(founder.member)?.verify(state.draft.body, signature) !== true) return refused(state, 'signature')
  if (state.signatures[place] !== undefined) return answered(state, standing(state, place))
  const signed = withSignature(state, place, signature)
  return changed(signed, standing(signed, place))
}

function withSignature (state: Founding, place: number, signature: Uint8Array): Founding {
  const { draft } = state
  const founder = draft?.founders[place]
  assert(draft !== undefined && founder !== undefined, 'only a founder signs, and only a drafted charter')
  assert(rootKeyOf(founder.member)?.verify(draft.body, signature) === true, 'a kept signature of the charter holds')
  const signatures = draft.founders.map((_, at) => at === place ? signature : state.signatures[at])
  const given = signatures.filter(each => each !== undefined)
  if (given.length < signatures.length) return { ...state, signatures }
  const charter = sealCharter(draft.body, given)
  assert(charter.ok, 'a charter of checked signatures is sealed')
  return { ...state, signatures, charter: charter.value }
}

/** The charter that the founders so far would sign, if its messages fit. */
function draftOf (state: Founding, foundedMs: number): Result<CharterDraft, CharterFailure> {
  const draft = draftCharter({
    name: state.ticket.name, foundedMs, nonce: state.nonce, rules: RULES,
    founders: [state.convener, ...state.applications.map(({ founder }) => founder)]
  })
  if (!draft.ok) return draft
  const sizeBytes = draft.value.body.length + ENVELOPE_ROOM_BYTES + SIGNATURE_ROOM_BYTES * state.ticket.founders
  return sizeBytes > MESSAGE_SIZE_BYTES_MAX ? fail({ code: 'too-large', sizeBytes, sizeBytesMax: MESSAGE_SIZE_BYTES_MAX }) : draft
}

function refusalOf ({ code }: CharterFailure): RefusalCode {
  if (code === 'same-key') return 'key-taken'
  return code === 'key' || code === 'too-large' ? code : 'malformed'
}

/** Where the ceremony stands for one founder. */
function standing (state: Founding, place: number): FoundingAnswer {
  const want = state.ticket.founders
  if (state.charter !== undefined) return { v: 1, state: 'founded', charter: state.charter.envelope }
  if (state.draft === undefined) return { v: 1, state: 'waiting', for: 'applications', have: state.applications.length + 1, want }
  if (state.signatures[place] === undefined) return { v: 1, state: 'sign', body: state.draft.body }
  const have = state.signatures.filter(each => each !== undefined).length
  return { v: 1, state: 'waiting', for: 'signatures', have, want }
}

function pending (state: Founding): readonly FoundingEffect[] {
  if (state.charter !== undefined) return [{ type: 'founded', charter: state.charter }]
  return state.draft !== undefined && state.signatures[0] === undefined ? [{ type: 'sign', body: state.draft.body }] : []
}

function changed (state: Founding, answer: FoundingAnswer | undefined): FoundingStep {
  const effects: readonly FoundingEffect[] = [{ type: 'persist', state: encodeFounding(state) }, ...pending(state)]
  return { state, answer: answer === undefined ? undefined : encodeAnswer(answer), effects }
}

function answered (state: Founding, answer: FoundingAnswer): FoundingStep {
  return { state, answer: encodeAnswer(answer), effects: [] }
}

function refused (state: Founding, code: RefusalCode): FoundingStep {
  return answered(state, { v: 1, state: 'refused', code })
}

function isSignedBy (member: string, { body, signature }: SignedRequest): boolean {
  return rootKeyOf(member)?.verify(body, signature) === true
}

const stateSchema = struct({
  v: literal(1),
  kind: literal('founding'),
  ticket: bytes(1, TICKET_SIZE_BYTES_MAX),
  nonce: bytes(CHARTER_NONCE_SIZE_BYTES),
  convener: struct({
    name: nameSchema, transportKey: bytes(KEY_SIZE_BYTES), consensusKey: bytes(KEY_SIZE_BYTES), addresses: addressesSchema
  }),
  applications: list(bytes(1, MESSAGE_SIZE_BYTES_MAX), FOUNDERS_MAX - 1),
  foundedMs: nullable(uint()),
  signatures: list(nullable(bytes(SIGNATURE_SIZE_BYTES)), FOUNDERS_MAX)
})

/** All that cannot be worked out again; the draft and the charter can. */
export function encodeFounding (state: Founding): Uint8Array {
  const [node] = state.convener.nodes
  assert(node !== undefined, 'the convener founds with one node')
  return encodeCanonical({
    v: 1,
    kind: 'founding',
    ticket: state.ticket.envelope,
    nonce: state.nonce,
    convener: { name: state.convener.name, ...node },
    applications: state.applications.map(({ envelope }) => envelope),
    foundedMs: state.draft?.foundedMs ?? null,
    signatures: state.signatures.map(each => each ?? null)
  })
}

/** The ceremony as it was kept, replayed and checked step by step; undefined when it was not kept by `encodeFounding`. */
export function decodeFounding (kept: Uint8Array): Founding | undefined {
  const parsed = decodeCanonical(kept, stateSchema, FOUNDING_SIZE_BYTES_MAX)
  const ticket = parsed.ok ? decodeTicketEnvelope(parsed.value.ticket) : undefined
  if (!parsed.ok || ticket?.role !== 'founder') return undefined
  const { nonce, convener, applications, foundedMs, signatures } = parsed.value
  // All of it at the time of the founding, so that the last application drafts the same charter.
  const nowMs = foundedMs ?? ticket.expiresMs
  const started = startFounding({ ticket, nonce, ...convener }, nowMs)
  if (!started.ok) return undefined
  const applied = applications.reduce((state, envelope) => onRequest(state, envelope, nowMs).state, started.value.state)
  const signed = signatures.reduce(withKeptSignature, applied)
  return equalBytes(encodeFounding(signed), kept) ? signed : undefined
}

function withKeptSignature (state: Founding, signature: Uint8Array | null, place: number): Founding {
  const founder = state.draft?.founders[place]
  const holds = signature !== null && state.draft !== undefined && founder !== undefined &&
    rootKeyOf(founder.member)?.verify(state.draft.body, signature) === true
  return holds ? withSignature(state, place, signature) : state
}
