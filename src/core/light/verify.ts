import {
  decodeCanonical, decodeMapProof, equalBytes, fail, leafHash, literal, ok, rootOfInclusion, tuple, verifyInclusion, verifyMapProof,
  type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import {
  admitDeclaration, leafHashOf, leafOfData, recordHashOf, refusalOf, type DeclarationFailure, type FeedRecord, type Speaker
} from '../feed/index.ts'
import {
  decodeHeader, followSeals, genesisAnchor, realScheme, verifyFinality, type Anchor, type SignedHeader
} from '../finality/index.ts'
import { decodeCertificate, type Certificate, type Charter, type Did } from '../identity/index.ts'
import {
  decodeTransactionBody, OPERATION_BYTES_MAX, OPERATIONS, rowKey, TABLES, transactionId, type TransactionBody
} from '../ledger/index.ts'
import { leadsTo } from './path.ts'
import { decodeLightProof, type LightProof, type OlderBlock, type OperationPlace, type PlacedRecord, type StateProof, type Subject } from './proof.ts'

/** Where and when something became final. */
type Place = { readonly federation: CID, readonly epoch: number, readonly height: number, readonly timeMs: number }

export type LightFacts =
  | Place & {
    readonly kind: 'record'
    readonly publisher: Did
    readonly datasetId: string
    readonly feed: CID
    readonly record: FeedRecord
    /** Its number in the feed. */
    readonly number: number
  }
  | Place & { readonly kind: 'operation', readonly author: Did, readonly operation: Uint8Array, readonly transaction: Uint8Array }
  /** After the block of this height. */
  | Place & { readonly kind: 'state', readonly key: Uint8Array, readonly value: Uint8Array | null }

export type LightFailure =
  | CodecFailure
  | DeclarationFailure
  /** A seal does not follow from the one before, or the last header is not final. */
  | { readonly code: 'finality', readonly reason: string }
  /** The block is not among those below the final one. */
  | { readonly code: 'block' }
  | { readonly code: 'operation' }
  | { readonly code: 'transaction' }
  /** The operation anchors another feed, or no segment of it holds the record's. */
  | { readonly code: 'anchor' }
  /** The segment does not hold it. */
  | { readonly code: 'record' }
  /** The publisher did not sign it. */
  | { readonly code: 'author', readonly author: Did }
  /** A certificate is missing, of another, or one too many. */
  | { readonly code: 'certificates' }
  /** That the publisher is a member is not shown, or shown although the charter says it. */
  | { readonly code: 'member' }
  | { readonly code: 'state' }

/** From the charter, or from an anchor that was verified before: what it proves, or why it proves nothing. */
export function verifyLightProof (trust: Charter | Anchor, encoded: Uint8Array): Result<LightFacts, LightFailure> {
  const decoded = decodeLightProof(encoded)
  if (!decoded.ok) return decoded
  const newest = finalHeader(trust, decoded.value)
  if (!newest.ok) return newest
  const { subject } = decoded.value
  if (subject.kind === 'state') return verifyState(newest.value, subject.state)
  const block = blockUnder(newest.value, subject.older)
  if (!block.ok) return block
  const body = verifyPlace(block.value, subject.place)
  if (!body.ok) return body
  const { operation, transaction } = subject.place
  if (subject.kind === 'record') return verifyRecord(trust, newest.value, block.value, body.value, subject)
  return ok({
    kind: 'operation', ...placeIn(block.value), author: body.value.author, operation,
    transaction: transactionId(transaction.body, transaction.cert, transaction.signature)
  })
}

function placeIn ({ header: { federation, epoch, height, timeMs } }: SignedHeader): Place {
  return { federation, epoch, height, timeMs }
}

function finalHeader (trust: Charter | Anchor, { seals, finality }: LightProof): Result<SignedHeader, LightFailure> {
  const anchor = followSeals('founders' in trust ? genesisAnchor(trust) : trust, realScheme, seals)
  if (!anchor.ok) return fail({ code: 'finality', reason: anchor.failure.code })
  const proved = verifyFinality(anchor.value, realScheme, finality)
  return proved.ok ? ok(proved.value.header) : fail({ code: 'finality', reason: proved.failure.code })
}

function blockUnder (newest: SignedHeader, older: OlderBlock | null): Result<SignedHeader, LightFailure> {
  if (older === null) return ok(newest)
  const block = decodeHeader(older.header)
  if (!block.ok || !block.value.header.federation.equals(newest.header.federation)) return fail({ code: 'block' })
  // The log of a header holds every block below it, the charter's digest first.
  const isBelow = verifyInclusion(
    newest.header.logRoot, leafHash(block.value.digest), block.value.header.height, newest.header.height, older.path
  )
  return isBelow ? ok(block.value) : fail({ code: 'block' })
}

/** A block with a transaction that does nothing is none: what is in it has happened, and its author had the right to it. */
function verifyPlace ({ header }: SignedHeader, { operation, index, path, transaction, bodyPath }: OperationPlace): Result<TransactionBody, LightFailure> {
  const body = decodeTransactionBody(transaction.body)
  if (!body.ok || !body.value.federation.equals(header.federation)) return fail({ code: 'transaction' })
  const id = transactionId(transaction.body, transaction.cert, transaction.signature)
  if (!leadsTo(header.bodyRoot, leafHash(id), bodyPath)) return fail({ code: 'transaction' })
  const { opsRoot, opsCount } = body.value
  return verifyInclusion(opsRoot, leafHash(operation), index, opsCount, path) ? body : fail({ code: 'operation' })
}

const anchorSchema = tuple(literal(OPERATIONS.datasetAnchor.code), OPERATIONS.datasetAnchor.fields.heads)

function verifyRecord (
  trust: Charter | Anchor, newest: SignedHeader, block: SignedHeader, { author }: TransactionBody,
  { place, record: placed, declaration: envelope, certificates: envelopes, member }: Extract<Subject, { readonly kind: 'record' }>
): Result<LightFacts, LightFailure> {
  const { federation } = block.header
  const certificates = certificatesOf(envelopes, federation)
  if (certificates === undefined) return fail({ code: 'certificates' })
  const declaration = admitDeclaration(envelope, federation, speakerOf(certificates))
  if (!declaration.ok) return declaration
  const { publisher, datasetId, id: feed, statement } = declaration.value
  const { body, cert, signature } = place.transaction
  if (!isExactly(certificates, [cert, statement.certificate])) return fail({ code: 'certificates' })
  // The ledger let nobody else anchor; that the publisher itself signed it, everyone can see.
  const isSigned = author === publisher && certificates[0]?.member === publisher && certificates[0].nodeKey.verify(body, signature)
  if (!isSigned) return fail({ code: 'author', author })
  const number = numberIn(place.operation, feed, placed)
  if (!number.ok) return number
  if (!isMember(trust, newest, publisher, member)) return fail({ code: 'member' })
  return ok({ kind: 'record', ...placeIn(block), publisher, datasetId, feed, record: placed.record, number: number.value })
}

/** The number of the record in the feed that the operation anchors. */
function numberIn (operation: Uint8Array, feed: CID, { leafData, index, path, position, salt, record, recordPath }: PlacedRecord): Result<number, LightFailure> {
  const anchor = decodeCanonical(operation, anchorSchema, OPERATION_BYTES_MAX)
  if (!anchor.ok) return fail({ code: 'anchor' })
  const leaf = leafOfData(leafData)
  const isAnchored = leaf !== undefined && anchor.value[1].some(([anchored, length, mmrRoot]) =>
    anchored.equals(feed) && verifyInclusion(mmrRoot, leafHashOf(leafData), index, length, path))
  if (!isAnchored) return fail({ code: 'anchor' })
  if (refusalOf(record) !== undefined) return fail({ code: 'record' })
  const root = rootOfInclusion(recordHashOf(salt, record), position, leaf.count, recordPath)
  return root !== undefined && equalBytes(root, leaf.recordsRoot) ? ok(leaf.first + position) : fail({ code: 'record' })
}

function isMember (trust: Charter | Anchor, { header }: SignedHeader, publisher: Did, member: StateProof | null): boolean {
  const isFounder = 'founders' in trust && trust.founders.some(founder => founder.member === publisher)
  if (member === null || isFounder) return member === null && isFounder
  return member.value !== null && equalBytes(member.key, rowKey(TABLES.member.code, [publisher])) && holds(header.stateRoot, member)
}

function verifyState (newest: SignedHeader, state: StateProof): Result<LightFacts, LightFailure> {
  if (!holds(newest.header.stateRoot, state)) return fail({ code: 'state' })
  return ok({ kind: 'state', ...placeIn(newest), key: state.key, value: state.value })
}

function holds (stateRoot: Uint8Array, { key, value, proof }: StateProof): boolean {
  const decoded = decodeMapProof(proof)
  return decoded.ok && verifyMapProof(stateRoot, key, value ?? undefined, decoded.value)
}

/** A certificate proves itself: its member's name is the key that signed it. */
function certificatesOf (envelopes: readonly Uint8Array[], federation: CID): readonly Certificate[] | undefined {
  const certificates: Certificate[] = []
  for (const envelope of envelopes) {
    const certificate = decodeCertificate(envelope)
    if (!certificate.ok || !certificate.value.federation.equals(federation)) return undefined
    certificates.push(certificate.value)
  }
  return certificates
}

/** Revocations need not be known: no node whose certificate was revoked could have anchored. */
function speakerOf (certificates: readonly Certificate[]): Speaker {
  return (statement, timeMs) => {
    const certificate = certificates.find(({ id }) => id.equals(statement.certificate))
    if (certificate === undefined) return fail({ code: 'unknown-certificate', certificate: statement.certificate })
    const { member, nodeKey, notBeforeMs, notAfterMs } = certificate
    if (timeMs < notBeforeMs || timeMs > notAfterMs) return fail({ code: 'outside', notBeforeMs, notAfterMs })
    return nodeKey.verify(statement.body, statement.signature) ? ok({ member, certificate }) : fail({ code: 'signature' })
  }
}

/** Those needed, in the order of need and once: what has one meaning has one form. */
function isExactly (certificates: readonly Certificate[], needed: readonly CID[]): boolean {
  const unique = [...new Map(needed.map(id => [id.toString(), id])).values()]
  return certificates.length === unique.length && unique.every((id, at) => certificates[at]?.id.equals(id) === true)
}
