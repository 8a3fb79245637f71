import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { cidOfText, decodeCanonical, hex, ok, textOf, type CID, type Result } from '../../base/index.ts'
import { ANSWER_PROOF_BYTES_MAX, inspectBundle, PROOF_FILE_BYTES_MAX, USE_PROOF_BYTES_MAX, verifyAnswerProof, verifyProof, verifyUseProof } from '../../node/index.ts'
import { textOfRecord, type BundleReport, type TermsFile } from '../../sdk/index.ts'
import { answer, count, EXIT, formatBytes, formatTime, pairs, plain, problem, type Call, type Outcome, type Problem } from '../terminal/index.ts'
import { failed, withProgress } from './connection.ts'

const BODY_CHARACTERS_MAX = 1_000
const DAY_MS = 86_400_000
const ROWS_SHOWN = 20
/** First bytes of a map of canonical CBOR with as many fields as a proof has; a CAR file begins with the size of its header. */
const CBOR_MAP = 0xa0

export async function isFile (path: string): Promise<boolean> {
  return await stat(path).then(found => found.isFile(), () => false)
}

/** The size of a file that is to be read. */
export async function sizeOf (path: string): Promise<Result<number, Problem>> {
  try {
    const found = await stat(path)
    return found.isFile() ? ok(found.size) : problem(EXIT.usage, 'not-a-file', `${path} is not a file`, 'Name one file.')
  } catch {
    return problem(EXIT.notFound, 'not-found', `There is no file ${path}`, 'Check the path; relative paths start at the current folder.')
  }
}

const TERMS_BYTES_MAX = 262_144

/** A file of terms, as JSON; what it says is for the node to judge. */
export async function readTerms (path: string): Promise<Result<TermsFile, Problem>> {
  const size = await sizeOf(path)
  if (!size.ok) return size
  const isJson = 'Make one with hanse terms new, and edit it as JSON.'
  if (size.value > TERMS_BYTES_MAX) return problem(EXIT.usage, 'too-large', `${path} is too large for a file of terms`, isJson)
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return ok(value)
    return problem(EXIT.usage, 'malformed', `${path} holds no terms`, isJson)
  } catch (error) {
    return problem(EXIT.usage, 'malformed', `${path} is no JSON: ${error instanceof Error ? error.message : ''}`, isJson)
  }
}

/** Who trusts a federation knows its id: a file brings a charter of its own, which proves nothing about who founded it. */
export function expectedFederation (call: Call): Result<CID | undefined, Problem> {
  const text = call.text('federation')
  if (text === undefined) return ok(undefined)
  const federation = cidOfText(text)
  return federation === undefined
    ? problem(EXIT.usage, 'usage', `"${text}" is no id of a federation`, 'Copy it from hanse status: it begins with bafy.')
    : ok(federation)
}

/** Checks a proof or a bundle, whichever it is. */
export async function verifyFile (call: Call, path: string): Promise<Outcome> {
  const federation = expectedFederation(call)
  if (!federation.ok) return federation
  const sizeBytes = await sizeOf(path)
  if (!sizeBytes.ok) return sizeBytes
  if (sizeBytes.value <= ANSWER_PROOF_BYTES_MAX) {
    const answered = answerOutcome(new Uint8Array(await readFile(path)), federation.value)
    if (answered !== undefined) return answered
  }
  if (sizeBytes.value <= USE_PROOF_BYTES_MAX) {
    const bytes = new Uint8Array(await readFile(path))
    const used = useOutcome(bytes, federation.value)
    if (used !== undefined) return used
    if (sizeBytes.value <= PROOF_FILE_BYTES_MAX && ((bytes[0] ?? 0) & 0xe0) === CBOR_MAP) return proofOutcome(bytes, federation.value)
  }
  return await inspect(call, path, sizeBytes.value, federation.value)
}

/** Undefined: it is none of an answer to a question in SQL. */
function answerOutcome (bytes: Uint8Array, federation: CID | undefined): Outcome | undefined {
  const verified = verifyAnswerProof(bytes, federation?.toString())
  if (!verified.ok) return verified.failure.code === 'malformed' ? undefined : problem(EXIT.unverified, verified.failure.code, verified.failure.reason, verified.failure.hint)
  const { csv, ...report } = verified.value
  return answer({ proof: verified.value }, `${pairs([
    ['publisher', plain(report.publisher.name)],
    ['federation', report.federation],
    ['asked by', report.requester ?? 'somebody outside the federation'],
    ['question', plain(report.question.slice(0, BODY_CHARACTERS_MAX))],
    ['over', report.sources.map(({ datasetId, records, length }) => `${datasetId}: ${records} records, ${length} segments`).join('; ')],
    ['groups of', report.minGroupSize === null ? 'any size' : `at least ${report.minGroupSize}`],
    ['signed', formatTime(report.timeMs)],
    ['verified', federation === undefined ? 'from the rows up to the charter in the file; compare the id of the federation' : 'from the rows up to the charter']
  ])}\n\n${csv.split('\r\n').slice(0, ROWS_SHOWN).map(plain).join('\n').trimEnd()}`)
}

/** Undefined: it is no proof of a use. */
function useOutcome (bytes: Uint8Array, federation: CID | undefined): Outcome | undefined {
  const verified = verifyUseProof(bytes, federation)
  if (!verified.ok) return verified.failure.code === 'malformed' ? undefined : problem(EXIT.unverified, verified.failure.code, verified.failure.reason, verified.failure.hint)
  const { record, day, ...report } = verified.value
  const root = day === null ? null : { day: new Date(day.number * DAY_MS).toISOString().slice(0, 10), root: hex(day.root), entries: day.count }
  return answer({ proof: { ...report, record: textOfRecord(record), root } }, pairs([
    ['entry', `${record.number} of ${report.datasetId}`],
    ['written by', report.publisher.name],
    ['federation', `${report.federationName} (${report.federation})`],
    ['signed', formatTime(report.headSignedMs)],
    ['time', formatTime(record.timeMs)],
    ['says', plain(saidIn(record.body).slice(0, BODY_CHARACTERS_MAX).trimEnd())],
    ['root', root === null ? 'none yet: its day was not over' : `${root.root} over ${count(root.entries, 'entry', 'entries')} of ${root.day}; compare it with "hanse audit ${report.publisher.name}" of any member`],
    ['verified', federation === undefined ? 'from the entry up to the charter in the file; compare the id of the federation' : 'from the entry up to the charter']
  ]))
}

/** Entries are canonical DAG-CBOR; told as JSON. */
function saidIn (body: Uint8Array): string {
  const decoded = decodeCanonical(body, value => ok(value), body.length)
  return decoded.ok ? JSON.stringify(decoded.value, (_, value: unknown) => value instanceof Uint8Array ? hex(value) : value) : textOf(body) ?? hex(body)
}

function proofOutcome (bytes: Uint8Array, federation: CID | undefined): Outcome {
  const verified = verifyProof(bytes, federation)
  if (!verified.ok) {
    const { code, reason, hint } = verified.failure
    const other = code === 'malformed' ? ' If hanse proof export wrote it: hanse proof verify FILE --charter FILE.' : ''
    return problem(EXIT.unverified, code, `The proof does not hold: ${reason}`, hint + other)
  }
  const { record, ...report } = verified.value
  const key = textOf(record.key) ?? hex(record.key)
  const body = textOf(record.body) ?? hex(record.body)
  return answer({ proof: { ...report, record: textOfRecord(record) } }, pairs([
    ['record', `${record.number} of ${report.datasetId}`],
    ['publisher', report.publisher.name],
    ['federation', `${report.federationName} (${report.federation})`],
    ['signed', formatTime(report.headSignedMs)],
    ['time', formatTime(record.timeMs)],
    ['key', plain(key)],
    ['body', record.operation === 'delete' ? '(deleted)' : plain(body.slice(0, BODY_CHARACTERS_MAX).trimEnd())],
    ['verified', federation === undefined ? 'from the record up to the charter in the file; compare the id of the federation' : 'from the record up to the charter']
  ]))
}

export async function inspect (call: Call, path: string, sizeBytes: number, federation: CID | undefined): Promise<Outcome> {
  const inspected = await withProgress(call, 'bundle', async show => await inspectBundle(
    counted(createReadStream(path), done => { show({ phase: 'verifying', done, total: sizeBytes, unit: 'bytes' }) }),
    ...federation === undefined ? [] : [{ federation }]
  ))
  return inspected.ok ? answer({ bundle: inspected.value }, bundleText(inspected.value)) : failed({ ...inspected.failure, status: null })
}

async function * counted (chunks: AsyncIterable<Uint8Array>, onDone: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const chunk of chunks) {
    yield chunk
    onDone(done += chunk.length)
  }
}

export function bundleText ({ federation, federationName, feeds, segments, records, bytes, files, names }: BundleReport): string {
  return pairs([
    ['federation', `${federationName} (${federation})`],
    ['holds', `${count(feeds, 'feed')}, ${count(segments, 'segment')}, ${count(records, 'record')}, ${count(files, 'file')}, ${formatBytes(bytes)}`],
    ['verified', 'every byte, from the charter'],
    ...names.map(name => ['dataset', plain(name)] as const)
  ])
}
