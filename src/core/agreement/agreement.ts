import { cidOf, cidOfText, encodeCanonical, equalBytes, fail, hmacSha256, ok, type CID, type Result, type Schema } from '../../base/index.ts'
import type { Speaker, SpeakerFailure, Statement } from '../identity/index.ts'
import { bind, readPolicy, writePolicy, type Iri, type Policy } from '../terms/index.ts'
import { base64url, exactly, idSchema, isObject, object, textOfBytes, textOfTime, timeSchema, type JsonObject } from './json.ts'
import type { Role } from './transitions.ts'

/** What one side would have or give: terms for a dataset. `target` may be missing in a request, where the id of the offer tells it. */
export type Offer = { readonly id: string, readonly target: string | null, readonly policy: Policy }

/** A node key's signature, and the certificate that says for whom it signs. */
export type PartySignature = { readonly certificate: CID, readonly signature: Uint8Array }

/** `ledgerSignature` is over the bytes that the ledger wants of the counterparty of `agreement.commit`. */
export type Countersignature = PartySignature & { readonly ledgerSignature: Uint8Array }

export type Agreement = {
  readonly id: string
  /** Assigner and assignee. A `did:key` between Hanse nodes, any IRI of a foreign connector. */
  readonly provider: string
  readonly consumer: string
  readonly target: string
  readonly policy: Policy
  /** null where a foreign connector left it out. */
  readonly timestampMs: number | null
  /** Hides on the ledger what was committed to. Drawn by the provider. */
  readonly salt: Uint8Array | null
  readonly providerSignature: PartySignature | null
  readonly consumerSignature: Countersignature | null
}

export const SALT_SIZE_BYTES = 32
const SIGNATURE_SIZE_BYTES = 64
const ODRL = 'http://www.w3.org/ns/odrl/2/'

/** Members of ours, as IRIs so that they outlive a JSON-LD processor. A foreign connector keeps and ignores them. */
const OURS = 'urn:hanse:terms:1:'
export const SIGNATURE_MEMBERS = {
  providerSignature: `${OURS}providerSignature`,
  providerCertificate: `${OURS}providerCertificate`,
  consumerSignature: `${OURS}consumerSignature`,
  consumerCertificate: `${OURS}consumerCertificate`,
  ledgerSignature: `${OURS}ledgerSignature`,
  salt: `${OURS}salt`
} as const

const signature = base64url(SIGNATURE_SIZE_BYTES)
const certificate: Schema<CID> = (value, path) => {
  const parsed = typeof value === 'string' ? cidOfText(value) : undefined
  return parsed !== undefined ? ok(parsed) : fail({ path, expected: 'the CID of a certificate' })
}

const policySchema: Schema<Policy> = (value, path) => {
  const policy = readPolicy(withoutOurs(value))
  return policy.ok ? policy : fail({ path: path + policy.failure.position, expected: `terms that can be read: ${policy.failure.reason}` })
}

/** An offer in a message (`target` set) or in a catalogue (none). */
export const offerSchema: Schema<Offer> = (value, path) => {
  const parsed = object({ '@id': idSchema, '@type': exactly('Offer') }, { target: idSchema })(value, path)
  if (!parsed.ok) return parsed
  const policy = policySchema(value, path)
  return policy.ok ? ok({ id: parsed.value['@id'], target: parsed.value.target, policy: policy.value }) : policy
}

export function offerJson ({ id, target, policy }: Offer): JsonObject {
  return { '@id': id, '@type': 'Offer', ...target === null ? {} : { target }, ...policyMembers(policy) }
}

const parts = object(
  { '@id': idSchema, '@type': exactly('Agreement'), target: idSchema, assigner: idSchema, assignee: idSchema },
  {
    timestamp: timeSchema,
    [SIGNATURE_MEMBERS.salt]: base64url(SALT_SIZE_BYTES),
    [SIGNATURE_MEMBERS.providerSignature]: signature,
    [SIGNATURE_MEMBERS.providerCertificate]: certificate
  }
)

export const countersignatureSchema: Schema<Countersignature | null> = (value, path) => {
  const parsed = object({}, {
    [SIGNATURE_MEMBERS.consumerSignature]: signature,
    [SIGNATURE_MEMBERS.consumerCertificate]: certificate,
    [SIGNATURE_MEMBERS.ledgerSignature]: signature
  })(value, path)
  if (!parsed.ok) return parsed
  const signed = partySignature(parsed.value[SIGNATURE_MEMBERS.consumerSignature], parsed.value[SIGNATURE_MEMBERS.consumerCertificate])
  const ledgerSignature = parsed.value[SIGNATURE_MEMBERS.ledgerSignature]
  return ok(signed === null || ledgerSignature === null ? null : { ...signed, ledgerSignature })
}

export const agreementSchema: Schema<Agreement> = (value, path) => {
  const read = parts(value, path)
  if (!read.ok) return read
  const policy = policySchema(value, path)
  if (!policy.ok) return policy
  const consumerSignature = countersignatureSchema(value, path)
  if (!consumerSignature.ok) return consumerSignature
  const { '@id': id, target, assigner, assignee, timestamp } = read.value
  return ok({
    id, provider: assigner, consumer: assignee, target, policy: policy.value, timestampMs: timestamp,
    salt: read.value[SIGNATURE_MEMBERS.salt],
    providerSignature: partySignature(read.value[SIGNATURE_MEMBERS.providerSignature], read.value[SIGNATURE_MEMBERS.providerCertificate]),
    consumerSignature: consumerSignature.value
  })
}

export function agreementJson (agreement: Agreement): JsonObject {
  const { id, provider, consumer, target, policy, timestampMs, salt, providerSignature, consumerSignature } = agreement
  return {
    '@id': id, '@type': 'Agreement', target, assigner: provider, assignee: consumer,
    ...timestampMs === null ? {} : { timestamp: textOfTime(timestampMs) },
    ...policyMembers(policy),
    ...salt === null ? {} : { [SIGNATURE_MEMBERS.salt]: textOfBytes(salt) },
    ...providerSignature === null
      ? {}
      : {
          [SIGNATURE_MEMBERS.providerSignature]: textOfBytes(providerSignature.signature),
          [SIGNATURE_MEMBERS.providerCertificate]: providerSignature.certificate.toString()
        },
    ...countersignatureJson(consumerSignature)
  }
}

export function countersignatureJson (countersignature: Countersignature | null): JsonObject {
  if (countersignature === null) return {}
  return {
    [SIGNATURE_MEMBERS.consumerSignature]: textOfBytes(countersignature.signature),
    [SIGNATURE_MEMBERS.consumerCertificate]: countersignature.certificate.toString(),
    [SIGNATURE_MEMBERS.ledgerSignature]: textOfBytes(countersignature.ledgerSignature)
  }
}

function policyMembers (policy: Policy): JsonObject {
  // What it is made of is JSON by its contract.
  return writePolicy(policy) as JsonObject
}

/** Without the members around the terms that are ours: they say nothing about what is allowed. */
function withoutOurs (value: unknown): unknown {
  if (!isObject(value)) return value
  const ours: readonly string[] = Object.values(SIGNATURE_MEMBERS)
  return Object.fromEntries(Object.entries(value).filter(([name]) => !ours.includes(name)))
}

function partySignature (signed: Uint8Array | null, by: CID | null): PartySignature | null {
  return signed === null || by === null ? null : { certificate: by, signature: signed }
}

/** Who says a statement, at a time: `Membership.speaker`, or the ledger's own. */
export type SpeakerOf = (statement: Statement, timeMs: number) => Result<Speaker, SpeakerFailure>

export type SignatureFailure =
  /** A foreign connector: not countersigned. */
  | { readonly code: 'unsigned' }
  | { readonly code: 'no-timestamp' }
  | { readonly code: 'speaker', readonly failure: SpeakerFailure }
  /** It is the signature of somebody who is not the party. */
  | { readonly code: 'signer', readonly member: string }

/** What is wrong with the content of an agreement, before its signatures. */
export type AgreementFault = 'provider' | 'consumer' | 'target' | 'policy' | 'timestamp' | 'salt'

/** How far the clocks of two members may differ when one of them dates an agreement. */
const AGREEMENT_SKEW_MS_MAX = 86_400_000

const OPEN_END_MS = Number.MAX_SAFE_INTEGER
const HASH_SIZE_BYTES = 32

/**
 * An agreement that nobody signed yet. Its terms are those that were asked for or accepted, bound to the consumer and to the one
 * purpose; undefined where nothing is left of them. `purpose` null: as they are, for a foreign consumer whose terms name none.
 */
export function draftAgreement (
  { policy, purpose, ...parties }: {
    readonly id: string, readonly provider: string, readonly consumer: string, readonly target: string, readonly policy: Policy
    readonly purpose: Iri | null, readonly timestampMs: number, readonly salt: Uint8Array | null
  }
): Agreement | undefined {
  const bound = purpose === null ? policy : bind(policy, parties.consumer, purpose)
  return bound === undefined ? undefined : { ...parties, policy: bound, providerSignature: null, consumerSignature: null }
}

/** The one purpose that all permissions of a policy are for; undefined where there is none, or more than one. */
export function purposeOf ({ permissions }: Policy): Iri | undefined {
  const purposes = permissions.map(({ constraints }) => constraints
    .flatMap(each => each.type === 'atomic' && each.leftOperand === `${ODRL}purpose` ? each.rightOperand : []))
  const [first] = purposes[0] ?? []
  return purposes.every(each => each.length === 1 && each[0] === first) ? first : undefined
}

/** What both sides sign: canonical DAG-CBOR. The agreement must have a time. */
export function agreementBody (agreement: Agreement, federation: CID): Uint8Array {
  const { id, provider, consumer, target, policy, timestampMs } = agreement
  return encodeCanonical({
    v: 1, federation, kind: 'agreement', agreementId: id, provider, consumer, dataset: target, policyCid: policy.policyCid, timeMs: timestampMs
  })
}

/** Whether that side signed this very agreement with a node key of its own at the time it is dated. */
export function checkSignature (agreement: Agreement, by: Role, federation: CID, speaker: SpeakerOf): Result<Speaker, SignatureFailure> {
  const signed: PartySignature | null = by === 'provider' ? agreement.providerSignature : agreement.consumerSignature
  if (signed === null) return fail({ code: 'unsigned' })
  if (agreement.timestampMs === null) return fail({ code: 'no-timestamp' })
  const body = agreementBody(agreement, federation)
  const { certificate, signature } = signed
  const envelope = encodeCanonical({ body, cert: certificate, signature })
  const found = speaker({ envelope, id: cidOf('dagCbor', envelope), body, certificate, signature }, agreement.timestampMs)
  if (!found.ok) return fail({ code: 'speaker', failure: found.failure })
  return found.value.member === agreement[by] ? found : fail({ code: 'signer', member: found.value.member })
}

/** Both sides signed. An agreement with a foreign connector never is: it is shown as "not countersigned". */
export function isCountersigned ({ providerSignature, consumerSignature }: Agreement): boolean {
  return providerSignature !== null && consumerSignature !== null
}

/**
 * What a consumer looks at before it verifies: that the agreement is about what it asked for or accepted. `policy` is that,
 * bound to consumer and purpose; policies are compared by `policyCid`. Between Hanse nodes a salt belongs to it.
 */
export function faultsOfAgreement (
  agreement: Agreement,
  expected: {
    readonly provider: string, readonly consumer: string, readonly target: string, readonly policy: Policy
    readonly nowMs: number, readonly isHanse: boolean
  }
): readonly AgreementFault[] {
  const { provider, consumer, target, policy, timestampMs, salt } = agreement
  const isDated = timestampMs === null ? !expected.isHanse : Math.abs(timestampMs - expected.nowMs) <= AGREEMENT_SKEW_MS_MAX
  const tests: readonly (readonly [AgreementFault, boolean])[] = [
    ['provider', provider === expected.provider],
    ['consumer', consumer === expected.consumer],
    ['target', target === expected.target],
    ['policy', policy.policyCid.equals(expected.policy.policyCid)],
    ['timestamp', isDated],
    ['salt', salt !== null || !expected.isHanse]
  ]
  return tests.filter(([, isRight]) => !isRight).map(([fault]) => fault)
}

/** What stands on the ledger for an agreement: HMAC-SHA256 of the body under the salt, 32 bytes. Without the salt it says nothing. */
export function agreementCommit (agreement: Agreement, federation: CID, salt: Uint8Array): Uint8Array {
  const body = agreementBody(agreement, federation)
  const commit = new Uint8Array(HASH_SIZE_BYTES)
  hmacSha256(salt, body.length)(commit, 0, body)
  return commit
}

/** Whether a commitment on the ledger is that of an agreement. */
export function isCommitOf (commit: Uint8Array, agreement: Agreement, federation: CID): boolean {
  return agreement.salt !== null && equalBytes(commit, agreementCommit(agreement, federation, agreement.salt))
}

/**
 * From when to when an agreement holds, for the ledger: from its date or the later time that all its permissions wait for, to
 * the latest time that any of them ends; the largest integer where one is open. `endMs` is the first moment after.
 */
export function periodOf ({ policy, timestampMs }: Agreement): { readonly startMs: number, readonly endMs: number } {
  const agreedMs = timestampMs ?? 0
  const spans = policy.permissions.map(({ constraints }) => spanOf(constraints))
  const startMs = Math.max(agreedMs, Math.min(...spans.map(({ fromMs }) => fromMs), OPEN_END_MS - 1))
  const lastMs = Math.max(...spans.map(({ untilMs }) => untilMs), startMs)
  return { startMs, endMs: Math.min(lastMs + 1, OPEN_END_MS) }
}

type Constraints = Policy['permissions'][number]['constraints']

function spanOf (constraints: Constraints): { readonly fromMs: number, readonly untilMs: number } {
  const times = constraints.flatMap(each => each.type === 'atomic' && each.leftOperand === `${ODRL}dateTime` ? [each] : [])
  const at = (name: string): readonly number[] => times
    .filter(({ operator }) => operator === ODRL + name)
    .flatMap(({ rightOperand }) => rightOperand.flatMap(text => {
      const time = timeSchema(text, '')
      return time.ok ? [time.value] : []
    }))
  return { fromMs: Math.max(0, ...at('gteq'), ...at('gt')), untilMs: Math.min(OPEN_END_MS, ...at('lteq'), ...at('lt')) }
}
