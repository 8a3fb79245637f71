import { equalBytes, fail, ok, sha256, type Result } from '../../base/index.ts'
import { signStatement } from '../../core/identity/index.ts'
import { admitAnswer, ANSWER_CSV_BYTES_MAX, answerBody, decodeQuestion, encodeAnswerProof, encodeQuestion, folded, type SentQuestion } from '../../core/sql/index.ts'
import type { Clock, Peer, ProtocolHandler, SqlEngine } from '../../host/index.ts'
import { RightLost, type Asker, type NodeSql, type SqlAnswer, type SqlFailure, type SqlFailureCode, type SqlRequest } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Keys } from '../founding/index.ts'
import { Reckoner, type Meant, type ReckonerOptions, type Source } from '../sql/index.ts'
import { COLUMNS_MAX, MINUTE_MS, NAME_LENGTH_MAX, QUESTIONS_AT_ONCE_MAX, QUESTIONS_PER_MINUTE_MAX, SENT_ROWS_MAX } from './limits.ts'
import { csvOf, rowsOfCsv } from './rows.ts'
import { askPeer, sqlHandler, type Answered, type End } from './wire.ts'

const REVOCATIONS_MAX = 64

export type DeskOptions = Omit<ReckonerOptions, 'engine' | 'own'> & {
  readonly engine: SqlEngine | undefined
  readonly keys: Keys
  readonly federation: Federation
  readonly clock: Clock
}

/** Where questions come in, from the people of this node and from other members. */
export class Desk implements Pick<NodeSql, 'sql'> {
  readonly #options: DeskOptions
  readonly #reckoner: Reckoner | undefined
  readonly #asking = new Map<string, { sinceMs: number, count: number, underWay: number }>()

  constructor (options: DeskOptions) {
    const { engine, keys } = options
    this.#options = options
    this.#reckoner = engine === undefined ? undefined : new Reckoner({ ...options, engine, own: keys.did })
  }

  async stop (): Promise<void> {
    await this.#reckoner?.stop()
  }

  tables (asker: Asker | undefined): ReturnType<NodeSql['sqlTables']> {
    return this.#reckoner?.tables(asker) ?? []
  }

  async sql (request: SqlRequest, asker?: Asker): Promise<Result<SqlAnswer, SqlFailure>> {
    if (this.#reckoner === undefined) return fail(NO_ENGINE)
    const reckoning = await this.#reckoner.answer(request, asker)
    if (!reckoning.ok) return reckoning
    if (reckoning.value.type === 'answered') return ok(reckoning.value.answer)
    return this.#send(request, asker, reckoning.value.tables, reckoning.value.refusals)
  }

  // --- Sent to a publisher -----------------------------------------------------------------------------------------

  async #send (request: SqlRequest, asker: Asker | undefined, tables: readonly Meant[], refusals: readonly SqlFailure[]): Promise<Result<SqlAnswer, SqlFailure>> {
    const { keys, clock } = this.#options
    const [first] = tables
    const refusal = refusals[0] ?? NO_ENGINE
    // It would be asked as this member, and answered to somebody else.
    if (first === undefined || (asker?.requester !== undefined && asker.requester !== keys.did)) return fail(refusal)
    const { publisher } = first.found
    const other = tables.find(({ found }) => found.publisher !== publisher)
    if (other !== undefined) {
      return fail({
        code: 'several-publishers', reason: `"${other.name}" is of another publisher than "${first.name}", and ${refusal.reason}`,
        hint: 'a question is sent to one publisher, whole: ask each for its own groups, and join what comes back', ...other.position === undefined ? {} : { position: other.position }
      })
    }
    const peer = this.#peerOf(publisher)
    if (peer === undefined) return fail({ code: 'unreachable', reason: `${refusal.reason}; only its publisher may answer, and no node of it can be reached`, hint: 'ask again when it is there: see "hanse peers"' })
    const question = encodeQuestion({
      text: request.text, tables: tables.map(({ name, found: { entry } }) => ({ name, datasetId: entry.datasetId })), purpose: asker?.purpose ?? null, agreementId: asker?.agreementId ?? null
    })
    const answered = await askPeer(peer, question, clock, request.signal)
    if (answered === undefined) return fail({ code: 'unreachable', reason: 'its publisher did not answer', hint: 'ask again; see "hanse peers"' })
    return this.#taken(publisher, question, answered)
  }

  /** Checked by its signature, its question and its rows before anything of it is shown. */
  async #taken (publisher: string, question: Uint8Array, { end, csv }: Answered): Promise<Result<SqlAnswer, SqlFailure>> {
    const { federation: { members }, keys } = this.#options
    if (end.type === 'failure') return fail(failureOfEnd(end))
    const { current } = members
    const admitted = admitAnswer(end.answer, { federation: current.federation, speaker: (statement, timeMs) => current.speaker(statement, timeMs), question, csv })
    const rows = rowsOfCsv(end.columns, csv)
    const isOurs = admitted.ok && admitted.value.publisher === publisher && admitted.value.requester === keys.did && rows?.length === admitted.value.rows
    if (!admitted.ok || !isOurs || rows === undefined) {
      return fail({ code: 'invalid', reason: `its publisher gave an answer that does not hold${admitted.ok ? '' : 'reason' in admitted.failure ? `: ${admitted.failure.reason}` : ''}`, hint: 'do not rely on it; ask its publisher' })
    }
    const { sources, minGroupSize, timeMs, statement } = admitted.value
    const certificate = current.certificate(statement.certificate)
    const proof = certificate === undefined ? null : encodeAnswerProof({
      charter: current.charter.envelope, certificates: [certificate.envelope], revocations: (await members.revocations()).slice(0, REVOCATIONS_MAX), answer: end.answer, question, csv
    })
    const who = { did: publisher, name: members.nameOf(publisher) }
    return ok({
      columns: end.columns, rows, isCut: end.isCut, proof, timeMs, conditions: [],
      sources: sources.map(({ datasetId, records }) => ({ dataset: `${publisher}/${datasetId}`, publisher: who, records, agreementId: null, policyCid: null, minGroupSize }))
    })
  }

  #peerOf (member: string): Peer | undefined {
    const { members, network } = this.#options.federation
    return network?.peers().find(({ peerId }) => members.current.memberOfPeer(peerId) === member)
  }

  // --- Of another member -------------------------------------------------------------------------------------------

  handler (): ProtocolHandler {
    const { members } = this.#options.federation
    return sqlHandler({ memberOf: peerId => members.current.memberOfPeer(peerId), answer: (member, question, signal) => this.#answerTo(member, question, signal) })
  }

  async #answerTo (member: string, encoded: Uint8Array, signal: AbortSignal): Promise<Answered> {
    const question = decodeQuestion(encoded)
    if (!question.ok || !equalBytes(encodeQuestion(question.value), encoded)) return failed({ code: 'syntax', reason: 'the question cannot be read', hint: 'ask with a newer node' })
    const leave = this.#admit(member)
    if (leave === undefined) return failed({ code: 'limit', reason: `a member asks at most ${QUESTIONS_PER_MINUTE_MAX} questions a minute, and ${QUESTIONS_AT_ONCE_MAX} at a time`, hint: 'ask again in a minute' })
    try {
      return await this.#answered(member, question.value, encoded, signal)
    } catch (cause) {
      if (cause instanceof RightLost) return failed(cause.failure)
      throw cause
    } finally {
      leave()
    }
  }

  async #answered (member: string, { text, tables, purpose, agreementId }: SentQuestion, encoded: Uint8Array, signal: AbortSignal): Promise<Answered> {
    const { keys } = this.#options
    if (this.#reckoner === undefined) return failed(NO_ENGINE)
    const named = new Map(tables.map(({ name, datasetId }) => [folded(name), `${keys.did}/${datasetId}`]))
    const asker: Asker = { requester: member, purpose: purpose ?? undefined, agreementId: agreementId ?? undefined }
    const reckoning = await this.#reckoner.answer({ text, rowsMax: SENT_ROWS_MAX, signal }, asker, named)
    if (!reckoning.ok) return failed(reckoning.failure)
    if (reckoning.value.type === 'remote') return failed(reckoning.value.refusals[0] ?? NO_ENGINE)
    const { answer, sources } = reckoning.value
    const csv = csvOf(answer.columns, answer.rows)
    if (answer.columns.length > COLUMNS_MAX || answer.columns.some(({ name }) => name.length > NAME_LENGTH_MAX)) {
      return failed({ code: 'limit', reason: `an answer has at most ${COLUMNS_MAX} columns, with names of at most ${NAME_LENGTH_MAX} characters`, hint: 'ask for fewer, and name them with AS' })
    }
    if (csv.length > ANSWER_CSV_BYTES_MAX) return failed({ code: 'limit', reason: `the rows take more than ${ANSWER_CSV_BYTES_MAX} bytes`, hint: 'ask for fewer' })
    return { csv, end: { type: 'answer', answer: this.#signed(member, encoded, answer, sources, csv), columns: answer.columns, isCut: answer.isCut } }
  }

  #signed (requester: string, question: Uint8Array, { rows, sources, timeMs }: SqlAnswer, of: readonly Source[], csv: Uint8Array): Uint8Array {
    const { federation: { members, certificate }, keys } = this.#options
    const sizes = sources.flatMap(({ minGroupSize }) => minGroupSize ?? [])
    const body = answerBody({
      federation: members.current.federation, publisher: keys.did, requester, question: sha256(question), minGroupSize: sizes.length === 0 ? null : Math.max(...sizes),
      result: sha256(csv), resultBytes: csv.length, rows: rows.length, timeMs,
      sources: of.map(({ found: { entry: { datasetId } }, feed }, at) => ({
        datasetId, feed: feed.id, length: feed.head?.length ?? 0, root: feed.head?.mmrRoot ?? new Uint8Array(32), records: sources[at]?.records ?? 0
      }))
    })
    return signStatement(body, certificate.id, keys.node).envelope
  }

  /** Undefined: enough for now. */
  #admit (member: string): (() => void) | undefined {
    const nowMs = this.#options.clock.monotonicMs()
    const known = this.#asking.get(member) ?? { sinceMs: nowMs, count: 0, underWay: 0 }
    const now = nowMs - known.sinceMs > MINUTE_MS ? { sinceMs: nowMs, count: 0, underWay: known.underWay } : known
    this.#asking.set(member, now)
    if (now.count >= QUESTIONS_PER_MINUTE_MAX || now.underWay >= QUESTIONS_AT_ONCE_MAX) return undefined
    now.count++
    now.underWay++
    return () => {
      const held = this.#asking.get(member)
      if (held !== undefined) held.underWay--
    }
  }
}

const NO_ENGINE: SqlFailure = { code: 'unavailable', reason: 'this node answers no questions in SQL', hint: 'install @duckdb/node-api beside hanse, and start the node again' }

const CODES: ReadonlySet<string> = new Set<SqlFailureCode>([
  'unavailable', 'syntax', 'not-allowed', 'not-found', 'ambiguous', 'refused', 'aggregates-only', 'differencing', 'several-publishers', 'incomplete', 'unreachable', 'limit', 'invalid'
])

function failed ({ code, reason, hint, position, reasons }: SqlFailure): Answered {
  return { csv: new Uint8Array(0), end: { type: 'failure', code, reason: reason.slice(0, 4_000), hint: hint.slice(0, 4_000), position: position ?? null, reasons: [...reasons ?? []] } }
}

function failureOfEnd ({ code, reason, hint, position, reasons }: Extract<End, { type: 'failure' }>): SqlFailure {
  return { code: CODES.has(code) ? code as SqlFailureCode : 'refused', reason: `its publisher answers: ${reason}`, hint, ...position === null ? {} : { position }, ...reasons.length === 0 ? {} : { reasons } }
}
