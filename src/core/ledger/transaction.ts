import {
  assert, bytes, cid, cidOf, codecOf, decodeCanonical, digestOf, encodeCanonical, equalBytes, fail, hex, integer, leafHash,
  list,
  literal, merkleRoot, ok, sha256, struct, uint, type CID, type CodecFailure, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import type { Did, SigningKey } from '../identity/index.ts'
import { OPERATION_BYTES_MAX, type FieldsOf, type Operation, type SignerKind } from './operations.ts'
import { didText } from './rows.ts'
import type { Draft, Outcome, Rows } from './state.ts'

export const TRANSACTION_OPERATIONS_MAX = 256
export const TRANSACTION_BYTES_MAX = 65_536

/** In whose name and when an operation happens. */
export type Turn = {
  readonly federation: CID
  readonly epoch: number
  readonly height: number
  readonly timeMs: number
  readonly author: Did
  readonly signer: SignerKind
  readonly signerKey: Uint8Array
  /** Place of the operation: signing key, its sequence number, index. Unique for ever, and known before it is signed. */
  readonly place: { readonly sequence: number, readonly index: number }
}

/** An operation that was read, with what it does. */
export type ReadOperation = {
  readonly code: number
  readonly name: string
  readonly by: readonly SignerKind[]
  readonly fields: Readonly<Record<string, unknown>>
  apply (draft: Draft, turn: Turn): Outcome
  /** Whether it can never apply any more, whatever comes: nobody needs to keep its transaction. */
  isOver (rows: Rows): boolean
}

/** One row of the registry. `apply` is total and checks everything before it writes. */
export type Handler = {
  readonly code: number
  readonly name: string
  readonly by: readonly SignerKind[]
  read (values: readonly unknown[]): ReadOperation | undefined
}

export function handler<O extends Operation<Readonly<Record<string, Schema<unknown>>>>> (
  operation: O, apply: (draft: Draft, turn: Turn, fields: FieldsOf<O>) => Outcome,
  isOver: (rows: Rows, fields: FieldsOf<O>) => boolean = () => false
): Handler {
  const { code, name, by } = operation
  const schemas = Object.entries(operation.fields)
  // What is the same for all of its kind stands once: a pool holds operations by the hundred thousand.
  class Read implements ReadOperation {
    readonly fields: FieldsOf<O>
    constructor (fields: FieldsOf<O>) { this.fields = fields }
    get code (): number { return code }
    get name (): string { return name }
    get by (): readonly SignerKind[] { return by }
    apply (draft: Draft, turn: Turn): Outcome { return apply(draft, turn, this.fields) }
    isOver (rows: Rows): boolean { return isOver(rows, this.fields) }
  }
  return {
    code, name, by,
    read: values => {
      if (values.length !== schemas.length) return undefined
      const fields: Record<string, unknown> = {}
      for (const [at, [field, schema]] of schemas.entries()) {
        const value = schema(values[at], field)
        if (!value.ok) return undefined
        fields[field] = value.value
      }
      // Each field was just read by the schema of its name.
      return new Read(fields as FieldsOf<O>)
    }
  }
}

export type Registry = ReadonlyMap<number, Handler>

export function registryOf (handlers: readonly Handler[]): Registry {
  const registry = new Map(handlers.map(each => [each.code, each]))
  assert(registry.size === handlers.length, 'every operation has a code of its own')
  return registry
}

/** A transaction that was read. `bytes` is its envelope. */
export type LedgerTransaction = {
  /** Hex of the id. */
  readonly id: string
  readonly idBytes: Uint8Array
  readonly bytes: Uint8Array
  readonly body: Uint8Array
  readonly federation: CID
  readonly author: Did
  readonly sequence: number
  readonly notAfterMs: number
  /** What binds the signing key to the author: a certificate by its id, or a key by its hash. */
  readonly signedBy: { readonly type: 'certificate' | 'key', readonly digest: Uint8Array }
  readonly signature: Uint8Array
  readonly operations: readonly ReadOperation[]
  readonly operationBytes: readonly Uint8Array[]
  /** The key under which the signature was found to hold; undefined: not verified yet. */
  readonly verifiedKey: Uint8Array | undefined
}

export type TransactionFailure =
  | CodecFailure
  | { readonly code: 'operations-root' }
  | { readonly code: 'operation', readonly opIndex: number }

const certificateOrKey: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) === 'dagPb' ? fail({ path, expected: 'the CID of a certificate or of a key' }) : parsed
}
const bodySchema = struct({
  v: literal(1), federation: cid(), kind: literal('tx'), author: didText, seq: integer(1, Number.MAX_SAFE_INTEGER), notAfterMs: uint(),
  opsRoot: bytes(32), opsCount: integer(1, TRANSACTION_OPERATIONS_MAX)
})
const envelopeSchema = struct({
  body: bytes(1, 512), cert: certificateOrKey, signature: bytes(64),
  ops: list(bytes(1, OPERATION_BYTES_MAX), TRANSACTION_OPERATIONS_MAX, 1)
})
const operationSchema: Schema<readonly unknown[]> = (value, path) => Array.isArray(value) && value.length > 0
  ? ok(value)
  : fail({ path, expected: 'an operation' })

export type TransactionFields = {
  readonly federation: CID
  readonly author: Did
  readonly sequence: number
  readonly notAfterMs: number
  readonly operations: readonly Uint8Array[]
  /** The node's certificate; undefined: the signing key speaks by itself, as root, govern, consensus or role key. */
  readonly certificate?: CID | undefined
}

/** The bytes that the author signs. */
export function transactionBody ({ federation, author, sequence, notAfterMs, operations }: TransactionFields): Uint8Array {
  return encodeCanonical({
    v: 1, federation, kind: 'tx', author, seq: sequence, notAfterMs, opsRoot: merkleRoot(operations.map(each => leafHash(each))), opsCount: operations.length
  })
}

/** The envelope of a signed transaction. */
export function signTransaction (fields: TransactionFields, key: SigningKey): Uint8Array {
  const body = transactionBody(fields)
  const cert = fields.certificate ?? cidOf('raw', key.publicKey)
  const envelope = encodeCanonical({ body, cert, signature: key.sign(body), ops: fields.operations })
  assert(envelope.length <= TRANSACTION_BYTES_MAX, 'a transaction is at most 64 KiB')
  return envelope
}

/** SHA-256 of canonical {body, cert, signature}: operations are covered by the root in the body. */
export function transactionId (body: Uint8Array, cert: CID, signature: Uint8Array): Uint8Array {
  return sha256(encodeCanonical({ body, cert, signature }))
}

/** The transaction in an envelope. Whether its signature holds and what it would do, only a state can say. */
export function decodeTransaction (registry: Registry, envelope: Uint8Array): Result<LedgerTransaction, TransactionFailure> {
  const parsed = decodeCanonical(envelope, envelopeSchema, TRANSACTION_BYTES_MAX)
  if (!parsed.ok) return parsed
  const { body, cert, signature, ops } = parsed.value
  const fields = decodeTransactionBody(body)
  if (!fields.ok) return fields
  const { federation, author, sequence, notAfterMs, opsRoot, opsCount } = fields.value
  const root = merkleRoot(ops.map(each => leafHash(each)))
  if (opsCount !== ops.length || !equalBytes(root, opsRoot)) return fail({ code: 'operations-root' })
  const operations: ReadOperation[] = []
  for (const [opIndex, each] of ops.entries()) {
    const operation = readOperation(registry, each)
    if (operation === undefined) return fail({ code: 'operation', opIndex })
    operations.push(operation)
  }
  const idBytes = transactionId(body, cert, signature)
  return ok({
    id: hex(idBytes), idBytes, bytes: envelope, body, federation, author, sequence, notAfterMs,
    signedBy: { type: codecOf(cert) === 'dagCbor' ? 'certificate' : 'key', digest: digestOf(cert) },
    signature, operations, operationBytes: ops, verifiedKey: undefined
  })
}

const IDENTIFIED_HEAD = new Uint8Array([0xa3])
/** Keys as they stand in an envelope, after their lengths: "ops" is the first of four. */
const OPERATIONS_HEAD = new Uint8Array([0xa4, 0x63, 0x6f, 0x70, 0x73])

/**
 * The id of an envelope without reading its operations, which come first in it: what follows them is the rest of the same
 * canonical map. Of other bytes it is some id or none; only equal bytes make it mean anything.
 */
export function idOfEnvelope (envelope: Uint8Array): string | undefined {
  if (!OPERATIONS_HEAD.every((byte, at) => envelope[at] === byte)) return undefined
  const operations = headAt(envelope, OPERATIONS_HEAD.length)
  if (operations?.major !== 4 || operations.argument > TRANSACTION_OPERATIONS_MAX) return undefined
  let at = operations.end
  for (let left = operations.argument; left > 0; left--) {
    const operation = headAt(envelope, at)
    if (operation?.major !== 2) return undefined
    at = operation.end + operation.argument
  }
  return at < envelope.length ? hex(sha256(IDENTIFIED_HEAD, envelope.subarray(at))) : undefined
}

/** A CBOR head with an argument of at most two bytes. */
function headAt (bytes: Uint8Array, at: number): { readonly major: number, readonly argument: number, readonly end: number } | undefined {
  const first = bytes[at]
  if (first === undefined || (first & 31) > 25) return undefined
  const width = (first & 31) < 24 ? 0 : (first & 31) - 23
  let argument = width === 0 ? first & 31 : 0
  for (let i = 1; i <= width; i++) argument = argument * 256 + (bytes[at + i] ?? 0)
  return { major: first >> 5, argument, end: at + 1 + width }
}

/** The parts of an envelope; undefined for other bytes. */
export function readEnvelope (envelope: Uint8Array): Parsed<typeof envelopeSchema> | undefined {
  const parsed = decodeCanonical(envelope, envelopeSchema, TRANSACTION_BYTES_MAX)
  return parsed.ok ? parsed.value : undefined
}

export type TransactionBody = Pick<TransactionFields, 'federation' | 'author' | 'sequence' | 'notAfterMs'> & {
  readonly opsRoot: Uint8Array
  readonly opsCount: number
}

/** What the author signed: enough to prove one operation without the others. */
export function decodeTransactionBody (body: Uint8Array): Result<TransactionBody, CodecFailure> {
  const decoded = decodeCanonical(body, bodySchema, TRANSACTION_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { federation, author, seq, notAfterMs, opsRoot, opsCount } = decoded.value
  return ok({ federation, author, sequence: seq, notAfterMs, opsRoot, opsCount })
}

export function readOperation (registry: Registry, encoded: Uint8Array): ReadOperation | undefined {
  const decoded = decodeCanonical(encoded, operationSchema, OPERATION_BYTES_MAX)
  if (!decoded.ok) return undefined
  const [code, ...values] = decoded.value
  return typeof code === 'number' ? registry.get(code)?.read(values) : undefined
}

/** The id of what a transaction of this key with this sequence number proposes as its operation `index`. */
export function proposalId (federation: CID, signerKey: Uint8Array, sequence: number, index: number): Uint8Array {
  return sha256(encodeCanonical(['hanse', 1, federation, 'proposal', signerKey, sequence, index]))
}

