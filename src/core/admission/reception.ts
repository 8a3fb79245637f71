import {
  bytes, cid, decodeCanonical, encodeCanonical, equalBytes, list, literal, struct, uint, type CID
} from '../../base/index.ts'
import {
  admitKey, CLOCK_SKEW_MS_MAX, decodeCertificate, decodeTicketEnvelope, rootKeyOf, TICKET_SIZE_BYTES_MAX, type Certificate, type Did, type Ticket
} from '../identity/index.ts'
import {
  decodeAdmissionRequest, encodeAdmissionAnswer, REQUEST_SIZE_BYTES_MAX,
  type AdmissionAnswer, type AdmissionRefusal, type ApplyRequest, type Introduced, type SignedAdmission
} from './message.ts'

/** Those who apply for membership as a member who invites sees them. */
export type Reception = {
  readonly federation: CID
  /** Outstanding ones, oldest first. */
  readonly tickets: readonly Ticket[]
  /** Of each applicant the newest, in the order of arrival. */
  readonly applications: readonly Application[]
}

export type Application = {
  readonly envelope: Uint8Array
  readonly id: CID
  readonly member: Did
  readonly name: string
  readonly certificate: Certificate
  readonly consensusKey: Uint8Array
  readonly addresses: readonly string[]
  readonly receivedMs: number
}

/** How it stands with one who applied, by the ledger. */
export type Standing =
  | { readonly type: 'none' }
  | { readonly type: 'voting' | 'rejected', readonly proposal: Uint8Array }
  | { readonly type: 'member' }

/** What the machine asks of its node while it answers. */
export type ReceptionContext = {
  readonly nowMs: number
  readonly standingOf: (member: Did) => Standing
  /** Whose node goes by this transport key. */
  readonly memberOfTransport: (transportKey: Uint8Array) => Did | undefined
  /** What an admitted member is told. */
  readonly welcome: () => { readonly charter: Uint8Array, readonly checkpoint: Uint8Array | null, readonly members: readonly Introduced[] }
}

export type ReceptionStep = {
  readonly state: Reception
  readonly answer: Uint8Array
  /** Whether the state is to be synced before the answer leaves. */
  readonly isChanged: boolean
  /** A certificate of a member, or of one who just became one: to be taken into the membership. */
  readonly certificate: Uint8Array | undefined
}

export const APPLICATIONS_MAX = 64
const TICKETS_MAX = 64
const RECEPTION_SIZE_BYTES_MAX = (APPLICATIONS_MAX + 8) * REQUEST_SIZE_BYTES_MAX
/** Applicants still ask how it stands when their ticket is long past; after that an open application makes room for others. */
const APPLICATION_KEPT_MS = 30 * 24 * 3_600_000

export function openReception (federation: CID): Reception {
  return { federation, tickets: [], applications: [] }
}

/** One more ticket is out. Those that are past go. */
export function withTicket (state: Reception, ticket: Ticket, nowMs: number): Reception {
  const tickets = [...state.tickets.filter(({ expiresMs }) => expiresMs >= nowMs), ticket].slice(-TICKETS_MAX)
  return { ...state, tickets }
}

/** Until when somebody may come to the join listener. */
export function outstandingUntilMs ({ tickets, applications }: Reception): number {
  return Math.max(0, ...tickets.map(({ expiresMs }) => expiresMs), ...applications.map(({ receivedMs }) => receivedMs + APPLICATION_KEPT_MS))
}

/** Answers a message at the join listener. */
export function receptionStep (state: Reception, message: Uint8Array, context: ReceptionContext): ReceptionStep {
  const decoded = decodeAdmissionRequest(message)
  if (!decoded.ok) return refused(state, 'malformed')
  const { request } = decoded.value
  if (!request.federation.equals(state.federation)) return refused(state, 'federation')
  if (!('envelope' in decoded.value)) {
    return request.kind === 'member-present' ? onPresent(state, request.certificate, context) : refused(state, 'malformed')
  }
  const signed = decoded.value
  if (signed.request.kind === 'member-apply') return onApply(state, signed, signed.request, context)
  const { application } = signed.request
  const found = state.applications.find(({ id }) => id.equals(application))
  if (found === undefined) return refused(state, 'unknown-application')
  return isSignedBy(found.member, signed) ? onAsk(state, found, context) : refused(state, 'signature')
}

function onPresent (state: Reception, envelope: Uint8Array, { nowMs, standingOf }: ReceptionContext): ReceptionStep {
  const certificate = decodeCertificate(envelope)
  const isKnown = certificate.ok && certificate.value.federation.equals(state.federation) &&
    isInForce(certificate.value, nowMs) && standingOf(certificate.value.member).type === 'member'
  return { ...answered(state, { v: 1, state: isKnown ? 'known' : 'unknown' }), certificate: isKnown ? envelope : undefined }
}

function onApply (state: Reception, signed: SignedAdmission, request: ApplyRequest, context: ReceptionContext): ReceptionStep {
  const { nowMs, standingOf } = context
  const { member } = request
  if (rootKeyOf(member) === undefined) return refused(state, 'key')
  if (!isSignedBy(member, signed)) return refused(state, 'signature')
  if (state.applications.some(({ id }) => id.equals(signed.id))) return answered(state, { v: 1, state: 'applied', application: signed.id })
  const standing = standingOf(member)
  // Whom the members vote on, or have admitted, needs no ticket any more: it may have lost what it knew.
  if (standing.type === 'none' || standing.type === 'rejected') {
    const ticket = state.tickets.find(({ id }) => id.equals(request.ticket))
    if (ticket === undefined) return refused(state, 'foreign-ticket')
    if (nowMs > ticket.expiresMs) return refused(state, 'expired')
  }
  const application = applicationOf(signed.envelope, nowMs)
  if (application === undefined || !application.certificate.federation.equals(state.federation) || !isInForce(application.certificate, nowMs)) {
    return refused(state, 'certificate')
  }
  const refusal = keyRefusal(state, application, context)
  if (refusal !== undefined) return refused(state, refusal)
  const others = state.applications.filter(each => each.member !== member)
  const room = others.length < APPLICATIONS_MAX ? others : withoutOne(others, context)
  if (room === undefined) return refused(state, 'full')
  // Before anything of it is told: whoever asks may hear of it.
  return {
    ...answered({ ...state, applications: [...room, application] }, { v: 1, state: 'applied', application: application.id }),
    isChanged: true, certificate: standing.type === 'member' ? application.certificate.envelope : undefined
  }
}

function onAsk (state: Reception, { member, certificate }: Application, { standingOf, welcome }: ReceptionContext): ReceptionStep {
  const standing = standingOf(member)
  switch (standing.type) {
    case 'none': return answered(state, { v: 1, state: 'pending' })
    case 'voting': case 'rejected': return answered(state, { v: 1, state: standing.type, proposal: standing.proposal })
    case 'member': return { ...answered(state, { v: 1, state: 'admitted', ...welcome() }), certificate: certificate.envelope }
  }
}

/** The certificate holds keys that were admitted when it was decoded; what remains is whose they are. */
function keyRefusal (state: Reception, { member, certificate, consensusKey }: Application, context: ReceptionContext): AdmissionRefusal | undefined {
  if (!admitKey(consensusKey).ok) return 'key'
  const named = ({ certificate: { nodeKey, transportKey }, consensusKey: key }: Pick<Application, 'certificate' | 'consensusKey'>): readonly Uint8Array[] =>
    [nodeKey.bytes, transportKey, key]
  const own = named({ certificate, consensusKey })
  if ([rootKeyOf(member)?.bytes ?? consensusKey, certificate.nodeKey.bytes, certificate.transportKey].some(key => equalBytes(key, consensusKey))) return 'key-taken'
  const owner = context.memberOfTransport(certificate.transportKey)
  if (owner !== undefined && owner !== member) return 'key-taken'
  const isOthers = state.applications.some(other => other.member !== member && named(other).some(key => own.some(mine => equalBytes(mine, key))))
  return isOthers ? 'key-taken' : undefined
}

/** Room for one more: an application that is decided goes first, then one that nobody decided for long. Undefined: all are open. */
function withoutOne (applications: readonly Application[], { nowMs, standingOf }: ReceptionContext): readonly Application[] | undefined {
  const gone = applications.find(({ member }) => ['member', 'rejected'].includes(standingOf(member).type)) ??
    applications.find(({ receivedMs }) => nowMs > receivedMs + APPLICATION_KEPT_MS)
  return gone === undefined ? undefined : applications.filter(each => each !== gone)
}

function isInForce ({ notBeforeMs, notAfterMs }: Certificate, nowMs: number): boolean {
  return nowMs >= notBeforeMs - CLOCK_SKEW_MS_MAX && nowMs <= notAfterMs
}

function isSignedBy (member: Did, { body, signature }: SignedAdmission): boolean {
  return rootKeyOf(member)?.verify(body, signature) === true
}

function applicationOf (envelope: Uint8Array, receivedMs: number): Application | undefined {
  const decoded = decodeAdmissionRequest(envelope)
  if (!decoded.ok || !('envelope' in decoded.value) || decoded.value.request.kind !== 'member-apply') return undefined
  const { id, request: { member, name, consensusKey, addresses, certificate } } = decoded.value
  const read = decodeCertificate(certificate)
  return read.ok && read.value.member === member
    ? { envelope, id, member, name, certificate: read.value, consensusKey, addresses, receivedMs }
    : undefined
}

function answered (state: Reception, answer: AdmissionAnswer): ReceptionStep {
  return { state, answer: encodeAdmissionAnswer(answer), isChanged: false, certificate: undefined }
}

function refused (state: Reception, code: AdmissionRefusal): ReceptionStep {
  return answered(state, { v: 1, state: 'refused', code })
}

const stateSchema = struct({
  v: literal(1),
  kind: literal('reception'),
  federation: cid(),
  tickets: list(bytes(1, TICKET_SIZE_BYTES_MAX), TICKETS_MAX),
  applications: list(struct({ envelope: bytes(1, REQUEST_SIZE_BYTES_MAX), receivedMs: uint() }), APPLICATIONS_MAX)
})

export function encodeReception ({ federation, tickets, applications }: Reception): Uint8Array {
  return encodeCanonical({
    v: 1, kind: 'reception', federation, tickets: tickets.map(({ envelope }) => envelope),
    applications: applications.map(({ envelope, receivedMs }) => ({ envelope, receivedMs }))
  })
}

/** The state as it was kept; undefined when it was not kept by `encodeReception`. */
export function decodeReception (kept: Uint8Array): Reception | undefined {
  const parsed = decodeCanonical(kept, stateSchema, RECEPTION_SIZE_BYTES_MAX)
  if (!parsed.ok) return undefined
  const { federation } = parsed.value
  const tickets = parsed.value.tickets.flatMap(envelope => decodeTicketEnvelope(envelope) ?? [])
  const applications = parsed.value.applications.flatMap(({ envelope, receivedMs }) => applicationOf(envelope, receivedMs) ?? [])
  const state = { federation, tickets, applications }
  return equalBytes(encodeReception(state), kept) ? state : undefined
}
