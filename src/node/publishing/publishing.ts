import { fail, ok, sha256Stream, type CID, type Result } from '../../base/index.ts'
import type { FeedRecord } from '../../core/feed/index.ts'
import type { Content, OnProgress, PublishFailure, RecordInput } from '../contract/index.ts'
import type { Feed } from '../feeds/index.ts'
import { cipherFor, encodeFileEntry, FILE_MEDIA_TYPE, sealedChunks, type Files } from '../files/index.ts'
import type { Epochs } from '../keyring/index.ts'
import type { AppendFailure, Writer } from '../writer/index.ts'
import { Ended, ENDED, untilEnded } from './ending.ts'

/** Records that go to the writer in one call. */
const APPEND_RECORDS = 1_024
const APPEND_BYTES = 1 << 20
/** Calls under way: enough to keep disk and hashing busy, little enough for the memory. */
const APPENDS_MAX = 4

/** What became of content: where its records stand, and what the whole is. */
export type Stored = {
  readonly firstRecord: number
  readonly records: number
  readonly sizeBytes: number
  readonly sha256: Uint8Array
}

/** Appends all records of a table, in order, and resolves when the last is durable. */
export async function storeTable (
  writer: Writer, feed: Feed, records: AsyncIterable<RecordInput | readonly RecordInput[]>, ending: AbortSignal, onProgress: OnProgress
): Promise<Result<Stored, PublishFailure>> {
  const stored = await unlessEnded(storeRecords(writer, feed, untilEnded(records, ending), onProgress))
  return stored.ok ? stored.value : stored
}

async function storeRecords (
  writer: Writer, feed: Feed, records: AsyncIterable<RecordInput | readonly RecordInput[]>, onProgress: OnProgress
): Promise<Result<Stored, PublishFailure>> {
  const whole = sha256Stream()
  const underWay: Promise<Result<{ readonly first: number, readonly count: number }, AppendFailure>>[] = []
  const firstRecord = writer.nextRecordOf(feed)
  let [count, sizeBytes, durable] = [0, 0, 0]
  let batch: FeedRecord[] = []
  let batchBytes = 0
  const settle = async (left: number): Promise<PublishFailure | undefined> => {
    while (underWay.length > left) {
      const done = await underWay.shift()
      if (done?.ok === false) return failureOf(done.failure)
      durable += done?.value.count ?? 0
      onProgress({ phase: 'storing', done: durable, total: null, unit: 'records' })
    }
    return undefined
  }
  for await (const some of records) {
    for (const record of 'key' in some ? [some] : some) {
      whole.update(record.body)
      sizeBytes += record.body.length
      count++
      batch.push(record)
      batchBytes += record.body.length
      if (batch.length < APPEND_RECORDS && batchBytes < APPEND_BYTES) continue
      underWay.push(writer.append(feed, batch, { flush: false }))
      batch = []
      batchBytes = 0
      const failure = await settle(APPENDS_MAX)
      if (failure !== undefined) return fail(failure)
    }
  }
  underWay.push(writer.append(feed, batch, { flush: true }))
  const failure = await settle(0)
  return failure === undefined ? ok({ firstRecord, records: count, sizeBytes, sha256: whole.digest() }) : fail(failure)
}

/** Stores bytes as a file, sealed where the feed is, and the record that names it. */
export async function storeFile (
  { writer, files, epochs }: { readonly writer: Writer, readonly files: Files, readonly epochs: Epochs }, feed: Feed, content: Extract<Content, { form: 'file' }>, nowMs: number,
  ending: AbortSignal, onProgress: OnProgress
): Promise<Result<Stored & { readonly root: CID }, PublishFailure>> {
  const whole = sha256Stream()
  let sizeBytes = 0
  const counted = async function * (): AsyncGenerator<Uint8Array> {
    for await (const chunk of untilEnded(content.bytes, ending)) {
      sizeBytes += chunk.length
      whole.update(chunk)
      onProgress({ phase: 'storing', done: sizeBytes, total: null, unit: 'bytes' })
      yield chunk
    }
  }
  const sealing = await cipherFor(epochs, feed)
  const added = await unlessEnded(files.add(sealing === undefined ? counted() : sealedChunks(counted(), sealing.fileKey, sealing.salt)))
  if (!added.ok) return added
  const { root } = added.value
  const sha256 = whole.digest()
  const record: FeedRecord = {
    key: new TextEncoder().encode('file'), timeMs: nowMs, operation: 'put', mediaType: FILE_MEDIA_TYPE,
    body: encodeFileEntry({ name: content.fileName, mediaType: content.mediaType, sizeBytes, root, cipher: sealing?.cipherOf(sizeBytes) ?? null })
  }
  const appended = await writer.append(feed, [record], { flush: true })
  if (!appended.ok) return fail(failureOf(appended.failure))
  return ok({ firstRecord: appended.value.first, records: 1, sizeBytes, sha256, root })
}

async function unlessEnded<T> (work: Promise<T>): Promise<Result<T, PublishFailure>> {
  try {
    return ok(await work)
  } catch (cause) {
    if (cause instanceof Ended) return fail(ENDED)
    throw cause
  }
}

/** Tells a person why a writer refused. */
export function failureOf (failure: AppendFailure): PublishFailure {
  switch (failure.code) {
    case 'frozen': return {
      code: 'frozen', reason: 'this dataset\'s feed is frozen: two different histories of it were signed',
      hint: 'find out who else holds this node\'s key, then publish under a new name'
    }
    case 'recovering': return {
      code: 'recovering', reason: 'this dataset\'s feed is being fetched back from neighbours and is not written meanwhile',
      hint: 'wait until a neighbour that holds it is reachable; see "hanse status"'
    }
    case 'stopped': return { code: 'not-ready', reason: 'the node is stopping', hint: 'start it again' }
    case 'record': return {
      code: 'invalid', reason: `record ${failure.position + 1} cannot be stored: ${failure.refusal.code}`,
      hint: 'keys have 1 to 512 bytes, bodies at most 262,144; publish larger things as a file'
    }
  }
}
