import { concat } from '../../base/index.ts'
import type { NumberedRecord } from '../contract/index.ts'

export async function * nothing (): AsyncGenerator<NumberedRecord> {}

export async function * renumbered (records: AsyncIterable<NumberedRecord>, first: number): AsyncGenerator<NumberedRecord> {
  for await (const record of records) yield { ...record, number: record.number - first }
}

export async function * bodies (records: AsyncIterable<NumberedRecord>): AsyncGenerator<Uint8Array> {
  for await (const { body } of records) yield body
}

/** Bytes [from, to) of joined chunks. */
export async function * slice (chunks: AsyncIterable<Uint8Array>, from: number, to: number): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at))
    if (part.length > 0) yield part
    at += chunk.length
    if (at >= to) return
  }
}

/** Bytes that one write takes: rows of a table are small. */
const CHUNK_BYTES = 65_536

/** The same bytes in fewer, larger chunks. */
export async function * joined (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const chunk of chunks) {
    held.push(chunk)
    heldBytes += chunk.length
    if (heldBytes < CHUNK_BYTES) continue
    yield concat(held)
    held = []
    heldBytes = 0
  }
  if (heldBytes > 0) yield concat(held)
}
