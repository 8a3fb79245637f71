import {
  assert, base32Text, bytes, bytesOfBase32, cid, cidOf, decodeCanonical, encodeCanonical, fail, literal, nullable, ok, struct, uint,
  type CID, type Result
} from '../../base/index.ts'
import { addressesSchema, FOUNDERS_MAX, nameSchema } from './charter.ts'
import { didOfKey, didSchema, rootKeyOf, type Did, type SigningKey } from './key.ts'
import { decodeSigned, signEnvelope } from './statement.ts'

/** An invitation as one string. */
export type Ticket = {
  /** What people pass on: `hanse1` and base 32, lower case. */
  readonly text: string
  readonly envelope: Uint8Array
  /** CID of the envelope: applications name it. */
  readonly id: CID
  /** Null while the federation is still to be founded: then the role is `founder`, else `member`. */
  readonly federation: CID | null
  /** The name of the federation. */
  readonly name: string
  readonly inviter: Did
  readonly role: 'founder' | 'member'
  /** Where the inviter listens for applications. */
  readonly addresses: readonly string[]
  readonly expiresMs: number
  readonly nonce: Uint8Array
  /** How many founders there shall be, the inviter among them; 0 when the federation exists. */
  readonly founders: number
}

export type TicketFields = Pick<Ticket, 'federation' | 'name' | 'addresses' | 'expiresMs' | 'nonce' | 'founders'>

export type TicketFailure =
  /** Something else was pasted. */
  | { readonly code: 'not-a-ticket' }
  /** Characters are missing or changed, or the inviter did not sign this. */
  | { readonly code: 'damaged' }
  | { readonly code: 'expired', readonly expiresMs: number }

export const TICKET_SIZE_BYTES_MAX = 1280
export const TICKET_NONCE_SIZE_BYTES = 16
const TICKET_HEAD = 'hanse1'
const TICKET_LENGTH_MAX = TICKET_HEAD.length + TICKET_SIZE_BYTES_MAX * 8 / 5
/** Mail programs break lines and people add spaces: so much is read through before we give up. */
const PASTED_LENGTH_MAX = 4 * TICKET_LENGTH_MAX

const bodySchema = struct({
  v: literal(1),
  kind: literal('ticket'),
  federation: nullable(cid()),
  name: nameSchema,
  inviter: didSchema,
  role: literal('founder', 'member'),
  addresses: addressesSchema,
  expiresMs: uint(),
  nonce: bytes(TICKET_NONCE_SIZE_BYTES),
  founders: uint(FOUNDERS_MAX)
})

/** Signs an invitation. The inviter is the holder of the root key. */
export function encodeTicket (fields: TicketFields, rootKey: SigningKey): Ticket {
  const { federation, name, addresses, expiresMs, nonce, founders } = fields
  const inviter = didOfKey(rootKey.publicKey)
  const role = federation === null ? 'founder' : 'member'
  const body = encodeCanonical({ v: 1, kind: 'ticket', federation, name, inviter, role, addresses, expiresMs, nonce, founders })
  const issued = decodeTicketEnvelope(signEnvelope(body, rootKey).envelope)
  assert(issued !== undefined, 'a ticket names a federation and no founders, or none and 1 to 31 founders, within its limits')
  return issued
}

/** Reads what somebody pasted. White space and capitals, as in a QR code, do no harm. */
export function decodeTicket (pasted: string, nowMs: number): Result<Ticket, TicketFailure> {
  const text = pasted.slice(0, PASTED_LENGTH_MAX).replaceAll(/\s/g, '').toLowerCase()
  if (!text.startsWith(TICKET_HEAD)) return fail({ code: 'not-a-ticket' })
  if (pasted.length > PASTED_LENGTH_MAX || text.length > TICKET_LENGTH_MAX) return fail({ code: 'damaged' })
  const envelope = bytesOfBase32(text.slice(TICKET_HEAD.length))
  const ticket = envelope === undefined ? undefined : decodeTicketEnvelope(envelope)
  if (ticket === undefined || ticket.text !== text) return fail({ code: 'damaged' })
  return nowMs > ticket.expiresMs ? fail({ code: 'expired', expiresMs: ticket.expiresMs }) : ok(ticket)
}

/** The ticket in bytes that were kept; undefined for anything its inviter did not sign. Expired ones too. */
export function decodeTicketEnvelope (envelope: Uint8Array): Ticket | undefined {
  const signed = decodeSigned(envelope, TICKET_SIZE_BYTES_MAX)
  if (!signed.ok) return undefined
  const parsed = decodeCanonical(signed.value.body, bodySchema, TICKET_SIZE_BYTES_MAX)
  if (!parsed.ok) return undefined
  const { federation, name, inviter, role, addresses, expiresMs, nonce, founders } = parsed.value
  const founding = role === 'founder'
  if (founding !== (federation === null) || founding !== founders > 0) return undefined
  if (rootKeyOf(inviter)?.verify(signed.value.body, signed.value.signature) !== true) return undefined
  const text = TICKET_HEAD + base32Text(envelope)
  return { text, envelope, id: cidOf('dagCbor', envelope), federation, name, inviter, role, addresses, expiresMs, nonce, founders }
}
