import {
  bytes, concat, decodeCanonical, encodeCanonical, list, nullable, readUint, struct, text, tuple, u64, uint, utf8, type Result
} from '../../base/index.ts'
import {
  decodeBlock, decodeCert, decodeFinalityProof, decodeVote, encodeBlock, encodeCert, encodeFinalityProof, encodeVote,
  type Block, type Cert, type FinalityProof, type Validator, type Vote
} from '../finality/index.ts'
import { OWN_INSTANCES_MAX, PAST_EPOCHS_MAX } from './types.ts'
import type { Epoch, Final, Log, PastEpoch } from './state.ts'
import type { KeptRow } from './types.ts'

/**
 * First bytes of keys. `signer` holds own votes (W1), `w`, as a log without gaps, and own instances `i`: a node that forgets
 * those takes itself for a clone. `store` holds the rest: `b` blocks that were notarized or proposed (W2), `f` and `e` the
 * newest final block and its epoch (W3), `c` certificates (W4), `n` the number of own votes known to be kept, `x` evidence that
 * is final, `l` a lock.
 */
const [VOTE, BLOCK, FINAL, EPOCH, CERT, COUNT, EVIDENCE, LOCK, INSTANCES] = ['w', 'b', 'f', 'e', 'c', 'n', 'x', 'l', 'i'].map(utf8) as
  [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]

const SIGNATURE_BYTES = 64
const ROW_BYTES_MAX = 4 * 1024 * 1024
const KEYS_MAX = 64

const digest = bytes(32)
const validator = tuple(text(128), digest, digest)
const validators = list(validator, 64, 1)
const finalSchema = struct({
  digest, height: uint(), view: uint(), timeMs: uint(), proof: nullable(bytes(1, ROW_BYTES_MAX)), stateRoot: digest, logLength: uint(), peaks: bytes(0, 64 * 32)
})
const epochSchema = struct({
  number: uint(), version: uint(), validators, base: struct({ digest, height: uint(), timeMs: uint() }),
  past: list(tuple(uint(), validators), PAST_EPOCHS_MAX)
})

export function voteRow (count: number, vote: Vote | null): KeptRow {
  return { database: 'signer', key: concat([VOTE, u64(count)]), value: vote && encodeVote(vote) }
}

export function blockRow (block: Block, signature: Uint8Array | null): KeptRow {
  return { ...blockRowGone(block), value: concat([signature ?? new Uint8Array(SIGNATURE_BYTES), encodeBlock(block)]) }
}

export function blockRowGone ({ header: { epoch, view }, digest: name }: Block): KeptRow {
  return { database: 'store', key: concat([BLOCK, u64(epoch), u64(view), name]), value: null }
}

export function certRow (cert: Cert): KeptRow {
  return { ...certRowGone(cert), value: encodeCert(cert) }
}

export function certRowGone ({ epoch, view, type }: Cert): KeptRow {
  return { database: 'store', key: concat([CERT, u64(epoch), u64(view), new Uint8Array([type])]), value: null }
}

/** Kept in `store` by whoever keeps rows, beside every batch: how many own votes were durable by then. */
export function countRow (count: number): KeptRow {
  return { database: 'store', key: COUNT, value: u64(count) }
}

/** How many own votes there are once this row is kept; undefined for other rows and deletions. */
export function voteCountOf ({ database, key, value }: KeptRow): number | undefined {
  const count = database === 'signer' && value !== null && key[0] === VOTE[0] ? readUint(key, 1, 8) : undefined
  return count === undefined ? undefined : count + 1
}

export function finalRow<S> ({ digest: of, height, view, timeMs, proof, outcome: { stateRoot, log } }: Final<S>): KeptRow {
  const value = encodeCanonical({
    digest: of, height, view, timeMs, proof: proof && encodeFinalityProof(proof), stateRoot, logLength: log.length, peaks: concat(log.peaks)
  })
  return { database: 'store', key: FINAL, value }
}

export function epochRow ({ number, version, set, base }: Epoch, past: readonly PastEpoch[]): KeptRow {
  const value = encodeCanonical({
    number, version, validators: set.validators.map(listed), base,
    past: past.map(each => [each.number, each.validators.map(listed)])
  })
  return { database: 'store', key: EPOCH, value }
}

export function evidenceRow (name: string, epoch: number | null): KeptRow {
  return { database: 'store', key: concat([EVIDENCE, utf8(name)]), value: epoch === null ? null : encodeCanonical([name, epoch]) }
}

export function lockRow (reason: string, keys: ReadonlySet<string>): KeptRow {
  return { database: 'store', key: LOCK, value: encodeCanonical([reason.slice(0, 200), [...keys].slice(0, KEYS_MAX)]) }
}

export function instancesRow (instances: readonly string[]): KeptRow {
  return { database: 'signer', key: INSTANCES, value: encodeCanonical(instances) }
}

function listed ({ member, node, key }: Validator): [string, Uint8Array, Uint8Array] {
  return [member, node, key]
}

export type RestoredFinal = {
  readonly digest: Uint8Array, readonly height: number, readonly view: number, readonly timeMs: number
  readonly proof: FinalityProof | null, readonly stateRoot: Uint8Array, readonly log: Log
}
export type RestoredEpoch = {
  readonly number: number, readonly version: number, readonly validators: readonly Validator[], readonly base: Epoch['base']
  readonly past: readonly { readonly number: number, readonly validators: readonly Validator[] }[]
}

/** All that was kept, as it was read. */
export type Restored = {
  readonly votes: readonly { readonly count: number, readonly vote: Vote }[]
  /** Own votes that cannot be read, or miss one in their midst, or end before the count that `store` knows. */
  readonly isDamaged: boolean
  readonly blocks: readonly { readonly block: Block, readonly signature: Uint8Array | null }[]
  readonly certs: readonly Cert[]
  readonly final: RestoredFinal | null
  readonly epoch: RestoredEpoch | null
  readonly evidence: ReadonlyMap<string, number>
  readonly lock: { readonly reason: string, readonly keys: ReadonlySet<string> } | null
  readonly instances: readonly string[]
  readonly hasRows: boolean
}

/** Reads rows in any order. A row of `store` that cannot be read is as one that is missing: peers have what it said. */
export function restoreRows (rows: Iterable<{ readonly database: 'signer' | 'store', readonly key: Uint8Array, readonly value: Uint8Array }>, bodyBytesMax: number): Restored {
  const found = {
    votes: new Array<{ count: number, vote: Vote }>(), blocks: new Array<{ block: Block, signature: Uint8Array | null }>(), certs: new Array<Cert>(),
    evidence: new Map<string, number>(), isDamaged: false, hasRows: false, count: 0
  }
  let [final, epoch, lock, instances]: [RestoredFinal | null, RestoredEpoch | null, Restored['lock'], readonly string[]] = [null, null, null, []]
  for (const { database, key, value } of rows) {
    found.hasRows = true
    const is = (prefix: Uint8Array): boolean => key[0] === prefix[0]
    if (is(INSTANCES)) instances = valueOf(decodeCanonical(value, list(text(64), OWN_INSTANCES_MAX), 4_096)) ?? []
    else if (database === 'signer') {
      const count = is(VOTE) && key.length === 9 ? readUint(key, 1, 8) : undefined
      const vote = valueOf(decodeVote(value))
      if (count === undefined || vote === undefined) found.isDamaged = true
      else found.votes.push({ count, vote })
    } else if (is(BLOCK)) {
      const block = valueOf(decodeBlock(value.slice(SIGNATURE_BYTES), bodyBytesMax))
      const signature = value.slice(0, SIGNATURE_BYTES)
      if (block !== undefined) found.blocks.push({ block, signature: signature.some(byte => byte > 0) ? signature : null })
    } else if (is(CERT)) {
      const cert = valueOf(decodeCert(value))
      if (cert !== undefined) found.certs.push(cert)
    } else if (is(COUNT)) found.count = readUint(value, 0, 8) ?? 0
    else if (is(EVIDENCE)) {
      const read = valueOf(decodeCanonical(value, tuple(text(256), uint()), 1024))
      if (read !== undefined) found.evidence.set(read[0], read[1])
    } else if (is(LOCK)) {
      const read = valueOf(decodeCanonical(value, tuple(text(200), list(text(64), KEYS_MAX)), 8_192))
      if (read !== undefined) lock = { reason: read[0], keys: new Set(read[1]) }
    } else if (is(FINAL)) final = readFinal(value)
    else if (is(EPOCH)) epoch = readEpoch(value)
  }
  const votes = found.votes.toSorted((a, b) => a.count - b.count)
  const hasGap = votes.some(({ count }, index) => index > 0 && count !== (votes[index - 1]?.count ?? 0) + 1)
  const next = (votes.at(-1)?.count ?? -1) + 1
  return { ...found, votes, final, epoch, lock, instances, isDamaged: found.isDamaged || hasGap || next < found.count }
}

function valueOf<T> (result: Result<T, unknown>): T | undefined {
  return result.ok ? result.value : undefined
}

function readFinal (value: Uint8Array): RestoredFinal | null {
  const read = valueOf(decodeCanonical(value, finalSchema, ROW_BYTES_MAX))
  if (read === undefined || read.peaks.length % 32 !== 0) return null
  const proof = read.proof === null ? null : valueOf(decodeFinalityProof(read.proof)) ?? null
  const peaks = Array.from({ length: read.peaks.length / 32 }, (_, index) => read.peaks.slice(index * 32, index * 32 + 32))
  return { ...read, proof, log: { length: read.logLength, peaks } }
}

function readEpoch (value: Uint8Array): RestoredEpoch | null {
  const read = valueOf(decodeCanonical(value, epochSchema, ROW_BYTES_MAX))
  if (read === undefined) return null
  return { ...read, validators: read.validators.map(seat), past: read.past.map(([number, of]) => ({ number, validators: of.map(seat) })) }
}

function seat ([member, node, key]: readonly [string, Uint8Array, Uint8Array]): Validator {
  return { member, node, key }
}

