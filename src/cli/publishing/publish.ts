import { createInterface } from 'node:readline/promises'
import { basename } from 'node:path'
import { fail, type Result } from '../../base/index.ts'
import { bytesOfFile, describeFile, publishableName, recordsOfFile, type FileDescription } from '../../intake/file/index.ts'
import { idOf, titleOf } from '../../intake/inspection/index.ts'
import type { Client, Content, DatasetDescription, TermsFile } from '../../sdk/index.ts'
import { failed, readTerms, shortName, withNode, withProgress } from '../client/index.ts'
import { answer, count, EXIT, formatBytes, formatTime, plain, problem, type Call, type Command, type Outcome, type Problem } from '../terminal/index.ts'
import { appendLines } from './append.ts'
import { derivedInstead, publishDerived, type Publication } from './deriving.ts'
import { WISHES } from './wishes.ts'

const STREAM_MEDIA_TYPE = 'application/json'

export const publishCommand: Command = {
  name: 'publish',
  summary: 'Publish a file, open a stream, or append to one',
  arguments: [{ name: 'FILE', help: 'CSV, GeoJSON, NDJSON or any other file', optional: true }],
  options: [
    { name: 'id', value: 'ID', help: 'short name of the dataset, the same for its next version (default: from the name of the file)' },
    { name: 'title', value: 'TEXT', help: 'title (default: from the name of the file)' },
    { name: 'description', value: 'TEXT', help: 'what it is, for people' },
    { name: 'licence', value: 'NAME', help: 'what others may do with it, for instance CC-BY-4.0' },
    { name: 'theme', value: 'THEME', help: 'for instance transport, environment, health' },
    { name: 'keyword', value: 'WORD', repeated: true, help: 'a word to find it by' },
    { name: 'model', value: 'TYPE', help: 'Smart Data Model that its records follow, for instance WasteContainer' },
    { name: 'access', value: 'WHO', help: 'members of the federation, or public (default members)' },
    { name: 'terms', value: 'FILE', help: 'terms made by hanse terms new: who may have it, what for, at which detail' },
    ...WISHES,
    { name: 'simulated', help: 'say that the data come from a simulation' },
    { name: 'yes', help: 'publish although it may hold personal data' },
    { name: 'dry-run', help: 'show what was detected, and publish nothing' },
    { name: 'stream', help: 'open a stream without records, named by --id' },
    { name: 'media-type', value: 'TYPE', help: `what the records of a stream are (default ${STREAM_MEDIA_TYPE})` },
    { name: 'append', value: 'ID', help: 'append records to this stream: one JSON object a line on stdin, {"body": ..., "key": ..., "timeMs": ...}' }
  ],
  examples: [
    'hanse publish counter.csv --title "I-90 trail counter" --licence CC-BY-4.0',
    'hanse publish bins.csv --terms bins.terms.json',
    'hanse publish trips.csv --terms summary.terms.json --entity vehicle',
    'hanse publish --stream --id live-traffic --title "Live traffic"',
    'echo \'{"body":{"speedKmh":43}}\' | hanse publish --append live-traffic'
  ],
  run: async call => {
    const [file] = call.arguments
    const append = call.text('append')
    const ways = [file !== undefined, call.flag('stream'), append !== undefined].filter(Boolean).length
    if (ways !== 1) {
      return problem(EXIT.usage, 'usage', 'hanse publish takes either a FILE, or --stream, or --append ID', 'See hanse publish --help.')
    }
    if (append !== undefined) return await withNode(call, client => appendLines(call, client, append))
    return file === undefined ? await openStream(call) : await publishFile(call, file)
  }
}

async function openStream (call: Call): Promise<Outcome> {
  const id = call.text('id')
  if (id === undefined) return problem(EXIT.usage, 'usage', 'A stream needs a short name', 'Write hanse publish --stream --id NAME.')
  const described = describe(call, id, undefined)
  if (!described.ok) return described
  const terms = await termsOf(call)
  if (!terms.ok) return terms
  return await withNode(call, client => send(call, client, {
    description: described.value, content: { form: 'stream', mediaType: call.text('media-type') ?? STREAM_MEDIA_TYPE }, json: {}, terms: terms.value
  }))
}

async function termsOf (call: Call): Promise<Result<TermsFile | undefined, Problem>> {
  const path = call.text('terms')
  if (path === undefined) return { ok: true, value: undefined }
  return call.text('access') === undefined
    ? await readTerms(path)
    : problem(EXIT.usage, 'usage', '--access and --terms cannot both say who may have it', 'Leave --access out.')
}

async function publishFile (call: Call, path: string): Promise<Outcome> {
  const detected = await look(call, path)
  if (!detected.ok) {
    const { code, reason, hint } = detected.failure
    return problem(code === 'not-found' ? EXIT.notFound : code === 'interrupted' ? EXIT.interrupted : EXIT.failed, code, reason, hint)
  }
  const file = detected.value
  const id = call.text('id') ?? idOf(file.fileName)
  if (id === '') return problem(EXIT.usage, 'usage', `No short name can be made from ${plain(file.fileName)}`, 'Give one with --id: lower case letters, digits and hyphens.')
  const described = describe(call, id, file)
  if (!described.ok) return described
  const terms = await termsOf(call)
  if (!terms.ok) return terms
  call.terminal.note(detectedText(file, described.value, terms.value !== undefined))
  for (const { sentence } of file.warnings) call.terminal.warn(plain(sentence))
  if (call.text('licence') === undefined) call.terminal.warn('No licence is stated, so nobody knows what they may do with it. Add for instance --licence CC-BY-4.0.')
  const json = { detected: { ...file, kind: file.kind.type } }
  if (call.flag('dry-run')) return answer({ published: false, description: described.value, ...json }, 'Nothing was published.')
  const publication: Publication = { description: described.value, content: contentOf(path, file, Date.now()), json, terms: terms.value }
  return await withNode(call, async client => {
    const instead = await derivedInstead(call, client, publication)
    if (!instead.ok) return instead
    const agreed = await agree(call, file, instead.value !== undefined)
    if (!agreed.ok) return agreed
    const name = instead.value?.rawId ?? id
    const other = call.text('id') === undefined ? await otherFile(client, name, publishableName(file.fileName)) : undefined
    if (other !== undefined) return other
    return instead.value === undefined ? await send(call, client, publication) : await publishDerived(call, client, publication, instead.value)
  })
}

/** Reads the file, and shows how far it is: a large one takes a while. */
async function look (call: Call, path: string): Promise<Result<FileDescription, { readonly code: string, readonly reason: string, readonly hint: string }>> {
  try {
    return await withProgress(call, plain(basename(path)), show => describeFile(path, {
      signal: call.signal, onBytes: (done, total) => { show({ phase: 'reading', done, total, unit: 'bytes' }) }
    }))
  } catch (error) {
    if (!call.signal.aborted) throw error
    return fail({ code: 'interrupted', reason: 'Interrupted; nothing was published', hint: 'Run it again when you want it.' })
  }
}

/** Two files may give one short name, "a.csv" and "a.json": the second must not silently become the next version of the first. */
async function otherFile (client: Client, id: string, fileName: string): Promise<Outcome | undefined> {
  const [status, dataset] = await Promise.all([client.status(), client.dataset(id)])
  if (!status.ok || !dataset.ok || dataset.value.publisher.did !== status.value.member.did) return undefined
  const known = dataset.value.distribution.fileName
  return known === fileName ? undefined : problem(
    EXIT.failed, 'other-file', `The dataset ${id} holds ${plain(known)}; nothing was published`,
    `Write --id ${id} if this is its next version, or give it a name of its own with --id.`
  )
}

function describe (call: Call, datasetId: string, file: FileDescription | undefined): Result<DatasetDescription, Problem> {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(datasetId)) {
    return problem(EXIT.usage, 'usage', `"${datasetId}" cannot be the short name of a dataset`, 'Name it with --id by at most 64 lower case letters, digits and hyphens.')
  }
  const access = call.text('access') ?? 'members'
  if (access !== 'members' && access !== 'public') {
    return problem(EXIT.usage, 'usage', `--access takes members or public, not "${access}"`, 'Write --access members.')
  }
  return {
    ok: true,
    value: {
      datasetId, title: call.text('title') ?? titleOf(file?.fileName ?? datasetId), description: call.text('description') ?? '',
      theme: call.text('theme') ?? '', keywords: call.texts('keyword'), licence: call.text('licence') ?? '',
      spatial: file?.box ?? null, temporal: file === undefined || file.time === null ? null : { fromMs: file.time.fromMs, toMs: file.time.toMs },
      schema: file?.columns ?? [], access, simulated: call.flag('simulated'), model: call.text('model') ?? null
    }
  }
}

function detectedText (file: FileDescription, description: DatasetDescription, hasTerms: boolean): string {
  const facts = [
    file.form === 'table' ? `${file.kind.type === 'csv' ? 'CSV' : file.kind.type} table, ${count(file.rows, 'row')}, ${count(file.columns.length, 'column')}` : `file, ${file.mediaType}`,
    formatBytes(file.sizeBytes),
    ...file.time === null ? [] : [`times in "${plain(file.time.column)}" from ${formatTime(file.time.fromMs)} to ${formatTime(file.time.toMs)}`],
    ...file.box === null ? [] : [`area ${file.box.south} to ${file.box.north} N, ${file.box.west} to ${file.box.east} E`]
  ]
  const who = hasTerms ? 'those whom its terms name' : description.access === 'public' ? 'anyone' : 'all members of the federation'
  return `${plain(file.fileName)}: ${facts.join('; ')}.\nIt becomes ${description.datasetId}, "${plain(description.title)}", readable by ${who}.`
}

/** Nothing that may tell about people goes out without somebody saying so. */
async function agree (call: Call, file: FileDescription, isDerived: boolean): Promise<Result<null, Problem>> {
  const columns = file.warnings.flatMap(warning => warning.code === 'personal-data' && warning.certainty === 'likely' ? [plain(warning.column)] : [])
  if (columns.length === 0 || call.flag('yes')) return { ok: true, value: null }
  const reason = `It probably holds personal data (${columns.join(', ')}); nothing was published`
  if (!call.terminal.mayAsk) return problem(EXIT.failed, 'personal-data', reason, 'Leave these columns out, or add --yes where you may publish them.')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const who = isDerived ? `What its terms leave of ${columns.join(', ')} will be read` : `Members will read ${columns.join(', ')}`
    const said = await lines.question(`${who}. Publish it? Type yes: `, { signal: call.signal })
    return said.trim().toLowerCase() === 'yes' ? { ok: true, value: null } : problem(EXIT.failed, 'personal-data', reason, 'Leave these columns out and publish again.')
  } catch {
    call.terminal.draw('\n')
    return problem(EXIT.interrupted, 'interrupted', 'Interrupted; nothing was published', 'Run it again when you want it.')
  } finally {
    lines.close()
  }
}

function contentOf (path: string, file: FileDescription, nowMs: number): Content {
  const { mediaType, sizeBytes } = file
  const fileName = publishableName(file.fileName)
  return file.form === 'table'
    ? { form: 'table', mediaType, fileName, sizeBytes, records: recordsOfFile(path, file, nowMs) }
    : { form: 'file', mediaType, fileName, sizeBytes, bytes: bytesOfFile(path) }
}

async function send (call: Call, client: Client, { description, content, json, terms }: Publication): Promise<Outcome> {
  const published = await withProgress(call, description.datasetId, show => client.publish(description, content, show, terms))
  if (!published.ok) return failed(published.failure)
  const dataset = published.value
  const { records, sizeBytes } = dataset.distribution
  const rows = content.form === 'table' && records !== null ? count(records, 'record') : ''
  const what = content.form === 'stream' ? 'a stream: append with hanse publish --append' : [rows, sizeBytes === null ? '' : formatBytes(sizeBytes)].filter(text => text !== '').join(', ')
  return answer({ published: true, dataset, ...json }, `Published ${shortName(dataset)} (${what}), version ${dataset.version}.`)
}
