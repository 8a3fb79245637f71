import {
  bytes, cidOf, decodeCanonical, encodeCanonical, equalBytes, fail, integer, list, literal, matching, ok, struct, text, uint,
  type CID, type CodecFailure, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import { admitKey, didOfKey, didSchema, KEY_SIZE_BYTES, rootKeyOf, SIGNATURE_SIZE_BYTES, type Did, type SigningKey } from './key.ts'

const CHARTER_SIZE_BYTES_MAX = 65_536
export const FOUNDERS_MAX = 31
const FOUNDER_NODES_MAX = 4
const NODE_ADDRESSES_MAX = 4
const ADDRESS_SIZE_BYTES_MAX = 128
const NAME_LENGTH_MAX = 64
export const CHARTER_NONCE_SIZE_BYTES = 16

/** Control characters and marks that reverse the reading direction: a name must look like what it is. */
const UNSEEN = /[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u

/** A name that people read: 1 to 64 UTF-16 units, no space at its ends, nothing unseen in it. */
export const nameSchema: Schema<string> = (value, path) => {
  const parsed = text(NAME_LENGTH_MAX)(value, path)
  const good = parsed.ok && parsed.value !== '' && parsed.value.trim() === parsed.value && !UNSEEN.test(parsed.value)
  return good ? parsed : fail({ path, expected: `a name of 1 to ${NAME_LENGTH_MAX} visible characters` })
}

/** Multiaddrs of one node. Their inner form is the network's business. */
export const addressesSchema: Schema<readonly string[]> =
  list(matching(/^\/[\x21-\x7e]{1,127}$/, `a multiaddr of at most ${ADDRESS_SIZE_BYTES_MAX} bytes`), NODE_ADDRESSES_MAX)

const bodySchema = struct({
  v: literal(1),
  kind: literal('charter'),
  name: nameSchema,
  foundedMs: uint(),
  nonce: bytes(CHARTER_NONCE_SIZE_BYTES),
  founders: list(struct({
    member: didSchema,
    name: nameSchema,
    nodes: list(struct({
      transportKey: bytes(KEY_SIZE_BYTES), consensusKey: bytes(KEY_SIZE_BYTES), addresses: addressesSchema
    }), FOUNDER_NODES_MAX, 1)
  }), FOUNDERS_MAX, 1),
  rules: struct({ votesAbove: struct({ parts: integer(1, 99), of: integer(2, 100) }) })
})
const envelopeSchema = struct({
  body: bytes(1, CHARTER_SIZE_BYTES_MAX),
  signatures: list(bytes(SIGNATURE_SIZE_BYTES), FOUNDERS_MAX, 1)
})

type CharterBody = Parsed<typeof bodySchema>
export type Founder = CharterBody['founders'][number]

/** A decision needs more than `parts / of` of the votes; never less than a majority. */
export type Rules = CharterBody['rules']

/** A charter that is not yet signed by all. */
export type CharterDraft = {
  readonly body: Uint8Array
  /** The federation's id: CID of `body`, so that it does not depend on who signed last. */
  readonly federation: CID
  readonly name: string
  readonly foundedMs: number
  readonly nonce: Uint8Array
  readonly founders: readonly Founder[]
  readonly rules: Rules
}

/** The founding document, signed by every founder. */
export type Charter = CharterDraft & {
  readonly envelope: Uint8Array
  /** In the order of the founders. */
  readonly signatures: readonly Uint8Array[]
}

export type CharterFields = Omit<CharterDraft, 'body' | 'federation'>

export type CharterFailure =
  | CodecFailure
  /** A key that rule Hanse-Ed25519 does not admit. */
  | { readonly code: 'key', readonly member: Did }
  /** A root, transport or consensus key that stands twice in the charter, also in two roles. */
  | { readonly code: 'same-key', readonly member: Did }
  | { readonly code: 'rules' }
  | { readonly code: 'signatures', readonly have: number, readonly want: number }
  | { readonly code: 'signature', readonly member: Did }

/** What founders agree to unless they write other rules: more than two thirds. */
export const RULES: Rules = { votesAbove: { parts: 2, of: 3 } }

export function draftCharter (fields: CharterFields): Result<CharterDraft, CharterFailure> {
  const { name, foundedMs, nonce, founders, rules } = fields
  return decodeCharterBody(encodeCanonical({ v: 1, kind: 'charter', name, foundedMs, nonce, founders, rules }))
}

export function decodeCharterBody (body: Uint8Array): Result<CharterDraft, CharterFailure> {
  const parsed = decodeCanonical(body, bodySchema, CHARTER_SIZE_BYTES_MAX)
  if (!parsed.ok) return parsed
  const { name, foundedMs, nonce, founders, rules } = parsed.value
  const { parts, of } = rules.votesAbove
  if (parts >= of || parts * 2 < of) return fail({ code: 'rules' })
  const seen = new Set<Did>()
  for (const { member, nodes } of founders) {
    const keys = nodes.flatMap(({ transportKey, consensusKey }) => [transportKey, consensusKey])
    if (rootKeyOf(member) === undefined || !keys.every(key => admitKey(key).ok)) return fail({ code: 'key', member })
    for (const key of [member, ...keys.map(didOfKey)]) {
      if (seen.has(key)) return fail({ code: 'same-key', member })
      seen.add(key)
    }
  }
  return ok({ body, federation: cidOf('dagCbor', body), name, foundedMs, nonce, founders, rules })
}

export function charterSignature (body: Uint8Array, rootKey: SigningKey): Uint8Array {
  return rootKey.sign(body)
}

/** The charter, once every founder has signed `body`: one signature each, in the order of the founders. */
export function sealCharter (body: Uint8Array, signatures: readonly Uint8Array[]): Result<Charter, CharterFailure> {
  return decodeCharter(encodeCanonical({ body, signatures }))
}

export function decodeCharter (envelope: Uint8Array): Result<Charter, CharterFailure> {
  const parsed = decodeCanonical(envelope, envelopeSchema, CHARTER_SIZE_BYTES_MAX)
  if (!parsed.ok) return parsed
  const { body, signatures } = parsed.value
  const draft = decodeCharterBody(body)
  if (!draft.ok) return draft
  const { founders } = draft.value
  if (signatures.length !== founders.length) {
    return fail({ code: 'signatures', have: signatures.length, want: founders.length })
  }
  const unsigned = founders.find(({ member }, at) => rootKeyOf(member)?.verify(body, signatures[at] ?? new Uint8Array(0)) !== true)
  if (unsigned !== undefined) return fail({ code: 'signature', member: unsigned.member })
  return ok({ ...draft.value, envelope, signatures })
}

export function isSameFounder (a: Founder, b: Founder): boolean {
  return equalBytes(encodeCanonical(a), encodeCanonical(b))
}

/** Whether `have` of `all` votes carry a decision. */
export function isCarried (rules: Rules, have: number, all: number): boolean {
  return have > 0 && have * rules.votesAbove.of > all * rules.votesAbove.parts
}
