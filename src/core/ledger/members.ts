import { equalBytes, fail, ok, sha256, type Result } from '../../base/index.ts'
import { admitKey, decodeCertificate, keyOfDid, rootKeyOf, type Certificate, type Did } from '../identity/index.ts'
import { OPERATIONS, signBytes, type SignerKind } from './operations.ts'
import {
  MEMBER_CERTIFICATES_MAX, MEMBER_NODES_MAX, PURPOSE_KEYS_MAX, TABLES, type BoundKey, type Member, type Purpose
} from './rows.ts'
import { sure, type Draft, type Outcome, type Refusal, type Rows } from './state.ts'
import { handler, type Handler, type LedgerTransaction, type Turn } from './transaction.ts'


/** Clocks of those who issue certificates may be wrong by this much. */
const CERTIFICATE_SKEW_MS = 86_400_000
const DONE: Outcome = ok(null)

export type SignerFound = { readonly kind: SignerKind, readonly key: Uint8Array, readonly keyHash: Uint8Array }

/**
 * As whom a transaction speaks, by the state; whether its signature holds under `key`, the caller checks. Of a certificate the
 * period counts at `timeMs`, that of a block; null asks without it, since the newest block may be long ago.
 */
export function signerOf (rows: Rows, transaction: LedgerTransaction, timeMs: number | null): Result<SignerFound, Refusal> {
  const { author, signedBy } = transaction
  if (rows.get(TABLES.member, author)?.state !== 'active') return fail({ code: 'not-a-member' })
  if (signedBy.type === 'key') {
    const row = rows.get(TABLES.key, signedBy.digest)
    if (row === undefined || row.member !== author || row.purpose === 'node' || row.purpose === 'transport') return fail({ code: 'unknown-key' })
    return row.endedHeight === null ? ok({ kind: row.purpose, key: row.key, keyHash: signedBy.digest }) : fail({ code: 'revoked-key' })
  }
  const row = rows.get(TABLES.certificate, signedBy.digest) ?? carriedCertificate(transaction)
  if (row === undefined || row.member !== author) return fail({ code: 'unknown-certificate' })
  if (row.revokedHeight !== null) return fail({ code: 'revoked-certificate' })
  if (timeMs !== null && !isWithin(row, timeMs)) return fail({ code: 'certificate-time' })
  return ok({ kind: 'node', key: row.nodeKey, keyHash: sha256(row.nodeKey) })
}

export function isWithin ({ notBeforeMs, notAfterMs }: { readonly notBeforeMs: number, readonly notAfterMs: number }, timeMs: number): boolean {
  return timeMs >= notBeforeMs - CERTIFICATE_SKEW_MS && timeMs <= notAfterMs + CERTIFICATE_SKEW_MS
}

type Carried = {
  readonly member: Did, readonly nodeKey: Uint8Array, readonly notBeforeMs: number, readonly notAfterMs: number, readonly revokedHeight: null
}

/** A node's first transaction brings the certificate that it speaks by. */
function carriedCertificate ({ operations, signedBy }: LedgerTransaction): Carried | undefined {
  for (const { code, fields } of operations) {
    const envelope = fields['certificate']
    if (code !== OPERATIONS.nodePut.code || !(envelope instanceof Uint8Array) || !equalBytes(sha256(envelope), signedBy.digest)) continue
    const decoded = certificateIn(envelope)
    if (decoded === undefined) return undefined
    const { member, nodeKey, notBeforeMs, notAfterMs } = decoded
    return { member, nodeKey: nodeKey.bytes, notBeforeMs, notAfterMs, revokedHeight: null }
  }
  return undefined
}

/** Decoding verifies a signature, and every transaction is looked at several times: so by the bytes, as long as they live. */
const certificates = new WeakMap<Uint8Array, { readonly decoded: Certificate | undefined }>()

function certificateIn (envelope: Uint8Array): Certificate | undefined {
  const known = certificates.get(envelope)
  if (known !== undefined) return known.decoded
  const result = decodeCertificate(envelope)
  const decoded = result.ok ? result.value : undefined
  certificates.set(envelope, { decoded })
  return decoded
}

/** Names a key for good: nobody may ever use it for anything else. */
function claimKey (draft: Draft, row: BoundKey): Outcome {
  const digest = sha256(row.key)
  const held = draft.get(TABLES.key, digest)
  if (held === undefined) {
    draft.put(TABLES.key, [digest], row)
    return DONE
  }
  const isSame = held.member === row.member && held.purpose === row.purpose && held.endedHeight === null
  return isSame ? DONE : fail({ code: 'key-taken' })
}

function nodePut (draft: Draft, turn: Turn, envelope: Uint8Array, transportKey: Uint8Array, addresses: readonly string[]): Outcome {
  const certificate = certificateIn(envelope)
  if (certificate === undefined) return fail({ code: 'certificate' })
  if (!certificate.federation.equals(turn.federation)) return fail({ code: 'federation' })
  if (certificate.member !== turn.author || !equalBytes(certificate.transportKey, transportKey)) return fail({ code: 'certificate' })
  if (!isWithin(certificate, turn.timeMs)) return fail({ code: 'certificate-time' })
  const member = sure(draft.get(TABLES.member, turn.author))
  if (addresses.length > 0 && member.classCode === 'sole-trader') return fail({ code: 'address' })
  const digest = sha256(envelope)
  const held = draft.get(TABLES.certificate, digest)
  if (held !== undefined && held.revokedHeight !== null) return fail({ code: 'revoked-certificate' })
  const isNew = !member.nodes.some(each => equalBytes(each, transportKey))
  if (isNew && member.nodes.length >= MEMBER_NODES_MAX) return fail({ code: 'nodes' })
  if (held === undefined && member.certificates >= MEMBER_CERTIFICATES_MAX) return fail({ code: 'certificates' })
  const base = { member: turn.author, node: null, order: 0, sinceHeight: turn.height, endedHeight: null, endedSinceMs: null }
  for (const [purpose, key] of [['node', certificate.nodeKey.bytes], ['transport', transportKey]] as const) {
    const claimed = claimKey(draft, { ...base, purpose, key })
    if (!claimed.ok) return claimed
  }
  if (held === undefined) {
    const { notBeforeMs, notAfterMs } = certificate
    draft.put(TABLES.certificate, [digest], {
      member: turn.author, envelope, nodeKey: certificate.nodeKey.bytes, transportKey, notBeforeMs, notAfterMs, sinceHeight: turn.height,
      revokedHeight: null, revokedSinceMs: null
    })
  }
  const sinceHeight = draft.get(TABLES.node, transportKey)?.sinceHeight ?? turn.height
  draft.put(TABLES.node, [transportKey], { member: turn.author, certificate: digest, addresses, sinceHeight })
  draft.put(TABLES.member, [turn.author], {
    ...member, nodes: isNew ? [...member.nodes, transportKey] : member.nodes, certificates: member.certificates + (held === undefined ? 1 : 0)
  })
  return DONE
}

function nodeRemove (draft: Draft, { author, height, timeMs }: Turn, transportKey: Uint8Array): Outcome {
  const member = sure(draft.get(TABLES.member, author))
  if (!member.nodes.some(each => equalBytes(each, transportKey))) return fail({ code: 'unknown-node' })
  draft.delete(TABLES.node, [transportKey])
  draft.put(TABLES.member, [author], { ...member, nodes: member.nodes.filter(each => !equalBytes(each, transportKey)) })
  for (const { digest, row } of liveKeys(draft, author, 'consensus')) {
    if (row.node !== null && equalBytes(row.node, transportKey)) endKey(draft, author, digest, height, timeMs)
  }
  return DONE
}

/** Live keys of a member for one purpose, oldest first. */
export function liveKeys (rows: Rows, member: Did, purpose: Purpose): readonly { readonly digest: Uint8Array, readonly row: BoundKey }[] {
  const found = (rows.get(TABLES.member, member)?.keys ?? []).flatMap(digest => {
    const row = rows.get(TABLES.key, digest)
    return row !== undefined && row.purpose === purpose && row.endedHeight === null ? [{ digest, row }] : []
  })
  return found.toSorted((a, b) => a.row.order - b.row.order)
}

export function endKey (draft: Draft, did: Did, digest: Uint8Array, height: number, sinceMs: number): void {
  const row = sure(draft.get(TABLES.key, digest))
  draft.put(TABLES.key, [digest], { ...row, endedHeight: height, endedSinceMs: sinceMs })
  const member = sure(draft.get(TABLES.member, did))
  draft.put(TABLES.member, [did], { ...member, keys: member.keys.filter(each => !equalBytes(each, digest)) })
}

/** Ends every key and certificate of a member, as after the loss of its root key. */
export function endAllKeys (draft: Draft, did: Did, height: number, sinceMs: number): void {
  const member = sure(draft.get(TABLES.member, did))
  for (const digest of member.keys) endKey(draft, did, digest, height, sinceMs)
  for (const transportKey of member.nodes) {
    const certificate = draft.get(TABLES.node, transportKey)?.certificate
    if (certificate !== undefined && certificate !== null) revokeCertificate(draft, certificate, height, sinceMs)
    draft.delete(TABLES.node, [transportKey])
  }
  draft.put(TABLES.member, [did], { ...sure(draft.get(TABLES.member, did)), nodes: [] })
}

function revokeCertificate (draft: Draft, digest: Uint8Array, height: number, sinceMs: number): void {
  const row = sure(draft.get(TABLES.certificate, digest))
  const node = draft.get(TABLES.node, row.transportKey)
  draft.put(TABLES.certificate, [digest], { ...row, revokedHeight: height, revokedSinceMs: sinceMs })
  if (node === undefined || node.certificate === null || !equalBytes(node.certificate, digest)) return
  draft.put(TABLES.node, [row.transportKey], { ...node, certificate: null })
}

/** The next number of acceptance: changes take effect in its order. */
export function nextOrder (draft: Draft): number {
  const tip = sure(draft.get(TABLES.tip))
  draft.put(TABLES.tip, [], { ...tip, accepted: tip.accepted + 1 })
  return tip.accepted + 1
}

/** What the holder of a new key signs with it, so that nobody binds a key of somebody else's. */
export function keyProofBytes (turn: Pick<Turn, 'federation' | 'author'>, purpose: Purpose, key: Uint8Array): Uint8Array {
  return signBytes(turn.federation, 'key', [turn.author, purpose, key])
}

/** Transport key of the node that signs; null when it is no node. */
function nodeOfSigner (draft: Draft, turn: Turn): Uint8Array | null {
  if (turn.signer !== 'node') return null
  const member = sure(draft.get(TABLES.member, turn.author))
  return member.nodes.find(transportKey => {
    const certificate = draft.get(TABLES.node, transportKey)?.certificate
    const row = certificate === undefined || certificate === null ? undefined : draft.get(TABLES.certificate, certificate)
    return row !== undefined && equalBytes(row.nodeKey, turn.signerKey)
  }) ?? null
}

function bindKey (draft: Draft, turn: Turn, purpose: Purpose, key: Uint8Array, proof: Uint8Array): Outcome {
  // Consensus keys change after every seal, so nodes bind them; the others speak for the member, so its root does.
  if ((purpose === 'consensus') !== (turn.signer === 'node')) return fail({ code: 'signer' })
  const node = nodeOfSigner(draft, turn)
  if (purpose === 'consensus' && node === null) return fail({ code: 'unknown-node' })
  if (liveKeys(draft, turn.author, purpose).length >= PURPOSE_KEYS_MAX) return fail({ code: 'keys' })
  const admitted = admitKey(key)
  if (!admitted.ok) return fail({ code: 'key' })
  const digest = sha256(key)
  if (draft.get(TABLES.key, digest) !== undefined) return fail({ code: 'key-taken' })
  if (!admitted.value.verify(keyProofBytes(turn, purpose, key), proof)) return fail({ code: 'proof' })
  draft.put(TABLES.key, [digest], {
    member: turn.author, purpose, key, node, order: nextOrder(draft), sinceHeight: turn.height, endedHeight: null, endedSinceMs: null
  })
  const member = sure(draft.get(TABLES.member, turn.author))
  draft.put(TABLES.member, [turn.author], { ...member, keys: [...member.keys, digest] })
  return DONE
}

function ownLiveKey (draft: Draft, turn: Turn, key: Uint8Array): BoundKey | undefined {
  const row = draft.get(TABLES.key, sha256(key))
  return row !== undefined && row.member === turn.author && row.endedHeight === null ? row : undefined
}

function revoke (draft: Draft, turn: Turn, what: 'key' | 'certificate', named: Uint8Array, sinceMs: number): Outcome {
  if (sinceMs > turn.timeMs) return fail({ code: 'time' })
  if (what === 'certificate') {
    const row = draft.get(TABLES.certificate, named)
    if (row === undefined || row.member !== turn.author) return fail({ code: 'unknown-certificate' })
    if (row.revokedHeight !== null) return fail({ code: 'revoked-certificate' })
    revokeCertificate(draft, named, turn.height, sinceMs)
    return DONE
  }
  const row = ownLiveKey(draft, turn, named)
  if (row === undefined || !['govern', 'consensus', 'role'].includes(row.purpose)) return fail({ code: 'unknown-key' })
  endKey(draft, turn.author, sha256(named), turn.height, sinceMs)
  return DONE
}

export const keyHandlers: readonly Handler[] = [
  handler(OPERATIONS.nodePut, (draft, turn, { certificate, transportKey, addresses }) => certificate === null
    ? nodeRemove(draft, turn, transportKey)
    : nodePut(draft, turn, certificate, transportKey, addresses)),
  handler(OPERATIONS.keyBind, (draft, turn, { purpose, key, proof }) => bindKey(draft, turn, purpose, key, proof)),
  handler(OPERATIONS.keyRotate, (draft, turn, { purpose, old, key, proof }) => {
    if (ownLiveKey(draft, turn, old)?.purpose !== purpose) return fail({ code: 'unknown-key' })
    endKey(draft, turn.author, sha256(old), turn.height, turn.timeMs)
    return bindKey(draft, turn, purpose, key, proof)
  }),
  handler(OPERATIONS.keyRevoke, (draft, turn, { revoked: [what, named], sinceMs }) => revoke(draft, turn, what, named, sinceMs))
]

/** A new member, its root key named for good. Undefined for a key that is not admitted or has another meaning already. */
export function addMember (draft: Draft, did: Did, classCode: Member['classCode'], height: number): Outcome {
  const root = keyOfDid(did)
  if (root === undefined || rootKeyOf(did) === undefined) return fail({ code: 'key' })
  const claimed = claimKey(draft, {
    member: did, purpose: 'root', key: root, node: null, order: 0, sinceHeight: height, endedHeight: null, endedSinceMs: null
  })
  if (!claimed.ok) return claimed
  const held = draft.get(TABLES.member, did)
  draft.put(TABLES.member, [did], {
    order: nextOrder(draft), sinceHeight: height, classCode, state: 'active', reboundTo: null, endedHeight: null, endedMs: null,
    nodes: held?.nodes ?? [], keys: held?.keys ?? [],
    certificates: held?.certificates ?? 0, anchoredMs: held?.anchoredMs ?? null, catalogue: held?.catalogue ?? null
  })
  draft.put(TABLES.members, [], [...draft.get(TABLES.members) ?? [], did].toSorted((a, b) => a < b ? -1 : 1))
  return DONE
}

