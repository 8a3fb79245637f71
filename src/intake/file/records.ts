import { createReadStream } from 'node:fs'
import { plain } from '../../base/index.ts'
import type { RecordInput } from '../../sdk/index.ts'
import { rowTimeMs } from './describe.ts'
import { FILE_CHUNK_BYTES } from './limits.ts'
import { splitFile } from './split.ts'
import type { FileDescription, Slice } from './types.ts'

/** One record a slice, keyed by what it is and its number; rows that tell no time have that of publishing. */
export async function * recordsOfFile (path: string, file: FileDescription, nowMs: number): AsyncGenerator<RecordInput> {
  for await (const batch of recordBatchesOfFile(path, file, nowMs)) yield * batch
}

/** The same, as many at once as come together. */
export async function * recordBatchesOfFile (path: string, file: FileDescription, nowMs: number): AsyncGenerator<readonly RecordInput[]> {
  const { mediaType } = file
  let number = 0
  for await (const batch of splitFile(path, file.kind)) {
    yield batch.map(({ part, bytes }) => {
      const timeMs = part === 'row' ? rowTimeMs(file, bytes) ?? nowMs : nowMs
      return { key: keyOf(part, number++), timeMs, operation: 'put', mediaType, body: bytes }
    })
  }
}

export async function * bytesOfFile (path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark: FILE_CHUNK_BYTES }) as AsyncIterable<Buffer>) yield plain(chunk)
}

/** What other systems take for a path or cannot show does not travel. */
export function publishableName (fileName: string): string {
  return fileName.toWellFormed().replaceAll(/[\p{C}/\\:]/gu, '_')
}

const PREFIXES: Readonly<Record<Slice['part'], Uint8Array>> = {
  header: new TextEncoder().encode('header/'), row: new TextEncoder().encode('row/'), glue: new TextEncoder().encode('glue/')
}

/** `row/12`, written digit by digit: there is one for every row of a table. */
function keyOf (part: Slice['part'], number: number): Uint8Array {
  const prefix = PREFIXES[part]
  let digits = 1
  for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits++
  const key = new Uint8Array(prefix.length + digits)
  key.set(prefix)
  for (let at = key.length - 1, rest = number; at >= prefix.length; at--, rest = Math.floor(rest / 10)) key[at] = 0x30 + rest % 10
  return key
}
