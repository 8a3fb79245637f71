import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fail, hex, ok, sha256Stream, type Result } from '../../base/index.ts'
import { StreamBroken, type Client, type Dataset, type OnProgress } from '../../sdk/index.ts'
import { answer, EXIT, formatBytes, problem, type Call, type Command, type Outcome, type Problem } from '../terminal/index.ts'
import { shortName } from './catalogue.ts'
import { argument, failed, knownDataset, purposeOf, wholeNumber, withNode, withProgress, withheld } from './connection.ts'

const TIMEOUT_S = 600

export const getCommand: Command = {
  name: 'get',
  summary: 'Get the content of a dataset as a file, as its publisher gave it',
  arguments: [{ name: 'DATASET', help: 'its name as hanse ls shows it' }],
  options: [
    { name: 'output', short: 'o', value: 'FILE', help: 'where to write it (default: its own name in the current folder)' },
    { name: 'stdout', help: 'write it to stdout instead' },
    { name: 'force', help: 'replace the file if there is one' },
    { name: 'for', value: 'PURPOSE', help: 'what for, where more than one agreement holds, such as waste.collection' },
    { name: 'timeout', value: 'S', help: `for how many seconds to wait for neighbours that have it (default ${TIMEOUT_S})` }
  ],
  examples: ['hanse get Bellevue/i90-counter', 'hanse get Bellevue/i90-counter -o counter.csv --force', 'hanse get i90-counter --stdout | head'],
  run: async call => {
    const timeoutS = wholeNumber(call, 'timeout', TIMEOUT_S, { min: 1, max: 86_400 })
    if (!timeoutS.ok) return timeoutS
    return await withNode(call, async client => {
      const dataset = await complete(call, client, argument(call), timeoutS.value * 1_000)
      return dataset.ok ? await download(call, client, dataset.value) : dataset
    })
  }
}

/** The dataset once the node holds all of it. */
async function complete (call: Call, client: Client, reference: string, timeoutMs: number): Promise<Result<Dataset, Problem>> {
  const known = await knownDataset(call, client, reference, timeoutMs)
  if (!known.ok && known.failure.code !== 'not-found') return failed(known.failure)
  if (known.ok && known.value.distribution.form === 'stream') {
    return problem(EXIT.usage, 'stream', `${shortName(known.value)} is a stream, which has no end to wait for`, `Read it with hanse tail ${shortName(known.value)}.`)
  }
  if (known.ok && known.value.held.phase === 'complete') return ok(known.value)
  const fetched = await withProgress(call, reference, show => client.fetch(reference, { timeoutMs, signal: call.signal }, show))
  return fetched.ok ? ok(fetched.value) : withheld(fetched.failure)
}

async function download (call: Call, client: Client, dataset: Dataset): Promise<Outcome> {
  if (call.flag('stdout')) return await print(call, client, dataset)
  const target = resolve(call.text('output') ?? safeName(dataset))
  const content = await client.content(dataset.id, undefined, purposeOf(call))
  if (!content.ok) return withheld(content.failure)
  const written = await withProgress(call, basename(target), show => writeWhole(target, content.value.bytes, {
    sizeBytes: dataset.distribution.sizeBytes, sha256: dataset.distribution.sha256, replace: call.flag('force'), signal: call.signal, onProgress: show
  }))
  if (!written.ok) return written
  const { sizeBytes, sha256 } = written.value
  return answer(
    { dataset: dataset.id, file: target, sizeBytes, sha256 },
    `Wrote ${target} (${formatBytes(sizeBytes)}), sha256 ${sha256}${dataset.distribution.sha256 === null ? '' : ', as published'}.`
  )
}

/** Content on stdout: only the exit code tells whether all of it was right. */
async function print (call: Call, client: Client, { id, distribution: { sha256 } }: Dataset): Promise<Outcome> {
  if (call.terminal.json !== 'no') return problem(EXIT.usage, 'usage', 'stdout cannot carry both the content and a document', 'Leave out --json, or write to a file.')
  const content = await client.content(id, undefined, purposeOf(call))
  if (!content.ok) return withheld(content.failure)
  const whole = sha256Stream()
  try {
    for await (const chunk of content.value.bytes) {
      whole.update(chunk)
      await call.terminal.bytes(chunk)
    }
  } catch (error) {
    if (error instanceof StreamBroken) return brokenOff(error)
    throw error
  }
  const digest = hex(whole.digest())
  return sha256 === null || digest === sha256 ? answer({}, '') : fail(tampered(digest, sha256))
}

function brokenOff (error: StreamBroken): { readonly ok: false, readonly failure: Problem } {
  return problem(EXIT.unreachable, 'cut', error.message, 'See whether the node still runs (hanse status), then try again.')
}

function tampered (digest: string, sha256: string): Problem {
  return {
    exit: EXIT.unverified, code: 'tampered', reason: `The content has the hash ${digest}, and ${sha256} was published`,
    hint: 'Throw away what was written; run hanse scrub on the node, then try again.'
  }
}

/** A name that others chose is a name and never a path. */
function safeName ({ distribution, datasetId }: Dataset): string {
  const name = basename(distribution.fileName.replaceAll('\\', '/')).replaceAll(/[\p{C}:*?"<>|]/gu, '_')
  return name === '' || name.startsWith('.') ? datasetId : name
}

export type WholeOptions = {
  readonly sizeBytes: number | null
  /** Hex of the digest that the bytes must have; null where nobody knows it. */
  readonly sha256: string | null
  readonly replace: boolean
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

/** Writes beside the target and renames: under its own name there is never anything but the whole, checked content. */
export async function writeWhole (
  target: string, bytes: AsyncIterable<Uint8Array>, options: WholeOptions
): Promise<Result<{ readonly sizeBytes: number, readonly sha256: string }, Problem>> {
  const opened = await openPart(target, options.replace)
  if (!opened.ok) return opened
  const { file, part } = opened.value
  try {
    const copied = await copy(file, bytes, options)
    await file.close()
    if (!copied.ok) return copied
    await rename(part, target)
    return copied
  } catch (error) {
    await file.close().catch(() => undefined)
    if (options.signal.aborted) return problem(EXIT.interrupted, 'interrupted', 'Interrupted; nothing was written', 'Run it again when you want it.')
    if (error instanceof StreamBroken) return brokenOff(error)
    throw error
  } finally {
    await rm(part, { force: true })
  }
}

async function openPart (
  target: string, replace: boolean
): Promise<Result<{ readonly file: FileHandle, readonly part: string }, Problem>> {
  const part = join(dirname(target), `.${basename(target)}.${process.pid}.part`)
  const there = await stat(target).catch(() => undefined)
  if (there !== undefined && (!replace || !there.isFile())) {
    const hint = there.isFile() ? 'Add --force to replace it, or name another with -o FILE.' : 'Name a file with -o FILE.'
    return problem(EXIT.usage, 'exists', `${target} is there already`, hint)
  }
  try {
    return ok({ file: await open(part, 'wx', 0o644), part })
  } catch (error) {
    return unwritable(target, error)
  }
}

function unwritable (target: string, error: unknown): { readonly ok: false, readonly failure: Problem } {
  const reason = codeOf(error) === 'ENOENT' ? `There is no folder ${dirname(target)}` : `Cannot write ${target}: ${error instanceof Error ? error.message : String(error)}`
  return problem(EXIT.failed, 'unwritable', reason, 'Name a file in a folder that you may write to, with -o FILE.')
}

function codeOf (error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

async function copy (
  file: FileHandle, bytes: AsyncIterable<Uint8Array>, { sizeBytes, sha256, signal, onProgress }: WholeOptions
): Promise<Result<{ readonly sizeBytes: number, readonly sha256: string }, Problem>> {
  const whole = sha256Stream()
  let done = 0
  for await (const chunk of bytes) {
    if (signal.aborted) return problem(EXIT.interrupted, 'interrupted', 'Interrupted; nothing was written', 'Run it again when you want it.')
    whole.update(chunk)
    await file.appendFile(chunk)
    done += chunk.length
    onProgress({ phase: 'fetching', done, total: sizeBytes, unit: 'bytes' })
  }
  await file.sync()
  const digest = hex(whole.digest())
  if (sha256 !== null && digest !== sha256) return fail(tampered(digest, sha256))
  return ok({ sizeBytes: done, sha256: digest })
}

/** Bytes that are whole already. */
export async function * only (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
