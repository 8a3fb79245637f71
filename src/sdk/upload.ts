import { utf8 } from '../base/index.ts'
import { encodeRecord, encodeRecordsEnd } from './recordStream.ts'
import type { PublishStart } from './bodies/index.ts'
import type { TermsFile } from './terms/index.ts'
import type { Content, DatasetDescription, OnProgress, RecordInput } from './bodies/index.ts'

const CHUNK_BYTES = 65_536

/** The body of `application/vnd.hanse.publish`: a line of JSON, then the record stream, the bytes of the file, or nothing. */
export async function * publishBody (
  description: DatasetDescription, content: Content, terms: TermsFile | undefined, onProgress: OnProgress | undefined
): AsyncGenerator<Uint8Array> {
  const { form, mediaType } = content
  const start: PublishStart = {
    description,
    ...terms === undefined ? {} : { terms },
    content: form === 'stream' ? { form, mediaType } : { form, mediaType, fileName: content.fileName }
  }
  yield utf8(`${JSON.stringify(start)}\n`)
  if (form === 'stream') return
  let done = 0
  const tell = (sizeBytes: number): void => {
    done += sizeBytes
    onProgress?.({ phase: 'storing', done, total: content.sizeBytes, unit: 'bytes' })
  }
  yield * form === 'table' ? recordFrames(content.records, tell) : counted(content.bytes, tell)
}

/** Frames of the records, packed into chunks so that a small record does not cost a write of its own. */
export async function * recordFrames (
  records: AsyncIterable<RecordInput> | Iterable<RecordInput>, onBody: (sizeBytes: number) => void = () => undefined
): AsyncGenerator<Uint8Array> {
  let chunk = new Uint8Array(CHUNK_BYTES)
  let filled = 0
  let count = 0
  let bodyBytes = 0
  const flush = (): Uint8Array => {
    const full = chunk.subarray(0, filled)
    chunk = new Uint8Array(CHUNK_BYTES)
    filled = 0
    onBody(bodyBytes)
    bodyBytes = 0
    return full
  }
  for await (const record of records) {
    const frame = encodeRecord(record)
    count++
    if (filled > 0 && filled + frame.length > CHUNK_BYTES) yield flush()
    bodyBytes += record.body.length
    if (frame.length > CHUNK_BYTES) {
      yield frame
      continue
    }
    chunk.set(frame, filled)
    filled += frame.length
  }
  if (filled > 0 || bodyBytes > 0) yield flush()
  yield encodeRecordsEnd(count)
}

export async function * counted (bytes: AsyncIterable<Uint8Array>, onBytes: (sizeBytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    yield chunk
    onBytes(chunk.length)
  }
}
