/** A record: in its segment, in the tree of its feed. */
import { cidOfDigest, concat, equalBytes, hex, leafHash, readUint, rootOfInclusion, u64, utf8, verifyInclusion } from '../../base/index.ts'
import { Broken, held, must, type Step } from './steps.ts'

export type RecordFields = { readonly key: Uint8Array, readonly timeMs: number, readonly operation: 'put' | 'delete', readonly mediaType: string, readonly body: Uint8Array }

export type Placed = {
  readonly leafData: Uint8Array, readonly index: number, readonly path: readonly Uint8Array[], readonly position: number, readonly salt: Uint8Array
  readonly record: RecordFields, readonly recordPath: readonly Uint8Array[]
}

/** CIDv1, raw, sha2-256 of 32 bytes. */
const SEGMENT_HEAD = [0x01, 0x55, 0x12, 0x20]
const RECORDS_MAX = 4_096

type Leaf = { readonly digest: Uint8Array, readonly recordsRoot: Uint8Array, readonly first: number, readonly count: number }

/** `segment CID (36) || recordsRoot (32) || firstRecordIndex u64 || recordCount u32` */
function leafOf (data: Uint8Array): Leaf {
  const [first, count] = [readUint(data, 68, 8), readUint(data, 76, 4)]
  const isSound = data.length === 80 && SEGMENT_HEAD.every((byte, at) => data[at] === byte)
  if (!isSound || first === undefined || count === undefined || count < 1 || count > RECORDS_MAX) throw new Broken('segment')
  return { digest: data.slice(4, 36), recordsRoot: data.slice(36, 68), first, count }
}

/** `sha256(0x00 || salt || timeMs u64 || op u8 || mediaTypeSize u8 || mediaType || keySize u16 || key || body)` */
function hashOf (salt: Uint8Array, { timeMs, operation, mediaType, key, body }: RecordFields): Uint8Array {
  const type = utf8(mediaType)
  return leafHash(concat([salt, u64(timeMs), Uint8Array.of(operation === 'put' ? 0 : 1, type.length), type, Uint8Array.of(key.length >> 8, key.length & 255), key, body]))
}

/** Its number in the feed, whose tree has `length` segments and this root. */
export function placeRecord (root: Uint8Array, length: number, { leafData, index, path, position, salt, record, recordPath }: Placed, told: (step: Step) => void): number {
  const leaf = leafOf(leafData)
  if (!verifyInclusion(root, leafHash(leafData), index, length, path)) throw new Broken('segment')
  told(held('segment', { index: index + 1, count: length, hashes: path.length }, [cidOfDigest('raw', leaf.digest).toString(), hex(root)]))
  const isRecord = /^[\x20-\x7e]{0,127}$/.test(record.mediaType) && (record.operation === 'put' || record.body.length === 0)
  const reached = must('record', isRecord && rootOfInclusion(hashOf(salt, record), position, leaf.count, recordPath))
  if (!equalBytes(reached, leaf.recordsRoot)) throw new Broken('record')
  const number = leaf.first + position
  told(held('record', { number, hashes: recordPath.length, time: record.timeMs }, [hex(hashOf(salt, record))]))
  return number
}
