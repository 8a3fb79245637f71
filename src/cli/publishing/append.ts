import { concat, textOf } from '../../base/index.ts'
import { recordOfLine, type Client, type RecordInput } from '../../sdk/index.ts'
import { failed } from '../client/index.ts'
import { answer, count, EXIT, problem, type Call, type Outcome, type Problem } from '../terminal/index.ts'

const LINE_BYTES_MAX = 2_097_152
const BATCH_RECORDS_MAX = 4_096
const BATCH_BYTES_MAX = 4_194_304
const LINE_FEED = 10

/**
 * Appends each line of stdin to an own stream. What arrives while a batch is on its way goes with the next, so a slow
 * source is sent line by line and a fast one in large batches; each batch is acknowledged when it is durable.
 */
export async function appendLines (call: Call, client: Client, reference: string): Promise<Outcome> {
  const dataset = await client.dataset(reference)
  if (!dataset.ok) return failed(dataset.failure)
  const { datasetId, distribution: { form, mediaType } } = dataset.value
  if (form !== 'stream') return problem(EXIT.usage, 'not-a-stream', `${datasetId} is a ${form}, which is complete as it is`, 'Publish a new version of it, or open a stream with hanse publish --stream.')
  let appended = 0
  let lineNumber = 0
  for await (const lines of batches(stdinChunks(call.signal))) {
    if (lines === 'too-long') return broken(appended, lineNumber + 1, `the line is longer than ${LINE_BYTES_MAX} bytes`)
    const records: RecordInput[] = []
    let wrong: string | undefined
    for (const line of lines) {
      lineNumber++
      if (line.trim() === '') continue
      const record = recordOfLine(line, { key: datasetId, timeMs: Date.now(), mediaType })
      if (!record.ok) {
        wrong = `${record.failure.reason}; a line is {"body": ...}, with "key" and "timeMs" where you like`
        break
      }
      records.push(record.value)
    }
    if (records.length > 0) {
      const done = await client.append(dataset.value.id, records, { flush: true })
      if (!done.ok) return failed(done.failure)
      appended += done.value.count
      if (call.terminal.json === 'ndjson') await call.terminal.item({ appended: done.value }, '')
    }
    if (wrong !== undefined) return broken(appended, lineNumber, wrong)
  }
  return answer({ dataset: dataset.value.id, records: appended }, `Appended ${count(appended, 'record')} to ${datasetId}.`)
}

function broken (appended: number, line: number, reason: string): { readonly ok: false, readonly failure: Problem } {
  return problem(EXIT.usage, 'invalid', `Line ${line}: ${reason}`, `${count(appended, 'record')} before it ${appended === 1 ? 'is' : 'are'} appended. Mend the line and send it and what follows.`)
}

/** Stdin until its end or the first signal: what came before is still appended. */
async function * stdinChunks (signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => { process.stdin.destroy() }
  signal.addEventListener('abort', stop)
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) yield chunk
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Whole lines, as many as are there, within the limits of a batch. */
async function * batches (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[] | 'too-long'> {
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : concat([rest, chunk])
    const end = bytes.lastIndexOf(LINE_FEED)
    rest = bytes.subarray(end + 1)
    if (end >= 0) yield * split(linesOf(bytes.subarray(0, end)))
    if (rest.length > LINE_BYTES_MAX) yield 'too-long'
  }
  if (rest.length > 0) yield linesOf(rest)
}

/** Bytes that are no UTF-8 become a line that is no JSON: it is refused with its number. */
function linesOf (bytes: Uint8Array): readonly string[] {
  return (textOf(bytes) ?? Buffer.from(bytes).toString('latin1').replaceAll(/[^\n]*[\x80-\xff][^\n]*/g, NOT_UTF8)).split('\n')
}

const NOT_UTF8 = 'bytes that are no UTF-8'

function * split (lines: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = []
  let size = 0
  for (const line of lines) {
    if (batch.length >= BATCH_RECORDS_MAX || (size > 0 && size + line.length > BATCH_BYTES_MAX)) {
      yield batch
      batch = []
      size = 0
    }
    batch.push(line)
    size += line.length
  }
  if (batch.length > 0) yield batch
}
