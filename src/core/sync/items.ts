import {
  bytes, cid, concat, decodeCanonical, encodeCanonical, fail, list, literal, ok, readUint, struct, uint, writeUint,
  type CID, type Parsed, type Result, type Schema, type Value
} from '../../base/index.ts'
import { COVER_HASHES_MAX, ITEM_HEADER_BYTES_MAX, ITEM_PAYLOAD_BYTES_MAX } from './limits.ts'

/**
 * Items are what the DATA frames of one request carry, one after the other:
 * `payloadSize u32 | type u8 | headerSize u16 | header (canonical DAG-CBOR) | payload`.
 * Payloads stay outside CBOR so that they are hashed as they arrive and copied once.
 */
const ITEM = { listing: 1, statement: 3, head: 4, leaves: 5, segment: 6, block: 7 } as const
export type ItemType = keyof typeof ITEM

const PREFIX_SIZE_BYTES = 7
const NAMES = new Map<number, ItemType>(Object.entries(ITEM).map(([name, code]) => [code, name as ItemType]))

export type Item = { readonly type: ItemType, readonly header: Uint8Array, readonly payload: Uint8Array }
export type ItemFailure = { readonly code: 'unknown-item' | 'too-large' | 'cut-short', readonly reason: string }

/** Prefix and header of an item; its payload is sent behind them as it is. */
export function encodeItem (type: ItemType, header: Value, payloadSizeBytes: number): Uint8Array {
  const encoded = encodeCanonical(header)
  return encodeItemBytes(type, encoded, payloadSizeBytes)
}

export function encodeItemBytes (type: ItemType, header: Uint8Array, payloadSizeBytes: number): Uint8Array {
  const prefix = new Uint8Array(PREFIX_SIZE_BYTES + header.length)
  writeUint(prefix, 0, 4, payloadSizeBytes)
  writeUint(prefix, 4, 1, ITEM[type])
  writeUint(prefix, 5, 2, header.length)
  prefix.set(header, PREFIX_SIZE_BYTES)
  return prefix
}

/** Cuts the byte stream of one request into items. Sizes are checked before anything is collected for them. */
export class ItemReader {
  #chunks: Uint8Array[] = []
  #held = 0

  /** Items that `chunk` completes. After a failure the reader must not be used again. */
  push (chunk: Uint8Array): Result<readonly Item[], ItemFailure> {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    const items: Item[] = []
    for (;;) {
      if (this.#held < PREFIX_SIZE_BYTES) return ok(items)
      const prefix = this.#peek(PREFIX_SIZE_BYTES)
      const payloadSize = readUint(prefix, 0, 4) ?? 0
      const headerSize = readUint(prefix, 5, 2) ?? 0
      const type = NAMES.get(prefix[4] ?? 0)
      if (type === undefined) return fail({ code: 'unknown-item', reason: `item type ${prefix[4]}` })
      if (payloadSize > ITEM_PAYLOAD_BYTES_MAX || headerSize > ITEM_HEADER_BYTES_MAX) {
        return fail({ code: 'too-large', reason: `an item of ${payloadSize} bytes` })
      }
      if (this.#held < PREFIX_SIZE_BYTES + headerSize + payloadSize) return ok(items)
      this.#take(PREFIX_SIZE_BYTES)
      items.push({ type, header: this.#take(headerSize), payload: this.#take(payloadSize) })
    }
  }

  /** Whether the stream may end here. */
  get isBetweenItems (): boolean {
    return this.#held === 0
  }

  #peek (size: number): Uint8Array {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= size) return first.subarray(0, size)
    this.#chunks = [concat(this.#chunks)]
    return this.#chunks[0]?.subarray(0, size) ?? new Uint8Array(0)
  }

  /** Removes `size` bytes: a view where one chunk holds them, else one copy. */
  #take (size: number): Uint8Array {
    this.#held -= size
    const parts: Uint8Array[] = []
    let missing = size
    while (missing > 0) {
      const first = this.#chunks[0] ?? new Uint8Array(0)
      if (first.length <= missing) {
        parts.push(first)
        this.#chunks.shift()
        missing -= first.length
      } else {
        parts.push(first.subarray(0, missing))
        this.#chunks[0] = first.subarray(missing)
        missing = 0
      }
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(parts)
  }
}

// --- Headers -------------------------------------------------------------------------------------------------------

const hash = bytes(32)
const statementHeader = struct({ id: cid() })
const leavesHeader = struct({ from: uint(), to: uint(), left: list(hash, COVER_HASHES_MAX), right: list(hash, COVER_HASHES_MAX) })
const segmentHeader = struct({ index: uint(), leafData: bytes(80), form: literal('stored', 'redacted', 'erased', 'dropped') })
const blockHeader = struct({ cid: cid() })

export type LeavesHeader = Parsed<typeof leavesHeader>
export type SegmentHeader = Parsed<typeof segmentHeader>

export type HeaderFailure = { readonly code: 'bad-header', readonly reason: string }

function decoder<T> (fields: Schema<T>): (header: Uint8Array) => Result<T, HeaderFailure> {
  return header => {
    const decoded = decodeCanonical(header, fields, ITEM_HEADER_BYTES_MAX)
    return decoded.ok ? decoded : fail({ code: 'bad-header', reason: decoded.failure.code })
  }
}

export const decodeStatementHeader: (header: Uint8Array) => Result<{ readonly id: CID }, HeaderFailure> = decoder(statementHeader)
export const decodeLeavesHeader: (header: Uint8Array) => Result<LeavesHeader, HeaderFailure> = decoder(leavesHeader)
export const decodeSegmentHeader: (header: Uint8Array) => Result<SegmentHeader, HeaderFailure> = decoder(segmentHeader)
export const decodeBlockHeader: (header: Uint8Array) => Result<{ readonly cid: CID }, HeaderFailure> = decoder(blockHeader)
