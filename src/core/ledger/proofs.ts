import {
  bytes, cid, decodeCanonical, encodeCanonical, equalBytes, fail, leafHash, list, MerkleLog, ok, rootOfInclusion, struct, uint, verifyMapProof,
  type CID, type CodecFailure, type MapProof, type Result
} from '../../base/index.ts'
import type { Did } from '../identity/index.ts'
import { BLOCK_TRANSACTIONS_MAX, decodeBody } from './ledger.ts'
import { OPERATION_BYTES_MAX } from './operations.ts'
import { rowKey, TABLES, type KeyPart } from './rows.ts'
import type { LedgerState } from './state.ts'
import { decodeTransactionBody, readEnvelope, TRANSACTION_OPERATIONS_MAX, transactionId } from './transaction.ts'

/**
 * Shows that a block holds an operation, without the others: its path to the transaction's `opsRoot`, and the
 * transaction's path to `bodyRoot`. A block with an operation that fails is invalid, so inclusion proves the effect.
 */
export type OperationProof = {
  readonly operation: Uint8Array
  readonly opIndex: number
  readonly opPath: readonly Uint8Array[]
  readonly body: Uint8Array
  readonly cert: CID
  readonly signature: Uint8Array
  readonly index: number
  readonly count: number
  readonly path: readonly Uint8Array[]
}

export type ProvenOperation = {
  readonly operation: Uint8Array
  readonly author: Did
  readonly federation: CID
  readonly sequence: number
  readonly transactionId: Uint8Array
}

/** A path in a tree of 4,000 transactions, or of 256 operations, is no longer. */
const PATH_HASHES_MAX = 12
const OPERATION_PROOF_BYTES_MAX: number = OPERATION_BYTES_MAX + 2_048

const hashes = list(bytes(32), PATH_HASHES_MAX)
const schema = struct({
  operation: bytes(1, OPERATION_BYTES_MAX), opIndex: uint(TRANSACTION_OPERATIONS_MAX), opPath: hashes,
  body: bytes(1, 512), cert: cid(), signature: bytes(64), index: uint(BLOCK_TRANSACTIONS_MAX), count: uint(BLOCK_TRANSACTIONS_MAX), path: hashes
})

/** Undefined where the block's body holds no such operation. */
export function makeOperationProof (body: Uint8Array, index: number, opIndex: number): OperationProof | undefined {
  const envelopes = (decodeBody(body) ?? []).flatMap(each => readEnvelope(each) ?? [])
  const envelope = envelopes[index]
  const operation = envelope?.ops[opIndex]
  if (envelope === undefined || operation === undefined) return undefined
  const opPath = logOf(envelope.ops).inclusion(opIndex)
  const path = logOf(envelopes.map(each => transactionId(each.body, each.cert, each.signature))).inclusion(index)
  return {
    operation, opIndex, opPath, body: envelope.body, cert: envelope.cert, signature: envelope.signature, index, count: envelopes.length, path
  }
}

function logOf (items: readonly Uint8Array[]): MerkleLog {
  const log = new MerkleLog()
  for (const item of items) log.append(leafHash(item))
  return log
}

export function encodeOperationProof (proof: OperationProof): Uint8Array {
  return encodeCanonical(proof)
}

export function decodeOperationProof (encoded: Uint8Array): Result<OperationProof, CodecFailure> {
  return decodeCanonical(encoded, schema, OPERATION_PROOF_BYTES_MAX)
}

export type OperationProofFailure = CodecFailure | { readonly code: 'operation-path' | 'transaction-path' }

/** What the block with this `bodyRoot` holds. Nothing of a signature is checked: the block's validators did. */
export function verifyOperationProof (bodyRoot: Uint8Array, proof: OperationProof): Result<ProvenOperation, OperationProofFailure> {
  const fields = decodeTransactionBody(proof.body)
  if (!fields.ok) return fields
  const { opsRoot, opsCount, author, federation, sequence } = fields.value
  const root = rootOfInclusion(leafHash(proof.operation), proof.opIndex, opsCount, proof.opPath)
  if (root === undefined || !equalBytes(root, opsRoot)) return fail({ code: 'operation-path' })
  const id = transactionId(proof.body, proof.cert, proof.signature)
  const whole = rootOfInclusion(leafHash(id), proof.index, proof.count, proof.path)
  if (whole === undefined || !equalBytes(whole, bodyRoot)) return fail({ code: 'transaction-path' })
  return ok({ operation: proof.operation, author, federation, sequence, transactionId: id })
}

/** A row of the state with what proves it, or proves that there is none, under a state root. */
export type RowProof = { readonly key: Uint8Array, readonly value: Uint8Array | undefined, readonly proof: MapProof }

export function proveRow ({ map }: LedgerState, table: keyof typeof TABLES, ...parts: readonly KeyPart[]): RowProof {
  const key = rowKey(TABLES[table].code, parts)
  return { key, value: map.get(key), proof: map.prove(key) }
}

export function verifyRow (stateRoot: Uint8Array, { key, value, proof }: RowProof): boolean {
  return verifyMapProof(stateRoot, key, value, proof)
}
